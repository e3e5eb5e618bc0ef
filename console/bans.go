package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

// Bans are what keeps attackers out. The errors of its methods are those of the
// store's bans: they say what a person can mend.
type Bans interface {
	// Bans returns all that there were, the oldest first.
	Bans(context.Context) ([]guard.Ban, error)

	// Ban returns one with what was done about it, or guard.ErrNotFound.
	Ban(ctx context.Context, id string) (guard.Ban, []guard.BanAct, error)

	// AddBan adds a ban and puts it in force; one that many innocent people
	// share is refused with guard.ErrShared unless it is wanted all the same.
	AddBan(ctx context.Context, b guard.Ban, although bool) (guard.Ban, error)

	// DoBan does something else about a ban.
	DoBan(ctx context.Context, id string, do guard.BanDeed, by, text string) (guard.Ban, error)
}

const (
	banRows   = 500
	maxAnswer = 2000 // characters of a field of the form
)

// banRoutes are the pages of bans and flags.
func (d *console) banRoutes() map[string]page {
	return map[string]page{
		"GET /bans":                   d.bansPage,
		"POST /bans":                  d.addBan,
		"GET /bans/{id}":              d.ban,
		"POST /bans/{id}/{deed}":      d.doBan,
		"GET /flags":                  d.flagList,
		"GET /flags/{number}":         d.flag,
		"POST /flags/{number}/decide": d.decideFlag,
	}
}

// banForm is what stands in the form for a new ban.
type banForm struct {
	Kind, Value, Terms, Reason, Case, Evidence, Days string
	Although                                         bool
	Wrong                                            string
}

// bansPage is the page of bans with the form for a new one.
func (d *console) bansPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	d.showBans(w, r, http.StatusOK, banForm{Kind: q.Get("kind"), Value: inert(q.Get("value"))})
}

func (d *console) showBans(w http.ResponseWriter, r *http.Request, status int, form banForm) {
	if d.Desk.Bans == nil {
		d.problem(w, r, http.StatusNotFound, "There are no bans here.", "Choose one of the pages above.")
		return
	}
	all, err := d.Desk.Bans.Bans(r.Context())
	if err != nil {
		d.broken(w, r, "the bans could not be read", err)
		return
	}
	open, err := d.Desk.Flags.Evasions(r.Context(), guard.EvasionFilter{Open: true}, guard.Newest(flagRows))
	if err != nil {
		d.broken(w, r, "the flags could not be read", err)
		return
	}
	whole := r.URL.Query().Get("all") != ""
	var list, appeals []banView
	for _, b := range slices.Backward(all) {
		v := d.view(b)
		if whole || v.State == "in force" || v.State == "waiting" {
			list = append(list, v)
		}
		if b.Appeal.State == guard.AppealAsked && v.State == "in force" {
			appeals = append(appeals, v)
		}
	}
	d.render(w, r, status, "bans", "Bans", struct {
		Bans, Appeals     []banView
		More, Flags, Many int
		Whole             bool
		Form              banForm
		MaxReason         int
	}{list[:min(len(list), banRows)], appeals, max(0, len(list)-banRows), len(open), guard.ManyShare, whole, form, maxReason})
}

// banView is a ban as a page shows it.
type banView struct {
	guard.Ban
	State   string
	Account wire.ID // of a ban of an account
}

func (d *console) view(b guard.Ban) banView {
	v := banView{Ban: b, State: b.State(d.Now())}
	if b.Kind == guard.BanAccount {
		v.Account, _ = wire.ParseID(b.Value)
	}
	return v
}

// addBan adds what stands in the form.
func (d *console) addBan(w http.ResponseWriter, r *http.Request) {
	if d.Desk.Bans == nil {
		d.nowhere(w, r)
		return
	}
	f := banForm{
		Kind: r.PostFormValue("kind"), Value: strings.TrimSpace(r.PostFormValue("value")), Terms: strings.TrimSpace(r.PostFormValue("terms")), Reason: strings.TrimSpace(r.PostFormValue("reason")),
		Case: strings.TrimSpace(r.PostFormValue("case")), Evidence: r.PostFormValue("evidence"), Days: strings.TrimSpace(r.PostFormValue("days")), Although: r.PostFormValue("although") == "yes",
	}
	b, err := d.banOf(r, f)
	if err == nil {
		b, err = d.Desk.Bans.AddBan(r.Context(), b, f.Although)
	}
	var shared guard.ErrShared
	switch {
	case errors.As(err, &shared):
		f.Wrong = "This was not added: " + shared.Error() + ". Most of them are innocent. Ban accounts instead, or say below that it is wanted all the same."
		d.showBans(w, r, http.StatusConflict, f)
	case errors.Is(err, guard.ErrNotFound):
		f.Wrong = "There is no account of that name or id."
		d.showBans(w, r, http.StatusUnprocessableEntity, f)
	case err != nil:
		f.Wrong = "This was not added: " + err.Error() + "."
		d.showBans(w, r, http.StatusUnprocessableEntity, f)
	default:
		d.Log.Info("console: ban added", "ban", b.ID, "kind", b.Kind, "analyst", analyst(r).Name)
		http.Redirect(w, r, "/bans/"+url.PathEscape(b.ID), http.StatusSeeOther)
	}
}

