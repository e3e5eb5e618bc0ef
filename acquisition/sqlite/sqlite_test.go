package sqlite

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	_ "modernc.org/sqlite"
)

// database makes a database with the reference engine.
func database(t testing.TB, path string, statements ...string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { db.Close() })
	for _, s := range statements {
		if _, err := db.Exec(s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
	return db
}

func bytesOf(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func file(b []byte) File { return File{bytes.NewReader(b), int64(len(b))} }

// rows reads every row of a table, the live ones and the others.
func rows(t *Table, columns ...string) (live [][]any, recovered map[string][][]any) {
	recovered = map[string][][]any{}
	for r := range t.Rows(columns...) {
		row := []any{r.ID}
		for i := range columns {
			row = append(row, r.Value(i))
		}
		if r.Recovered == "" {
			live = append(live, row)
		} else {
			recovered[r.Recovered] = append(recovered[r.Recovered], row)
		}
	}
	return live, recovered
}

// engine reads every row with the reference engine.
func engine(t testing.TB, db *sql.DB, query string) (all [][]any) {
	t.Helper()
	rs, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rs.Close()
	columns, _ := rs.Columns()
	for rs.Next() {
		row, to := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			to[i] = &row[i]
		}
		if err := rs.Scan(to...); err != nil {
			t.Fatal(err)
		}
		all = append(all, row)
	}
	return all
}

// same compares every table of a file with what the reference engine reads.
func same(t *testing.T, path string) {
	t.Helper()
	ref := database(t, path)
	var wal File
	if b, err := os.ReadFile(path + "-wal"); err == nil {
		wal = file(b)
	}
	db, err := Open(file(bytesOf(t, path)), wal)
	if err != nil {
		t.Fatal(err)
	}
	compared := 0
	for _, tab := range db.Tables() {
		if len(tab.Columns) == 0 {
			continue
		}
		quoted := make([]string, len(tab.Columns))
		for i, c := range tab.Columns {
			quoted[i] = `typeof("` + strings.ReplaceAll(c, `"`, `""`) + `"), "` + strings.ReplaceAll(c, `"`, `""`) + `"`
		}
		id := "rowid"
		if tab.withoutRowID {
			id = "0"
		}
		want := engine(t, ref, fmt.Sprintf(`select %s, %s from "%s"`, id, strings.Join(quoted, ","), strings.ReplaceAll(tab.Name, `"`, `""`)))
		got, _ := rows(tab, tab.Columns...)
		if len(got) != len(want) {
			t.Errorf("%s: %d rows, not %d", tab.Name, len(got), len(want))
			continue
		}
		for i := range got {
			for j := range tab.Columns {
				w := want[i][2+2*j]
				if kind := want[i][1+2*j]; kind == "blob" && w == nil {
					w = []byte{}
				} else if b, ok := w.([]byte); ok && kind == "text" {
					w = string(b)
				}
				if g := got[i][1+j]; !alike(g, w) {
					t.Fatalf("%s row %d column %s: %#v, not %#v", tab.Name, i, tab.Columns[j], g, w)
				}
			}
			if got[i][0] != want[i][0] {
				t.Fatalf("%s row %d has id %v, not %v", tab.Name, i, got[i][0], want[i][0])
			}
		}
		compared += len(got)
	}
	if d := db.Damage(); len(d) > 0 {
		t.Errorf("damage in a whole database: %v", d[0])
	}
	t.Logf("%d tables, %d rows", len(db.Tables()), compared)
}

// alike: a column declared REAL may store 1.0 as the integer 1, and a column of
// type DATE comes back from the reference engine as a time.
func alike(got, want any) bool {
	if reflect.DeepEqual(got, want) {
		return true
	}
	g, ok := got.(int64)
	w, ok2 := want.(float64)
	return ok && ok2 && float64(g) == w
}

const words = "with recursive n(i) as (select 1 union all select i+1 from n where i < %d) "

func TestSameAsTheEngine(t *testing.T) {
	for name, statements := range map[string][]string{
		"types": {`create table t(id integer primary key, a text, b blob, c real, d int, e)`,
			`insert into t values(1,'ä☎',x'00ff',1.5,-1,null),(5,'',x'',2.0,9223372036854775807,'x'),(-7,null,null,-0.25,-9223372036854775808,x'01')`,
			`insert into t(d) values(0),(1),(127),(128),(-129),(32768),(8388608),(2147483648),(140737488355328)`},
		"many rows":         {`create table t(a, b text)`, fmt.Sprintf(words, 20000) + `insert into t select i, 'row ' || i from n`},
		"overflow":          {`create table t(id integer primary key, a text)`, fmt.Sprintf(words, 60) + `insert into t select i, hex(zeroblob(i*i*37)) from n`},
		"without rowid":     {`create table t(a text, b int, c text, primary key(c, b)) without rowid`, fmt.Sprintf(words, 5000) + `insert into t select 'x'||i, i, 'key'||(i%77) from n`},
		"added columns":     {`create table t(a)`, `insert into t values(1)`, `alter table t add column b text default 'old'`, `alter table t add column c int default -3`, `insert into t values(2,'new',4)`},
		"names":             {`create table "odd ""name""" ("a b" text /* c */, [d] int, 'e' int, ` + "`f` int -- g\n" + `, check (d > 0), constraint x unique ("a b", d))`, `insert into "odd ""name""" values('1',2,3,4)`},
		"generated":         {`create table t(a int, c int as (a*3) stored, d text)`, `insert into t(a,d) values(1,'x'),(2,'y')`},
		"UTF-16":            {`pragma encoding='UTF-16le'`, `create table t(a text)`, `insert into t values('ä☎𝄞'),('plain')`},
		"UTF-16be":          {`pragma encoding='UTF-16be'`, `create table t(a text)`, `insert into t values('ä☎𝄞')`},
		"small pages":       {`pragma page_size=512`, `create table t(a, b)`, fmt.Sprintf(words, 3000) + `insert into t select i, 'text '||i from n`},
		"large pages":       {`pragma page_size=65536`, `create table t(a, b)`, fmt.Sprintf(words, 3000) + `insert into t select i, hex(zeroblob(200)) from n`},
		"auto vacuum":       {`pragma auto_vacuum=full`, `create table t(a, b)`, fmt.Sprintf(words, 3000) + `insert into t select i, hex(zeroblob(200)) from n`, `delete from t where a % 3 = 0`},
		"deleted":           {`create table t(a int, b text)`, fmt.Sprintf(words, 5000) + `insert into t select i, 'message '||i from n`, `delete from t where a between 100 and 4000`},
		"key as constraint": {`create table t(id integer, b text, primary key(id))`, `insert into t values(3,'x'),(9,'y')`},
		"descending key":    {`create table t(id integer primary key desc, b text)`, `insert into t values(3,'x'),(9,'y')`},
		"int key":           {`create table t(id int primary key, b text)`, `insert into t values(3,'x'),(9,'y')`},
		"empty":             {`create table t(a)`},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "t.db")
			database(t, path, statements...).Close()
			same(t, path)
		})
	}
}

