package console

import (
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/ringfence/ringfence/internal/browser"
)

// By keyboard alone, somebody goes from any page to the ledger of a case.
func TestPaletteInBrowser(t *testing.T) {
	c := newChromium(t)
	f := newFile(t, c.memory)
	c.do(chromedp.EmulateViewport(1280, 900))
	c.signIn()
	c.until("the script is there", `document.querySelector("[data-palette]").dataset.ready`)
	complaints := c.complaints()
	c.do(chromedp.KeyEvent("k", chromedp.KeyModifiers(2))) // Ctrl
	c.until("the palette is open", `document.querySelector("dialog[open] li")`)
	browser.Axe(t, c.ctx, "the palette")
	c.do(chromedp.KeyEvent("log may"))
	c.until("one place is left", `document.querySelectorAll("dialog[open] li").length == 1`)
	c.do(chromedp.KeyEvent(kb.Enter))
	c.until("the ledger is shown", `location.pathname == "/cases/`+f.ID+`/log" && document.querySelector("[data-palette]")?.dataset.ready`)
	c.do(chromedp.KeyEvent("/"))
	c.until("the search has the focus", `document.activeElement.matches(".find input")`)
	if all := complaints(); len(all) > 0 {
		t.Errorf("the browser complains: %q", all)
	}
}
