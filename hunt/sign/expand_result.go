package sign

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/hunt/record"
	"github.com/ringfence/ringfence/internal/visible"
)

// Expansion is what is tied to signs.
type Expansion struct {
	Version     int              `json:"version"`
	Signs       []Sign           `json:"signs"`
	Accounts    []TiedAccount    `json:"accounts"`
	Targets     []TiedTarget     `json:"targets"`
	NotFollowed []Unfollowed     `json:"not_followed"`
	Records     int64            `json:"records"`
	Rejected    int64            `json:"rejected"`
	Reasons     map[string]int64 `json:"reasons,omitempty"` // of the rejected
	Unread      []string         `json:"unread,omitempty"`
	Idle        int              `json:"idle,omitempty"` // accounts with a print or network that is followed, that tried nobody: they are not listed
	Cut         int64            `json:"cut,omitempty"`  // calls, accounts and targets beyond what is kept
	Notes       []string         `json:"notes,omitempty"`
	Index       *Built           `json:"index,omitempty"` // that was used
	Checked     int              `json:"checked"`         // attempts from the index that were compared with the records
	Seconds     float64          `json:"seconds"`
}

// Step leads from a sign, or from what is tied to it, to something else.
type Step struct {
	From     Sign          `json:"from"`
	To       Sign          `json:"to"`
	Why      string        `json:"why"` // in words, of what it leads to
	Strength hunt.Strength `json:"strength"`
}

// TiedAccount is an account that is tied to a sign.
type TiedAccount struct {
	ID       string        `json:"id"`
	Strength hunt.Strength `json:"strength"` // of the weakest step; a weak one is not followed
	Attempts int64         `json:"attempts"` // that came to nothing, at people who had not accepted it
	Targets  int           `json:"targets"`
	More     bool          `json:"more,omitempty"` // attempts than were looked at, which are counted here
	First    time.Time     `json:"first,omitzero"`
	Last     time.Time     `json:"last,omitzero"`
	Prints   []string      `json:"prints,omitempty"`
	Networks []string      `json:"networks,omitempty"`
	Path     []Step        `json:"path"`           // empty for a sign
	Also     []Step        `json:"also,omitempty"` // other reasons
}

// TiedTarget is somebody whom tied accounts tried to reach.
type TiedTarget struct {
	ID       string        `json:"id"`
	Strength hunt.Strength `json:"strength"`
	Attempts int64         `json:"attempts"` // by the accounts that are followed
	Accounts int           `json:"accounts"` // those
	First    time.Time     `json:"first,omitzero"`
	Last     time.Time     `json:"last,omitzero"`
	Path     []Step        `json:"path"` // empty for a sign
}

// Unfollowed is something that too many have for it to tie them.
type Unfollowed struct {
	Kind     Kind    `json:"kind"`
	Value    string  `json:"value"`
	Accounts int64   `json:"accounts"` // that have it, about
	Share    float64 `json:"share"`    // of all accounts
	Why      string  `json:"why"`
}

func (g grade) strength() hunt.Strength {
	return [...]hunt.Strength{"", hunt.Weak, hunt.Moderate, hunt.Strong}[g]
}

