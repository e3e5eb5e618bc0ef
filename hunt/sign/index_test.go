package sign

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

var testKey = bytes.Repeat([]byte{7}, 32)

// compared leaves out what may differ between an index and a scan.
func compared(r Expansion) Expansion {
	r.Seconds, r.Index, r.Checked = 0, nil, 0
	return r
}

// An index finds what a scan finds, in worlds of all kinds.
func TestIndexIsScan(t *testing.T) {
	for seed := range uint64(12) {
		rng := rand.New(rand.NewPCG(seed, 8))
		w := newTown(seed)
		w.people(50 + rng.IntN(1500))
		if seed%3 != 0 {
			w.campaign()
		}
		for i := range rng.IntN(3000) { // pairs again, doubles, gaps in what is known, and what was answered
			c := w.call(fmt.Sprint("person", rng.IntN(60)), fmt.Sprint("victim", rng.IntN(200)), fmt.Sprint("p", rng.IntN(300)), fmt.Sprint("AS", rng.IntN(500)))
			c.Contact, c.Outcome = record.Contact(rng.IntN(3)), record.Outcome(1+rng.IntN(6))
			if i%9 == 0 {
				c.CallerPrint, c.CallerNetwork = "", ""
			}
			if i%7 == 0 {
				w.all = append(w.all, w.all[rng.IntN(len(w.all))])
			}
		}
		for i := range 5 { // who has what is rare, and tried nobody
			c := w.call(fmt.Sprint("quiet", i), "friend", "p5", "AS7")
			c.Contact, c.Outcome, c.TalkMS = record.Accepted, record.Answered, 60_000
		}
		source, files := w.files(t)
		var signs []Sign
		for range 1 + rng.IntN(4) {
			r := w.all[rng.IntN(len(w.all))]
			signs = append(signs, []Sign{{Account, r.Caller}, {Target, r.Callee}, {Print, r.CallerPrint + " "}, {Network, "AS7"}, {Print, "p5"}}[rng.IntN(5)])
		}
		o := Options{Key: testKey, Workers: 1 + int(seed%3), Depth: 1 + int(seed%3), Check: -1}
		byIndex, err := Expand(t.Context(), source, files, signs, o)
		if err != nil {
			t.Fatal(err)
		}
		o.NoIndex = true
		byScan, err := Expand(t.Context(), source, files, signs, o)
		if err != nil {
			t.Fatal(err)
		}
		if byIndex.Index == nil || byIndex.Checked == 0 && len(byIndex.Targets) > 1 || byScan.Index != nil {
			t.Errorf("seed %d: index %+v, checked %d", seed, byIndex.Index, byIndex.Checked)
		}
		if got, want := compared(byIndex), compared(byScan); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d, %v: by index\n%+v\nby scan\n%+v", seed, signs, got, want)
		}
	}
}

