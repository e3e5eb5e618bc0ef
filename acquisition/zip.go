package acquisition

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/flate"
)

// A zip file is read through its central directory, without a list of it in
// memory but the index. One that was cut short has none: its entries are found
// by the local headers, one after the other.
//
// Source: PKWARE APPNOTE.TXT 6.3.10, in brackets below.

const (
	zipLocal     = "PK\x03\x04" // [4.3.7]
	zipCentral   = "PK\x01\x02" // [4.3.12]
	zipEnd       = "PK\x05\x06" // [4.3.16]
	zipEnd64     = "PK\x06\x06" // [4.3.14]
	zipLocator64 = "PK\x06\x07" // [4.3.15]
	zipData      = "PK\x07\x08" // [4.3.9] data descriptor

	zipStored   = 0
	zipDeflated = 8

	zipLocalSize   = 30
	zipCentralSize = 46
	zipEndSize     = 22

	// Deflate cannot do better than 1032:1; what claims more is a bomb.
	maxRatio = 1100
)

var (
	errZip       = errors.New("damaged zip file")
	errZipMethod = errors.New("compressed or encrypted in a way that is not read here")
)

func isZip(head []byte) bool {
	return len(head) >= 4 && (string(head[:4]) == zipLocal || string(head[:4]) == zipEnd)
}

// zipFile is a storage in a zip file.
type zipFile struct {
	index
	content  Content
	problems *problems
	budget   *asideSpace
}

// openZip lists a zip file. One whose directory is missing or damaged is listed
// by its local headers, and that is a problem.
func openZip(c Content, p *problems, budget *asideSpace) (*zipFile, error) {
	z := &zipFile{content: c, problems: p, budget: budget}
	defer z.done()
	err := z.directory()
	if err == nil || errors.Is(err, ErrLimit) {
		return z, err
	}
	p.add("", fmt.Errorf("%w: it was read without its list of contents, which is at its end; what stood behind a cut is lost", err))
	z.index = index{}
	return z, z.scan()
}

// directory reads the central directory.
func (z *zipFile) directory() error {
	start, size, count, err := z.end()
	if err != nil {
		return err
	}
	if start < 0 || size < 0 || start > z.content.Size()-size || count > maxEntries {
		return fmt.Errorf("%w: its directory is outside of it", errZip)
	}
	r := bufio.NewReaderSize(io.NewSectionReader(z.content, start, size), 256<<10)
	var fixed [zipCentralSize]byte
	var rest []byte
	for i := int64(0); ; i++ {
		n, err := io.ReadFull(r, fixed[:])
		if n == 0 && errors.Is(err, io.EOF) {
			if i != count {
				z.problems.add("", fmt.Errorf("%w: it says it has %d entries, and lists %d", errZip, count, i))
			}
			return nil
		}
		if err != nil || string(fixed[:4]) != zipCentral {
			return fmt.Errorf("%w: entry %d of its directory", errZip, i)
		}
		le := binary.LittleEndian
		name, extra, comment := int(le.Uint16(fixed[28:])), int(le.Uint16(fixed[30:])), int(le.Uint16(fixed[32:]))
		if rest = grow(rest, name+extra+comment); len(rest) > 0 {
			if _, err := io.ReadFull(r, rest); err != nil {
				return fmt.Errorf("%w: entry %d of its directory", errZip, i)
			}
		}
		e := entry{method: le.Uint16(fixed[10:]), packed: int64(le.Uint32(fixed[20:])), size: int64(le.Uint32(fixed[24:])), at: int64(le.Uint32(fixed[42:]))}
		e.modified = dosTime(le.Uint16(fixed[14:]), le.Uint16(fixed[12:]))
		if fixed[5] == 3 || fixed[5] == 19 { // made on Unix or macOS: the mode stands above [4.4.2.2]
			e.mode = le.Uint32(fixed[38:]) >> 16
		}
		e.extra(rest[name:name+extra], true)
		if err := z.list(e, rest[:name], le.Uint16(fixed[8:])); err != nil {
			return err
		}
	}
}

