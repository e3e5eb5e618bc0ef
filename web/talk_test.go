package web_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/ringfence/ringfence/internal/browser"
)

// join accepts an invite in a window and chooses a name.
func (w *window) join(link, name string) {
	w.t.Helper()
	w.do(chromedp.Navigate(link))
	w.fill("#name", name)
	w.button("Join")
	w.until("the house is open", `document.querySelector(".frame")`)
	if h := eval[string](w, "location.hash"); h != "" {
		w.t.Errorf("%s: the invite stays in the address: %s", w.name, h)
	}
}

// befriend lets one knock and the other accept.
func befriend(knocker, host *window) {
	knocker.t.Helper()
	knocker.button("Find a person")
	knocker.fill("#find-name", host.name)
	knocker.button("Knock")
	host.untilText(knocker.name + " would like to reach you")
	host.button("Accept: " + knocker.name)
	knocker.until("the contact is there", `document.querySelector("button.row[data-key]")`)
}

func (w *window) openChat(with string) {
	w.t.Helper()
	w.until("there is a row for "+with, fmt.Sprintf(`[...document.querySelectorAll("button.row[data-key]")].some((b) => b.innerText.includes(%q))`, with))
	eval[bool](w, fmt.Sprintf(`[...document.querySelectorAll("button.row[data-key]")].find((b) => b.innerText.includes(%q)).click() ?? true`, with))
}

func (w *window) write(text string) {
	w.t.Helper()
	w.fill("#write", text)
	w.do(chromedp.KeyEvent("\r"))
}

// frames is how many frames of the other side were decoded so far, by the
// browser's own count.
func (w *window) played() float64 {
	w.t.Helper()
	return eval[float64](w, decoded)
}

var conversation = []string{
	"Did you get home safely?",
	"Yes, just now. The last bus was late again.",
	"Good. Can we talk for ten minutes? I would rather see you than write.",
	"Give me a moment to find my glasses.",
	"Take your time. Did you compare the safety number with Noor, by the way?",
	"On Sunday, in person. It matched.",
}

const decoded = `(async () => { let n = 0; (await connections.at(-1).getStats()).forEach((r) => { if (r.type === "inbound-rtp" && r.kind === "video") n = r.framesDecoded ?? 0 }); return n })()`

// Two windows, from the invite to the missed call.
func TestTwoPeopleTalk(t *testing.T) {
	chromium := browser.Start(t)
	s := serve(t)
	alice, bob := open(t, chromium, "alice", 1100, 720), open(t, chromium, "bob", 390, 844)
	links := []string{s.invite(""), s.invite("")}
	alice.do(chromedp.Navigate(links[0]))
	alice.until("the door", `document.querySelector("#name")`)
	alice.shoot("01-welcome-desktop")
	alice.join(links[0], "alice")
	alice.shoot("02-nobody")
	bob.do(chromedp.Navigate(links[1]))
	bob.until("the door", `document.querySelector("#name")`)
	bob.shoot("03-welcome-phone")
	bob.fits()
	bob.join(links[1], "bob")
	befriend(alice, bob)

	alice.openChat("bob")
	bob.openChat("alice")
	for i, line := range conversation {
		from, to := alice, bob
		if i%2 == 1 {
			from, to = bob, alice
		}
		from.write(line)
		to.until("it arrives: "+line, fmt.Sprintf(`[...document.querySelectorAll(".bubble:not(.mine) .said")].some((e) => e.textContent === %q)`, line))
	}
	alice.until("read marks", `[...document.querySelectorAll(".bubble.mine .marks")].every((m) => m.dataset.state === "read")`)
	alice.until("nothing covers the page", `!document.querySelector(".toast")`)
	alice.shoot("04-chat-desktop")
	bob.shoot("05-chat-phone")
	bob.fits()

	digits := func(w *window) string {
		w.click(".who")
		w.until("the digits", `document.querySelector("#digits")?.innerText.length > 50`)
		return strings.Join(strings.Fields(eval[string](w, `document.querySelector("#digits").innerText`)), "")
	}
	if a, b := digits(alice), digits(bob); a != b || len(a) != 60 {
		t.Errorf("safety numbers: %q and %q", a, b)
	}
	alice.until("the code is drawn", `document.querySelector(".qr").naturalWidth > 0`)
	alice.button("They are the same")
	alice.untilText("Compared. You will be warned when it changes.")
	alice.shoot("06-safety-desktop")
	bob.shoot("07-safety-phone")
	bob.fits()
	alice.button("Back")
	bob.button("Back")

	talk(t, alice, bob)
	glare(t, alice, bob)
	installable(t, alice)

	alice.click("#call-sound")
	bob.rung("alice")
	bob.untilText("Incoming call")
	bob.shoot("11-ring-sound")
	alice.button("Hang up")
	bob.until("the ring is gone", `!document.querySelector("dialog.call")`)
	bob.button("Back")
	bob.click(".missed-row")
	bob.untilText("Missed call")
	bob.untilText("Answered video call")
	bob.shoot("12-missed-phone")
	bob.fits()
	alice.clean(s.host)
	bob.clean(s.host)
}

