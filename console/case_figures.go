package console

import (
	"context"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/draw"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/store/ledger"
)

// maxLanes is how many accounts the timeline draws; the table of days has all.
const maxLanes = 30

// drawn is a figure as HTML. What draw writes is escaped there.
func drawn(id string, d draw.Drawing) template.HTML {
	return template.HTML(draw.Figure(id, d))
}

// lanes draws the calls of each account by the day, with what else happened.
func lanes(bins []ledger.Bin, from, until time.Time, account string, also []moment) template.HTML {
	byAccount := map[string]*draw.Lane{}
	calls := map[string]int{}
	for _, b := range bins {
		if account != "" && b.Account != account {
			continue
		}
		lane := byAccount[b.Account]
		if lane == nil {
			lane = &draw.Lane{Name: b.Account, Role: "account"}
			byAccount[b.Account] = lane
		}
		calls[b.Account] += b.N
		lane.Points = append(lane.Points, draw.Point{At: b.Day.Add(12 * time.Hour), Kind: draw.Event, Says: count(b.N) + " calls on this day"})
	}
	names := make([]string, 0, len(byAccount))
	for name := range byAccount {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int {
		if calls[a] != calls[b] {
			return calls[b] - calls[a]
		}
		return strings.Compare(a, b)
	})
	t := draw.Timeline{Head: draw.Head{Title: "Accounts and days", Desc: "One lane for each account, the one with most calls first; a point is a day on which it called."}, From: from, Until: until}
	for _, name := range names[:min(len(names), maxLanes)] {
		t.Lanes = append(t.Lanes, *byAccount[name])
	}
	for _, m := range also {
		if !m.At.Before(from) && m.At.Before(until) {
			t.Marks = append(t.Marks, draw.Mark{At: m.At, Says: string(m.Kind) + " " + m.ID})
		}
	}
	if len(t.Lanes) == 0 {
		return ""
	}
	return drawn("timeline", t)
}

// countriesOf draws in which countries the persons of a case are; few are hidden.
func countriesOf(ctx context.Context, c desk) (template.HTML, error) {
	n := map[string]int{}
	all, err := facts(ctx, c, func(f *fact.Person, _ casefile.Record) string { return f.Country })
	for _, code := range all {
		if code != "" {
			n[code]++
		}
	}
	if err != nil || len(n) == 0 {
		return "", err
	}
	return drawn("countries", draw.Countries{Head: draw.Head{Title: "Countries of the persons", Desc: "How many persons of the case are known to be in each country. Counts below five are hidden, so that nobody can be found by them."}, Counts: n}), nil
}
