package live

import (
	"fmt"
	"slices"

	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/hunt/record"
)

// profile is how a group behaves toward strangers.
type profile struct {
	accounts int
	targets  int // who were tried
	open     int // of them: never answered
	repeated int // of the open: tried again and again, or said that the call was strange
	talked   int // of the targets: answered and talked
	back     int // of the targets: called back, and talked
	contacts int // of the attempts: at people who had accepted the account
	attempts int // at targets
	failed   int // of the attempts: failed for a technical reason
	reported int // of the targets: said that the call was strange
	perDay   int // targets of an account on a day, in the median
	most     int // targets of the busiest account
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
		p.most = max(p.most, len(a.Targets)+a.Dropped)
		p.targets += a.Dropped
		p.attempts += a.Dropped
		p.open += a.Once
		p.talked += a.Talks
		if a.Age != record.NoAge {
			p.aged++
			if a.Age <= 30 {
				p.young++
			}
		}
	}
	p.accounts = len(g.members)
	if len(daily) > 0 {
		slices.Sort(daily)
		p.perDay = daily[len(daily)/2]
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
	p.targets++
	p.attempts += o.Tries
	if o.Contact {
		p.contacts += o.Tries
	}
	p.failed += o.Failed
	switch {
	case o.Talked:
		p.talked++
	case !o.Answered:
		p.open++
		if o.probe() || o.Reported {
			p.repeated++
		}
	}
	if o.Back {
		p.back++
	}
	if o.Reported {
		p.reported++
	}
}

// innocent is an explanation of a group that is no campaign: in doubt it lowers
// the strength by one; when it is certain there is no campaign.
type innocent struct {
	test func(p *profile) (doubt, certain bool)
	say  func(p *profile) string
}

// innocents are those of the hunt through kept records (docs/hunt.md), as far as
// they can be told while it goes on.
var innocents = []innocent{
	{func(p *profile) (bool, bool) {
		s := share(p.talked, p.targets)
		return s > 0.05, s > 0.15
	}, func(p *profile) string {
		return fmt.Sprintf("%d of the %d people it calls answer and talk: a call centre, a support desk or a fraud ring looks like this", p.talked, p.targets)
	}},
	{func(p *profile) (bool, bool) {
		s := share(p.repeated, p.open)
		return s < 0.4, s < 0.2
	}, func(p *profile) string {
		return fmt.Sprintf("%d of the %d who do not answer are tried once only: a scanner of numbers or one-ring fraud looks like this", p.open-p.repeated, p.open)
	}},
	{func(p *profile) (bool, bool) { return p.perDay > 120 || p.most > 1000, p.perDay > 300 || p.most > 3000 }, func(p *profile) string {
		return fmt.Sprintf("an account tries up to %d people, about %d on a day: bulk calls and verification by missed calls look like this", p.most, p.perDay)
	}},
	{func(p *profile) (bool, bool) {
		s := share(p.back, p.targets)
		if share(p.contacts, p.attempts) > 0.5 { // who knows the account calls back, whoever has it now
			return s > 0.4, s > 0.6
		}
		return s > 0.1, s > 0.25
	}, func(p *profile) string {
		return fmt.Sprintf("%d of the %d people it tries call back and talk: they know who it is, or one-ring fraud made them", p.back, p.targets)
	}},
	{func(p *profile) (bool, bool) {
		s := share(p.failed, p.attempts)
		return s > 0.5, s > 0.9
	}, func(p *profile) string {
		return fmt.Sprintf("%d of the %d attempts fail for a technical reason: a broken client that retries looks like this", p.failed, p.attempts)
	}},
	{func(p *profile) (bool, bool) {
		own := share(p.contacts, p.attempts) > 0.8
		return own && p.targets < 5*p.accounts, own && p.targets < 2*p.accounts
	}, func(p *profile) string {
		return fmt.Sprintf("%d accounts try %d people, most of whom had accepted them: a new client that has a fault looks like this", p.accounts, p.targets)
	}},
	{func(p *profile) (bool, bool) {
		return p.targets < 10 || p.accounts < 3, p.targets < 4 || p.accounts < 2
	}, func(p *profile) string {
		return fmt.Sprintf("it is %d accounts and %d people only: a quarrel or a prank looks like this", p.accounts, p.targets)
	}},
	{func(p *profile) (bool, bool) { return p.attempts > 30*p.targets, p.attempts > 100*p.targets }, func(p *profile) string {
		return fmt.Sprintf("%d people are tried %d times: monitoring and persistent callers look like this", p.targets, p.attempts)
	}},
}
