package check_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/artifact"
	_ "github.com/ringfence/ringfence/artifact/android"
	_ "github.com/ringfence/ringfence/artifact/ios"
	"github.com/ringfence/ringfence/heuristic"
)

var update = flag.Bool("update", false, "write docs/artifacts.md anew")

// docs/artifacts.md is written from the registries: go test ./check -run Docs -update
func TestDocs(t *testing.T) {
	const path = "../docs/artifacts.md"
	want := reference()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/artifacts.md is not what the registries say; run: go test ./check -run Docs -update")
	}
}

func reference() string {
	var b strings.Builder
	b.WriteString("# What check reads\n\nWritten from the registry (`go test ./check -run Docs -update`); see [check](check.md) for how to read a report.\n\n## Artifacts\n")
	for _, a := range artifact.All() {
		fmt.Fprintf(&b, "\n### %s\n\n%s.", a.Name, strings.TrimSuffix(a.Title, "."))
		for _, k := range a.Kinds {
			fmt.Fprintf(&b, " `%s`", k)
		}
		if a.Since != "" || a.Until != "" {
			fmt.Fprintf(&b, " (%s to %s)", or(a.Since, "the first"), or(a.Until, "now"))
		}
		b.WriteString("\n\n")
		for _, p := range a.Paths {
			fmt.Fprintf(&b, "- reads `%s`\n", p)
		}
		for _, f := range a.Fields {
			fmt.Fprintf(&b, "- `%s`: %s\n", f[0], f[1])
		}
		for _, r := range a.Refs {
			fmt.Fprintf(&b, "- see %s\n", r)
		}
	}
	b.WriteString("\n## Heuristics\n")
	for _, h := range heuristic.All() {
		fmt.Fprintf(&b, "\n### %s\n\n%s.\n\n", h.Name, strings.TrimSuffix(h.Title, "."))
		if len(h.Artifacts) > 0 {
			fmt.Fprintf(&b, "- watches %s\n", strings.Join(h.Artifacts, ", "))
		}
		for _, r := range h.Refs {
			fmt.Fprintf(&b, "- see %s\n", r)
		}
	}
	return b.String()
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
