package sign

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"cel.dev/cel-go/cel"

	"github.com/ringfence/ringfence/hunt/record"
)

// matches returns the places of the records that fit, and how many are unsure.
func matches(t testing.TB, text string, files *record.Files) (r RuleResult) {
	t.Helper()
	r, err := Rule(context.Background(), files, text, Options{Workers: 2})
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return r
}

// varied are records in which each column is sometimes absent.
func varied(t testing.TB, n int) (*record.Files, []record.Record) {
	w := newTown(9)
	rng := w.rng
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	for i := range n {
		c := w.call(fmt.Sprint("a", rng.IntN(40)), fmt.Sprint("b", rng.IntN(40)), pick("", "ios 7", "android 5", "fork"), pick("", "AS1", "AS2", "AS64500"))
		c.Call = fmt.Sprint("call", i)
		c.CallerVersion, c.CallerCountry, c.CalleeCountry = pick("", "1.0", "2.1"), pick("", "DE", "EG"), pick("", "FR", "SD")
		c.Outcome, c.Contact = record.Outcome(1+rng.IntN(6)), record.Contact(rng.IntN(3))
		c.RingMS, c.TalkMS, c.CallerAge = int32(rng.IntN(9))*1000, int32(rng.IntN(3))*1000, int32(rng.IntN(5))-1
		for range rng.IntN(3) {
			c.Rules = append(c.Rules, pick("R23", "R7", "knock"))
		}
	}
	files, _ := w.files(t)
	return files, w.all
}

func TestRule(t *testing.T) {
	files, all := varied(t, 3000)
	for text, fits := range map[string]func(r record.Record) bool{
		`outcome == "missed" && "R23" in rules`:    func(r record.Record) bool { return r.Outcome == record.Missed && slices.Contains(r.Rules, "R23") },
		`contact == null`:                          func(r record.Record) bool { return r.Contact == record.Unknown },
		`contact == false`:                         func(r record.Record) bool { return r.Contact == record.Stranger },
		`contact != true`:                          func(r record.Record) bool { return r.Contact == record.Stranger },
		`!contact`:                                 func(r record.Record) bool { return r.Contact != record.Accepted },
		`contact`:                                  func(r record.Record) bool { return r.Contact == record.Accepted },
		`caller_age_days < 2`:                      func(r record.Record) bool { return r.CallerAge >= 0 && r.CallerAge < 2 },
		`2 > caller_age_days`:                      func(r record.Record) bool { return r.CallerAge >= 0 && r.CallerAge < 2 },
		`caller_age_days != null`:                  func(r record.Record) bool { return r.CallerAge >= 0 },
		`caller_age_days in [1, 3]`:                func(r record.Record) bool { return r.CallerAge == 1 || r.CallerAge == 3 },
		`ring_ms + talk_ms >= 5 * 1000`:            func(r record.Record) bool { return r.RingMS+r.TalkMS >= 5000 },
		`caller == "a3" || callee in ["b1", "b2"]`: func(r record.Record) bool { return r.Caller == "a3" || r.Callee == "b1" || r.Callee == "b2" },
		`caller_network.startsWith("AS6")`:         func(r record.Record) bool { return strings.HasPrefix(r.CallerNetwork, "AS6") },
		`!(caller_print == "fork")`:                func(r record.Record) bool { return r.CallerPrint != "fork" },
		`caller_print != "fork"`:                   func(r record.Record) bool { return r.CallerPrint != "" && r.CallerPrint != "fork" },
		`caller_country != callee_country`:         func(r record.Record) bool { return r.CallerCountry != "" && r.CalleeCountry != "" },
		`rules.exists(r, r.startsWith("R")) ? ring_ms > 3000 : size(rules) > 0`: func(r record.Record) bool {
			if slices.ContainsFunc(r.Rules, func(s string) bool { return s[0] == 'R' }) {
				return r.RingMS > 3000
			}
			return len(r.Rules) > 0
		},
		`time >= timestamp("2026-11-05T00:00:00Z") && time.getHours() == 3`: func(r record.Record) bool {
			at := time.Unix(0, r.Time).UTC()
			return at.Unix() >= time.Date(2026, 11, 5, 0, 0, 0, 0, time.UTC).Unix() && at.Hour() == 3
		},
	} {
		want := int64(0)
		for _, r := range all {
			if fits(r) {
				want++
			}
		}
		r := matches(t, text, files)
		var attempts int64
		for _, a := range r.Accounts {
			attempts += a.Attempts
		}
		if r.Matches != want || attempts != want || r.Unsure != 0 || want == 0 {
			t.Errorf("%s: %d match, %d with accounts, %d unsure, want %d; %s", text, r.Matches, attempts, r.Unsure, want, r.Why)
		}
		var out bytes.Buffer
		if err := r.Print(&out); err != nil || !strings.Contains(out.String(), "ACCOUNT") {
			t.Errorf("%v %s", err, out.String())
		}
	}
}

