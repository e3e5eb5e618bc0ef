package notice

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	wire "github.com/ringfence/ringfence/wire/notice"
)

var update = flag.Bool("update", false, "rewrite the golden texts")

func sampleFacts() Facts {
	return Facts{Issuer: "chat.example", From: "2026-05-03", Until: "2026-05-19", Outcome: Blocked, Seen: SeenCall, Did: []Action{Stopped, Changed, Kept},
		Helplines: []Helpline{
			DefaultHelplines[0],
			{Name: "Example Regional Helpline", Region: "mena", Countries: []string{"XA"}, Daily: 5, Address: "help.example"},
		}, Page: "chat.example/notices"}
}

func TestTonguesAreWhole(t *testing.T) {
	want := []string{"ar", "en", "es", "fa", "fr", "he"}
	if got := Languages(); !slices.Equal(got, want) {
		t.Fatalf("languages %v, want %v", got, want)
	}
	english := tongues()["en"].parts
	for tag, tongue := range tongues() {
		for name, text := range english {
			if holes(text) != holes(tongue.parts[name]) {
				t.Errorf("%s: [%s] has the places %q, in English %q", tag, name, holes(tongue.parts[name]), holes(text))
			}
		}
		if got, want := slices.Sorted(maps.Keys(tongue.parts)), slices.Sorted(maps.Keys(english)); !slices.Equal(got, want) {
			t.Errorf("%s has other parts than English: %v", tag, got)
		}
		if n := len(strings.Split(tongue.parts["months"], "|")); n != 12 {
			t.Errorf("%s has %d months", tag, n)
		}
		if got, want := slices.Sorted(maps.Keys(readTerms(tag))), slices.Sorted(maps.Keys(readTerms("en"))); !slices.Equal(got, want) {
			t.Errorf("%s has other rules than English: %v", tag, got)
		}
	}
}

// holes are the places of a text where something is put in, in order of names.
func holes(s string) string {
	var all []string
	for _, part := range strings.Split(s, "{")[1:] {
		name, _, _ := strings.Cut(part, "}")
		all = append(all, name)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

func TestGolden(t *testing.T) {
	for _, tag := range Languages() {
		for _, outcome := range []Outcome{Blocked, Possible} {
			f := sampleFacts()
			f.Outcome = outcome
			w, err := Write(f, tag)
			if err != nil {
				t.Fatal(err)
			}
			faults, err := Check(f, tag, w)
			if err != nil {
				t.Fatal(err)
			}
			for _, fault := range faults {
				t.Errorf("%s, %s: the shipped text breaks a rule: %s", tag, outcome, fault)
			}
			form := wire.Notice{Issuer: f.Issuer, Issued: "2026-05-20", Wordings: map[string]wire.Wording{tag: w}}
			if _, err := form.Text(); err != nil {
				t.Errorf("%s: a device would not take it: %v", tag, err)
			}
			page, err := NewPage(f, tag, "4839-2071")
			if err != nil {
				t.Fatal(err)
			}
			carry, err := Carry(f, tag, "4839-2071")
			if err != nil {
				t.Fatal(err)
			}
			golden(t, tag+"-"+f.outcome()+".txt", w.Title+"\n\n"+w.Body+"\n\n---- page\n"+pageText(page)+"\n---- carried\n"+carry+"\n")
		}
	}
}

func pageText(p Page) string {
	var b strings.Builder
	b.WriteString(p.Title + " (" + p.Dir + ")\n")
	for _, s := range p.Sections {
		b.WriteString("\n# " + s.Heading + "\n" + strings.Join(s.Paragraphs, "\n"))
		for _, step := range s.Steps {
			b.WriteString("- " + step + "\n")
		}
		b.WriteString("\n")
	}
	for _, a := range p.Asked {
		b.WriteString("\n? " + a.Question + "\n" + a.Meaning + "\n")
	}
	for _, h := range p.Help {
		b.WriteString("\n* " + h.Name + ", " + h.Region + ", " + h.Address + "\n")
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: the text is another one; go test -update rewrites it, and every review of the language is void\n%s", name, got)
	}
}
