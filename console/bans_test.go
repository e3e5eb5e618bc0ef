package console

import (
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
)

// bansOf is a store of one's own.
func bansOf(t *testing.T, now func() time.Time) *store.Store {
	t.Helper()
	s, err := store.Open(t.TempDir(), now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// account makes an account in the store of the bans and among the people.
func (m *memory) account(t *testing.T, n byte, name string) wire.ID {
	t.Helper()
	id := person(n)
	_, _, err := m.bans.Register(t.Context(), store.Registration{Account: id, Device: wire.ID{n, 1}, Name: name, Session: [32]byte{n}, Expires: m.now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.people[id] = guard.Person{Account: id, Name: name, Created: m.now()}
	return id
}

// evilReason would do something if a page took it for more than text.
const evilReason = `rang strangers <img src=x onerror=hit=1>`

// banned fills a memory with bans and flags of every kind.
func (m *memory) banned(t *testing.T) (flag int64) {
	t.Helper()
	m.account(t, 11, "eve")
	fresh := m.account(t, 12, "fresh")
	until := m.now().Add(30 * 24 * time.Hour)
	for _, b := range []guard.Ban{
		{Kind: guard.BanAccount, Value: person(11).String(), Reason: evilReason, Case: "K-2026-0001", Evidence: []string{"E-0001", "E-0002"}, By: []string{"mara"}, Until: until},
		{Kind: guard.BanPrint, Value: "c1-abcdefgh", Reason: evilReason, By: []string{"mara", "noor"}, Until: until},
		{Kind: guard.BanNetwork, Value: "203.0.113.0/24", Reason: evilReason, By: []string{"noor"}, Until: until},
		{Kind: guard.BanTerms, Value: "Vendor <X>", Terms: "2026-11", Reason: evilReason, By: []string{"mara"}},
	} {
		if _, err := m.bans.AddBan(t.Context(), b, true); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := m.bans.DoBan(t.Context(), "B-2026-0001", guard.BanAppeal, "", "They were my <b>cousins</b>."); err != nil {
		t.Fatal(err)
	}
	if _, err := m.bans.AddEvasion(t.Context(), guard.Evasion{Ban: "B-2026-0002", Account: fresh, Kind: guard.BanPrint, Value: "c1-abcdefgh", Shared: 3}); err != nil {
		t.Fatal(err)
	}
	if err := m.bans.AppealEvasion(t.Context(), fresh, "I <i>bought</i> this phone"); err != nil {
		t.Fatal(err)
	}
	all, err := m.bans.Evasions(t.Context(), guard.EvasionFilter{}, guard.Newest(1))
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	return all[0].Number
}

// shows fetches a page that must answer and say all of this, and run nothing.
func (w *window) shows(path string, want ...string) {
	w.t.Helper()
	code, body := w.get(path)
	for _, s := range want {
		if code != 200 || !strings.Contains(body, s) {
			w.t.Errorf("%s: %d, without %q", path, code, s)
		}
	}
	for _, evil := range []string{"<img", "<b>", "<i>", "<X>"} {
		if strings.Contains(body, evil) {
			w.t.Errorf("%s holds %s of somebody else", path, evil)
		}
	}
}

func TestBansAreShown(t *testing.T) {
	w := signedInWindow(t)
	w.shows("/bans", "There are none")
	w.shows("/flags", "There are none")
	flag := w.banned(t)
	w.shows("/bans", "B-2026-0001", "eve", "in force", "waiting", "1 new account looks", "objects")
	w.shows("/bans/B-2026-0001", "cousins", "K-2026-0001", "E-0002", "The ban stays")
	w.shows("/bans/B-2026-0002", "c1-abcdefgh", "fresh", "mara</bdi> and")
	w.shows("/bans/B-2026-0003", "Agree, as the second person", "nobody knows how many")
	w.shows("/bans/B-2026-0004", "Vendor", "2026-11", "without end")
	w.shows("/flags", "fresh", "c1-abcdefgh", "held back", "objects")
	w.shows("/flags/1", "bought", "Let it go", "B-2026-0002")
	for _, path := range []string{"/bans/B-2026-0009", "/bans/nonsense", "/flags/99", "/flags/x"} {
		if code, _ := w.get(path); code != 404 {
			t.Errorf("%s: %d", path, code)
		}
	}
	if err := w.bans.Sight(t.Context(), guard.BanPrint, "c1-abcdefgh", person(12)); err != nil {
		t.Fatal(err)
	}
	w.shows("/accounts/"+person(12).String(), "c1-abcdefgh", "of 0 ordinary accounts", "/bans?kind=print&amp;value=c1-abcdefgh#add")
	w.shows("/bans?kind=print&value=c1-abcdefgh", `value="c1-abcdefgh"`, `value="print" selected`)
	if flag != 1 {
		t.Errorf("the flag has the number %d", flag)
	}
}

// A ban is added and lifted with a reason, and what is wrong is said beside the form.
func TestBansAreAdded(t *testing.T) {
	w := signedInWindow(t)
	w.account(t, 11, "eve")
	w.account(t, 12, "bob")
	for _, c := range []struct {
		want   int
		fields []string
	}{
		{422, []string{"kind", "account", "value", "eve"}},
		{422, []string{"kind", "account", "value", "nobody", "reason", "x"}},
		{422, []string{"kind", "person", "value", "eve", "reason", "x"}},
		{422, []string{"kind", "account", "value", "eve", "reason", "x", "days", "many"}},
		{422, []string{"kind", "account", "value", "eve", "reason", "x", "case", "1"}},
		{422, []string{"kind", "account", "value", "eve", "reason", strings.Repeat("x", maxReason+1)}},
		{409, []string{"kind", "network", "value", "203.0.113.0/24", "reason", "x"}},
		{303, []string{"kind", "network", "value", "203.0.113.0/24", "reason", "x", "although", "yes"}},
		{303, []string{"kind", "account", "value", "eve", "reason", "x", "days", "90", "case", "K-2026-0001", "evidence", "E-0001, E-0002"}},
		{303, []string{"kind", "terms", "value", "Vendor", "terms", "2026-11", "reason", "x"}},
	} {
		if code, body := w.post("/bans", c.fields...); code != c.want || code == 422 && !strings.Contains(body, `role="alert"`) {
			t.Errorf("%q: %d, want %d", c.fields, code, c.want)
		}
	}
	all, err := w.bans.Bans(t.Context())
	if err != nil || len(all) != 3 || all[0].State(w.now()) != "waiting" || all[1].Name != "eve" || len(all[1].Evidence) != 2 || all[1].Until.Sub(all[1].Since) != 90*24*time.Hour {
		t.Fatalf("%+v, %v", all, err)
	}
	for _, c := range []struct {
		path, reason string
		want         int
	}{
		{"/bans/B-2026-0001/second", "", 409}, // by who added it
		{"/bans/B-2026-0002/lift", " ", 422},
		{"/bans/B-2026-0002/uphold", "x", 409},
		{"/bans/B-2026-0002/erase", "x", 404},
		{"/bans/B-2026-0099/lift", "x", 404},
		{"/bans/B-2026-0002/lift", "it was another", 303},
		{"/bans/B-2026-0002/lift", "it was another", 409},
	} {
		if code, _ := w.post(c.path, "reason", c.reason); code != c.want {
			t.Errorf("%s, %q: %d, want %d", c.path, c.reason, code, c.want)
		}
	}
	if a, err := w.bans.Account(t.Context(), person(11)); err != nil || a.Blocked {
		t.Errorf("the account whose ban was lifted: %+v, %v", a, err)
	}
	// Another analyst agrees.
	if code, _ := w.post("/sign-in", "token", w.NewSignIn("noor")); code != 303 {
		t.Fatal("sign-in")
	}
	if code, _ := w.post("/bans/B-2026-0001/second"); code != 303 {
		t.Errorf("the second person: %d", code)
	}
	if b, _, err := w.bans.Ban(t.Context(), "B-2026-0001"); err != nil || !b.InForce(w.now()) {
		t.Errorf("%+v, %v", b, err)
	}
}

// Flags and appeals are decided once, with a reason.
func TestFlagsAreDecided(t *testing.T) {
	w := signedInWindow(t)
	w.banned(t)
	for _, c := range []struct {
		decision, reason string
		want             int
	}{{"ban", "", 422}, {"all", "x", 422}, {"ban", "the same voice", 303}, {"let-go", "late", 409}} {
		if code, _ := w.post("/flags/1/decide", "decision", c.decision, "reason", c.reason); code != c.want {
			t.Errorf("%+v: %d", c, code)
		}
	}
	a, err := w.bans.Account(t.Context(), person(12))
	if err != nil || !a.Blocked {
		t.Errorf("the flagged account: %+v, %v", a, err)
	}
	w.shows("/flags/1", "Decided: banned", "the same voice", "mara")
	if code, _ := w.post("/bans/B-2026-0001/grant", "reason", "they were"); code != 303 {
		t.Errorf("granting an appeal: %d", code)
	}
	w.shows("/bans/B-2026-0001", "It is over", "they were")
	w.shows("/bans?all=1", "lifted")
}
