package sign

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// RuleResult is what fits a rule.
type RuleResult struct {
	Version  int              `json:"version"`
	Rule     string           `json:"rule"`
	Matches  int64            `json:"matches"`
	Accounts []Matched        `json:"accounts"` // by attempts, then by id
	Targets  []Matched        `json:"targets"`
	Cut      int64            `json:"cut,omitempty"`        // matches whose account and target are not listed
	Unsure   int64            `json:"unsure,omitempty"`     // records for which the rule could not be evaluated
	Why      string           `json:"unsure_why,omitempty"` // of the first of them
	Records  int64            `json:"records"`
	Rejected int64            `json:"rejected"`
	Reasons  map[string]int64 `json:"reasons,omitempty"` // of the rejected
	Unread   []string         `json:"unread,omitempty"`
	Absent   []string         `json:"absent,omitempty"` // columns of the rule that no file has
	Seconds  float64          `json:"seconds"`
}

// Matched is an account or a target of records that fit.
type Matched struct {
	ID       string    `json:"id"`
	Attempts int64     `json:"attempts"`
	Others   int       `json:"others"` // targets of an account, accounts of a target
	First    time.Time `json:"first"`
	Last     time.Time `json:"last"`
}

const (
	mostPairs = 500_000   // of an account and a target that are kept
	mostText  = 256 << 20 // bytes of their ids
)

type meeting struct{ caller, callee record.ID }

// reach is what one account tried of one target, or one of the two in all. Times
// are in ns since 1970.
type reach struct {
	attempts    int64
	first, last int64
}

func (r *reach) add(o reach) {
	if r.attempts == 0 || o.first < r.first {
		r.first = o.first
	}
	if r.attempts == 0 || o.last > r.last {
		r.last = o.last
	}
	r.attempts += o.attempts
}

// room is how much all goroutines together have kept.
type room struct {
	limit       int64 // of pairs
	pairs, text atomic.Int64
}

// gathering is what one goroutine has found.
type gathering struct {
	*matcher
	pairs   map[meeting]*reach
	texts   map[record.ID]string
	matches int64
	cut     int64
	doubts  int64
}

// Rule finds the records that fit a rule, and whose they are.
func Rule(ctx context.Context, source record.Source, text string, o Options) (RuleResult, error) {
	c, err := ParseRule(text)
	if err != nil {
		return RuleResult{}, err
	}
	return fitting(ctx, source, c, o, &room{limit: mostPairs})
}

func fitting(ctx context.Context, source record.Source, c *Condition, o Options, kept *room) (RuleResult, error) {
	o = o.filled()
	began := o.Now()
	o.Phase("looking at each record")
	all := make([]*gathering, o.Workers)
	for i := range all {
		all[i] = &gathering{matcher: newMatcher(c, source.Dictionary()), pairs: map[meeting]*reach{}, texts: map[record.ID]string{}}
	}
	stats, err := source.Read(ctx, record.Reading{
		Want: c.want | record.Caller | record.Callee, Workers: o.Workers, Progress: o.Progress,
		Visit: func(worker int, b *record.Batch) error {
			all[worker].visit(b, kept)
			return nil
		},
	})
	if err != nil {
		return RuleResult{}, fmt.Errorf("rule %q: reading the records: %w", c.Text, err)
	}
	r := RuleResult{
		Version: 1, Rule: c.Text, Records: stats.Records, Rejected: stats.Rejected, Reasons: stats.Reasons, Unread: stats.Unread,
	}
	for name, col := range columns {
		if c.want&col.set&^stats.Columns != 0 && stats.Records > 0 {
			r.Absent = append(r.Absent, name)
		}
	}
	slices.Sort(r.Absent)
	r.merge(all)
	r.Seconds = o.Now().Sub(began).Seconds()
	return r, nil
}

func (g *gathering) visit(b *record.Batch, kept *room) {
	for i, t := range g.match(b) {
		switch t {
		case unsure:
			g.doubts++
		case yes:
			g.matches++
			g.add(b, i, kept)
		}
	}
}