// What cannot be evaluated matters only where it decides, whichever side it is on.
func TestRuleUnsure(t *testing.T) {
	files, all := varied(t, 400)
	for _, text := range []string{`rules[1] == "R7" || true`, `true || rules[1] == "R7"`, `!(false && rules[1] == "R7")`, `!(rules[1] == "R7" && false)`} {
		if r := matches(t, text, files); r.Matches != int64(len(all)) || r.Unsure != 0 {
			t.Errorf("%s: %d match, %d unsure", text, r.Matches, r.Unsure)
		}
	}
	short := int64(0)
	for _, r := range all {
		if len(r.Rules) < 2 {
			short++
		}
	}
	for _, text := range []string{`rules[1] == "R7"`, `!(rules[1] == "R7")`, `rules[1] == "R7" && ring_ms >= 0`, `ring_ms >= 0 && rules[1] == "R7"`} {
		if r := matches(t, text, files); r.Unsure != short || !strings.Contains(r.Why, "index") {
			t.Errorf("%s: %d unsure, want %d: %q", text, r.Unsure, short, r.Why)
		}
	}
}

func TestRuleErrors(t *testing.T) {
	for text, want := range map[string]string{
		`outcome == "missed" && colour == 3`:    "line 1, column 24: undeclared reference to 'colour'; the columns are call_id, callee",
		`outcome == `:                           "line 1, column 12",
		`ring_ms == "a"`:                        "column 9: found no matching overload",
		`ring_ms`:                               "is no condition",
		"outcome == 'missed' &&\n  rings > 3":   "line 2, column 3",
		strings.Repeat("(", 500) + "true":       "",
		strings.Repeat("true||", 2000) + "true": "at most 4096",
		`caller_print.matches("(")`:             "",
		`time.getHours("Europe/Berlin") == 3`:   "no name of a time zone",
		`rules.exists(caller, caller == "x")`:   "caller is a column",
		`"a" in caller_network`:                 "",
		`time > timestamp("yesterday")`:         "",
		"\xff":                                  "no text",
	} {
		_, err := ParseRule(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", text, err, want)
		}
	}
	if _, err := ParseRule(`outcome == "missed" && colour == 3`); !strings.HasSuffix(err.Error(), "\n  outcome == \"missed\" && colour == 3\n"+strings.Repeat(" ", 25)+"^") {
		t.Errorf("the place is not shown:\n%v", err)
	}
}

func TestRulePerson(t *testing.T) {
	for text, want := range map[string]bool{
		`outcome == "missed"`: false, `caller_network == "AS1"`: false, `caller == "x"`: true,
		`ring_ms > 3 && rules.exists(r, callee.startsWith(r))`: true, `call_id != null`: true,
	} {
		c, err := ParseRule(text)
		if err != nil || c.Person() != want {
			t.Errorf("%s: %v %v", text, c, err)
		}
	}
}

// guess is a random condition: as it is written, and as plain CEL has to have it
// for a comparison with what is absent to be false.
func guess(rng *rand.Rand, depth int) (text, plainly string) {
	if depth > 0 {
		a, pa := guess(rng, depth-1)
		b, pb := guess(rng, depth-1)
		switch rng.IntN(5) {
		case 0, 1:
			return "(" + a + " && " + b + ")", "(" + pa + " && " + pb + ")"
		case 2:
			return "(" + a + " || " + b + ")", "(" + pa + " || " + pb + ")"
		case 3:
			return "!(" + a + ")", "!(" + pa + ")"
		case 4:
			c, pc := guess(rng, depth-1)
			return "(" + a + " ? " + b + " : " + c + ")", "(" + pa + " ? " + pb + " : " + pc + ")"
		}
	}
	pick := func(of ...string) string { return of[rng.IntN(len(of))] }
	guarded := func(column, text string) (string, string) { return text, "(" + column + " != null && " + text + ")" }
	op := pick("==", "!=")
	order := pick("==", "!=", "<", "<=", ">", ">=")
	switch rng.IntN(10) {
	case 0:
		c := pick("caller_print", "caller_version", "caller_network", "caller_country", "callee_country")
		return guarded(c, fmt.Sprintf("%s %s %q", c, op, pick("ios 7", "fork", "AS1", "DE", "2.1")))
	case 1:
		c := pick("ring_ms", "talk_ms", "caller_age_days")
		return guarded(c, fmt.Sprintf("%s %s %d", c, order, rng.IntN(5)*pickInt(rng, 1, 1000)-1))
	case 2:
		c := pick("ring_ms", "talk_ms", "caller_age_days")
		return guarded(c, fmt.Sprintf("%d %s %s", rng.IntN(5)*pickInt(rng, 1, 1000), order, c))
	case 3:
		s := fmt.Sprintf("outcome %s %q", op, pick("missed", "answered", "nothing"))
		return s, s
	case 4:
		s := fmt.Sprintf("%q in rules", pick("R23", "R7", "x"))
		return s, s
	case 5:
		s := fmt.Sprintf("%s %s null", pick("contact", "caller_print", "caller_age_days"), op)
		return s, s
	case 6:
		return guarded("contact", "contact "+op+" "+pick("true", "false"))
	case 7:
		s := fmt.Sprintf("%s in [%q, %q]", pick("caller", "callee"), pick("a1", "b1"), pick("a2", "b2"))
		return s, s
	case 8:
		s := pick(`rules[0] == "R7"`, `rules.all(r, r != "knock")`, `size(rules) == 2`, `caller == callee`, `caller == "a5"`)
		return s, s
	default:
		s := fmt.Sprintf("%s %s timestamp(\"2026-11-%02dT12:00:00Z\")", "time", order, 3+rng.IntN(10))
		return s, s
	}
}

