package acquisition

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/flate"
)

// scan lists the entries of a zip file by their local headers [4.3.7]. An entry
// whose size stands only behind its content [4.3.9] is inflated to find its
// end; a stored one ends where a data descriptor tells the length that it has.
func (z *zipFile) scan() error {
	at, cut := int64(0), false
	for !cut {
		next := z.seek(at)
		if next < 0 {
			break
		}
		var err error
		if at, cut, err = z.local(next); err != nil {
			return err
		}
	}
	if z.count == 0 {
		return fmt.Errorf("%w: nothing in it could be found", errZip)
	}
	return nil
}

// seek finds the next local header at or behind at; -1 when there is none.
func (z *zipFile) seek(at int64) int64 {
	buf := make([]byte, 256<<10)
	for at < z.content.Size() {
		n, err := z.content.ReadAt(buf, at)
		if i := bytes.Index(buf[:n], []byte(zipLocal)); i >= 0 {
			return at + int64(i)
		}
		if err != nil {
			return -1
		}
		at += int64(n - len(zipLocal) + 1)
	}
	return -1
}

// local lists one entry and returns where to go on; cut, when it was the last
// because the file ends in it.
func (z *zipFile) local(at int64) (next int64, cut bool, err error) {
	var fixed [zipLocalSize]byte
	if _, err := z.content.ReadAt(fixed[:], at); err != nil {
		return 0, true, nil
	}
	le := binary.LittleEndian
	flags, n, extra := le.Uint16(fixed[6:]), int(le.Uint16(fixed[26:])), int(le.Uint16(fixed[28:]))
	rest := make([]byte, n+extra)
	if _, err := z.content.ReadAt(rest, at+zipLocalSize); err != nil && !errors.Is(err, io.EOF) {
		return 0, true, nil
	}
	e := entry{at: at, method: le.Uint16(fixed[8:]), packed: int64(le.Uint32(fixed[18:])), size: int64(le.Uint32(fixed[22:]))}
	e.modified = dosTime(le.Uint16(fixed[12:]), le.Uint16(fixed[10:]))
	e.extra(rest[n:], false)
	from := at + zipLocalSize + int64(n+extra)
	left := z.content.Size() - from
	switch {
	case flags&8 != 0 && e.packed == 0 && e.method == zipDeflated:
		var err error
		e.size, e.packed, err = z.measure(from)
		if cut = errors.Is(err, io.ErrUnexpectedEOF); err != nil && !cut {
			e.note = "damaged: what could be unpacked is given"
		}
	case flags&8 != 0 && e.packed == 0 && e.method == zipStored && e.size == 0:
		e.packed, cut = z.descriptor(from)
		e.size = e.packed
	case e.packed < 0 || e.packed > left:
		cut = true
		e.packed = max(left, 0)
		if e.method == zipStored {
			e.size = e.packed
		} else if n, _, err := z.measure(from); err == nil || errors.Is(err, io.ErrUnexpectedEOF) {
			e.size = n // what can still be unpacked
		}
	}
	if cut {
		e.note = "cut short: the archive ends within it"
	}
	if left < 0 {
		return 0, true, nil
	}
	return from + e.packed, cut, z.list(e, rest[:n], flags)
}

// descriptor finds the data descriptor behind stored content: the one whose
// size is how far it stands from the content's beginning.
func (z *zipFile) descriptor(from int64) (size int64, cut bool) {
	buf := make([]byte, 256<<10)
	for at := from; at < z.content.Size(); {
		n, err := z.content.ReadAt(buf, at)
		for i := 0; ; i++ {
			next := bytes.Index(buf[i:n], []byte(zipData))
			if next < 0 || i+next+12 > n {
				break
			}
			i += next
			if size := at + int64(i) - from; size&(1<<32-1) == int64(binary.LittleEndian.Uint32(buf[i+8:])) {
				return size, false
			}
		}
		if err != nil {
			break
		}
		at += int64(n - 12)
	}
	return z.content.Size() - from, true
}

// measure inflates what begins at an offset, to learn where it ends.
func (z *zipFile) measure(from int64) (size, packed int64, err error) {
	in := &byteCounter{r: io.NewSectionReader(z.content, from, z.content.Size()-from)}
	r := flate.NewReader(in)
	defer r.Close()
	size, err = io.Copy(io.Discard, r)
	return size, in.n, err
}

// byteCounter counts what a decompressor takes: as an io.ByteReader it gives no
// byte more than is asked for.
type byteCounter struct {
	r   *io.SectionReader
	buf [4096]byte
	got []byte
	n   int64
}

// ReadByte reads a byte.
func (c *byteCounter) ReadByte() (byte, error) {
	if len(c.got) == 0 {
		n, err := c.r.Read(c.buf[:])
		if n == 0 {
			return 0, err
		}
		c.got = c.buf[:n]
	}
	b := c.got[0]
	c.got = c.got[1:]
	c.n++
	return b, nil
}

// Read reads what stands ready.
func (c *byteCounter) Read(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	one, err := c.ReadByte()
	if err != nil {
		return 0, err
	}
	b[0] = one
	return 1, nil
}
