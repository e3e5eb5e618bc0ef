package console

import (
	"net/http"

	"github.com/ringfence/ringfence/guard"
)

const (
	homeDry = 5
	dryRows = 100
)

// keys is the page of the accounts whose one-time keys ran out.
func (d *console) keys(w http.ResponseWriter, r *http.Request) {
	var before int64
	if s := r.URL.Query().Get("before"); s != "" {
		var err error
		if before, err = parseNumber(s); err != nil {
			d.problem(w, r, http.StatusBadRequest, "There is no such page of the one-time keys.", "Go to the newest ones.")
			return
		}
	}
	now, err := d.Desk.Keys.Dry(r.Context(), guard.DryFilter{Now: true}, guard.Newest(1))
	if err != nil {
		d.broken(w, r, "the one-time keys could not be read", err)
		return
	}
	all, err := d.Desk.Keys.Dry(r.Context(), guard.DryFilter{}, guard.Older(before, dryRows+1))
	if err != nil {
		d.broken(w, r, "the one-time keys could not be read", err)
		return
	}
	data := struct {
		Now          bool // somebody has none
		Spells       []guard.DrySpell
		Older        int64
		Head         bool
		Limit, Usual int
		Overspent    string // address of the verdicts on those who asked for too many
	}{Now: len(now) > 0, Spells: all, Head: before > 0,
		Limit: d.Desk.Rules.Config().Limits.KeysPerContactDay, Usual: guard.DefaultConfig().Limits.KeysPerContactDay,
		Overspent: query{filter: guard.Filter{Rule: "R13", Kind: guard.Request}}.address("/verdicts", 0)}
	if len(all) > dryRows {
		data.Spells = all[:dryRows]
		data.Older = all[dryRows-1].Number
	}
	d.render(w, r, http.StatusOK, "keys", "One-time keys", data)
}
