// Package heuristic holds what is suspicious without any published indicator:
// what a phone's own records should not say, each from a published analysis,
// one file each. A heuristic watches the records of the artifacts it names and
// reports what breaks its rule; what it cannot tell it leaves alone.
package heuristic

import (
	"slices"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
)

// Heuristic is one rule.
type Heuristic struct {
	Name      string   // dotted, "h.shutdown_delay"; stored in case files and never reused
	Title     string   // one line
	Artifacts []string // names of the artifacts whose records it watches; empty: all
	Refs      []string // where it is published; at least one
	// AntiForensic says that it is a sign that traces were removed; these are
	// shown together.
	AntiForensic bool
	// New starts a watcher for one acquisition. Watch is never called from two
	// goroutines at once, and End once, after the last record.
	New func(acquisition.Device) Watcher
}

// Watcher is a heuristic at work on one acquisition.
type Watcher interface {
	// Watch sees one record. The record is reused after the call: Clone what
	// has to be kept.
	Watch(r *artifact.Record, report Report)
	// End is told that all records were seen.
	End(report Report)
}

// Report reports a finding. The record is the one to show (its place and time
// are the finding's); around may add others.
type Report func(f Finding)

// Finding is what a heuristic saw.
type Finding struct {
	Severity    artifact.Severity
	Title       string // what was seen, in one sentence with its values
	Explanation string // what it means and what it does not mean, for a lay person
	Next        string // what to do next; empty: the general advice
	// Attempt says that it shows that somebody tried to attack, and not only
	// that something is odd.
	Attempt bool
	Record  *artifact.Record
	Around  []*artifact.Record
}

var registered []Heuristic

// Register adds a heuristic; it panics on a repeated name or missing references.
func Register(h Heuristic) {
	if h.Name == "" || h.Title == "" || len(h.Refs) == 0 || h.New == nil {
		panic("heuristic " + h.Name + ": name, title, references and New are needed")
	}
	if slices.ContainsFunc(registered, func(o Heuristic) bool { return o.Name == h.Name }) {
		panic("heuristic " + h.Name + ": registered twice")
	}
	registered = append(registered, h)
	slices.SortFunc(registered, func(a, b Heuristic) int { return strings.Compare(a.Name, b.Name) })
}

// All lists every heuristic by name.
func All() []Heuristic { return slices.Clone(registered) }

// Each makes a watcher of a function that looks at one record at a time.
type Each func(r *artifact.Record, report Report)

// Watch calls the function.
func (e Each) Watch(r *artifact.Record, report Report) { e(r, report) }

// End does nothing.
func (Each) End(Report) {}
