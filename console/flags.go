package console

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

// Flags are the new accounts that look like a banned one.
type Flags interface {
	// Evasions returns a page of flags.
	Evasions(context.Context, guard.EvasionFilter, guard.Page) ([]guard.Evasion, error)

	// Evasion returns one, or guard.ErrNotFound.
	Evasion(ctx context.Context, number int64) (guard.Evasion, error)

	// DecideEvasion bans this account, or lets it go: once, guard.ErrDecided.
	DecideEvasion(ctx context.Context, number int64, d guard.EvasionDecision, by, reason string) error

	// Sharing counts the ordinary accounts that share a print or a network.
	Sharing(ctx context.Context, kind guard.BanKind, value string) (int, error)
}

// Prints tell what clients accounts showed, and what networks they came from.
type Prints interface {
	// PrintsOf returns those of one account in the last thirty days.
	PrintsOf(ctx context.Context, account wire.ID, kind guard.BanKind) ([]string, error)
}

const flagRows = 200

// printRow is something that an account showed, with how many ordinary accounts did.
type printRow struct {
	Kind   guard.BanKind
	Value  string
	Shared int
}

// printRows are what an account showed.
func (d *console) printRows(ctx context.Context, account wire.ID) (rows []printRow, err error) {
	if d.Desk.Prints == nil {
		return nil, nil
	}
	for _, kind := range []guard.BanKind{guard.BanPrint, guard.BanNetwork} {
		values, err := d.Desk.Prints.PrintsOf(ctx, account, kind)
		if err != nil {
			return nil, err
		}
		for _, v := range values {
			n, err := d.Desk.Flags.Sharing(ctx, kind, v)
			if err != nil {
				return nil, err
			}
			rows = append(rows, printRow{kind, v, n})
		}
	}
	return rows, nil
}

// flagRow is a flag with whose it is.
type flagRow struct {
	guard.Evasion
	Who   party
	State string
}

func (d *console) flagRowsOf(ctx context.Context, flags []guard.Evasion) (rows []flagRow, err error) {
	n := d.names()
	for _, f := range flags {
		row := flagRow{Evasion: f, State: flagState(f)}
		if row.Who, err = n.party(ctx, f.Account); err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// flagState says in words where a flag stands.
func flagState(f guard.Evasion) string {
	switch {
	case !f.Decided.IsZero():
		return string(f.Verdict)
	case !f.InForce:
		return "the ban is over"
	case !f.Holding:
		return "nothing held back"
	}
	return "held back"
}

// flagList is the page of flags.
func (d *console) flagList(w http.ResponseWriter, r *http.Request) {
	if d.Desk.Flags == nil {
		d.nowhere(w, r)
		return
	}
	all := r.URL.Query().Get("all") != ""
	page := guard.Newest(flagRows + 1)
	if s := r.URL.Query().Get("before"); s != "" {
		before, err := parseNumber(s)
		if err != nil {
			d.problem(w, r, http.StatusBadRequest, "There is no such page of the flags.", "Go to the newest ones.")
			return
		}
		page = guard.Older(before, flagRows+1)
	}
	flags, err := d.Desk.Flags.Evasions(r.Context(), guard.EvasionFilter{Open: !all}, page)
	var older int64
	if len(flags) > flagRows {
		flags = flags[:flagRows]
		older = flags[flagRows-1].Number
	}
	var rows []flagRow
	if err == nil {
		rows, err = d.flagRowsOf(r.Context(), flags)
	}
	if err != nil {
		d.broken(w, r, "the flags could not be read", err)
		return
	}
	d.render(w, r, http.StatusOK, "flags", "Flags", struct {
		Rows  []flagRow
		All   bool
		Older int64
	}{rows, all, older})
}

// flag is the page of one flag.
func (d *console) flag(w http.ResponseWriter, r *http.Request) {
	d.showFlag(w, r, http.StatusOK, "", "")
}

func (d *console) showFlag(w http.ResponseWriter, r *http.Request, status int, wrong, reason string) {
	f, ok := d.theFlag(w, r)
	if !ok {
		return
	}
	ctx := r.Context()
	shared, err := d.Desk.Flags.Sharing(ctx, f.Kind, f.Value)
	var alike []guard.Evasion
	if err == nil {
		alike, err = d.Desk.Flags.Evasions(ctx, guard.EvasionFilter{Ban: f.Ban, Open: true}, guard.Newest(flagRows))
	}
	var rows []flagRow
	if err == nil {
		rows, err = d.flagRowsOf(ctx, []guard.Evasion{f})
	}
	if err != nil {
		d.broken(w, r, "the flag could not be read", err)
		return
	}
	d.render(w, r, status, "flag", "Flag "+strconv.FormatInt(f.Number, 10), struct {
		flagRow
		Now, Alike    int
		Open          bool
		Wrong, Reason string
		MaxReason     int
	}{rows[0], shared, len(alike), f.Decided.IsZero() && f.InForce, wrong, reason, maxReason})
}

// theFlag reads the flag that the path names; when there is none it has answered.
func (d *console) theFlag(w http.ResponseWriter, r *http.Request) (f guard.Evasion, ok bool) {
	err := guard.ErrNotFound
	if number, wrong := parseNumber(r.PathValue("number")); wrong == nil && d.Desk.Flags != nil {
		f, err = d.Desk.Flags.Evasion(r.Context(), number)
	}
	switch {
	case errors.Is(err, guard.ErrNotFound):
		d.problem(w, r, http.StatusNotFound, "There is no such flag.", "Choose one in the list of flags.")
	case err != nil:
		d.broken(w, r, "the flag could not be read", err)
	}
	return f, err == nil
}

// decideFlag bans the account of a flag, or lets it go.
func (d *console) decideFlag(w http.ResponseWriter, r *http.Request) {
	verdict, known := map[string]guard.EvasionDecision{"ban": guard.EvasionBanned, "let-go": guard.EvasionLetGo}[r.PostFormValue("decision")]
	reason := strings.TrimSpace(r.PostFormValue("reason"))
	if !known || guard.CheckDecision(analyst(r).Name, reason) != nil {
		d.showFlag(w, r, http.StatusUnprocessableEntity, "Choose, and write the reason in at most 1000 characters: whoever reads this later has nothing else to go by.", reason)
		return
	}
	f, ok := d.theFlag(w, r)
	if !ok {
		return
	}
	err := d.Desk.Flags.DecideEvasion(r.Context(), f.Number, verdict, analyst(r).Name, reason)
	switch {
	case errors.Is(err, guard.ErrDecided):
		d.showFlag(w, r, http.StatusConflict, "Nothing was changed: somebody has decided already.", reason)
	case err != nil:
		d.broken(w, r, "the flag could not be decided", err)
	default:
		d.Log.Info("console: flag decided", "flag", f.Number, "decision", verdict, "analyst", analyst(r).Name)
		http.Redirect(w, r, "/flags/"+strconv.FormatInt(f.Number, 10), http.StatusSeeOther)
	}
}
