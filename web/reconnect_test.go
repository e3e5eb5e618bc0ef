package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/browser"
	"github.com/ringfence/ringfence/internal/delay"
	"github.com/ringfence/ringfence/internal/loopback"
)

// cable is a link to a target that can be cut.
func cable(t *testing.T, target string) *delay.Link {
	t.Helper()
	l, err := delay.Listen(strings.Replace(target, "localhost", "127.0.0.1", 1), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// inviteBy makes an invite for somebody who reaches the server by a link.
func (s *server) inviteBy(l *delay.Link) string {
	s.t.Helper()
	return strings.Replace(s.invite(""), s.host, "localhost"+strings.TrimPrefix(l.Addr(), "127.0.0.1"), 1)
}

// heedWaiting remembers what the screen of the call says it waits for.
const heedWaiting = `(() => { window.waited = []; const d = document.querySelector("dialog.call");
new MutationObserver(() => waited.push(d.querySelector(".call-line").textContent.replace(/[\u2068\u2069]/g, ""))).observe(d, { attributes: true, attributeFilter: ["data-waiting"] }); return true })()`

// more waits until that many more frames of the other side were decoded.
func (w *window) more(frames float64) {
	w.t.Helper()
	before := w.played()
	for range 600 {
		if w.played() >= before+frames {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("%s: frames decoded went from %v to %v\n%s", w.name, before, w.played(), w.text())
}

const (
	waiting = `document.querySelector("dialog.call[data-phase=talking][data-waiting]")`

	// certificate is the fingerprint of the other side's, as the browser saw it.
	certificate = `(async () => { let f = ""; const all = await connections.at(-1).getStats(); all.forEach((r) => { if (r.type === "transport") f = all.get(r.remoteCertificateId).fingerprint }); return f })()`

	// selected is the ICE user name fragment of the way that the media takes.
	selected = `(async () => { let n = ""; const all = await connections.at(-1).getStats(); all.forEach((r) => { if (r.type === "transport") n = all.get(all.get(r.selectedCandidatePairId)?.localCandidateId)?.usernameFragment ?? "" }); return n })()`
)

// way waits until the media takes another way than before, and returns it.
func (w *window) way(before string) string {
	w.t.Helper()
	for range 600 {
		if now := eval[string](w, selected); now != before && now != "" {
			return now
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("%s: the media takes no other way than %q\n%s", w.name, before, w.text())
	return ""
}

// A video call in whose midst the way to the server is cut, then the way of the
// media, then both at once, as when phones change their network. It goes on, the
// screen says meanwhile what it waits for, and the encryption is the one that
// began.
func TestCallOutlivesItsNetwork(t *testing.T) {
	chromium := browser.Start(t)
	relay := loopback.Free(t)
	toRelay := cable(t, relay)
	s := start(t, "--relay", relay, "--external", toRelay.Addr())
	alices, bobs := cable(t, s.host), cable(t, s.host)
	alice, bob := open(t, chromium, "alice", 1100, 720), open(t, chromium, "bob", 390, 844)
	both := []*window{alice, bob}
	alice.join(s.inviteBy(alices), "alice")
	bob.join(s.inviteBy(bobs), "bob")
	befriend(alice, bob)
	alice.openChat("bob")
	bob.openChat("alice")
	alice.click("#call-video")
	bob.rung("alice")
	bob.button("Answer")
	for _, w := range both {
		w.until("the first picture", `document.querySelector("dialog.call[data-phase=talking]")`)
		eval[bool](w, heedWaiting)
	}
	first := [2]string{eval[string](alice, certificate), eval[string](bob, certificate)}
	ways := [2]string{alice.way(""), bob.way("")}

	bobs.Cut()
	bob.until("it says that it reconnects", `waited.includes("Reconnecting…")`)
	alice.until("it says who reconnects", `waited.includes("bob is reconnecting…")`)
	for _, w := range both {
		w.until("it is connected again", "!"+waiting)
		w.more(20)
	}
	for _, w := range both {
		eval[int](w, `waited.splice(0).length`)
	}
	if now := [2]string{alice.way(""), bob.way("")}; now != ways {
		t.Errorf("the media took other ways although only the way to the server was cut: %q, %q", ways, now)
	}
	for _, cut := range []func(){toRelay.Cut, func() { toRelay.Cut(); alices.Cut(); bobs.Cut() }} {
		cut()
		// Whoever notices first restarts for both, perhaps before the other has
		// noticed anything.
		said := false
		for i, w := range both {
			ways[i] = w.way(ways[i])
			told := eval[bool](w, `waited.splice(0).includes("Reconnecting…")`)
			said = said || told
		}
		if !said {
			t.Error("nobody was told that the call reconnects")
		}
		for _, w := range both {
			w.until("it is connected again", "!"+waiting)
			w.more(20)
		}
	}
	if now := [2]string{eval[string](alice, certificate), eval[string](bob, certificate)}; now != first || now[0] == now[1] {
		t.Errorf("the certificates changed: %v, %v", first, now)
	}
	bob.button("Hang up")
	for _, w := range both {
		w.until("the call is over", `!document.querySelector("dialog.call")`)
	}
}
