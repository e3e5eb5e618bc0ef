package report

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ringfence/ringfence/check"
	"github.com/ringfence/ringfence/internal/browser"
)

// The report is looked at as people will: light, dark, on a phone, from right
// to left, printed. RINGFENCE_SCREENSHOTS=DIR keeps what was seen.
func TestPageInBrowser(t *testing.T) {
	ctx := browser.Start(t)
	for name, of := range map[string]struct {
		r        *check.Result
		language string
		dark     bool
		width    int64
	}{
		"traces-light": {sample(), "en", false, 1000}, "traces-dark": {sample(), "en", true, 1000},
		"traces-phone": {sample(), "en", false, 360}, "traces-rtl": {sample(), "ar", true, 800}, "traces-phone-rtl": {sample(), "ar", false, 360},
		"nothing-light": {quiet(), "en", false, 1000}, "crowded-light": {crowded(), "en", false, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := render(of.r, Options{Language: of.language, Facts: true})
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "report.html")
			if err := os.WriteFile(file, b, 0o600); err != nil {
				t.Fatal(err)
			}
			browser.Look(t, ctx, "report-"+name, file, of.dark, of.width)
		})
	}
}
