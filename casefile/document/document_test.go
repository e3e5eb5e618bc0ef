package document

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/casefile/fact"
)

func render(t testing.TB, s Source) map[string]string {
	t.Helper()
	files, err := Render(s)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range files {
		all[f.Path] = string(f.Bytes)
	}
	if dir := os.Getenv("RINGFENCE_SAMPLE"); dir != "" {
		for _, f := range files {
			path := filepath.Join(dir, s.Edition, filepath.FromSlash(f.Path))
			if os.MkdirAll(filepath.Dir(path), 0o755) != nil || os.WriteFile(path, f.Bytes, 0o644) != nil {
				t.Fatal(path)
			}
		}
	}
	return all
}

func TestSameBytes(t *testing.T) {
	one, err := Render(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	two, _ := Render(sample(t))
	for i := range one {
		if one[i].Path != two[i].Path || !bytes.Equal(one[i].Bytes, two[i].Bytes) {
			t.Errorf("%s is not the same twice", one[i].Path)
		}
	}
}

func TestSections(t *testing.T) {
	for name, s := range map[string]Source{"sample": sample(t), "public": forEverybody(t)} {
		html := render(t, s)["case-file.html"]
		at := 0
		for _, id := range []string{"cover", "summary", "parties", "service", "authorisation", "chronology", "targets", "forensics", "infrastructure", "attribution", "method", "harm",
			"remediation", "claims", "relief", "exhibits", "custody", "indicators", "glossary", "redactions"} {
			i := strings.Index(html[at:], `<h2 id="`+id+`">`)
			if i < 0 {
				t.Fatalf("%s: section %q is missing, or not in its place", name, id)
			}
			at += i
		}
	}
}

// An allegation that rests on nothing stops everything; one that rests on an
// exhibit that the edition withholds does not.
func TestAllegationsRestOnExhibits(t *testing.T) {
	for _, exhibits := range [][]string{nil, {"E-0099"}} {
		s := sample(t)
		y := &story{t, s}
		y.put(day(6, 20, 9, 0), "G-0077", fact.Paragraph{Section: "summary", Text: "The minister knew.", Allegation: true}, exhibits...)
		if _, err := Render(y.s); err == nil || !strings.Contains(err.Error(), "G-0077") {
			t.Errorf("resting on %v: %v", exhibits, err)
		}
	}
	if html := render(t, forEverybody(t))["case-file.html"]; !strings.Contains(html, "(withheld)") {
		t.Error("that an exhibit is withheld is not said")
	}
}
