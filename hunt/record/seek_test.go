package record

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
)

// A record that is read by its place is the one that was read there.
func TestAt(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	for name, n := range map[string]int{"a.parquet": groupSize + 30_000, "b.parquet": 1000} {
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		w, err := NewWriter(f, Parquet)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			r := Record{Time: earliest + int64(i), Call: fmt.Sprint(i), Caller: fmt.Sprint(name, rng.IntN(900)), Callee: fmt.Sprint("to", rng.Uint64()), Outcome: Missed, Contact: Contact(rng.IntN(3)), CallerAge: int32(rng.IntN(9) - 1), RingMS: int32(rng.IntN(50))}
			if rng.IntN(2) == 0 {
				r.CallerPrint, r.Rules = fmt.Sprint("p", rng.IntN(40)), []string{"R1", "R2"}[:rng.IntN(3)]
			}
			if err := w.Write([]Record{r}); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	files, err := Open([]string{dir}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := map[Place]Record{}
	var places []Place
	var mu sync.Mutex
	_, err = files.Read(t.Context(), Reading{Want: All, Visit: func(_ int, b *Batch) error {
		mu.Lock()
		defer mu.Unlock()
		for i := range b.N {
			if i%500 == 7 || b.N < 2000 {
				want[b.Place(i)] = b.Record(i, files.Dictionary())
				places = append(places, b.Place(i))
			}
		}
		return nil
	}})
	if err != nil || len(places) < 500 {
		t.Fatal(len(places), err)
	}
	seen := 0
	err = files.At(t.Context(), places, All, func(p Place, b *Batch) error {
		seen++
		if got := b.Record(0, files.Dictionary()); !reflect.DeepEqual(got, want[p]) {
			t.Errorf("%v: %+v, want %+v", p, got, want[p])
		}
		return nil
	})
	if err != nil || seen != len(want) {
		t.Error(seen, err)
	}
	for _, p := range []Place{{2, 0}, {-1, 0}, {1, 1000}, {0, -1}, {0, 1 << 40}} {
		if err := files.At(context.Background(), []Place{p}, All, func(Place, *Batch) error { return nil }); err == nil {
			t.Errorf("%v: there is no such place", p)
		}
	}
}

// A file that is broken gives an error, or some record; never a crash.
func FuzzAt(f *testing.F) {
	var whole bytes.Buffer
	w, err := NewWriter(&whole, Parquet)
	if err != nil {
		f.Fatal(err)
	}
	for i := range 40 {
		if err := w.Write([]Record{{Time: earliest, Caller: fmt.Sprint("a", i%7), Callee: fmt.Sprint("b", i), Outcome: Missed, Contact: Contact(i % 3), CallerPrint: fmt.Sprint("p", i%3), Rules: []string{"R1"}}}); err != nil {
			f.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(whole.Bytes(), int64(3))
	f.Fuzz(func(t *testing.T, data []byte, row int64) {
		path := filepath.Join(t.TempDir(), "x.parquet")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		files, err := Open([]string{path}, Options{})
		if err != nil {
			return
		}
		_ = files.At(t.Context(), []Place{{0, row}, {0, 5}}, All, func(_ Place, b *Batch) error {
			b.Record(0, files.Dictionary())
			return nil
		})
	})
}
