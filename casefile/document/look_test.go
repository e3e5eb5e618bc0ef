package document

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/internal/browser"
)

// The document is looked at as people will: light, dark, on a phone.
// axe-core finds nothing in it. RINGFENCE_SCREENSHOTS=DIR keeps what was seen.
func TestInBrowser(t *testing.T) {
	ctx := browser.Start(t)
	court, public, own := render(t, sample(t)), render(t, forEverybody(t)), render(t, own(t))
	for name, of := range map[string]struct {
		text  string
		dark  bool
		width int64
	}{
		"light": {court["case-file.html"], false, 1000}, "dark": {court["case-file.html"], true, 1000}, "phone": {court["case-file.html"], false, 360}, "public": {public["case-file.html"], false, 1000}, "own": {own["case-file.html"], true, 360},
		"certificates": {court["certificates.html"], false, 1000}, "certificates-dark": {court["certificates.html"], true, 1000}, "certificates-phone": {court["certificates.html"], false, 360},
		"hostile": {render(t, poisoned(t, strings.Repeat("W", 300)+"<b>\u202e"))["case-file.html"], false, 360},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "page.html")
			if err := os.WriteFile(file, []byte(of.text), 0o600); err != nil {
				t.Fatal(err)
			}
			browser.Look(t, ctx, "document-"+name, file, of.dark, of.width)
			browser.Axe(t, ctx, name)
		})
	}
}
