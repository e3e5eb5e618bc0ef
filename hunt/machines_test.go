package hunt

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// shares cuts a world into as many, each with a dictionary of its own.
func (w *world) shares(n int) (all []*world) {
	for k := range n {
		one := &world{columns: w.columns}
		for i := k; i < len(w.all); i += n {
			one.all = append(one.all, w.all[i])
		}
		all = append(all, one)
	}
	return all
}

// together hunts on several machines at once.
func together(t *testing.T, worlds []*world, dir string) ([]Result, []error) {
	t.Helper()
	results, errs := make([]Result, len(worlds)), make([]error, len(worlds))
	var wait sync.WaitGroup
	for i, w := range worlds {
		wait.Go(func() {
			results[i], errs[i] = FindShare(t.Context(), w, Options{Workers: 1}, Share{Number: i + 1, Of: len(worlds), Exchange: dir, Files: "x", Poll: time.Millisecond})
			results[i].Seconds = 0
		})
	}
	wait.Wait()
	return results, errs
}

// Three machines find what one finds, and leave no names behind.
func TestSameOnSeveralMachines(t *testing.T) {
	w := newWorld(5)
	w.people(people, 200_000)
	w.group(attack, people)
	taken := attack
	taken.name, taken.print, taken.network, taken.contacts = "t", "print9-odd", "", true
	w.group(taken, people)
	w.all = append(w.all, w.all[:100]...) // some are there twice, on two machines
	want := find(t, w, Options{})
	dir := t.TempDir()
	got, errs := together(t, w.shares(3), dir)
	for i, err := range errs {
		if err != nil {
			t.Fatalf("share %d: %v", i+1, err)
		}
	}
	if len(want.Campaigns) < 2 {
		t.Fatalf("%d campaigns; the test needs two", len(want.Campaigns))
	}
	if !reflect.DeepEqual(got[0], want) {
		t.Errorf("three machines: %d campaigns of %d records, %v\none: %d of %d, %v", len(got[0].Campaigns), got[0].Records, got[0].Reasons, len(want.Campaigns), want.Records, want.Reasons)
	}
	if len(got[1].Campaigns) != 0 || got[1].Records == 0 {
		t.Errorf("the second machine told %d campaigns of %d records", len(got[1].Campaigns), got[1].Records)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

// broken is a source that cannot be read.
type broken struct{ *world }

func (broken) Read(context.Context, record.Reading) (record.Stats, error) {
	return record.Stats{}, os.ErrPermission
}

func TestMachineThatFailsIsNamed(t *testing.T) {
	w := newWorld(6)
	w.people(200, 1000)
	dir := t.TempDir()
	failed := make(chan error)
	go func() {
		_, err := FindShare(t.Context(), broken{w}, Options{Workers: 1}, Share{Number: 2, Of: 2, Exchange: dir, Poll: time.Millisecond})
		failed <- err
	}()
	_, err := FindShare(t.Context(), w, Options{Workers: 1}, Share{Number: 1, Of: 2, Exchange: dir, Poll: time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "share 2") {
		t.Errorf("share 1 says %v", err)
	}
	if err := <-failed; err == nil {
		t.Error("share 2 could not read its records, and did not say so")
	}
	if _, err := FindShare(t.Context(), w, Options{}, Share{Number: 1, Of: 2, Exchange: dir}); err == nil {
		t.Error("what is left from a hunt that failed was taken for a new one")
	}
}

// written is what a machine writes after its first reading.
func written(t testing.TB, people int) []byte {
	w := newWorld(7)
	w.people(people, 10*people)
	w.group(shape{name: "x", accounts: 4, each: 3, print: "odd", network: "AS1", tries: 2}, people)
	h := newHunting(w, Options{Workers: 1})
	g, err := h.firstReading(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	to := newShareWriter(&b)
	if err := to.gathered(h, &g); err != nil {
		t.Fatal(err)
	}
	if err := to.end(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readGathered(b []byte) error {
	h := newHunting(&world{}, Options{Workers: 1, Memory: 1 << 20})
	defer h.attempts.close()
	r := newShareReader(bytes.NewReader(b))
	var g gathered
	r.gathered(h, &g)
	return r.end()
}

func TestChangedExchangeIsFound(t *testing.T) {
	whole := written(t, 300)
	if err := readGathered(whole); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < len(whole); n += 997 {
		changed := bytes.Clone(whole)
		changed[n] ^= 1
		if readGathered(changed) == nil {
			t.Errorf("byte %d was changed, and nothing said so", n)
		}
		if readGathered(whole[:n]) == nil {
			t.Errorf("cut at %d, and nothing said so", n)
		}
	}
	if readGathered(append(bytes.Clone(whole), 0)) == nil {
		t.Error("a byte more, and nothing said so")
	}
}

func TestOtherFilesAreRefused(t *testing.T) {
	w := newWorld(8)
	w.people(50, 100)
	dir := t.TempDir()
	s := Share{Number: 2, Of: 2, Exchange: dir, Files: "a"}
	if err := s.write(gatheredFile, func(*shareWriter) error { return nil }); err != nil {
		t.Fatal(err)
	}
	_, err := FindShare(t.Context(), w, Options{Workers: 1}, Share{Number: 1, Of: 2, Exchange: dir, Files: "b", Poll: time.Millisecond})
	if err == nil || !strings.Contains(err.Error(), "other records") {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "failed-1")); err != nil {
		t.Errorf("the others are not told: %v", err)
	}
}

func FuzzExchange(f *testing.F) {
	whole := written(f, 10)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Fuzz(func(_ *testing.T, b []byte) {
		_ = readGathered(b)
		r := newShareReader(bytes.NewReader(b))
		r.wanted(newLooking())
		r = newShareReader(bytes.NewReader(b))
		r.details(&texts{}, newLooking())
	})
}
