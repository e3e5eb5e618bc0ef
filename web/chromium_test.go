package web_test

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// window is one window with storage of its own: another device.
type window struct {
	t    *testing.T
	ctx  context.Context
	name string

	mu    sync.Mutex
	said  []string // what the browser complained of
	asked []string // hosts that were asked for anything
}

// open makes a window of its own, so wide and high.
func open(t *testing.T, chromium context.Context, name string, wide, high int64) *window {
	t.Helper()
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	w := &window{t: t, ctx: ctx, name: name}
	var watching sync.WaitGroup
	t.Cleanup(func() { cancel(); watching.Wait() })
	w.do(chromedp.Func(func(_ context.Context, target *chromedp.Target) error {
		if _, err := cdp.Call(ctx, target, log.Enable, cdp.Empty{}); err != nil {
			return err
		}
		if _, err := cdp.Call(ctx, target, network.Enable, network.EnableParams{}); err != nil {
			return err
		}
		watch(ctx, &watching, target, log.EntryAdded, func(e log.EventEntryAdded) {
			if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
				w.complain(e.Entry.Text + " " + e.Entry.URL)
			}
		})
		watch(ctx, &watching, target, runtime.ExceptionThrown, func(e runtime.EventExceptionThrown) {
			w.complain(e.ExceptionDetails.Text)
		})
		watch(ctx, &watching, target, runtime.ConsoleAPICalled, func(e runtime.EventConsoleAPICalled) {
			if e.Type == "error" || e.Type == "warning" {
				w.complain("console: " + said(e.Args))
			}
		})
		// Keeps the page's connections, for the test to read their counters.
		if _, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: keepConnections}); err != nil {
			return err
		}
		watch(ctx, &watching, target, network.RequestWillBeSent, func(e network.EventRequestWillBeSent) { w.ask(e.Request.URL) })
		watch(ctx, &watching, target, network.WebSocketCreated, func(e network.EventWebSocketCreated) { w.ask(e.URL) })
		return nil
	}), chromedp.EmulateViewport(wide, high))
	return w
}

const keepConnections = `window.connections = []; const Real = RTCPeerConnection; window.RTCPeerConnection = class extends Real { constructor(c) { super(c); window.connections.push(this); } };`

// watch hands events to f until the window closes.
func watch[E any](ctx context.Context, watching *sync.WaitGroup, target *chromedp.Target, event cdp.Event[E], f func(E)) {
	events := cdp.Events(ctx, target, event)
	watching.Go(func() {
		for e, err := range events {
			if err != nil {
				return
			}
			f(e)
		}
	})
}

func said(args []*runtime.RemoteObject) (s string) {
	for _, a := range args {
		s += fmt.Sprintf("%s %s ", a.Value, a.Description)
	}
	return s
}

func (w *window) complain(s string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.said = append(w.said, s)
}

func (w *window) ask(address string) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "data" || u.Scheme == "blob" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked = append(w.asked, u.Host)
}

// clean fails when the browser complained of anything, a broken policy too, or
// asked anybody but host for something.
func (w *window) clean(host string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range w.said {
		w.t.Errorf("%s's browser says: %s", w.name, s)
	}
	for _, h := range w.asked {
		if h != host {
			w.t.Errorf("%s's browser asked %s for something", w.name, h)
		}
	}
}

// do runs actions; a minute without an end is a failure.
func (w *window) do(steps ...chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	if chromedp.FromContext(w.ctx).Target == nil {
		if err := chromedp.Do(w.ctx, steps...); err != nil {
			w.t.Fatalf("%s: %v", w.name, err)
		}
		return
	}
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, steps...); err != nil {
		w.t.Fatalf("%s: %v\n%s", w.name, err, w.text())
	}
}

// text is what the page says.
func (w *window) text() string {
	s, _ := chromedp.Run(w.ctx, chromedp.Evaluate[string]("document.body.innerText"))
	return s
}

func eval[T any](w *window, expression string) T {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		w.t.Fatalf("%s: %s: %v", w.name, expression, err)
	}
	return v
}

// until waits until an expression, or what it promises, is true.
func (w *window) until(what, expression string) {
	w.t.Helper()
	for range 600 {
		if ok, err := chromedp.Run(w.ctx, chromedp.Evaluate[bool]("(async () => Boolean(await ("+expression+")))()", chromedp.EvalAwaitPromise)); err == nil && ok {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("%s: %s: it did not come to pass; the page says:\n%s", w.name, what, w.text())
}

func (w *window) untilText(s string) {
	w.t.Helper()
	w.until("the page says "+s, fmt.Sprintf(`document.body.innerText.replace(/[\u2068\u2069]/g, "").includes(%q)`, s))
}

// click waits for what a selector names, in an open dialog if there is one,
// and clicks it as a person does: it must be visible.
func (w *window) click(selector string) {
	w.t.Helper()
	w.until("there is "+selector, fmt.Sprintf("(() => { const e = document.querySelector(%q); return e && e.getClientRects().length > 0 && !e.disabled })()", selector))
	// A page that is drawn anew in between has another element of that name.
	for range 20 {
		ctx, cancel := context.WithTimeout(w.ctx, 10*time.Second)
		err := chromedp.Do(ctx, chromedp.Click(chromedp.CSS(selector)))
		cancel()
		if err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	w.t.Fatalf("%s: %s could not be clicked\n%s", w.name, selector, w.text())
}

// button clicks the button that says or is called so.
func (w *window) button(name string) {
	w.t.Helper()
	w.until("there is a button "+name, fmt.Sprintf(findButton, name))
	eval[bool](w, fmt.Sprintf("(%s).click() ?? true", fmt.Sprintf(findButton, name)))
}

const findButton = `[...(document.querySelector("dialog[open]") ?? document).querySelectorAll("button")].find((b) => [b.innerText.trim(), b.ariaLabel].includes(%q) && b.getClientRects().length > 0 && !b.disabled)`

func (w *window) fill(selector, text string) {
	w.t.Helper()
	w.click(selector)
	w.do(chromedp.SendKeys(chromedp.CSS(selector), text))
}

// shoot keeps a picture of the window where RINGFENCE_SHOTS says, for people
// to look at.
func (w *window) shoot(name string) {
	w.t.Helper()
	folder := os.Getenv("RINGFENCE_SHOTS")
	if folder == "" {
		return
	}
	b, err := chromedp.Run(w.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+".png"), b, 0o644); err != nil {
		w.t.Fatal(err)
	}
}

// dark switches between light and dark, and whether motion is reduced.
func (w *window) dark(yes bool) {
	w.t.Helper()
	scheme := map[bool]string{true: "dark", false: "light"}[yes]
	w.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
		})
		return err
	}))
}

// fits fails when something is wider than the window.
func (w *window) fits() {
	w.t.Helper()
	wide := eval[[]string](w, `[...document.querySelectorAll("body *")].filter((e) => { const r = e.getBoundingClientRect(); return r.width > 0 && (r.left < -1 || r.right > innerWidth + 1) && !e.closest(".sr, .skip, .row-last, .who-name, .row-name") }).map((e) => e.tagName + "." + e.className + " " + Math.round(e.getBoundingClientRect().left) + ".." + Math.round(e.getBoundingClientRect().right))`)
	if len(wide) > 0 {
		w.t.Errorf("%s: wider than the window: %s", w.name, strings.Join(wide, "; "))
	}
}
