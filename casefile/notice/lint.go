package notice

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/unicode/norm"

	wire "github.com/ringfence/ringfence/wire/notice"
)

// Fault is a rule that a wording breaks. The rules are in docs/notices.md.
type Fault struct {
	Rule string `json:"rule"` // say.check: it must say; never.country: it must not
	Text string `json:"text"` // what was found, or what is missing
}

// String implements fmt.Stringer.
func (f Fault) String() string { return f.Rule + ": " + f.Text }

// maxFaults is how many faults are told; one is enough to refuse.
const maxFaults = 50

// Check holds a wording against the rules, whoever wrote it, and returns what it
// breaks. It knows words, not meaning: that a reviewer has read it is another rule.
func Check(f Facts, tag string, w wire.Wording) ([]Fault, error) {
	if err := f.Check(); err != nil {
		return nil, err
	}
	t, err := tongueOf(tag)
	if err != nil {
		return nil, err
	}
	if len(w.Title) > wire.MaxTitle || len(w.Body) > wire.MaxBody {
		return []Fault{{"form.length", "the title or the body is too long"}}, nil
	}
	faults := append(missing(f, t, w), form(w)...)
	faults = append(faults, forbidden(f, t, w)...)
	return faults[:min(len(faults), maxFaults)], nil
}

// missing finds what the notice must say and does not.
func missing(f Facts, t tongue, w wire.Wording) (faults []Fault) {
	need := func(rule, text, part string) {
		if !strings.Contains(text, part) {
			faults = append(faults, Fault{rule, part})
		}
	}
	say := t.say(f, "")
	if w.Title != say("title") {
		faults = append(faults, Fault{"say.title", say("title")})
	}
	first, _, _ := strings.Cut(w.Body, "\n\n") // who writes, and how to see it, come before all else
	need("say.us", strings.ReplaceAll(first, f.Page, ""), f.Issuer)
	need("say.check", first, t.parts["where"])
	need("say.public", w.Body, f.Page)
	need("say.asks", w.Body, say("asks"))
	need("say.window", w.Body, t.day(f.From))
	need("say.window", w.Body, t.day(f.Until))
	need("say.protection", w.Body, "Lockdown Mode")
	need("say.protection", w.Body, "Advanced Protection")
	for _, h := range f.Helplines {
		need("say.help", w.Body, h.Name)
	}
	words := tokens(w.Body)
	for _, m := range termsOf(t.tag).must {
		other := m.rule == "must.possible" && f.Outcome == Blocked || m.rule == "must.blocked" && f.Outcome == Possible
		if !other && m.find(words) == "" {
			faults = append(faults, Fault{"say." + strings.TrimPrefix(m.rule, "must."), m.first})
		}
	}
	return append(faults, wrongOutcome(f, t, words)...)
}

// wrongOutcome refuses a text that says the calls were stopped when they may have
// got through, and the other way round.
func wrongOutcome(f Facts, t tongue, words []string) (faults []Fault) {
	other := "must.blocked"
	if f.Outcome == Blocked {
		other = "must.possible"
	}
	for _, m := range termsOf(t.tag).must {
		if found := m.find(words); m.rule == other && found != "" {
			faults = append(faults, Fault{"never.outcome", found})
		}
	}
	return faults
}

var stepLine = regexp.MustCompile(`(?m)^(\d+)\. `)

// form checks the steps: 3 to 5, in order.
func form(w wire.Wording) (faults []Fault) {
	found := stepLine.FindAllStringSubmatch(w.Body, -1)
	if len(found) < 3 || len(found) > 5 {
		faults = append(faults, Fault{"form.steps", fmt.Sprintf("%d steps, want 3 to 5 lines that begin with a number and a dot", len(found))})
	}
	for i, m := range found {
		if m[1] != fmt.Sprint(i+1) {
			faults = append(faults, Fault{"form.steps", fmt.Sprintf("step %d is numbered %.5s", i+1, m[1])})
		}
	}
	return faults
}

