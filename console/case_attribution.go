package console

import (
	"context"
	"errors"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/attribution"
	"github.com/ringfence/ringfence/casefile/judging"
)

// rungRow is a claim of the ladder, in words and drawn.
type rungRow struct {
	attribution.Said
	Number int
	Lists  []reasons
	Matrix template.HTML // "" where nothing was held against it
	Drops  []attribution.Drop
}

// reasons are what there is of one kind.
type reasons struct {
	Name string
	All  []string
}

func reasonsOf(s attribution.Said) (all []reasons) {
	for _, one := range []reasons{{map[bool]string{true: "Held down", false: "Because"}[s.Affirmed], s.Because}, {"For", s.For}, {"Against", s.Against}, {"Other hypotheses", s.Rivals},
		{"Looked for, not found", s.Gaps}, {"Assumed", s.Assumes}, {"Would change it", s.Change}, {"Dissent", s.Dissent}} {
		if len(one.All) > 0 {
			all = append(all, one)
		}
	}
	return all
}

// versionRow is a version in the history.
type versionRow struct {
	Entry   int64
	By      string
	At      time.Time
	Changes []string
}

// caseAttribution is the page of what is judged about who did it.
func (d *console) caseAttribution(ctx context.Context, c desk, _ url.Values) (any, error) {
	var data struct {
		Question, Short, Hash, Me string
		Ladder                    template.HTML
		Rungs                     []rungRow
		Reviews                   []attribution.Review
		History                   []versionRow
		MayReview                 bool
		Opinions                  []string
	}
	data.Me, data.Opinions = c.viewer.Name, attribution.Opinions
	all, err := (&judging.Desk{Case: c.Case}).Versions(ctx)
	if err != nil || len(all) == 0 {
		return data, err
	}
	v := all[len(all)-1]
	data.Question, data.Short, data.Hash, data.Ladder = v.Judgement.Question, v.Result.Short(), v.Judgement.Hash(), drawn("ladder", v.Ladder(inert))
	for i, s := range v.Judgement.Say(v.Result) {
		row := rungRow{Said: s, Number: i + 1, Lists: reasonsOf(s), Drops: v.Result.Rungs[i].Drops}
		if len(v.Judgement.Rungs[i].Cells) > 0 {
			row.Matrix = drawn("matrix-"+string(rune('1'+i)), v.Matrix(i, inert))
		}
		data.Rungs = append(data.Rungs, row)
	}
	data.Reviews = v.Judgement.Reviews
	var was attribution.Judgement
	for i, one := range all {
		changes := attribution.Diff(was, one.Judgement)
		if i == 0 {
			changes = []string{"the first version"}
		}
		data.History = append(data.History, versionRow{one.Entry, one.By, one.At, changes})
		was = one.Judgement
	}
	slices.Reverse(data.History)
	data.MayReview = slices.Contains(judging.Reviewers, c.viewer.Role) && v.By != c.viewer.Name
	return data, nil
}

// reviewJudgement takes what a person thinks of the version that was shown, with a
// passkey's word given just before.
func (d *console) reviewJudgement(w http.ResponseWriter, r *http.Request) {
	c, _, ok := d.caseFor(w, r)
	if !ok {
		return
	}
	h := d.passkeys.freshHand(d.session(r), d.Now())
	if h == nil {
		d.problem(w, r, http.StatusForbidden, "Nothing was recorded: your passkey has not agreed to it just now.", "Go back to the page of the attribution, and do it again.")
		return
	}
	desk := &judging.Desk{Case: c, Hand: h, Now: d.Now}
	_, err := desk.Review(r.Context(), r.PostFormValue("hash"), r.PostFormValue("opinion"), strings.Join(strings.Fields(r.PostFormValue("text")), " "))
	if err != nil {
		if errors.Is(err, casefile.ErrNoRecord) {
			err = judging.ErrNone
		}
		d.showCase(w, r, "attribution", d.caseAttribution, http.StatusUnprocessableEntity, "It was not recorded: "+inert(err.Error())+".")
		return
	}
	http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
}
