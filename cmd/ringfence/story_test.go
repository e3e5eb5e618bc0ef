package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/ringfence/ringfence/casefile/attribution"
	"github.com/ringfence/ringfence/internal/browser"
	"github.com/ringfence/ringfence/verify"
	"github.com/ringfence/ringfence/web"
	"github.com/ringfence/ringfence/wire"
)

// screen is a browser of its own: a person's.
type screen struct {
	t   *testing.T
	ctx context.Context
}

func newScreen(t *testing.T, chromium context.Context) *screen {
	t.Helper()
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	s := &screen{t, ctx}
	s.do(chromedp.EmulateViewport(1280, 900))
	return s
}

func (s *screen) do(steps ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	for _, step := range steps {
		if _, err := chromedp.Run(s.ctx, step); err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *screen) text() string {
	v, _ := chromedp.Run(s.ctx, chromedp.Evaluate[string](`document.body.innerText.replace(/[\u2066-\u2069]/g, "")`))
	return v
}

func (s *screen) until(what, expression string) {
	s.t.Helper()
	for range 600 {
		if ok, err := chromedp.Run(s.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")")); err == nil && ok {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	s.t.Fatalf("%s: it did not come to pass; the page says:\n%s", what, s.text())
}

func (s *screen) says(text string) {
	s.t.Helper()
	s.until("the page says "+text, fmt.Sprintf(`document.body.innerText.replace(/[\u2066-\u2069]/g, "").includes(%q)`, text))
}

func (s *screen) click(selector string) {
	s.t.Helper()
	s.until(selector+" is there", fmt.Sprintf(`document.querySelector(%q)?.getClientRects().length`, selector))
	s.do(chromedp.Click(chromedp.CSS(selector)))
}

// authenticator puts an authenticator into the browser that verifies its person.
func (s *screen) authenticator() {
	s.t.Helper()
	s.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, webauthn.Enable, webauthn.EnableParams{}); err != nil {
			return err
		}
		_, err := cdp.Call(ctx, t, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true, HasPrf: true}})
		return err
	}))
}

// lead signs somebody in at the console with a passkey, which the person adds first.
func (n *town) lead(chromium context.Context, name string) *screen {
	n.t.Helper()
	s, console := newScreen(n.t, chromium), strings.Replace(n.url, "127.0.0.1", "console.localhost", 1)
	s.authenticator()
	link, code := n.try("console-link", "--data", filepath.Join(n.dir, "data"), "--name", name, "--url", console+"/")
	if code != exitDone {
		n.t.Fatalf("console-link: exit %d: %s", code, link)
	}
	s.do(chromedp.Navigate(strings.TrimSpace(link)))
	s.until("signed in", `location.pathname == "/" && document.querySelector("nav")`)
	s.do(chromedp.Navigate(console + "/me"))
	s.do(chromedp.SendKeys(chromedp.CSS("#k-label"), "laptop"))
	s.click("[data-add-passkey] button")
	s.says("laptop")
	s.click(".out button")
	s.until("signed out", `location.pathname == "/sign-in"`)
	s.do(chromedp.SendKeys(chromedp.CSS("#name"), name))
	s.click("[data-use-passkey] button")
	s.until("signed in with the passkey", `location.pathname == "/" && document.querySelector("nav")`)
	return s
}

// attacked lets strangers of one client ring everybody, twice each, and waits for the
// campaign.
func (n *town) attacked(strangers []*resident, targets []wire.ID) string {
	n.t.Helper()
	for i, whom := range targets {
		who := strangers[i%len(strangers)]
		who.triesAt(whom, uint64(10+2*i))
		who.triesAt(whom, uint64(11+2*i))
	}
	ids := n.until(1)
	for range 120 {
		if page := n.console("/campaigns/" + ids[0]); strings.Contains(page, targets[0].String()) {
			return ids[0]
		}
		time.Sleep(250 * time.Millisecond)
	}
	n.t.Fatalf("%s does not name %s", ids[0], targets[0])
	return ""
}

