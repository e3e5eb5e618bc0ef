package record

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// some returns n records, with every value that a column may have, and none.
func some(n int) []Record {
	rng := rand.New(rand.NewPCG(1, 2))
	all := make([]Record, n)
	for i := range all {
		r := Record{
			Time: start.Add(time.Duration(i) * 100 * time.Millisecond).UnixNano(),
			Call: fmt.Sprintf("call%016x", rng.Uint64()), Caller: fmt.Sprintf("u%019x", rng.IntN(100_000)), Callee: fmt.Sprintf("u%019x", rng.IntN(100_000)),
			Outcome: Outcome(1 + rng.IntN(6)), RingMS: rng.Int32N(60_000), TalkMS: rng.Int32N(600_000),
			Contact: Contact(rng.IntN(3)), CallerAge: rng.Int32N(500) - 1,
		}
		if rng.IntN(10) > 0 {
			r.CallerPrint, r.CallerVersion = fmt.Sprintf("print %d", rng.IntN(300)), fmt.Sprintf("2.26.%d", rng.IntN(20))
			r.CallerNetwork, r.CallerCountry, r.CalleeCountry = fmt.Sprintf("AS%d", 64500+rng.IntN(900)), "FR", "IN"
		}
		if rng.IntN(20) == 0 {
			r.Rules = []string{"R23", "knock", "quote\"d, élan"}[:1+rng.IntN(3)]
		}
		all[i] = r
	}
	return all
}

func write(t testing.TB, to io.Writer, format Format, records []Record) {
	t.Helper()
	w, err := NewWriter(to, format)
	if err == nil {
		err = w.Write(records)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}

func put(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// read returns all records of paths, by time.
func read(t testing.TB, o Options, paths ...string) ([]Record, Stats) {
	t.Helper()
	f, err := Open(paths, o)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all []Record
	stats, err := f.Read(context.Background(), Reading{Want: All, Workers: 2, Visit: func(_ int, b *Batch) error {
		mu.Lock()
		defer mu.Unlock()
		for i := range b.N {
			r := b.Record(i, f.Dictionary())
			if HashID([]byte(r.Caller)) != b.Caller[i] || HashID([]byte(r.Callee)) != b.Callee[i] {
				t.Errorf("record %d: ids that are not those of its texts", i)
			}
			all = append(all, r)
		}
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b Record) int { return cmp.Compare(a.Time, b.Time) })
	return all, stats
}

func same(t *testing.T, got, want []Record) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d records, not %d", len(got), len(want))
	}
	for i := range got {
		if !reflect.DeepEqual(got[i], want[i]) {
			t.Fatalf("record %d:\n%+v\nnot\n%+v", i, got[i], want[i])
		}
	}
}

func TestRoundTrip(t *testing.T) {
	want := some(150_000)
	for name, format := range map[string]Format{"a.parquet": Parquet, "a.jsonl": JSONLines, "a.csv": CSV} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			write(t, &out, format, want)
			got, stats := read(t, Options{}, put(t, t.TempDir(), name, out.Bytes()))
			same(t, got, want)
			if stats.Records != int64(len(want)) || stats.Rejected != 0 || len(stats.Unread) > 0 || stats.Columns != All || stats.From != want[0].Time || stats.To != want[len(want)-1].Time {
				t.Errorf("%+v", stats)
			}
		})
	}
}

// A column of which nothing is known has no dictionary.
func TestAllUnknown(t *testing.T) {
	want := some(5)
	for i := range want {
		r := &want[i]
		r.CallerPrint, r.CallerVersion, r.CallerNetwork, r.CallerCountry, r.CalleeCountry = "", "", "", "", ""
		r.Contact, r.CallerAge, r.Rules = Unknown, NoAge, nil
	}
	var out bytes.Buffer
	write(t, &out, Parquet, want)
	got, stats := read(t, Options{}, put(t, t.TempDir(), "a.parquet", out.Bytes()))
	same(t, got, want)
	if stats.Rejected != 0 || len(stats.Unread) > 0 {
		t.Errorf("%+v", stats)
	}
}

func TestFolder(t *testing.T) {
	want := some(3000)
	dir := t.TempDir()
	var out bytes.Buffer
	write(t, &out, Parquet, want[:1000])
	put(t, dir, "2026-03-01/00.parquet", out.Bytes())
	out.Reset()
	z, _ := zstd.NewWriter(&out)
	write(t, z, JSONLines, want[1000:2000])
	z.Close()
	put(t, dir, "2026-03-01/01.jsonl.zst", out.Bytes())
	out.Reset()
	g := gzip.NewWriter(&out)
	write(t, g, CSV, want[2000:])
	g.Close()
	put(t, dir, "2026-03-01/02.csv.gz", out.Bytes())
	put(t, dir, "truth.json", []byte("{}"))
	if err := os.Symlink(dir, filepath.Join(dir, "loop")); err != nil {
		t.Log("no links here:", err)
	}
	os.Symlink(dir, filepath.Join(dir, "loop.csv"))
	os.Symlink("gone", filepath.Join(dir, "gone.csv"))
	got, stats := read(t, Options{}, dir)
	same(t, got, want)
	if len(stats.Unread) != 2 {
		t.Errorf("%q: neither a link to a folder nor one to nowhere is a file", stats.Unread)
	}
}

