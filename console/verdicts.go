package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

// pageRows is how many verdicts a page of the list has.
const pageRows = 50

// row is one verdict in a list. The live list sends it as JSON, and the page's
// script writes its fields as text into the same table.
type row struct {
	Number   int64  `json:"number"`
	Time     string `json:"time"` // RFC 3339, for the element
	Shown    string `json:"shown"`
	Severity string `json:"severity"`
	Rules    string `json:"rules"`
	What     string `json:"what"` // the reason
	Kind     string `json:"kind"`
	Action   string `json:"action"`
	From     party  `json:"from"`
	To       party  `json:"to"`
	Count    int    `json:"count"`
	Range    bool   `json:"range"`
}

// party is an account in a row.
type party struct {
	ID   string `json:"id"` // "" where nobody is known
	Name string `json:"name"`
}

// names looks accounts up, each once.
type names struct {
	people People
	known  map[wire.ID]guard.Person
}

func (d *console) names() *names { return &names{d.Desk.People, map[wire.ID]guard.Person{}} }

// person returns an account; one that is gone has its id and no name.
func (n *names) person(ctx context.Context, id wire.ID) (guard.Person, error) {
	if p, ok := n.known[id]; ok || id.IsZero() {
		return p, nil
	}
	p, err := n.people.Person(ctx, id)
	if errors.Is(err, guard.ErrNotFound) {
		p, err = guard.Person{Account: id}, nil
	}
	if err == nil {
		n.known[id] = p
	}
	return p, err
}

func (n *names) party(ctx context.Context, id wire.ID) (party, error) {
	if id.IsZero() {
		return party{}, nil
	}
	p, err := n.person(ctx, id)
	if p.Name == "" {
		return party{ID: id.String(), Name: "unknown " + id.String()[:8]}, err
	}
	return party{ID: id.String(), Name: inert(p.Name)}, err
}

func (n *names) row(ctx context.Context, v guard.Verdict) (row, error) {
	from, err := n.party(ctx, v.Account)
	if err != nil {
		return row{}, err
	}
	to, err := n.party(ctx, v.Target)
	if err != nil {
		return row{}, err
	}
	return row{
		Number: v.Number, Time: v.At.UTC().Format(time.RFC3339Nano), Shown: utc(v.At), Severity: inert(string(v.Severity)),
		Rules: inert(strings.Join(v.Rules, " ")), What: inert(v.Reason), Kind: word(kindShort, v.Kind), Action: word(actionWords, v.Action),
		From: from, To: to, Count: max(1, v.Count), Range: v.Range,
	}, nil
}

func (n *names) rows(ctx context.Context, verdicts []guard.Verdict) ([]row, error) {
	rows := make([]row, 0, len(verdicts))
	for _, v := range verdicts {
		r, err := n.row(ctx, v)
		if err != nil {
			return nil, err
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// list is a table of verdicts, live or not.
type list struct {
	Rows  []row
	Live  string // address of the stream of new ones, or ""
	Empty string // what to say when there are none
	Limit int    // most rows that the live page keeps; 0: its own limit
	Row   row    // the empty row, from which the script makes others
}

// newest returns the list of the newest verdicts that a filter lets through,
// and whether there are more. It is live.
func (d *console) newest(ctx context.Context, q query, limit int) (list, bool, error) {
	verdicts, err := d.Desk.Ledger.Verdicts(ctx, q.filter, guard.Newest(limit+1))
	if err != nil {
		return list{}, false, err
	}
	more := len(verdicts) > limit
	verdicts = verdicts[:min(limit, len(verdicts))]
	rows, err := d.names().rows(ctx, verdicts)
	after := int64(0)
	if len(verdicts) > 0 {
		after = verdicts[0].Number
	}
	v := q.values()
	v.Set("after", strconv.FormatInt(after, 10))
	return list{Rows: rows, Live: "/verdicts/live?" + v.Encode(), Limit: limit}, more, err
}

// verdicts is the page with the list.
func (d *console) verdicts(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	q, err := d.query(ctx, r.URL.Query())
	if err != nil {
		d.wrongQuery(w, r, err)
		return
	}
	var data struct {
		query
		list
		Older, Head string
		Rules       []guard.Rule
		Severities  []guard.Severity
		Actions     []guard.Action
		Kinds       []guard.Kind
		Origins     []guard.Origin
	}
	var more bool
	if q.before == 0 {
		data.list, more, err = d.newest(ctx, q, pageRows)
		data.Limit = 0
	} else {
		data.Head = q.address("/verdicts", 0)
		data.list, more, err = d.older(ctx, q)
	}
	if err != nil {
		d.broken(w, r, "the verdicts could not be read", err)
		return
	}
	if more {
		data.Older = q.address("/verdicts", data.Rows[len(data.Rows)-1].Number)
	}
	data.Empty = "No verdict yet: nothing was refused on this server."
	if q.Narrow() {
		data.Empty = "No verdict matches this filter."
	}
	data.query, data.Rules = q, guard.Catalogue()
	data.Severities, data.Actions, data.Kinds, data.Origins = severities, actions, kinds, origins
	d.render(w, r, http.StatusOK, "verdicts", "Verdicts", data)
}

func (d *console) older(ctx context.Context, q query) (list, bool, error) {
	verdicts, err := d.Desk.Ledger.Verdicts(ctx, q.filter, guard.Older(q.before, pageRows+1))
	if err != nil {
		return list{}, false, err
	}
	rows, err := d.names().rows(ctx, verdicts[:min(pageRows, len(verdicts))])
	return list{Rows: rows}, len(verdicts) > pageRows, err
}
