package acquisition

import (
	"encoding/binary"
	"time"

	"github.com/ringfence/ringfence/acquisition/plist"
)

// mbFile is what a backup's manifest says of one file: an MBFile object in a
// keyed archive. Slices point into the blob it was read from.
type mbFile struct {
	size                       int64
	mode                       uint32
	uid, gid                   int
	modified, changed, created int64 // seconds since 1970; 0 when not known
	class                      uint32
	key                        []byte // EncryptionKey, of an encrypted backup
	target                     []byte // of a symbolic link
}

func unixTime(seconds int64) time.Time {
	if seconds <= 0 || seconds > 1<<40 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}

// parse reads an MBFile. A manifest has hundreds of thousands, so that the
// usual form is read field by field, without building objects; what is written
// otherwise goes through the property list reader. It tells whether there was
// anything to read.
func (m *mbFile) parse(b []byte) bool {
	*m = mbFile{}
	if len(b) == 0 {
		return false
	}
	if (&mbScanner{b: b, into: m}).scan() {
		return true
	}
	*m = mbFile{}
	return m.slow(b)
}

// mbScanner reads the fields of an MBFile where they stand in a binary property
// list (CFBinaryPList.c).
type mbScanner struct {
	b          []byte
	table      int // offset of the offset table
	offsetSize int
	refSize    int
	count      int
	objects    []byte // references of "$objects"
	into       *mbFile
}

func (s *mbScanner) scan() bool {
	n := len(s.b)
	if n < 8+32 || string(s.b[:8]) != "bplist00" {
		return false
	}
	trailer := s.b[n-32:]
	s.offsetSize, s.refSize = int(trailer[6]), int(trailer[7])
	count, top, table := binary.BigEndian.Uint64(trailer[8:]), binary.BigEndian.Uint64(trailer[16:]), binary.BigEndian.Uint64(trailer[24:])
	if s.offsetSize < 1 || s.offsetSize > 8 || s.refSize < 1 || s.refSize > 8 || count > uint64(n) || top >= count || table > uint64(n-32) ||
		count*uint64(s.offsetSize) > uint64(n-32)-table {
		return false
	}
	s.count, s.table = int(count), int(table)
	keys, values := s.dict(int(top))
	root := -1
	for i := 0; i < len(keys); i += s.refSize {
		switch string(s.text(s.ref(keys[i:]))) {
		case "$objects":
			s.objects = s.array(s.ref(values[i:]))
		case "$top":
			root = s.root(s.ref(values[i:]))
		}
	}
	return s.objects != nil && root >= 0 && s.file(s.object(root))
}

// root returns the UID under "root" of the "$top" dictionary; -1 without.
func (s *mbScanner) root(top int) int {
	keys, values := s.dict(top)
	for i := 0; i < len(keys); i += s.refSize {
		if string(s.text(s.ref(keys[i:]))) == "root" {
			return s.uid(s.ref(values[i:]))
		}
	}
	return -1
}

// file reads the dictionary of the MBFile object.
func (s *mbScanner) file(object int) bool {
	keys, values := s.dict(object)
	if keys == nil {
		return false
	}
	for i := 0; i < len(keys); i += s.refSize {
		key, value := s.text(s.ref(keys[i:])), s.ref(values[i:])
		if key == nil || !s.field(key, value) {
			return false
		}
	}
	return true
}

// field reads one field; false for one that is not written as usual.
func (s *mbScanner) field(key []byte, value int) (ok bool) {
	var n int64
	switch string(key) {
	case "Size":
		s.into.size, ok = s.int(value)
	case "LastModified":
		s.into.modified, ok = s.int(value)
	case "LastStatusChange":
		s.into.changed, ok = s.int(value)
	case "Birth":
		s.into.created, ok = s.int(value)
	case "Mode":
		n, ok = s.int(value)
		s.into.mode = uint32(n)
	case "UserID":
		n, ok = s.int(value)
		s.into.uid = int(n)
	case "GroupID":
		n, ok = s.int(value)
		s.into.gid = int(n)
	case "ProtectionClass":
		n, ok = s.int(value)
		s.into.class = uint32(n)
	case "EncryptionKey":
		s.into.key = s.data(s.object(s.uid(value)))
		ok = s.into.key != nil
	case "Target":
		s.into.target = s.text(s.object(s.uid(value)))
		ok = s.into.target != nil
	default:
		ok = true
	}
	return ok
}

// data reads bytes: as they are, or within an NSData object.
func (s *mbScanner) data(object int) []byte {
	if kind, body := s.sized(object); kind == 0x4 {
		return body
	}
	keys, values := s.dict(object)
	for i := 0; i < len(keys); i += s.refSize {
		if string(s.text(s.ref(keys[i:]))) == "NS.data" {
			kind, body := s.sized(s.ref(values[i:]))
			if kind == 0x4 {
				return body
			}
		}
	}
	return nil
}