func (g *gathering) add(b *record.Batch, i int, kept *room) {
	p := meeting{b.Caller[i], b.Callee[i]}
	of := g.pairs[p]
	if of == nil {
		if kept.pairs.Load() >= kept.limit || kept.text.Load() >= mostText {
			g.cut++
			return
		}
		of = &reach{}
		g.pairs[p] = of
		kept.pairs.Add(1)
		kept.text.Add(g.name(b, i, p.caller, record.Caller) + g.name(b, i, p.callee, record.Callee))
	}
	of.add(reach{1, b.Time[i], b.Time[i]})
}

// name keeps the text of an id, and returns how many bytes that takes.
func (g *gathering) name(b *record.Batch, i int, id record.ID, column record.Columns) int64 {
	if _, ok := g.texts[id]; ok {
		return 0
	}
	g.texts[id] = strings.Clone(b.Text(column, i))
	return int64(len(g.texts[id]))
}

// merge puts together what all have found.
func (r *RuleResult) merge(all []*gathering) {
	pairs, texts := map[meeting]*reach{}, map[record.ID]string{}
	for _, g := range all {
		r.Matches, r.Cut, r.Unsure = r.Matches+g.matches, r.Cut+g.cut, r.Unsure+g.doubts
		r.Why = cmp.Or(r.Why, g.trouble)
		for p, of := range g.pairs {
			if pairs[p] == nil {
				pairs[p] = &reach{}
			}
			pairs[p].add(*of)
		}
		for id, text := range g.texts {
			texts[id] = text
		}
	}
	r.Accounts = matched(pairs, texts, func(p meeting) record.ID { return p.caller })
	r.Targets = matched(pairs, texts, func(p meeting) record.ID { return p.callee })
}

// matched adds the pairs up by one of the two.
func matched(pairs map[meeting]*reach, texts map[record.ID]string, by func(meeting) record.ID) []Matched {
	type sum struct {
		reach
		others int
	}
	sums := map[record.ID]*sum{}
	for p, of := range pairs {
		id := by(p)
		if sums[id] == nil {
			sums[id] = &sum{}
		}
		sums[id].add(*of)
		sums[id].others++
	}
	list := make([]Matched, 0, len(sums))
	for id, s := range sums {
		list = append(list, Matched{texts[id], s.attempts, s.others, time.Unix(0, s.first).UTC(), time.Unix(0, s.last).UTC()})
	}
	slices.SortFunc(list, func(a, b Matched) int {
		return cmp.Or(cmp.Compare(b.Attempts, a.Attempts), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// shown is how many accounts and targets Print lists; JSON has all.
const shown = 50

// Print writes a result for people.
func (r RuleResult) Print(w io.Writer) error {
	fmt.Fprintf(w, "%d of %d records fit: %d accounts, %d targets.\n", r.Matches, r.Records, len(r.Accounts), len(r.Targets))
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, part := range []struct {
		head string
		all  []Matched
	}{{"ACCOUNT\tATTEMPTS\tTARGETS\tFIRST\tLAST", r.Accounts}, {"TARGET\tATTEMPTS\tACCOUNTS\tFIRST\tLAST", r.Targets}} {
		if len(part.all) > 0 {
			fmt.Fprintf(t, "\n%s\n", part.head)
		}
		for _, m := range part.all[:min(len(part.all), shown)] {
			fmt.Fprintf(t, "%s\t%d\t%d\t%s\t%s\n", plain(m.ID), m.Attempts, m.Others, day(m.First), day(m.Last))
		}
		if more := len(part.all) - shown; more > 0 {
			fmt.Fprintf(t, "and %d more; --json lists all\n", more)
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, s := range r.remarks() {
		fmt.Fprintf(w, "\n%s.", plain(s))
	}
	_, err := fmt.Fprintln(w)
	return err
}

func (r RuleResult) remarks() (all []string) {
	if r.Rejected > 0 {
		all = append(all, fmt.Sprintf("%d lines are no records and were left out", r.Rejected))
	}
	for _, u := range r.Unread {
		all = append(all, "Not read: "+u)
	}
	for _, name := range r.Absent {
		all = append(all, fmt.Sprintf("No file has the column %s: a comparison with it is false", name))
	}
	if r.Unsure > 0 {
		all = append(all, fmt.Sprintf("For %d records the rule could not be evaluated, and they are not among the matches: %s", r.Unsure, r.Why))
	}
	if r.Cut > 0 {
		all = append(all, fmt.Sprintf("%d matches are counted and not listed, for there are more accounts and targets than one query keeps: write a narrower rule", r.Cut))
	}
	return all
}
