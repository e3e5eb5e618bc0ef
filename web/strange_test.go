package web_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/internal/browser"
	"github.com/ringfence/ringfence/wire"
)

const asked = `(document.querySelector("dialog.question")?.innerText ?? "").replace(/[\u2068\u2069]/g, "")`

// report presses the button in the element and confirms, after it has been said
// what is sent.
func (w *window) report(within string, says ...string) {
	w.t.Helper()
	w.until("the button is there", `!!document.querySelector(`+"`"+within+" button.strange`"+`)`)
	w.click(within + " button.strange")
	w.until("it is asked", `!!document.querySelector("dialog.question")`)
	said := eval[string](w, asked)
	for _, want := range append(says, "is not told", "server") {
		if !strings.Contains(said, want) {
			w.t.Errorf("what is sent is said as %q, without %q", said, want)
		}
	}
	w.click("dialog.question button.main")
	w.until("it is reported", `!!document.querySelector(`+"`"+within+" .tag.strange`"+`)`)
	w.until("the focus is where the button was", `document.activeElement.matches(".tag.strange")`)
}

// A knock, a declined call and a held-back one are reported in the messenger; the
// server has them, and it stands there for a page that is loaded anew.
func TestStrangeCall(t *testing.T) {
	chromium := browser.Start(t)
	s := serve(t)
	mallory, bob := s.caller("mallory"), open(t, chromium, "bob", 1280, 800)
	bob.join(s.invite(""), "bob")
	if err := mallory.Knock(t.Context(), "bob"); err != nil {
		t.Fatal(err)
	}
	bob.untilText("mallory would like to reach you")
	bob.shoot("60-strange-knock")
	bob.report(".knock", "Report this knock as strange?", "mallory")
	bob.button("Accept: mallory")
	var to wire.ID
	for i := 0; to.IsZero() && i < 600; i++ {
		for _, c := range mallory.Contacts() {
			if c.State == client.Accepted {
				to = c.Account
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	mallory.offer(to, wire.Sound)
	bob.rung("mallory")
	bob.button("Decline")
	bob.until("the call is over", `!document.querySelector("dialog.call")`)
	bob.openChat("mallory")
	bob.untilText("Declined call")
	bob.readable("a call in a conversation")
	bob.shoot("61-strange-chat")
	bob.click(".call-row button.strange")
	bob.until("it is asked", `!!document.querySelector("dialog.question")`)
	bob.readable("what is sent")
	bob.shoot("62-strange-question")
	bob.button("Cancel")
	bob.until("nothing was sent", `!document.querySelector(".tag.strange, dialog")`)
	bob.report(".call-row", "Report this call as strange?", "mallory", "Today, ", "Nothing that you wrote or said is sent")
	bob.until("nothing covers the page", `!document.querySelector(".toast")`)
	bob.shoot("63-strange-reported")

	// On a phone, in the dark, from right to left; and a stranger now.
	bob.do(chromedp.EmulateViewport(390, 844))
	bob.dark(true)
	bob.readable("a reported call on a phone")
	bob.shoot("68-strange-chat-phone-dark")
	bob.dark(false)
	bob.click(".who")
	bob.button("Remove contact")
	bob.button("Remove contact")
	bob.until("mallory is no contact", `!document.querySelector("button.row[data-key]")`)
	bob.click(".missed-row")
	mallory.offer(to, wire.Video)
	bob.until("it is in the list", `document.querySelectorAll("li.call-notice.held").length === 1`)
	bob.until("nothing covers the page", `!document.querySelector(".toast")`)
	bob.shoot("64-strange-phone")
	bob.fits()
	bob.report("li.call-notice.held", "Report this call as strange?", "mallory")
	if n := eval[int](bob, `document.querySelectorAll("li.call-notice .tag.strange").length`); n != 2 {
		t.Errorf("%d calls are marked as reported, not both", n)
	}
	bob.readable("calls that were reported")
	// Called again within the hour, it is another call in the same line.
	mallory.offer(to, wire.Video)
	bob.until("the newer call can be reported", `!!document.querySelector("li.call-notice.held button.strange")`)
	eval[bool](bob, `(localStorage.setItem("language", "ar"), true)`)
	bob.dark(true)
	bob.do(chromedp.Reload())
	bob.click(".missed-row")
	bob.until("the list is there", `document.querySelectorAll("li.call-notice .tag.strange").length === 1`)
	bob.until("nothing covers the page", `!document.querySelector(".toast")`)
	bob.fits()
	bob.shoot("65-strange-dark-arabic")
	bob.click("li.call-notice.held button.strange")
	bob.until("it is asked", `!!document.querySelector("dialog.question")`)
	bob.fits()
	bob.shoot("66-strange-question-arabic")
	bob.do(chromedp.KeyEvent("\u001b"))
	bob.click(".back")
	bob.until("back at the list", `document.querySelector(".frame[data-at=people]")`)
	if err := s.caller("eve").Knock(t.Context(), "bob"); err != nil {
		t.Fatal(err)
	}
	bob.until("eve knocks", `!!document.querySelector(".knock button.strange")`)
	bob.until("nothing covers the page", `!document.querySelector(".toast")`)
	bob.readable("a knock in Arabic")
	bob.shoot("67-strange-knock-arabic")
	bob.clean(s.host)
}
