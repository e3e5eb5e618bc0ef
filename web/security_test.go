package web_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/casefile"
	notices "github.com/ringfence/ringfence/casefile/notice"
	"github.com/ringfence/ringfence/internal/browser"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire/notice"
)

// approver enrolls a person whose key signs notices.
func (s *server) approver(name, role string) note.Signer {
	s.t.Helper()
	key := filepath.Join(s.t.TempDir(), name+".key")
	for _, args := range [][]string{{"case", "key", name, "--out", key}, {"case", "enroll", key + ".pub", "--role", role}} {
		if out, err := exec.Command(s.binary, append(args, "--data", s.data)...).CombinedOutput(); err != nil {
			s.t.Fatalf("ringfence %v: %v: %s", args, err, out)
		}
	}
	b, err := os.ReadFile(key)
	if err != nil {
		s.t.Fatal(err)
	}
	h, err := casefile.ReadHand(b)
	if err != nil {
		s.t.Fatal(err)
	}
	return h.Signer()
}

// anyName believes a signature by its form: what a device believes is its own
// affair.
type anyName struct{ note.Signer }

func (anyName) Verify([]byte, []byte) bool { return true }

// told brings a notice to somebody, from a process of its own.
func (s *server) told(name, code string, outcome notices.Outcome, by ...note.Signer) {
	s.t.Helper()
	today := time.Now().UTC()
	facts := notices.Facts{Issuer: "chat.example", Page: "chat.example/notices", From: today.AddDate(0, 0, -9).Format(time.DateOnly), Until: today.AddDate(0, 0, -2).Format(time.DateOnly),
		Outcome: outcome, Seen: notices.SeenCall, Did: []notices.Action{notices.Stopped, notices.Kept}, Helplines: notices.DefaultHelplines}
	n := notice.Notice{ID: "N-2026-0001", Code: code, Issuer: facts.Issuer, Issued: today.Format(time.DateOnly), Wordings: map[string]notice.Wording{}}
	for _, tag := range notices.Languages() {
		w, err := notices.Write(facts, tag)
		if err != nil {
			s.t.Fatal(err)
		}
		n.Wordings[tag] = w
	}
	var known []note.Verifier
	for _, signer := range by {
		known = append(known, anyName{signer})
		if err := n.Sign(signer, known); err != nil {
			s.t.Fatal(err)
		}
	}
	st, err := store.Open(s.data, time.Now)
	if err != nil {
		s.t.Fatal(err)
	}
	a, err := st.AccountByName(s.t.Context(), name)
	if err == nil {
		err = st.Deliver(s.t.Context(), a.ID.String(), n)
	}
	if err = errors.Join(err, st.Close()); err != nil {
		s.t.Fatal(err)
	}
}

