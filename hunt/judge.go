package hunt

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// judge makes campaigns of the groups that no innocent explanation fits.
func (h *hunting) judge(g *grouping, l *looking) {
	for i := range l.groups {
		p, targets := l.profileOf(int32(i))
		if certain, _ := Explain(p.Behaviour); certain != "" {
			h.explained[certain]++
			continue
		}
		c := h.campaign(g, l, i, &p, targets)
		h.result.Campaigns = append(h.result.Campaigns, c)
	}
	slices.SortStableFunc(h.result.Campaigns, func(a, b Campaign) int {
		if a.Strength != b.Strength {
			return rank(b.Strength) - rank(a.Strength)
		}
		if len(a.Targets) != len(b.Targets) {
			return len(b.Targets) - len(a.Targets)
		}
		return cmp.Compare(a.Accounts[0], b.Accounts[0])
	})
	for i := range h.result.Campaigns {
		h.result.Campaigns[i].ID = fmt.Sprintf("G-%04d", i+1)
	}
	h.result.Explained = h.explained
}

func rank(s Strength) int { return slices.Index([]Strength{Weak, Moderate, Strong}, s) }

// campaign says what a group is, and how sure that is.
func (h *hunting) campaign(g *grouping, l *looking, number int, p *profile, targets []*targetOf) Campaign {
	d := &l.groups[number]
	c := Campaign{Features: []Feature{}, Against: []string{}, Countries: map[string]int{}, Outcomes: map[string]int{}}
	pure := map[record.ID]bool{}
	for _, m := range d.members {
		s := &h.suspects[m]
		pure[s.id] = s.pure() && s.single()
		c.Accounts = append(c.Accounts, l.names[s.id])
	}
	slices.Sort(c.Accounts)
	for _, t := range targets {
		if t.isTarget(pure) {
			h.addTarget(&c, l, t)
		}
	}
	slices.SortFunc(c.Targets, func(a, b Target) int { return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(c.Attempts, func(a, b Attempt) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Target, b.Target)) })
	for _, a := range c.Attempts {
		c.Outcomes[a.Outcome]++
		c.Hours[a.Time.Hour()]++
	}
	if n := len(c.Attempts); n > 0 {
		c.From, c.To = c.Attempts[0].Time, c.Attempts[n-1].Time
	}
	h.features(&c, g, l, d, p)
	h.strength(&c, d, p)
	return c
}

// isTarget tells whether somebody is a target. Of an account that does nothing
// else, whoever it tried is; of one that also lives, whoever did not answer.
func (t *targetOf) isTarget(pure map[record.ID]bool) bool {
	if !t.talked {
		return true
	}
	for _, c := range t.calls {
		if !pure[c.caller] {
			return false
		}
	}
	return true
}

func (h *hunting) addTarget(c *Campaign, l *looking, t *targetOf) {
	text := h.source.Dictionary().Text
	one := Target{ID: l.names[t.id], Attempts: len(t.calls), Contact: t.contact, First: when(t.calls[0].time), Last: when(t.calls[len(t.calls)-1].time)}
	for _, a := range t.calls {
		if a.country != 0 {
			one.Country = text(a.country)
		}
		c.Attempts = append(c.Attempts, Attempt{Time: when(a.time), Account: l.names[a.caller], Target: one.ID, Outcome: a.outcome.String(), RingMS: int32(a.ring) * 10})
	}
	if one.Country != "" {
		c.Countries[one.Country]++
	}
	c.Targets = append(c.Targets, one)
}

func when(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// strength weighs chance and the innocent explanations.
func (h *hunting) strength(c *Campaign, d *dossier, p *profile) {
	_, c.Against = Explain(p.Behaviour)
	doubts := len(c.Against)
	if own := share(len(d.members), d.n); own < rareTie {
		doubts++
		c.Against = append(c.Against, fmt.Sprintf("what ties the accounts together is not theirs alone: %d of the %d accounts that have it are in the group", len(d.members), d.n))
	}
	if d.fresh < sure {
		doubts++
		c.Against = append(c.Against, "the group is small or its behaviour not very rare: chance makes one like it in some thousands of hunts")
	}
	switch doubts {
	case 0:
		c.Strength = Strong
	case 1:
		c.Strength = Moderate
	default:
		c.Strength = Weak
	}
}

const (
	rareTie = 0.2 // of those who have a tie, how many must be in the group for it to be the group's own
	sure    = 9   // decades
)
