package console

import (
	"bytes"
	"context"
	"errors"
	"html/template"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/hunt/report"
)

// Hunt is the live hunt.
type Hunt interface {
	// Campaigns returns the campaigns, the strongest first.
	Campaigns(context.Context) ([]Campaign, error)

	// Campaign returns one with all of its targets, or guard.ErrNotFound.
	Campaign(ctx context.Context, id string) (Campaign, error)

	// Hold holds the further rings of a campaign back, or lets them through
	// again, and keeps who wanted it, when and why. It returns guard.ErrNotFound
	// for a campaign that there is not.
	Hold(ctx context.Context, id string, on bool, by, reason string) error

	// Watch gives a sign when campaigns have changed, as Ledger.Watch does.
	Watch(context.Context) <-chan struct{}
}

// Campaign is a campaign and what was done about it.
type Campaign struct {
	hunt.Campaign
	Live     bool // it goes on: it can be held back and released
	Holding  bool // its further rings are held back
	HeldBack int  // rings that were
	History  []Decision
}

// Decision is that somebody held a campaign back, or released it.
type Decision struct {
	At         time.Time
	By, Reason string
	Hold       bool
}

// Reports are the calls that people found strange.
type Reports interface {
	Reports(context.Context, guard.Page) ([]guard.Report, error)
}

const (
	campaignRows = 200
	mostReports  = 50
	newestRows   = 20 // targets that a live page shows on top
)

// campaignRow is a campaign in the list, also as it is sent to live pages.
type campaignRow struct {
	ID       string `json:"id"`
	Strength string `json:"strength"`
	Since    string `json:"since"`
	Accounts int    `json:"accounts"`
	Targets  int    `json:"targets"`
	HeldBack int    `json:"held"`
	Holding  bool   `json:"holding"`
}

func newCampaignRow(c Campaign) campaignRow {
	return campaignRow{inert(c.ID), strengthOf(c), utc(c.From), len(c.Accounts), len(c.Targets), c.HeldBack, c.Holding}
}

func strengthOf(c Campaign) string {
	if c.Strength == hunt.Strong || c.Strength == hunt.Moderate {
		return string(c.Strength)
	}
	return string(hunt.Weak)
}

// targetRow is a target as it is sent to live pages.
type targetRow struct {
	ID       string `json:"id"`
	Country  string `json:"country"`
	First    string `json:"first"`
	Last     string `json:"last"`
	Attempts int    `json:"attempts"`
}

// newestTargets are those that were tried last for the first time.
func newestTargets(c Campaign) []targetRow {
	sorted := slices.Clone(c.Targets)
	slices.SortStableFunc(sorted, func(a, b hunt.Target) int { return b.First.Compare(a.First) })
	rows := []targetRow{}
	for _, t := range sorted[:min(len(sorted), newestRows)] {
		rows = append(rows, targetRow{inert(t.ID), inert(t.Country), utc(t.First), utc(t.Last), t.Attempts})
	}
	return rows
}

// campaignList is the page of all campaigns, and of what people reported.
func (d *console) campaignList(w http.ResponseWriter, r *http.Request) {
	var data struct {
		On      bool
		Rows    []campaignRow
		More    int
		Reports []reportRow
	}
	var err error
	if data.On = d.Desk.Hunt != nil; data.On {
		data.Rows, data.More, err = d.campaignRows(r.Context())
	}
	if err == nil && d.Desk.Reports != nil {
		data.Reports, err = d.reportRows(r.Context())
	}
	if err != nil {
		d.broken(w, r, "the campaigns could not be read", err)
		return
	}
	d.render(w, r, http.StatusOK, "campaigns", "Campaigns", data)
}

func (d *console) campaignRows(ctx context.Context) (rows []campaignRow, more int, err error) {
	all, err := d.Desk.Hunt.Campaigns(ctx)
	rows = []campaignRow{}
	for _, c := range all[:min(len(all), campaignRows)] {
		rows = append(rows, newCampaignRow(c))
	}
	return rows, len(all) - len(rows), err
}

// reportRow is a call that somebody found strange.
type reportRow struct {
	guard.Report
	By, About party
}

