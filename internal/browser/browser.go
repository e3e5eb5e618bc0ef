// Package browser starts a real Chromium for the tests of what people see and of
// what a browser does with a call.
package browser

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/chromedp/chromedp"
)

// Start starts a browser of its own for a test, with a camera and a microphone
// that send a test picture and a tone, and ends it with the test. Without
// Chromium nothing of this is tested: the test says so aloud and is skipped, and
// in CI it fails.
func Start(t testing.TB) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("no browser in short tests")
	}
	path := find()
	switch {
	case path == "" && os.Getenv("CI") == "true":
		t.Fatal("CHROMIUM IS MISSING: nothing was tried in a browser; install chromium")
	case path == "":
		t.Skip("CHROMIUM IS MISSING: this was NOT tried in a browser; install chromium and test again")
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Headless,
		chromedp.Flag("use-fake-device-for-media-stream", true), chromedp.Flag("use-fake-ui-for-media-stream", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("autoplay-policy", "no-user-gesture-required"), chromedp.Flag("lang", "en"))
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() { cancel(); stop() })
	if err := chromedp.Do(ctx); err != nil { // starts the browser, which lives as long as ctx
		t.Fatal(err)
	}
	return ctx
}

func find() string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}
