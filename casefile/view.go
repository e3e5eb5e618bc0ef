package casefile

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/store/ledger"
	"github.com/ringfence/ringfence/verify"
)

// MaySee tells why a person may not see a case; nil when it may. A partner sees
// the cases that it was admitted to.
func (c *Case) MaySee(ctx context.Context, name string) (Person, error) {
	p, err := c.room.Person(ctx, name)
	if err != nil || slices.Contains(mayRead, p.Role) {
		return p, err
	}
	admitted, err := c.log.Find(ctx, ledger.Query{Action: "admit"})
	if err != nil {
		return p, err
	}
	if !slices.ContainsFunc(admitted, func(e verify.Entry) bool { return e.Text("member") == name }) {
		return p, fmt.Errorf("%s was not admitted to %s: %w", name, c.ID, ErrNotYours)
	}
	return p, nil
}

// Saw keeps that a person saw something of the case.
func (c *Case) Saw(ctx context.Context, name, what string) error {
	return c.log.Saw(ctx, ledger.View{At: c.room.now().Unix(), Who: name, What: what})
}

// View is that somebody saw something.
type View struct {
	At        time.Time
	Who, What string
}

// Views returns what was seen of the case last, the newest first.
func (c *Case) Views(ctx context.Context, limit int) (all []View, err error) {
	kept, err := c.log.Views(ctx, limit)
	for _, v := range kept {
		all = append(all, View{time.Unix(v.At, 0).UTC(), v.Who, v.What})
	}
	return all, err
}

// Counts is how many facts of each kind the case has.
func (c *Case) Counts(ctx context.Context) (map[fact.Kind]int, error) {
	all, err := c.log.Subjects(ctx)
	counts := map[fact.Kind]int{}
	for kind, n := range all {
		counts[fact.Kind(kind)] = n
	}
	return counts, err
}

// Integrity says when the exhibits were last found to be as they were taken in.
type Integrity struct {
	Exhibits int       `json:"exhibits"`
	Proved   int       `json:"proved"`          // of them, at some time
	Oldest   time.Time `json:"oldest,omitzero"` // when the one that was proved longest ago was
}

// Integrity returns when the exhibits were last proved intact.
func (c *Case) Integrity(ctx context.Context) (i Integrity, err error) {
	proved, err := c.log.ProvedAt(ctx)
	if err != nil {
		return i, err
	}
	s, err := c.Summary(ctx)
	i.Exhibits, i.Proved = s.Exhibits, len(proved)
	for _, at := range proved {
		if i.Oldest.IsZero() || at.Before(i.Oldest) {
			i.Oldest = at
		}
	}
	return i, err
}

// Custody returns the entries of the ledger about an exhibit.
func (c *Case) Custody(ctx context.Context, exhibit string) ([]verify.Entry, error) {
	return c.log.Find(ctx, ledger.Query{Exhibit: exhibit})
}

// Acts returns the entries of one kind of act, the newest first.
func (c *Case) Acts(ctx context.Context, action string, limit int) ([]verify.Entry, error) {
	return c.log.Find(ctx, ledger.Query{Action: action, Newest: true, Limit: limit})
}

// Events calls do with the events of the case, the oldest first.
func (c *Case) Events(ctx context.Context, q ledger.EventQuery, do func(ledger.Event) error) error {
	return c.log.Events(ctx, q, do)
}

// Days returns how many events of each account there were on each day.
func (c *Case) Days(ctx context.Context, from, until time.Time) ([]ledger.Bin, error) {
	return c.log.Days(ctx, from, until)
}

// Span is how many events the case has, and when.
func (c *Case) Span(ctx context.Context) (n int, first, last time.Time, err error) {
	return c.log.Span(ctx)
}