// Two persons sign, the service delivers, and the person reads it in the messenger in
// two languages, answers and takes it back, and finds the code in the settings. One
// that is not signed by two whose keys the device knew is not shown.
func TestSecurityNotice(t *testing.T) {
	chromium := browser.Start(t)
	s := serve(t)
	mara, noor := s.approver("mara", "lead"), s.approver("noor", "counsel")
	bob := open(t, chromium, "bob", 1280, 800)
	bob.join(s.invite(""), "bob")
	bob.until("the device knows the keys", `ringfence.security().then((s) => s.keys.length === 2)`)
	s.told("bob", "4839-2071", notices.Blocked, mara, noor)
	bob.untilText("A message from chat.example")
	if text := bob.text(); strings.Contains(text, "4839") || strings.Contains(text, "spyware") || strings.Contains(text, "attack") {
		t.Errorf("somebody who looks on reads in the list: %s", text)
	}
	bob.until("nothing covers the page", `!document.querySelector(".toast")`)
	bob.readable("a notice in the list")
	bob.shoot("70-notice-list")
	bob.click(".notice-row")
	bob.untilText("Genuine: signed by")
	bob.until("it is read", `ringfence.security().then((s) => s.notices[0].read > 0)`)
	bob.until("the list says so", `!document.querySelector(".notice-row .badge")`)
	bob.readable("a notice")
	bob.axe("a notice")
	bob.shoot("71-notice")
	if n := eval[int](bob, `document.querySelectorAll(".notice-text a, .notice-text img").length`); n != 0 {
		t.Errorf("%d things of a notice can be clicked or are fetched", n)
	}
	if n := eval[int](bob, `document.querySelectorAll(".steps li").length`); n < 3 {
		t.Errorf("%d steps", n)
	}
	bob.click("#asked-examination")
	bob.until("the consent is given", `ringfence.security().then((s) => s.notices[0].answers.examination === true)`)
	bob.click("#asked-counted")
	bob.until("the consent is given", `ringfence.security().then((s) => s.notices[0].answers.counted === true)`)
	bob.until("the switch is free", `!document.getElementById("asked-counted").disabled`)
	bob.click("#asked-counted")
	bob.until("the consent is taken back", `ringfence.security().then((s) => s.notices[0].answers.counted === false)`)
	bob.click("#asked-opt_out")
	bob.until("it is asked", `!!document.querySelector("dialog.question")`)
	bob.button("Cancel")
	bob.until("nothing is answered", `ringfence.security().then((s) => s.notices[0].answers.opt_out === undefined && !document.getElementById("asked-opt_out").checked)`)

	bob.click(`input[name=notice-language][value=ar]`)
	bob.until("it is in Arabic", `document.querySelector(".notice-text > div").dir === "rtl" && getComputedStyle(document.querySelector(".notice-text p")).direction === "rtl"`)
	bob.shoot("72-notice-arabic-in-english")
	bob.click("#settings")
	bob.untilText("4839-2071")
	bob.fill("#code", "4839 2071")
	bob.do(chromedp.KeyEvent("\r"))
	bob.untilText("that of a genuine notice")
	bob.shoot("73-notice-settings")
	bob.axe("settings")

	// Somebody who holds the server makes one up.
	evil, worse := maker(t, "mara"), maker(t, "noor")
	s.told("bob", "6666-6666", notices.Possible, evil, worse)
	bob.untilText("One message claims to be a notice")
	if n := eval[int](bob, `document.querySelectorAll(".notice-row").length`); n != 1 {
		t.Errorf("%d notices are shown", n)
	}
	eval[bool](bob, `((document.getElementById("code").value = ""), true)`)
	bob.fill("#code", "6666-6666")
	bob.do(chromedp.KeyEvent("\r"))
	bob.untilText("is not known here")
	bob.readable("the settings")

	// On a phone, in the dark, from right to left, after the page was loaded anew.
	bob.do(chromedp.EmulateViewport(390, 844))
	eval[bool](bob, `(localStorage.setItem("language", "ar"), true)`)
	bob.dark(true)
	bob.do(chromedp.Reload())
	bob.until("the notice is there", `!!document.querySelector(".notice-row")`)
	bob.fits()
	bob.shoot("74-notice-list-phone-arabic")
	bob.click(".notice-row")
	bob.until("it is in Arabic", `document.querySelector(".notice-text > div")?.lang === "ar"`)
	bob.until("the answers are as they were given", `document.getElementById("asked-examination").checked && !document.getElementById("asked-counted").checked`)
	bob.readable("a notice in Arabic on a phone")
	bob.shoot("75-notice-phone-arabic-dark")
	bob.click(".back")
	bob.until("back at the list", `document.querySelector(".frame[data-at=people]")`)
	bob.until("the focus is on the row", `document.activeElement.matches(".notice-row")`)
	bob.click("#settings")
	bob.until("the settings are there", `!!document.getElementById("security")`)
	bob.readable("the settings in Arabic on a phone")
	bob.shoot("76-notice-settings-phone-arabic")

	// Anybody looks a wording up, without an account.
	bob.clean(s.host)
	public := open(t, chromium, "anybody", 390, 844)
	public.do(chromedp.Navigate(s.base + "notices"))
	public.untilText("Security notices of this service")
	public.readable("the public page")
	public.axe("the public page")
	public.shoot("77-notices-public")
	eval[bool](public, `(document.querySelectorAll("details").forEach((d) => d.open = true), true)`)
	public.dark(true)
	public.readable("the wordings")
	public.shoot("78-notices-public-dark")
	if text := public.text(); strings.Contains(text, "bob") || strings.Contains(text, "4839") {
		t.Error("the public page says who was told")
	}
	public.clean(s.host)
}

// maker is a key of somebody who is not enrolled.
func maker(t *testing.T, name string) note.Signer {
	t.Helper()
	secret, _, err := note.GenerateKey(nil, name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := note.NewSigner(secret)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func (w *window) axe(what string) {
	w.t.Helper()
	browser.Axe(w.t, w.ctx, what)
}
