package sqlite

import (
	"fmt"
	"iter"
	"strings"
)

// DB is an open database. It may be read from one goroutine at a time.
type DB struct {
	pager
	header
	tables []*Table
	damage []Damage
	noted  map[Damage]bool
	trees  [][2]int // of indexes: root pages
	spare  *spare   // pages that belong to no b-tree, once they were looked for
}

// Damage is a part that could not be read.
type Damage struct {
	Page int // from 1; 0: the file as a whole
	Why  string
}

const maxDamage = 1000 // parts that are written out

// Damage lists what could not be read so far; walking a table may add to it.
func (db *DB) Damage() []Damage { return db.damage }

func (db *DB) hurt(page int, why string) {
	d := Damage{page, why}
	if db.noted[d] || len(db.damage) > maxDamage {
		return
	}
	db.noted[d] = true
	if len(db.damage) == maxDamage {
		d = Damage{0, "and more that is not written out"}
	}
	db.damage = append(db.damage, d)
}

// Tables lists the tables of the schema, in its order.
func (db *DB) Tables() []*Table { return db.tables }

// Table returns a table by its name, in any case; nil when there is none. A nil
// table has no columns and no rows.
func (db *DB) Table(name string) *Table {
	for _, t := range db.tables {
		if strings.EqualFold(t.Name, name) {
			return t
		}
	}
	return nil
}

// Table is one table.
type Table struct {
	Name    string
	Columns []string // as declared

	db   *DB
	root int
	declared
}

// Has tells whether the table has the column, in any case.
func (t *Table) Has(column string) bool {
	if t == nil {
		return false
	}
	for _, c := range t.Columns {
		if strings.EqualFold(c, column) {
			return true
		}
	}
	return false
}

// Rows walks the rows: the live ones in the order of the b-tree, then deleted
// ones that still stand, with Row.Recovered set. Values come in the order of
// columns; one that the table does not have is NULL in every row. "ROWID" is
// the row's id. The Row is reused: it is valid until the next.
func (t *Table) Rows(columns ...string) iter.Seq[*Row] {
	return func(yield func(*Row) bool) {
		if t == nil {
			return
		}
		w := &walk{t: t, yield: yield, seen: make([]uint64, t.db.count/64+1)}
		w.row = Row{shape: t.shape(columns), values: make([]value, len(columns)), encoding: t.db.encoding}
		if w.tree(t.root, 0) {
			w.recover()
		}
	}
}

// shape finds the columns asked for.
func (t *Table) shape(columns []string) *shape {
	s := &shape{n: len(columns), last: -1}
	stored := 0
	for _, c := range t.columns {
		if c.virtual {
			continue
		}
		s.slots, s.value = append(s.slots, nil), append(s.value, c.value)
		for i, name := range columns {
			switch {
			case !strings.EqualFold(name, c.name):
			case c.alias:
				s.rowid = append(s.rowid, i)
			default:
				s.slots[stored] = append(s.slots[stored], i)
				s.last = stored
			}
		}
		stored++
	}
	for i, name := range columns {
		if strings.EqualFold(name, "ROWID") && !t.Has(name) && !t.withoutRowID {
			s.rowid = append(s.rowid, i)
		}
	}
	return s
}

func open(file, log File) (*DB, error) {
	head := make([]byte, headerSize)
	n, err := file.ReadAt(head, 0)
	if n < headerSize {
		if n == 0 && file.Size == 0 {
			return openEmpty(file, log)
		}
		return nil, fmt.Errorf("%w: %d bytes%s", ErrNotDatabase, n, because(err))
	}
	db := &DB{noted: map[Damage]bool{}}
	if db.header, err = readHeader(head); err != nil {
		return nil, err
	}
	db.pager = pager{file: file, size: db.pageSize, usable: db.pageSize - db.reserved, runs: map[int]*run{},
		wal: openWAL(log, db.pageSize), count: int((file.Size + int64(db.pageSize) - 1) / int64(db.pageSize))}
	if db.wal != nil {
		if db.wal.damage != "" {
			db.hurt(0, db.wal.damage)
		}
		db.count = max(db.count, db.wal.pages)
	}
	db.readSchema()
	if len(db.tables) == 0 && len(db.damage) > 0 {
		return db, fmt.Errorf("%w: not even the list of tables can be read: %s", ErrDamaged, db.damage[0].Why)
	}
	return db, nil
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return ": " + err.Error()
}

// openEmpty opens a file of no bytes: a database without tables, unless all of
// it still stands in its log.
func openEmpty(file, log File) (*DB, error) {
	if log.ReaderAt == nil || log.Size < walHeader+frameHeader+minPage {
		return &DB{noted: map[Damage]bool{}}, nil
	}
	head := make([]byte, walHeader+frameHeader+headerSize)
	if n, err := log.ReadAt(head, 0); n < len(head) {
		return nil, fmt.Errorf("%w%s", ErrNotDatabase, because(err))
	}
	h, err := readHeader(head[walHeader+frameHeader:])
	if err != nil {
		return nil, err
	}
	db := &DB{noted: map[Damage]bool{}, header: h}
	db.pager = pager{file: file, size: h.pageSize, usable: h.pageSize - h.reserved, runs: map[int]*run{}, wal: openWAL(log, h.pageSize)}
	db.count = db.wal.pages
	db.readSchema()
	return db, nil
}

// readSchema reads the table of tables, whose root is page 1.
func (db *DB) readSchema() {
	schema := &Table{Name: "sqlite_schema", db: db, root: 1, Columns: []string{"type", "name", "tbl_name", "rootpage", "sql"}}
	for _, name := range schema.Columns {
		schema.columns = append(schema.columns, column{name: name, affinity: 't'})
	}
	schema.columns[3].affinity = 'i'
	seen := map[string]bool{}
	for row := range schema.Rows(schema.Columns...) {
		root := row.Int(3)
		if row.Recovered != "" || root <= 0 || root > int64(db.count) {
			continue
		}
		if row.Text(0) == "index" {
			db.trees = append(db.trees, [2]int{int(root), 0})
		}
		if row.Text(0) != "table" || seen[row.Text(1)] {
			continue
		}
		t := &Table{Name: row.Text(1), db: db, root: int(root), declared: parseCreate(row.Text(4))}
		for _, c := range t.columns {
			t.Columns = append(t.Columns, c.name)
		}
		seen[t.Name] = true
		db.tables = append(db.tables, t)
	}
}
