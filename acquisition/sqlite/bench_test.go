package sqlite

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// messages is a database of 100,000 rows with 90 columns, of which few are read.
func messages(b *testing.B) string {
	path := filepath.Join(b.TempDir(), "t.db")
	var columns []string
	for i := range 86 {
		columns = append(columns, fmt.Sprintf("c%d int", i))
	}
	database(b, path, `create table t(id integer primary key, text text, date int, body blob, `+strings.Join(columns, ",")+`)`,
		fmt.Sprintf(words, 100_000)+`insert into t(id, text, date, body, c80) select i, 'message '||i||' with some more text', 700000000000+i, zeroblob(300), i from n`).Close()
	return path
}

func BenchmarkRows(b *testing.B) {
	raw := bytesOf(b, messages(b))
	b.SetBytes(int64(len(raw)))
	b.ReportAllocs()
	for b.Loop() {
		db, err := Open(file(raw), File{})
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for r := range db.Table("t").Rows("id", "text", "date", "body", "c80", "c3") {
			n += len(r.Text(1)) + int(r.Int(2)) + len(r.Blob(3)) + int(r.Int(4))
		}
	}
	b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkEngine is the peer: the reference engine reads the same.
func BenchmarkEngine(b *testing.B) {
	db := database(b, messages(b))
	for b.Loop() {
		rs, err := db.Query(`select id, text, date, body, c80, c3 from t`)
		if err != nil {
			b.Fatal(err)
		}
		var id, date, c80 int64
		var text string
		var body []byte
		var c3 any
		for rs.Next() {
			if err := rs.Scan(&id, &text, &date, &body, &c80, &c3); err != nil {
				b.Fatal(err)
			}
		}
		rs.Close()
	}
	b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