// rung waits until it rings in this window, under a name.
func (w *window) rung(name string) {
	w.t.Helper()
	w.until("it rings under the name "+name, fmt.Sprintf(`document.querySelector("dialog.call[data-phase=rung] h2")?.innerText === %q`, name))
}

// glare: both call at the same moment, one call comes of it, and nobody is
// answered without a tap.
func glare(t *testing.T, a, b *window) {
	t.Helper()
	for _, w := range []*window{a, b} {
		eval[bool](w, `document.querySelector("#call-sound").click() ?? true`)
	}
	var rung *window
	for range 400 {
		for _, w := range []*window{a, b} {
			if eval[bool](w, `!!document.querySelector("dialog.call[data-phase=rung]")`) {
				rung = w
			}
		}
		if rung != nil {
			break
		}
		time.Sleep(25 * time.Millisecond)
	}
	if rung == nil {
		t.Fatalf("both called and nothing rings:\n%s\n%s", a.text(), b.text())
	}
	rung.button("Answer")
	for _, w := range []*window{a, b} {
		w.until("they talk", `document.querySelector("dialog.call[data-phase=talking]")`)
		if n := eval[int](w, `document.querySelectorAll("dialog.call").length`); n != 1 {
			t.Errorf("%s sees %d calls", w.name, n)
		}
	}
	a.button("Hang up")
	for _, w := range []*window{a, b} {
		w.until("the call is over", `!document.querySelector("dialog.call")`)
	}
}

// installable: the browser reads the web app's manifest without a complaint,
// and the service worker keeps hashed assets and nothing else.
func installable(t *testing.T, w *window) {
	t.Helper()
	w.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		m, err := cdp.Call(ctx, target, page.GetAppManifest, page.GetAppManifestParams{})
		if err != nil {
			return err
		}
		if len(m.Errors) > 0 || !strings.Contains(m.Data, `"Ringfence"`) {
			t.Errorf("the manifest: %v %s", m.Errors, m.Data)
		}
		return nil
	}))
	kept := eval[[]string](w, `(async () => { await navigator.serviceWorker.ready; const all = []; for (const name of await caches.keys()) for (const r of await (await caches.open(name)).keys()) all.push(new URL(r.url).pathname); return all })()`)
	for _, path := range kept {
		if !strings.HasPrefix(path, "/assets/") {
			t.Errorf("the service worker keeps %s", path)
		}
	}
}

// talk is a video call with pictures both ways.
func talk(t *testing.T, caller, callee *window) {
	t.Helper()
	caller.click("#call-video")
	callee.rung(caller.name)
	callee.untilText("Incoming video call")
	callee.shoot("08-ring-phone")
	if n := eval[int](callee, `document.querySelectorAll("video").length && document.querySelector(".own-picture").srcObject ? 1 : 0`); n != 0 {
		t.Error("the callee's camera is open before the tap")
	}
	start := time.Now()
	callee.button("Answer")
	for _, w := range []*window{caller, callee} {
		w.until("the first picture", `document.querySelector("dialog.call[data-phase=talking]")`)
	}
	t.Logf("answer to first frame: callee %s ms, caller (from the answer's arrival) %s ms; both seen by the test after %v",
		eval[string](callee, `document.querySelector("dialog.call").dataset.first`), eval[string](caller, `document.querySelector("dialog.call").dataset.first`), time.Since(start).Round(time.Millisecond))
	for _, w := range []*window{caller, callee} {
		before, shown := w.played(), eval[float64](w, `document.querySelector(".their-picture").currentTime`)
		deadline := time.Now().Add(30 * time.Second)
		for w.played() < before+20 && time.Now().Before(deadline) {
			time.Sleep(50 * time.Millisecond)
		}
		if n := w.played(); n < before+20 {
			t.Errorf("%s: frames decoded went from %v to %v", w.name, before, n)
		}
		if now := eval[float64](w, `document.querySelector(".their-picture").currentTime`); now <= shown {
			t.Errorf("%s: the picture stands still at %v s", w.name, now)
		}
	}
	caller.button("Mute")
	caller.untilText("Unmute")
	caller.button("Camera off")
	caller.untilText("Camera on")
	const camera = `connections.at(-1).getSenders().some((s) => s.track?.kind === "video" && !(s.track instanceof CanvasCaptureMediaStreamTrack))`
	caller.until("the camera is let go of", "!"+camera)
	caller.button("Camera on")
	caller.until("the camera is back", camera)
	caller.shoot("09-call-desktop")
	callee.shoot("10-call-phone")
	callee.fits()
	callee.button("Hang up")
	for _, w := range []*window{caller, callee} {
		w.until("the call is over", `!document.querySelector("dialog.call")`)
	}
}
