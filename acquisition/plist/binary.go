package plist

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
	"unicode/utf16"
)

// A binary property list is a header, objects, a table of where each object
// stands and a trailer (CFBinaryPList.c, "bplist00").

const trailerSize = 32

// epoch is where Core Foundation's times begin: 2001-01-01 UTC.
var epoch = time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)

// binaryList is a list as it is read.
type binaryList struct {
	b         []byte
	table     []byte // of offsets
	offsets   int    // bytes of an offset
	refs      int    // bytes of a reference
	count     uint64
	nodes     int
	unfolding map[uint64]bool // objects that are being read, to cut rings
	texts     map[uint64]any  // texts and data by place: lists share them freely
	copied    int             // bytes of texts
}

func parseBinary(b []byte) (any, error) {
	if len(b) < 8+trailerSize {
		return nil, fmt.Errorf("%w: %d bytes", ErrDamaged, len(b))
	}
	if v := string(b[6:8]); v[0] != '0' {
		return nil, fmt.Errorf("%w: a binary list of version %q", ErrNotPlist, v)
	}
	t := b[len(b)-trailerSize:]
	l := &binaryList{b: b[:len(b)-trailerSize], offsets: int(t[6]), refs: int(t[7]), count: binary.BigEndian.Uint64(t[8:]), unfolding: map[uint64]bool{}, texts: map[uint64]any{}}
	top, table := binary.BigEndian.Uint64(t[16:]), binary.BigEndian.Uint64(t[24:])
	if l.offsets < 1 || l.offsets > 8 || l.refs < 1 || l.refs > 8 || table < 8 || table > uint64(len(l.b)) ||
		l.count == 0 || l.count > (uint64(len(l.b))-table)/uint64(l.offsets) {
		return nil, fmt.Errorf("%w: the trailer", ErrDamaged)
	}
	l.table = l.b[table:]
	l.b = l.b[:table]
	return l.object(top, 0)
}

// number reads n bytes as a number.
func number(b []byte) (v uint64) {
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	return v
}

// object reads an object and what it holds.
func (l *binaryList) object(ref uint64, depth int) (any, error) {
	if ref >= l.count {
		return nil, fmt.Errorf("%w: object %d of %d", ErrDamaged, ref, l.count)
	}
	if l.nodes++; depth > MaxDepth || l.nodes > MaxNodes {
		return nil, ErrLimit
	}
	at := number(l.table[int(ref)*l.offsets:][:l.offsets])
	if at < 8 || at >= uint64(len(l.b)) {
		return nil, fmt.Errorf("%w: object %d stands outside", ErrDamaged, ref)
	}
	b := l.b[at:]
	kind, low := b[0]>>4, b[0]&0xf
	switch kind {
	case 0:
		switch low {
		case 8:
			return false, nil
		case 9:
			return true, nil
		}
		if low == 0 || low == 0xf { // null and fill
			return nil, nil
		}
		return nil, fmt.Errorf("%w: an object of type %#02x", ErrDamaged, b[0])
	case 1:
		return integer(b[1:], low)
	case 2:
		return real(b[1:], low)
	case 3:
		if low != 3 || len(b) < 9 {
			return nil, fmt.Errorf("%w: a date", ErrDamaged)
		}
		return date(math.Float64frombits(binary.BigEndian.Uint64(b[1:]))), nil
	case 8:
		if len(b) < 2+int(low) || low > 7 {
			return nil, fmt.Errorf("%w: a reference", ErrDamaged)
		}
		return UID(number(b[1 : 2+low])), nil
	case 4, 5, 6, 7, 0xa, 0xb, 0xc, 0xd:
		n, rest, err := length(b, low)
		if err != nil {
			return nil, err
		}
		if kind < 8 {
			return l.text(at, kind, n, rest)
		}
		return l.container(ref, kind, n, rest, depth)
	}
	return nil, fmt.Errorf("%w: an object of type %#02x", ErrDamaged, b[0])
}