func grow(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n, 2*n)
	}
	return b[:n]
}

// end finds the directory by the record at the file's end [4.3.16].
func (z *zipFile) end() (start, size, count int64, err error) {
	tail := make([]byte, min(z.content.Size(), zipEndSize+1<<16))
	at := z.content.Size() - int64(len(tail))
	if _, err := z.content.ReadAt(tail, at); err != nil && !errors.Is(err, io.EOF) {
		return 0, 0, 0, err
	}
	i := strings.LastIndex(string(tail), zipEnd)
	if i < 0 || len(tail)-i < zipEndSize {
		return 0, 0, 0, fmt.Errorf("%w: cut short", errZip)
	}
	le := binary.LittleEndian
	end := tail[i:]
	count, size, start = int64(le.Uint16(end[10:])), int64(le.Uint32(end[12:])), int64(le.Uint32(end[16:]))
	if i >= 20 && string(tail[i-20:i-16]) == zipLocator64 {
		var end64 [56]byte
		if _, err := z.content.ReadAt(end64[:], int64(le.Uint64(tail[i-12:]))); err != nil || string(end64[:4]) != zipEnd64 {
			return 0, 0, 0, fmt.Errorf("%w: its 64-bit directory", errZip)
		}
		count, size, start = int64(le.Uint64(end64[32:])), int64(le.Uint64(end64[40:])), int64(le.Uint64(end64[48:]))
	}
	return start, size, count, nil
}

// extra reads the fields that matter: 64-bit sizes, true times, owners. In a
// central header all three sizes may stand there, in a local one two [4.5.3].
func (e *entry) extra(b []byte, central bool) {
	le := binary.LittleEndian
	for len(b) >= 4 {
		id, n := le.Uint16(b), int(le.Uint16(b[2:]))
		if n > len(b)-4 {
			return
		}
		field := b[4 : 4+n]
		b = b[4+n:]
		switch {
		case id == 1:
			e.wide(field, central)
		case id == 0x5455 && n >= 5 && field[0]&1 != 0: // Info-ZIP extended timestamp
			e.modified = time.Unix(int64(int32(le.Uint32(field[1:]))), 0).UTC()
		case id == 0x7875 && n >= 11 && field[1] == 4 && field[6] == 4: // Info-ZIP Unix owner
			e.uid, e.gid = int(le.Uint32(field[2:])), int(le.Uint32(field[7:]))
		}
	}
}

// wide reads the 64-bit sizes of those that did not fit in 32 bits.
func (e *entry) wide(field []byte, central bool) {
	values := []*int64{&e.size, &e.packed}
	if central {
		values = append(values, &e.at)
	}
	for _, v := range values {
		if *v == 1<<32-1 && len(field) >= 8 {
			*v = int64(binary.LittleEndian.Uint64(field))
			field = field[8:]
		}
	}
}

// dosTime reads a time without zone [4.4.6], which is taken as UTC.
func dosTime(date, clock uint16) time.Time {
	if date == 0 {
		return time.Time{}
	}
	return time.Date(int(date>>9)+1980, time.Month(date>>5&15), int(date&31), int(clock>>11), int(clock>>5&63), int(clock&31)*2, 0, time.UTC)
}

// list adds an entry to the index, or a problem. flags are its general purpose
// bits [4.4.4].
func (z *zipFile) list(e entry, raw []byte, flags uint16) error {
	name := string(raw)
	if !utf8.ValidString(name) {
		name = fmt.Sprintf("%q", raw) // in an unknown code page: shown by its bytes
		name = name[1 : len(name)-1]
	}
	clean, err := cleanName(strings.ReplaceAll(name, "\\", "/"))
	if err != nil || clean == "" {
		if err != nil {
			z.problems.add(name, err)
		}
		return nil
	}
	e.path = clean
	e.dir = strings.HasSuffix(name, "/") || e.mode&0o170000 == 0o040000
	switch kind := e.mode & 0o170000; {
	case flags&1 != 0:
		e.method, e.note = 0xffff, "encrypted within the zip file: not read"
	case e.size < 0 || e.packed < 0 || e.at < 0:
		z.problems.add(name, fmt.Errorf("%w: a size or an offset is impossible", errZip))
		return nil
	case e.method == zipDeflated && e.size/maxRatio > e.packed:
		e.method, e.note = 0xffff, "says that it is over a thousand times larger than what is stored: not read"
	case kind == 0o120000:
		e.link = z.target(e)
	case kind != 0 && kind != 0o100000 && kind != 0o040000:
		e.method, e.note = 0xffff, "neither a file nor a folder: not read"
	}
	return z.add(e)
}