// report makes the result, with names for ids.
func (e *expansion) report(source record.Source, signs []Sign) (Expansion, error) {
	e.Phase("looking up names")
	all := ids{}
	for _, nodes := range []map[record.ID]*node{e.accounts, e.targets} {
		for id := range nodes {
			all.add(id)
		}
	}
	names, err := e.find.names(e.ctx, all)
	if err != nil {
		return Expansion{}, err
	}
	for _, s := range signs {
		names[record.HashID([]byte(s.Value))] = s.Value
	}
	if len(names) < len(all) {
		if err := e.lookUpNames(source, names); err != nil {
			return Expansion{}, err
		}
	}
	stats := e.people.stats
	r := Expansion{
		Version: 1, Signs: signs, Accounts: []TiedAccount{}, Targets: []TiedTarget{}, NotFollowed: []Unfollowed{},
		Records: stats.Records, Rejected: stats.Rejected, Reasons: stats.Reasons, Unread: stats.Unread, Cut: e.cut, Idle: len(e.idle),
	}
	w := words{e.people, names}
	for _, id := range sorted(e.accounts) {
		r.Accounts = append(r.Accounts, e.account(e.accounts[id], w))
	}
	r.Targets = e.reached(w)
	for t, u := range e.refused {
		u.Value = w.sign(t).Value
		r.NotFollowed = append(r.NotFollowed, u)
	}
	r.sort()
	for _, s := range signs {
		if !e.seen(s) {
			r.Notes = append(r.Notes, s.String()+": no record has it, or no attempt that came to nothing")
		}
	}
	return r, nil
}

// seen tells whether anything of a sign was found.
func (e *expansion) seen(s Sign) bool {
	id := record.HashID([]byte(s.Value))
	switch s.Kind {
	case Account:
		return len(e.tried[id]) > 0
	case Target:
		return e.callers[id] != nil || e.refused[thing{kind: Target, id: id}].Accounts > 0
	}
	return e.people.has[attribute{s.Kind, e.people.code(s.Kind, s.Value)}].count > 0
}