func integer(b []byte, low byte) (any, error) {
	n := 1 << low
	if low > 4 || len(b) < n {
		return nil, fmt.Errorf("%w: an integer", ErrDamaged)
	}
	switch {
	case n == 16:
		if high := binary.BigEndian.Uint64(b); high != 0 && high != math.MaxUint64 {
			return nil, fmt.Errorf("%w: an integer beyond 64 bits", ErrLimit)
		} else if v := binary.BigEndian.Uint64(b[8:]); high == 0 && v > math.MaxInt64 {
			return v, nil
		}
		return int64(binary.BigEndian.Uint64(b[8:])), nil
	case n == 8:
		return int64(binary.BigEndian.Uint64(b)), nil
	}
	return int64(number(b[:n])), nil // shorter ones have no sign
}

func real(b []byte, low byte) (any, error) {
	switch {
	case low == 2 && len(b) >= 4:
		return float64(math.Float32frombits(binary.BigEndian.Uint32(b))), nil
	case low == 3 && len(b) >= 8:
		return math.Float64frombits(binary.BigEndian.Uint64(b)), nil
	}
	return nil, fmt.Errorf("%w: a real", ErrDamaged)
}

// date is a time in seconds since 2001; the zero time for one beyond what a
// time can hold.
func date(seconds float64) time.Time {
	if math.IsNaN(seconds) || math.Abs(seconds) > 1e11 {
		return time.Time{}
	}
	whole, part := math.Modf(seconds)
	return time.Unix(epoch.Unix()+int64(whole), int64(part*1e9)).UTC()
}

// length reads the length of an object that has one.
func length(b []byte, low byte) (n uint64, rest []byte, err error) {
	if low != 0xf {
		return uint64(low), b[1:], nil
	}
	if len(b) < 2 || b[1]>>4 != 1 || b[1]&0xf > 3 || len(b) < 2+1<<(b[1]&0xf) {
		return 0, nil, fmt.Errorf("%w: a length", ErrDamaged)
	}
	size := 1 << (b[1] & 0xf)
	return number(b[2 : 2+size]), b[2+size:], nil
}

// text reads a text or data once for each place. Texts that overlap, which no
// writer makes, could be many times the file.
func (l *binaryList) text(at uint64, kind byte, n uint64, b []byte) (any, error) {
	if v, ok := l.texts[at]; ok {
		return v, nil
	}
	v, err := text(kind, n, b)
	if err != nil {
		return nil, err
	}
	s, _ := v.(string)
	if l.copied += len(s); l.copied > 2*len(l.b) {
		return nil, fmt.Errorf("%w: texts of more bytes than the list", ErrLimit)
	}
	l.texts[at] = v
	return v, nil
}

func text(kind byte, n uint64, b []byte) (any, error) {
	size := n
	if kind == 6 {
		size = 2 * n
	}
	if n > uint64(len(b)) || size > uint64(len(b)) {
		return nil, fmt.Errorf("%w: a text or data of %d in %d bytes", ErrDamaged, n, len(b))
	}
	b = b[:size]
	switch kind {
	case 4:
		return b[:size:size], nil // objects may overlap: copies would multiply
	case 6:
		units := make([]uint16, n)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(b[2*i:])
		}
		return string(utf16.Decode(units)), nil
	}
	return string(b), nil // ASCII, and UTF-8 for type 7
}

// container reads an array, a set or a dictionary.
func (l *binaryList) container(ref uint64, kind byte, n uint64, b []byte, depth int) (any, error) {
	refs := n
	if kind == 0xd {
		refs = 2 * n
	}
	if n > uint64(len(b)) || refs > uint64(len(b))/uint64(l.refs) {
		return nil, fmt.Errorf("%w: %d elements in %d bytes", ErrDamaged, n, len(b))
	}
	if l.unfolding[ref] {
		return nil, fmt.Errorf("%w: an object that holds itself", ErrDamaged)
	}
	l.unfolding[ref] = true
	defer delete(l.unfolding, ref)
	at := func(i uint64) uint64 { return number(b[i*uint64(l.refs):][:l.refs]) }
	if kind != 0xd {
		all := make([]any, 0, min(n, 4096))
		for i := range n {
			v, err := l.object(at(i), depth+1)
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
		return all, nil
	}
	d := make(Dict, min(n, 4096))
	for i := range n {
		k, err := l.object(at(i), depth+1)
		if err != nil {
			return nil, err
		}
		v, err := l.object(at(n+i), depth+1)
		if err != nil {
			return nil, err
		}
		name, ok := k.(string)
		if !ok {
			name = fmt.Sprint(k) // Core Foundation allows other keys
		}
		d[name] = v
	}
	return d, nil
}
