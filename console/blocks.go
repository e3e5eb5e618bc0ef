package console

import (
	"errors"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

const (
	blockRows   = 100
	historyRows = 50
	accountRows = 10
	maxReason   = 1000 // characters
)

// blocks is the page of blocked accounts and of blocks that were lifted.
func (d *console) blocks(w http.ResponseWriter, r *http.Request) {
	var before int64
	if s := r.URL.Query().Get("before"); s != "" {
		var err error
		if before, err = parseNumber(s); err != nil {
			d.problem(w, r, http.StatusBadRequest, "There is no such page of the blocks.", "Go to the newest ones.")
			return
		}
	}
	page := guard.Older(before, blockRows+1)
	all, err := d.Desk.Blocks.Blocks(r.Context(), guard.BlockFilter{}, page)
	if err != nil {
		d.broken(w, r, "the blocks could not be read", err)
		return
	}
	data := struct {
		Blocks []guard.Block
		Older  int64
		Head   bool
	}{Blocks: all, Head: before > 0}
	if len(all) > blockRows {
		data.Blocks = all[:blockRows]
		data.Older = all[blockRows-1].Number
	}
	d.render(w, r, http.StatusOK, "blocks", "Blocks", data)
}

// find leads from an account's name or id to its page.
func (d *console) find(w http.ResponseWriter, r *http.Request) {
	wanted := strings.TrimSpace(r.URL.Query().Get("name"))
	if id, err := wire.ParseID(wanted); err == nil {
		http.Redirect(w, r, "/accounts/"+id.String(), http.StatusSeeOther)
		return
	}
	p, err := guard.Person{}, guard.ErrNotFound
	if accountName.MatchString(wanted) {
		p, err = d.Desk.People.Find(r.Context(), wanted)
	}
	switch {
	case errors.Is(err, guard.ErrNotFound):
		d.problem(w, r, http.StatusNotFound, "There is no account with the name or id "+inert(wanted)+".", "Names are 3 to 20 of a-z, 0-9 and _; ids are 32 hexadecimal digits.")
	case err != nil:
		d.broken(w, r, "the account could not be looked up", err)
	default:
		http.Redirect(w, r, "/accounts/"+p.Account.String(), http.StatusSeeOther)
	}
}

// account is the page of one account.
func (d *console) account(w http.ResponseWriter, r *http.Request) {
	d.showAccount(w, r, http.StatusOK, "", "")
}

// showAccount shows the page, with what was wrong with a form and what had
// been written in it.
func (d *console) showAccount(w http.ResponseWriter, r *http.Request, status int, wrong, reason string) {
	ctx := r.Context()
	id, err := wire.ParseID(r.PathValue("id"))
	if err != nil {
		d.problem(w, r, http.StatusNotFound, "There is no such account.", "An account's id is 32 hexadecimal digits.")
		return
	}
	n := d.names()
	p, err := n.person(ctx, id)
	if err != nil {
		d.broken(w, r, "the account could not be read", err)
		return
	}
	inviter, err := n.party(ctx, p.InvitedBy)
	if err != nil {
		d.broken(w, r, "the account could not be read", err)
		return
	}
	history, err := d.Desk.Blocks.Blocks(ctx, guard.BlockFilter{Account: id}, guard.Newest(historyRows))
	if err != nil {
		d.broken(w, r, "the account's blocks could not be read", err)
		return
	}
	dry, err := d.Desk.Keys.Dry(ctx, guard.DryFilter{Account: id}, guard.Newest(1))
	if err != nil {
		d.broken(w, r, "the account's keys could not be read", err)
		return
	}
	prints, err := d.printRows(ctx, id)
	if err != nil {
		d.broken(w, r, "what the account showed could not be read", err)
		return
	}
	verdicts, more, err := d.newest(ctx, query{filter: guard.Filter{Account: id}}, accountRows)
	if err != nil {
		d.broken(w, r, "the account's verdicts could not be read", err)
		return
	}
	verdicts.Empty = "No verdict names this account."
	d.render(w, r, status, "account", "Account "+inert(p.Name), struct {
		guard.Person
		list
		Gone          bool
		Inviter       party
		History       []guard.Block
		Dry           []guard.DrySpell
		Prints        []printRow
		All           string
		Wrong, Reason string
		MaxReason     int
	}{
		p, verdicts, p.Name == "", inviter, history, dry, prints,
		map[bool]string{true: query{filter: guard.Filter{Account: id}}.address("/verdicts", 0)}[more], wrong, reason, maxReason,
	})
}

// reason reads the reason of a block or its lifting; when there is none it has
// answered.
func (d *console) reason(w http.ResponseWriter, r *http.Request) (id wire.ID, reason string, ok bool) {
	id, err := wire.ParseID(r.PathValue("id"))
	if err != nil {
		d.problem(w, r, http.StatusNotFound, "There is no such account.", "An account's id is 32 hexadecimal digits.")
		return id, "", false
	}
	reason = strings.TrimSpace(r.PostFormValue("reason"))
	switch {
	case reason == "":
		d.showAccount(w, r, http.StatusUnprocessableEntity, "Write the reason: whoever reads this later has nothing else to go by.", reason)
	case utf8.RuneCountInString(reason) > maxReason || !utf8.ValidString(reason):
		d.showAccount(w, r, http.StatusUnprocessableEntity, "The reason is too long: at most 1000 characters.", "")
	default:
		return id, reason, true
	}
	return id, "", false
}

func (d *console) block(w http.ResponseWriter, r *http.Request) {
	id, reason, ok := d.reason(w, r)
	if !ok {
		return
	}
	err := d.Desk.Blocks.Block(r.Context(), id, analyst(r).Name, reason)
	d.changed(w, r, id, "blocked", err)
}

func (d *console) lift(w http.ResponseWriter, r *http.Request) {
	id, reason, ok := d.reason(w, r)
	if !ok {
		return
	}
	err := d.Desk.Blocks.Lift(r.Context(), id, analyst(r).Name, reason)
	d.changed(w, r, id, "block lifted", err)
}

// changed answers a block or its lifting, and logs who did it.
func (d *console) changed(w http.ResponseWriter, r *http.Request, id wire.ID, what string, err error) {
	switch {
	case errors.Is(err, guard.ErrNotFound):
		d.showAccount(w, r, http.StatusConflict, "Nothing was changed: the account is gone, or somebody else has lifted the block.", "")
	case errors.Is(err, guard.ErrBanned):
		d.showAccount(w, r, http.StatusConflict, "Nothing was changed: the account is banned. Lift the ban, on its own page.", "")
	case err != nil:
		d.broken(w, r, "the block could not be changed", err)
	default:
		d.Log.Info("console: account "+what, "account", id, "analyst", analyst(r).Name)
		http.Redirect(w, r, "/accounts/"+id.String(), http.StatusSeeOther)
	}
}