// The whole story in a browser: thirty people are attacked on a service that runs, the
// campaign appears, a case is made of it, a phone with planted traces is brought in,
// a notice is approved by two and read by one of them in the messenger, what is judged
// is written, the ban flags a new account of the same client, and the edition for the
// court is exported and verifies.
func TestStory(t *testing.T) {
	if _, err := web.Hashes(); err != nil {
		t.Skip("THE MESSENGER IS NOT BUILT, so the story was NOT told: make web")
	}
	chromium := browser.Start(t)
	n := newTown(t)
	t.Cleanup(http.DefaultTransport.(*http.Transport).CloseIdleConnections) // or the town waits for them
	data := filepath.Join(n.dir, "data")
	must(t, os.WriteFile(filepath.Join(data, "guard.json"), []byte(`{"limits":{"tries_per_minute":10000}}`), 0o600))
	o := newOfficeIn(t, data, "lead", "counsel")
	omar := filepath.Join(t.TempDir(), "omar.key")
	o.ok("key", "omar", "--out", omar)
	o.ok("enroll", omar+".pub", "--role", "reviewer", "--languages", "en,ar")
	must(t, os.WriteFile(filepath.Join(data, "cases", "notices.json"), []byte(`{"issuer":"chat.example","page":"chat.example/notices","lead_hours":0,"helplines":[{"name":"Example Helpline","region":"world","daily":1000}]}`), 0o600))

	// People, one of them in a browser; and the attack.
	amal := newScreen(t, chromium)
	amal.do(chromedp.Navigate(inviteLink(n.url+"/", n.invite())))
	amal.click("#name")
	amal.do(chromedp.SendKeys(chromedp.CSS("#name"), "amal"))
	amal.click("form button.main")
	amal.until("the messenger is open", `document.querySelector(".frame")`)
	amal.says("You are amal")
	account, err := chromedp.Run(amal.ctx, chromedp.Evaluate[string](`ringfence.open().then((me) => me.account)`, chromedp.EvalAwaitPromise))
	must(t, err)
	first, err := wire.ParseID(account)
	must(t, err)
	targets := []wire.ID{first}
	for i := range 29 {
		targets = append(targets, n.resident(fmt.Sprintf("target_%02d", i), "Mozilla/5.0 ordinary").Me().Account)
	}
	var strangers []*resident
	for i := range 6 {
		strangers = append(strangers, n.resident(fmt.Sprintf("stranger_%d", i), "fork/1.0"))
	}
	campaign := n.attacked(strangers, targets)

	// The lead sees the campaign, and makes a case of it.
	lead := n.lead(chromium, "lead.one")
	console := strings.Replace(n.url, "127.0.0.1", "console.localhost", 1)
	lead.do(chromedp.Navigate(console + "/campaigns"))
	lead.says(campaign)
	lead.do(chromedp.Navigate(console + "/campaigns/" + campaign))
	lead.click("#c-title")
	lead.do(chromedp.SendKeys(chromedp.CSS("#c-title"), "Calls of May"))
	lead.click("form[action$='/case'] button")
	lead.until("the case is there", `location.pathname.startsWith("/cases/K-")`)
	lead.says(campaign)
	id := regexp.MustCompile(`K-\d{4}-\d{4}`).FindString(lead.text())

	n.phoneInCase(o, id)
	lead.do(chromedp.Navigate(console + "/cases/" + id + "/people"))
	lead.says("infected")

	// A notice: drafted in the console, reviewed, approved by two, read in the messenger.
	lead.do(chromedp.Navigate(console + "/cases/" + id + "/notices"))
	lead.click("form button.main")
	lead.says("N-")
	n.approvedNotice(o, id, omar)
	amal.says("A message from chat.example")
	amal.click(".notice-row")
	amal.says("Genuine: signed by")
	amal.click("#asked-examination")
	amal.says("Saved")
	lead.do(chromedp.Navigate(console + "/cases/" + id + "/notices"))
	lead.click("form[aria-label^='Collect'] button")
	lead.says("1 read it")
	lead.says("1 to an examination")

	n.judgedStory(o, id)
	lead.do(chromedp.Navigate(console + "/cases/" + id + "/attribution"))
	lead.says("We judge it very likely")
	lead.says("It is not attributed to a government.")
	lead.do(chromedp.Navigate(console + "/cases/" + id + "/graph"))
	lead.says("Group 1")

	n.banned(strangers[0].name, id)
	lead.do(chromedp.Navigate(console + "/flags"))
	lead.says("stranger_again")

	zip := filepath.Join(t.TempDir(), "case.zip")
	o.ok("export", id, "--edition", "court", "--out", zip, "--as", o.keys["counsel"])
	r, err := verify.File(zip, verify.Options{})
	must(t, err)
	for _, c := range r.Checks {
		if len(c.Faults) > 0 {
			t.Errorf("%s: %v", c.Name, c.Faults)
		}
	}
	lead.do(chromedp.Navigate(console + "/cases/" + id + "/log"))
	lead.says("counsel.one")
}

