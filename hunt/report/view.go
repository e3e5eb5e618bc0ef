package report

import (
	"cmp"
	"html/template"
	"maps"
	"slices"
	"time"

	"github.com/ringfence/ringfence/hunt"
)

// How much a page shows at once, and in all; the rest is counted.
const (
	first        = 50     // rows of a table that are open; the others unfold
	maxRows      = 12_000 // rows of targets and accounts of a whole page
	maxDrawn     = 200    // campaigns with drawings
	open         = 2      // campaigns that are unfolded
	maxTried     = 12     // attempts at one target
	maxTexts     = 200    // prints, networks, files and reasons in a list
	maxCountries = 300    // there are about 250
)

// page is the whole report.
type page struct {
	*words
	Style     template.CSS
	StyleHash string
	R         hunt.Result
	Head      string
	Rows      folded[entry]
	Campaigns []*view
	Withheld  int // campaigns without drawings
	Reasons   []tally
	Explained []tally
}

// entry is a campaign in the list.
type entry struct {
	hunt.Campaign
	N int
}

// tally is how many there are of something.
type tally struct {
	Name string
	N    int64
}

// folded is a list whose first rows are open.
type folded[T any] struct {
	First, More []T
	Cut         int // rows beyond what a page shows
}

func fold[T any](rows []T, budget *int) (f folded[T]) {
	n := min(len(rows), max(*budget, 0))
	*budget -= n
	f.Cut = len(rows) - n
	f.First, f.More = rows[:min(n, first)], rows[min(n, first):n]
	return f
}

func newPage(r hunt.Result, w *words) *page {
	p := &page{words: w, Style: style, StyleHash: styleHash, R: r, Head: w.W["nothing"], Reasons: tallies(r.Reasons), Explained: tallies(r.Explained)}
	switch n := len(r.Campaigns); {
	case n == 1:
		p.Head = w.W["one"]
	case n > 1 && w == english:
		p.Head = count(n) + " " + w.W["many"]
	case n > 1:
		p.Head = w.W["many"] + " " + count(n)
	}
	sorted := strongest(r)
	entries := make([]entry, 0, len(sorted))
	rows, budget := maxRows, maxRows
	for i, c := range sorted {
		entries = append(entries, entry{c, i + 1})
		if i < maxDrawn {
			v := newView(c, w, &rows)
			v.N, v.Open = i+1, i < open
			p.Campaigns = append(p.Campaigns, v)
		}
	}
	p.Rows, p.Withheld = fold(entries, &budget), max(0, len(sorted)-maxDrawn)
	return p
}

// strongest returns the campaigns with the strongest first.
func strongest(r hunt.Result) []hunt.Campaign {
	sorted := slices.Clone(r.Campaigns)
	for i := range sorted {
		sorted[i].Strength = known(sorted[i].Strength)
	}
	slices.SortStableFunc(sorted, func(a, b hunt.Campaign) int { return rank(b.Strength) - rank(a.Strength) })
	return sorted
}

// known is a strength; of one that does not exist, the least.
func known(s hunt.Strength) hunt.Strength {
	if rank(s) < 0 {
		return hunt.Weak
	}
	return s
}

func rank(s hunt.Strength) int {
	return slices.Index([]hunt.Strength{hunt.Weak, hunt.Moderate, hunt.Strong}, s)
}

// tallies sorts counts, largest first.
func tallies[N int | int64](of map[string]N) []tally {
	all := make([]tally, 0, len(of))
	for _, name := range slices.Sorted(maps.Keys(of)) {
		all = append(all, tally{name, int64(of[name])})
	}
	slices.SortStableFunc(all, func(a, b tally) int { return cmp.Compare(b.N, a.N) })
	return all[:min(len(all), maxCountries)]
}

// view is one campaign as it is shown.
type view struct {
	*words
	hunt.Campaign
	N         int
	Open      bool
	Times     int // attempts, of all
	Shared    []shared
	Time      *timeline
	Places    places
	Graph     *graph
	Day       []bar
	DayRows   [24]int
	DayMost   int
	Who       folded[caller]
	Whom      folded[aimed]
	PrintList folded[string]
	Nets      folded[string]
}

// shared is a feature in words.
type shared struct {
	Name, Value, Here, Everywhere string
	Words                         string // instead of the two shares
	Without                       string
}

// caller is an account of a campaign.
type caller struct {
	Name           string // as in the drawing
	ID             string
	Targets, Times int
	First, Last    time.Time
}

// aimed is a target with what was tried.
type aimed struct {
	hunt.Target
	N     int
	Place string
	Tried []hunt.Attempt
	More  int // attempts that are not shown
	By    map[string]string
}

