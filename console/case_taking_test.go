package console

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/internal/browser"
	"github.com/ringfence/ringfence/verify"
)

// With a passkey, a lead makes a case of a campaign, takes in an exhibit, and exports
// the case, all in the browser; what comes out verifies.
func TestCaseIsMadeInBrowser(t *testing.T) {
	c := newChromium(t)
	enroll(t, c.cases, "mara", casefile.Lead)
	c.memory.hunts("C-2026-0001", hunt.Strong, 12)
	c.do(chromedp.EmulateViewport(1280, 900))
	c.authenticator(true)
	c.signIn()
	c.open("/me")
	c.do(chromedp.SendKeys(chromedp.CSS("#k-label"), "laptop"), chromedp.Click(chromedp.CSS("[data-add-passkey] button")))
	c.until("the passkey stands there", `document.querySelector("main").innerText.includes("laptop")`)
	c.open("/campaigns/C-2026-0001")
	if c.eval(`String(document.querySelector("#c-title"))`) != "null" {
		t.Error("who signed in with a link is offered to begin a case")
	}
	c.do(chromedp.Click(chromedp.CSS(".out button")))
	c.until("signed out", `location.pathname == "/sign-in"`)
	c.usePasskey("mara")
	c.until("signed in", `location.pathname == "/" && document.querySelector("nav")`)
	c.open("/campaigns/C-2026-0001")
	c.do(chromedp.SendKeys(chromedp.CSS("#c-title"), "The calls of May"), chromedp.Click(chromedp.CSS("form[action$='/case'] button")))
	c.until("the case is there", `location.pathname.startsWith("/cases/K-") && document.querySelector("main").innerText.includes("C-2026-0001")`)
	here := c.eval("location.pathname")
	c.open(here + "/evidence")
	file := filepath.Join(t.TempDir(), "letter.txt")
	if err := os.WriteFile(file, []byte("we deny it"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.do(chromedp.SendKeys(chromedp.CSS("#x-source"), "the vendor's answer"), chromedp.SendKeys(chromedp.CSS("#x-basis"), "own records"), chromedp.SetUploadFiles(chromedp.CSS("#x-file"), []string{file}),
		chromedp.Click(chromedp.CSS("form[action$='/evidence'] button")))
	c.until("the exhibit is there", `document.querySelector("table.exhibits")?.innerText.includes("letter.txt")`)
	browser.Axe(t, c.ctx, "the evidence, with its form")
	c.open(here + "/file")
	browser.Axe(t, c.ctx, "the file, with its forms")
	got := c.eval(`(async () => { const r = await fetch("` + here + `/export", {method: "POST", body: new URLSearchParams({edition: "court", reason: "for the court"})});
		const b = new Uint8Array(await r.arrayBuffer()); let s = ""; for (let i = 0; i < b.length; i += 8192) s += String.fromCharCode(...b.subarray(i, i + 8192)); return r.status + " " + btoa(s) })()`)
	c.verifies(got)
}

func (c *chromium) verifies(got string) {
	c.t.Helper()
	status, text, _ := strings.Cut(got, " ")
	if status != "200" {
		c.t.Fatalf("the export answered %s", status)
	}
	path := filepath.Join(c.t.TempDir(), "case.zip")
	if err := os.WriteFile(path, decode(c.t, text), 0o600); err != nil {
		c.t.Fatal(err)
	}
	r, err := verify.File(path, verify.Options{Key: c.cases.Key()})
	if err != nil {
		c.t.Fatal(err)
	}
	if !r.Whole || r.Exhibits < 2 {
		c.t.Errorf("%+v", r)
	}
}

func decode(t *testing.T, text string) []byte {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A passkey's word counts as just given for two minutes, and no longer.
func TestFreshHand(t *testing.T) {
	k := keyring{hands: map[string]held{}}
	now := time.Now()
	k.give("session", &casefile.Hand{Name: "mara"}, now)
	if k.freshHand("session", now.Add(time.Minute)) == nil || k.freshHand("session", now.Add(3*time.Minute)) != nil || k.freshHand("other", now) != nil {
		t.Error("a word that was given long ago counts, or one that was just given does not")
	}
	if k.hand("session") == nil {
		t.Error("the session ended with the two minutes")
	}
	k.give("another", &casefile.Hand{Name: "lena"}, now.Add(13*time.Hour))
	if k.hand("session") != nil {
		t.Error("what a session could open outlives it")
	}
}
