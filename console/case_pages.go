package console

import (
	"context"
	"html/template"
	"net/url"
	"slices"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/store/ledger"
)

const (
	exhibitRows = 100
	entryRows   = 100
	personRows  = 200
	eventRows   = 200
	viewRows    = 50
)

// evidence is the page of the exhibits, or of one with its custody.
func (d *console) caseEvidence(ctx context.Context, c desk, q url.Values) (any, error) {
	var data struct {
		Rows    []casefile.Exhibit
		Next    int64 // entry from which the next page begins
		Head    bool
		Exhibit *casefile.Exhibit
		Custody []act
	}
	if id := q.Get("exhibit"); id != "" {
		x, err := c.Exhibit(ctx, id)
		if err != nil {
			return nil, badQuery(err.Error())
		}
		entries, err := c.Custody(ctx, id)
		data.Exhibit, data.Custody = &x, acts(entries)
		return data, err
	}
	from, err := number(q, "from")
	if err != nil {
		return nil, err
	}
	data.Head = from > 0
	if data.Rows, err = c.Exhibits(ctx, from, exhibitRows+1); err != nil {
		return nil, err
	}
	if len(data.Rows) > exhibitRows {
		data.Next = data.Rows[exhibitRows].Entry
		data.Rows = data.Rows[:exhibitRows]
	}
	return data, nil
}

// personRow is somebody whom a campaign was aimed at, under the name of the case.
type personRow struct {
	fact.Person
	ID      string
	Devices []fact.Device
}

// people is the page of the persons; who they are stands on no page.
func (d *console) casePeople(ctx context.Context, c desk, q url.Values) (any, error) {
	var data struct {
		Rows    []personRow
		All     int
		Class   string
		Classes []classCount
		From    int64
		Next    int64
		Waiting int // for a notice
		Map     template.HTML
	}
	persons, err := facts(ctx, c, func(f *fact.Person, r casefile.Record) personRow { return personRow{Person: *f, ID: r.ID} })
	if err != nil {
		return nil, err
	}
	devices, err := facts(ctx, c, func(f *fact.Device, _ casefile.Record) fact.Device { return *f })
	if err != nil {
		return nil, err
	}
	if data.Classes, err = classes(ctx, c); err != nil {
		return nil, err
	}
	if data.Map, err = countriesOf(ctx, c); err != nil {
		return nil, err
	}
	data.All, data.Class = len(persons), q.Get("class")
	if data.Class != "" && !slices.Contains(fact.Classes, data.Class) {
		return nil, badQuery("there is no such class")
	}
	for _, p := range persons {
		if p.Notified.IsZero() {
			data.Waiting++
		}
	}
	persons = slices.DeleteFunc(persons, func(p personRow) bool { return data.Class != "" && p.Class != data.Class })
	if data.From, err = number(q, "from"); err != nil {
		return nil, err
	}
	persons = persons[min(int(data.From), len(persons)):]
	if len(persons) > personRows {
		persons, data.Next = persons[:personRows], data.From+personRows
	}
	for i := range persons {
		for _, one := range devices {
			if one.Person == persons[i].ID {
				persons[i].Devices = append(persons[i].Devices, one)
			}
		}
	}
	data.Rows = persons
	return data, nil
}

// log is the page of the ledger.
func (d *console) caseLog(ctx context.Context, c desk, q url.Values) (any, error) {
	var data struct {
		Rows  []act
		Older int64
		Head  bool
		Root  string
		Size  int64
		Key   string
		Views []casefile.View // for a lead only
	}
	before, err := number(q, "before")
	if err != nil {
		return nil, err
	}
	data.Head = before > 0
	entries, err := c.Log(ctx, before, entryRows+1)
	if err != nil {
		return nil, err
	}
	if len(entries) > entryRows {
		entries = entries[:entryRows]
		data.Older = entries[entryRows-1].N
	}
	data.Rows = acts(entries)
	state, err := c.State(ctx)
	if err != nil {
		return nil, err
	}
	data.Size, data.Root, data.Key = state.N, state.Hash.String(), d.Desk.Cases.Key()
	if c.viewer.Role == casefile.Lead {
		data.Views, err = c.Views(ctx, viewRows)
	}
	return data, err
}

// eventRow is an event of the case.
type eventRow struct {
	At              time.Time
	Account, Target string
	Exhibit         string
	Line            int64
}

// day is a bar of the timeline.
type day struct {
	Day     string
	N       int
	Percent int
}