// A new file, a file that changed and one that is gone: the index is made again.
func TestStale(t *testing.T) {
	w := newTown(1)
	w.people(300)
	source, files := w.files(t)
	ask := func() Built {
		t.Helper()
		r, err := Expand(t.Context(), source, files, []Sign{{Account, "person1"}}, Options{Key: testKey})
		if err != nil || r.Index == nil {
			t.Fatal(err, r.Notes)
		}
		return *r.Index
	}
	if ask().Fresh || !ask().Fresh {
		t.Error("the second time it is there")
	}
	data, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	extra := filepath.Join(filepath.Dir(files[0]), "extra.parquet")
	if err := os.WriteFile(extra, data, 0o600); err != nil {
		t.Fatal(err)
	}
	source, files = reopened(t, filepath.Dir(extra))
	if ask().Fresh || !ask().Fresh {
		t.Error("there is a new file")
	}
	if err := os.Chtimes(extra, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	if ask().Fresh {
		t.Error("a file has changed")
	}
	if err := os.Remove(extra); err != nil {
		t.Fatal(err)
	}
	source, files = reopened(t, filepath.Dir(extra))
	if b := ask(); b.Fresh || b.Records != source.Records() {
		t.Error("a file is gone", b)
	}
	if err := Forget(filepath.Dir(extra)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(ask().Path); err != nil {
		t.Error(err)
	}
}

// An index that is cut or changed anywhere is found out: what comes out of the
// query is the same.
func TestBroken(t *testing.T) {
	w := newTown(5)
	w.people(400)
	w.campaign()
	source, files := w.files(t)
	signs := []Sign{{Account, "bad3"}}
	first, err := Expand(t.Context(), source, files, signs, Options{Key: testKey})
	if err != nil {
		t.Fatal(err)
	}
	path := first.Index.Path
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Error("others can read the index", err)
	}
	rng := rand.New(rand.NewPCG(5, 5))
	for range 60 {
		data := bytes.Clone(whole)
		if at := rng.IntN(len(data)); rng.IntN(3) == 0 {
			data = data[:at]
		} else {
			data[at] ^= byte(1 + rng.IntN(255))
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		again, err := Expand(t.Context(), source, files, signs, Options{Key: testKey})
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(compared(first), compared(again)) {
			t.Fatal("a broken index gave something else")
		}
	}
}

// An index that is whole but tells lies is found out by the records.
func TestLies(t *testing.T) {
	w := newTown(6)
	w.people(400)
	w.campaign()
	source, files := w.files(t)
	w.all = w.all[1:]
	for i := range w.all {
		w.all[i].Callee += "'"
	}
	_, others := w.files(t)
	lie, err := record.Open(others, record.Options{})
	if err != nil {
		t.Fatal(err)
	}
	folder, err := Folder(files)
	if err != nil {
		t.Fatal(err)
	}
	now, err := stamps(folder, files)
	if err != nil {
		t.Fatal(err)
	}
	if err := rebuild(t.Context(), lie, folder, files, now, Options{Key: testKey}.filled()); err != nil {
		t.Fatal(err)
	}
	r, err := Expand(t.Context(), source, files, []Sign{{Account, "bad3"}}, Options{Key: testKey})
	if err != nil || r.Index == nil || r.Index.Fresh || r.Targets[0].ID[len(r.Targets[0].ID)-1] == '\'' {
		t.Error(r.Index, err)
	}
}

// Where no index can be written, the records themselves are read.
func TestNoPlace(t *testing.T) {
	w := newTown(7)
	w.people(300)
	w.campaign()
	source, files := w.files(t)
	r, err := Expand(t.Context(), source, files, []Sign{{Account, "bad3"}}, Options{Folder: filepath.Join(t.TempDir(), "none")})
	if err != nil || r.Index != nil || len(r.Notes) == 0 || len(r.Targets) < 60 {
		t.Error(r.Index, r.Notes, err)
	}
}

func FuzzIndex(f *testing.F) {
	w := newTown(9)
	for i := range 9 {
		w.call(fmt.Sprint("bad", i%4), fmt.Sprint("victim", i%3), "android 5x", "AS1")
	}
	source, files := w.files(f)
	b, err := Index(context.Background(), source, files, Options{Key: testKey})
	if err != nil {
		f.Fatal(err)
	}
	data, err := os.ReadFile(b.Path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(indexMagic))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := openIndex(bytes.NewReader(resealed(data)), int64(len(data)), testKey, 1)
		if err != nil {
			return
		}
		e := newExpansion(context.Background(), x, Options{}.filled())
		_, _ = e.run(source, []Sign{{Account, "bad3"}, {Print, "android 5x"}, {Target, "victim1"}})
	})
}

// resealed makes the checksum of the directory right, so that the fuzzer gets
// past it.
func resealed(data []byte) []byte {
	if len(data) < footerSize {
		return data
	}
	data = bytes.Clone(data)
	footer := data[len(data)-footerSize:]
	at := binary.LittleEndian.Uint64(footer)
	if at <= uint64(len(data)-footerSize) {
		copy(footer[16:], seal(data[at:len(data)-footerSize], testKey))
	}
	return data
}