func pickInt(rng *rand.Rand, of ...int) int { return of[rng.IntN(len(of))] }

// The matcher, with its shortcuts, says of every record what plain CEL says.
func TestRuleAsCEL(t *testing.T) {
	files, _ := varied(t, 500)
	rng := rand.New(rand.NewPCG(5, 5))
	for range 300 {
		text, plainly := guess(rng, rng.IntN(5))
		c, err := ParseRule(text)
		if err != nil {
			if len(text) > maxRule {
				continue
			}
			t.Fatalf("%s: %v", text, err)
		}
		ask := compiled(t, plainly)
		m := newMatcher(c, files.Dictionary())
		_, err = files.Read(context.Background(), record.Reading{Want: record.All, Workers: 1, Visit: func(_ int, b *record.Batch) error {
			for i, got := range m.match(b) {
				want := unsure
				v, _, err := ask.Eval(&row{Batch: b, words: files.Dictionary(), i: i})
				if err == nil {
					want = map[any]truth{true: yes, false: no}[v.Value()]
				}
				if got != want {
					return fmt.Errorf("%s\nis %d for %+v, want %d (%v)", text, got, b.Record(i, files.Dictionary()), want, err)
				}
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func compiled(t testing.TB, text string) cel.Program {
	t.Helper()
	env, err := environment.Extend(cel.ParserExpressionSizeLimit(1 << 20))
	if err != nil {
		t.Fatal(err)
	}
	a, issues := env.Compile(text)
	if issues.Err() != nil {
		t.Fatalf("%s: %v", text, issues.Err())
	}
	p, err := env.Program(a)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A rule cannot make one record cost more than its share.
func TestRuleCost(t *testing.T) {
	w := newTown(1)
	c := w.call("a", "b", "p", "n")
	for i := range 150 {
		c.Rules = append(c.Rules, fmt.Sprint("R", i))
	}
	files, _ := w.files(t)
	r := matches(t, `rules.all(a, rules.all(b, rules.all(c, a + b + c != "x")))`, files)
	if r.Unsure != 1 || !strings.Contains(r.Why, "cost") {
		t.Errorf("%d unsure: %s", r.Unsure, r.Why)
	}
}

// What there is no room for is counted.
func TestRuleIsBounded(t *testing.T) {
	files, all := varied(t, 3000)
	c, err := ParseRule("true")
	if err != nil {
		t.Fatal(err)
	}
	r, err := fitting(context.Background(), files, c, Options{Workers: 1}, &room{limit: 100})
	var attempts, pairs int64
	for _, a := range r.Accounts {
		attempts += a.Attempts
		pairs += int64(a.Others)
	}
	if err != nil || r.Matches != int64(len(all)) || pairs != 100 || r.Cut == 0 || attempts+r.Cut != r.Matches {
		t.Errorf("%v: %d matches, %d with %d pairs, %d cut", err, r.Matches, attempts, pairs, r.Cut)
	}
	var out bytes.Buffer
	if err := r.Print(&out); err != nil || !strings.Contains(out.String(), fmt.Sprintf("%d matches are counted and not listed", r.Cut)) {
		t.Errorf("%v %s", err, out.String())
	}
}

func FuzzRule(f *testing.F) {
	for _, s := range []string{`outcome == "missed" && "R23" in rules`, `contact == null ? ring_ms < 3 : !contact`, `rules.exists(r, r.matches("^R"))`, `caller in ["a", "b"]`, `time > timestamp("2026-01-01T00:00:00Z")`} {
		f.Add(s)
	}
	files, _ := varied(f, 30)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseRule(text)
		if err != nil {
			return
		}
		m := newMatcher(c, files.Dictionary())
		_, err = files.Read(context.Background(), record.Reading{Want: c.want | record.Caller | record.Callee, Workers: 1, Visit: func(_ int, b *record.Batch) error {
			if n := len(m.match(b)); n != b.N {
				return fmt.Errorf("%d answers for %d records", n, b.N)
			}
			return nil
		}})
		if err != nil {
			t.Fatal(err)
		}
	})
}
