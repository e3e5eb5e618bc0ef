package report

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/ringfence/ringfence/inspect"
	"github.com/ringfence/ringfence/internal/browser"
)

// The page is looked at as people will: light, dark, on a phone.
// RINGFENCE_SCREENSHOTS=DIR keeps what was seen.
func TestPageInBrowser(t *testing.T) {
	ctx := browser.Start(t)
	for name, of := range map[string]struct {
		r     *inspect.Report
		dark  bool
		width int64
	}{"light": {sample(), false, 1000}, "dark": {sample(), true, 1000}, "phone": {sample(), false, 360}, "nothing": {&inspect.Report{}, true, 800}} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := Write(&b, of.r); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "report.html")
			if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			browser.Look(t, ctx, "inspect-"+name, file, of.dark, of.width)
		})
	}
}
