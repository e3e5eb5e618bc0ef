package console

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/ringfence/ringfence/guard"
)

// firedRule is a rule of a verdict, with what there is to read about it.
type firedRule struct {
	guard.Rule
	Known bool // in the catalogue of this build
	First bool // it decided
	Bugs  []reference
	Read  []reference
}

func firedRules(ids []string) []firedRule {
	all := make([]firedRule, 0, len(ids))
	for i, id := range ids {
		rule, known := guard.Lookup(id)
		rule.ID = id
		all = append(all, firedRule{rule, known, i == 0, references(rule.Stops), references(rule.Sources)})
	}
	return all
}

// number reads the number of a verdict from the path and fetches it; when it
// cannot, it has answered.
func (d *console) number(w http.ResponseWriter, r *http.Request) (guard.Verdict, bool) {
	n, err := parseNumber(r.PathValue("number"))
	if err != nil {
		d.problem(w, r, http.StatusNotFound, "There is no such verdict.", "Choose one from the list.")
		return guard.Verdict{}, false
	}
	v, err := d.Desk.Ledger.Verdict(r.Context(), n)
	if errors.Is(err, guard.ErrNotFound) {
		d.problem(w, r, http.StatusNotFound, "There is no verdict "+strconv.FormatInt(n, 10)+".", "Choose one from the list.")
		return guard.Verdict{}, false
	}
	if err != nil {
		d.broken(w, r, "the verdict could not be read", err)
		return guard.Verdict{}, false
	}
	return v, true
}

// verdict is the page of one verdict.
func (d *console) verdict(w http.ResponseWriter, r *http.Request) {
	v, ok := d.number(w, r)
	if !ok {
		return
	}
	from := -1
	if s := r.URL.Query().Get("byte"); s != "" {
		var err error
		if from, err = strconv.Atoi(s); err != nil || from < 0 {
			d.problem(w, r, http.StatusBadRequest, "There is no such byte.", "Go back and choose a page of the bytes.")
			return
		}
	}
	n := d.names()
	sender, err := n.person(r.Context(), v.Account)
	if err != nil {
		d.broken(w, r, "the account could not be read", err)
		return
	}
	target, err := n.person(r.Context(), v.Target)
	if err != nil {
		d.broken(w, r, "the account could not be read", err)
		return
	}
	d.render(w, r, http.StatusOK, "verdict", fmt.Sprintf("Verdict %d", v.Number), struct {
		guard.Verdict
		Sender, Meant guard.Person
		Fired         []firedRule
		What          string
		Done          string
		Dump          dump
		Alike         string
	}{
		v, sender, target, firedRules(v.Rules), plain(v), word(actionPlain, v.Action),
		newDump(v.Bytes, v.Size, v.Offset, v.Length, from), alike(v),
	})
}

// plain says what happened in the words of the rule that decided.
func plain(v guard.Verdict) string {
	if len(v.Rules) > 0 {
		if rule, ok := guard.Lookup(v.Rules[0]); ok {
			return rule.Plain
		}
	}
	return "The guard stopped " + word(kindWords, v.Kind) + "."
}

// alike is the list of verdicts like this one: of the same rule and account.
func alike(v guard.Verdict) string {
	q := url.Values{}
	if len(v.Rules) > 0 {
		if _, ok := guard.Lookup(v.Rules[0]); ok {
			q.Set("rule", v.Rules[0])
		}
	}
	if !v.Account.IsZero() {
		q.Set("account", v.Account.String())
	}
	return "/verdicts?" + q.Encode()
}

// download gives the bytes as they were kept, to be saved and never shown.
func (d *console) download(w http.ResponseWriter, r *http.Request) {
	v, ok := d.number(w, r)
	if !ok {
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="verdict-%d.bin"`, v.Number))
	h.Set("Content-Security-Policy", "default-src 'none'; sandbox; frame-ancestors 'none'; webrtc 'block'")
	h.Set("Content-Length", strconv.Itoa(len(v.Bytes)))
	w.Write(v.Bytes)
}
