package archive

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
)

var first = time.Date(2026, 11, 23, 5, 0, 0, 0, time.UTC)

// attempt is a record as the service makes it.
func attempt(at time.Time) store.Record {
	r := store.Record{Time: at, Outcome: "missed", RingMS: 7000, Rules: []string{}}
	rand.Read(r.Call[:])
	rand.Read(r.Caller[:])
	rand.Read(r.Callee[:])
	return r
}

func openStore(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(dir, func() time.Time { return first.Add(10 * time.Hour) })
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func exporter(t testing.TB, s *store.Store, dir string) *Exporter {
	t.Helper()
	a, err := Open(t.Context(), filepath.Join(dir, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	return &Exporter{From: s, To: a, Node: "n1", Key: func() (*Key, error) { return OpenKey(dir) }}
}

// all counts how often each call is in the archive and in the store together,
// through a view of both, by the call's pseudonym.
func all(t testing.TB, s *store.Store, a *Archive, dir string) map[string]int {
	t.Helper()
	key, err := OpenKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	v, err := a.View(t.Context(), s, "n1", key, time.Time{}, first.Add(24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	seen := map[string]int{}
	err = v.Visit(t.Context(), func(o Object, path string) error {
		_, err := Read(t.Context(), path, record.Options{}, func(some []record.Record) error {
			for _, r := range some {
				seen[r.Call]++
				if hour := time.Unix(0, r.Time).UTC().Truncate(time.Hour); !hour.Equal(o.Hour) {
					t.Errorf("%s has a record of %s", o.Name, hour)
				}
			}
			return nil
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return seen
}

// TestChild is the program that is killed: it adds records, says which were
// acknowledged, and exports, until it kills itself at a step or is killed.
func TestChild(t *testing.T) {
	dir, at := os.Getenv("RINGFENCE_CRASH"), os.Getenv("RINGFENCE_CRASH_AT")
	if dir == "" {
		t.Skip("only for the crash tests")
	}
	s := openStore(t, dir)
	e := exporter(t, s, dir)
	e.To.step = func(step string) {
		if step == at {
			self, err := os.FindProcess(os.Getpid())
			if err == nil {
				err = self.Kill()
			}
			t.Error(err)
			select {}
		}
	}
	for round := 0; ; round++ {
		for i := range 20 {
			r := attempt(first.Add(time.Duration(i*11) * time.Minute))
			if err := s.AddRecord(context.Background(), r); err != nil {
				t.Fatal(err)
			}
			fmt.Printf("acknowledged %s\n", r.Call)
		}
		if _, err := e.Export(context.Background(), first.Add(10*time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
}

// child runs TestChild until it is dead, and adds what it acknowledged.
func child(t *testing.T, dir, at string, after time.Duration, acknowledged map[string]bool) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestChild$")
	cmd.Env = append(os.Environ(), "RINGFENCE_CRASH="+dir, "RINGFENCE_CRASH_AT="+at)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if after > 0 {
		time.Sleep(after)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	if cmd.Wait() == nil {
		t.Fatal("the child ended by itself")
	}
	lines := bufio.NewScanner(&said)
	for lines.Scan() {
		id, ok := strings.CutPrefix(lines.Text(), "acknowledged ")
		if ok && len(id) == len(wire.ID{}.String()) { // the last line may be cut off
			acknowledged[id] = true
		} else if strings.Contains(lines.Text(), "_test.go") {
			t.Fatalf("the child: %s", lines.Text())
		}
	}
}

// TestCrash kills a program at each step of an export, and at moments by chance:
// what was acknowledged is there once, whether one asks at once or after all has
// been moved.
func TestCrash(t *testing.T) {
	type crash struct {
		at    string
		after time.Duration
	}
	crashes := []crash{{at: "claimed"}, {at: "written"}, {at: "verified"}, {at: "finished"}}
	for i := range 6 {
		crashes = append(crashes, crash{after: time.Duration(40+60*i) * time.Millisecond})
	}
	dir := t.TempDir()
	acknowledged := map[string]bool{}
	once := func(s *store.Store, e *Exporter, when string) {
		key, err := OpenKey(dir)
		if err != nil {
			t.Fatal(err)
		}
		seen := all(t, s, e.To, dir)
		for id := range acknowledged {
			if n := seen[key.Call(id)]; n != 1 {
				t.Errorf("%s: %s is there %d times", when, id, n)
			}
		}
		for _, n := range seen { // those that were not acknowledged in time, too
			if n != 1 {
				t.Errorf("%s: a record is there %d times", when, n)
			}
		}
	}
	for _, c := range crashes {
		child(t, dir, c.at, c.after, acknowledged)
		s := openStore(t, dir)
		e := exporter(t, s, dir)
		once(s, e, "after the crash at "+c.at)
		if _, err := e.Export(t.Context(), first.Add(10*time.Hour)); err != nil {
			t.Fatal(err)
		}
		once(s, e, "after going on from "+c.at)
		if n, err := s.CountRecords(t.Context(), first.Add(24*time.Hour)); n != 0 || err != nil {
			t.Errorf("%d records are left in the store, %v", n, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d records acknowledged in %d lives", len(acknowledged), len(crashes))
	if len(acknowledged) < 80 {
		t.Error("too few for a test")
	}
}
