package document

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ringfence/ringfence/internal/browser"
)

// The document is looked at as people will: light, dark, on a phone.
// RINGFENCE_SCREENSHOTS=DIR keeps what was seen.
func TestInBrowser(t *testing.T) {
	ctx := browser.Start(t)
	files := render(t, sample(t))
	for name, of := range map[string]struct {
		file  string
		dark  bool
		width int64
	}{
		"light": {"case-file.html", false, 1000}, "dark": {"case-file.html", true, 1000}, "phone": {"case-file.html", false, 360},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "page.html")
			if err := os.WriteFile(file, []byte(files[of.file]), 0o600); err != nil {
				t.Fatal(err)
			}
			browser.Look(t, ctx, "document-"+name, file, of.dark, of.width)
		})
	}
}
