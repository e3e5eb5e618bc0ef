package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/verify"
)

// openCases are the cases that a console has open: opening one reads how it was
// begun, which need not be done for every page.
type openCases struct {
	mu   sync.Mutex
	open map[string]*casefile.Case
}

// get returns an open case.
func (o *openCases) get(ctx context.Context, room *casefile.Room, id string) (*casefile.Case, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if c := o.open[id]; c != nil {
		return c, nil
	}
	c, err := room.Case(ctx, id)
	if err == nil {
		o.open[id] = c
	}
	return c, err
}

// caseTabs are the pages of a case, in their order.
var caseTabs = []struct{ Path, Name string }{
	{"", "Summary"}, {"timeline", "Timeline"}, {"graph", "Graph"}, {"evidence", "Evidence"}, {"people", "People"}, {"attribution", "Attribution"}, {"notices", "Notices"}, {"file", "File"}, {"log", "Log"},
}

// casePage is what every page of a case has.
type casePage struct {
	ID, Title string
	Tab       string // "": the summary
	Name      string // of the tab
	Acting    bool   // this session may act
	Wrong     string // with what was sent
	Data      any
}

// Tabs are the pages of the case.
func (p casePage) Tabs() any { return caseTabs }

// desk is a page of a case that a person may see.
type desk struct {
	*casefile.Case
	viewer casefile.Person
}

// inCase answers a request with a page of a case: to those who may see it, and
// after it was kept that they saw it.
func (d *console) inCase(tab string, make func(context.Context, desk, url.Values) (any, error)) page {
	return func(w http.ResponseWriter, r *http.Request) { d.showCase(w, r, tab, make, http.StatusOK, "") }
}

// showCase shows a page of a case, with what was wrong with a form.
func (d *console) showCase(w http.ResponseWriter, r *http.Request, tab string, make func(context.Context, desk, url.Values) (any, error), status int, wrongForm string) {
	c, viewer, ok := d.caseFor(w, r)
	if !ok {
		return
	}
	data, err := make(r.Context(), desk{c, viewer}, r.URL.Query())
	var wrong badQuery
	if errors.As(err, &wrong) {
		d.problem(w, r, http.StatusBadRequest, "The address of this page is not whole: "+string(wrong)+".", "Choose one of the pages of the case.")
		return
	}
	if err == nil {
		err = c.Saw(r.Context(), viewer.Name, r.URL.RequestURI())
	}
	if err != nil {
		d.broken(w, r, "the case could not be read", err)
		return
	}
	p := casePage{ID: c.ID, Title: c.Title, Tab: tab, Data: data, Wrong: wrongForm, Acting: d.passkeys.hand(d.session(r)) != nil}
	for _, t := range caseTabs {
		if t.Path == tab {
			p.Name = t.Name
		}
	}
	name := "case"
	if tab != "" {
		name += "_" + tab
	}
	d.render(w, r, status, name, c.ID+" "+p.Name, p)
}

// badQuery says what is wrong with the query of a page's address.
type badQuery string

func (b badQuery) Error() string { return string(b) }

// caseFor is the case of the path and who looks at it; when there is none, or it is
// not for this person, it has answered.
func (d *console) caseFor(w http.ResponseWriter, r *http.Request) (*casefile.Case, casefile.Person, bool) {
	if d.Desk.Cases == nil {
		d.problem(w, r, http.StatusNotFound, "This service keeps no cases.", "Begin one with: ringfence case new.")
		return nil, casefile.Person{}, false
	}
	c, err := d.cases.get(r.Context(), d.Desk.Cases, r.PathValue("case"))
	if errors.Is(err, casefile.ErrNoCase) {
		d.problem(w, r, http.StatusNotFound, "There is no such case.", "The list of cases has all that you may see.")
		return nil, casefile.Person{}, false
	}
	var viewer casefile.Person
	if err == nil {
		viewer, err = c.MaySee(r.Context(), analyst(r).Name)
	}
	switch {
	case errors.Is(err, casefile.ErrStranger) || errors.Is(err, casefile.ErrNotYours):
		d.problem(w, r, http.StatusForbidden, "This case is not for you: "+err.Error()+".", "A lead of the case can admit you; the operator enrolls persons with ringfence case enroll.")
		return nil, viewer, false
	case err != nil:
		d.broken(w, r, "the case could not be opened", err)
		return nil, viewer, false
	}
	return c, viewer, true
}

// caseList is the page of all cases.
func (d *console) caseList(w http.ResponseWriter, r *http.Request) {
	var data struct {
		On       bool
		Enrolled bool
		Rows     []caseRow
		Key      string
	}
	if data.On = d.Desk.Cases != nil; data.On {
		data.Key = d.Desk.Cases.Key()
		_, err := d.Desk.Cases.Person(r.Context(), analyst(r).Name)
		if data.Enrolled = err == nil; data.Enrolled {
			data.Rows, err = d.caseRows(r.Context(), analyst(r).Name)
		} else if errors.Is(err, casefile.ErrStranger) {
			err = nil
		}
		if err != nil {
			d.broken(w, r, "the cases could not be read", err)
			return
		}
	}
	d.render(w, r, http.StatusOK, "cases", "Cases", data)
}

// caseRow is a case in the list.
type caseRow struct {
	casefile.Summary
	Persons  int
	Deadline string
	Due      string // what is due then
}