func bigEndian(b []byte) (n uint64) {
	for _, c := range b {
		n = n<<8 | uint64(c)
	}
	return n
}

// ref reads a reference.
func (s *mbScanner) ref(b []byte) int {
	return int(bigEndian(b[:s.refSize]) & 0x7fffffff)
}

// at returns where an object stands; -1 for none.
func (s *mbScanner) at(object int) int {
	if object < 0 || object >= s.count {
		return -1
	}
	at := bigEndian(s.b[s.table+object*s.offsetSize:][:s.offsetSize])
	if at < 8 || at >= uint64(s.table) {
		return -1
	}
	return int(at)
}

// object returns the object that a UID of the archive names.
func (s *mbScanner) object(uid int) int {
	if uid < 0 || uid >= len(s.objects)/s.refSize {
		return -1
	}
	return s.ref(s.objects[uid*s.refSize:])
}

// sized reads an object with a length, in bytes or in references: its marker's
// high half, and its body up to the table.
func (s *mbScanner) sized(object int) (kind byte, body []byte) {
	at := s.at(object)
	if at < 0 {
		return 0, nil
	}
	kind, length := s.b[at]>>4, int(s.b[at]&0xf)
	at++
	if length == 0xf {
		if at >= s.table || s.b[at]>>4 != 1 || s.b[at]&0xf > 2 {
			return 0, nil
		}
		wide := 1 << (s.b[at] & 0xf)
		if at+1+wide > s.table {
			return 0, nil
		}
		length = int(bigEndian(s.b[at+1 : at+1+wide]))
		at += 1 + wide
	}
	switch kind {
	case 0xa:
		length *= s.refSize
	case 0xd:
		length *= 2 * s.refSize
	case 0x6:
		length *= 2
	}
	if length < 0 || length > s.table-at {
		return 0, nil
	}
	return kind, s.b[at : at+length]
}

// text returns an ASCII string, or UTF-8 of data; nil for anything else.
func (s *mbScanner) text(object int) []byte {
	if kind, body := s.sized(object); kind == 0x5 && body != nil {
		return body
	}
	return nil
}

func (s *mbScanner) array(object int) []byte {
	if kind, body := s.sized(object); kind == 0xa {
		return body
	}
	return nil
}

// dict returns the references of a dictionary's keys, and of its values.
func (s *mbScanner) dict(object int) (keys, values []byte) {
	if kind, body := s.sized(object); kind == 0xd {
		return body[:len(body)/2], body[len(body)/2:]
	}
	return nil, nil
}

func (s *mbScanner) int(object int) (int64, bool) {
	at := s.at(object)
	if at < 0 || s.b[at]>>4 != 1 || s.b[at]&0xf > 3 {
		return 0, false
	}
	wide := 1 << (s.b[at] & 0xf)
	if at+1+wide > s.table {
		return 0, false
	}
	return int64(bigEndian(s.b[at+1 : at+1+wide])), true
}

func (s *mbScanner) uid(object int) int {
	at := s.at(object)
	if at < 0 || s.b[at]>>4 != 8 {
		return -1
	}
	wide := int(s.b[at]&0xf) + 1
	if wide > 4 || at+1+wide > s.table {
		return -1
	}
	return int(bigEndian(s.b[at+1:at+1+wide]) & 0x7fffffff)
}

// slow reads an MBFile in any other form.
func (m *mbFile) slow(b []byte) bool {
	archive, err := plist.Parse(b)
	if err != nil {
		return false
	}
	if v, err := plist.Unarchive(archive); err == nil {
		archive = v
	}
	d := dictOf(archive)
	if root, ok := d["root"].(plist.Dict); ok && d["Mode"] == nil {
		d = root
	}
	m.size, m.mode = intOf(d["Size"]), uint32(intOf(d["Mode"]))
	m.uid, m.gid, m.class = int(intOf(d["UserID"])), int(intOf(d["GroupID"])), uint32(intOf(d["ProtectionClass"]))
	m.modified, m.changed, m.created = intOf(d["LastModified"]), intOf(d["LastStatusChange"]), intOf(d["Birth"])
	if key, ok := d["EncryptionKey"].([]byte); ok {
		m.key = key
	}
	m.target = []byte(textOf(d["Target"]))
	return d != nil
}

// What a property list holds, whatever type it was written with.

func dictOf(v any) plist.Dict {
	d, _ := v.(plist.Dict)
	return d
}

func textOf(v any) string {
	s, _ := v.(string)
	return s
}

func intOf(v any) int64 {
	switch n := v.(type) {
	case int64:
		return n
	case uint64:
		return int64(n)
	case float64:
		return int64(n)
	case bool:
		if n {
			return 1
		}
	case time.Time:
		return n.Unix()
	}
	return 0
}

func timeOf(v any) *time.Time {
	if t, ok := v.(time.Time); ok && !t.IsZero() {
		t = t.UTC()
		return &t
	}
	return nil
}
