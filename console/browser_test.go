package console

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/internal/browser"
	"github.com/ringfence/ringfence/wire"
)

// chromium is a real browser on the console.
type chromium struct {
	*memory
	t   *testing.T
	ctx context.Context
	url string
}

// newChromium starts a browser on a console of its own.
func newChromium(t *testing.T) *chromium {
	t.Helper()
	ctx := browser.Start(t)
	m := newMemory(time.Now)
	m.cases, m.bans = roomOf(t, time.Now), bansOf(t, time.Now)
	server := httptest.NewServer(New(Config{Desk: m.desk(), Log: slog.New(slog.DiscardHandler), Build: "test"}))
	t.Cleanup(func() { shut(server) })
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	return &chromium{m, t, ctx, "http://console.localhost" + port}
}

func (c *chromium) do(steps ...chromedp.Action[chromedp.Void]) {
	c.t.Helper()
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	watch := time.AfterFunc(time.Minute, cancel)
	defer watch.Stop()
	if err := chromedp.Do(ctx, steps...); err != nil {
		c.t.Fatal(err)
	}
}

func (c *chromium) eval(expression string) string {
	c.t.Helper()
	s, err := chromedp.Run(c.ctx, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		c.t.Fatalf("%s: %v", expression, err)
	}
	return s
}

