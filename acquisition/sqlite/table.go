package sqlite

import (
	"fmt"
	"iter"
	"math"
	"strings"
)

// DB is an open database. It may be read from one goroutine at a time.
type DB struct {
	pager
	header
	tables []*Table
	damage []Damage
	noted  map[Damage]bool // by page and table, which a page is noted once for
	tries  int             // values compared while looking for deleted rows
	spare  *spare          // rows on pages that belong to no b-tree, once they were looked for
}

// Damage is a part that could not be read.
type Damage struct {
	Page int // from 1; 0: the file as a whole
	Why  string
}

// Limits of what is kept of a database that is hostile.
const (
	maxDamage = 1000    // parts that are written out
	maxSQL    = 4 << 20 // bytes of one table's declaration; the engine takes 1,000,000
	maxTables = 4096
)

// Damage lists what could not be read so far; walking a table may add to it.
func (db *DB) Damage() []Damage { return db.damage }

// hurt notes damage. A page is noted once for what was being read, which for
// the file as a whole is why itself.
func (db *DB) hurt(page int, reading, why string) {
	d := Damage{page, why}
	once := Damage{page, reading}
	if page == 0 {
		once = d
	}
	if db.noted[once] || len(db.damage) > maxDamage {
		return
	}
	db.noted[once] = true
	if reading != "" {
		d.Why = reading + ": " + why
	}
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
	s := &shape{last: -1}
	for stored, c := range t.stored {
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
		db.count = db.wal.reach(db.count)
		db.overlaid()
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
	if db.wal == nil {
		return nil, fmt.Errorf("%w: an empty file and a log that cannot be read", ErrNotDatabase)
	}
	db.count = db.wal.reach(0)
	db.overlaid()
	db.readSchema()
	return db, nil
}

// overlaid takes from a committed first page in the log what the file's header
// says of older times.
func (db *DB) overlaid() {
	if db.wal.damage != "" {
		db.hurt(0, "", db.wal.damage)
	}
	page, err := db.wal.page(1)
	if err != nil {
		db.hurt(1, "", err.Error())
	}
	if h, err := readHeader(page); err == nil && h.pageSize == db.pageSize {
		db.header = h
		db.usable = h.pageSize - h.reserved
	}
}

// readSchema reads the table of tables, whose root is page 1.
func (db *DB) readSchema() {
	schema := &Table{Name: "sqlite_schema", db: db, root: 1, Columns: []string{"type", "name", "tbl_name", "rootpage", "sql"}}
	for _, name := range schema.Columns {
		schema.stored = append(schema.stored, column{name: name, affinity: 't'})
	}
	schema.stored[3].affinity = 'i'
	seen := map[string]bool{}
	for row := range schema.Rows(schema.Columns...) {
		root := row.Int(3)
		if row.Text(0) != "table" || root == 0 { // a virtual table has no root
			continue
		}
		name, sql := row.Text(1), row.Blob(4)
		if seen[name] || root < 0 || root > math.MaxInt32 || len(sql) > maxSQL || len(db.tables) >= maxTables {
			db.hurt(0, "", fmt.Sprintf("the schema's table %q with root page %d and %d bytes of SQL was left out", name, root, len(sql)))
			continue
		}
		t := &Table{Name: name, db: db, root: int(root), declared: parseCreate(row.Text(4))}
		t.Columns = t.names
		if len(t.columns) > maxColumns {
			db.hurt(0, "", fmt.Sprintf("the table %q with %d columns was left out", name, len(t.columns)))
			continue
		}
		seen[t.Name] = true
		db.tables = append(db.tables, t)
	}
}
