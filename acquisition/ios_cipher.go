package acquisition

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"io"
	"sync"
)

// cipherWindow is how much is decrypted at once when less is asked for.
const cipherWindow = 64 << 10

// decrypted is the plain text of a file of an encrypted backup: AES-256-CBC
// with an IV of zeros, padded as of PKCS #7. A block needs only the one before
// it, so that any part is decrypted by itself as it is read.
type decrypted struct {
	stored Content
	block  cipher.Block
	length int64 // of the stored blocks
	size   int64 // of the plain text
	note   string

	mu     sync.Mutex
	mode   cipher.BlockMode
	window []byte
	from   int64 // of the window
	have   int
}

// ivSetter is a mode that takes another IV; the standard library's do.
type ivSetter interface{ SetIV([]byte) }

// decrypt opens the plain text of a stored file. said is its size as the
// manifest has it. The true one is told by the padding: what a file held when
// it was copied counts, not what was listed before.
func decrypt(stored Content, block cipher.Block, said int64) (*decrypted, error) {
	length := stored.Size() - stored.Size()%aes.BlockSize
	d := &decrypted{stored: stored, block: block, length: length, size: length}
	if length != stored.Size() {
		d.note = "cut short: its stored length is no multiple of the cipher's block"
	}
	if length == 0 {
		return d, nil
	}
	var last [aes.BlockSize]byte
	if err := d.at(last[:], length-aes.BlockSize); err != nil {
		return nil, err
	}
	pad := int64(last[aes.BlockSize-1])
	switch {
	case d.note != "":
	case padded(last[:]):
		d.size = length - pad
	case said > length-aes.BlockSize && said <= length:
		d.size = said
	default:
		d.note = "not padded as it should be: cut short, or not decrypted rightly"
	}
	return d, nil
}

// padded tells whether a block ends with padding (RFC 5652 §6.3).
func padded(last []byte) bool {
	pad := int(last[len(last)-1])
	if pad < 1 || pad > len(last) {
		return false
	}
	for _, b := range last[len(last)-pad:] {
		if int(b) != pad {
			return false
		}
	}
	return true
}

// at decrypts whole blocks from an offset that is a multiple of a block.
func (d *decrypted) at(b []byte, at int64) error {
	var iv [aes.BlockSize]byte
	if at > 0 {
		if err := readFull(d.stored, iv[:], at-aes.BlockSize); err != nil {
			return err
		}
	}
	if err := readFull(d.stored, b, at); err != nil {
		return err
	}
	if s, ok := d.mode.(ivSetter); ok {
		s.SetIV(iv[:])
	} else {
		d.mode = cipher.NewCBCDecrypter(d.block, iv[:])
	}
	d.mode.CryptBlocks(b, b)
	return nil
}

func readFull(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// ReadAt decrypts a part. Large ones are decrypted where they are wanted.
func (d *decrypted) ReadAt(b []byte, at int64) (n int, err error) {
	if at < 0 {
		return 0, errNoFile
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for n < len(b) && at < d.size {
		want := min(int64(len(b)-n), d.size-at)
		if at%aes.BlockSize == 0 && want >= cipherWindow {
			whole := want - want%aes.BlockSize
			if err := d.at(b[n:n+int(whole)], at); err != nil {
				return n, err
			}
			n, at = n+int(whole), at+whole
			continue
		}
		if at < d.from || at >= d.from+int64(d.have) {
			if err := d.fill(at); err != nil {
				return n, err
			}
		}
		m := copy(b[n:n+int(want)], d.window[at-d.from:d.have])
		n, at = n+m, at+int64(m)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// fill decrypts the window around an offset.
func (d *decrypted) fill(at int64) error {
	if d.window == nil {
		d.window = make([]byte, min(cipherWindow, d.length))
	}
	d.from, d.have = at-at%aes.BlockSize, 0
	part := d.window[:min(int64(len(d.window)), d.length-d.from)]
	if err := d.at(part, d.from); err != nil {
		return err
	}
	d.have = len(part)
	return nil
}

// Size is the length of the plain text.
func (d *decrypted) Size() int64 { return d.size }

// Close closes the stored file.
func (d *decrypted) Close() error { return d.stored.Close() }
