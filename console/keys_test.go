package console

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

// Whose one-time keys ran out stands on the first page, on a page of its own
// and on the account's, with since when, how often and the limit.
func TestKeysPage(t *testing.T) {
	w := signedInWindow(t)
	w.people2()
	if _, body := w.get("/keys"); !strings.Contains(body, "Nobody's one-time keys have run out") {
		t.Error("an empty page does not say so")
	}
	w.mu.Lock()
	w.config.Limits.KeysPerContactDay = 7
	since := w.now().Add(-time.Hour)
	w.dry = []guard.DrySpell{
		{Number: 1, Account: person(1), Since: since, Last: since.Add(time.Minute), Given: 1234},
		{Number: 2, Account: person(2), Since: since, Last: since, Given: 1, Refilled: since.Add(time.Minute)},
	}
	p := w.people[person(1)]
	p.Name = "<b>\u202ex"
	w.people[person(1)] = p
	w.mu.Unlock()
	for path, wants := range map[string][]string{
		"/":                               {"Out of one-time keys", "fallback key given 1\u202f234 times", `\u{202e}`},
		"/keys":                           {"<strong>7</strong>", "keys_per_contact_day", "1\u202f234", "no keys left", "has keys again", "2026-11-22 17:00:00", `\u{202e}`},
		"/accounts/" + person(1).String(): {"ran out", "no keys left", "given 1\u202f234 times"},
		"/accounts/" + person(2).String(): {"ran out", "there are keys again", "given once"},
	} {
		code, body := w.get(path)
		for _, want := range wants {
			if code != 200 || !strings.Contains(body, want) {
				t.Errorf("%s: %d, without %q", path, code, want)
			}
		}
		if strings.Contains(body, "\u202e") || strings.Contains(body, "<b>") {
			t.Errorf("%s: a name is more than text", path)
		}
	}
	if _, body := w.get("/"); strings.Contains(body, ">bob</bdi></a> <span class=\"quiet\">since") {
		t.Error("who has keys again is among those who have none")
	}
	if _, body := w.get("/accounts/" + person(3).String()); strings.Contains(body, "ran out") {
		t.Error("an account that never ran out is said to have")
	}
	if code, _ := w.get("/keys?before=x"); code != 400 {
		t.Errorf("a page that is none: %d", code)
	}
	w.mu.Lock()
	for n := range int64(dryRows) {
		w.dry = append(w.dry, guard.DrySpell{Number: 3 + n, Account: person(2), Since: since, Last: since, Given: 1})
	}
	w.mu.Unlock()
	if _, body := w.get("/keys"); !strings.Contains(body, `href="/keys?before=3"`) || strings.Count(body, "Without keys since") != dryRows {
		t.Error("a long list has no second page")
	}
	if _, body := w.get("/keys?before=3"); strings.Count(body, "Without keys since") != 2 {
		t.Error("the second page is not the rest")
	}
}

// The store and the tests' memory answer the same.
func TestKeysContract(t *testing.T) {
	c := &clock{t: time.Now().Truncate(time.Millisecond).UTC()}
	m, s, both := desks(t, c.now)
	ask := func(n byte) {
		t.Helper()
		if _, ok, err := s.Store().TakeOneTimeKey(t.Context(), wire.ID{person(n)[0], 1}); ok || err != nil {
			t.Fatal(ok, err)
		}
	}
	began := c.now()
	ask(1)
	c.pass(time.Minute)
	ask(2)
	c.pass(time.Minute)
	ask(1)
	m.dry = []guard.DrySpell{{Number: 1, Account: person(1), Since: began, Last: c.now(), Given: 2},
		{Number: 2, Account: person(2), Since: began.Add(time.Minute), Last: began.Add(time.Minute), Given: 1, Refilled: c.now()}}
	if _, err := s.Store().AddOneTimeKeys(t.Context(), wire.ID{person(2)[0], 1}, [][32]byte{{1}}, 100); err != nil {
		t.Fatal(err)
	}
	for _, f := range []guard.DryFilter{{}, {Now: true}, {Account: person(1)}, {Account: person(2), Now: true}, {Account: person(3)}} {
		for _, p := range []guard.Page{guard.Newest(10), guard.Newest(1), guard.Older(2, 10)} {
			want, err := both["memory"].Keys.Dry(t.Context(), f, p)
			if err != nil {
				t.Fatal(err)
			}
			got, err := both["service"].Keys.Dry(t.Context(), f, p)
			if err != nil || len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Errorf("%+v %+v: %+v (%v), want %+v", f, p, got, err, want)
			}
		}
	}
}