// timeline is the page of what happened, day by day and one by one.
func (d *console) caseTimeline(ctx context.Context, c desk, q url.Values) (any, error) {
	var data struct {
		All         int
		First, Last time.Time
		From, Until string
		Account     string
		Days        []day
		Rows        []eventRow
		More        bool
		Facts       []moment
		Lanes       template.HTML
	}
	var err error
	if data.All, data.First, data.Last, err = c.Span(ctx); err != nil {
		return nil, err
	}
	from, until, err := span(q, data.First, data.Last)
	if err != nil {
		return nil, err
	}
	data.From, data.Until, data.Account = from.Format(time.DateOnly), until.Add(-time.Second).Format(time.DateOnly), q.Get("account")
	bins, err := c.Days(ctx, from, until)
	if err != nil {
		return nil, err
	}
	data.Days = days(bins, data.Account)
	query := ledger.EventQuery{Account: data.Account, From: from.UnixNano(), Until: until.UnixNano(), Limit: eventRows + 1}
	if data.All > 0 {
		err = c.Events(ctx, query, func(e ledger.Event) error {
			data.Rows = append(data.Rows, eventRow{time.Unix(0, e.At).UTC(), e.Account, e.Target, e.Exhibit, e.N})
			return nil
		})
	}
	if err != nil {
		return nil, err
	}
	if data.More = len(data.Rows) > eventRows; data.More {
		data.Rows = data.Rows[:eventRows]
	}
	data.Facts, err = moments(ctx, c)
	data.Lanes = lanes(bins, from, until, data.Account, data.Facts)
	return data, err
}

// span reads the days of a query; without any, it is all of the time.
func span(q url.Values, first, last time.Time) (from, until time.Time, err error) {
	from, until = first.Truncate(24*time.Hour), last
	if s := q.Get("from"); s != "" {
		if from, err = time.Parse(time.DateOnly, s); err != nil {
			return from, until, badQuery("from is no day")
		}
	}
	if s := q.Get("until"); s != "" {
		if until, err = time.Parse(time.DateOnly, s); err != nil {
			return from, until, badQuery("until is no day")
		}
		until = until.AddDate(0, 0, 1)
	}
	if !from.Before(until) {
		return from, until, badQuery("the last day is before the first")
	}
	return from, until, nil
}

func days(bins []ledger.Bin, account string) (all []day) {
	n := map[string]int{}
	most := 1
	for _, b := range bins {
		if account == "" || b.Account == account {
			key := b.Day.Format(time.DateOnly)
			n[key] += b.N
			most = max(most, n[key])
		}
	}
	for key, count := range n {
		all = append(all, day{key, count, max(1, 100*count/most)})
	}
	slices.SortFunc(all, func(a, b day) int {
		if a.Day < b.Day {
			return -1
		}
		return 1
	})
	return all
}

// moment is something in the case that has a time of its own.
type moment struct {
	At   time.Time
	Kind fact.Kind
	ID   string
	What string
}

func moments(ctx context.Context, c desk) (all []moment, err error) {
	add := func(at time.Time, r casefile.Record, what string) bool {
		if !at.IsZero() {
			all = append(all, moment{at, r.Kind, r.ID, what})
		}
		return true
	}
	if _, err := facts(ctx, c, func(f *fact.Incident, r casefile.Record) bool { return add(f.From, r, f.What) }); err != nil {
		return nil, err
	}
	if _, err := facts(ctx, c, func(f *fact.Campaign, r casefile.Record) bool { return add(f.From, r, f.Summary) }); err != nil {
		return nil, err
	}
	if _, err := facts(ctx, c, func(f *fact.Finding, r casefile.Record) bool { return add(f.At, r, f.What) }); err != nil {
		return nil, err
	}
	if _, err := facts(ctx, c, func(f *fact.Conduct, r casefile.Record) bool { return add(f.At, r, f.What) }); err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b moment) int { return a.At.Compare(b.At) })
	return all, nil
}

// paragraphRow is a paragraph of the case file, with what it rests on.
type paragraphRow struct {
	fact.Paragraph
	ID       string
	Exhibits []string
	Missing  bool // it alleges, and rests on nothing
}

// file is the page of the case file: its paragraphs, and the editions that were
// made.
func (d *console) caseFile(ctx context.Context, c desk, _ url.Values) (any, error) {
	var data struct {
		Paragraphs []paragraphRow
		Missing    int
		Exports    []act
		MayExport  bool
		Me         string
		Sections   []string
	}
	var err error
	data.Paragraphs, err = facts(ctx, c, func(f *fact.Paragraph, r casefile.Record) paragraphRow {
		return paragraphRow{*f, r.ID, r.Exhibits, f.Allegation && len(r.Exhibits) == 0}
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(data.Paragraphs, func(a, b paragraphRow) int {
		return 1000*(slices.Index(fact.Sections, a.Section)-slices.Index(fact.Sections, b.Section)) + min(max(a.Order-b.Order, -999), 999)
	})
	for _, p := range data.Paragraphs {
		if p.Missing {
			data.Missing++
		}
	}
	entries, err := c.Acts(ctx, "export", 20)
	data.Exports, data.Sections, data.Me = acts(entries), fact.Sections, c.viewer.Name
	data.MayExport = slices.Contains(casefile.Exporters, c.viewer.Role)
	return data, err
}
