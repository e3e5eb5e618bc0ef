package sqlite

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"unicode/utf8"
)

// maxHeld is how many bytes of deleted rows of one table are kept while it is
// walked.
const maxHeld = 64 << 20

// carved is a row that stands where no row should.
type carved struct {
	id      int64 // 0: not known
	known   bool  // id is
	at      int64
	payload []byte
	kind    string
}

// spare are rows on pages that belong to no b-tree, by the table that they fit.
type spare struct {
	of   map[*Table][]carved
	held int
	full bool
}

// unused looks for rows in the parts of a leaf that no cell uses: between the
// list of cells and their content, and in the blocks that were freed (file
// format §1.6).
func (w *walk) unused(n, at, cells, low int) {
	usable := w.t.db.usable
	if w.leaf[at] != leafTable {
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
	if w.held > maxHeld || zero(b) {
		return
	}
	add := func(c carved, n int) bool {
		if fit(w.t, c.payload, c.known) == 0 {
			return false
		}
		c.payload, c.kind = append([]byte(nil), c.payload...), "unused part of a page"
		w.found = append(w.found, c)
		w.held += n
		return true
	}
	for i := 0; i < len(b); {
		n := 0
		if c, size := w.t.beheaded(b[i:]); size > 0 {
			c.at = at + int64(i)
			if add(c, size) {
				n = size
			}
		}
		if n == 0 {
			n = carveAt(b, i, at, add)
		}
		i += max(1, n)
	}
}

// beheaded reads a cell whose first four bytes became the head of a free block:
// the next block and this one's size (file format Â§1.6). Gone with them are the
// cell's length and the rowid, and with short ones the length of the record's
// header, or also its first type where the rowid stands for the first column.
// The block's size has to agree: that of this cell, or more when the block had
// grown over others, but not more than what is free.
func (t *Table) beheaded(b []byte) (c carved, n int) {
	if len(b) < 8 {
		return c, 0
	}
	size := int(binary.BigEndian.Uint16(b[2:]))
	for _, lost := range []int{0, 1} { // types that are gone
		if lost == 1 && (len(t.columns) == 0 || !t.columns[0].alias) {
			break
		}
		payload, n := rehead(b[4:], t.storedColumns()-lost, lost)
		if n > 0 && 4+n <= size && size <= len(b) {
			return carved{payload: payload}, 4 + n
		}
	}
	return c, 0
}

// rehead makes a record of its types and values, behind as many NULLs.
func rehead(b []byte, types, nulls int) (payload []byte, n int) {
	at, body := 0, 0
	for range types {
		kind, k := varint(b[min(at, len(b)):])
		size := sizeOf(kind)
		if k == 0 || size < 0 || size > len(b) {
			return nil, 0
		}
		at, body = at+k, body+size
	}
	head := 1 + nulls + at
	if at == 0 || at+body > len(b) || head > 0x7f {
		return nil, 0
	}
	payload = append(append(payload, byte(head)), make([]byte, nulls)...)
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

// carve tries every place of a stretch. take tells whether it took a row.
func carve(b []byte, at int64, take func(c carved, n int) bool) {
	for i := 0; i < len(b); {
		i += max(1, carveAt(b, i, at, take))
	}
}

// carveAt tries one place: a whole cell first, then a record whose cell's first
// bytes were overwritten when it was freed. It returns the bytes of what was
// taken.
func carveAt(b []byte, i int, at int64, take func(c carved, n int) bool) int {
	if b[i] == 0 || i+4 >= len(b) {
		return 0
	}
	if size, k := varint(b[i:]); k > 0 && size > 3 && size < uint64(len(b)) {
		id, m := varint(b[i+k:])
		from, end := i+k+m, i+k+m+int(size)
		if m > 0 && end <= len(b) && recordSize(b[from:end]) == int(size) &&
			take(carved{id: int64(id), known: true, at: at + int64(i), payload: b[from:end]}, int(size)) {
			return end - i
		}
	}
	if size := recordSize(b[i:]); size > 0 && take(carved{at: at + int64(i), payload: b[i : i+size]}, size) {
		return size
	}
	return 0
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
	i := 0
	for ; at < int(head); i++ {
		kind, k := varint(payload[at:head])
		at += k
		c := t.stored(i)
		if c == nil {
			return 0
		}
		size := sizeOf(kind)
		ok, sure := c.takes(kind)
		if !ok || (kind >= 13 && kind&1 == 1 && t.db.encoding == 1 && !readable(payload[body:body+size])) {
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
	most := t.storedColumns()
	if i > most || filled == 0 || body-int(head) < 3 || (i < most && (!whole || i < (most+1)/2)) || (!whole && i < 3) {
		return 0
	}
	return score
}

func (t *Table) stored(i int) *column {
	for j := range t.columns {
		if t.columns[j].virtual {
			continue
		}
		if i == 0 {
			return &t.columns[j]
		}
		i--
	}
	return nil
}

func (t *Table) storedColumns() int {
	n := 0
	for _, c := range t.columns {
		if !c.virtual {
			n++
		}
	}
	return n
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
func readable(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if (r == utf8.RuneError && n == 1) || (r < ' ' && r != '\n' && r != '\t' && r != '\r') {
			return false
		}
		b = b[n:]
	}
	return true
}

// recover gives the deleted rows that still stand, each once and none that is
// alive as it is.
func (w *walk) recover() {
	db := w.t.db
	if w.t.root == 1 || w.t.withoutRowID {
		return
	}
	if db.spare == nil {
		db.spare = &spare{of: map[*Table][]carved{}}
		db.freed()
		db.older()
	}
	if w.hurt {
		db.lost()
	}
	found := append(w.found, db.spare.of[w.t]...)
	if len(found) == 0 {
		return
	}
	if w.held > maxHeld || db.spare.full {
		db.hurt(0, w.t.Name+": more deleted rows stand than are given")
	}
	live, all := w.alive()
	for i := range found {
		c := &found[i]
		sum := maphash.Bytes(hashSeed, c.payload)
		if all[sum] {
			continue
		}
		all[sum] = true
		w.row.ID, w.row.Offset, w.row.Recovered = c.id, c.at, c.kind
		if _, ok := live[c.id]; ok && c.known {
			w.row.Recovered = "older version in " + c.kind
		}
		if w.row.decode(c.payload) != nil {
			continue
		}
		if !w.yield(&w.row) {
			return
		}
	}
}

// alive lists the live rows by id and by content.
func (w *walk) alive() (ids map[int64]struct{}, contents map[uint64]bool) {
	ids, contents = map[int64]struct{}{}, map[uint64]bool{}
	again := &walk{t: w.t, seen: make([]uint64, w.t.db.count/64+1)}
	again.row = Row{shape: &shape{last: -1}}
	again.yield = func(r *Row) bool {
		ids[r.ID] = struct{}{}
		contents[maphash.Bytes(hashSeed, r.payload)] = true
		return true
	}
	again.tree(w.t.root, 0)
	return ids, contents
}

// freed looks for rows on the pages of the list of free pages (§1.5).
func (db *DB) freed() {
	seen := map[int]bool{}
	for trunk := db.freelist; trunk != 0 && !seen[trunk] && len(seen) < db.count; {
		seen[trunk] = true
		page, err := db.page(trunk)
		if err != nil {
			db.hurt(trunk, "the list of free pages: "+err.Error())
			return
		}
		page = append([]byte(nil), page...)
		n := int(binary.BigEndian.Uint32(page[4:]))
		if 8+4*n > db.usable {
			db.hurt(trunk, fmt.Sprintf("the list of free pages names %d on one page", n))
			n = 0
		}
		db.spared(page[8+4*n:], db.offset(trunk)+int64(8+4*n), "free page")
		for i := range n {
			leaf := int(binary.BigEndian.Uint32(page[8+4*i:]))
			if b, err := db.page(leaf); err == nil && !seen[leaf] {
				seen[leaf] = true
				db.spared(b[:db.usable], db.offset(leaf), "free page")
			}
		}
		trunk = int(binary.BigEndian.Uint32(page))
	}
}

// older looks for rows in frames of the log that hold older versions of pages.
func (db *DB) older() {
	if db.wal == nil {
		return
	}
	for _, f := range db.wal.old {
		b := db.wal.content(f.at)
		if len(b) > 0 && (b[0] == leafTable || f.page == 1) {
			db.spared(b, f.at, f.kind)
		}
	}
}

// lost looks for rows on leaves that no b-tree reaches, once one is broken.
func (db *DB) lost() {
	reached := make([]uint64, db.count/64+1)
	for _, t := range append([]*Table{{root: 1, db: db}}, db.tables...) {
		db.reach(t.root, 0, reached)
	}
	for n := 2; n <= db.count; n++ {
		if reached[n/64]&(1<<(n%64)) != 0 {
			continue
		}
		if b, err := db.page(n); err == nil && b[0] == leafTable {
			db.spared(b[:db.usable], db.offset(n), "lost page")
		}
	}
}

func (db *DB) reach(n, depth int, reached []uint64) {
	page, err := db.page(n)
	if err != nil || depth > maxDepth || reached[n/64]&(1<<(n%64)) != 0 {
		return
	}
	reached[n/64] |= 1 << (n % 64)
	at := 0
	if n == 1 {
		at = headerSize
	}
	cells := int(binary.BigEndian.Uint16(page[at+3:]))
	if page[at] != interiorTable || at+12+2*cells > db.usable {
		return
	}
	page = append([]byte(nil), page...)
	for i := range cells {
		if cell := int(binary.BigEndian.Uint16(page[at+12+2*i:])); cell+4 <= db.usable {
			db.reach(int(binary.BigEndian.Uint32(page[cell:])), depth+1, reached)
		}
	}
	db.reach(int(binary.BigEndian.Uint32(page[at+8:])), depth+1, reached)
}

// spared gives each row of a stretch to the table that it fits best; to none
// when it fits several alike.
func (db *DB) spared(b []byte, at int64, kind string) {
	if db.spare.held > maxHeld {
		db.spare.full = true
		return
	}
	if zero(b) {
		return
	}
	carve(b, at, func(c carved, n int) bool {
		best, most, tie := (*Table)(nil), 0, false
		for _, t := range db.tables {
			if t.withoutRowID {
				continue
			}
			switch s := fit(t, c.payload, c.known); {
			case s > most:
				best, most, tie = t, s, false
			case s > 0 && s == most:
				tie = true
			}
		}
		if best == nil || tie {
			return false
		}
		c.payload, c.kind = append([]byte(nil), c.payload...), kind
		db.spare.of[best] = append(db.spare.of[best], c)
		db.spare.held += n
		return true
	})
}
