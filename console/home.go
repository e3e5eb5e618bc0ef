package console

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/ringfence/ringfence/guard"
)

const (
	homeRows      = 8
	homeBlocks    = 5
	homeCampaigns = 3
	homeDays      = 7 // that the bars span, today with them
)

// bar is one rule in the drawing of the last days. The drawing is a column of a
// table, so that its figures are there for everybody.
type bar struct {
	Rule    guard.Rule
	Real    int // events of people
	Range   int // events of the test range
	Percent int // length of the bar, of the longest
	Address string
}

// home is the desk at a glance.
func (d *console) home(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	today := d.Now().UTC().Truncate(24 * time.Hour)
	var data struct {
		list
		Today      heldBack
		TodayCalls string // address of the list
		Bars       []bar
		Since      time.Time
		Blocks     []guard.Block
		MoreBlocks bool
		Dry        []guard.DrySpell
		MoreDry    bool
		Off        []guard.Rule
		Rules      int
		Config     guard.Config
		Limits     []limit
		Campaigns  []campaignRow
		Cases      []caseRow
		Work       work
		Flagged    int  // new accounts that look like a banned one, and wait for a decision
		Bans       bool // there are any
	}
	data.Since = today.AddDate(0, 0, 1-homeDays)
	data.TodayCalls = query{filter: guard.Filter{Kind: guard.Offer, Origin: guard.FromPeople, From: today}}.address("/verdicts", 0)
	data.Config = d.Desk.Rules.Config()
	data.Off, data.Rules, data.Limits = rulesOff(data.Config), len(guard.Catalogue()), limits(data.Config)
	var err error
	if data.list, _, err = d.newest(ctx, query{}, homeRows); err == nil {
		data.Today, err = d.heldBack(ctx, today)
	}
	if err == nil {
		data.Bars, err = d.bars(ctx, data.Since)
	}
	if err == nil {
		data.Blocks, err = d.Desk.Blocks.Blocks(ctx, guard.BlockFilter{InForce: true}, guard.Newest(homeBlocks+1))
	}
	if err == nil {
		data.Dry, err = d.Desk.Keys.Dry(ctx, guard.DryFilter{Now: true}, guard.Newest(homeDry+1))
	}
	if err == nil && d.Desk.Hunt != nil {
		data.Campaigns, _, err = d.campaignRows(ctx)
		data.Campaigns = data.Campaigns[:min(len(data.Campaigns), homeCampaigns)]
	}
	if err == nil {
		data.Cases, data.Work, err = d.work(ctx, analyst(r).Name)
	}
	if data.Bans = d.Desk.Flags != nil; err == nil {
		data.Flagged, err = d.flagged(ctx)
	}
	if err != nil {
		d.broken(w, r, "the overview could not be read", err)
		return
	}
	data.Blocks, data.MoreBlocks = first(data.Blocks, homeBlocks)
	data.Dry, data.MoreDry = first(data.Dry, homeDry)
	data.Empty = "No verdict yet: nothing was refused on this server. `ringfence range` makes some."
	d.render(w, r, http.StatusOK, "home", "At a glance", data)
}

// first is the beginning of a list, and whether there is more.
func first[T any](all []T, most int) ([]T, bool) {
	return all[:min(len(all), most)], len(all) > most
}

// flagged counts new accounts that wait for a decision.
func (d *console) flagged(ctx context.Context) (int, error) {
	if d.Desk.Flags == nil {
		return 0, nil
	}
	open, err := d.Desk.Flags.Evasions(ctx, guard.EvasionFilter{Open: true}, guard.Newest(flagRows))
	return len(open), err
}

// heldBack counts since a time.
type heldBack struct {
	Calls int // calls of people that were not let through
	Other int // everything else of people that was not let through
	Range int // all of the test range
}

func (d *console) heldBack(ctx context.Context, since time.Time) (h heldBack, err error) {
	real, err := d.Desk.Ledger.Tally(ctx, guard.Filter{From: since, Origin: guard.FromPeople})
	if err != nil {
		return h, err
	}
	tests, err := d.Desk.Ledger.Tally(ctx, guard.Filter{From: since, Origin: guard.FromRange})
	for _, t := range real {
		if t.Kind == guard.Offer {
			h.Calls += t.Events
		} else {
			h.Other += t.Events
		}
	}
	for _, t := range tests {
		h.Range += t.Events
	}
	return h, err
}

// bars counts the events of each rule since a time, most first.
func (d *console) bars(ctx context.Context, since time.Time) ([]bar, error) {
	byRule := map[string]*bar{}
	for _, o := range origins {
		tallies, err := d.Desk.Ledger.Tally(ctx, guard.Filter{From: since, Origin: o})
		if err != nil {
			return nil, err
		}
		for _, t := range tallies {
			b := byRule[t.Rule]
			if b == nil {
				b = newBar(t.Rule, since)
				byRule[t.Rule] = b
			}
			if o == guard.FromRange {
				b.Range += t.Events
			} else {
				b.Real += t.Events
			}
		}
	}
	bars := make([]bar, 0, len(byRule))
	longest := 1
	for _, b := range byRule {
		longest = max(longest, b.Real+b.Range)
	}
	for _, b := range byRule {
		b.Percent = max(1, 100*(b.Real+b.Range)/longest)
		bars = append(bars, *b)
	}
	slices.SortFunc(bars, func(a, b bar) int {
		return cmp.Or(cmp.Compare(b.Real+b.Range, a.Real+a.Range), cmp.Compare(a.Rule.ID, b.Rule.ID))
	})
	return bars, nil
}

func newBar(id string, since time.Time) *bar {
	rule, known := guard.Lookup(id)
	rule.ID = id
	b := &bar{Rule: rule}
	if known {
		b.Address = query{filter: guard.Filter{Rule: id, From: since}}.address("/verdicts", 0)
	}
	return b
}

// RealPercent is the part of the bar that people made.
func (b bar) RealPercent() int { return b.Percent * b.Real / max(1, b.Real+b.Range) }
