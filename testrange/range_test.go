package testrange

import (
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/hunt/live"
	huntrecord "github.com/ringfence/ringfence/hunt/record"
	"github.com/ringfence/ringfence/relay"
	"github.com/ringfence/ringfence/service"
	"github.com/ringfence/ringfence/store"
)

// house is a server of the test's own: the real service with the real relay.
type house struct {
	*service.Service
	url  string
	data string
	now  func() time.Time
}

// build starts a server. With patience, the limits that only slow the range
// down are wide; those that cases try are as always.
func build(t testing.TB, random io.Reader, now func() time.Time) *house {
	t.Helper()
	h := &house{data: t.TempDir(), now: time.Now}
	if now != nil {
		h.now = now
	}
	var media *relay.Relay
	external := "" // what a seeded server tells is the same each time
	if random != nil {
		external = "relay.example:3478"
	}
	s, err := service.New(service.Config{
		Data: h.data, Version: "test", Log: slog.New(slog.DiscardHandler), Random: random, Now: now, Watch: &watching{},
		Relay: func(set *guard.Set) (service.Relay, error) {
			r, err := relay.Listen(relay.Config{Addr: "127.0.0.1:0", External: external, Guard: set, Log: slog.New(slog.DiscardHandler)})
			media = r
			return r, err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Service = s
	media.OnSilent(s.Silent)
	c := s.Guard().Config()
	c.Limits.TriesPerMinute, c.Limits.OffersPerPairMinute, c.Limits.OffersPerMinute, c.Limits.OffersToCalleeMinute = 1_000_000, 20, 20, 20
	c.Limits.KnocksPerInviteDay, c.Limits.RequestsPerMinute = 1_000_000, 1_000_000
	if err := s.Guard().Configure(c); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s)
	h.url = server.URL
	t.Cleanup(func() {
		s.Close()
		media.Stop()
		server.CloseClientConnections()
		server.Close()
	})
	return h
}

// watching is the hunt as serve has it for runs of the range.
type watching struct{ trials live.Trials }

func (w *watching) Saw(r store.Record) { w.trials.Saw(r.Run, huntrecord.Of(r)) }

func (w *watching) Held(r store.Record) (campaign string, held bool) {
	return w.trials.Held(r.Run, huntrecord.Of(r))
}

func (h *house) stage(t testing.TB) *Stage {
	t.Helper()
	key, err := service.ReadAdminKey(h.data)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), h.url, key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("the range left something behind: %v", err)
		}
	})
	return s
}

func TestEveryCaseIsRefused(t *testing.T) {
	h := build(t, nil, nil)
	s := h.stage(t)
	for _, c := range Cases() {
		before := h.events(t, c.Rules)
		r := s.RunCase(t.Context(), c)
		t.Logf("%-34s %-8s %s", r.ID, r.Outcome, r.Seen)
		if r.Outcome != Refused {
			t.Errorf("%s: %s: %s", r.ID, r.Outcome, r.Seen)
		}
		// What a device refuses is in no ledger of the server's, and R21 holds
		// by construction. Everything else is recorded under its rule.
		if strings.HasPrefix(c.ID, "parameters.") || c.ID == "people.exist" {
			continue
		}
		if !h.recorded(t, before, c.Rules) {
			t.Errorf("%s was refused, and no verdict says so by %v", c.ID, c.Rules)
		}
	}
}

// events is how many events the ledger has that were decided by one of the
// rules: alike ones are one line with a count.
func (h *house) events(t *testing.T, rules []string) (n int) {
	t.Helper()
	h.Guard().Flush()
	all, err := h.Tally(t.Context(), guard.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		if slices.Contains(rules, l.Rule) {
			n += l.Events
		}
	}
	return n
}

// recorded waits until the ledger has more events of the rules than before.
func (h *house) recorded(t *testing.T, before int, rules []string) bool {
	t.Helper()
	for end := time.Now().Add(long); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if h.events(t, rules) > before {
			return true
		}
	}
	return false
}

// Every rule of the guard has a case, and every rule that can be switched off is
// the only barrier of one.
func TestEveryRuleHasACase(t *testing.T) {
	answered, alone := map[string]bool{}, map[string]bool{}
	for _, c := range Cases() {
		for _, r := range c.Rules {
			answered[r] = true
		}
		if len(c.Barriers) == 1 {
			alone[c.Barriers[0]] = true
		}
		if !slices.ContainsFunc(c.Barriers, func(b string) bool { return slices.Contains(c.Rules, b) }) {
			t.Errorf("%s: none of its barriers %v is a rule that answers it", c.ID, c.Barriers)
		}
	}
	for _, r := range guard.Catalogue() {
		if !answered[r.ID] && !untried[r.ID] {
			t.Errorf("%s has no case", r.ID)
		}
		if r.Switchable && !alone[r.ID] {
			t.Errorf("%s can be switched off and is the only barrier of no case", r.ID)
		}
	}
}

// untried are rules that no case tries: what a browser decodes is not sent by the
// range, and the others are those of the guard in front of somebody else's service, or
// hold in our relay because it has no socket to learn from.
var untried = map[string]bool{"R8": true, "R9": true, "R10": true, "R18": true, "R19": true, "R24": true}

func TestAnotherServerIsNotAttacked(t *testing.T) {
	mine, other := build(t, nil, nil), build(t, nil, nil)
	key, err := service.ReadAdminKey(mine.data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), other.url, key); err == nil {
		t.Error("a server with another key was taken for one's own")
	}
	for _, url := range []string{"http://192.0.2.1:80", "ftp://x", "", "http://"} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		if _, err := Open(ctx, url, key); err == nil {
			t.Errorf("%q was attacked", url)
		}
		cancel()
	}
}

func TestRelayAddress(t *testing.T) {
	for uris, want := range map[string]string{
		"turn:127.0.0.1:3478?transport=udp turn:127.0.0.1:3478?transport=tcp": "127.0.0.1:3478", "turns:r.example:443?transport=tcp turn:[::1]:9?transport=udp": "[::1]:9",
		"turn:r.example?transport=udp": "", "": "",
	} {
		if got, _ := relayHost(strings.Fields(uris)); got != want {
			t.Errorf("%s: %q, want %q", uris, got, want)
		}
	}
}

// addInvite makes an invite as the operator does.
func (h *house) addInvite(t testing.TB) string {
	t.Helper()
	code, err := service.AddInvite(t.Context(), h.Store(), "", h.now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// On a machine on which everything comes late, as much is refused: a case must
// not take what is late for something that got through, or for nothing.
func TestLateIsNotThrough(t *testing.T) {
	s := build(t, nil, nil).stage(t)
	s.late = quiet + 50*time.Millisecond
	for _, id := range []string{"call.interference", "offer.replayed", "state.join-early"} {
		c, ok := Lookup(id)
		if !ok {
			t.Fatalf("no case %s", id)
		}
		if r := s.RunCase(t.Context(), c); r.Outcome != Refused {
			t.Errorf("%s: %s, %s", id, r.Outcome, r.Seen)
		}
	}
}