// banOf makes a ban of what stands in the form. The signed-in analyst is the first
// person; the second one agrees on the ban's own page.
func (d *console) banOf(r *http.Request, f banForm) (guard.Ban, error) {
	if slices.ContainsFunc([]string{f.Value, f.Terms, f.Reason, f.Case, f.Evidence}, func(s string) bool { return len(s) > 4*maxAnswer }) {
		return guard.Ban{}, errors.New("a field is too long")
	}
	b := guard.Ban{Kind: guard.BanKind(f.Kind), Value: f.Value, Terms: f.Terms, Reason: f.Reason, Case: f.Case, Evidence: strings.Fields(strings.ReplaceAll(f.Evidence, ",", " ")), By: []string{analyst(r).Name}}
	b.Until = d.Now().Add(guard.BanDefault)
	if b.Broad() {
		b.Until = d.Now().Add(guard.BroadBan)
	}
	if f.Days != "" {
		days, err := strconv.ParseUint(f.Days, 10, 12)
		if err != nil || days == 0 {
			return b, errors.New("its days are a number from 1 to 3650")
		}
		b.Until = d.Now().Add(time.Duration(days) * 24 * time.Hour)
	}
	if b.Kind != guard.BanAccount {
		return b, nil
	}
	if _, err := wire.ParseID(b.Value); err == nil {
		return b, nil
	}
	if !accountName.MatchString(b.Value) {
		return b, guard.ErrNotFound
	}
	p, err := d.Desk.People.Find(r.Context(), b.Value)
	b.Value = p.Account.String()
	return b, err
}

// ban is the page of one ban.
func (d *console) ban(w http.ResponseWriter, r *http.Request) {
	d.showBan(w, r, http.StatusOK, "", "")
}

func (d *console) showBan(w http.ResponseWriter, r *http.Request, status int, wrong, reason string) {
	if d.Desk.Bans == nil {
		d.nowhere(w, r)
		return
	}
	b, acts, err := d.Desk.Bans.Ban(r.Context(), r.PathValue("id"))
	if errors.Is(err, guard.ErrNotFound) {
		d.problem(w, r, http.StatusNotFound, "There is no such ban.", "Choose one in the list of bans.")
		return
	}
	var flags []guard.Evasion
	if err == nil && b.Broad() {
		flags, err = d.Desk.Flags.Evasions(r.Context(), guard.EvasionFilter{Ban: b.ID}, guard.Newest(flagRows))
	}
	if err != nil {
		d.broken(w, r, "the ban could not be read", err)
		return
	}
	rows, err := d.flagRowsOf(r.Context(), flags)
	if err != nil {
		d.broken(w, r, "the flags could not be read", err)
		return
	}
	v := d.view(b)
	d.render(w, r, status, "ban", "Ban "+b.ID, struct {
		banView
		Acts          []guard.BanAct
		Flags         []flagRow
		Over          bool
		Second        bool // the signed-in analyst may be the second person
		Wrong, Reason string
		MaxReason     int
	}{v, acts, rows, v.State == "lifted" || v.State == "expired", v.State == "waiting" && !strings.EqualFold(b.By[0], analyst(r).Name), wrong, reason, maxReason})
}

// banDeeds are what the forms of a ban's page do.
var banDeeds = map[string]guard.BanDeed{"second": guard.BanSecond, "lift": guard.BanLift, "uphold": guard.BanUphold, "grant": guard.BanGrant}

// doBan does what a form of a ban's page asks for.
func (d *console) doBan(w http.ResponseWriter, r *http.Request) {
	do, known := banDeeds[r.PathValue("deed")]
	if !known || d.Desk.Bans == nil {
		d.nowhere(w, r)
		return
	}
	id, reason := r.PathValue("id"), strings.TrimSpace(r.PostFormValue("reason"))
	_, err := d.Desk.Bans.DoBan(r.Context(), id, do, analyst(r).Name, reason)
	switch {
	case errors.Is(err, guard.ErrNotFound):
		d.problem(w, r, http.StatusNotFound, "There is no such ban.", "Choose one in the list of bans.")
	case errors.Is(err, guard.ErrBanOver), errors.Is(err, guard.ErrNoAppeal), errors.Is(err, guard.ErrSecond):
		d.showBan(w, r, http.StatusConflict, "Nothing was changed: "+err.Error()+".", reason)
	case err != nil && do != guard.BanSecond && guard.CheckDecision(analyst(r).Name, reason) != nil:
		d.showBan(w, r, http.StatusUnprocessableEntity, "Write the reason, in at most 1000 characters: whoever reads this later has nothing else to go by.", reason)
	case err != nil:
		d.broken(w, r, "the ban could not be changed", err)
	default:
		d.Log.Info("console: ban changed", "ban", id, "what", do, "analyst", analyst(r).Name)
		http.Redirect(w, r, "/bans/"+url.PathEscape(id), http.StatusSeeOther)
	}
}
