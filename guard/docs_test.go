package guard

import (
	"flag"
	"fmt"
	"os"
	"slices"
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
		fmt.Fprintf(&b, "- answers: %s\n- sources: %s\n- applied by: %s\n", strings.Join(r.Stops, "; "), strings.Join(r.Sources, "; "), seats(r.Seats))
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
	b.WriteString("\n## The bugs\n\nPublished bugs in the set-up and media of calls, which rules answer them here, and at which seat: `server` (our service), `relay` (our relay), `device` (the client), `proxy` (the guard in front of somebody else's service, and `inspect`). Where something limits the answer, that is said.\n\n" +
		"| | bug | in | abused | effect | rules | at | limit |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, r := range Rows() {
		fmt.Fprintf(&b, "| %d | %s | %s | %s | %s | %s | %s | %s |\n", r.Number, r.Bug, r.In, r.Element, r.Effect, strings.Join(r.Rules, ", "), seats(r.Seats), r.Limit)
	}
	return b.String()
}

// Each bug is answered by rules that there are, at a seat that each of them has,
// or it is said why not.
func TestRows(t *testing.T) {
	for i, r := range Rows() {
		if r.Number != i+1 || r.Bug == "" || r.In == "" || r.Element == "" || r.Effect == "" || len(r.Rules) == 0 && r.Limit == "" || (len(r.Rules) == 0) != (len(r.Seats) == 0) {
			t.Errorf("row %d is not whole: %+v", i+1, r)
		}
		for _, id := range r.Rules {
			rule, ok := Lookup(id)
			if !ok || !slices.ContainsFunc(rule.Seats, func(s Seat) bool { return slices.Contains(r.Seats, s) }) {
				t.Errorf("row %d: %s is not applied at any of %v", r.Number, id, r.Seats)
			}
		}
	}
	if len(Rows()) < 61 {
		t.Errorf("%d rows", len(Rows()))
	}
}

func seats(of []Seat) string {
	all := make([]string, len(of))
	for i, s := range of {
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
