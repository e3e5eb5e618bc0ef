package document

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
)

// The edition for everybody names nobody: no person of the service, no target under
// any pseudonym, no small number of people.
func TestForEverybody(t *testing.T) {
	for path, text := range render(t, forEverybody(t)) {
		for _, name := range []string{"nora", "omar", "lena", "cass", "000abc00", "4f46464552"} {
			if strings.Contains(text, name) {
				t.Errorf("%s has %q", path, name)
			}
		}
		if m := regexp.MustCompile(`\bT-\d{4}`).FindString(text); m != "" {
			t.Errorf("%s has %s", path, m)
		}
		if slices.Contains([]string{"tables/person.csv", "tables/notice.csv", "tables/device.csv", "tables/finding.csv"}, path) {
			t.Errorf("%s is there: each row would be a person", path)
		}
	}
	if text := render(t, forEverybody(t))["tables/targets.csv"]; strings.Contains(text, "HU") || strings.Contains(text, "CD") || !strings.Contains(text, "country,MX,456") {
		t.Errorf("%s", text)
	}
}

// own is the sample as one of the targets gets it.
func own(t testing.TB) Source {
	s := forEverybody(t)
	s.Edition = "person:T-0007"
	s.Records[fact.KindPerson] = slices.DeleteFunc(s.Records[fact.KindPerson], func(r casefile.Record) bool { return r.ID != "T-0007" })
	s.Records[fact.KindDevice] = slices.DeleteFunc(s.Records[fact.KindDevice], func(r casefile.Record) bool { return r.ID != "D-0001" })
	return s
}

func TestOwnFile(t *testing.T) {
	files := render(t, own(t))
	text := files["case-file.html"]
	for _, want := range []string{"What is recorded about you", "T-0007", "phone of 2017"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if m := regexp.MustCompile(`T-000[1-689]|T-001`).FindString(text + files["tables/incident.csv"]); m != "" {
		t.Errorf("%s is in somebody else's file", m)
	}
}

// What is put together cannot be taken apart: every number that is shown is at least
// few, that of the rest too.
func TestTallied(t *testing.T) {
	open := &book{open: true}
	for n := range 3000 {
		counts, all := map[string]int{}, 0
		for i := range n % 7 {
			k := (n/7*(i*i+3) + i) % 13
			counts[fmt.Sprint("c", i)] = k
			all += k
		}
		shown, hidden := 0, false
		for _, one := range open.tallied(counts) {
			if one.Name == fewOthers {
				hidden = true
				continue
			}
			if one.N < few {
				t.Fatalf("%v: %v", counts, one)
			}
			shown += one.N
		}
		if hidden != (shown != all) || hidden && shown > 0 && all-shown >= few {
			t.Fatalf("%v: %v", counts, open.tallied(counts))
		}
	}
	if got := (&book{}).tallied(map[string]int{"MX": 4, "IN": 1, "FR": 0}); fmt.Sprint(got) != "[{MX 4} {IN 1}]" {
		t.Errorf("the court has it as it is: %v", got)
	}
}

// The document stands alone, and a reader who cannot see it finds the way.
func TestAccessibleAndSelfContained(t *testing.T) {
	for _, s := range []Source{sample(t), forEverybody(t), own(t)} {
		files := render(t, s)
		for _, name := range []string{"case-file.html", "certificates.html"} {
			doc, err := html.Parse(strings.NewReader(files[name]))
			if err != nil {
				t.Fatal(err)
			}
			ids, links := map[string]bool{}, []string{}
			for n := range doc.Descendants() {
				check(t, name, n, ids, &links)
			}
			for _, l := range links {
				if !ids[strings.TrimPrefix(l, "#")] {
					t.Errorf("%s of %s: %s leads nowhere", name, s.Edition, l)
				}
			}
		}
	}
}

func check(t *testing.T, name string, n *html.Node, ids map[string]bool, links *[]string) {
	t.Helper()
	if n.Type != html.ElementNode {
		return
	}
	for _, a := range n.Attr {
		switch a.Key {
		case "id":
			if ids[a.Val] {
				t.Errorf("%s: two elements have the id %s", name, a.Val)
			}
			ids[a.Val] = true
		case "href":
			*links = append(*links, a.Val)
			if !strings.HasPrefix(a.Val, "#") {
				t.Errorf("%s: a link leads out: %s", name, a.Val)
			}
		case "style", "src", "onclick":
			t.Errorf("%s: %s has %s", name, n.Data, a.Key)
		}
	}
	switch n.Data {
	case "script", "link", "img", "iframe", "object", "form":
		t.Errorf("%s has a %s", name, n.Data)
	case "table":
		if c := n.FirstChild.NextSibling; n.FirstChild.Data != "caption" && (c == nil || c.Data != "caption") {
			t.Errorf("%s: a table has no caption", name)
		}
	case "html":
		if n.Attr[0].Key != "lang" {
			t.Errorf("%s: its language is not said", name)
		}
	}
}
