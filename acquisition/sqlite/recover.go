package sqlite

import (
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"slices"
)

// spare are rows on pages that belong to no b-tree, by the table that they fit.
type spare struct {
	of     map[*Table][]carved
	held   int
	full   bool
	lost   bool // pages that a broken b-tree lost were looked for
	torn   int  // rows that fit several tables alike
	owners map[int]*Table
}

var hashSeed = maphash.MakeSeed()

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
	if w.hurt && !db.spare.lost {
		db.spare.lost = true
		db.lost()
	}
	if w.full || db.spare.full {
		db.hurt(0, "", w.t.Name+": more deleted rows may stand than are given")
	}
	found := append(w.found, db.spare.of[w.t]...)
	if len(found) == 0 {
		return
	}
	// Those whose id is known first, so that the same without one is no other.
	slices.SortStableFunc(found, func(a, b carved) int {
		switch {
		case a.known == b.known:
			return 0
		case a.known:
			return -1
		}
		return 1
	})
	given := w.alive(found)
	for i := range found {
		c := &found[i]
		if given.has(c) {
			continue
		}
		w.row.ID, w.row.Offset, w.row.Recovered = c.id, c.at, c.kind
		if c.known && given.ids[c.id] {
			w.row.Recovered = "older version in " + c.kind
		}
		if w.row.decode(c.payload) == nil && !w.yield(&w.row) {
			return
		}
	}
}

// version is a row's content under an id.
type version struct {
	id  int64
	sum uint64
}

// versions are the rows that were given, as far as candidates resemble them.
type versions struct {
	ids  map[int64]bool   // true: alive
	sums map[uint64]bool  // of contents, true: given
	both map[version]bool // given
}

// has tells whether a candidate was given, and counts it as given from now on.
func (v *versions) has(c *carved) bool {
	sum := maphash.Bytes(hashSeed, c.payload)
	old := v.sums[sum]
	if c.known {
		old = v.both[version{c.id, sum}]
	}
	v.sums[sum], v.both[version{c.id, sum}] = true, true
	return old
}

// alive compares the live rows with the candidates. A candidate never goes on
// in overflow pages, so these are not read.
func (w *walk) alive(found []carved) *versions {
	v := &versions{map[int64]bool{}, map[uint64]bool{}, map[version]bool{}}
	for i := range found {
		v.ids[found[i].id] = false
		v.sums[maphash.Bytes(hashSeed, found[i].payload)] = false
	}
	again := &walk{t: w.t, again: true, seen: make([]uint64, len(w.seen))}
	again.row = Row{shape: &shape{last: -1}}
	again.yield = func(r *Row) bool {
		if _, ok := v.ids[r.ID]; ok {
			v.ids[r.ID] = true
		}
		sum := maphash.Bytes(hashSeed, r.payload)
		if _, ok := v.sums[sum]; ok {
			v.sums[sum], v.both[version{r.ID, sum}] = true, true
		}
		return true
	}
	again.tree(w.t.root, 0)
	return v
}

// freed looks for rows on the pages of the list of free pages (§1.5).
func (db *DB) freed() {
	const list = "the list of free pages"
	seen := map[int]bool{}
	for trunk := db.freelist; trunk != 0 && !seen[trunk]; {
		seen[trunk] = true
		page, err := db.page(trunk)
		if err != nil {
			db.hurt(trunk, list, err.Error())
			return
		}
		page = slices.Clone(page[:db.usable])
		n := int(binary.BigEndian.Uint32(page[4:]))
		if 8+4*n > db.usable {
			db.hurt(trunk, list, fmt.Sprintf("it names %d on one page", n))
			n = 0
		}
		db.spared(page[8+4*n:], 0, db.offset(trunk)+int64(8+4*n), "free page")
		for i := range n {
			leaf := int(binary.BigEndian.Uint32(page[8+4*i:]))
			if seen[leaf] {
				continue
			}
			seen[leaf] = true
			b, err := db.page(leaf)
			if err != nil {
				db.hurt(leaf, list, err.Error())
				continue
			}
			db.spared(b[:db.usable], 0, db.offset(leaf), "free page")
		}
		trunk = int(binary.BigEndian.Uint32(page))
	}
}