// What a writer committed to the log counts, what it did not does not.
func TestWAL(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "live.db")
	db := database(t, path, `pragma journal_mode=wal`, `pragma wal_autocheckpoint=0`, `create table t(id integer primary key, a text)`, `pragma wal_checkpoint(truncate)`,
		`insert into t values(1,'the first version of one'),(2,'the second row of all')`, `update t set a='one is now something else' where id=1`, `delete from t where id=2`,
		fmt.Sprintf(words, 2000)+`insert into t select i+10, 'row '||i from n`)
	copied := filepath.Join(dir, "copy.db")
	for _, end := range []string{"", "-wal"} {
		if err := os.WriteFile(copied+end, bytesOf(t, path+end), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db.Close()
	base, log := bytesOf(t, copied), bytesOf(t, copied+"-wal")
	got, err := Open(file(base), file(log))
	if err != nil {
		t.Fatal(err)
	}
	live, recovered := rows(got.Table("T"), "id", "a")
	if len(live) != 2001 || live[0][2] != "one is now something else" {
		t.Errorf("%d live rows, the first %v", len(live), live[0])
	}
	text := fmt.Sprint(recovered)
	for _, s := range []string{"the first version of one", "the second row of all"} {
		if !strings.Contains(text, s) {
			t.Errorf("%q is not recovered: %.300s", s, text)
		}
	}
	if d := got.Damage(); len(d) > 0 {
		t.Error(d)
	}
	same(t, copied)
	without, err := Open(file(base), File{})
	if err != nil {
		t.Fatal(err)
	}
	if live, _ := rows(without.Table("t"), "a"); len(live) != 0 {
		t.Errorf("without the log there are %d rows", len(live))
	}
	// Cut inside the last commit: what was committed before still counts.
	cut, err := Open(file(base), file(log[:len(log)-100]))
	if err != nil {
		t.Fatal(err)
	}
	if live, _ := rows(cut.Table("t"), "a"); len(live) != 1 {
		t.Errorf("with the last commit cut short there are %d rows", len(live))
	}
}

func TestDeletedRows(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	db := database(t, path, `create table message(id integer primary key, text text, date int, flag int)`, `create table other(a text, b text)`,
		fmt.Sprintf(words, 3000)+`insert into message select i, 'message number '||i||' of many', 700000000+i, i%2 from n`,
		fmt.Sprintf(words, 500)+`insert into other select 'other '||i, 'one' from n`)
	dead := map[string]bool{}
	random := rand.New(rand.NewPCG(1, 2))
	for range 40 {
		from := random.IntN(2900)
		for id := from; id < from+1+random.IntN(60); id++ {
			dead[fmt.Sprintf("message number %d of many", id)] = true
			if _, err := db.Exec(`delete from message where id=?`, id); err != nil {
				t.Fatal(err)
			}
		}
	}
	db.Close()
	got, err := Open(file(bytesOf(t, path)), File{})
	if err != nil {
		t.Fatal(err)
	}
	live, recovered := rows(got.Table("message"), "text", "date")
	alive := map[any]bool{}
	for _, r := range live {
		alive[r[1]] = true
	}
	found := map[any]bool{}
	for kind, rs := range recovered {
		for _, r := range rs {
			if text := r[1].(string); !dead[text] || alive[text] {
				t.Errorf("%s: %v was never deleted", kind, r)
			}
			if found[r[1]] {
				t.Errorf("%v is given twice", r)
			}
			found[r[1]] = true
		}
	}
	t.Logf("%d of %d deleted rows still stand", len(found), len(dead))
	if len(found) < len(dead)/2 {
		t.Errorf("only %d of %d deleted rows are found", len(found), len(dead))
	}
	if _, recovered := rows(got.Table("other"), "a"); len(recovered) > 0 {
		t.Errorf("rows of a table that lost none: %v", recovered)
	}
	same(t, path)
}

func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	database(t, path, `create table t(id integer primary key, a text)`, fmt.Sprintf(words, 20000)+`insert into t select i, 'row '||i from n`).Close()
	whole := bytesOf(t, path)
	test := func(name string, b []byte, least int) {
		t.Run(name, func(t *testing.T) {
			db, err := Open(file(b), File{})
			if err != nil {
				t.Fatal(err)
			}
			live, recovered := rows(db.Table("t"), "a")
			n := len(live) + len(recovered["lost page"])
			if n < least || len(db.Damage()) == 0 {
				t.Errorf("%d rows, %d damages", n, len(db.Damage()))
			}
		})
	}
	test("cut in half", whole[:len(whole)/2], 8000)
	test("cut within a page", whole[:len(whole)-1000], 19000)
	broken := bytes.Clone(whole)
	copy(broken[4096*10:], make([]byte, 4096))
	test("a page of zeros", broken, 19000)
	// The root of the table is page 2: all its leaves are lost, and found again.
	broken = bytes.Clone(whole)
	copy(broken[4096:], bytes.Repeat([]byte{0xff}, 4096))
	test("a broken root", broken, 19900)
	loop := bytes.Clone(whole)
	copy(loop[4096*1+8:], []byte{0, 0, 0, 2}) // the root's last child is the root
	test("a ring", loop, 19000)
	for name, b := range map[string][]byte{"nothing": []byte("x"), "a text": bytes.Repeat([]byte("hello "), 100), "cut header": whole[:60]} {
		if _, err := Open(file(b), File{}); !errors.Is(err, ErrNotDatabase) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if db, err := Open(File{bytes.NewReader(nil), 0}, File{}); err != nil || len(db.Tables()) != 0 {
		t.Errorf("an empty file is an empty database, not %v", err)
	}
	if len(rowsOf((*Table)(nil))) != 0 {
		t.Error("a table that is not there has rows")
	}
}

func rowsOf(t *Table) [][]any { live, _ := rows(t, "a"); return live }

func TestParseCreate(t *testing.T) {
	test := func(sql string, want ...string) {
		t.Helper()
		var got []string
		for _, c := range parseCreate(sql).columns {
			got = append(got, fmt.Sprintf("%s:%c:%v:%v", c.name, c.affinity, c.alias, c.value))
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, not %q", sql, got, want)
		}
	}
	test(`CREATE TABLE t(ROWID INTEGER PRIMARY KEY AUTOINCREMENT, guid TEXT UNIQUE NOT NULL, x)`, "ROWID:i:true:<nil>", "guid:t:false:<nil>", "x:b:false:<nil>")
	test(`CREATE TABLE t(a VARCHAR(10, 2) DEFAULT 'x''y', b DECIMAL DEFAULT (1), c DOUBLE PRECISION DEFAULT -1.5, d INTEGER DEFAULT 0x10)`, "a:t:false:x'y", "b:n:false:<nil>", "c:r:false:-1.5", "d:i:false:16")
	test(`CREATE TABLE t(id INTEGER, b, PRIMARY KEY(id ASC))`, "id:i:true:<nil>", "b:b:false:<nil>")
	test(`CREATE TABLE t(a INTEGER, b INTEGER, PRIMARY KEY(a, b))`, "a:i:false:<nil>", "b:i:false:<nil>")
	test(`CREATE TABLE t(`)
	test(``)
}

// Every file of the shared examples, when they are there, reads as the engine
// reads it.
func TestRealDatabases(t *testing.T) {
	found, _ := filepath.Glob("../../../shared/data/acquisitions/ios-backup/*/*")
	found = append(found, "../../../shared/data/acquisitions/ios-backup/Manifest.db")
	for _, path := range found {
		b, err := os.ReadFile(path)
		if err != nil || !bytes.HasPrefix(b, []byte("SQLite format 3")) {
			continue
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			copied := filepath.Join(t.TempDir(), "copy.db")
			if err := os.WriteFile(copied, b, 0o600); err != nil {
				t.Fatal(err)
			}
			same(t, copied)
		})
	}
}

