package heuristic_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
	_ "github.com/ringfence/ringfence/artifact/android"
	_ "github.com/ringfence/ringfence/artifact/ios"
	"github.com/ringfence/ringfence/check"
	"github.com/ringfence/ringfence/heuristic"
)

// shared is where examples of acquisitions stand beside the project, when they do.
var shared = filepath.Join("..", "..", "shared")

// examine examines what is at a path with heuristics only.
func examine(t *testing.T, path string) *check.Result {
	t.Helper()
	all, err := acquisition.Open(context.Background(), path, acquisition.Options{
		Want: check.Wants(), Password: func() ([]byte, error) { return []byte("123456"), nil },
	})
	if err != nil {
		t.Fatal(path, err)
	}
	defer func() {
		for _, a := range all {
			a.Close()
		}
	}()
	r, err := check.Examine(context.Background(), all, check.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Records == 0 {
		t.Errorf("%s: no records", path)
	}
	return r
}

// above gives the titles of what weighs more than low, but for what was put
// there on purpose: the words that its title must have.
func above(t *testing.T, r *check.Result, planted ...string) {
	t.Helper()
	seen := make([]bool, len(planted))
	for _, f := range r.Findings {
		t.Log(f.Severity, f.Heuristic, f.Title)
		i := slices.IndexFunc(planted, func(p string) bool { return strings.Contains(f.Title, p) })
		switch {
		case i >= 0:
			seen[i] = true
		case f.Severity > artifact.Low:
			t.Errorf("%s %s: %s", f.Severity, f.Heuristic, f.Title)
		}
	}
	for i, p := range planted {
		if !seen[i] {
			t.Errorf("not found: %s", p)
		}
	}
}

func TestSharedAcquisitions(t *testing.T) {
	for name, planted := range map[string][]string{
		"ios-backup": nil, "android-bugreport": nil, "android-backup.ab": nil,
		// This phone is rooted, which is to be said.
		"androidqf": {"/system/bin/su", "/data/local/tmp/magisk", "/system/bin/magiskhide"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(shared, "data", "acquisitions", name)
			if _, err := os.Stat(path); err != nil {
				t.Skip(err)
			}
			above(t, examine(t, path), planted...)
		})
	}
}

// generated makes a large synthetic acquisition with the tools beside the
// project; the test is skipped where these are not.
func generated(t *testing.T, tool string, options ...string) string {
	t.Helper()
	script := filepath.Join(shared, "tools", tool)
	python, err := exec.LookPath("python3")
	if _, none := os.Stat(script); err != nil || none != nil {
		t.Skip("no generator: ", err, none)
	}
	if _, err := os.Stat("/usr/bin/python3"); err == nil {
		python = "/usr/bin/python3"
	}
	out := filepath.Join(t.TempDir(), "phone")
	if b, err := exec.Command(python, append([]string{script, out}, options...)...).CombinedOutput(); err != nil {
		t.Skipf("generator: %v: %s", err, b)
	}
	return out
}

func TestGeneratedBackup(t *testing.T) {
	out := generated(t, "make_ios_backup.py", "--sms", "2000", "--safari", "4000", "--whatsapp", "100", "--files", "3000", "--procs", "100", "--interactions", "100", "--chrome", "100")
	above(t, examine(t, out), "Traffic of process 50 ", "Apple came in", "/var/tmp/")
}

func TestGeneratedAndroid(t *testing.T) {
	out := generated(t, "make_android.py", "--pkgs", "100", "--files", "1000", "--dns", "2000", "--sms", "100", "--battery", "1000", "--mb", "1")
	above(t, examine(t, filepath.Join(out, "aqf")), "com.topjohnwu.magisk", "/system/xbin/su", "/system is mounted", "/data/local/tmp/wd/fs.db", "2024-01-05", "com.gone.app")
}

// What a heuristic watches exists, and so do the fields of its examples.
func TestArtifactsExist(t *testing.T) {
	known := map[string]bool{}
	for _, a := range artifact.All() {
		known[a.Name] = true
	}
	for _, h := range heuristic.All() {
		n := 0
		for _, name := range h.Artifacts {
			if known[name] {
				n++
			} else {
				t.Logf("%s would watch %s, which nothing reads", h.Name, name)
			}
		}
		if n == 0 {
			t.Errorf("%s watches nothing that is read: %v", h.Name, h.Artifacts)
		}
	}
}