// older looks for rows in frames of the log that hold older versions of pages.
func (db *DB) older() {
	if db.wal == nil || len(db.wal.old) == 0 {
		return
	}
	db.spare.owners = map[int]*Table{}
	for _, t := range db.tables {
		db.own(t, t.root, 0)
	}
	for _, f := range db.wal.old {
		b, err := db.wal.content(f.at)
		if err != nil {
			db.hurt(0, "", err.Error())
			return
		}
		if b[0] == leafTable {
			db.spared(b[:db.usable], f.page, f.at, f.kind)
		}
	}
}

// own notes which pages belong to a table.
func (db *DB) own(t *Table, n, depth int) {
	if db.spare.owners[n] != nil || depth > maxDepth {
		return
	}
	page, err := db.page(n)
	if err != nil {
		return // named when the table is read
	}
	db.spare.owners[n] = t
	for _, child := range db.children(n, page) {
		db.own(t, child, depth+1)
	}
}

// children lists the pages below an interior page of a table.
func (db *DB) children(n int, page []byte) (all []int) {
	at := 0
	if n == 1 {
		at = headerSize
	}
	cells := int(binary.BigEndian.Uint16(page[at+3:]))
	if page[at] != interiorTable || at+12+2*cells > db.usable {
		return nil
	}
	for i := range cells {
		if cell := int(binary.BigEndian.Uint16(page[at+12+2*i:])); cell+4 <= db.usable {
			all = append(all, int(binary.BigEndian.Uint32(page[cell:])))
		}
	}
	return append(all, int(binary.BigEndian.Uint32(page[at+8:])))
}

// lost looks for rows on leaves that no b-tree reaches, once one is broken.
func (db *DB) lost() {
	reached := make([]uint64, db.count/64+1)
	db.reach(1, 0, reached)
	for _, t := range db.tables {
		db.reach(t.root, 0, reached)
	}
	db.spare.torn = 0
	for n := 2; n <= db.count; n++ {
		if reached[n/64]&(1<<(n%64)) != 0 {
			continue
		}
		if b, err := db.page(n); err == nil && b[0] == leafTable {
			db.spared(b[:db.usable], 0, db.offset(n), "lost page")
		}
	}
	if n := db.spare.torn; n > 0 {
		db.hurt(0, "", fmt.Sprintf("%d rows on lost pages fit several tables alike and are given in none", n))
	}
}

func (db *DB) reach(n, depth int, reached []uint64) {
	page, err := db.page(n)
	if err != nil || depth > maxDepth || reached[n/64]&(1<<(n%64)) != 0 {
		return
	}
	reached[n/64] |= 1 << (n % 64)
	for _, child := range db.children(n, page) {
		db.reach(child, depth+1, reached)
	}
}

// spared gives each row of a stretch to the table that owns the page, else to
// the one that it fits best; to none when it fits several alike.
func (db *DB) spared(b []byte, page int, at int64, kind string) {
	if zero(b) {
		return
	}
	owner := db.spare.owners[page]
	if owner != nil && owner.withoutRowID {
		owner = nil
	}
	whose := func(payload []byte, known bool) (t *Table, tie bool) {
		if owner != nil && fit(owner, payload, known) > 0 {
			return owner, false
		}
		return db.best(payload, known)
	}
	anyones := func(payload []byte, known bool) bool {
		t, tie := whose(payload, known)
		return t != nil || tie
	}
	for c := range rowsIn(b, owner, anyones) {
		if db.spare.held > maxHeld || db.tries > maxTries {
			db.spare.full = true
			return
		}
		t, tie := whose(c.payload, c.known)
		if tie {
			db.spare.torn++
			continue
		}
		c.at += at
		c.payload, c.kind = slices.Clone(c.payload), kind+c.kind
		db.spare.of[t] = append(db.spare.of[t], c)
		db.spare.held += len(c.payload)
	}
}

// best is the table that a row fits best; tie: several fit it alike.
func (db *DB) best(payload []byte, known bool) (best *Table, tie bool) {
	most := 0
	for _, t := range db.tables {
		if t.withoutRowID {
			continue
		}
		switch s := fit(t, payload, known); {
		case s > most:
			best, most, tie = t, s, false
		case s > 0 && s == most:
			tie = true
		}
	}
	if tie {
		return nil, true
	}
	return best, false
}