var (
	linkForm = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*:/|(?:tel|sms|mailto|data|javascript|intent|geo|market):|www\.|@|\[\.\]|[\p{L}\p{N}_-]{1,63}[.\x{3002}\x{ff0e}\x{ff61}]\p{L}[\p{L}\p{N}-]+|\d+\.\d+\.\d+\.\d+`)
	// Three digits can be a number to call (112) or how many were targets.
	numberForm = regexp.MustCompile(`\p{N}(?:[\p{Zs}\p{Pd}\p{Ps}\p{Pe}\p{Mn}./+_,·•]*\p{N}){2,}`)
)

// forbidden finds what the notice must not have. What the facts themselves bring
// in is covered first: the names of the issuer, the page and the helplines, the
// days, and the one sentence that says what is not asked for.
func forbidden(f Facts, t tongue, w wire.Wording) (faults []Fault) {
	text := visible(w.Title + "\n" + w.Body)
	say := t.say(f, "")
	// The longest first, so that an issuer chat.example covers nothing of its page.
	covered := []string{say("asks"), t.parts["where"], t.window(f), t.day(f.From), t.day(f.Until), f.Page, f.Issuer}
	for _, h := range f.Helplines {
		covered = append(covered, h.Name, t.parts["region."+h.Region])
	}
	slices.SortFunc(covered, func(a, b string) int { return len(b) - len(a) })
	for _, c := range covered {
		text = cover(text, visible(c))
	}
	for _, link := range linkForm.FindAllString(text, maxFaults) {
		faults = append(faults, Fault{"never.link", link})
	}
	for _, number := range numberForm.FindAllString(text, maxFaults) {
		faults = append(faults, Fault{"never.number", number})
	}
	words := tokens(text)
	for _, n := range termsOf(t.tag).never {
		if found := n.find(words); found != "" {
			faults = append(faults, Fault{n.rule, found})
		}
	}
	return faults
}

// cover takes out each place of the text where what stands alone, not in a longer
// word or address.
func cover(text, what string) string {
	part := func(r rune, size int) bool {
		return size > 0 && (unicode.IsLetter(r) || unicode.IsNumber(r) || strings.ContainsRune("/@_-:", r))
	}
	var b strings.Builder
	for i := strings.Index(text, what); i >= 0; i = strings.Index(text, what) {
		end := i + len(what)
		b.WriteString(text[:i])
		if part(utf8.DecodeLastRuneInString(text[:i])) || part(utf8.DecodeRuneInString(text[end:])) {
			b.WriteString(what)
		} else {
			b.WriteString(" \u25a1 ")
		}
		text = text[end:]
	}
	return b.String() + text
}

// visible is text as a person sees it: compatible forms of a letter are one, and
// what is not seen is gone. The sign that parts two letters of Persian stays.
func visible(s string) string {
	var last rune
	return strings.Map(func(r rune) rune {
		parts := r == '\u200c' && unicode.Is(unicode.Arabic, last)
		if unicode.Is(unicode.Cf, r) && !parts || r == '\u0640' {
			return -1
		}
		last = r
		return r
	}, norm.NFKC.String(s))
}

// tokens are the words of a text without case, accents and signs of vowels.
// Letters that Arabic and Persian write differently are one.
func tokens(s string) []string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(visible(s)) {
		switch {
		case unicode.Is(unicode.Mn, r):
		case r == 'ي' || r == 'ى':
			b.WriteRune('ی')
		case r == 'ك':
			b.WriteRune('ک')
		case r == 'ة':
			b.WriteRune('ه')
		case unicode.IsLetter(r) || unicode.IsNumber(r):
			b.WriteRune(unicode.ToLower(r))
		default:
			b.WriteRune(' ')
		}
	}
	return strings.Fields(b.String())
}

// term is a rule's words, each alternative as tokens; "*" ends one of any ending.
type term struct {
	rule  string
	first string
	by    map[string][][]string // alternatives by their first token, or by its first two letters and "*"
	affix func(string) []string // forms of a token without what the language writes in front
}

type terms struct{ must, never []term }

func newTerm(rule, list string, affix func(string) []string) term {
	t := term{rule: rule, by: map[string][][]string{}, affix: affix}
	t.first, _, _ = strings.Cut(list, "|")
	for alternative := range strings.SplitSeq(list, "|") {
		stem, any := strings.CutSuffix(alternative, "*")
		words := tokens(stem)
		if len(words) == 0 {
			continue
		}
		if any {
			words[len(words)-1] += "*"
		}
		t.by[bucket(words[0])] = append(t.by[bucket(words[0])], words)
	}
	return t
}

// bucket is the first two letters of a token, by which alternatives are found.
func bucket(token string) string {
	r := []rune(strings.TrimSuffix(token, "*"))
	return string(r[:min(2, len(r))])
}

// find returns the first words of a text that are one of the alternatives.
func (t term) find(words []string) string {
	for i := range words {
		for _, form := range t.affix(words[i]) {
			if n := t.match(form, words[i:]); n > 0 {
				return strings.Join(words[i:i+n], " ")
			}
		}
	}
	return ""
}

func (t term) match(first string, words []string) int {
	for _, alternative := range t.by[bucket(first)] {
		if len(alternative) > len(words) || !same(first, alternative[0]) {
			continue
		}
		if slices.EqualFunc(words[1:len(alternative)], alternative[1:], same) {
			return len(alternative)
		}
	}
	return 0
}

func same(word, pattern string) bool {
	if stem, any := strings.CutSuffix(pattern, "*"); any {
		return strings.HasPrefix(word, stem)
	}
	return word == pattern
}

// affixes are what Arabic and Hebrew write together with a word in front of it.
var affixes = map[string][]string{
	"ar": {"و", "ف", "ب", "ك", "ل", "ال", "وال", "فال", "بال", "كال", "لل", "ول", "وب", "ولل", "وبال"},
	"he": {"ו", "ה", "ב", "כ", "ל", "מ", "ש", "וה", "וב", "ול", "ומ", "וש", "שה", "שב", "של", "שמ", "מה", "כש", "כשה"},
}

func affix(tag string) func(string) []string {
	var prefixes []string
	for _, p := range affixes[tag] {
		prefixes = append(prefixes, strings.Join(tokens(p), ""))
	}
	return func(token string) []string {
		forms := []string{token}
		for _, p := range prefixes {
			if rest, ok := strings.CutPrefix(token, p); ok && len(rest) >= 4 { // two letters
				forms = append(forms, rest)
			}
		}
		return forms
	}
}

var allTerms = sync.OnceValue(func() map[string]terms {
	all := map[string]terms{}
	for tag := range tongues() {
		var t terms
		own, english, everywhere := readTerms(tag), readTerms("en"), readTerms("all")
		plain := affix("")
		for _, rule := range slices.Sorted(maps.Keys(own)) {
			if strings.HasPrefix(rule, "must.") {
				t.must = append(t.must, newTerm(rule, own[rule], plain))
			} else {
				t.never = append(t.never, newTerm(rule, own[rule], affix(tag)))
			}
		}
		t.never = append(t.never, newTerm("never.who", everywhere["never.who"], affix(tag)), newTerm("never.country", countries(tag), affix(tag)))
		if tag != "en" {
			t.never = append(t.never, newTerm("never.country", countries("en"), plain), newTerm("never.country", english["never.country"], plain),
				newTerm("never.who", english["never.who"], plain))
		}
		all[tag] = t
	}
	return all
})

func termsOf(tag string) terms { return allTerms()[tag] }

func readTerms(name string) map[string]string {
	b, err := files.ReadFile("terms/" + name + ".txt")
	if err != nil {
		panic(err)
	}
	return parts(string(b))
}

// countries are the names of all countries in a language, as CLDR has them; the
// lists of terms have what else they are called, and what their people are.
func countries(tag string) string {
	var all []string
	names := display.Regions(language.MustParse(tag))
	for a := 'A'; a <= 'Z'; a++ {
		for b := 'A'; b <= 'Z'; b++ {
			r, err := language.ParseRegion(string([]rune{a, b}))
			if err != nil || !r.IsCountry() {
				continue
			}
			if name := names.Name(r); name != "" {
				all = append(all, strings.NewReplacer("|", " ", "*", " ").Replace(name))
			}
		}
	}
	return strings.Join(all, "|")
}
