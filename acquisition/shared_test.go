package acquisition

import (
	"database/sql"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Data and tools that stand beside the project on some machines; the tests that
// use them say when they are missing.
const besideProject = "../../shared"

func beside(t testing.TB, name string) string {
	t.Helper()
	path := filepath.Join(besideProject, filepath.FromSlash(name))
	if _, err := os.Stat(path); err != nil {
		t.Skip("not there: ", name)
	}
	return path
}

// Every row of a real manifest is given, with its path.
func TestSampleBackup(t *testing.T) {
	path := beside(t, "data/acquisitions/ios-backup")
	a := openOne(t, path, Options{})
	defer a.Close()
	rows := map[string]bool{}
	present := 0
	must(t, a.Each(func(f File) bool {
		rows[f.Domain+"-"+f.Relative] = true
		if !f.Missing && !f.Dir && f.Link == "" {
			if c, err := a.Open(f); err != nil || c.Size() != f.Size {
				t.Errorf("%+v: %v", f, err)
			} else {
				present++
				c.Close()
			}
		}
		return true
	}))
	db, err := sql.Open("sqlite", "file:"+filepath.Join(path, "Manifest.db")+"?mode=ro&immutable=1")
	must(t, err)
	defer db.Close()
	list, err := db.Query("SELECT domain || '-' || relativePath FROM Files")
	must(t, err)
	defer list.Close()
	n := 0
	for list.Next() {
		var name string
		must(t, list.Scan(&name))
		if n++; !rows[name] {
			t.Errorf("no %s", name)
		}
	}
	must(t, list.Err())
	if n == 0 || present < 3 {
		t.Errorf("%d rows, %d files", n, present)
	}
	for _, p := range a.Problems() {
		t.Errorf("%s: %v", p.Path, p.Why)
	}
}

// The files of an encrypted backup that another program made are what they are
// in the plain one.
func TestGeneratedBackup(t *testing.T) {
	tool := beside(t, "tools/make_ios_backup.py")
	dir := t.TempDir()
	small := []string{"--sms", "500", "--safari", "200", "--whatsapp", "100", "--interactions", "100", "--chrome", "50", "--files", "2000", "--realfiles", "20", "--seed", "3"}
	var made []*Acquisition
	for _, extra := range [][]string{nil, {"--encrypt", "pass!word", "--dpic", "5000"}} {
		out := filepath.Join(dir, "b", string(rune('a'+len(made))))
		must(t, os.MkdirAll(filepath.Dir(out), 0o755))
		cmd := exec.Command("/usr/bin/python3", append(append([]string{tool, out}, small...), extra...)...)
		if b, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("the generator does not run here: %v: %s", err, b)
		}
		a := openOne(t, out, Options{Password: answer("pass!word")})
		defer a.Close()
		made = append(made, a)
	}
	plain, sealed := filesOf(t, made[0]), filesOf(t, made[1])
	if len(plain) < 2000 || len(plain) != len(sealed) {
		t.Fatalf("%d files plain, %d encrypted", len(plain), len(sealed))
	}
	n := 0
	for path, f := range plain {
		g, ok := sealed[path]
		if !ok || f.Missing != g.Missing {
			t.Errorf("%s: %+v", path, g)
		}
		if f.Missing || f.Domain == "" {
			continue
		}
		n++
		if a, b := readAll(t, made[0], f), readAll(t, made[1], g); string(a) != string(b) {
			t.Errorf("%s: %d bytes plain, %d decrypted", path, len(a), len(b))
		}
	}
	if n < 30 {
		t.Errorf("%d files compared", n)
	}
}

func BenchmarkBackupEach(b *testing.B) {
	dir := os.Getenv("RINGFENCE_BACKUP")
	if dir == "" {
		b.Skip("RINGFENCE_BACKUP names a backup folder")
	}
	for b.Loop() {
		all, err := Open(b.Context(), dir, Options{})
		must(b, err)
		n := 0
		must(b, all[0].Each(func(File) bool { n++; return true }))
		b.ReportMetric(float64(n), "files")
		must(b, all[0].Close())
	}
}