// An index that came with the records, and was made elsewhere, is not believed:
// it could hide what they hold.
func TestForeign(t *testing.T) {
	w := newTown(8)
	w.people(300)
	w.campaign()
	source, files := w.files(t)
	theirs := Options{Key: bytes.Repeat([]byte{9}, 32)}
	if _, err := Index(t.Context(), source, files, theirs); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	t.Setenv("HOME", os.Getenv("XDG_CONFIG_HOME"))
	t.Setenv("AppData", os.Getenv("XDG_CONFIG_HOME"))
	for _, want := range []bool{false, true} { // with a key that is made at first
		if b, err := Index(t.Context(), source, files, Options{}); err != nil || b.Fresh != want {
			t.Error(b, err)
		}
	}
}

// Lines of text have an index, too.
func TestText(t *testing.T) {
	w := newTown(9)
	w.people(300)
	w.campaign()
	var text bytes.Buffer
	to, err := record.NewWriter(&text, record.JSONLines)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(to.Write(w.all), to.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "calls.jsonl")
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	source, files := reopened(t, path)
	r, err := Expand(t.Context(), source, files, []Sign{{Print, "android 5x"}}, Options{Key: testKey})
	if err != nil || r.Index == nil || r.Checked != 0 || len(r.Notes) != 1 || len(r.Targets) < 60 {
		t.Error(r.Index, r.Notes, len(r.Targets), err)
	}
}

func TestCommonFolder(t *testing.T) {
	root := t.TempDir()
	in := func(parts ...string) string { return filepath.Join(append([]string{root}, parts...)...) }
	for want, files := range map[string][]string{
		in("a"):      {in("a", "x"), in("a", "y")},
		root:         {in("a", "x"), in("ab", "y")},
		in("a", "b"): {in("a", "b", "c", "x"), in("a", "b", "d", "y"), in("a", "b", "z")},
	} {
		if got, err := Folder(files); err != nil || got != want {
			t.Errorf("%v: %s, %v", files, got, err)
		}
	}
	if got, err := Folder([]string{in("x"), filepath.Join(filepath.VolumeName(root)+string(filepath.Separator), "elsewhere", "y")}); err == nil {
		t.Errorf("an index in %s", got)
	}
}

// A text that the index does not keep is read from the records.
func TestLongNames(t *testing.T) {
	w := newTown(10)
	w.people(300)
	w.campaign()
	long := strings.Repeat("long", maxValue)
	w.call("bad1", long, "android 5x", "AS-VPN")
	w.call(long+"er", "victim1", "android 5x", "AS-VPN")
	source, files := w.files(t)
	r, err := Expand(t.Context(), source, files, []Sign{{Account, "bad1"}}, Options{Key: testKey})
	if err != nil || r.Index == nil {
		t.Fatal(err, r.Notes)
	}
	accounts, targets := found(r)
	if !slices.Contains(accounts, long+"er") || !slices.Contains(targets, long) {
		t.Errorf("%d accounts, %d targets: the long ones are not there", len(accounts), len(targets))
	}
}

// What was of the future when an index was made may not be any more.
func TestOutdated(t *testing.T) {
	w := newTown(11)
	w.people(100)
	w.call("person1", "person2", "ios 7", "AS64501").Time = noon.Add(40 * 24 * time.Hour).UnixNano()
	_, files := w.files(t)
	for _, at := range []struct {
		days, rejected int64
		fresh          bool
	}{{20, 1, false}, {20, 1, true}, {50, 0, false}, {50, 0, true}, {60, 0, true}} {
		now := noon.Add(time.Duration(at.days) * 24 * time.Hour)
		source, err := record.Open([]string{filepath.Dir(files[0])}, record.Options{Now: now})
		if err != nil {
			t.Fatal(err)
		}
		r, err := Expand(t.Context(), source, files, []Sign{{Account, "person1"}}, Options{Key: testKey, Now: func() time.Time { return now }})
		if err != nil || r.Index == nil || r.Index.Fresh != at.fresh || r.Rejected != at.rejected {
			t.Errorf("%+v: %+v, %d rejected, %v", at, r.Index, r.Rejected, err)
		}
	}
}