// until waits until an expression is true.
func (c *chromium) until(what, expression string) {
	c.t.Helper()
	for range 600 {
		if ok, err := chromedp.Run(c.ctx, chromedp.Evaluate[bool]("Boolean("+expression+")")); err == nil && ok {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	c.t.Fatalf("%s: it did not come to pass; the page says: %s", what, c.eval("document.body.innerText"))
}

func (c *chromium) open(path string) {
	c.t.Helper()
	c.do(chromedp.Navigate(c.url + path))
}

func (c *chromium) signIn() {
	c.t.Helper()
	c.open("/sign-in#" + c.NewSignIn("mara"))
	c.until("signed in", `location.pathname == "/" && document.querySelector("nav")`)
}

// complaints collects what the browser has to say of the pages until they are
// asked for: a page that breaks its own policy is found here.
func (c *chromium) complaints() func() []string {
	ctx, cancel := context.WithCancel(c.ctx)
	said := make(chan string, 100)
	var reading sync.WaitGroup
	c.do(chromedp.Func(func(_ context.Context, t *chromedp.Target) error {
		entries, thrown := cdp.Events(ctx, t, log.EntryAdded), cdp.Events(ctx, t, runtime.ExceptionThrown)
		reading.Go(func() {
			for e, err := range entries {
				// Chromium has webrtc 'block' behind a flag and says that it does not know it.
				if err == nil && e.Entry.Level != log.EntryLevelVerbose && e.Entry.Level != log.EntryLevelInfo && !strings.Contains(e.Entry.Text, "directive 'webrtc'") {
					said <- e.Entry.Text
				}
			}
		})
		reading.Go(func() {
			for e, err := range thrown {
				if err == nil {
					said <- e.ExceptionDetails.Text
				}
			}
		})
		_, err := cdp.Call(ctx, t, log.Enable, cdp.Empty{})
		return err
	}))
	return func() (all []string) {
		cancel()
		reading.Wait()
		close(said)
		for s := range said {
			all = append(all, s)
		}
		return all
	}
}

func (c *chromium) fill() {
	c.mu.Lock()
	c.people[person(1)] = guard.Person{Account: person(1), Name: "mallory", Created: time.Now(), InvitedBy: person(2)}
	c.people[person(2)] = guard.Person{Account: person(2), Name: "bob", Created: time.Now()}
	c.mu.Unlock()
}

// A person signs in by a link, sees a verdict arrive, opens it, blocks the
// account and lifts the block again.
func TestInBrowser(t *testing.T) {
	c := newChromium(t)
	c.fill()
	c.do(chromedp.EmulateViewport(1280, 900))
	c.signIn()
	if got := c.eval("location.href"); strings.Contains(got, "#") {
		t.Errorf("the token stays in the address: %s", got)
	}
	if got := c.eval("document.cookie"); got != "" {
		t.Errorf("scripts can read the cookie: %s", got)
	}
	c.open("/verdicts")
	c.until("live", `document.querySelector("[data-live-state]").textContent == "Live"`)
	complaints := c.complaints()
	c.add(evilVerdict())
	c.until("the verdict arrives", `document.querySelector("[data-live-rows] tr[data-number='1']")`)
	c.until("a screen reader hears of it", `document.querySelector("[data-live-said]").textContent.startsWith("New verdict, high")`)
	c.recount(1, 17)
	c.until("its count grows", `document.querySelector("tr[data-number='1'] [data-f=count]").textContent == "17"`)
	if got := c.eval(`document.querySelectorAll("[data-live-rows] img, [data-live-rows] script").length + " " + (window.hit ?? "safe")`); got != "0 safe" {
		t.Errorf("a verdict brought elements or ran something: %s", got)
	}
	c.pauseAndGoOn()
	c.eval(`document.querySelector("tr[data-number='1'] a").click(), ""`)
	c.until("the verdict opens", `location.pathname == "/verdicts/1" && document.querySelector(".dump mark")`)
	c.eval(`document.querySelector("a.button[href*='#act']").click(), ""`)
	c.until("the account opens", `document.querySelector("form[action$='/block'] textarea")`)
	c.do(chromedp.SendKeys(chromedp.CSS("#reason"), "oversize offers"), chromedp.Click(chromedp.CSS("button.danger")))
	c.until("blocked", `document.querySelector("form[action$='/lift']") && document.querySelector(".title .tag.bad")`)
	c.do(chromedp.SendKeys(chromedp.CSS("#reason"), "our own tester"), chromedp.Click(chromedp.CSS("form[action$='/lift'] button")))
	c.until("lifted", `document.querySelector("form[action$='/block']") && document.querySelector(".history").innerText.includes("our own tester")`)
	if all := complaints(); len(all) > 0 {
		t.Errorf("the browser complains: %q", all)
	}
	c.do(chromedp.Click(chromedp.CSS(".out button")))
	c.until("signed out", `location.pathname == "/sign-in"`)
	c.open("/verdicts")
	c.until("the door is shut", `location.pathname == "/sign-in"`)
}

func (c *chromium) pauseAndGoOn() {
	c.t.Helper()
	c.do(chromedp.Click(chromedp.CSS("[data-live-pause]")))
	c.until("paused", `document.querySelector("[data-live]").dataset.state == "paused"`)
	c.add(someVerdict(time.Now(), nil))
	c.until("held", `document.querySelector("[data-live-show]").textContent == "Show 1 new" && !document.querySelector("tr[data-number='2']")`)
	c.do(chromedp.Click(chromedp.CSS("[data-live-pause]")))
	c.until("goes on", `document.querySelector("[data-live]").dataset.state == "live" && document.querySelector("tr[data-number='2']")`)
}

// evilVerdict is an offer with something smuggled in behind it, which would
// run if any page took it for more than bytes.
func evilVerdict() guard.Verdict {
	offer := append([]byte{0x40, 1}, make([]byte, 90)...)
	rand.Read(offer[2:18])
	offer[18] = byte(wire.Video)
	offer[27] = 1
	rand.Read(offer[28:])
	v := someVerdict(time.Now(), append(offer, "a=x-setting:<script>hit=1</script>\u202e"...))
	v.Rules, v.Offset, v.Length = []string{"R5", "R2"}, len(offer), len(v.Bytes)-len(offer)
	v.Reason = fmt.Sprintf("an offer of %d bytes, want 92 <img src=x onerror=hit=3>\u202e", len(v.Bytes))
	rand.Read(v.Call[:])
	return v
}

// The live list says when the server is gone, and finds it again without
// missing anything.
func TestReconnectInBrowser(t *testing.T) {
	c := newChromium(t)
	c.fill()
	c.do(chromedp.EmulateViewport(800, 600))
	c.signIn()
	c.open("/verdicts")
	c.until("live", `document.querySelector("[data-live]").dataset.state == "live"`)
	offline := func(on bool) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.down = on
	}
	offline(true)
	c.add(someVerdict(time.Now(), nil))
	c.until("it is seen that the stream broke", `document.querySelector("[data-live]").dataset.state == "waiting"`)
	c.add(someVerdict(time.Now(), nil))
	offline(false)
	c.until("live again", `document.querySelector("[data-live]").dataset.state == "live"`)
	c.until("nothing is missing", `document.querySelectorAll("[data-live-rows] tr").length == 2`)
}

// Every page fits its window: at phone width, right-to-left, in light and dark.
// With RINGFENCE_SCREENSHOTS set to a folder it leaves pictures there.
func TestLook(t *testing.T) {
	c := newChromium(t)
	c.fill()
	for i := range 30 {
		v := evilVerdict()
		v.At = time.Now().Add(time.Duration(i-30) * 7 * time.Minute)
		v.Range = i%3 == 0
		switch i % 4 {
		case 1:
			v.Severity, v.Kind, v.Action, v.Rules, v.Reason = guard.Critical, guard.Offer, guard.Quarantine, []string{"R15"}, "the callee has not accepted this caller"
		case 2:
			v.Severity, v.Kind, v.Action, v.Rules, v.Reason, v.Target = guard.Medium, guard.HandIn, guard.Drop, []string{"R20"}, "a delivery token that nobody gave out", wire.ID{}
		}
		c.add(v)
	}
	memoryBlocks{c.memory}.Block(c.ctx, person(2), "mara", "sent the same malformed ring 400 times in a minute; see verdict 12")
	c.memory.dry = []guard.DrySpell{
		{Number: 1, Account: person(1), Since: time.Now().Add(-50 * time.Hour), Last: time.Now().Add(-time.Minute), Given: 1431},
		{Number: 2, Account: person(2), Since: time.Now().Add(-9 * 24 * time.Hour), Last: time.Now().Add(-8 * 24 * time.Hour), Given: 1, Refilled: time.Now().Add(-7 * 24 * time.Hour)},
	}
	c.memory.hunts("C-2026-0001", hunt.Strong, 34)
	c.memory.hunts("C-2026-0002", hunt.Weak, 5)
	c.memory.reports = []guard.Report{{Number: 1, At: time.Now(), Reporter: person(2), Account: person(1), Call: wire.ID{7}}, {Number: 2, At: time.Now(), Reporter: person(2), Account: person(3)}}
	c.memory.config.Off = []string{}
	c.memory.config.Limits.OffersPerMinute = 4
	c.do(chromedp.EmulateViewport(1280, 900))
	c.open("/sign-in")
	c.shoot("signin", "light", false, 1280)
	c.signIn()
	id := newFile(t, c.memory).ID
	c.banned(t)
	pages := map[string]string{"bans": "/bans", "ban": "/bans/B-2026-0001", "ban-print": "/bans/B-2026-0002", "flags": "/flags", "flag": "/flags/1", "cases": "/cases", "case": "/cases/" + id, "case-timeline": "/cases/" + id + "/timeline", "case-evidence": "/cases/" + id + "/evidence", "case-exhibit": "/cases/" + id + "/evidence?exhibit=E-0002",
		"case-people": "/cases/" + id + "/people", "me": "/me", "case-notices": "/cases/" + id + "/notices?language=ar", "case-file": "/cases/" + id + "/file", "case-graph": "/cases/" + id + "/graph", "case-attribution": "/cases/" + id + "/attribution", "case-log": "/cases/" + id + "/log", "home": "/", "verdicts": "/verdicts?origin=real", "verdict": "/verdicts/29", "rules": "/rules", "blocks": "/blocks", "keys": "/keys", "campaigns": "/campaigns", "campaign": "/campaigns/C-2026-0001",
		"account": "/accounts/" + person(1).String(), "problem": "/verdicts/777"}
	for name, path := range pages {
		c.open(path)
		c.shoot(name, "light", false, 1280)
		browser.Axe(t, c.ctx, name+", light")
		c.shoot(name, "dark", false, 1280)
		browser.Axe(t, c.ctx, name+", dark")
		c.shoot(name, "light", false, 390)
		c.shoot(name, "dark", true, 390)
		c.shoot(name, "light", true, 1280)
	}
}

func (c *chromium) shoot(name, scheme string, rtl bool, width int64) {
	c.t.Helper()
	dir := "ltr"
	if rtl {
		dir = "rtl"
	}
	c.do(chromedp.EmulateViewport(width, 900), chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
		return err
	}))
	c.eval(`document.documentElement.dir = "` + dir + `", ""`)
	if got := c.eval(`String(document.documentElement.scrollWidth - document.documentElement.clientWidth)`); got != "0" {
		c.t.Errorf("%s at %d pixels, %s: wider than the window by %s", name, width, dir, got)
	}
	folder := os.Getenv("RINGFENCE_SCREENSHOTS")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(c.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		c.t.Fatal(err)
	}
	file := filepath.Join(folder, strings.Join([]string{name, scheme, dir, map[bool]string{true: "phone", false: "desk"}[width < 500]}, "-")+".png")
	if err := os.WriteFile(file, picture, 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// shut ends a server to which a browser may be connected, and connects again as soon
// as it loses the connection: nobody is let in any more before all are sent away.
func shut(s *httptest.Server) {
	s.Listener.Close()
	s.CloseClientConnections()
	s.Close()
}
