package draw

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/ringfence/ringfence/internal/browser"
)

// drawn is run in the page, whose tables are open. It finds texts that lie on one another or
// outside their drawing, texts that are hard to read on what is drawn behind them
// (WCAG 2.2 §1.4.3), and texts that became more than text.
const drawn = `(() => {
  const wrong = [];
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = s => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = s; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data] };
  const lum = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 }); return .2126 * r + .7152 * g + .0722 * b };
  const ratio = (a, b) => (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
  for (const svg of document.querySelectorAll('svg')) {
    const where = svg.getAttribute('aria-labelledby'), all = [...svg.querySelectorAll('text, rect, circle, polygon')];
    const ground = rgb(getComputedStyle(svg.parentElement).backgroundColor), view = svg.viewBox.baseVal, texts = [];
    all.forEach((e, i) => {
      if (e.tagName !== 'text') return;
      const b = e.getBBox(), x = b.x + b.width / 2, y = b.y + b.height / 2, s = where + ': ' + e.lastChild.textContent.slice(0, 40);
      if (b.x < -1 || b.y < -2 || b.x + b.width > view.width + 1 || b.y + b.height > view.height + 2) wrong.push('outside: ' + s + ' ' + [b.x, b.y, b.width, view.width, view.height].map(Math.round));
      for (const o of texts) {
        const w = Math.min(b.x + b.width, o.b.x + o.b.width) - Math.max(b.x, o.b.x), h = Math.min(b.y + b.height, o.b.y + o.b.height) - Math.max(b.y, o.b.y);
        if (w > 1 && h > 4) wrong.push('on one another: ' + s + ' | ' + o.s);
      }
      texts.push({b, s});
      let behind = ground;
      for (const f of all.slice(0, i)) {
        if (f.tagName === 'text') continue;
        const c = rgb(getComputedStyle(f).fill), q = f.getBBox();
        const inside = f.isPointInFill ? f.isPointInFill(new DOMPoint(x, y)) : x > q.x && x < q.x + q.width && y > q.y && y < q.y + q.height;
        if (getComputedStyle(f).fill !== 'none' && c[3] > 200 && inside) behind = c;
      }
      const r = ratio(lum(rgb(getComputedStyle(e).fill)), lum(behind));
      if (r < 4.5) wrong.push('hard to read: ' + r.toFixed(2) + ' ' + s);
      const px = parseFloat(getComputedStyle(e).fontSize) * svg.getBoundingClientRect().width / view.width;
      if (px < 9) wrong.push('too small: ' + px.toFixed(1) + ' px ' + s);
    });
    if (!texts.length && !svg.matches('.draw-inline') && !svg.querySelector('line')) wrong.push('nothing is drawn: ' + where);
  }
  if (document.querySelector('main script, main [onload]')) wrong.push('a text became markup');
  if (document.getAnimations().length) wrong.push('something moves');
  return wrong;
})()`

// page is all figures, under a policy that forbids every style but the style sheet's
// file, and every script.
func page(t *testing.T, all map[string]Drawing, direction, theme string) string {
	t.Helper()
	var b bytes.Buffer
	fmt.Fprintf(&b, `<!doctype html><html lang="en" dir="%s" data-theme="%s"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Figures</title>
<link rel="stylesheet" href="page.css"><link rel="stylesheet" href="draw.css"></head><body><main><h1>Figures</h1>`, direction, theme)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		figure := Figure(name, all[name])
		if !strings.HasSuffix(name, "crowded") { // the tables of those are long, and like any other
			figure = bytes.ReplaceAll(figure, []byte("<details"), []byte("<details open"))
		}
		fmt.Fprintf(&b, "<section><h2>%s</h2>%s</section>", name, figure)
	}
	b.WriteString("</main></body></html>")
	dir := t.TempDir()
	const plainPage = `:root { color-scheme: light dark; } :root[data-theme="light"] { color-scheme: light; } :root[data-theme="dark"] { color-scheme: dark; }
html { background: light-dark(#ffffff, #1d201f); color: light-dark(#1b1d1c, #eceeec); font: 100%/1.5 system-ui, sans-serif; } body { margin: .5rem; } .draw-twin > .draw-scroll { max-block-size: 8rem; overflow: auto; } section { min-inline-size: 0; }`
	for name, of := range map[string][]byte{"page.html": b.Bytes(), "page.css": []byte(plainPage), "draw.css": CSS()} {
		if err := os.WriteFile(filepath.Join(dir, name), of, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "page.html")
}

// look tries what is drawn on screen or as it would be on paper.
func look(t *testing.T, ctx context.Context, medium string) {
	t.Helper()
	err := chromedp.Do(ctx, chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: medium})
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](drawn))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Error(medium + ": " + w)
	}
}

// All figures are looked at as people will: light, dark, on a phone, from right to
// left, and with texts that mean harm. RINGFENCE_SCREENSHOTS=DIR keeps what was seen.
func TestFiguresInBrowser(t *testing.T) {
	ctx := browser.Start(t)
	for _, of := range []struct {
		name, direction, theme string
		all                    map[string]Drawing
		dark                   bool
		width                  int64
	}{
		{"light", "ltr", "", samples(), false, 1000}, {"dark", "ltr", "", samples(), true, 1000},
		{"phone", "ltr", "", samples(), false, 360}, {"rtl", "rtl", "dark", samples(), false, 900}, {"phone-rtl", "rtl", "light", samples(), true, 360},
		{"hostile", "ltr", "", hostile(evil[0]), false, 360}, {"hostile-turned", "rtl", "", hostile(evil[2]), true, 900},
		{"hostile-long", "ltr", "", hostile(evil[3]), false, 900}, {"hostile-arabic", "rtl", "", hostile(evil[6]), false, 900},
	} {
		t.Run(of.name, func(t *testing.T) {
			browser.Look(t, ctx, "draw-"+of.name, page(t, of.all, of.direction, of.theme), of.dark, of.width)
			look(t, ctx, "screen")
			if of.width > 800 { // as paper is, at the size of its letters; from a dark screen too
				look(t, ctx, "print")
			}
		})
	}
	browser.Axe(t, ctx, "figures")
}
