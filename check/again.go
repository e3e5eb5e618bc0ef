package check

import (
	"context"
	"io"
	"time"

	"filippo.io/age"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/indicator"
)

// Again examines what an earlier examination observed with the indicators of
// today, without reading the acquisition again. What heuristics found then, and
// what was covered then, stands.
//
// Errors: those of ReadFacts.
func Again(ctx context.Context, earlier *Result, facts io.Reader, set *indicator.Set, identities ...age.Identity) (*Result, error) {
	started := time.Now()
	r := *earlier
	r.Findings, r.Started, r.Again = nil, started.UTC(), &earlier.Started
	for _, f := range earlier.Findings {
		if f.Kind == "heuristic" {
			r.Findings = append(r.Findings, f)
		}
	}
	observers := map[int]*observer{}
	err := ReadFacts(facts, func(acquisition int, rec *artifact.Record) {
		o := observers[acquisition]
		if o == nil {
			o = &observer{collector: newCollector(acquisition, set)}
			observers[acquisition] = o
		}
		o.take(rec)
	}, identities...)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	for i := range r.Acquisitions {
		if o := observers[i]; o != nil {
			r.Findings = append(r.Findings, o.findings...)
		}
	}
	restore(r.Findings, earlier.Findings)
	r.finish()
	r.Took = time.Since(started)
	r.Seconds = r.Took.Seconds()
	return &r, nil
}

// restore gives findings that were made before the records they had then: facts
// hold no text.
func restore(now, then []Finding) {
	records := make(map[string]*Finding, len(then))
	for i := range then {
		records[then[i].ID] = &then[i]
	}
	for i := range now {
		if was := records[now[i].ID]; was != nil && now[i].Kind == "indicator" {
			now[i].Record, now[i].Around = was.Record, was.Around
		}
	}
}
