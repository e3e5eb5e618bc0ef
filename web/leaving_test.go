package web_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/ringfence/ringfence/internal/browser"
)

// A device is lost and replaced: the contact is warned, nothing is sent until
// the person decides, and then the two can write again. Then one signs out and
// in, and deletes the account.
func TestKeysChangeAndLeaving(t *testing.T) {
	chromium := browser.Start(t)
	s := serve(t)
	ada, ben := open(t, chromium, "ada", 1100, 720), open(t, chromium, "ben", 390, 844)
	ada.join(s.invite(""), "ada")
	ben.join(s.invite(""), "ben")
	befriend(ada, ben)
	ada.openChat("ben")
	ada.write("before the loss")
	ben.openChat("ada")
	ben.untilText("before the loss")
	ada.click(".who")
	ada.button("They are the same")
	ada.untilText("Compared. You will be warned when it changes.")
	ada.button("Back")

	anew := open(t, chromium, "ben, anew", 390, 844)
	anew.do(chromedp.Navigate(s.invite("ben")))
	anew.click("#again")
	anew.shoot("30-replace-phone")
	anew.button("Join")
	anew.until("the house is open", `document.querySelector(".frame")`)
	ben.untilText("You are signed out")
	ada.untilText("The keys of ben changed")
	ada.readable("the warning")
	ada.shoot("31-keys-changed")
	if n := eval[int](ada, `document.querySelectorAll("#write, #call-video").length`); n != 0 {
		t.Error("one can write or call with keys that nobody confirmed")
	}
	ada.button("Compare safety number")
	ada.until("the digits", `document.querySelector("#digits")`)
	ada.button("They are the same")
	ada.until("the warning is gone", `!document.querySelector(".notice.bad")`)
	ada.button("Back")
	ada.write("after the loss")
	anew.openChat("ada")
	anew.untilText("after the loss")
	anew.write("here again")
	ada.untilText("here again")

	second(t, ada)
	ada.click("#settings")
	ada.click("#sign-out")
	ada.button("Sign out")
	ada.untilText("You are signed out")
	ada.shoot("32-signed-out")
	ada.button("Sign in again")
	ada.openChat("ben")
	ada.untilText("here again")
	ada.write("signed in again")
	anew.untilText("signed in again")
	ada.click("#settings")
	ada.click("#delete")
	ada.until("it asks", `document.querySelector("dialog[open] button.danger").disabled`)
	ada.readable("the last question")
	ada.shoot("33-delete")
	ada.fill("#asked", "ada")
	ada.button("Delete account")
	ada.until("the door", `document.querySelector("#name")`)
	anew.untilText("ended the contact")
	ada.clean(s.host)
	anew.clean(s.host)
}

// second opens the messenger once more in the same browser: one window at a
// time holds the keys.
func second(t *testing.T, w *window) {
	t.Helper()
	ctx, cancel := chromedp.NewContext(w.ctx)
	defer cancel()
	other := &window{t: t, ctx: ctx, name: w.name + ", a second window"}
	address := eval[string](w, "location.href")
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		t.Fatal(err)
	}
	other.untilText("Ringfence is open in another window")
	other.shoot("34-other-window")
	if err := context.Cause(w.ctx); err != nil {
		t.Fatal(err)
	}
}

// Every invite is good once, and a name is somebody's: said in plain words.
func TestDoorRefuses(t *testing.T) {
	chromium := browser.Start(t)
	s := serve(t)
	first, next := open(t, chromium, "first", 390, 844), open(t, chromium, "next", 390, 844)
	link := s.invite("")
	first.join(link, "mira")
	for _, c := range []struct{ link, name, says string }{
		{link, "other", "This invite is not valid, or was used already."},
		{s.invite(""), "mira", "This name is taken. Choose another."},
	} {
		next.do(chromedp.Navigate("about:blank"), chromedp.Navigate(c.link))
		next.fill("#name", c.name)
		next.button("Join")
		next.untilText(c.says)
		next.until("it is said to a screen reader", fmt.Sprintf(`document.querySelector("[role=alert]#wrong").textContent === %q`, c.says))
	}
	next.shoot("35-refused")
}