func newView(c hunt.Campaign, w *words, rows *int) *view {
	c.Strength = known(c.Strength)
	v := &view{words: w, Campaign: c, Times: len(c.Attempts), DayRows: c.Hours, Shared: sharedOf(c, w)}
	v.Time = newTimeline(c.Attempts, w)
	v.Places = newPlaces(c.Countries, w)
	callers := callersOf(c)
	v.Graph = newGraph(c, callers)
	v.Day, v.DayMost = dayBars(c.Hours)
	v.Whom = fold(aimedOf(c, callers, w), rows)
	v.Who = fold(callers, rows)
	prints, nets := maxTexts, maxTexts
	v.PrintList, v.Nets = fold(c.Prints, &prints), fold(c.Networks, &nets)
	if v.Times == 0 { // of a campaign that came without its attempts
		for _, t := range c.Targets {
			v.Times += t.Attempts
		}
	}
	return v
}

func sharedOf(c hunt.Campaign, w *words) (all []shared) {
	for _, f := range c.Features {
		s := shared{Name: of(w.Feature, f.Name), Value: f.Value, Here: w.share(f.ShareInCampaign), Everywhere: w.share(f.ShareInAll), Without: w.W["unknownwithout"]}
		if f.ShareInAll == 0 && f.ShareInCampaign > 0 && f.Words != "" {
			s.Words = f.Words
		}
		if stands, known := c.Without[f.Name]; known && stands {
			s.Without = w.W["stands"]
		} else if known {
			s.Without = w.W["falls"]
		}
		all = append(all, s)
	}
	return all
}

// callersOf are the accounts by their first attempts, with names for the drawing.
func callersOf(c hunt.Campaign) []caller {
	at := map[string]int{}
	met := map[[2]string]bool{}
	all := make([]caller, 0, len(c.Accounts))
	for _, id := range c.Accounts {
		if _, twice := at[id]; !twice {
			at[id] = len(all)
			all = append(all, caller{ID: id})
		}
	}
	for _, a := range c.Attempts {
		i, known := at[a.Account]
		if !known {
			i = len(all)
			at[a.Account] = i
			all = append(all, caller{ID: a.Account})
		}
		one, pair := &all[i], [2]string{a.Account, a.Target}
		if one.Times == 0 || a.Time.Before(one.First) {
			one.First = a.Time
		}
		if a.Time.After(one.Last) {
			one.Last = a.Time
		}
		if one.Times++; !met[pair] {
			met[pair] = true
			one.Targets++
		}
	}
	slices.SortStableFunc(all, func(a, b caller) int {
		if (a.Times == 0) != (b.Times == 0) {
			return cmp.Compare(b.Times, a.Times)
		}
		return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.ID, b.ID))
	})
	for i := range all {
		all[i].Name = "A" + count(i+1)
	}
	return all
}

// aimedOf are the targets by their first attempts.
func aimedOf(c hunt.Campaign, callers []caller, w *words) []aimed {
	names, tried := map[string]string{}, map[string][]hunt.Attempt{}
	for _, one := range callers {
		names[one.ID] = one.Name
	}
	for _, a := range c.Attempts {
		tried[a.Target] = append(tried[a.Target], a)
	}
	all := make([]aimed, 0, len(c.Targets))
	for _, t := range c.Targets {
		one := aimed{Target: t, Place: w.country(t.Country), Tried: tried[t.ID], By: names}
		slices.SortStableFunc(one.Tried, func(a, b hunt.Attempt) int { return a.Time.Compare(b.Time) })
		if n := len(one.Tried); n > maxTried {
			one.Tried, one.More = one.Tried[:maxTried], n-maxTried
		}
		all = append(all, one)
	}
	slices.SortStableFunc(all, func(a, b aimed) int { return cmp.Or(a.First.Compare(b.First), cmp.Compare(a.ID, b.ID)) })
	for i := range all {
		all[i].N = i + 1
	}
	return all
}

// Outcomed is an outcome's word.
func (w *words) Outcomed(name string) string { return of(w.Outcome, name) }

// Seconds is how long it rang, to the second.
func (w *words) Seconds(ms int32) string {
	return count((int(ms)+500)/1000) + "\u202f" + w.W["seconds"]
}

// told is rows with the words they are told in.
type told[T any] struct {
	*words
	Rows T
}

// Callers sets rows of accounts beside the words.
func (w *words) Callers(rows []caller) told[[]caller] { return told[[]caller]{w, rows} }

// Aimed sets rows of targets beside the words.
func (w *words) Aimed(rows []aimed) told[[]aimed] { return told[[]aimed]{w, rows} }

// Texts sets a list beside the words.
func (w *words) Texts(rows folded[string]) told[folded[string]] {
	return told[folded[string]]{w, rows}
}

// Entries sets the list of campaigns beside the words.
func (w *words) Entries(rows []entry) told[[]entry] { return told[[]entry]{w, rows} }

// Has tells whether a campaign of the list is drawn.
func (w *words) Has(n int) bool { return n <= maxDrawn }

// Files are those that could not be read.
func (p *page) Files() told[folded[string]] {
	budget := maxTexts
	return p.Texts(fold(p.R.Unread, &budget))
}
