// Package live finds campaigns while they form. It takes call records one by one
// and keeps little of them: of each account that tries strangers whom it tried,
// and of all others only how many they are and what they have in common.
//
// It has two halves. A watch knows the accounts of one partition, and depends on
// nothing but the records of it. The groups compare the accounts of all
// partitions. In one process a Detector holds both; a Runner spreads the watches
// over machines, and one of these holds the groups (docs/hunt.md).
package live

import (
	"cmp"
	"slices"
	"time"

	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/hunt/record"
)

// Limits bound the state, of all partitions together. When something is full,
// what is least suspicious goes, and is counted.
type Limits struct {
	Accounts   int // that tried strangers; 0: 262,144
	Targets    int // of these; 0: 1,048,576, about 300 bytes each
	Population int // accounts whose latest print and network are remembered; 0: 4,194,304, 8 bytes each
	Values     int // of prints, networks and pairs of them; 0: 65,536
	Calls      int // that users can report, the latest ones; 0: 262,144, 24 bytes each
}

func (l *Limits) fill() {
	l.Accounts = cmp.Or(l.Accounts, 1<<18)
	l.Targets = cmp.Or(l.Targets, 1<<20)
	l.Population = cmp.Or(l.Population, 1<<22)
	l.Values = cmp.Or(l.Values, 1<<16)
	l.Calls = cmp.Or(l.Calls, 1<<18)
}

// Options say how a detector works.
type Options struct {
	Partitions int // 0: 16; all that work together must have the same
	Limits     Limits
}

func (o *Options) fill() {
	o.Partitions = cmp.Or(o.Partitions, 16)
	o.Limits.fill()
}

// Kind says what happened to a campaign.
type Kind string

// The kinds of event.
const (
	Opened       Kind = "opened"
	Grew         Kind = "grew"         // more accounts or targets
	Strengthened Kind = "strengthened" // fewer doubts
	Weakened     Kind = "weakened"     // more doubts
	Closed       Kind = "closed"       // it does not stand out any more, or an innocent explanation fits
)

// Event is something that happened to a campaign.
type Event struct {
	Kind     Kind
	Time     time.Time // of the record that showed it
	Campaign hunt.Campaign
}

// Detector is both halves in one process. It is not for several goroutines at a
// time.
type Detector struct {
	options Options
	watches []*watch
	board   *board
}

// New returns a detector that has seen nothing.
func New(o Options) *Detector {
	o.fill()
	d := &Detector{options: o, board: newBoard(o.Partitions)}
	for n := range o.Partitions {
		d.watches = append(d.watches, newWatch(n, o.Partitions, o.Limits))
		d.board.groups.crowds[n] = d.watches[n].people
	}
	return d
}

// Add takes a record, and returns what it showed. Time is what the records say it
// is; there is no clock.
func (d *Detector) Add(r record.Record) []Event {
	first, second := Partitions(&r, d.options.Partitions)
	d.take(d.watches[first], d.watches[first].add(&r))
	if second >= 0 {
		d.take(d.watches[second], d.watches[second].add(&r))
	}
	return d.board.events(r.Time)
}

// Report takes a user's word that a call was strange. It counts like several
// strangers who were tried again and again, once for each caller and user. False
// when no such call to that user is remembered.
func (d *Detector) Report(user, call string) ([]Event, bool) {
	for _, w := range d.watches {
		if a := w.report(user, call); a != nil {
			d.take(w, a)
			return d.board.events(w.now), true
		}
	}
	d.watches[0].counts.Unmatched++
	return nil, false
}

// take tells the groups what changed in a watch.
func (d *Detector) take(w *watch, changed *Account) {
	if changed == nil && len(w.changed) == 0 {
		return
	}
	w.changes(d.board.put)
}

// Campaigns returns all campaigns there are now, strongest first, those too that
// were released. It compares everybody, which takes a while.
func (d *Detector) Campaigns() []hunt.Campaign {
	return d.board.campaigns()
}

// Held tells whether a call is to be held back, and of which campaign it is: the
// caller is one of its accounts, or comes with what hardly anybody but the
// campaign has.
func (d *Detector) Held(caller, callee, print, network string) (campaign string, held bool) {
	return d.board.held.held(caller, print, network)
}

// Release lets the calls of a campaign through again. The reason stays with it.
func (d *Detector) Release(campaign, reason string) { d.board.release(campaign, reason) }

// Counts says what came in, and what was refused or forgotten.
func (d *Detector) Counts() Counts {
	var c Counts
	for _, w := range d.watches {
		c.add(w.counted())
	}
	return c
}

func rank(s hunt.Strength) int {
	return slices.Index([]hunt.Strength{hunt.Weak, hunt.Moderate, hunt.Strong}, s)
}

// sortCampaigns puts the strongest and largest first.
func sortCampaigns(all []hunt.Campaign) {
	slices.SortFunc(all, func(a, b hunt.Campaign) int {
		return cmp.Or(rank(b.Strength)-rank(a.Strength), len(b.Targets)-len(a.Targets), cmp.Compare(a.ID, b.ID))
	})
}
