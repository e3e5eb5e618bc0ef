package console

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/notice"
	"github.com/ringfence/ringfence/casefile/telling"
)

// noticeRow is a notice of a case, as it stands.
type noticeRow struct {
	notice.Standing
	Languages []languageRow
	Facts     notice.Facts
}

// languageRow is the text of a notice in a language.
type languageRow struct {
	Tag, Name, Dir, Title, Body, Hash string
	By                                string // who reviewed it; "": it is a draft
	Fluent                            bool   // this person could
	Shown                             bool
}

// tell is where this session works on notices; the hand may be nil, to look only.
func (d *console) tell(c *casefile.Case, h *casefile.Hand) (*telling.Desk, error) {
	t := &telling.Desk{Case: c, Hand: h, Now: d.Now}
	if d.Desk.Notices == nil {
		return t, nil
	}
	var err error
	t.Config, err = d.Desk.Notices()
	return t, err
}

// caseNotices is the page of the notices to the people targeted.
func (d *console) caseNotices(ctx context.Context, c desk, q url.Values) (any, error) {
	var data struct {
		Rows  []noticeRow
		Ready bool   // somebody has set down how notices are sent
		Sends bool   // this person may, from here
		Me    string // whose passkey is asked for
	}
	data.Ready, data.Me = d.Desk.Notices != nil, c.viewer.Name
	data.Sends = d.Desk.Brings != nil && slices.Contains(casefile.Exporters, c.viewer.Role)
	t, err := d.tell(c.Case, nil)
	if err != nil {
		return nil, err
	}
	ids, err := t.Plans(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		p, err := t.Plan(ctx, id)
		if err != nil {
			return nil, err
		}
		data.Rows = append(data.Rows, newNoticeRow(p, c.viewer, q.Get("language")))
	}
	return data, nil
}

func newNoticeRow(p *notice.Plan, viewer casefile.Person, shown string) noticeRow {
	row := noticeRow{Standing: p.Standing(), Facts: p.Text.Facts}
	for tag, w := range p.Text.Wordings {
		name, dir, _, _ := notice.Language(tag)
		row.Languages = append(row.Languages, languageRow{Tag: tag, Name: name, Dir: dir, Title: w.Title, Body: w.Body, Hash: w.Hash(), By: row.Reviews[tag].By,
			Fluent: viewer.Role == casefile.Reviewer && slices.Contains(viewer.Languages, tag), Shown: tag == shown})
	}
	slices.SortFunc(row.Languages, func(a, b languageRow) int { return strings.Compare(a.Tag, b.Tag) })
	return row
}

// doNotice takes a step of a notice. Approving is done with the key that devices know,
// at the command line.
func (d *console) doNotice(w http.ResponseWriter, r *http.Request) {
	c, _, ok := d.caseFor(w, r)
	if !ok {
		return
	}
	h := d.handFor(w, r)
	if h == nil {
		return
	}
	deed := r.PostFormValue("deed")
	if deed == "send" || deed == "collect" {
		if h = d.passkeys.freshHand(d.session(r), d.Now()); h == nil || d.Desk.Brings == nil {
			d.problem(w, r, http.StatusForbidden, "Nothing was sent: your passkey has not agreed to it just now.", "Go back to the page of the notices, and do it again.")
			return
		}
	}
	t, err := d.tell(c, h)
	plan := r.PostFormValue("notice")
	step := notice.Step{Plan: plan, Reason: strings.TrimSpace(r.PostFormValue("reason"))}
	switch {
	case err != nil:
	case deed == "draft":
		_, err = t.Draft(r.Context(), map[bool]notice.Outcome{true: notice.Possible, false: notice.Blocked}[r.PostFormValue("outcome") == "possible"])
	case deed == "keep":
		_, err = t.Keep(r.Context(), plan)
	case deed == "told":
		_, err = t.Tell(r.Context(), plan, r.PostFormValue("helpline"), r.PostFormValue("from"))
	case deed == "country":
		step.Kind, step.Country = notice.CountryApprove, r.PostFormValue("country")
		step.Reason = ""
		_, err = t.Take(r.Context(), step)
	case deed == "send":
		err = d.sendNotice(r.Context(), t, plan)
	case deed == "collect":
		_, err = t.Collect(r.Context(), plan, d.Desk.Brings)
	case deed == "review":
		_, err = t.Review(r.Context(), plan, r.PostFormValue("language"))
	case deed == "hold":
		step.Kind = notice.Hold
		_, err = t.Take(r.Context(), step)
	case deed == "release":
		step.Kind = notice.Release
		step.Held, _ = strconv.Atoi(r.PostFormValue("held"))
		_, err = t.Take(r.Context(), step)
	default:
		err = badQuery("there is no such deed")
	}
	if err != nil {
		d.showCase(w, r, "notices", d.caseNotices, http.StatusUnprocessableEntity, "Nothing was done: "+inert(err.Error())+".")
		return
	}
	http.Redirect(w, r, r.URL.Path, http.StatusSeeOther)
}

// sendNotice sends the batches whose time has come, at the pace that leaves nobody to
// learn how somebody was found.
func (d *console) sendNotice(ctx context.Context, t *telling.Desk, plan string) error {
	p, err := t.Plan(ctx, plan)
	if err != nil {
		return err
	}
	start, err := time.Parse(time.DateOnly, p.Text.Issued)
	if err != nil {
		return err
	}
	_, err = t.Send(ctx, plan, notice.DefaultPace(start), d.Desk.Brings)
	return err
}
