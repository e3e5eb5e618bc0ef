package hunt

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// names of the attributes, in words.
var tieNames = [...]string{
	byPrint: "client print", byPrintNetwork: "client print and network", byNetwork: "network", byPrintCreated: "client print and week of creation",
	byPrintRhythm: "client print and rhythm", byNetworkRhythm: "network and rhythm", byCreatedRhythm: "week of creation and rhythm", byRhythm: "rhythm",
	byTargets: "targets",
}

// features says what the accounts share, how rare that is among all callers, and
// whether the group would still stand out without it.
func (h *hunting) features(c *Campaign, g *grouping, l *looking, d *dossier, p *profile) {
	text := h.source.Dictionary().Text
	c.Without = map[string]bool{}
	stands := 0
	ties := map[string]float64{}
	for kind := range attributeKinds {
		a, x := h.commonest(d.members, kind)
		if x == 0 {
			continue
		}
		n, decades := h.alone(g, d, a, x)
		if kind == d.tie.kind() {
			decades = math.Max(decades, d.fresh)
		}
		ties[tieNames[kind]] = decades
		if decades < enough && kind != d.tie.kind() && share(x, len(d.members)) < 0.5 {
			continue
		}
		if decades >= enough {
			stands++
		}
		c.add(tieNames[kind], valueText(a, text), share(x, len(d.members)), share(n, g.callers))
	}
	for _, f := range c.Features {
		others := 0
		for name, decades := range ties {
			if decades >= enough && !strings.Contains(name, f.Name) {
				others++
			}
		}
		c.Without[f.Name] = others > 0
	}
	c.Prints, c.Networks = values(d, text, func(a *callOf) record.Code { return a.print }), values(d, text, func(a *callOf) record.Code { return a.network })
	everybody := h.sketchOfAll()
	c.add("strangers who never answered", "", share(p.Open, p.Targets), share(everybody.Open, everybody.Targets))
	c.add("tried again within ten minutes", "", share(p.Repeated, max(p.Open, 1)), share(everybody.Repeated, everybody.Open))
	if p.aged > 0 {
		c.add("accounts of at most 30 days", "", share(p.young, p.aged), 0)
		c.Features[len(c.Features)-1].Words = some(p.young, p.aged) + " of the accounts were made at most 30 days before their first attempt"
	}
	c.Why = append(c.Why, fmt.Sprintf("%d accounts tried %d people who did not know them, %d times in all; %s never answered, and %s of those were tried again within ten minutes",
		p.Accounts, p.Targets, p.Attempts, some(p.Open, p.Targets), some(p.Repeated, p.Open)))
	c.Why = append(c.Why, fmt.Sprintf("the accounts share their %s; %d of the %d accounts that have it behave like this. %s", tieNames[d.tie.kind()], len(d.members), d.n, odds(d.fresh)))
}

// odds says how seldom chance makes such a group.
func odds(decades float64) string {
	switch {
	case decades >= 30:
		return "Chance does not make such a group."
	case decades >= 12:
		return "Chance makes such a group less than once in a million million hunts of this size."
	case decades >= 9:
		return "Chance makes such a group less than once in a thousand million hunts of this size."
	}
	return "Chance makes such a group less than once in a million hunts of this size."
}

func (c *Campaign) add(name, value string, here, all float64) {
	words := fmt.Sprintf("%s in the campaign, %s in all", percent(here), percent(all))
	c.Features = append(c.Features, Feature{Name: name, Value: value, ShareInCampaign: here, ShareInAll: all, Words: words})
}

// percent says a share so that a person can place it.
func percent(s float64) string {
	switch {
	case s == 0:
		return "none"
	case s < 0.0001:
		return fmt.Sprintf("one in %.0f", 1/s)
	case s < 0.01:
		return fmt.Sprintf("%.2g %%", 100*s)
	}
	return fmt.Sprintf("%.0f %%", 100*s)
}

// commonest returns the value of a kind that most members have.
func (h *hunting) commonest(members []int32, kind int) (best attribute, most int) {
	counts := map[attribute]int{}
	for _, m := range members {
		attributesOf(&h.suspects[m], func(a attribute) {
			if a.kind() == kind {
				counts[a]++
			}
		})
	}
	for a, n := range counts {
		if n > most || n == most && a < best {
			best, most = a, n
		}
	}
	return best, most
}

// alone tells how many callers have an attribute, and how much the members that
// have it would stand out by it alone.
func (h *hunting) alone(g *grouping, d *dossier, a attribute, x int) (n int, decades float64) {
	v := g.values[a]
	if v == nil {
		return x, 0
	}
	all, callers := &g.all, g.callers
	if a.ofRepeaters() {
		all, callers = &g.repeats, g.many
	}
	n = v.n
	var t tally
	for _, m := range d.members {
		s := &h.suspects[m]
		attributesOf(s, func(have attribute) {
			if have == a {
				t.add(s)
				n++
			}
		})
	}
	e := standsOut(&t, all, max(n, 1), callers)
	return n, e.decades - g.tests(a)
}

// sketchOfAll is how all callers behave toward strangers.
func (h *hunting) sketchOfAll() (p profile) {
	for i := range h.suspects {
		s := &h.suspects[i]
		p.Open += int(s.open)
		p.Repeated += int(s.repeated)
		p.Talked += int(s.talked)
	}
	p.Targets = p.Open + p.Talked
	return p
}

func valueText(a attribute, text func(record.Code) string) string {
	code := func(c uint32) string { return text(record.Code(c)) }
	switch a.kind() {
	case byPrint, byNetwork:
		return code(a.first())
	case byPrintNetwork:
		return code(a.first()) + " in " + code(a.other())
	case byPrintCreated:
		return code(a.first()) + ", " + weekText(a.other())
	case byPrintRhythm, byNetworkRhythm:
		return code(a.first()) + ", " + rhythmText(a.other())
	case byCreatedRhythm:
		return weekText(a.first()) + ", " + rhythmText(a.other())
	}
	return rhythmText(a.first())
}

func weekText(w uint32) string {
	return "made in the week of " + time.Unix(int64(w)*7*24*3600, 0).UTC().Format("2006-01-02")
}

// rhythmText says a rhythm of beat.code.
func rhythmText(r uint32) string {
	span := func(step uint32) string {
		if step == 0 {
			return "under a second"
		}
		return "about " + time.Duration(float64(time.Second)*math.Exp2(float64(step)-1)*0.75).Round(time.Second/4).String()
	}
	return fmt.Sprintf("rings %s, again after %s, about %.0f times", span(r>>1&15), span(r>>5&15), math.Exp2(float64(r>>9&7)-1)*0.75)
}

// values returns the texts of a code that the calls of a dossier have, commonest
// first.
func values(d *dossier, text func(record.Code) string, get func(*callOf) record.Code) []string {
	counts := map[record.Code]int{}
	for i := range d.calls {
		if c := &d.calls[i]; (c.contact != record.Accepted || d.ties(c.print)) && known(get(c)) {
			counts[get(c)]++
		}
	}
	codes := make([]record.Code, 0, len(counts))
	for c := range counts {
		codes = append(codes, c)
	}
	slices.SortFunc(codes, func(a, b record.Code) int {
		if counts[a] != counts[b] {
			return counts[b] - counts[a]
		}
		return strings.Compare(text(a), text(b))
	})
	all := make([]string, 0, len(codes))
	for _, c := range codes {
		all = append(all, text(c))
	}
	return all
}