func (r *Expansion) sort() {
	order := []hunt.Strength{hunt.Strong, hunt.Moderate, hunt.Weak}
	slices.SortFunc(r.Accounts, func(a, b TiedAccount) int {
		return cmp.Or(cmp.Compare(len(a.Path), len(b.Path)), cmp.Compare(slices.Index(order, a.Strength), slices.Index(order, b.Strength)), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(r.Targets, func(a, b TiedTarget) int { return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(r.NotFollowed, func(a, b Unfollowed) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Value, b.Value)) })
}

// words turns what is tied into texts.
type words struct {
	people *population
	names  map[record.ID]string
}

func (w words) sign(t thing) Sign {
	if t.kind == Account || t.kind == Target {
		return Sign{t.kind, w.names[t.id]}
	}
	return Sign{t.kind, w.people.text(attribute{t.kind, t.code})}
}

func (w words) path(n *node) []Step {
	all := []Step{}
	for ; n.from != nil; n = n.from {
		all = append(all, Step{w.sign(n.from.thing), w.sign(n.thing), n.why, n.step.strength()})
	}
	slices.Reverse(all)
	return all
}

func (e *expansion) account(n *node, w words) TiedAccount {
	a := TiedAccount{ID: w.names[n.id], Strength: n.grade.strength(), Path: w.path(n)}
	for _, t := range n.others {
		a.Also = append(a.Also, Step{w.sign(t.from.thing), w.sign(n.thing), t.why, t.grade.strength()})
	}
	span := span{}
	for i, one := range e.tried[n.id] {
		a.Attempts += one.calls
		if i == 0 || one.callee != e.tried[n.id][i-1].callee {
			a.Targets++
		}
		span.add(one)
	}
	a.First, a.Last = span.times()
	a.More = len(e.tried[n.id]) > 0 && len(e.tried[n.id]) >= e.limit[n.id]
	for _, f := range e.featuresOf(n.id) {
		if f.kind == Print {
			a.Prints = append(a.Prints, e.people.text(f))
		} else {
			a.Networks = append(a.Networks, e.people.text(f))
		}
	}
	slices.Sort(a.Prints)
	slices.Sort(a.Networks)
	return a
}

// reached lists the targets, with what the followed accounts tried.
func (e *expansion) reached(w words) []TiedTarget {
	type reach struct {
		span
		calls    int64
		accounts ids
	}
	of := map[record.ID]*reach{}
	for id, n := range e.accounts {
		if !n.done {
			continue
		}
		for _, one := range e.tried[id] {
			if of[one.callee] == nil {
				of[one.callee] = &reach{accounts: ids{}}
			}
			r := of[one.callee]
			r.add(one)
			r.calls += one.calls
			r.accounts.add(id)
		}
	}
	all := []TiedTarget{}
	for id, n := range e.targets {
		t := TiedTarget{ID: w.names[id], Strength: n.grade.strength(), Path: w.path(n)}
		if r := of[id]; r != nil {
			t.Attempts, t.Accounts = r.calls, len(r.accounts)
			t.First, t.Last = r.times()
		}
		all = append(all, t)
	}
	return all
}

// span is the first and the last time of attempts, in seconds since 1970.
type span struct {
	first, last int64
	some        bool
}

func (s *span) add(a attempt) {
	if !s.some {
		*s = span{a.first, a.last, true}
	}
	s.first, s.last = min(s.first, a.first), max(s.last, a.last)
}

func (s *span) times() (first, last time.Time) {
	if !s.some {
		return time.Time{}, time.Time{}
	}
	return time.Unix(s.first, 0).UTC(), time.Unix(s.last, 0).UTC()
}

// Print writes an expansion for people.
func (r Expansion) Print(w io.Writer) error {
	var signs []string
	for _, s := range r.Signs[:min(len(r.Signs), 5)] {
		signs = append(signs, plain(s.String()))
	}
	if more := len(r.Signs) - len(signs); more > 0 {
		signs = append(signs, fmt.Sprintf("and %d more", more))
	}
	fmt.Fprintf(w, "From %s, in %d records: %d accounts, %d targets.\n", strings.Join(signs, ", "), r.Records, len(r.Accounts), len(r.Targets))
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	if len(r.Accounts) > 0 {
		fmt.Fprintln(t, "\nACCOUNT\tSTRENGTH\tTARGETS\tATTEMPTS\tFIRST\tLAST\tHOW")
	}
	for _, a := range r.Accounts {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%s\t%s\t%s\n", plain(a.ID), a.Strength, a.Targets, a.Attempts, day(a.First), day(a.Last), way(a.Path))
	}
	if len(r.Targets) > 0 {
		fmt.Fprintln(t, "\nTARGET\tSTRENGTH\tACCOUNTS\tATTEMPTS\tFIRST\tLAST\tHOW")
	}
	for _, a := range r.Targets {
		fmt.Fprintf(t, "%s\t%s\t%d\t%d\t%s\t%s\t%s\n", plain(a.ID), a.Strength, a.Accounts, a.Attempts, day(a.First), day(a.Last), way(a.Path))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, u := range r.NotFollowed {
		fmt.Fprintf(w, "\n%s is not followed, because %s.", plain(Sign{u.Kind, u.Value}.String()), u.Why)
	}
	for _, s := range append(r.remarks(), r.Notes...) {
		fmt.Fprintf(w, "\n%s.", plain(s))
	}
	_, err := fmt.Fprintln(w)
	return err
}

func (r Expansion) remarks() (all []string) {
	if r.Rejected > 0 {
		all = append(all, fmt.Sprintf("%d lines are no records and were left out", r.Rejected))
	}
	for _, u := range r.Unread {
		all = append(all, "Not read: "+u)
	}
	if r.Idle > 0 {
		all = append(all, fmt.Sprintf("%d more accounts have a print or network that is followed, and tried nobody", r.Idle))
	}
	if r.Cut > 0 {
		all = append(all, fmt.Sprintf("%d calls, accounts or targets were more than one query keeps: begin with fewer signs", r.Cut))
	}
	return all
}

// way says a path in one line.
func way(path []Step) string {
	if len(path) == 0 {
		return "the sign itself"
	}
	last := path[len(path)-1]
	return fmt.Sprintf("%s: %s", plain(last.From.String()), last.Why)
}

// plain is a text from a record as it may stand on a terminal.
func plain(s string) string { return visible.Text(s, 400) }

func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("2006-01-02 15:04")
}
