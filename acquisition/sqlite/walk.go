package sqlite

import (
	"encoding/binary"
	"fmt"
)

// Types of b-tree pages (file format §1.6).
const (
	interiorIndex = 2
	interiorTable = 5
	leafIndex     = 10
	leafTable     = 13
)

// walk goes over the rows of one table.
type walk struct {
	t       *Table
	yield   func(*Row) bool
	row     Row
	seen    []uint64 // pages, a bit each
	leaf    []byte   // the leaf at work: what a row points into
	long    []byte   // a payload that goes on in overflow pages
	hurt    bool     // something of this table could not be read
	found   []carved // candidates for deleted rows
	held    int      // bytes of these
	chained int      // overflow pages that rows said to have
	full    bool     // there was more than is kept
	again   bool     // the second time: only ids and what stands on leaves
}

// tree walks the pages below n; false ends the walk.
func (w *walk) tree(n, depth int) bool {
	db := w.t.db
	page, err := db.page(n)
	switch {
	case err != nil:
		return w.damaged(n, err.Error())
	case depth > maxDepth:
		return w.damaged(n, "a b-tree deeper than any is")
	case w.seen[n/64]&(1<<(n%64)) != 0:
		return w.damaged(n, "a b-tree that comes back to a page")
	}
	w.seen[n/64] |= 1 << (n % 64)
	at := 0
	if n == 1 {
		at = headerSize
	}
	kind := page[at]
	cells := int(binary.BigEndian.Uint16(page[at+3:]))
	room := 8
	if kind == interiorTable || kind == interiorIndex {
		room = 12
	}
	if at+room+2*cells > db.usable {
		return w.damaged(n, fmt.Sprintf("%d cells do not fit on a page", cells))
	}
	if index := kind == leafIndex || kind == interiorIndex; index != w.t.withoutRowID {
		return w.damaged(n, fmt.Sprintf("a page of type %d in a b-tree of another kind", kind))
	}
	switch kind {
	case leafTable, leafIndex:
		w.leaf = append(w.leaf[:0], page...)
		return w.cells(n, at, cells, kind)
	case interiorTable, interiorIndex:
		return w.interior(append([]byte(nil), page...), n, at, cells, depth)
	}
	return w.damaged(n, fmt.Sprintf("a page of type %d in a b-tree", kind))
}

// interior walks the children of a page, and in a table without rowid the rows
// between them.
func (w *walk) interior(page []byte, n, at, cells, depth int) bool {
	for i := range cells {
		cell := int(binary.BigEndian.Uint16(page[at+12+2*i:]))
		if cell < at+12 || cell+4 > w.t.db.usable {
			if !w.damaged(n, "a cell outside of its page") {
				return false
			}
			continue
		}
		if !w.tree(int(binary.BigEndian.Uint32(page[cell:])), depth+1) {
			return false
		}
		if page[at] == interiorIndex {
			w.leaf = append(w.leaf[:0], page...)
			if !w.cell(n, cell+4, leafIndex) {
				return false
			}
		}
	}
	return w.tree(int(binary.BigEndian.Uint32(page[at+8:])), depth+1)
}

func (w *walk) cells(n, at, cells int, kind byte) bool {
	low := w.t.db.usable
	for i := range cells {
		cell := int(binary.BigEndian.Uint16(w.leaf[at+8+2*i:]))
		if cell < at+8+2*cells || cell >= w.t.db.usable {
			if !w.damaged(n, "a cell outside of its page") {
				return false
			}
			continue
		}
		low = min(low, cell)
		if !w.cell(n, cell, kind) {
			return false
		}
	}
	w.unused(n, at, cells, low)
	return true
}

// cell gives the row of one cell of the leaf at work.
func (w *walk) cell(n, at int, kind byte) bool {
	db := w.t.db
	w.row.ID = 0
	size, k := varint(w.leaf[at:db.usable])
	at0 := at
	at += k
	if kind == leafTable && k > 0 {
		id, m := varint(w.leaf[at:db.usable])
		w.row.ID = int64(id)
		at, k = at+m, m
	}
	if k == 0 || size > maxRow {
		return w.damaged(n, fmt.Sprintf("a cell at %d whose length is wrong", at0))
	}
	local := localSize(int(size), db.usable, kind)
	if at+local > db.usable {
		return w.damaged(n, fmt.Sprintf("a cell at %d that reaches out of its page", at0))
	}
	payload := w.leaf[at : at+local]
	if local < int(size) {
		var err error
		if payload, err = w.overflow(payload, int(size), at+local); err != nil {
			return w.damaged(n, err.Error())
		}
	}
	if err := w.row.decode(payload); err != nil {
		return w.damaged(n, err.Error())
	}
	w.row.Offset = db.offset(n) + int64(at0)
	return w.yield(&w.row)
}

// localSize is how much of a payload stands on the page itself (§1.6).
func localSize(size, usable int, kind byte) int {
	most := usable - 35
	if kind != leafTable {
		most = (usable-12)*64/255 - 23
	}
	if size <= most {
		return size
	}
	least := (usable-12)*32/255 - 23
	n := least + (size-least)%(usable-4)
	if n > most {
		return least
	}
	return n
}

// overflow gathers a payload that goes on in other pages.
func (w *walk) overflow(first []byte, size, at int) ([]byte, error) {
	db := w.t.db
	if w.again {
		return first, nil
	}
	if at+4 > db.usable {
		return nil, fmt.Errorf("an overflow chain that begins outside of its page")
	}
	next := int(binary.BigEndian.Uint32(w.leaf[at:]))
	// An overflow page belongs to one row: all rows together cannot have more
	// than the file, however their chains cross.
	if w.chained += (size - len(first)) / (db.usable - 4); w.chained > db.count {
		return nil, fmt.Errorf("a row of %d bytes in overflow pages that others have", size)
	}
	w.long = append(w.long[:0], first...)
	for len(w.long) < size {
		page, err := db.page(next)
		if err != nil {
			return nil, fmt.Errorf("an overflow chain is broken: %w", err)
		}
		n := min(size-len(w.long), db.usable-4)
		w.long = append(w.long, page[4:4+n]...)
		next = int(binary.BigEndian.Uint32(page))
	}
	return w.long, nil
}

func (w *walk) damaged(n int, why string) bool {
	w.hurt = true
	w.t.db.hurt(n, w.t.Name, why)
	return true
}

// offset is where a page's content stands: in the file, or in the log.
func (p *pager) offset(n int) int64 {
	if p.wal != nil {
		if at, ok := p.wal.live[n]; ok {
			return at
		}
	}
	return int64(n-1) * int64(p.size)
}