func (d *console) reportRows(ctx context.Context) (rows []reportRow, err error) {
	all, err := d.Desk.Reports.Reports(ctx, guard.Newest(mostReports))
	if err != nil {
		return nil, err
	}
	n := d.names()
	for _, one := range all {
		row := reportRow{Report: one}
		if row.By, err = n.party(ctx, one.Reporter); err == nil {
			row.About, err = n.party(ctx, one.Account)
		}
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// campaign is the page of one campaign.
func (d *console) campaign(w http.ResponseWriter, r *http.Request) {
	d.showCampaign(w, r, http.StatusOK, "", "")
}

func (d *console) showCampaign(w http.ResponseWriter, r *http.Request, status int, wrong, reason string) {
	c, ok := d.theCampaign(w, r)
	if !ok {
		return
	}
	drawn, err := report.Fragment(c.Campaign, report.Options{Language: "en"})
	if err != nil {
		d.broken(w, r, "the campaign could not be drawn", err)
		return
	}
	d.render(w, r, status, "campaign", "Campaign "+inert(c.ID), struct {
		Acting bool
		campaignRow
		Live          bool
		Address       string
		History       []Decision
		Newest        []targetRow
		Drawn         template.HTML
		Wrong, Reason string
		MaxReason     int
	}{d.passkeys.hand(d.session(r)) != nil, newCampaignRow(c), c.Live, c.ID, c.History, newestTargets(c), drawn, wrong, reason, maxReason})
}

// theCampaign reads the campaign that the path names; when there is none it has
// answered.
func (d *console) theCampaign(w http.ResponseWriter, r *http.Request) (c Campaign, ok bool) {
	err := guard.ErrNotFound
	if d.Desk.Hunt != nil {
		c, err = d.Desk.Hunt.Campaign(r.Context(), r.PathValue("id"))
	}
	switch {
	case errors.Is(err, guard.ErrNotFound):
		d.problem(w, r, http.StatusNotFound, "There is no such campaign.", "Choose one in the list of campaigns.")
	case err != nil:
		d.broken(w, r, "the campaign could not be read", err)
	}
	return c, err == nil
}

func (d *console) hold(w http.ResponseWriter, r *http.Request)    { d.decide(w, r, true) }
func (d *console) release(w http.ResponseWriter, r *http.Request) { d.decide(w, r, false) }

// decide holds a campaign back or releases it.
func (d *console) decide(w http.ResponseWriter, r *http.Request, on bool) {
	reason := strings.TrimSpace(r.PostFormValue("reason"))
	switch {
	case reason == "":
		d.showCampaign(w, r, http.StatusUnprocessableEntity, "Write the reason: whoever reads this later has nothing else to go by.", "")
		return
	case utf8.RuneCountInString(reason) > maxReason || !utf8.ValidString(reason):
		d.showCampaign(w, r, http.StatusUnprocessableEntity, "The reason is too long: at most 1000 characters.", "")
		return
	}
	c, ok := d.theCampaign(w, r)
	if !ok {
		return
	}
	if err := d.Desk.Hunt.Hold(r.Context(), c.ID, on, analyst(r).Name, reason); err != nil {
		d.broken(w, r, "the campaign could not be changed", err)
		return
	}
	d.Log.Info("console: campaign decided on", "campaign", inert(c.ID), "hold", on, "analyst", analyst(r).Name, "reason", inert(reason))
	http.Redirect(w, r, "/campaigns/"+template.URLQueryEscaper(c.ID), http.StatusSeeOther)
}

// liveCampaigns sends the list, or one campaign, whenever it has changed.
func (d *console) liveCampaigns(w http.ResponseWriter, r *http.Request) {
	if d.Desk.Hunt == nil {
		http.Error(w, "there is no hunt", http.StatusNotFound)
		return
	}
	id, last := r.PathValue("id"), ""
	d.stream(w, r, &stream{changes: d.Desk.Hunt.Watch, look: func(ctx context.Context, s *stream) error {
		var b bytes.Buffer
		var state struct {
			Rows   []campaignRow `json:"rows"`
			Newest []targetRow   `json:"newest,omitempty"`
		}
		if id == "" {
			rows, _, err := d.campaignRows(ctx)
			if err != nil {
				return err
			}
			state.Rows = rows
		} else {
			c, err := d.Desk.Hunt.Campaign(ctx, id)
			if err != nil {
				return err
			}
			state.Rows, state.Newest = []campaignRow{newCampaignRow(c)}, newestTargets(c)
		}
		if err := event(&b, "campaigns", 0, state); err != nil || b.String() == last {
			return err
		}
		last = b.String()
		return s.send(last)
	}})
}
