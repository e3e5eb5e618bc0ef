package live

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/hunt"
)

var tieNames = [kinds]string{
	byPrint: "client print", byMismatch: "client print and version", byPrintNetwork: "client print and network", byNetwork: "network",
	byPrintRhythm: "client print and rhythm", byNetworkRhythm: "network and rhythm", byRhythm: "rhythm", byTargets: "targets",
}

// text is a value in words; a is an account that has it.
func (v Value) text(a *Account) string {
	switch v.kind() {
	case byPrint, byPrintRhythm:
		return a.Print
	case byMismatch:
		return a.Print + ", version " + a.Version
	case byPrintNetwork:
		return a.Print + " in " + a.Network
	case byNetwork, byNetworkRhythm:
		return a.Network
	}
	return ""
}

func when(ns int64) time.Time { return time.Unix(0, ns).UTC() }

// campaignOf makes a campaign of a group; false when an innocent explanation fits
// it for certain. Its id follows from what ties it together, so that it is the
// same in every process and after a restart.
func campaignOf(g *group, everybody int) (c hunt.Campaign, ok bool) {
	p, aims := profileOf(g)
	certain, against := hunt.Explain(p.Behaviour)
	c = hunt.Campaign{
		ID: fmt.Sprintf("L-%014x", uint64(g.tie)&(1<<56-1)), Features: []hunt.Feature{}, Against: against, Countries: map[string]int{},
		Outcomes: map[string]int{}, Without: map[string]bool{},
	}
	if certain != "" || p.Accounts < 2 {
		return c, false
	}
	doubts := len(against)
	addAccounts(&c, g, everybody)
	for _, a := range aims {
		if !a.Talked || a.pure {
			addTarget(&c, a)
		}
	}
	if len(c.Targets) == 0 {
		return c, false
	}
	slices.SortFunc(c.Targets, func(a, b hunt.Target) int { return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.ID, b.ID)) })
	slices.SortFunc(c.Attempts, func(a, b hunt.Attempt) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Account, b.Account), cmp.Compare(a.Target, b.Target))
	})
	for _, a := range c.Attempts {
		c.Outcomes[a.Outcome]++
		c.Hours[a.Time.Hour()]++
	}
	c.From = c.Targets[0].First
	for _, t := range c.Targets {
		if t.Last.After(c.To) {
			c.To = t.Last
		}
	}
	doubts += words(&c, g, &p)
	c.Strength = []hunt.Strength{hunt.Strong, hunt.Moderate, hunt.Weak}[min(doubts, 2)]
	return c, true
}

func addTarget(c *hunt.Campaign, a *aim) {
	c.Targets = append(c.Targets, hunt.Target{ID: a.ID, Attempts: a.Tries, First: when(a.First), Last: when(a.Last), Country: a.Country, Contact: a.Contact})
	if a.Country != "" {
		c.Countries[a.Country]++
	}
	c.Attempts = append(c.Attempts, a.calls...)
}

// addAccounts names the accounts, and what they use and share.
func addAccounts(c *hunt.Campaign, g *group, everybody int) {
	prints, networks := map[string]int{}, map[string]int{}
	for _, a := range g.members {
		c.Accounts = append(c.Accounts, a.ID)
		prints[a.Print]++
		networks[a.Network]++
	}
	slices.Sort(c.Accounts)
	c.Prints, c.Networks = byCount(prints), byCount(networks)
	c.Features = append(c.Features, hunt.Feature{
		Name: tieNames[g.tie.kind()], Value: g.tie.text(g.members[0]), ShareInCampaign: 1, ShareInAll: share(g.having, everybody),
		Words: fmt.Sprintf("all accounts of the campaign have it, and %d of about %d accounts in all", g.having, everybody),
	})
}

// byCount returns the texts that are known, commonest first.
func byCount(counts map[string]int) []string {
	all := []string{}
	for t := range counts {
		if t != "" {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(counts[b]-counts[a], strings.Compare(a, b)) })
	return all
}

// rareTie is the share of those who have a tie that must be in the group for it
// to be the group's own.
const rareTie = 0.2

// words says why the accounts belong together, and returns how many doubts there
// are.
func words(c *hunt.Campaign, g *group, p *profile) (doubts int) {
	c.Why = append(c.Why, fmt.Sprintf("%d accounts tried %d people who did not know them, %d times in all; %d never answered, and %d of those were tried again within ten minutes or refused again",
		p.Accounts, p.Targets, p.Attempts, p.Open, p.Repeated))
	c.Why = append(c.Why, fmt.Sprintf("the accounts share their %s; %d accounts have it. Chance makes such a group less than once in 10^%d hunts of this size", tieNames[g.tie.kind()], g.having, int(g.decades)))
	if p.reported > 0 {
		c.Why = append(c.Why, fmt.Sprintf("%d of the people it tried said that the call was strange", p.reported))
	}
	if p.aged > 0 && p.young > 0 {
		c.Why = append(c.Why, fmt.Sprintf("%d of %d accounts were made at most 30 days before their first attempt", p.young, p.aged))
	}
	if own := share(len(g.members), g.having); own < rareTie {
		doubts++
		c.Against = append(c.Against, fmt.Sprintf("what ties the accounts together is not theirs alone: %d of the %d accounts that have it are in the group", len(g.members), g.having))
	}
	if g.decades < sure {
		doubts++
		c.Against = append(c.Against, "the group is small or its behaviour not very rare: chance makes one like it in some thousands of hunts")
	}
	return doubts
}
