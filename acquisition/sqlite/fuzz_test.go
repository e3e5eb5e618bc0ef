package sqlite

import (
	"path/filepath"
	"testing"
)

// FuzzOpen walks every table of a hostile database with a hostile log.
func FuzzOpen(f *testing.F) {
	dir := f.TempDir()
	add := func(name string, statements ...string) {
		path := filepath.Join(dir, name)
		db := database(f, path, statements...)
		db.Close()
		f.Add(bytesOf(f, path), []byte{})
	}
	add("a", `pragma page_size=512`, `create table t(id integer primary key, a text, b blob)`, `insert into t values(1,'one',x'0102'),(2,'two and more',null),(3,hex(zeroblob(600)),x'')`, `delete from t where id=2`)
	add("b", `pragma page_size=512`, `create table t(a text, b int, primary key(b)) without rowid`, `insert into t values('x',1),('y',2)`, `create index i on t(a)`)
	path := filepath.Join(dir, "c")
	database(f, path, `pragma page_size=512`, `pragma journal_mode=wal`, `create table t(a, b)`, `insert into t values(1,'one'),(2,'two')`, `update t set b='three' where a=1`)
	f.Add(bytesOf(f, path), bytesOf(f, path+"-wal"))
	f.Fuzz(func(t *testing.T, b, log []byte) {
		db, err := Open(file(b), file(log))
		if err != nil {
			return
		}
		for _, tab := range db.Tables() {
			n := 0
			for r := range tab.Rows(append(tab.Columns, "ROWID")...) {
				for i := range len(tab.Columns) + 1 {
					r.Int(i)
					r.Float(i)
					_ = r.Text(i)
					r.Value(i)
				}
				if n++; n > 10*len(b)+10*len(log) {
					t.Fatalf("%d rows in %d bytes", n, len(b)+len(log))
				}
			}
		}
	})
}
