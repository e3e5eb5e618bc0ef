package web_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"

	"github.com/ringfence/ringfence/internal/browser"
)

// readable fails when somebody could not use the page as it stands: text too
// faint, a control without a name, one too small for a finger, or something
// wider than the window.
func (w *window) readable(what string) {
	w.t.Helper()
	w.fits()
	for _, s := range eval[[]string](w, faint) {
		w.t.Errorf("%s, %s: too faint: %s", w.name, what, s)
	}
	for _, s := range eval[[]string](w, small) {
		w.t.Errorf("%s, %s: too small for a finger: %s", w.name, what, s)
	}
	for _, s := range w.nameless() {
		w.t.Errorf("%s, %s: without a name for a screen reader: %s", w.name, what, s)
	}
}

// nameless asks the browser what a screen reader is told.
func (w *window) nameless() (found []string) {
	w.t.Helper()
	roles := map[string]bool{"button": true, "textbox": true, "link": true, "img": true, "image": true, "dialog": true, "radio": true, "checkbox": true, "log": true, "navigation": true, "region": true}
	w.do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		tree, err := cdp.Call(ctx, target, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
		if err != nil {
			return err
		}
		for _, n := range tree.Nodes {
			if n.Ignored || n.Role == nil || !roles[word(n.Role)] {
				continue
			}
			if n.Name == nil || word(n.Name) == "" {
				found = append(found, fmt.Sprintf("%s, node %v", word(n.Role), n.BackendDOMNodeID))
			}
		}
		return nil
	}))
	return found
}

func word(v *accessibility.Value) string { return strings.Trim(string(v.Value), `"`) }

// faint lists text whose contrast is below WCAG 2.2 §1.4.3: 4.5, and 3 for
// large text.
const faint = `(() => {
	const parse = (c) => { const m = c.match(/[\d.]+/g).map(Number); return c.startsWith("color(") ? [m[0] * 255, m[1] * 255, m[2] * 255, m[3] ?? 1] : [m[0], m[1], m[2], m[3] ?? 1] };
	const over = (a, b) => [0, 1, 2].map((i) => a[i] * a[3] + b[i] * (1 - a[3])).concat(1);
	const light = (c) => { const [r, g, b] = c.map((v) => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4); return .2126 * r + .7152 * g + .0722 * b };
	const ground = (e) => {
		if (!e) return parse(getComputedStyle(document.documentElement).backgroundColor);
		if (e.matches("dialog.call")) return [29, 69, 54, 1]; // the lightest of its gradient
		const c = parse(getComputedStyle(e).backgroundColor);
		return c[3] === 1 ? c : over(c, ground(e.parentElement));
	};
	const bad = [];
	const root = document.querySelector("dialog[open]") ?? document.body;
	const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
	while (walk.nextNode()) {
		const text = walk.currentNode.textContent.trim(), e = walk.currentNode.parentElement;
		if (!text || e.closest(".sr, .skip, noscript, [hidden], :disabled") || e.getClientRects().length === 0) continue;
		const style = getComputedStyle(e), size = parseFloat(style.fontSize), large = size >= 24 || size >= 18.66 && style.fontWeight >= 700;
		const back = ground(e), front = over(parse(style.color), back);
		const [hi, lo] = [light(front), light(back)].sort((a, b) => b - a);
		const ratio = (hi + .05) / (lo + .05);
		if (ratio < (large ? 3 : 4.5)) bad.push(text.slice(0, 40) + " " + ratio.toFixed(2));
	}
	return bad;
})()`

const small = `[...(document.querySelector("dialog[open]") ?? document).querySelectorAll("button, a[href]")].filter((e) => !e.closest(".skip, [hidden]") && e.getClientRects().length > 0).map((e) => [e, e.getBoundingClientRect()]).filter(([, r]) => r.width < 40 || r.height < 40).map(([e, r]) => (e.innerText || e.ariaLabel) + " " + Math.round(r.width) + "x" + Math.round(r.height))`

