package acquisition

import (
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/acquisition/sqlite"
)

// A backup's manifest lists its files: Manifest.db, an SQLite database, since
// iOS 10; Manifest.mbdb before that.

// Flags of a row of Manifest.db.
const (
	manifestFile   = 1
	manifestFolder = 2
	manifestLink   = 4
)

var errManifest = errors.New("damaged manifest of a backup")

// manifestRow is one row of a manifest, valid until the next.
type manifestRow struct {
	id               fileID
	badID            bool
	domain, relative []byte
	flags            int64
	blob             []byte // the MBFile, when it was not read yet
	file             mbFile
	hasFile          bool
	recovered        string
	number           int64
}

// fileID names a stored file: SHA-1 of "DOMAIN-RELATIVE".
type fileID [sha1.Size]byte

func (id fileID) String() string { return hex.EncodeToString(id[:]) }

// parse reads what the row says of its file.
func (r *manifestRow) parse() {
	if r.blob != nil {
		r.hasFile = r.file.parse(r.blob)
		r.blob = nil
	}
}

// setID reads an id as it is written in hexadecimal digits.
func (r *manifestRow) setID(text []byte) {
	n, err := 0, error(nil)
	if len(text) == hex.EncodedLen(len(r.id)) {
		n, err = hex.Decode(r.id[:], text)
	}
	r.badID = err != nil || n != len(r.id)
}

// fits tells whether the id is that of the domain and the path.
func (r *manifestRow) fits(buf []byte) (bool, []byte) {
	buf = append(buf[:0], r.domain...)
	buf = append(buf, '-')
	buf = append(buf, r.relative...)
	return sha1.Sum(buf) == r.id, buf
}

// manifestDB reads the rows of Manifest.db.
//
// Errors: those of opening it; what of it is damaged becomes a problem.
func manifestDB(db, wal sqlite.File, p *problems, stored string, yield func(*manifestRow) bool) error {
	d, err := sqlite.Open(db, wal)
	if err != nil {
		return fmt.Errorf("%s: %w", stored, err)
	}
	files := d.Table("Files")
	if files == nil {
		return fmt.Errorf("%s: %w: no table Files", stored, errManifest)
	}
	var row manifestRow
	for r := range files.Rows("fileID", "domain", "relativePath", "flags", "file") {
		row.setID(r.Blob(0))
		row.domain, row.relative, row.flags, row.blob = r.Blob(1), r.Blob(2), r.Int(3), r.Blob(4)
		row.file, row.hasFile, row.recovered, row.number = mbFile{}, false, r.Recovered, r.ID
		if !yield(&row) {
			break
		}
	}
	for _, damage := range d.Damage() {
		p.add(stored, fmt.Errorf("page %d: %s", damage.Page, damage.Why))
	}
	return nil
}

// mbdbReader reads the parts of a Manifest.mbdb: big-endian numbers, and texts
// after their length in two bytes, where 0xffff is none.
//
// Source: The Apple Wiki, "iTunes Backup", Manifest.mbdb.
type mbdbReader struct {
	b   []byte
	bad bool
}

func (m *mbdbReader) take(n int) []byte {
	if n > len(m.b) {
		m.bad = true
		m.b = nil
		return make([]byte, min(n, 8))
	}
	part := m.b[:n]
	m.b = m.b[n:]
	return part
}

func (m *mbdbReader) u16() int    { return int(binary.BigEndian.Uint16(m.take(2))) }
func (m *mbdbReader) u32() uint32 { return binary.BigEndian.Uint32(m.take(4)) }
func (m *mbdbReader) u64() uint64 { return binary.BigEndian.Uint64(m.take(8)) }
func (m *mbdbReader) text() []byte {
	n := m.u16()
	if n == 0xffff || m.bad {
		return nil
	}
	part := m.take(n)
	if m.bad {
		return nil
	}
	return part
}

// maxMBDB is how long a Manifest.mbdb may be; it was read at once by iTunes.
const maxMBDB = 512 << 20

// manifestMBDB reads the records of a Manifest.mbdb.
//
// Errors: errManifest where it is damaged; rows given before hold.
func manifestMBDB(b []byte, yield func(*manifestRow) bool) error {
	const magic = "mbdb\x05\x00"
	if len(b) < len(magic) || string(b[:len(magic)]) != magic {
		return fmt.Errorf("%w: no Manifest.mbdb", errManifest)
	}
	m := &mbdbReader{b: b[len(magic):]}
	var row manifestRow
	var buf []byte
	for len(m.b) > 0 {
		row = manifestRow{number: row.number + 1, hasFile: true}
		row.domain, row.relative = m.text(), m.text()
		f := &row.file
		f.target = m.text()
		m.text() // a hash of the content, unused
		f.key = m.text()
		f.mode = uint32(m.u16())
		m.u64() // inode
		f.uid, f.gid = int(m.u32()), int(m.u32())
		f.modified = int64(m.u32())
		m.u32() // last access
		f.changed = int64(m.u32())
		f.size = int64(m.u64() & (1<<62 - 1))
		f.class = uint32(m.take(1)[0])
		for range m.take(1)[0] {
			m.text() // a property's name
			m.text() // and value
		}
		if m.bad {
			return fmt.Errorf("%w: record %d of Manifest.mbdb is cut short", errManifest, row.number)
		}
		switch f.mode & 0o170000 {
		case 0o040000:
			row.flags = manifestFolder
		case 0o120000:
			row.flags = manifestLink
		default:
			row.flags = manifestFile
		}
		_, buf = row.fits(buf)
		row.id = sha1.Sum(buf)
		if !yield(&row) {
			return nil
		}
	}
	return nil
}

// fileOf is a content as the database reader takes it.
func fileOf(c Content) sqlite.File {
	if c == nil {
		return sqlite.File{}
	}
	return sqlite.File{ReaderAt: c, Size: c.Size()}
}
