package sqlite

import (
	"encoding/binary"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	maxRow     = 64 << 20 // bytes of one row's content
	maxColumns = 32768    // the format's own limit
)

// Row is one row. Its methods take the index of a column asked for.
type Row struct {
	ID        int64  // rowid; 0 in a table without one, or when it is not known
	Offset    int64  // of the record in the database file, or in the log for one from there
	Recovered string // "free page", "unused part of a page", "older WAL frame", ...; empty for a live row

	payload  []byte
	values   []value // by columns asked for
	shape    *shape
	encoding int
}

// value is where a column's content stands in the payload.
type value struct {
	kind  uint64 // serial type
	at    int
	given any // not stored: a DEFAULT
}

// Serial types that are told apart by name.
const (
	absent = 0  // NULL
	isID   = 10 // reserved by the format; here: the row's id stands for the value
)

// shape says which columns are asked for: slots[i] lists, for the column that
// is stored i-th, the indexes it was asked for as.
type shape struct {
	slots [][]int
	last  int   // the last stored column that is asked for
	rowid []int // indexes that ask for the rowid
	value []any // DEFAULT by stored column
}

// sizeOf is how many bytes a serial type takes (file format §2.1); -1 for the
// two that are reserved.
func sizeOf(kind uint64) int {
	switch {
	case kind <= 4:
		return int(kind)
	case kind == 5:
		return 6
	case kind == 6 || kind == 7:
		return 8
	case kind == 8 || kind == 9:
		return 0
	case kind == 10 || kind == 11:
		return -1
	}
	n := (kind - 12) / 2
	if n > maxRow {
		return -1
	}
	return int(n)
}

// decode finds the columns asked for in a payload.
func (r *Row) decode(payload []byte) error {
	r.payload = payload
	head, n := varint(payload)
	if n == 0 || head < uint64(n) || head > uint64(len(payload)) {
		return fmt.Errorf("a record's header of %d bytes in %d", head, len(payload))
	}
	for i := range r.values {
		r.values[i] = value{}
	}
	at, body, i := n, int(head), 0
	for ; at < int(head) && i <= r.shape.last; i++ {
		kind, n := uint64(payload[at]), 1
		if kind >= 0x80 {
			if kind, n = varint(payload[at:head]); n == 0 {
				return fmt.Errorf("a record's header is cut short")
			}
		}
		at += n
		size := sizeOf(kind)
		if size < 0 || body+size > len(payload) {
			return fmt.Errorf("a value of serial type %d reaches out of its record", kind)
		}
		for _, slot := range r.shape.slots[i] {
			r.values[slot] = value{kind: kind, at: body}
		}
		body += size
	}
	for ; i <= r.shape.last; i++ { // added to the table after this row
		for _, slot := range r.shape.slots[i] {
			r.values[slot].given = r.shape.value[i]
		}
	}
	for _, slot := range r.shape.rowid {
		r.values[slot].kind = isID
	}
	return nil
}

// Null tells whether the value is NULL.
func (r *Row) Null(i int) bool { return r.values[i].kind == absent && r.values[i].given == nil }

// Value returns nil, int64, float64, string or []byte, which is a copy.
func (r *Row) Value(i int) any {
	v := r.values[i]
	switch {
	case v.given != nil:
		return v.given
	case v.kind == absent:
		return nil
	case v.kind == 7:
		return r.Float(i)
	case v.kind <= isID:
		return r.Int(i)
	case v.kind&1 == 1:
		return r.Text(i)
	}
	return append([]byte(nil), r.Blob(i)...)
}

// Int returns an integer, a real cut to one, or a text that spells one; else 0.
func (r *Row) Int(i int) int64 {
	v := r.values[i]
	if v.given != nil {
		switch g := v.given.(type) {
		case int64:
			return g
		case float64:
			return whole(g)
		}
		return 0
	}
	b := r.payload[v.at:]
	switch v.kind {
	case isID:
		return r.ID
	case 1:
		return int64(int8(b[0]))
	case 2:
		return int64(int16(binary.BigEndian.Uint16(b)))
	case 3:
		return int64(int8(b[0]))<<16 | int64(b[1])<<8 | int64(b[2])
	case 4:
		return int64(int32(binary.BigEndian.Uint32(b)))
	case 5:
		return int64(int16(binary.BigEndian.Uint16(b)))<<32 | int64(binary.BigEndian.Uint32(b[2:]))
	case 6:
		return int64(binary.BigEndian.Uint64(b))
	case 7:
		return whole(math.Float64frombits(binary.BigEndian.Uint64(b)))
	case 9:
		return 1
	}
	if v.kind >= 13 && v.kind&1 == 1 {
		n, err := strconv.ParseInt(strings.TrimSpace(r.Text(i)), 10, 64)
		if err == nil {
			return n
		}
	}
	return 0
}

func whole(f float64) int64 {
	if f >= -1<<63 && f < 1<<63 {
		return int64(f)
	}
	return 0
}

// Float returns a real or an integer; else 0.
func (r *Row) Float(i int) float64 {
	v := r.values[i]
	if f, ok := v.given.(float64); ok {
		return f
	}
	if v.kind == 7 && v.given == nil {
		return math.Float64frombits(binary.BigEndian.Uint64(r.payload[v.at:]))
	}
	if v.kind >= 13 && v.kind&1 == 1 {
		if f, err := strconv.ParseFloat(strings.TrimSpace(r.Text(i)), 64); err == nil {
			return f
		}
	}
	return float64(r.Int(i))
}

// Text returns a text, a blob as text, or a number spelled; "" for NULL. The
// string is a copy.
func (r *Row) Text(i int) string {
	v := r.values[i]
	switch {
	case v.given != nil:
		return spell(v.given)
	case v.kind == absent:
		return ""
	case v.kind == 7:
		return strconv.FormatFloat(r.Float(i), 'g', -1, 64)
	case v.kind < 12:
		return strconv.FormatInt(r.Int(i), 10)
	}
	b := r.Blob(i)
	if v.kind&1 == 1 && r.encoding > 1 {
		return fromUTF16(b, r.encoding == 3)
	}
	return string(b)
}

func spell(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case []byte:
		return string(v)
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return fmt.Sprint(v)
}

// Blob returns a blob or a text as it is stored, valid until the next row; nil
// for NULL and for numbers.
func (r *Row) Blob(i int) []byte {
	v := r.values[i]
	switch g := v.given.(type) {
	case string:
		return []byte(g)
	case []byte:
		return g
	}
	if v.kind < 12 {
		return nil
	}
	return r.payload[v.at : v.at+sizeOf(v.kind)]
}

func fromUTF16(b []byte, big bool) string {
	var order binary.ByteOrder = binary.LittleEndian
	if big {
		order = binary.BigEndian
	}
	out := make([]byte, 0, len(b))
	for ; len(b) >= 2; b = b[2:] {
		c := rune(order.Uint16(b))
		if utf16.IsSurrogate(c) && len(b) >= 4 {
			if both := utf16.DecodeRune(c, rune(order.Uint16(b[2:]))); both != utf8.RuneError {
				c, b = both, b[2:]
			}
		}
		out = utf8.AppendRune(out, c)
	}
	if len(b) == 1 {
		out = utf8.AppendRune(out, utf8.RuneError) // half a character
	}
	return string(out)
}
