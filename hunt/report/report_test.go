package report

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ringfence/ringfence/hunt"

	"golang.org/x/net/html"
	"golang.org/x/text/language"
)

func written(t *testing.T, r hunt.Result, language string) string {
	t.Helper()
	var b bytes.Buffer
	if err := Write(&b, r, Options{Language: language}); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// elements counts a page's elements by name, and those with an attribute.
func elements(t *testing.T, page string) map[string]int {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	n := map[string]int{}
	for e := range root.Descendants() {
		if e.Type != html.ElementNode {
			continue
		}
		n[e.Data]++
		for _, a := range e.Attr {
			n[e.Data+" "+a.Key]++
			n[e.Data+"."+a.Val]++
		}
	}
	return n
}

func TestWrite(t *testing.T) {
	for name, of := range map[string]struct {
		r        hunt.Result
		language string
	}{"none": {hunt.Result{}, "en"}, "some": {sample(), "en"}, "arabic": {sample(), "ar"}, "crowded": {crowded(), "en"}, "deceitful": {deceitful(), "ar"}} {
		t.Run(name, func(t *testing.T) {
			page := written(t, of.r, of.language)
			n := elements(t, page)
			if n["article"] != len(of.r.Campaigns) || n["svg.hunt-graph"] != len(of.r.Campaigns) || n["svg.hunt-bars"] != len(of.r.Campaigns) {
				t.Errorf("%d campaigns have %d articles, %d graphs and %d timelines", len(of.r.Campaigns), n["article"], n["svg.hunt-graph"], n["svg.hunt-bars"])
			}
			for _, never := range []string{"script", "img", "link", "iframe", "p style", "svg style", "use", "object"} {
				if n[never] > 0 {
					t.Errorf("the page has %d of %q", n[never], never)
				}
			}
			if len(page) > 24<<20 {
				t.Errorf("the page has %d bytes", len(page))
			}
		})
	}
}

// Every target of a campaign of 1,400 stands in the page, and the drawing of it
// is bounded.
func TestEveryTarget(t *testing.T) {
	r := sample()
	page := written(t, r, "en")
	for _, target := range r.Campaigns[0].Targets {
		if !strings.Contains(page, target.ID) {
			t.Fatalf("%s is missing", target.ID)
		}
	}
	g := newGraph(r.Campaigns[0], callersOf(r.Campaigns[0]))
	targets := 0
	for _, n := range g.Right {
		targets += n.N
	}
	if targets != 1400 || len(g.Right) > maxGroups || len(g.Left) != maxCallers+1 || len(g.Lines) > maxLines {
		t.Errorf("%d targets in %d groups, %d accounts, %d lines", targets, len(g.Right), len(g.Left), len(g.Lines))
	}
	attempts := 0
	for _, row := range newTimeline(r.Campaigns[0].Attempts, english).Rows {
		attempts += row.Total
	}
	if attempts != len(r.Campaigns[0].Attempts) {
		t.Errorf("%d attempts in the timeline of %d", attempts, len(r.Campaigns[0].Attempts))
	}
}

// What does not fit is said.
func TestCut(t *testing.T) {
	r := hunt.Result{Campaigns: []hunt.Campaign{campaign(1, 3, maxRows+500, hunt.Strong)}}
	page := written(t, r, "en")
	if !strings.Contains(page, "500 rows are not shown") || !strings.Contains(page, "3 rows are not shown") {
		t.Error("the page does not say how many rows it leaves out")
	}
}

func TestSame(t *testing.T) {
	once := written(t, sample(), "en")
	if again := written(t, sample(), "en"); again != once {
		t.Error("two pages of one result differ")
	}
}

func TestHostile(t *testing.T) {
	var terminal bytes.Buffer
	if err := Print(&terminal, deceitful(), 60); err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"page": written(t, deceitful(), "en"), "terminal": terminal.String()} {
		if i := strings.IndexAny(text, "\u202e\u2066\x1b\x00"); i >= 0 || !utf8.ValidString(text) {
			t.Errorf("the %s holds a character that hides or drives", where)
		}
		for _, s := range []string{`\u{202e}`, `\u{1b}`, `\xff`, "more bytes"} {
			if !strings.Contains(text, s) {
				t.Errorf("the %s does not show %q", where, s)
			}
		}
	}
	n := elements(t, written(t, deceitful(), "en"))
	if n["script"]+n["img"] > 0 {
		t.Error("a text of a record became an element")
	}
	fragment, err := Fragment(deceitful().Campaigns[0], Options{})
	if err != nil || strings.Contains(string(fragment), "<script") || strings.Contains(string(fragment), " style=") || strings.Contains(string(fragment), " id=") {
		t.Errorf("the fragment: %v", err)
	}
}

