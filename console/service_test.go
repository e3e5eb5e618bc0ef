package console

import (
	"context"
	crand "crypto/rand"
	"crypto/sha256"
	"errors"
	"log/slog"
	"math/rand/v2"
	"net/http/httptest"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/service"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
)

// newService is the real service on a real store, without a relay.
func newService(t *testing.T, now func() time.Time) (*service.Service, Desk) {
	t.Helper()
	s, err := service.New(service.Config{Data: t.TempDir(), Now: now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, Desk{Ledger: s, People: s.Store(), Blocks: s, Doors: s.Store(), Keys: s.Store(), Rules: s.Guard()}
}

func register(t *testing.T, s *service.Service, id wire.ID, name string) {
	t.Helper()
	code, err := service.AddInvite(t.Context(), s.Store(), "", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte(code))
	_, _, err = s.Store().Register(t.Context(), store.Registration{Account: id, Device: wire.ID{id[0], 1}, Name: name, Invite: &hash,
		Session: [32]byte{id[0]}, Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
}

// desks are the two that follow the contract of desk.go: the one of the tests,
// and the real one. What is added to one is added to the other.
func desks(t *testing.T, now func() time.Time) (m *memory, s *service.Service, both map[string]Desk) {
	t.Helper()
	m = newMemory(now)
	s, real := newService(t, now)
	for n, name := range map[byte]string{1: "mallory", 2: "bob"} {
		m.people[person(n)] = guard.Person{Account: person(n), Name: name, Created: now()}
		register(t, s, person(n), name)
	}
	return m, s, map[string]Desk{"memory": m.desk(), "service": real}
}

func randomVerdict(r *rand.Rand, at time.Time) guard.Verdict {
	v := someVerdict(at, []byte{byte(r.Uint32()), 2, 3, 4, 5, 6, 7, 8})
	v.Severity, v.Action, v.Kind = severities[r.IntN(len(severities))], actions[r.IntN(len(actions))], kinds[r.IntN(len(kinds))]
	v.Rules = [][]string{{"R5"}, {"R1"}, {"R12"}, {"R1", "R12"}, {"R12", "R5"}}[r.IntN(5)]
	v.Account, v.Target, v.Call = person(byte(r.IntN(4))), person(byte(r.IntN(4))), wire.ID{byte(r.IntN(3))}
	v.Range, v.Count = r.IntN(2) == 0, 1+r.IntN(5)
	if r.IntN(4) == 0 {
		v.Account = wire.ID{}
	}
	return v
}

func randomFilter(r *rand.Rand, begin time.Time) (f guard.Filter) {
	set := func(then func()) {
		if r.IntN(4) == 0 {
			then()
		}
	}
	set(func() { f.Rule = []string{"R1", "R5", "R12"}[r.IntN(3)] })
	set(func() { f.Severity = severities[r.IntN(len(severities))] })
	set(func() { f.Action = actions[r.IntN(len(actions))] })
	set(func() { f.Kind = kinds[r.IntN(len(kinds))] })
	set(func() { f.Account = person(byte(r.IntN(4))) })
	set(func() { f.Call = wire.ID{byte(1 + r.IntN(2))} })
	set(func() { f.Origin = origins[r.IntN(2)] })
	set(func() { f.From = begin.Add(time.Duration(r.IntN(200)) * time.Minute) })
	set(func() { f.Until = begin.Add(time.Duration(r.IntN(200)) * time.Minute) })
	return f
}

// The store answers filters, pages and tallies as guard.Filter says.
func TestLedgerOfTheService(t *testing.T) {
	begin := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	m, s, both := desks(t, time.Now)
	r := rand.New(rand.NewPCG(1, 2))
	var all []guard.Verdict
	for i := range 200 {
		v := randomVerdict(r, begin.Add(time.Duration(i)*time.Minute))
		m.add(v)
		all = append(all, v)
	}
	if err := s.Store().AddVerdicts(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	pages := []guard.Page{guard.Newest(7), guard.Newest(500), guard.Older(90, 20), guard.Newer(0, 30), guard.Newer(150, 500), guard.Older(1, 5)}
	for range 300 {
		f := randomFilter(r, begin)
		for _, p := range pages {
			want := numbersOf(t, both["memory"].Ledger, f, p)
			if got := numbersOf(t, both["service"].Ledger, f, p); !reflect.DeepEqual(got, want) {
				t.Fatalf("filter %+v, page %+v: %v, want %v", f, p, got, want)
			}
		}
		want, got := tallies(t, both["memory"].Ledger, f), tallies(t, both["service"].Ledger, f)
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("filter %+v: tally %v, want %v", f, got, want)
		}
	}
	for _, n := range []int64{1, 77, 200} {
		got, err := s.Verdict(t.Context(), n)
		want := all[n-1]
		want.Number = n
		if err != nil || !got.At.Equal(want.At) {
			t.Fatalf("verdict %d: %v %v", n, got, err)
		}
		got.At = want.At
		if !reflect.DeepEqual(got, want) {
			t.Errorf("verdict %d: %+v, want %+v", n, got, want)
		}
	}
	for _, n := range []int64{0, -1, 201} {
		if _, err := s.Verdict(t.Context(), n); !errors.Is(err, guard.ErrNotFound) {
			t.Errorf("verdict %d: %v", n, err)
		}
	}
}

func numbersOf(t *testing.T, l Ledger, f guard.Filter, p guard.Page) []int64 {
	t.Helper()
	found, err := l.Verdicts(t.Context(), f, p)
	if err != nil {
		t.Fatalf("%+v %+v: %v", f, p, err)
	}
	numbers := []int64{}
	for _, v := range found {
		numbers = append(numbers, v.Number)
	}
	return numbers
}

func tallies(t *testing.T, l Ledger, f guard.Filter) map[guard.Tally]bool {
	t.Helper()
	all, err := l.Tally(t.Context(), f)
	if err != nil {
		t.Fatalf("%+v: %v", f, err)
	}
	set := map[guard.Tally]bool{}
	for _, one := range all {
		set[one] = true
	}
	return set
}

// Blocks, people and doors of the service keep the contract of desk.go.
func TestDeskContract(t *testing.T) {
	c := &clock{t: time.Now().Truncate(time.Millisecond)}
	m, s, both := desks(t, c.now)
	links := map[string]func(string) string{
		"memory": m.NewSignIn,
		"service": func(name string) string {
			token, err := s.Store().NewSignIn(t.Context(), name)
			if err != nil {
				t.Fatal(err)
			}
			return token
		},
	}
	for name, d := range both {
		t.Run(name, func(t *testing.T) {
			doorsContract(t, d.Doors, links[name], c)
			blocksContract(t, d, c)
		})
	}
}

func doorsContract(t *testing.T, d Doors, link func(string) string, c *clock) {
	ctx := t.Context()
	token := link("mara")
	session, err := d.Redeem(ctx, token)
	if err != nil || !isToken(token) || !isToken(session) || session == token {
		t.Fatalf("redeem: %v", err)
	}
	if a, err := d.Analyst(ctx, session); err != nil || a.Name != "mara" || !a.Expires.After(c.now()) {
		t.Errorf("analyst: %+v %v", a, err)
	}
	if _, err := d.Redeem(ctx, token); !errors.Is(err, guard.ErrLinkUsed) {
		t.Errorf("a link twice: %v", err)
	}
	if _, err := d.Redeem(ctx, newToken()); !errors.Is(err, guard.ErrNotFound) {
		t.Errorf("an unknown link: %v", err)
	}
	for _, bad := range []string{session[:42], newToken(), token, ""} {
		if _, err := d.Analyst(ctx, bad); !errors.Is(err, guard.ErrNotFound) {
			t.Errorf("a session that is none: %v", err)
		}
	}
	late := link("mara")
	c.pass(10*time.Minute + time.Second)
	if _, err := d.Redeem(ctx, late); !errors.Is(err, guard.ErrLinkExpired) {
		t.Errorf("a late link: %v", err)
	}
	if err := d.End(ctx, session); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Analyst(ctx, session); !errors.Is(err, guard.ErrNotFound) {
		t.Errorf("an ended session: %v", err)
	}
	session, err = d.Redeem(ctx, link("noor"))
	if err != nil {
		t.Fatal(err)
	}
	a, err := d.Analyst(ctx, session)
	if err != nil {
		t.Fatal(err)
	}
	c.pass(a.Expires.Sub(c.now()) + time.Second)
	if _, err := d.Analyst(ctx, session); !errors.Is(err, guard.ErrNotFound) {
		t.Errorf("an expired session: %v", err)
	}
}

func blocksContract(t *testing.T, d Desk, c *clock) {
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := d.People.Find(ctx, "nobody"); !errors.Is(err, guard.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
	if err := d.Blocks.Block(ctx, person(9), "mara", "x"); !errors.Is(err, guard.ErrNotFound) {
		t.Errorf("blocking nobody: %v", err)
	}
	if err := d.Blocks.Lift(ctx, person(1), "mara", "x"); !errors.Is(err, guard.ErrNotFound) {
		t.Errorf("lifting what is not there: %v", err)
	}
	must(d.Blocks.Block(ctx, person(1), "mara", "first"))
	c.pass(time.Second)
	must(d.Blocks.Block(ctx, person(1), "noor", "again"))
	p, err := d.People.Find(ctx, "mallory")
	if err != nil || p.Account != person(1) || !p.Blocked {
		t.Errorf("the blocked account: %+v %v", p, err)
	}
	c.pass(time.Second)
	must(d.Blocks.Lift(ctx, person(1), "noor", "done"))
	must(d.Blocks.Block(ctx, person(2), "mara", "second"))
	all, err := d.Blocks.Blocks(ctx, guard.BlockFilter{}, guard.Newest(10))
	if err != nil || len(all) != 2 || all[0].Account != person(2) || all[1].Reason != "first" || all[1].By != "mara" || all[1].Name != "mallory" ||
		all[1].LiftedBy != "noor" || all[1].LiftReason != "done" || !all[1].Lifted.After(all[1].Since) || !all[0].Lifted.IsZero() {
		t.Fatalf("%+v %v", all, err)
	}
	test := func(f guard.BlockFilter, p guard.Page, want ...int64) {
		t.Helper()
		found, err := d.Blocks.Blocks(ctx, f, p)
		var got []int64
		for _, b := range found {
			got = append(got, b.Number)
		}
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%+v %+v: %v %v, want %v", f, p, got, err, want)
		}
	}
	test(guard.BlockFilter{InForce: true}, guard.Newest(10), all[0].Number)
	test(guard.BlockFilter{Account: person(1)}, guard.Newest(10), all[1].Number)
	test(guard.BlockFilter{}, guard.Older(all[0].Number, 10), all[1].Number)
	test(guard.BlockFilter{}, guard.Newest(1), all[0].Number)
}

// The whole way, on the real service: the guard refuses something, the browser
// shows it live, and what an analyst blocks is blocked.
func TestServiceInBrowser(t *testing.T) {
	c := newChromium(t)
	s, desk := newService(t, time.Now)
	register(t, s, person(1), "mallory")
	server := httptest.NewServer(New(Config{Desk: desk, Log: slog.New(slog.DiscardHandler)}))
	t.Cleanup(func() { shut(server) })
	c.url = "http://console.localhost" + server.URL[strings.LastIndex(server.URL, ":"):]
	token, err := s.Store().NewSignIn(t.Context(), "mara")
	if err != nil {
		t.Fatal(err)
	}
	c.do(chromedp.EmulateViewport(1280, 900))
	c.open("/sign-in#" + token)
	c.until("signed in", `location.pathname == "/" && document.querySelector("[data-live]").dataset.state == "live"`)
	offer := append([]byte{0x40, 1}, make([]byte, 90)...)
	crand.Read(offer[2:])
	offer = append(offer, "call-settings: server=203.0.113.66; relay=198.51.100.7"...)
	v := s.Guard().Judge(&guard.Event{Kind: guard.Message, At: time.Now(), Account: person(1), Bytes: offer, Build: 1, Addr: netip.MustParseAddrPort("203.0.113.9:4711"),
		Refusal: &wire.Refusal{Rule: "R5", Offset: 92, Length: 54, Clause: "docs/protocol.md, Device socket", Reason: "not the length of its type"}})
	if v.Passed() {
		t.Fatal("the guard let it pass")
	}
	c.until("the verdict arrives", `document.querySelector("[data-live-rows] tr[data-number='1']")?.innerText.includes("not the length")`)
	c.open("/verdicts/1")
	c.until("its bytes are marked", `document.querySelectorAll(".dump tr.marked").length == 5`)
	c.shoot("service", "light", false, 1100)
	c.open("/accounts/" + person(1).String())
	c.do(chromedp.SendKeys(chromedp.CSS("#reason"), "oversize offers"), chromedp.Click(chromedp.CSS("button.danger")))
	c.until("blocked", `document.querySelector("form[action$='/lift']")`)
	if a, err := s.Store().Account(context.Background(), person(1)); err != nil || !a.Blocked {
		t.Errorf("the account is not blocked: %+v %v", a, err)
	}
	c.do(chromedp.SendKeys(chromedp.CSS("#reason"), "our own tester"), chromedp.Click(chromedp.CSS("form[action$='/lift'] button")))
	c.until("lifted", `document.querySelector("form[action$='/block']")`)
}
