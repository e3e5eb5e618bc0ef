package acquisition

import (
	"bufio"
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"

	"github.com/klauspost/compress/zlib"
)

// An Android backup (.ab) is a header of text lines, then a tar file that may
// be compressed with zlib, and encrypted with AES-256-CBC before that. The key
// is wrapped with one that is derived from the password.
//
// Source: AOSP frameworks/base/services/backup/.../fullbackup/
// FullBackupEngine, PasswordUtils.

const (
	abMagic     = "ANDROID BACKUP"
	maxABLine   = 4 << 10
	maxABRounds = 10_000_000
)

var errAB = errors.New("no Android backup, or a damaged one")

// abHeader is what the lines of a backup say.
type abHeader struct {
	version    int
	compressed bool
	encrypted  bool
	userSalt   []byte
	checkSalt  []byte
	rounds     int
	iv         []byte
	wrapped    []byte // the master key's blob
}

// openAB reads the header of a backup and returns the tar file in it.
//
// Errors: errAB, ErrLocked, ErrPassword, ErrLimit.
func openAB(r io.Reader, password func() ([]byte, error)) (io.Reader, abHeader, error) {
	in := bufio.NewReaderSize(r, 256<<10)
	h, err := readABHeader(in)
	if err != nil {
		return nil, h, err
	}
	var tar io.Reader = in
	if h.encrypted {
		if password == nil {
			return nil, h, ErrLocked
		}
		p, err := password()
		if err != nil {
			return nil, h, err
		}
		key, iv, err := h.unlock(p)
		if err != nil {
			return nil, h, err
		}
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, h, err
		}
		tar = &cbcReader{r: in, mode: cipher.NewCBCDecrypter(block, iv)}
	}
	if h.compressed {
		z, err := zlib.NewReader(tar)
		if err != nil {
			return nil, h, fmt.Errorf("%w: %w", errAB, err)
		}
		tar = z
	}
	return tar, h, nil
}

func readABHeader(in *bufio.Reader) (h abHeader, err error) {
	next := func() string {
		if err != nil {
			return ""
		}
		var line []byte
		for len(line) < maxABLine {
			c, e := in.ReadByte()
			if e != nil {
				err = fmt.Errorf("%w: the header is cut short", errAB)
				return ""
			}
			if c == '\n' {
				return string(line)
			}
			line = append(line, c)
		}
		err = fmt.Errorf("%w: a line of the header is too long", errAB)
		return ""
	}
	number := func(most int) int {
		n, e := strconv.Atoi(next())
		if e != nil || n < 0 || n > most {
			err = errors.Join(err, fmt.Errorf("%w: a number of the header is wrong", errAB))
		}
		return n
	}
	bits := func(length int) []byte {
		b, e := hex.DecodeString(next())
		if e != nil || (length > 0 && len(b) != length) {
			err = errors.Join(err, fmt.Errorf("%w: a value of the header is wrong", errAB))
		}
		return b
	}
	if next() != abMagic && err == nil {
		err = errAB
	}
	h.version = number(5)
	h.compressed = number(1) == 1
	switch method := next(); {
	case err != nil, method == "none":
		return h, err
	case method != "AES-256":
		return h, fmt.Errorf("%w: encrypted with %q, which is not known", errAB, method)
	}
	h.encrypted = true
	h.userSalt, h.checkSalt, h.rounds = bits(0), bits(0), number(maxABRounds)
	h.iv, h.wrapped = bits(aes.BlockSize), bits(0)
	if err == nil && (len(h.wrapped) == 0 || len(h.wrapped)%aes.BlockSize != 0 || h.rounds == 0) {
		err = fmt.Errorf("%w: the wrapped key is damaged", errAB)
	}
	return h, err
}

// unlock unwraps the master key and the content's IV with a password.
func (h *abHeader) unlock(password []byte) (key, iv []byte, err error) {
	// Version 1 took the low eight bits of each character, later ones UTF-8;
	// some makers kept the old way, so that both are tried.
	for _, p := range [][]byte{password, eightBit(password)} {
		user, err := pbkdf2.Key(sha1.New, string(p), h.userSalt, h.rounds, 32)
		if err != nil {
			return nil, nil, err
		}
		block, err := aes.NewCipher(user)
		if err != nil {
			return nil, nil, err
		}
		blob := make([]byte, len(h.wrapped))
		cipher.NewCBCDecrypter(block, h.iv).CryptBlocks(blob, h.wrapped)
		if key, iv, ok := h.masterKey(blob); ok {
			return key, iv, nil
		}
	}
	return nil, nil, ErrPassword
}

// masterKey reads the blob: a length and the IV, a length and the key, a length
// and the key's checksum.
func (h *abHeader) masterKey(blob []byte) (key, iv []byte, ok bool) {
	part := func() []byte {
		if len(blob) == 0 || int(blob[0]) > len(blob)-1 {
			return nil
		}
		p := blob[1 : 1+blob[0]]
		blob = blob[1+blob[0]:]
		return p
	}
	iv, key = part(), part()
	sum := part()
	if len(iv) != aes.BlockSize || len(key) != 32 || len(sum) == 0 {
		return nil, nil, false
	}
	for _, chars := range [][]byte{signedChars(key), key} {
		want, err := pbkdf2.Key(sha1.New, string(chars), h.checkSalt, h.rounds, 32)
		if err == nil && subtle.ConstantTimeCompare(want, sum) == 1 {
			return key, iv, true
		}
	}
	return nil, nil, false
}

// eightBit is a password as Java's 8-bit derivation takes it: the low byte of
// each UTF-16 unit.
func eightBit(password []byte) []byte {
	var b []byte
	for _, r := range string(password) {
		b = append(b, byte(r))
	}
	return b
}

// signedChars is a key as Java takes it for the checksum: each byte, which is
// signed there, as a character, and these as UTF-8.
func signedChars(key []byte) []byte {
	var b []byte
	for _, c := range key {
		b = utf8.AppendRune(b, rune(uint16(int16(int8(c)))))
	}
	return b
}

// cbcReader decrypts a stream of whole blocks and takes the padding off its
// end (RFC 8018 §6.1.1).
type cbcReader struct {
	r     io.Reader
	mode  cipher.BlockMode
	buf   [64 << 10]byte
	ready []byte
	ahead []byte // a block that is decrypted, and may be the last
	err   error
}

// Read reads what is decrypted.
//
// Errors: errAB for content that is no whole number of blocks.
func (c *cbcReader) Read(b []byte) (int, error) {
	for len(c.ready) == 0 {
		if c.err != nil {
			return 0, c.err
		}
		c.fill()
	}
	n := copy(b, c.ready)
	c.ready = c.ready[n:]
	return n, nil
}

func (c *cbcReader) fill() {
	held := copy(c.buf[:], c.ahead)
	n, err := io.ReadFull(c.r, c.buf[held:])
	whole := n - n%aes.BlockSize
	c.mode.CryptBlocks(c.buf[held:held+whole], c.buf[held:held+whole])
	c.ready = c.buf[:held+whole]
	switch {
	case err == nil:
		c.ahead = bytes.Clone(c.ready[len(c.ready)-aes.BlockSize:])
		c.ready = c.ready[:len(c.ready)-aes.BlockSize]
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		c.err = io.EOF
		if n%aes.BlockSize != 0 || len(c.ready) == 0 {
			c.err = fmt.Errorf("%w: the content is cut short", errAB)
			return
		}
		if pad := int(c.ready[len(c.ready)-1]); pad >= 1 && pad <= aes.BlockSize {
			c.ready = c.ready[:len(c.ready)-pad]
		}
	default:
		c.err = err
	}
}