// Both languages have every text that the pages ask for.
func TestWords(t *testing.T) {
	asked := regexp.MustCompile(`index \$?w?\.W "(\w+)"`).FindAllStringSubmatch(pageText+campaignText, -1)
	if len(asked) < 30 {
		t.Fatal("the pages ask for no words")
	}
	for _, w := range []*words{english, arabic} {
		for _, m := range asked {
			if w.W[m[1]] == "" {
				t.Errorf("%s has no text %q", w.Code, m[1])
			}
		}
		for _, part := range parts {
			if w.Region[part.name] == "" {
				t.Errorf("%s does not name %s", w.Code, part.name)
			}
		}
		for _, step := range steps {
			if w.Step[step.String()] == "" {
				t.Errorf("%s does not name %s", w.Code, step)
			}
		}
		for _, kind := range outcomes {
			if w.Outcome[kind] == "" {
				t.Errorf("%s does not name %q", w.Code, kind)
			}
		}
	}
	for name := range english.W {
		if arabic.W[name] == "" {
			t.Errorf("arabic has no text %q", name)
		}
	}
}

func TestShare(t *testing.T) {
	for s, want := range map[float64]string{0: "none", -1: "none", 1: "all", 7: "all", 0.97: "nearly all", 0.9: "nine in ten", 0.5: "half", 0.31: "three in ten", 0.1: "one in ten",
		0.02: "one in 50", 0.0000041: "one in 240\u202f000", 1e-300: "one in 1\u202f000\u202f000\u202f000\u202f000\u202f000"} {
		if got := english.share(s); got != want {
			t.Errorf("%g is %q, not %q", s, got, want)
		}
	}
}

// Every country of the United Nations, and some more, has one square.
func TestMap(t *testing.T) {
	seen := map[string]bool{}
	for _, part := range parts {
		rows := strings.Split(strings.TrimSpace(part.rows), "\n")
		for _, row := range rows {
			codes := strings.Fields(row)
			if len(codes) != len(strings.Fields(rows[0])) {
				t.Errorf("%s: a row is not as long as the first: %s", part.name, row)
			}
			for _, code := range codes {
				if code == "--" {
					continue
				}
				if r, err := language.ParseRegion(code); err != nil || !r.IsCountry() || seen[code] {
					t.Errorf("%s stands twice or is no country: %v", code, err)
				}
				seen[code] = true
			}
		}
	}
	// The members of the United Nations (un.org/en/about-us/member-states), by ISO 3166-1.
	for _, code := range strings.Fields(`AF AL DZ AD AO AG AR AM AU AT AZ BS BH BD BB BY BE BZ BJ BT BO BA BW BR BN BG BF BI CV KH CM CA CF TD CL CN CO KM CG CR CI HR CU CY CZ KP CD DK DJ DM DO EC EG SV
		GQ ER EE SZ ET FJ FI FR GA GM GE DE GH GR GD GT GN GW GY HT HN HU IS IN ID IR IQ IE IL IT JM JP JO KZ KE KI KW KG LA LV LB LS LR LY LI LT LU MG MW MY MV ML MT MH MR MU MX FM MC MN ME MA MZ MM NA
		NR NP NL NZ NI NE NG MK NO OM PK PW PA PG PY PE PH PL PT QA KR MD RO RU RW KN LC VC WS SM ST SA SN RS SC SL SG SK SI SB SO ZA SS ES LK SD SR SE CH SY TJ TZ TH TL TG TO TT TN TR TM TV UG UA AE GB US
		UY UZ VU VE VN YE ZM ZW`) {
		if !seen[code] {
			t.Errorf("%s has no square", code)
		}
	}
}

func TestPrint(t *testing.T) {
	var b bytes.Buffer
	if err := Print(&b, sample(), 72); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if !strings.HasPrefix(text, "C-2026-0007 STRONG: 40 accounts, 1\u202f400 targets") {
		t.Errorf("the strongest does not come first:\n%s", text)
	}
	for _, line := range strings.Split(text, "\n") {
		if utf8.RuneCountInString(line) > 72 {
			t.Errorf("wider than the terminal: %q", line)
		}
	}
	for _, s := range []string{"all in the campaign, one in 240\u202f000 among everybody", "the group does not stand out any more", "Mexico", "and 1\u202f394 more", "exit code 3", "3: no time", "40 groups: people who talk"} {
		if !strings.Contains(strings.ToLower(strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r == ' ' || r == '\n' }), " ")), strings.ToLower(s)) {
			t.Errorf("the terminal does not say %q:\n%s", s, text)
		}
	}
}

func FuzzShown(f *testing.F) {
	f.Add(hostile)
	f.Add(strings.Repeat("e\u0301\u0301\u0301\u0301", 300))
	f.Fuzz(func(t *testing.T, s string) {
		if out := shown(s); strings.ContainsAny(out, "\x1b\x00\u202e\u2066\u200b\n\r") || len(out) > maxText*12+40 || !utf8.ValidString(out) {
			t.Errorf("%q is shown as %q", s, out)
		}
	})
}
