package browser

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/chromedp/chromedp"
)

// axeRules are what is run in the page: WCAG 2.2 to the level AA, and what axe calls
// best practice. Each thing found is one line.
const axeRules = `(async () => {
  const found = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"] });
  return found.violations.flatMap(v => v.nodes.map(n => v.id + " (" + v.impact + "): " + v.help + ": " + n.target.join(" ") + ": " + n.html.slice(0, 160)));
})()`

// Axe runs axe-core (https://github.com/dequelabs/axe-core) on the page that is open,
// and fails for each thing that it finds. The file is fetched by make test; without
// it the test says so aloud, and in CI it fails.
func Axe(t testing.TB, ctx context.Context, what string) {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	source, err := os.ReadFile(filepath.Join(filepath.Dir(here), "..", "..", "bin", "axe.min.js"))
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatal("AXE-CORE IS MISSING: no page was tried for accessibility; run make bin/axe.min.js")
	case err != nil:
		t.Log("AXE-CORE IS MISSING: this page was NOT tried for accessibility; run make bin/axe.min.js, which needs npm")
		return
	}
	if _, err := chromedp.Run(ctx, chromedp.Evaluate[int](string(source)+";0")); err != nil {
		t.Fatalf("%s: axe-core: %v", what, err)
	}
	found, err := chromedp.Run(ctx, chromedp.Evaluate[[]string](axeRules, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: axe-core: %v", what, err)
	}
	for _, f := range found {
		t.Errorf("%s: %s", what, f)
	}
}
