package console

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/edition"
	"github.com/ringfence/ringfence/verify"
)

// authenticator puts an authenticator into the browser that verifies its person.
func (c *chromium) authenticator(verifies bool) {
	c.t.Helper()
	c.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true, HasUserVerification: true, IsUserVerified: verifies, AutomaticPresenceSimulation: true, HasPrf: true}})
		return err
	}))
}

// A person signs in by a link, adds a passkey, signs in with it, and acts in a case:
// what was done is signed, and the case file proves it without the server.
func TestPasskeyInBrowser(t *testing.T) {
	c := newChromium(t)
	f := newFile(t, c.memory)
	c.do(chromedp.EmulateViewport(1280, 900))
	c.authenticator(true)
	c.signIn()
	c.open("/cases/" + f.ID + "/file")
	if c.eval(`String(document.querySelector("form[action$='/file']"))`) != "null" {
		t.Error("who signed in with a link is offered to act")
	}
	c.open("/me")
	complaints := c.complaints()
	c.do(chromedp.SendKeys(chromedp.CSS("#k-label"), "laptop"), chromedp.Click(chromedp.CSS("[data-add-passkey] button")))
	c.until("the passkey stands there", `document.querySelector("main").innerText.includes("laptop") && !document.querySelector("[data-wrong]").textContent`)
	c.do(chromedp.Click(chromedp.CSS(".out button")))
	c.until("signed out", `location.pathname == "/sign-in"`)
	c.usePasskey("nobody.such")
	c.until("another name is refused", `document.querySelector("[data-wrong]").textContent.includes("not one of nobody.such")`)
	c.usePasskey("mara")
	c.until("signed in", `location.pathname == "/" && document.querySelector("nav")`)
	c.open("/cases/" + f.ID + "/file")
	c.do(chromedp.SendKeys(chromedp.CSS("#p-text"), "The calls came from one network."), chromedp.SendKeys(chromedp.CSS("#p-exhibits"), "E-0002"), chromedp.Click(chromedp.CSS("[name=allegation]")), chromedp.Click(chromedp.CSS("form[action$='/file'] button")))
	c.until("it is recorded", `document.querySelector("#G-0003")?.innerText.includes("one network") && document.querySelector("#G-0003 a").textContent == "E-0002"`)
	c.do(chromedp.SendKeys(chromedp.CSS("#p-text"), "And so on."), chromedp.SendKeys(chromedp.CSS("#p-exhibits"), "nonsense"), chromedp.Click(chromedp.CSS("form[action$='/file'] button")))
	c.until("a wrong exhibit is refused", `document.querySelector(".notice.bad[role=alert]")?.innerText.includes("nonsense")`)
	if all := complaints(); len(all) > 0 {
		for _, s := range all {
			if !strings.Contains(s, "the server responded with a status of 4") { // those that were refused on purpose
				t.Errorf("the browser complains: %q", s)
			}
		}
	}
	c.open("/me")
	c.until("evidence can be opened", `document.querySelector("main").innerText.includes("opens the evidence")`)
	f.proves(c)
}

func (c *chromium) usePasskey(name string) {
	c.t.Helper()
	c.eval(`document.querySelector("#name").value = "", ""`)
	c.do(chromedp.SendKeys(chromedp.CSS("#name"), name), chromedp.Click(chromedp.CSS("[data-use-passkey] button")))
}

// proves exports the case and verifies what the session signed.
func (f *file) proves(c *chromium) {
	c.t.Helper()
	checks, err := f.Verify(context.Background(), func(int64) {})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, one := range checks {
		for _, wrong := range one.Faults {
			c.t.Errorf("%s: %s", one.Name, wrong)
		}
	}
	f.replaceAllegation(c)
	court, err := edition.Parse("court")
	if err != nil {
		c.t.Fatal(err)
	}
	path := filepath.Join(c.t.TempDir(), "case.zip")
	if _, err := edition.Export(context.Background(), f.Case, f.hand, path, edition.Options{Edition: court, Now: time.Now()}); err != nil {
		c.t.Fatal(err)
	}
	r, err := verify.File(path, verify.Options{})
	if err != nil {
		c.t.Fatal(err)
	}
	for _, one := range r.Checks {
		for _, wrong := range one.Faults {
			c.t.Errorf("the case file: %s: %s", one.Name, wrong)
		}
	}
}

// replaceAllegation takes the allegation that rests on nothing out of the way of an
// export.
func (f *file) replaceAllegation(c *chromium) {
	r, err := f.Record(context.Background(), "paragraph", "G-0002")
	if err == nil {
		r.Exhibits = []string{"E-0002"}
		_, err = f.Put(context.Background(), f.hand, casefile.Record{Kind: r.Kind, ID: r.ID, Tier: r.Tier, Exhibits: r.Exhibits, Body: r.Body})
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// Who did not verify to the authenticator is not let in.
func TestPasskeyWithoutPersonInBrowser(t *testing.T) {
	c := newChromium(t)
	newFile(t, c.memory)
	c.authenticator(false)
	c.signIn()
	c.open("/me")
	c.do(chromedp.SendKeys(chromedp.CSS("#k-label"), "laptop"), chromedp.Click(chromedp.CSS("[data-add-passkey] button")))
	c.until("it is refused", `document.querySelector("[data-wrong]").textContent`)
}
