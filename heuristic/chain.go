package heuristic

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

// chain is a sequence of records that together mean more than each does.
type chain struct {
	steps []step
	means string
}

// step is one kind of record in a chain.
type step struct {
	says      string
	artifacts []string
	act       artifact.Act        // empty: any
	field     string              // that must hold a text,
	in        []string            // one of these; empty: any
	prefix    string              // that begins with this
	newly     bool                // only the first record with this text counts
	without   string              // a field that must be absent
	also      map[string][]string // other fields, and what they may hold; "" is absent
	time      string              // field with the time; empty: the record's
	within    time.Duration       // after the step before
}

// chainEvent is a record that may be a step. The record is kept only for
// steps that are rare; of others there may be hundreds of thousands.
type chainEvent struct {
	at     time.Time
	what   string
	record *artifact.Record
}

// chainWatch gathers the events of each step.
type chainWatch struct {
	*chain
	events [][]chainEvent
	firsts []map[string]int // by text, the index of its first event
}

func newChainWatch(c *chain) *chainWatch {
	w := &chainWatch{chain: c, events: make([][]chainEvent, len(c.steps)), firsts: make([]map[string]int, len(c.steps))}
	for i := range w.firsts {
		w.firsts[i] = map[string]int{}
	}
	return w
}

func (w *chainWatch) watch(r *artifact.Record) {
	for i := range w.steps {
		s := &w.steps[i]
		if !slices.Contains(s.artifacts, r.Artifact) || s.act != "" && s.act != r.Act || s.without != "" && text(r, s.without) != "" {
			continue
		}
		if !s.holds(r) {
			continue
		}
		what := text(r, s.field)
		at := r.Time
		if s.time != "" {
			at = moment(r, s.time)
		}
		if what == "" || at.IsZero() || !strings.HasPrefix(what, s.prefix) || len(s.in) > 0 && !slices.Contains(s.in, base(what)) {
			continue
		}
		w.add(i, what, at, r)
	}
}

// holds tells whether the other fields are as they must be.
func (s *step) holds(r *artifact.Record) bool {
	for field, values := range s.also {
		if !slices.Contains(values, r.Text(field)) {
			return false
		}
	}
	return true
}

// add keeps an event, or puts an earlier one in the place of what was the first.
func (w *chainWatch) add(i int, what string, at time.Time, r *artifact.Record) {
	if w.steps[i].newly {
		if n, found := w.firsts[i][what]; found {
			if e := &w.events[i][n]; at.Before(e.at) {
				*e = chainEvent{at, what, r.Clone()}
			}
			return
		}
	}
	if len(w.events[i]) >= maxEvents/16 {
		return
	}
	if w.steps[i].newly {
		w.firsts[i][what] = len(w.events[i])
	}
	w.events[i] = append(w.events[i], chainEvent{at, what, r.Clone()})
}

// end looks for whole sequences; they do not overlap.
func (w *chainWatch) end(report Report) {
	for _, events := range w.events {
		slices.SortFunc(events, func(a, b chainEvent) int { return cmp.Or(a.at.Compare(b.at), strings.Compare(a.what, b.what)) })
	}
	reported, until := 0, time.Time{}
	for _, e := range w.events[0] {
		if found := w.follow(e); len(found) >= len(w.steps) && reported < maxSingle && e.at.After(until) {
			report(w.finding(found))
			reported++
			until = found[len(found)-1].at
		}
	}
}

// follow takes the next event of each step in turn, as far as it goes.
func (w *chainWatch) follow(from chainEvent) []chainEvent {
	found := []chainEvent{from}
	for i := 1; i < len(w.steps); i++ {
		last := found[len(found)-1].at
		events := w.events[i]
		n, _ := slices.BinarySearchFunc(events, last, func(e chainEvent, at time.Time) int { return e.at.Compare(at) })
		if n == len(events) || events[n].at.Sub(last) > w.steps[i].within {
			return found
		}
		found = append(found, events[n])
	}
	return found
}

func (w *chainWatch) finding(found []chainEvent) Finding {
	f := Finding{Severity: artifact.Medium, Record: found[0].record, Explanation: w.means}
	var says []string
	for i, e := range found {
		says = append(says, fmt.Sprintf("%s (%s, %s UTC)", w.steps[i].says, e.what, e.at.UTC().Format("2006-01-02 15:04:05")))
		if i > 0 {
			f.Around = append(f.Around, e.record)
		}
	}
	f.Title = "One after the other: " + strings.Join(says, "; then ")
	return f
}
