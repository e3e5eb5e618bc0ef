package sqlite

import (
	"encoding/binary"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of the search for deleted rows.
const (
	maxHeld  = 64 << 20 // bytes of rows kept, of one table while it is walked and of all pages that belong to none
	maxTries = 1 << 28  // values compared with a declaration
)

// carved is a row that stands where no row should.
type carved struct {
	id      int64 // 0: not known
	known   bool  // id is
	at      int64
	payload []byte
	kind    string
}

// unused looks for rows in the parts of a leaf that no cell uses: between the
// list of cells and their content, and in the blocks that were freed (file
// format §1.6).
func (w *walk) unused(n, at, cells, low int) {
	usable := w.t.db.usable
	if w.leaf[at] != leafTable || w.again {
		return
	}
	content := int(binary.BigEndian.Uint16(w.leaf[at+5:]))
	if content == 0 {
		content = maxPage
	}
	where := w.t.db.offset(n)
	w.carve(w.leaf[at+8+2*cells:max(at+8+2*cells, min(content, low, usable))], where+int64(at+8+2*cells))
	block := int(binary.BigEndian.Uint16(w.leaf[at+1:]))
	for range usable / 4 {
		if block < at+8+2*cells || block+4 > usable {
			return
		}
		size := int(binary.BigEndian.Uint16(w.leaf[block+2:]))
		if size < 4 || block+size > usable {
			return
		}
		w.carve(w.leaf[block:block+size], where+int64(block))
		next := int(binary.BigEndian.Uint16(w.leaf[block:]))
		if next <= block {
			return
		}
		block = next
	}
}

func (w *walk) carve(b []byte, at int64) {
	if zero(b) {
		return
	}
	if w.held > maxHeld || w.t.db.tries > maxTries {
		w.full = true
		return
	}
	for c := range rowsIn(b, w.t, func(payload []byte, known bool) bool { return fit(w.t, payload, known) > 0 }) {
		c.at += at
		c.payload, c.kind = slices.Clone(c.payload), "unused part of a page"+c.kind
		w.found = append(w.found, c)
		w.held += len(c.payload)
	}
}

// fitting tells whether a record fits; known: its whole cell was found.
type fitting func(payload []byte, known bool) bool

// rowsIn finds the rows of a stretch that fit, t among them the table whose
// freed blocks are in it, if any. carved.at counts from the stretch's begin.
//
// Where rows were freed and written again, a later row may stand on the end of
// an earlier one, which still looks whole. A row in whose values another begins
// is left to that one; a row that nothing follows which it could have stood
// before is marked.
func rowsIn(b []byte, t *Table, fits fitting) iter.Seq[carved] {
	return func(yield func(carved) bool) {
		for i := 0; i < len(b); i++ {
			c, n := rowAt(b, i, t, fits)
			if n == 0 || overwritten(b, i+n-values(c.payload), i+n, t, fits) {
				continue
			}
			if c.at = int64(i); !followed(b, i+n, t, fits) {
				c.kind = partly
			}
			if !yield(c) {
				return
			}
			i += n - 1
		}
	}
}

const partly = ", perhaps overwritten in part"

// values is how many bytes a record's values take.
func values(payload []byte) int {
	head, _ := varint(payload)
	return len(payload) - int(head)
}

func overwritten(b []byte, from, to int, t *Table, fits fitting) bool {
	for i := from; i < to; i++ {
		if _, n := cellAt(b, i, t, fits); n > 0 {
			return true
		}
	}
	return false
}

// followed tells whether a row could have ended at a place: where the stretch
// does, where another row begins, before nothing at all, or up to three bytes
// before one of these, as many as a page leaves between cells (§1.6).
func followed(b []byte, end int, t *Table, fits fitting) bool {
	for i := end; i < end+4; i++ {
		if i >= len(b) || zero(b[i:min(len(b), i+8)]) {
			return true
		}
		if _, n := cellAt(b, i, t, fits); n > 0 {
			return true
		}
	}
	return false
}

// rowAt reads a row at one place: a cell, or a record whose cell's first bytes
// were overwritten when it was freed. n is 0 when there is none.
func rowAt(b []byte, i int, t *Table, fits fitting) (c carved, n int) {
	if c, n = cellAt(b, i, t, fits); n > 0 {
		return c, n
	}
	if size := recordSize(b[i:]); size > 0 && fits(b[i:i+size], false) {
		return carved{payload: b[i : i+size]}, size
	}
	return c, 0
}

// cellAt reads a cell at one place, or what is left of one at the head of a
// free block.
func cellAt(b []byte, i int, t *Table, fits fitting) (c carved, n int) {
	if size, k := varint(b[i:]); k > 0 && size > 3 && size < uint64(len(b)) {
		id, m := varint(b[i+k:])
		from, end := i+k+m, i+k+m+int(size)
		if m > 0 && int64(id) >= 0 && end <= len(b) && recordSize(b[from:end]) == int(size) {
			if fits(b[from:end], true) {
				return carved{id: int64(id), known: true, payload: b[from:end]}, end - i
			}
		}
	}
	if t != nil {
		if payload, n := t.beheaded(b[i:]); n > 0 && fits(payload, false) {
			return carved{payload: payload}, n
		}
	}
	return c, 0
}

// beheaded reads a cell whose first four bytes became the head of a free block:
// the next block and this one's size (file format §1.6). Gone with them are the
// cell's length and the rowid, and with short ones the length of the record's
// header, or also its first type where the rowid stands for the first column.
// The block's size has to agree: that of this cell, or more when the block had
// grown over others, but not more than what is free.
func (t *Table) beheaded(b []byte) (payload []byte, n int) {
	if len(b) < 8 {
		return nil, 0
	}
	size := int(binary.BigEndian.Uint16(b[2:]))
	if size < 8 || size > len(b) {
		return nil, 0
	}
	for lost := range 2 { // types that are gone
		if lost == 1 && (len(t.stored) == 0 || !t.stored[0].alias) {
			break
		}
		payload, n := rehead(b[4:size], len(t.stored)-lost, lost)
		if n > 0 {
			return payload, 4 + n
		}
	}
	return nil, 0
}

// rehead makes a record of its types and values, behind as many NULLs.
func rehead(b []byte, types, nulls int) (payload []byte, n int) {
	at, body := 0, 0
	for range types {
		kind, k := varint(b[min(at, len(b)):])
		size := sizeOf(kind)
		if k == 0 || size < 0 || size > len(b)-at-body-k {
			return nil, 0
		}
		at, body = at+k, body+size
	}
	head := 1 + nulls + at
	if at == 0 || head > 0x7f {
		return nil, 0
	}
	payload = append(make([]byte, 0, 1+nulls+at+body), byte(head))
	for range nulls {
		payload = append(payload, 0)
	}
	return append(payload, b[:at+body]...), at + body
}

func zero(b []byte) bool {
	for ; len(b) >= 8; b = b[8:] {
		if binary.NativeEndian.Uint64(b) != 0 {
			return false
		}
	}
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// recordSize is the length of the record that b begins with; 0 when it is none.
func recordSize(b []byte) int {
	head, n := varint(b)
	if n == 0 || head < uint64(n)+1 || head > uint64(min(len(b), maxColumns)) {
		return 0
	}
	size := int(head)
	for at := n; at < int(head); {
		kind, k := varint(b[at:head])
		s := sizeOf(kind)
		if k == 0 || s < 0 || size+s > len(b) {
			return 0
		}
		at, size = at+k, size+s
	}
	return size
}

// fit says how well a record fits a table: 0 not at all, else more for each
// value whose type the declaration asks for. whole says that its cell was found
// too, so that a record from before columns were added may be shorter.
func fit(t *Table, payload []byte, whole bool) int {
	head, at := varint(payload)
	body, score, filled := int(head), 1, 0
	i, most := 0, len(t.stored)
	for ; at < int(head); i++ {
		if i == most {
			return 0
		}
		kind, k := varint(payload[at:head])
		at += k
		size := sizeOf(kind)
		ok, sure := t.stored[i].takes(kind)
		t.db.tries++
		if !ok || (kind >= 13 && kind&1 == 1 && !readable(payload[body:body+size], t.db.encoding)) {
			return 0
		}
		if sure {
			score++
		}
		if kind != 0 {
			filled++
		}
		body += size
	}
	if filled == 0 || body-int(head) < 3 || (i < most && (!whole || i < (most+1)/2)) || (!whole && i < 3) {
		return 0
	}
	return score
}

// takes tells whether a column can hold a serial type, and whether that says
// anything.
func (c *column) takes(kind uint64) (ok, sure bool) {
	number := kind <= 9
	text := kind >= 13 && kind&1 == 1
	switch {
	case c.alias:
		return kind == 0, true
	case kind == 0:
		return true, false
	case c.affinity == 'i':
		return number && kind != 7, true
	case c.affinity == 't':
		return text, true
	case c.affinity == 'r', c.affinity == 'n':
		return number || (text && c.affinity == 'n'), c.affinity == 'r'
	}
	return true, false
}

// readable tells whether bytes are text as people or programs write it.
func readable(b []byte, encoding int) bool {
	if encoding > 1 {
		s := fromUTF16(b, encoding == 3)
		return len(b)%2 == 0 && !strings.ContainsRune(s, utf8.RuneError) && readable([]byte(s), 1)
	}
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if (r == utf8.RuneError && n == 1) || (r < ' ' && r != '\n' && r != '\t' && r != '\r') {
			return false
		}
		b = b[n:]
	}
	return true
}