// phoneInCase examines a phone with a planted trace and brings the report in.
func (n *town) phoneInCase(o *office, id string) {
	n.t.Helper()
	signsOf(n.t, o.data, "app-id,com.spy.example\n")
	report := filepath.Join(n.t.TempDir(), "report")
	if out, said, code := commandLine(n.t, "check", "--data", o.data, "--out", report, copyOfPhone(n.t, evilApp)); code != exitFound {
		n.t.Fatalf("check: exit %d: %s%s", code, out, said)
	}
	o.ok("import", id, "--check", report, "--about", "T-0001", "--basis", "consent:C-1", "--as", o.keys["lead"])
}

// approvedNotice takes a notice from its draft to the devices.
func (n *town) approvedNotice(o *office, id, omar string) {
	n.t.Helper()
	for _, step := range [][]string{{omar, "--review", "en"}, {omar, "--review", "ar"}, {o.keys["lead"], "--keep"}, {o.keys["lead"], "--approve"}, {o.keys["counsel"], "--approve"},
		{o.keys["lead"], "--country", "unknown"}, {o.keys["counsel"], "--country", "unknown"}, {o.keys["lead"], "--told", "Example Helpline", "--from", time.Now().UTC().Format(time.DateOnly)},
		{o.keys["lead"], "--send", "--every", "0s", "--spread", "0s", "--batch", "100"}} {
		o.ok(append(append([]string{"notify", id}, step[1:]...), "--as", step[0])...)
	}
}

// judgedStory writes a judgement that rests on the campaign and on the phone.
func (n *town) judgedStory(o *office, id string) {
	n.t.Helper()
	var j attribution.Judgement
	must(n.t, json.Unmarshal([]byte(o.ok("attribute", id, "--form", "--as", o.keys["lead"])), &j))
	judged(&j)
	b, err := json.Marshal(j)
	must(n.t, err)
	o.ok("attribute", id, "--edit", "--file", o.file("judgement.json", string(b)), "--as", o.keys["lead"])
}

// banned bans a client's print by two persons, and waits until a new account of it is
// flagged.
func (n *town) banned(who, id string) {
	n.t.Helper()
	var seen struct{ Prints []printView }
	n.banJSON(exitDone, &seen, "prints", who)
	n.ban(exitDone, "add", "print", seen.Prints[0].Value, "--reason", "rings strangers", "--by", "lena", "--and", "cass", "--case", id)
	time.Sleep(2 * time.Second) // the service sees it
	n.resident("stranger_again", "fork/1.0")
	eventually(n.t, "it is flagged", func() bool {
		out, code := n.try("ban", "flags", "--data", filepath.Join(n.dir, "data"))
		return code == exitFound && strings.Contains(out, "stranger_again")
	})
}
