package document

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/casefile"
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

// What has more rows than a page can show is whole in the tables, and the page says
// so; no link leads to a row that is not there.
func TestManyExhibits(t *testing.T) {
	y := &story{t, sample(t)}
	for i := range maxRows + 50 {
		y.exhibit(day(6, 19, 0, 0), fmt.Sprintf("file-%d", i), "records of the service", "own records of the service", "", casefile.Court, fmt.Sprint(i))
	}
	y.put(day(6, 20, 0, 0), "G-0090", fact.Paragraph{Section: "harm", Text: "It rests on the last one.", Allegation: true}, y.s.Exhibits[len(y.s.Exhibits)-1].ID)
	files := render(t, y.s)
	last := y.s.Exhibits[len(y.s.Exhibits)-1].ID
	if text := files["case-file.html"]; !strings.Contains(text, "57 rows more are in") || strings.Contains(text, `href="#`+last) || !strings.Contains(text, last) {
		t.Error("the rows that are left out are not said, or a link leads to one")
	}
	if rows := strings.Count(files["tables/exhibits.csv"], "\r\n"); rows != len(y.s.Exhibits)+1 {
		t.Errorf("%d rows", rows)
	}
}
