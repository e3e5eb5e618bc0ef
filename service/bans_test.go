package service

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// bannedPrint bans the print that the phones of these tests have, for two persons.
func (w *world) bannedPrint() guard.Ban {
	w.t.Helper()
	of := w.register("first").connect()
	prints, err := w.s.Store().PrintsOf(context.Background(), of.account, guard.BanPrint)
	if err != nil || len(prints) != 1 {
		w.t.Fatalf("prints of a client: %q, %v", prints, err)
	}
	b, err := w.s.AddBan(context.Background(), guard.Ban{
		Kind: guard.BanPrint, Value: prints[0], Reason: "a client that rings strangers", By: []string{"mara", "noor"}, Until: time.Now().Add(guard.BroadBan),
	}, false)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) flags() []guard.Evasion {
	w.t.Helper()
	all, err := w.s.Evasions(context.Background(), guard.EvasionFilter{Open: true}, guard.Page{Limit: 10})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

// rings tells whether an offer rings; whether it was held back shows otherwise.
func rings(from, to *phone) bool {
	from.t().Helper()
	from.write(from.offer(to.account, wire.Sound))
	for {
		b := from.next()
		switch {
		case b == nil:
			from.t().Fatal("no answer to an offer")
		case b[0] == call.TypeRefused:
			return false
		case b[0] == call.TypeRinging:
			m, err := call.Parse(b)
			if err != nil {
				from.t().Fatal(err)
			}
			from.write(step(call.TypeCancel, m.Call))
			from.await(call.TypeEnded)
			return true
		}
	}
}

func (p *phone) t() *testing.T { return p.w.t }

// A new account with a banned print is flagged, and its calls are held back from
// who does not know it; knocking, being called, and who was there before are as ever.
func TestEvasionIsFlagged(t *testing.T) {
	w := newWorld(t)
	old, bob := w.register("old").connect(), w.register("bob").connect()
	w.befriend(old, bob)
	ban := w.bannedPrint()
	fresh := w.register("fresh").connect()
	flags := w.flags()
	if len(flags) != 1 || flags[0].Account != fresh.account || !flags[0].Holding || flags[0].Ban != ban.ID || flags[0].Shared != 3 {
		t.Fatalf("flags: %+v", flags)
	}
	w.befriend(fresh, bob) // it can knock, and be accepted
	if rings(fresh, bob) {
		t.Error("the call of a flagged account rings at who has just accepted it")
	}
	for {
		if b := bob.await(call.TypeNotice); bytes.Contains(b, []byte(`"new_account"`)) {
			break
		}
	}
	if !w.refusedBy("R26") {
		t.Error("no verdict of R26")
	}
	if !rings(old, bob) {
		t.Error("the call of an account that was there before does not ring")
	}
	status, out := w.do("GET", "/v1/standing", fresh.token, nil)
	if status != 200 || out["held"] != true || out["ban"] != ban.ID || out["appealed"] != false {
		t.Errorf("the person is told %d %v", status, out)
	}
	if _, out := w.do("GET", "/v1/standing", old.token, nil); out["held"] != false {
		t.Errorf("who was there before is told %v", out)
	}
	for _, want := range []int{204, 404} {
		if status, _ := w.do("POST", "/v1/standing", fresh.token, map[string]string{"text": "I bought this phone yesterday."}); status != want {
			t.Errorf("an objection: %d, want %d", status, want)
		}
	}
	if status, _ := w.do("POST", "/v1/standing", fresh.token, map[string]string{"text": strings.Repeat("x", guard.MaxAppeal+1)}); status != 422 {
		t.Errorf("an objection that is too long: %d", status)
	}
	// Bob calls back: from then on it rings.
	if !rings(bob, fresh) {
		t.Error("a flagged account cannot be called")
	}
	if !rings(fresh, bob) {
		t.Error("who has called a flagged account is not rung by it")
	}
}

// Let go, an account is as any other; banned, it is out, and no other is.
func TestEvasionIsDecided(t *testing.T) {
	w := newWorld(t)
	bob := w.register("bob").connect()
	w.bannedPrint()
	one, two := w.register("one").connect(), w.register("two").connect()
	w.befriend(one, bob)
	w.befriend(two, bob)
	if rings(one, bob) || rings(two, bob) {
		t.Fatal("flagged accounts ring")
	}
	ctx := t.Context()
	for i, d := range []guard.EvasionDecision{guard.EvasionLetGo, guard.EvasionBanned} {
		if err := w.s.DecideEvasion(ctx, int64(i+1), d, "mara", "looked at it"); err != nil {
			t.Fatal(err)
		}
	}
	if !rings(one, bob) {
		t.Error("an account that was let go does not ring")
	}
	for two.next() != nil {
	}
	if status, _ := w.do("GET", "/v1/account", two.token, nil); status != 401 {
		t.Errorf("an account that was banned is let in: %d", status)
	}
	again := one.connect()
	if len(w.flags()) != 0 || !rings(again, bob) {
		t.Error("who was let go is flagged again")
	}
}

// signIn signs in with the device's key.
func (p *phone) signIn(appeal string) (int, map[string]any) {
	p.w.t.Helper()
	_, out := p.w.do("POST", "/v1/session/challenge", "", map[string]any{"account": p.account})
	nonce, _ := b64.DecodeString(out["nonce"].(string))
	signed := append([]byte("ringfence session v1\x00"), p.w.s.ServerID()...)
	signed = append(append(signed, p.account[:]...), nonce...)
	in := map[string]any{"account": p.account, "nonce": out["nonce"], "signature": b64.EncodeToString(ed25519.Sign(p.key, signed))}
	if appeal != "" {
		in["appeal"] = appeal
	}
	return p.w.do("POST", "/v1/session", "", in)
}

// A banned person learns so, by whose decision and how to object, and objects
// once; nobody else learns that the account is banned.
func TestBannedPersonObjects(t *testing.T) {
	w := newWorld(t)
	eve := w.register("eve").connect()
	b, err := w.s.AddBan(t.Context(), guard.Ban{Kind: guard.BanAccount, Value: eve.account.String(), Reason: "a secret of the case", By: []string{"mara"}, Until: time.Now().Add(guard.BanDefault)}, false)
	if err != nil {
		t.Fatal(err)
	}
	for eve.next() != nil {
	}
	code := func(out map[string]any) string {
		e, _ := out["error"].(map[string]any)
		text, _ := e["code"].(string)
		message, _ := e["message"].(string)
		if strings.Contains(message, "secret") || text == "banned" && !strings.Contains(message, b.ID) {
			t.Errorf("the person is told %v", e)
		}
		return text
	}
	other := *eve
	other.key = newKey()
	if status, out := other.signIn("let me in"); status != 401 || code(out) != "unauthorized" {
		t.Errorf("somebody else: %d %v", status, out)
	}
	for _, c := range []struct{ appeal, want string }{
		{"", "banned"}, {strings.Repeat("x", guard.MaxAppeal+1), "appeal"}, {"I rang my cousins.", "banned_appealed"}, {"again", "banned_appealed"}, {"", "banned_appealed"},
	} {
		if status, out := eve.signIn(c.appeal); code(out) != c.want || status != 403 && status != 422 {
			t.Errorf("with the objection %.10q: %d %v", c.appeal, status, out)
		}
	}
	now, _, err := w.s.Ban(t.Context(), b.ID)
	if err != nil || now.Appeal.Text != "I rang my cousins." || now.Appeal.State != guard.AppealAsked {
		t.Errorf("the appeal: %+v, %v", now.Appeal, err)
	}
	for _, v := range w.verdicts() {
		if bytes.Contains(v.Bytes, []byte("cousins")) {
			t.Error("the objection stands in a verdict")
		}
	}
	if _, err := w.s.DoBan(t.Context(), b.ID, guard.BanGrant, "noor", "they were"); err != nil {
		t.Fatal(err)
	}
	if status, out := eve.signIn(""); status != 200 {
		t.Errorf("when the appeal was granted: %d %v", status, out)
	}
}

// What another process adds to the store takes effect while the service runs, and
// so does the end of a ban.
func TestBanOfAnotherProcess(t *testing.T) {
	w := newWorld(t)
	eve := w.register("eve").connect()
	other, err := store.Open(w.folder, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	_, err = other.AddBan(t.Context(), guard.Ban{Kind: guard.BanAccount, Value: eve.account.String(), Reason: "x", By: []string{"mara"}, Until: time.Now().Add(3 * time.Second)}, false)
	if err != nil {
		t.Fatal(err)
	}
	for eve.next() != nil { // it is closed
	}
	if status, _ := eve.signIn(""); status != 403 {
		t.Errorf("a banned account signs in: %d", status)
	}
	for range 200 {
		if a, err := w.s.Store().Account(t.Context(), eve.account); err == nil && !a.Blocked {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if status, out := eve.signIn(""); status != 200 {
		t.Errorf("a ban that has expired shuts out: %d %v", status, out)
	}
}

// Two nodes of a cluster: what is banned on one is banned on the other, also when
// that one joins later.
func TestBansOnEveryNode(t *testing.T) {
	n, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	n.Start()
	t.Cleanup(n.Shutdown)
	if !n.ReadyForConnections(10 * time.Second) {
		t.Fatal("the cluster does not start")
	}
	a := newClusterWorld(t, n.ClientURL())
	b := newClusterWorld(t, n.ClientURL())
	knows := func(w *world, state string) {
		t.Helper()
		for range 200 {
			all, err := w.s.Bans(t.Context())
			if err == nil && len(all) == 1 && all[0].State(time.Now()) == state && all[0].Kind == guard.BanPrint {
				return
			}
			time.Sleep(50 * time.Millisecond)
		}
		t.Fatalf("a node does not know of the ban that is %s", state)
	}
	ban := a.bannedPrint()
	knows(b, "in force")
	fresh := b.register("fresh").connect()
	for range 100 { // the other node reads it a moment after it has it
		if len(b.flags()) == 1 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if f := b.flags(); len(f) != 1 || f[0].Account != fresh.account || f[0].Ban != ban.ID {
		t.Errorf("flags on the other node: %+v", f)
	}
	late := newClusterWorld(t, n.ClientURL())
	knows(late, "in force")
	if _, err := late.s.DoBan(t.Context(), ban.ID, guard.BanLift, "noor", "too broad"); err != nil {
		t.Fatal(err)
	}
	knows(a, "lifted")
	knows(b, "lifted")
}

func newClusterWorld(t *testing.T, cluster string) *world {
	w := &world{t: t, folder: t.TempDir(), cluster: cluster}
	w.start()
	t.Cleanup(w.stop)
	return w
}

// A new account accepts the terms that are shown; who was there before is asked,
// and locked out of nothing.
func TestTermsOfService(t *testing.T) {
	w := newWorld(t)
	if _, out := w.do("GET", "/v1/terms", "", nil); out["version"] != "" {
		t.Errorf("terms where there are none: %v", out)
	}
	old := w.register("old")
	w.stop()
	w.terms = "Version 2026-11\n\nDo not attack anybody."
	w.start()
	if _, err := w.s.AddBan(t.Context(), guard.Ban{Kind: guard.BanTerms, Value: "Vendor <X>", Terms: "2026-11", Reason: "found by a court", By: []string{"mara"}}, false); err != nil {
		t.Fatal(err)
	}
	_, shown := w.do("GET", "/v1/terms", "", nil)
	if text := shown["text"].(string); shown["version"] != "2026-11" || !strings.Contains(text, "Vendor <X>") || strings.Contains(text, "court") {
		t.Errorf("the terms: %v", shown)
	}
	in := registration(newKey(), w.invite(""), "fresh")
	for _, wrong := range []string{"", strings.Repeat("0", 64)} {
		if in["terms"] = wrong; wrong == "" {
			delete(in, "terms")
		}
		if status, out := w.do("POST", "/v1/register", "", in); status != 403 || out["error"].(map[string]any)["code"] != "terms" {
			t.Errorf("without accepting: %d %v", status, out)
		}
	}
	in["terms"] = shown["sha256"]
	status, out := w.do("POST", "/v1/register", "", in)
	if status != 200 {
		t.Fatalf("with the terms accepted: %d %v", status, out)
	}
	var fresh phone
	fresh.take(out)
	if of, err := w.s.TermsOf(t.Context(), fresh.account); err != nil || len(of) != 1 || of[0].Version != "2026-11" {
		t.Errorf("what is kept: %+v, %v", of, err)
	}
	for _, accepted := range []bool{false, true} {
		if status, out := w.do("GET", "/v1/standing", old.token, nil); status != 200 || out["accepted"] != accepted || out["terms"] != "2026-11" {
			t.Errorf("who was there before is told %d %v", status, out)
		}
		if status, _ := w.do("GET", "/v1/contacts", old.token, nil); status != 200 {
			t.Errorf("who was there before is locked out: %d", status)
		}
		if status, _ := w.do("POST", "/v1/terms", old.token, map[string]any{"sha256": shown["sha256"]}); status != 204 {
			t.Errorf("accepting later: %d", status)
		}
	}
}

func TestTermsVersion(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11\nx": "2026-11", "Version 2.0\n": "2.0", "version v3": "v3", "Terms of service\nof this server": "8a5a1e1a6ed0", "": "", "\x00": "", "\xff": "", strings.Repeat("x", MaxTerms+1): "",
	} {
		got, err := TermsVersion(text)
		if (err == nil) != (want != "") || len(want) != 12 && got != want || len(got) != len(want) {
			t.Errorf("%.20q: %q, %v; want %q", text, got, err, want)
		}
	}
}

func FuzzTermsVersion(f *testing.F) {
	f.Add("Version 2026-11\nx")
	f.Fuzz(func(t *testing.T, text string) {
		if v, err := TermsVersion(text); err == nil && (v == "" || len(v) > 32) {
			t.Errorf("%q has version %q", text, v)
		}
	})
}