// Of a file that ends after its schema, the tables are still named.
func TestTablesOfAFileCutShort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	database(t, path, `create table a(x)`, `create table b(y text, primary key(y)) without rowid`, `insert into b values('z')`).Close()
	db, err := Open(file(bytesOf(t, path)[:4096]), File{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b"} {
		if tab := db.Table(name); tab == nil || len(rowsOf(tab)) != 0 {
			t.Errorf("the table %s is %v", name, tab)
		}
	}
	if len(db.Damage()) != 2 {
		t.Errorf("%v", db.Damage())
	}
}

// Rows that all claim the same overflow pages cost no more than the file.
func TestChainsThatCross(t *testing.T) {
	path := filepath.Join(t.TempDir(), "t.db")
	database(t, path, `pragma page_size=512`, `create table t(a blob)`, fmt.Sprintf(words, 300)+`insert into t select zeroblob(5000) from n`).Close()
	b := bytesOf(t, path)
	// Each cell's length grows from 5,003 (a7 0b) to 16,267 (ff 0b), and each
	// chain's last page goes on with itself.
	for at := 512; at+512 <= len(b); at += 512 {
		if zero(b[at : at+512]) {
			binary.BigEndian.PutUint32(b[at:], uint32(at/512+1))
		}
		if b[at] == leafTable {
			for i := at + 8; i < at+512-1; i++ {
				if b[i] == 0xa7 && b[i+1] == 0x0b {
					b[i] = 0xff
				}
			}
		}
	}
	db, err := Open(file(b), File{})
	if err != nil {
		t.Fatal(err)
	}
	size := 0
	for r := range db.Table("t").Rows("a") {
		size += len(r.payload)
	}
	if size > 2*len(b) || len(db.Damage()) == 0 {
		t.Errorf("%d bytes of rows in %d, %d damages", size, len(b), len(db.Damage()))
	}
}
