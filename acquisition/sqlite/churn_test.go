package sqlite

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// churn inserts, changes and deletes rows at random and returns every content
// that a row ever had.
func churn(t *testing.T, db *sql.DB, seed uint64) map[string]bool {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 7))
	ever := map[string]bool{}
	next := 1
	content := func() (string, int) {
		n := random.IntN(1 << 30)
		text := fmt.Sprintf("text %d ", n)
		for range random.IntN(12) {
			text += fmt.Sprintf("%x ", random.IntN(1<<16))
		}
		return text, n
	}
	do := func(query string, args ...any) {
		t.Helper()
		if _, err := db.Exec(query, args...); err != nil {
			t.Fatal(err)
		}
	}
	do(`begin`)
	for range 6000 {
		text, n := content()
		switch k := random.IntN(10); {
		case k < 5:
			ever[fmt.Sprint(next, text, n, n%3)] = true
			do(`insert into t values(?,?,?,?)`, next, text, n, n%3)
			next++
		case k < 6:
			id := 1 + random.IntN(next)
			if r, err := db.Exec(`update t set text=?, n=?, flag=? where id=?`, text, n, n%3, id); err != nil {
				t.Fatal(err)
			} else if k, _ := r.RowsAffected(); k == 1 {
				ever[fmt.Sprint(id, text, n, n%3)] = true
			}
		default:
			do(`delete from t where id=?`, 1+random.IntN(next))
		}
	}
	do(`commit`)
	return ever
}

// Whatever is given as deleted, and not as perhaps overwritten, was once a row,
// with all of its values; and a live row is not given again.
func TestNothingIsInvented(t *testing.T) {
	for seed := range uint64(6) {
		path := filepath.Join(t.TempDir(), "t.db")
		mode, size := []string{"delete", "wal"}[seed%2], []int{512, 4096, 16384}[seed/2]
		db := database(t, path, fmt.Sprintf(`pragma page_size=%d`, size), `pragma journal_mode=`+mode, `pragma secure_delete=off`,
			`create table t(id integer primary key, text text, n int, flag int)`, `create table other(a text, b text, c blob)`)
		ever := churn(t, db, seed)
		var log File
		base := bytesOf(t, path)
		if b, err := os.ReadFile(path + "-wal"); err == nil {
			log = file(b)
		}
		got, err := Open(file(base), log)
		if err != nil {
			t.Fatal(err)
		}
		alive, recovered, invented := map[string]bool{}, 0, 0
		for r := range got.Table("t").Rows("text", "n", "flag") {
			whole := fmt.Sprint(r.ID, r.Text(0), r.Int(1), r.Int(2))
			if r.Recovered == "" {
				alive[whole] = true
				continue
			}
			recovered++
			if alive[whole] {
				t.Errorf("seed %d: live row given as %s: %s", seed, r.Recovered, whole)
			}
			if r.ID == 0 { // its id was overwritten: any will do
				r.ID = idOf(ever, r)
			}
			if !strings.Contains(r.Recovered, partly) && !ever[fmt.Sprint(r.ID, r.Text(0), r.Int(1), r.Int(2))] {
				invented++
				t.Logf("seed %d: %s at %d was never a row: %q %d %d", seed, r.Recovered, r.Offset, r.Text(0), r.Int(1), r.Int(2))
			}
		}
		t.Logf("seed %d, %s, pages of %d: %d alive, %d recovered of %d, %d invented", seed, mode, size, len(alive), recovered, len(ever)-len(alive), invented)
		if recovered < 20 || invented > 0 {
			t.Errorf("seed %d: %d recovered, %d of them invented", seed, recovered, invented)
		}
		if live, more := rows(got.Table("other"), "a"); len(live) > 0 || len(more) > 0 {
			t.Errorf("seed %d: rows of another table: %v", seed, more)
		}
		if d := got.Damage(); len(d) > 0 {
			t.Error(d)
		}
	}
}

func idOf(ever map[string]bool, r *Row) int64 {
	for id := range int64(10000) {
		if ever[fmt.Sprint(id, r.Text(0), r.Int(1), r.Int(2))] {
			return id
		}
	}
	return 0
}
