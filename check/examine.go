package check

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

// Options are what an examination is told.
type Options struct {
	Indicators *indicator.Set // nil: none, only heuristics speak
	// Timeline takes every record, when someone consented to that; else nil.
	Timeline *Timeline
	// Facts takes what a later examination with new indicators needs; may be nil.
	Facts *FactsWriter
	// Progress is told what is read and how far, in bytes; may be nil. It is
	// called from several goroutines.
	Progress func(what string, done, total int64)
	Workers  int // goroutines that parse; 0: two
}

// Wants tells which files of an acquisition an examination will open: those
// that some artifact reads, and the write-ahead logs beside them.
func Wants() func(path string) bool {
	paths := artifact.NewPaths(artifact.All())
	return func(path string) bool {
		return paths.Match(strings.TrimSuffix(path, "-wal")) != nil
	}
}

// Examine examines acquisitions that are open, and what is nested in them.
//
// Errors: only the context's; what cannot be read stands in the result.
func Examine(ctx context.Context, acquisitions []*acquisition.Acquisition, o Options) (*Result, error) {
	started := time.Now()
	r := &Result{Version: 1, Started: started.UTC(), Findings: []Finding{}, Coverage: []Coverage{}}
	for i, a := range acquisitions {
		e := &examination{Options: o, acquisition: a, index: i, collected: newCollector(i, o.Indicators)}
		if err := e.run(ctx); err != nil {
			return nil, err
		}
		e.addTo(r)
	}
	r.finish()
	r.Took = time.Since(started)
	r.Seconds = r.Took.Seconds()
	return r, nil
}

// finish puts the findings in order and gives the verdict.
func (r *Result) finish() {
	slices.SortStableFunc(r.Findings, func(a, b Finding) int {
		return cmp.Or(
			cmp.Compare(b.Severity, a.Severity),
			compareTimes(a.Time, b.Time),
			strings.Compare(a.Artifact, b.Artifact),
			cmp.Compare(a.Where.Row, b.Where.Row),
			strings.Compare(a.ID, b.ID))
	})
	r.Verdict = verdict(r)
}

// compareTimes puts unknown times last.
func compareTimes(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return a.Compare(*b)
}

// addTo adds what one acquisition gave to the result.
func (e *examination) addTo(r *Result) {
	r.Findings = append(r.Findings, e.collected.findings...)
	r.Coverage = append(r.Coverage, e.coverage()...)
	for _, c := range e.covered {
		r.Records += c.Records
	}
	r.Unresolved.Count += e.collected.unresolved
	if room := maxShort - len(r.Unresolved.Examples); room > 0 {
		r.Unresolved.Examples = append(r.Unresolved.Examples, e.collected.short[:min(room, len(e.collected.short))]...)
	}
	sum, inputs := e.inputs()
	r.Inputs = append(r.Inputs, inputs...)
	r.Acquisitions = append(r.Acquisitions, Examined{
		Path: e.acquisition.Path, Kind: e.acquisition.Kind, Device: e.acquisition.Device,
		SHA256: sum, Encrypted: e.acquisition.Encrypted,
	})
}
