package document

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
)

// replaced puts a text into every string of a value of JSON whose place may hold any
// text.
func replaced(v any, name, text string) any {
	switch v := v.(type) {
	case map[string]any:
		for k, one := range v {
			v[k] = replaced(one, k, text)
		}
		return v
	case []any:
		for i, one := range v {
			v[i] = replaced(one, name, text)
		}
		return v
	case string:
		if free[name] {
			return text
		}
	}
	return v
}

// free are the fields whose text is not of a fixed form.
var free = map[string]bool{"what": true, "rules": true, "summary": true, "prints": true, "networks": true, "reasons": true, "against": true, "severity": true, "where": true, "indicator": true, "explanation": true,
	"role": true, "print": true, "version": true, "value": true, "owner": true, "model": true, "os": true, "available": true, "known_by": true, "language": true, "who": true, "task": true, "clauses": true,
	"name": true, "city": true, "basis": true, "text": true, "tag": true, "packets": true}

// poisoned is the sample with a text in every field that may hold any.
func poisoned(t testing.TB, text string) Source {
	s := sample(t)
	for k, all := range s.Records {
		for i, r := range all {
			var v any
			if err := json.Unmarshal(r.Body, &v); err != nil {
				t.Fatal(err)
			}
			body, err := json.Marshal(replaced(v, "", text))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := fact.Read(k, body); err != nil && k != fact.KindJudgement && k != fact.KindNotice {
				t.Skip(err) // a case would have refused it
			}
			all[i].Body = body
		}
	}
	s.Case.Title, s.By, s.Tool = text, text, text
	for i := range s.Exhibits {
		x := &s.Exhibits[i]
		x.Name, x.Source, x.Basis, x.Reason, x.Tool, x.By = text, text, text, text, text, text
	}
	s.Persons = append(s.Persons, casefile.Person{Name: text, Role: "lead"})
	s.Withheld = append(s.Withheld, Withheld{3, "E-0001", text, text})
	s.SelfTests = append(s.SelfTests, SelfTest{What: text, Result: text})
	y := &story{t, s}
	y.entry(day(6, 20, 0, 0), text, "lead", map[string]any{"action": "open copy", "exhibit": "E-0001", "reason": text, "subject": text})
	return y.s
}

// skeleton is a document's elements and attributes, without what it says. Those of a
// drawing stand once each: how many lines a label takes hangs on how long it is.
func skeleton(t testing.TB, text string) (tags map[string]int) {
	tags = map[string]int{}
	z := html.NewTokenizer(strings.NewReader(text))
	drawn := false
	count := func(name string) {
		if drawn {
			tags["drawn "+name] = 1
			return
		}
		tags[name]++
	}
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			if z.Err() != io.EOF {
				t.Fatal(z.Err())
			}
			return tags
		}
		if kind == html.TextToken {
			continue
		}
		token := z.Token()
		if kind == html.EndTagToken {
			drawn = drawn && token.Data != "svg"
			continue
		}
		if kind == html.CommentToken {
			token.Data = "comment"
		}
		count(token.Data)
		drawn = drawn || token.Data == "svg"
		for _, a := range token.Attr {
			count("@" + a.Key)
		}
	}
}

// sameShape fails where a hostile text made an element, an attribute, a field or a
// row of its own.
func sameShape(t *testing.T, harmless map[string]string, text string) {
	files := render(t, poisoned(t, text))
	for path, got := range files {
		want := harmless[path]
		switch {
		case strings.HasSuffix(path, ".html"):
			a, b := skeleton(t, want), skeleton(t, got)
			for tag, n := range b {
				// Codes in a text become elements of ours, and a drawing has what it shortened in
				// whole as a title; nothing else may be new.
				if n != a[tag] && tag != "bdi" && tag != "title" && tag != "a" && tag != "@dir" && tag != "@class" && tag != "@href" {
					t.Errorf("%s: %d of %s, want %d", path, n, tag, a[tag])
				}
			}
		case strings.HasSuffix(path, ".json"), strings.HasSuffix(path, ".jsonld"):
			if !json.Valid([]byte(got)) {
				t.Errorf("%s is no JSON", path)
			}
		case strings.HasSuffix(path, ".svg"):
			if err := xml.Unmarshal([]byte(got), new(struct{})); err != nil {
				t.Errorf("%s: %v", path, err)
			}
		case strings.HasSuffix(path, ".csv"):
			a, errA := csv.NewReader(strings.NewReader(want)).ReadAll()
			b, errB := csv.NewReader(strings.NewReader(got)).ReadAll()
			if errA != nil || errB != nil || len(a) != len(b) {
				t.Errorf("%s: %d rows, want %d: %v", path, len(b), len(a), errB)
			}
			for _, row := range b {
				for _, c := range row {
					if c := strings.TrimLeft(c, " \t\r\n"); c != "" && strings.ContainsAny(c[:1], "=+-@") {
						t.Errorf("%s: a spreadsheet would compute %q", path, c)
					}
				}
			}
		}
		for _, bad := range []string{"\u202e", "\u2066", "\x00"} {
			if strings.Contains(got, bad) {
				t.Errorf("%s has %+q", path, bad)
			}
		}
	}
	for _, w := range wrong(t, files["stix.json"]) {
		t.Errorf("stix: %s", w)
	}
}

var hostile = []string{`<script>alert(1)</script><img src=x onerror=alert(1)>`, `"><svg onload=alert(1)>`, `</style></title></bdi><style>*{display:none}`, "=HYPERLINK(\"http://evil.example\")", " \t=1+1", "-2+3", "@SUM(1)",
	"\u202egnp.exe\u2066", "a\x00b\x1b[31m", "]]><!--", "{{.Style}} ${x} %s %d %!", "' OR '1'='1", "javascript:alert(1)", "شهادة \u200f متضررة", "a,b\r\n\"c\"", "می\u200cخواهم"}

func TestHostileTextStaysText(t *testing.T) {
	harmless := render(t, poisoned(t, "plain"))
	for _, text := range hostile {
		t.Run("", func(t *testing.T) { sameShape(t, harmless, text) })
	}
}

func FuzzHostileText(f *testing.F) {
	harmless := render(f, poisoned(f, "plain"))
	for _, text := range hostile {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) < 200 {
			sameShape(t, harmless, text)
		}
	})
}

// A text that is split loses nothing and gains nothing.
func FuzzRuns(f *testing.F) {
	for _, text := range hostile {
		f.Add(text)
	}
	f.Add("E-0001, T-0007 and 203.0.113.9/24 on 2019-05-03 10:00:00 UTC")
	b := &book{listed: map[string]bool{"E-0001": true}}
	f.Fuzz(func(t *testing.T, text string) {
		var got strings.Builder
		for _, r := range b.runs(text) {
			got.WriteString(r.Text)
		}
		if got.String() != inert(text) || inert(inert(text)) != inert(text) {
			t.Errorf("%+q becomes %+q", text, got.String())
		}
		if c := strings.TrimLeft(plain(inert(text)), " \t\r\n"); c != "" && strings.ContainsAny(c[:1], "=+-@") {
			t.Errorf("a spreadsheet would compute %+q", c)
		}
	})
}
