package heuristic

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

var update = flag.Bool("update", false, "rewrite the expected findings of the examples")

func phone() acquisition.Device {
	taken := time.Date(2026, 1, 2, 8, 0, 0, 0, time.UTC)
	return acquisition.Device{System: "iOS 17.5.1", Taken: &taken, Located: time.FixedZone("EET", 2*60*60)}
}

// run lets a heuristic watch records, and gives what it finds in order. It
// takes care that a record is reused after the call, as it is in earnest.
func run(h Heuristic, d acquisition.Device, records []*artifact.Record) []Finding {
	var found []Finding
	w := h.New(d)
	report := func(f Finding) { found = append(found, f) }
	var reused artifact.Record
	for _, r := range records {
		if len(h.Artifacts) > 0 && !slices.Contains(h.Artifacts, r.Artifact) {
			continue
		}
		fields := append(reused.Fields[:0], r.Fields...)
		reused = *r
		reused.Fields = fields
		w.Watch(&reused, report)
		for i := range fields {
			fields[i] = artifact.Field{Name: "reused", Value: "reused"}
		}
	}
	w.End(report)
	return found
}

// line writes what an example expects of a finding.
func line(f Finding) string {
	type where struct {
		Artifact string `json:"artifact"`
		Row      int64  `json:"row,omitempty"`
	}
	out := struct {
		Severity artifact.Severity `json:"severity"`
		Title    string            `json:"title"`
		Attempt  bool              `json:"attempt,omitempty"`
		Record   *where            `json:"record"`
		Around   int               `json:"around,omitempty"`
	}{Severity: f.Severity, Title: f.Title, Attempt: f.Attempt, Around: len(f.Around)}
	if f.Record != nil {
		out.Record = &where{f.Record.Artifact, f.Record.Where.Row}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(out); err != nil {
		panic(err)
	}
	return b.String()
}

// Every heuristic finds in its example what it is expected to, shows a record
// of it and says what it means, and finds nothing above low in what is benign.
func TestExamples(t *testing.T) {
	for _, h := range All() {
		t.Run(h.Name, func(t *testing.T) {
			found := run(h, phone(), example(t, h.Name, "input.jsonl"))
			var got strings.Builder
			for _, f := range found {
				got.WriteString(line(f))
				complete(t, f)
			}
			file := filepath.Join("testdata", h.Name, "want.jsonl")
			if *update {
				if err := os.WriteFile(file, []byte(got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if w := strings.ReplaceAll(string(want), "\r\n", "\n"); got.String() != w || w == "" {
				t.Errorf("got\n%s\nwant\n%s", got.String(), w)
			}
			for _, f := range run(h, phone(), example(t, h.Name, "benign.jsonl")) {
				if f.Severity > artifact.Low {
					t.Errorf("benign: %s", line(f))
				}
			}
		})
	}
}

func complete(t *testing.T, f Finding) {
	t.Helper()
	if f.Record == nil || f.Title == "" || len(f.Explanation) < 40 {
		t.Errorf("a finding needs a record, a title and an explanation: %+v", f)
	}
	if f.Record != nil && f.Record.Get("reused") != nil || slices.ContainsFunc(f.Around, func(r *artifact.Record) bool { return r == nil || r.Get("reused") != nil }) {
		t.Errorf("%s: a record was kept without being cloned", f.Title)
	}
	if f.Attempt && f.Severity < artifact.High {
		t.Errorf("%s: an attempt of an attack weighs %s", f.Title, f.Severity)
	}
}

// What one heuristic calls benign, no other one weighs more than low.
func TestBenignTogether(t *testing.T) {
	for _, from := range All() {
		records := example(t, from.Name, "benign.jsonl")
		for _, h := range All() {
			for _, f := range run(h, phone(), records) {
				if f.Severity > artifact.Low {
					t.Errorf("%s in the benign records of %s: %s", h.Name, from.Name, line(f))
				}
			}
		}
	}
}

// A flood of what a heuristic looks for gives a bounded number of findings.
func TestFlood(t *testing.T) {
	for _, h := range All() {
		var many []*artifact.Record
		for _, r := range example(t, h.Name, "input.jsonl") {
			for i := range 2000 {
				c := r.Clone()
				c.Where.Row = int64(i)
				c.Where.Offset = int64(i)
				for j := range c.Fields {
					switch v := c.Fields[j].Value.(type) {
					case int64:
						c.Fields[j].Value = v + int64(i)
					case string:
						c.Fields[j].Value = v + fmt.Sprint(i)
					}
				}
				many = append(many, c)
			}
		}
		if n := len(run(h, phone(), many)); n > 4*maxSingle {
			t.Errorf("%s: %d findings", h.Name, n)
		}
	}
}

// Whatever a heuristic is shown, it comes to an end without a panic.
func FuzzHeuristics(f *testing.F) {
	all := All()
	var seen []*artifact.Record
	for i, h := range all {
		records := example(f, h.Name, "input.jsonl")
		seen = append(seen, records...)
		f.Add(uint8(i), uint64(i), uint16(len(records)), "/private/var/tmp/x", int64(-1))
	}
	f.Fuzz(func(t *testing.T, i uint8, seed uint64, n uint16, text string, number int64) {
		h := all[int(i)%len(all)]
		dice := rand.New(rand.NewPCG(seed, 1))
		var records []*artifact.Record
		for range n % 256 {
			records = append(records, mutate(dice, seen[dice.IntN(len(seen))], h, text, number))
		}
		for _, found := range run(h, phone(), records) {
			if found.Title == "" {
				t.Error("a finding without a title")
			}
		}
	})
}

// mutate gives a record of an artifact that the heuristic watches, with values
// of other kinds than it expects.
func mutate(dice *rand.Rand, from *artifact.Record, h Heuristic, text string, number int64) *artifact.Record {
	r := from.Clone()
	if len(h.Artifacts) > 0 && dice.IntN(2) == 0 {
		r.Artifact = h.Artifacts[dice.IntN(len(h.Artifacts))]
	}
	values := []any{text, number, float64(number), true, nil, time.Unix(number, 0), "null", "/" + text, "http://" + text, "a.b.c.d:" + text}
	for i := range r.Fields {
		if dice.IntN(3) == 0 {
			r.Fields[i].Value = values[dice.IntN(len(values))]
		}
	}
	switch dice.IntN(4) {
	case 0:
		r.Time = time.Unix(number, 0)
	case 1:
		r.Where.Row = number
	case 2:
		r.Time = r.Time.Add(time.Duration(dice.Int64N(1 << 45)))
	}
	return r
}

func TestRegister(t *testing.T) {
	for _, broken := range []Heuristic{{}, {Name: "h.x", Title: "x"}, All()[0]} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was registered", broken.Name)
				}
			}()
			Register(broken)
		}()
	}
}
