package guard

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/rules.md anew")

// docs/rules.md is written from the registry: go test ./guard -run Docs -update
func TestDocs(t *testing.T) {
	const path = "../docs/rules.md"
	want := page()
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
		t.Error("docs/rules.md is not what the rules say; run: go test ./guard -run Docs -update")
	}
}

func page() string {
	var b strings.Builder
	b.WriteString("# The rules of the guard\n\nWritten from the rules themselves by `go test ./guard -run Docs -update`.\n\n" +
		"A rule that can be switched is turned off by naming it in `off` of `guard.json` in the data folder, which takes effect without a restart; " +
		"the others hold the house up and cannot. What a parser could not read is refused in any case.\n\n" +
		"| rule | demands | can be switched |\n| --- | --- | --- |\n")
	for _, r := range Catalogue() {
		fmt.Fprintf(&b, "| [%s](#%s) | %s | %s |\n", r.ID, strings.ToLower(r.ID), r.Title, yesNo(r.Switchable))
	}
	for _, r := range Catalogue() {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n", r.ID, r.Title)
		fmt.Fprintf(&b, "*When it fires:* %s\n\n", r.Plain)
		fmt.Fprintf(&b, "- answers: %s\n- sources: %s\n- applied by: %s\n", strings.Join(r.Stops, "; "), strings.Join(r.Sources, "; "), seats(r))
		if r.Check == nil {
			b.WriteString("- holds by construction\n")
			continue
		}
		kinds := make([]string, len(r.Kinds))
		for i, k := range r.Kinds {
			kinds[i] = string(k)
		}
		fmt.Fprintf(&b, "- looks at: %s\n- then: %s, severity %s\n", strings.Join(kinds, ", "), r.Action, r.Severity)
	}
	return b.String()
}

func seats(r Rule) string {
	all := make([]string, len(r.Seats))
	for i, s := range r.Seats {
		all[i] = string(s)
	}
	return strings.Join(all, ", ")
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}
