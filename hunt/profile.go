package hunt

import (
	"slices"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// Behaviour is how a group of accounts behaves toward strangers, in numbers.
type Behaviour struct {
	Accounts int
	Targets  int     // strangers who were tried
	Open     int     // of them: never answered
	Repeated int     // of the open: tried again within ten minutes
	Talked   int     // of the targets: answered and talked
	Back     int     // of the targets: called back, and talked
	Attempts int     // at targets
	Failed   int     // of the attempts: failed for a technical reason
	Contacts int     // of the attempts: by the client of the group, at people who had accepted the account
	PerDay   float64 // targets of an account on a day on which it calls, in the median
	Most     int     // targets of the busiest account
}

// profile is what is known of a group.
type profile struct {
	Behaviour
	other int // calls to people who had accepted the accounts
	young int // accounts that were made at most 30 days before their first attempt
	aged  int // accounts whose age is known
}

// share is a part of a whole; 0 of nothing.
func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// sketch is what the first reading alone says of a group. Whom its accounts met
// among themselves they did not try.
func (h *hunting) sketch(g group) (p profile) {
	p.Accounts = len(g.members)
	own := map[record.ID]bool{}
	for _, m := range g.members {
		own[h.suspects[m].id] = true
	}
	for _, m := range g.members {
		s := &h.suspects[m]
		p.Open += int(s.open)
		p.Repeated += int(s.repeated)
		p.Talked += int(s.talked)
		for _, id := range s.met {
			if own[id] {
				p.Talked--
			}
		}
		p.Attempts += int(s.tries)
		p.Most = max(p.Most, int(s.open+s.talked))
	}
	p.Targets = p.Open + p.Talked
	return p
}

// ties tells whether the group is tied by a client print, and this is it.
func (d *dossier) ties(print record.Code) bool {
	switch d.tie.kind() {
	case byPrint, byPrintNetwork, byPrintCreated, byPrintRhythm:
		return known(print) && uint32(print) == d.tie.first() && 5*len(d.members) >= d.n
	}
	return false
}

// targetOf is one stranger, over all accounts of the group.
type targetOf struct {
	id       record.ID
	calls    []callOf
	repeated bool
	talked   bool
	back     bool
	contact  bool
}

// profileOf works out the profile and the targets of a dossier. Calls between
// the group's own accounts are decoys: they are no talk with strangers.
func (l *looking) profileOf(number int32) (p profile, targets []*targetOf) {
	d := &l.groups[number]
	byID := map[record.ID]*targetOf{}
	first := map[record.ID]callOf{}
	days := map[record.ID]map[int64]map[record.ID]bool{}
	for _, c := range d.calls {
		if g, ok := l.member[c.callee]; ok && g == number {
			continue
		}
		if c.contact == record.Accepted && !d.ties(c.print) {
			p.other++
			continue
		}
		if c.contact == record.Accepted {
			p.Contacts++
		}
		t := byID[c.callee]
		if t == nil {
			t = &targetOf{id: c.callee}
			byID[c.callee] = t
			targets = append(targets, t)
		}
		t.calls = append(t.calls, c)
		if _, ok := first[c.caller]; !ok {
			first[c.caller] = c
			days[c.caller] = map[int64]map[record.ID]bool{}
		}
		day := c.time / int64(24*time.Hour)
		if days[c.caller][day] == nil {
			days[c.caller][day] = map[record.ID]bool{}
		}
		days[c.caller][day][c.callee] = true
	}
	for _, c := range d.back {
		if t := byID[c.caller]; t != nil && c.outcome == record.Answered && c.talk >= talkMS && c.time > t.calls[0].time {
			t.back = true
		}
	}
	for _, t := range targets {
		p.count(t)
	}
	p.Accounts = len(d.members)
	p.habits(first, days)
	return p, targets
}

func (p *profile) count(t *targetOf) {
	p.Targets++
	p.Attempts += len(t.calls)
	answered := false
	for i, c := range t.calls {
		t.contact = t.contact || c.contact == record.Accepted
		answered = answered || c.outcome == record.Answered
		t.talked = t.talked || c.talked
		if c.outcome == record.Failed {
			p.Failed++
		}
		if i > 0 && time.Duration(c.time-t.calls[i-1].time) <= repeatWithin {
			t.repeated = true
		}
	}
	switch {
	case t.talked:
		p.Talked++
	case !answered:
		p.Open++
		if t.repeated {
			p.Repeated++
		}
	}
	if t.back {
		p.Back++
	}
}

func (p *profile) habits(first map[record.ID]callOf, days map[record.ID]map[int64]map[record.ID]bool) {
	var daily []float64
	for id, of := range days {
		all := map[record.ID]bool{}
		for _, callees := range of {
			daily = append(daily, float64(len(callees)))
			for c := range callees {
				all[c] = true
			}
		}
		p.Most = max(p.Most, len(all))
		if age := first[id].age; age >= 0 {
			p.aged++
			if age <= 30 {
				p.young++
			}
		}
	}
	if len(daily) > 0 {
		slices.Sort(daily)
		p.PerDay = daily[len(daily)/2]
	}
}
