//go:build !js

package keep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func open(t *testing.T, dir string, passphrase []byte) *Store {
	t.Helper()
	s, err := Open(dir, passphrase)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestKeepsAndForgets(t *testing.T) {
	for _, passphrase := range [][]byte{nil, []byte("correct horse")} {
		dir := t.TempDir()
		s := open(t, dir, passphrase)
		if err := s.Apply(t.Context(), map[string][]byte{"a": []byte("secret-one"), "contact/b": []byte("secret-two")}, nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Apply(t.Context(), map[string][]byte{"a": []byte("secret-three"), "c": {}}, []string{"contact/b", "never there"}); err != nil {
			t.Fatal(err)
		}
		s.Close()
		s = open(t, dir, passphrase)
		kept, err := s.Load(t.Context())
		if err != nil || len(kept) != 2 || string(kept["a"]) != "secret-three" || len(kept["c"]) != 0 {
			t.Fatalf("%q, %v", kept, err)
		}
	}
}

// Neither names nor values are readable in the folder, and only the owner has
// the key.
func TestSealedAtRest(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	if err := s.Apply(t.Context(), map[string][]byte{"contact/alice": []byte("marker-in-the-clear")}, nil); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte("marker")) || bytes.Contains(b, []byte("alice")) {
			t.Errorf("%s: readable", f)
		}
		info, err := os.Stat(f)
		if err != nil {
			t.Fatal(err)
		}
		if name := filepath.Base(f); runtime.GOOS != "windows" && (name == "key" || name == "state.db") && info.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v", f, info.Mode())
		}
	}
}

func TestWrongKeys(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, []byte("right"))
	if err := s.Apply(t.Context(), map[string][]byte{"a": []byte("b")}, nil); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, dir, []byte("wrong"))
	if _, err := s.Load(t.Context()); !errors.Is(err, ErrKey) {
		t.Errorf("a wrong passphrase: %v", err)
	}
	s.Close()
	if _, err := Open(dir, nil); err == nil {
		t.Error("opened without its passphrase")
	}
}

func TestOneProcessAtATime(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, nil)
	if _, err := Open(dir, nil); !errors.Is(err, ErrLocked) {
		t.Fatalf("a second one: %v", err)
	}
	s.Close()
	open(t, dir, nil)
}

func TestFolderThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(file, "home"), nil); err == nil {
		t.Error("made a folder inside a file")
	}
}

// What Apply returned for is there after the process was killed.
func TestSurvivesKill(t *testing.T) {
	if dir := os.Getenv("RINGFENCE_KEEP_DIR"); dir != "" {
		write(dir)
	}
	dir := t.TempDir()
	for round := range 3 {
		cmd := exec.Command(os.Args[0], "-test.run=TestSurvivesKill")
		cmd.Env = append(os.Environ(), "RINGFENCE_KEEP_DIR="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Duration(150+70*round)*time.Millisecond, func() { cmd.Process.Kill() })
		var said bytes.Buffer
		said.ReadFrom(out)
		cmd.Wait()
		lines := strings.Split(said.String(), "\n")
		acknowledged := ""
		if len(lines) > 1 {
			acknowledged = lines[len(lines)-2] // the last whole line
		}
		s := open(t, dir, nil)
		kept, err := s.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		if acknowledged != "" && len(kept[acknowledged]) == 0 {
			t.Fatalf("round %d: %q was acknowledged and is gone", round, acknowledged)
		}
		for name := range kept {
			if string(kept[name]) != name {
				t.Fatalf("%q holds %q", name, kept[name])
			}
		}
	}
}

func write(dir string) {
	s, err := Open(dir, nil)
	if err != nil {
		os.Exit(1)
	}
	for i := 0; ; i++ {
		name := fmt.Sprint("n", i)
		if err := s.Apply(context.Background(), map[string][]byte{name: []byte(name)}, nil); err != nil {
			os.Exit(1)
		}
		fmt.Println(name)
	}
}

func FuzzUnseal(f *testing.F) {
	s, err := Open(f.TempDir(), nil)
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close()
	f.Add([]byte("name"), make([]byte, 40))
	f.Fuzz(func(t *testing.T, hidden, sealed []byte) {
		if _, _, err := s.unseal(hidden, sealed); err == nil {
			t.Fatal("opened what nobody sealed")
		}
	})
}