// On a phone, right-to-left, in the dark: every page can be read and used, by
// keyboard too, and what the other person wrote stays text.
func TestRightToLeftOnAPhone(t *testing.T) {
	chromium := browser.Start(t)
	s := serve(t)
	noor, sami := open(t, chromium, "noor", 390, 844), open(t, chromium, "sami", 360, 740)
	sami.dark(true)
	sami.do(chromedp.Navigate(s.invite("")))
	sami.until("the door", `document.querySelector("#name")`)
	eval[bool](sami, `document.querySelector("input[value=ar]").click() ?? true`)
	sami.until("the page has turned", `document.documentElement.dir === "rtl" && document.documentElement.lang === "ar"`)
	sami.readable("the door")
	sami.shoot("20-welcome-rtl-dark")
	sami.fill("#name", "X!")
	sami.do(chromedp.KeyEvent("\r"))
	sami.untilText("الاسم من 3 إلى 20 خانة")
	eval[bool](sami, `(document.querySelector("#name").value = "", true)`)
	sami.fill("#name", "sami")
	sami.do(chromedp.KeyEvent("\r"))
	sami.until("the house is open", `document.querySelector(".frame")`)
	sami.readable("nobody")
	noor.join(s.invite(""), "noor")

	sami.click("#find")
	sami.readable("the question")
	sami.shoot("21-find-rtl-dark")
	sami.fill("#find-name", "noor")
	sami.do(chromedp.KeyEvent("\r"))
	noor.untilText("sami would like to reach you")
	noor.readable("a knock")
	noor.shoot("22-knock-light")
	noor.button("Accept: sami")
	sami.openChat("noor")
	noor.openChat("sami")
	hostile := "<img src=x onerror=alert(1)> \u202Eevil\u202C \u0645\u0631\u062d\u0628\u0627"
	noor.until("one can write", `document.querySelector("#write")`)
	eval[bool](noor, fmt.Sprintf(`(() => { const e = document.querySelector("#write"); e.value = %q; e.dispatchEvent(new Event("input")); document.querySelector(".send").click(); return true })()`, hostile))
	sami.until("it arrives as it was written", fmt.Sprintf(`[...document.querySelectorAll(".said")].some((e) => e.textContent === %q)`, hostile))
	if n := eval[int](sami, `document.querySelectorAll(".messages img").length`); n != 0 {
		t.Error("what was written became markup")
	}
	sami.write("\u0623\u0647\u0644\u0627\u064b \u0646\u0648\u0631! \u0643\u064a\u0641 \u062d\u0627\u0644\u0643\u061f")
	sami.write("https://example.org/a?b=1 \u0634\u0648\u0641\u064a \u0647\u0630\u0627")
	noor.until("two arrive", `document.querySelectorAll(".bubble:not(.mine)").length === 2`)
	sami.until("nothing covers the page", `!document.querySelector(".toast")`)
	sami.readable("a conversation")
	noor.readable("a conversation")
	sami.shoot("23-chat-rtl-dark")
	mine := eval[float64](sami, `document.querySelector(".bubble.mine").getBoundingClientRect().left`)
	if theirs := eval[float64](sami, `document.querySelector(".bubble:not(.mine)").getBoundingClientRect().left`); mine >= theirs {
		t.Errorf("right-to-left, one's own words stand at %v and the other's at %v", mine, theirs)
	}
	sami.click(".who")
	sami.until("the digits", `document.querySelector("#digits")`)
	sami.readable("the safety number")
	sami.shoot("24-safety-rtl-dark")
	sami.do(chromedp.KeyEvent("\u001b")) // Escape goes back, and the focus is where one left
	sami.until("back at the list", `document.querySelector(".frame[data-at=people]") && document.activeElement.matches("button.row")`)
	sami.click("#settings")
	sami.readable("settings")
	sami.shoot("25-settings-rtl-dark")
	sami.do(chromedp.KeyEvent("\u001b"))

	rename(noor, "sami", "Uncle Sami")
	sami.openChat("noor")
	sami.click("#call-sound")
	noor.rung("Uncle Sami")
	noor.readable("a ring")
	sami.readable("calling")
	sami.shoot("26-calling-rtl-dark")
	noor.do(chromedp.KeyEvent("\r")) // the focus is on "answer"
	for _, w := range []*window{noor, sami} {
		w.until("they talk", `document.querySelector("dialog.call[data-phase=talking]")`)
		w.readable("a call")
	}
	noor.shoot("27-sound-call")
	noor.button("Hang up")
	sami.until("the call is over", `!document.querySelector("dialog.call")`)
	sami.clean(s.host)
	noor.clean(s.host)
}

// rename gives a contact the name under which its calls ring.
func rename(w *window, from, to string) {
	w.t.Helper()
	w.click(".who")
	w.click("[data-key=edit]")
	w.until("the question", `document.querySelector("dialog[open] #asked")`)
	w.readable("the question of a name")
	eval[bool](w, `(document.querySelector("#asked").value = "", true)`)
	w.fill("#asked", to)
	w.button("Save")
	w.untilText("About ")
	w.button("Back")
	w.until("the name is changed", fmt.Sprintf(`document.querySelector(".who-name").innerText === %q`, to))
}
