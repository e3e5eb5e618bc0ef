package browser

import (
	"context"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// contrasts is run in the page: every text, those of drawings too, against what
// stands behind it (WCAG 2.2 §1.4.3), headings in order, and nothing wider than the page.
const contrasts = `(() => {
  const wrong = [];
  const lum = c => { const [r, g, b] = c.map(v => { v /= 255; return v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4 }); return .2126 * r + .7152 * g + .0722 * b };
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = s => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = s; canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data] };
  const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] > 200) return c } return [255, 255, 255] };
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility()) continue;
    const drawn = e.matches('svg text'), own = getComputedStyle(e);
    const a = lum(rgb(drawn ? own.fill : own.color)), b = lum(drawn && e.parentElement.matches('.tile') ? rgb(getComputedStyle(e.previousElementSibling).fill) : ground(e));
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) wrong.push(e.tagName + '.' + e.className + ' ' + ratio.toFixed(2) + ': ' + e.textContent.slice(0, 40));
  }
  let level = 0;
  for (const h of document.querySelectorAll('h1,h2,h3')) { const n = +h.tagName[1]; if (n > level + 1) wrong.push('heading ' + h.textContent); level = n }
  if (document.documentElement.scrollWidth > innerWidth) wrong.push('wider than the page: ' + document.documentElement.scrollWidth + ' of ' + innerWidth);
  return wrong;
})()`

// Look opens a file as a page, and fails where its texts are hard to read, its
// headings out of order, or it is wider than the window.
// RINGFENCE_SCREENSHOTS=DIR keeps what was seen, as NAME.jpg.
func Look(t testing.TB, ctx context.Context, name, file string, dark bool, width int64) {
	t.Helper()
	scheme := map[bool]string{true: "dark", false: "light"}[dark]
	err := chromedp.Do(ctx, chromedp.EmulateViewport(width, 900), chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}})
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Run(ctx, chromedp.Navigate((&url.URL{Scheme: "file", Path: file}).String())); err != nil {
		t.Fatal(err)
	}
	wrong, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](contrasts))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range wrong {
		t.Error(w)
	}
	if dir := os.Getenv("RINGFENCE_SCREENSHOTS"); dir != "" {
		shot, err := chromedp.Run(ctx, chromedp.FullScreenshot(85))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name+".jpg"), shot, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
