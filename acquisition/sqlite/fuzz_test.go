package sqlite

import (
	"bytes"
	"encoding/binary"
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
		readAll(t, db, len(b)+len(log))
	})
}

// readAll reads every value of every row in every way; the rows of a table
// cannot be more than ten for each byte.
func readAll(t *testing.T, db *DB, size int) {
	for _, tab := range db.Tables() {
		n := 0
		for r := range tab.Rows(append(tab.Columns[:len(tab.Columns):len(tab.Columns)], "ROWID")...) {
			for i := range len(tab.Columns) + 1 {
				r.Int(i)
				r.Float(i)
				_ = r.Text(i)
				r.Value(i)
			}
			if n++; n > 10*size {
				t.Fatalf("%d rows in %d bytes", n, size)
			}
		}
	}
}

// sign gives every frame of a log, and its header, the salts and checksums that
// make it valid: whoever hands in evidence can do so too.
func sign(log []byte, page int) []byte {
	if len(log) < walHeader {
		return log
	}
	copy(log, octets("377f0682 002de218"))
	binary.BigEndian.PutUint32(log[8:], uint32(page))
	s0, s1 := checksum(binary.LittleEndian, log[:24], 0, 0)
	binary.BigEndian.PutUint32(log[24:], s0)
	binary.BigEndian.PutUint32(log[28:], s1)
	for at := walHeader; at+frameHeader+page <= len(log); at += frameHeader + page {
		f := log[at : at+frameHeader+page]
		copy(f[8:16], log[16:24])
		s0, s1 = checksum(binary.LittleEndian, f[:8], s0, s1)
		s0, s1 = checksum(binary.LittleEndian, f[frameHeader:], s0, s1)
		binary.BigEndian.PutUint32(f[16:], s0)
		binary.BigEndian.PutUint32(f[20:], s1)
	}
	return log
}

// FuzzWAL reads a database with a hostile log whose checksums are right.
func FuzzWAL(f *testing.F) {
	path := filepath.Join(f.TempDir(), "a")
	database(f, path, `pragma page_size=512`, `pragma journal_mode=wal`, `create table t(a, b)`, `insert into t values(1,'one'),(2,'two')`, `update t set b='three' where a=1`)
	base, log := bytesOf(f, path), bytesOf(f, path+"-wal")
	f.Add(log)
	if db, err := Open(file(base), file(sign(bytes.Clone(log), 512))); err != nil || len(rowsOf(db.Table("t"))) != 2 {
		f.Fatalf("a log that is signed anew does not count: %v", err)
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		log = sign(bytes.Clone(log), 512)
		for _, b := range [][]byte{base, nil} {
			if db, err := Open(file(b), file(log)); err == nil {
				readAll(t, db, len(b)+len(log))
			}
		}
	})
}

// A log may claim a size of the database that would fill the memory.
func TestWALThatClaimsMore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	database(t, path, `pragma page_size=512`, `pragma journal_mode=wal`, `create table t(a, b)`, `insert into t values(1,'one')`)
	log := bytesOf(t, path+"-wal")
	last := len(log) - 512 - frameHeader
	binary.BigEndian.PutUint32(log[last+4:], 1<<32-1)
	db, err := Open(file(bytesOf(t, path)), file(sign(log, 512)))
	if err != nil {
		t.Fatal(err)
	}
	if db.count > 20 || len(rowsOf(db.Table("t"))) != 1 {
		t.Errorf("%d pages, %d rows", db.count, len(rowsOf(db.Table("t"))))
	}
}