// target reads what a symbolic link leads to, which is its content.
func (z *zipFile) target(e entry) string {
	if e.size > maxName {
		return "?"
	}
	r, err := z.stream(e)
	if err != nil {
		return "?"
	}
	defer r.Close()
	b, err := io.ReadAll(io.LimitReader(r, maxName))
	if err != nil || len(b) == 0 {
		return "?"
	}
	return string(b)
}

// body finds the content of an entry behind its local header.
func (z *zipFile) body(e entry) (*io.SectionReader, error) {
	var fixed [zipLocalSize]byte
	if _, err := z.content.ReadAt(fixed[:], e.at); err != nil || string(fixed[:4]) != zipLocal {
		return nil, fmt.Errorf("%s: %w: its content is not where it should be", shown(e.path), errZip)
	}
	from := e.at + zipLocalSize + int64(binary.LittleEndian.Uint16(fixed[26:])) + int64(binary.LittleEndian.Uint16(fixed[28:]))
	if e.packed > z.content.Size()-from {
		return nil, fmt.Errorf("%s: %w: its content goes on behind the end", shown(e.path), errZip)
	}
	return io.NewSectionReader(z.content, from, e.packed), nil
}

func (z *zipFile) stream(e entry) (io.ReadCloser, error) {
	switch {
	case e.dir || e.link != "" && e.method == 0xffff:
		return nil, errNoFile
	case e.method == 0xffff:
		return nil, fmt.Errorf("%s: %w", shown(e.path), errZipMethod)
	}
	body, err := z.body(e)
	if err != nil {
		return nil, err
	}
	switch e.method {
	case zipStored:
		return io.NopCloser(body), nil
	case zipDeflated:
		return flate.NewReader(bufio.NewReaderSize(body, 64<<10)), nil
	}
	return nil, fmt.Errorf("%s: %w: method %d", shown(e.path), errZipMethod, e.method)
}

func (z *zipFile) open(e entry) (Content, error) {
	if e.dir || e.link != "" {
		return nil, errNoFile
	}
	if e.method == zipStored {
		body, err := z.body(e)
		if err != nil {
			return nil, err
		}
		return section{body}, nil
	}
	if e.size > maxUnpacked {
		return nil, fmt.Errorf("%s: %w: %d bytes to unpack", shown(e.path), ErrLimit, e.size)
	}
	r, err := z.stream(e)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	a := &aside{budget: z.budget}
	n, err := io.Copy(a, io.LimitReader(r, e.size+1))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || n > e.size || err == nil && n < e.size:
		// What was read of it counts; that it is not whole, too.
		z.problems.add(e.path, fmt.Errorf("%w: it says %d bytes, and %d could be read", errZip, e.size, n))
	case err != nil:
		z.problems.add(e.path, fmt.Errorf("%w: after %d of %d bytes: %w", errZip, n, e.size, err))
	}
	if n == 0 && err != nil {
		return nil, errors.Join(err, a.drop())
	}
	return dropped{a}, nil
}

func (z *zipFile) close() error { return z.content.Close() }

// section is a part of a file, read where it stands.
type section struct{ *io.SectionReader }

// Close does nothing.
func (section) Close() error { return nil }

// dropped is an aside that is gone when it is closed.
type dropped struct{ *aside }

// Close removes it.
func (d dropped) Close() error { return d.drop() }