func TestRejected(t *testing.T) {
	good := `{"time":"2026-03-01T00:00:00Z","caller":"a","callee":"b","outcome":"missed"`
	lines := []struct{ line, reason string }{
		{good + `}`, ""},
		{good + `,"new":{"a":[1,"}"]},"ring_ms":7}`, ""},
		{good + `,"caller":"c"}`, "duplicate key"},
		{good + `,"x":1,"x":2}`, "duplicate key"},
		{good + `,"ring_ms":"7"}`, "value of a wrong type"},
		{good + `,"rules":[1]}`, "value of a wrong type"},
		{good + `,"ring_ms":7.5}`, "bad ring_ms"},
		{good + `,"talk_ms":-7}`, "bad talk_ms"},
		{good + `,"caller_age_days":99999999999}`, "bad caller_age_days"},
		{good, "not a JSON object"},
		{`[]`, "not a JSON object"},
		{good + `,"x":"` + "\xff" + `"}`, "not UTF-8"},
		{good + `,"x":"` + strings.Repeat("x", maxLine) + `"}`, "line too long"},
		{strings.Replace(good, "missed", "Missed", 1) + `}`, "unknown outcome"},
		{strings.Replace(good, `"missed"`, "null", 1) + `}`, "no outcome"},
		{strings.Replace(good, "caller", "called", 1) + `}`, "no caller"},
		{strings.Replace(good, `"b"`, `""`, 1) + `}`, "no callee"},
		{strings.Replace(good, "2026-", "26-", 1) + `}`, "bad time"},
		{strings.Replace(good, "2026-", "1999-", 1) + `}`, "time before 2000"},
		{strings.Replace(good, "2026-", "2027-", 1) + `}`, "future time"},
		{strings.Replace(good, "time", "at", 1) + `}`, "no time"},
	}
	want := map[string]int64{}
	var file strings.Builder
	for _, l := range lines {
		file.WriteString(l.line + "\n")
		if l.reason != "" {
			want[l.reason]++
		}
	}
	got, stats := read(t, Options{Now: start}, put(t, t.TempDir(), "a.jsonl", []byte(file.String())))
	if len(got) != 2 || !reflect.DeepEqual(stats.Reasons, want) || stats.Records != 2 || stats.Rejected != int64(len(lines)-2) {
		t.Errorf("%d records, %+v; want %v", len(got), stats, want)
	}
}

func TestCSV(t *testing.T) {
	file := "\ufeffoutcome,extra,callee,caller,time,contact\r\n" +
		"missed,1,b,\"a, \"\"x\"\"\",2026-03-01T00:00:00Z,true\r\n" +
		"missed,1,b,a,1772323200000000001,\n" +
		"missed,1,b,a\n" +
		"missed,1,b,\"a,2026-03-01T00:00:00Z,true\n" +
		"missed,1,b,a,2026-03-01T00:00:00Z,perhaps\n" +
		"declined,1,b,a,2026-03-01T00:00:00.5Z,FALSE"
	got, stats := read(t, Options{}, put(t, t.TempDir(), "a.csv", []byte(file)))
	same(t, got, []Record{
		{Time: start.UnixNano(), Caller: `a, "x"`, Callee: "b", Outcome: Missed, Contact: Accepted, CallerAge: NoAge},
		{Time: start.UnixNano() + 1, Caller: "a", Callee: "b", Outcome: Missed, CallerAge: NoAge},
		{Time: start.UnixNano() + 5e8, Caller: "a", Callee: "b", Outcome: Declined, Contact: Stranger, CallerAge: NoAge},
	})
	want := map[string]int64{"wrong number of fields": 1, "not CSV": 1, "bad contact": 1}
	if !reflect.DeepEqual(stats.Reasons, want) || stats.Columns != Required|ContactColumn {
		t.Errorf("%+v", stats)
	}
	for _, bad := range []string{"", "caller,callee,outcome\n", "time,caller,callee,outcome,caller\n"} {
		if _, stats := read(t, Options{}, put(t, t.TempDir(), "a.csv", []byte(bad))); len(stats.Unread) != 1 {
			t.Errorf("%q: %+v", bad, stats)
		}
	}
}

func TestWriterRefuses(t *testing.T) {
	good := some(1)[0]
	for _, change := range []func(*Record){
		func(r *Record) { r.Time = 0 }, func(r *Record) { r.Caller = "" }, func(r *Record) { r.Outcome = 9 }, func(r *Record) { r.RingMS = -1 },
	} {
		bad := good
		change(&bad)
		w, _ := NewWriter(io.Discard, Parquet)
		if err := w.Write([]Record{bad}); err == nil {
			t.Errorf("%+v is written", bad)
		}
	}
	good.Rules = []string{"a;b"}
	if w, _ := NewWriter(io.Discard, CSV); w.Write([]Record{good}) == nil {
		t.Error("a rule with a semicolon is written as CSV")
	}
}

func TestDictionary(t *testing.T) {
	w := newWords()
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for i := range 20_000 {
				text := fmt.Sprint(i)
				if c := w.Code([]byte(text)); w.Text(c) != text {
					t.Errorf("%s is %s", text, w.Text(c))
				}
			}
		})
	}
	wait.Wait()
	if w.Len() != 20_002 || w.Code(nil) != 0 || w.Code(make([]byte, maxText+1)) != Other {
		t.Errorf("%d codes", w.Len())
	}
	for i := range maxTexts {
		w.Code([]byte(fmt.Sprint(i)))
	}
	if w.Len() != maxTexts || w.Code([]byte("new")) != Other || w.Text(w.Code([]byte("7"))) != "7" {
		t.Errorf("%d codes", w.Len())
	}
}

func TestHashIDStays(t *testing.T) {
	// xxHash64 of its specification: of nothing it is ef46db3751d8e999, which
	// we do not use, of "a" it is d24ec4f1a98c6e5b.
	if HashID(nil) != 0 || HashID([]byte("a")) != 0xd24ec4f1a98c6e5b {
		t.Errorf("%x", HashID([]byte("a")))
	}
}
