package live

import (
	"slices"

	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/hunt/record"
)

// profile is what is known of a group.
type profile struct {
	hunt.Behaviour
	reported int // of the targets: said that the call was strange
	young    int // accounts that were made at most 30 days before their first attempt
	aged     int // accounts whose age is known
}

func share(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}

// aim is one target, over all accounts of the group.
type aim struct {
	Target
	calls []hunt.Attempt
	pure  bool // only accounts that do nothing else tried it
}

// profileOf works out the profile and the targets of a group. Calls between its
// own accounts are decoys: they are no talk with strangers.
func profileOf(g *group) (p profile, aims []*aim) {
	byHash := map[uint64]*aim{}
	var daily []int
	for _, a := range g.members {
		open, talked := a.strangers(g.own)
		pure := 10*talked <= open && 10*a.Other <= open
		days := map[int64]int{}
		for i := range a.Targets {
			t := &a.Targets[i]
			if g.own[t.Hash] {
				continue
			}
			days[t.First/day]++
			one := byHash[t.Hash]
			if one == nil {
				one = &aim{Target: Target{ID: t.ID, Country: t.Country, Hash: t.Hash, First: t.First}, pure: true}
				byHash[t.Hash] = one
				aims = append(aims, one)
			}
			one.join(t, a.ID, pure)
		}
		for _, n := range days {
			daily = append(daily, n)
		}
		p.Most = max(p.Most, len(a.Targets)+a.Dropped)
		p.Targets += a.Dropped
		p.Attempts += a.Dropped
		p.Open += a.Once
		p.Talked += a.Talks
		if a.Age != record.NoAge {
			p.aged++
			if a.Age <= 30 {
				p.young++
			}
		}
	}
	p.Accounts = len(g.members)
	if len(daily) > 0 {
		slices.Sort(daily)
		p.PerDay = float64(daily[len(daily)/2])
	}
	for _, one := range aims {
		p.count(one)
	}
	return p, aims
}

// join adds what one account did.
func (o *aim) join(t *Target, account string, pure bool) {
	o.pure = o.pure && pure
	o.First, o.Last = min(o.First, t.First), max(o.Last, t.Last)
	o.Tries += t.Tries
	o.Failed += t.Failed
	o.Blocked += t.Blocked
	if t.Gap > 0 && (o.Gap == 0 || t.Gap < o.Gap) {
		o.Gap = t.Gap
	}
	o.Contact = o.Contact || t.Contact
	o.Answered = o.Answered || t.Answered
	o.Talked = o.Talked || t.Talked
	o.Back = o.Back || t.Back
	o.Reported = o.Reported || t.Reported
	for _, c := range t.Calls {
		o.calls = append(o.calls, hunt.Attempt{Time: when(c.Time), Account: account, Target: o.ID, Outcome: c.Outcome.String(), RingMS: c.RingMS})
	}
}

func (p *profile) count(o *aim) {
	p.Targets++
	p.Attempts += o.Tries
	if o.Contact {
		p.Contacts += o.Tries
	}
	p.Failed += o.Failed
	switch {
	case o.Talked:
		p.Talked++
	case !o.Answered:
		p.Open++
		if o.probe() || o.Reported {
			p.Repeated++
		}
	}
	if o.Back {
		p.Back++
	}
	if o.Reported {
		p.reported++
	}
}
