package sqlite

import (
	"errors"
	"iter"
)

// DB is an open database. It may be read from one goroutine at a time.
type DB struct {
	tables []*Table
	damage []Damage
}

// Damage is a part that could not be read.
type Damage struct {
	Page int // from 1; 0: the file as a whole
	Why  string
}

// Damage lists what could not be read so far; walking a table may add to it.
func (db *DB) Damage() []Damage { return db.damage }

// Tables lists the tables of the schema, in its order.
func (db *DB) Tables() []*Table { return db.tables }

// Table returns a table by its name, in any case; nil when there is none. A nil
// table has no columns and no rows.
func (db *DB) Table(name string) *Table { return nil }

// Table is one table.
type Table struct {
	Name    string
	Columns []string // as declared
}

// Has tells whether the table has the column, in any case.
func (t *Table) Has(column string) bool { return false }

// Rows walks the rows: the live ones in the order of the b-tree, then deleted
// ones that still stand, with Row.Recovered set. Values come in the order of
// columns; one that the table does not have is NULL in every row. "ROWID" is
// the row's id. The Row is reused: it is valid until the next.
func (t *Table) Rows(columns ...string) iter.Seq[*Row] { return func(func(*Row) bool) {} }

// Row is one row. Its methods take the index of a column asked for.
type Row struct {
	ID        int64  // rowid; 0 in a table without one, or when it is not known
	Offset    int64  // of the record in the database file, or in the log for one from there
	Recovered string // "free page", "unused part of a page", "older WAL frame"; empty for a live row
}

// Null tells whether the value is NULL.
func (r *Row) Null(i int) bool { return true }

// Int returns an integer, a real cut to one, or a text that spells one; else 0.
func (r *Row) Int(i int) int64 { return 0 }

// Float returns a real or an integer; else 0.
func (r *Row) Float(i int) float64 { return 0 }

// Text returns a text, a blob as text, or a number spelled; "" for NULL. The
// string is a copy.
func (r *Row) Text(i int) string { return "" }

// Blob returns a blob or a text, valid until the next row; nil for NULL.
func (r *Row) Blob(i int) []byte { return nil }

func open(db, wal File) (*DB, error) { return nil, errors.ErrUnsupported }
