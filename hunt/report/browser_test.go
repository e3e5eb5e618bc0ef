package report

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/internal/browser"
)

// The report is looked at as people will: light, dark, on a phone, from right
// to left. RINGFENCE_SCREENSHOTS=DIR keeps what was seen.
func TestPageInBrowser(t *testing.T) {
	ctx := browser.Start(t)
	for name, of := range map[string]struct {
		r        hunt.Result
		language string
		dark     bool
		width    int64
	}{
		"light": {sample(), "en", false, 1000}, "dark": {sample(), "en", true, 1000}, "phone": {sample(), "en", false, 360}, "rtl": {sample(), "ar", true, 900},
		"phone-rtl": {sample(), "ar", false, 360}, "nothing": {hunt.Result{}, "en", false, 1000}, "crowded": {crowded(), "en", false, 800}, "hostile": {deceitful(), "ar", false, 360},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := Write(&b, of.r, Options{Language: of.language}); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "report.html")
			if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			browser.Look(t, ctx, "hunt-"+name, file, of.dark, of.width)
		})
	}
}