func (d *console) caseRows(ctx context.Context, viewer string) (rows []caseRow, err error) {
	ids, err := d.Desk.Cases.IDs(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		c, err := d.cases.get(ctx, d.Desk.Cases, id)
		if err != nil {
			rows = append(rows, caseRow{Summary: casefile.Summary{ID: id, Broken: err.Error()}})
			continue
		}
		if _, err := c.MaySee(ctx, viewer); err != nil {
			continue // what is not for this person is not shown to exist
		}
		row, err := newCaseRow(ctx, c)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func newCaseRow(ctx context.Context, c *casefile.Case) (row caseRow, err error) {
	if row.Summary, err = c.Summary(ctx); err != nil {
		return row, err
	}
	counts, err := c.Counts(ctx)
	if err != nil {
		return row, err
	}
	row.Persons = counts[fact.KindPerson]
	due, err := deadlines(ctx, c)
	if len(due) > 0 {
		row.Deadline, row.Due = due[0].Day, due[0].What
	}
	return row, err
}

// deadlines are those that are not done, the nearest first.
func deadlines(ctx context.Context, c *casefile.Case) (all []fact.Deadline, err error) {
	records, err := c.Records(ctx, fact.KindDeadline)
	for _, r := range records {
		if f, err := r.Fact(); err == nil {
			if one := f.(*fact.Deadline); !one.Done {
				all = append(all, *one)
			}
		}
	}
	slices.SortFunc(all, func(a, b fact.Deadline) int {
		if a.Day < b.Day {
			return -1
		}
		return 1
	})
	return all, err
}

// number reads a number of a query; 0 when there is none.
func number(q url.Values, name string) (int64, error) {
	s := q.Get(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, badQuery(name + " is no number")
	}
	return n, nil
}

// summary is the first page of a case.
func (d *console) caseSummary(ctx context.Context, c desk, _ url.Values) (any, error) {
	var data struct {
		casefile.Summary
		Integrity  casefile.Integrity
		Light      string // good, warn, or bad
		Persons    int
		Classes    []classCount
		Campaigns  []campaignFact
		Paragraphs []fact.Paragraph
		Deadlines  []fact.Deadline
		Hours      float64
		Newest     []act
	}
	var err error
	if data.Summary, err = c.Summary(ctx); err != nil {
		return nil, err
	}
	if data.Integrity, err = c.Integrity(ctx); err != nil {
		return nil, err
	}
	data.Light = light(data.Integrity, d.Now())
	counts, err := c.Counts(ctx)
	if err != nil {
		return nil, err
	}
	data.Persons = counts[fact.KindPerson]
	if data.Classes, err = classes(ctx, c); err != nil {
		return nil, err
	}
	if data.Campaigns, err = facts(ctx, c, func(f *fact.Campaign, r casefile.Record) campaignFact { return campaignFact{*f, r.ID} }); err != nil {
		return nil, err
	}
	hours, err := facts(ctx, c, func(f *fact.Hours, _ casefile.Record) int { return f.Minutes })
	for _, m := range hours {
		data.Hours += float64(m) / 60
	}
	if err != nil {
		return nil, err
	}
	paragraphs, err := facts(ctx, c, func(f *fact.Paragraph, _ casefile.Record) fact.Paragraph { return *f })
	for _, p := range paragraphs {
		if p.Section == "summary" {
			data.Paragraphs = append(data.Paragraphs, p)
		}
	}
	if err != nil {
		return nil, err
	}
	if data.Deadlines, err = deadlines(ctx, c.Case); err != nil {
		return nil, err
	}
	entries, err := c.Log(ctx, 0, 8)
	data.Newest = acts(entries)
	return data, err
}

// campaignFact is a campaign with its id.
type campaignFact struct {
	fact.Campaign
	ID string
}

// facts reads the facts of one type.
func facts[F any, T any](ctx context.Context, c desk, take func(*F, casefile.Record) T) (all []T, err error) {
	kind := any(new(F)).(fact.Fact).Kind()
	records, err := c.Records(ctx, kind)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		f, err := r.Fact()
		if err != nil {
			return nil, err
		}
		all = append(all, take(any(f).(*F), r))
	}
	return all, nil
}

// provedWithin is how old the last proof of an exhibit may be.
const provedWithin = 48 * time.Hour

// light is how well the exhibits are proved.
func light(i casefile.Integrity, now time.Time) string {
	switch {
	case i.Proved < i.Exhibits:
		return "warn"
	case i.Exhibits > 0 && now.Sub(i.Oldest) > provedWithin:
		return "warn"
	}
	return "good"
}

type classCount struct {
	Class string
	N     int
}

func classes(ctx context.Context, c desk) (all []classCount, err error) {
	n := map[string]int{}
	persons, err := facts(ctx, c, func(f *fact.Person, _ casefile.Record) string { return f.Class })
	for _, class := range persons {
		n[class]++
	}
	for _, class := range fact.Classes {
		if n[class] > 0 {
			all = append(all, classCount{class, n[class]})
		}
	}
	return all, err
}

// act is an entry of the ledger, for people.
type act struct {
	N                        int64
	At                       time.Time
	Actor, Role, What, About string
	Exhibit, Reason          string
}

var actWords = map[string]string{"open case": "began the case", "acquire": "took in", "derive": "derived", "open copy": "opened a working copy of", "record": "recorded", "admit": "admitted", "export": "exported the edition"}

func acts(entries []verify.Entry) (all []act) {
	for _, e := range entries {
		a := act{N: e.N, Actor: e.Text("actor"), Role: e.Text("role"), Exhibit: e.Text("exhibit"), Reason: e.Text("reason"), What: actWords[e.Text("action")]}
		if a.What == "" {
			a.What = e.Text("action")
		}
		a.At, _ = time.Parse(time.RFC3339Nano, e.Text("at"))
		switch e.Text("action") {
		case "record":
			a.About = e.Text("kind") + " " + e.Text("subject")
		case "admit":
			a.About = e.Text("member")
		case "export":
			a.About = e.Text("edition")
		case "acquire", "derive":
			a.About = e.Text("name")
		}
		all = append(all, a)
	}
	return all
}
