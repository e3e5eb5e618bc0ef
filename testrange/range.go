// Package testrange attacks a server of one's own with inert cases, one or more
// for each rule of the guard, and reports what was refused.
//
// The clients that attack are the ordinary one with its checks taken out: they
// have accounts, keys and contacts, and send what no honest client sends. The
// clients that are attacked are the ordinary one as it is. A case is refused
// when the client that is attacked saw nothing of it and the server answered as
// it should; that nothing came is believed only because something honest comes
// through right afterwards.
//
// The range aims at one server, after that server has proved to be the
// operator's (docs/range.md), and at the relay addresses that its signed answer
// names. It breaks properties, not memory: no case is made to crash anything.
package testrange

import (
	"context"
	"errors"
	"fmt"
	"sort"
	"time"

	"github.com/ringfence/ringfence/guard"
)

// Case is one attack.
type Case struct {
	ID    string   // "ring.settings"; never reused
	Title string   // what is tried, in one sentence
	Rules []string // the rules that answer it
	Row   string   // rows of the catalogue of published bugs that it stands for

	// Barriers are what must be out of force for the attack to get through: with
	// any one of them in force it is refused. They are ids of rules.
	Barriers []string

	// Run makes the attack. An error means that it could not be made.
	Run func(ctx context.Context, s *Stage) (Outcome, error)
}

// Outcome is what a case found.
type Outcome struct {
	Through bool
	Seen    string // what was seen, in words
}

// through and refused make outcomes.
func through(format string, args ...any) (Outcome, error) {
	return Outcome{true, fmt.Sprintf(format, args...)}, nil
}

func refused(format string, args ...any) (Outcome, error) {
	return Outcome{false, fmt.Sprintf(format, args...)}, nil
}

var catalogue = map[string]Case{}

// Register adds a case. It panics when the case is not whole, its id is taken
// or it names a rule that does not exist: mistakes of ours.
func Register(c Case) {
	if _, taken := catalogue[c.ID]; taken {
		panic("testrange: case " + c.ID + " registered twice")
	}
	if c.ID == "" || c.Title == "" || len(c.Rules) == 0 || c.Row == "" || len(c.Barriers) == 0 || c.Run == nil {
		panic("testrange: case " + c.ID + " is not whole")
	}
	for _, id := range append(append([]string(nil), c.Rules...), c.Barriers...) {
		if _, ok := guard.Lookup(id); !ok {
			panic("testrange: case " + c.ID + " names " + id + ", which is no rule")
		}
	}
	catalogue[c.ID] = c
}

// Cases returns all cases, by id.
func Cases() []Case {
	all := make([]Case, 0, len(catalogue))
	for _, c := range catalogue {
		all = append(all, c)
	}
	sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
	return all
}

// Lookup returns the case of an id.
func Lookup(id string) (Case, bool) {
	c, ok := catalogue[id]
	return c, ok
}

// Verdicts of a case, as they are reported.
const (
	Refused = "refused"
	Through = "through"
	Failed  = "failed"
)

// Result is what came of one case.
type Result struct {
	ID      string   `json:"id"`
	Title   string   `json:"title"`
	Rules   []string `json:"rules"`
	Outcome string   `json:"outcome"` // refused, through or failed
	Seen    string   `json:"seen"`
}

// Report is what came of all cases, as docs/range.md describes it.
type Report struct {
	Version int      `json:"version"`
	Server  string   `json:"server"`
	Cases   []Result `json:"cases"`
	Seconds float64  `json:"seconds"`
}

// Count returns how many cases ended in an outcome.
func (r Report) Count(outcome string) (n int) {
	for _, c := range r.Cases {
		if c.Outcome == outcome {
			n++
		}
	}
	return n
}

// caseTime bounds one case.
const caseTime = 45 * time.Second

// Run runs cases one after the other on a stage, and tells of each as it ends.
func Run(ctx context.Context, s *Stage, cases []Case, tell func(Result)) Report {
	began := time.Now()
	report := Report{Version: 1, Server: s.server, Cases: []Result{}}
	for _, c := range cases {
		r := s.RunCase(ctx, c)
		report.Cases = append(report.Cases, r)
		if tell != nil {
			tell(r)
		}
	}
	report.Seconds = time.Since(began).Seconds()
	return report
}

// RunCase runs one case. That it was refused counts only if everybody who took
// part can still be reached.
func (s *Stage) RunCase(ctx context.Context, c Case) Result {
	ctx, cancel := context.WithTimeout(ctx, caseTime)
	defer cancel()
	s.begin()
	out, err := c.Run(ctx, s)
	if err == nil && !out.Through {
		err = s.stillThere(ctx)
	}
	s.end(ctx)
	r := Result{ID: c.ID, Title: c.Title, Rules: c.Rules, Outcome: Refused, Seen: out.Seen}
	switch {
	case err != nil:
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("not done within %s: %w", caseTime, err)
		}
		r.Outcome, r.Seen = Failed, err.Error()
	case out.Through:
		r.Outcome = Through
	}
	return r
}
