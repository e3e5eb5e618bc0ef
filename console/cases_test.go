package console

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/attribution"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/casefile/judging"
	"github.com/ringfence/ringfence/casefile/notice"
	"github.com/ringfence/ringfence/casefile/telling"
	"github.com/ringfence/ringfence/store/ledger"
)

func roomOf(t *testing.T, now func() time.Time) *casefile.Room {
	t.Helper()
	r, err := casefile.Open(filepath.Join(t.TempDir(), "cases"), "ringfence test", now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

// file is a case of the tests, and the hand of its lead, who is mara.
type file struct {
	*casefile.Case
	t    *testing.T
	hand *casefile.Hand
}

const evilText = `<script>hit=1</script> <img src=x> ` + "\u202etxt.exe"

func enroll(t *testing.T, r *casefile.Room, name string, role casefile.Role) *casefile.Hand {
	t.Helper()
	secret, public, err := casefile.NewKey(name)
	if err == nil {
		_, err = r.Enroll(context.Background(), public, role)
	}
	if err != nil {
		t.Fatal(err)
	}
	h, err := casefile.ReadHand([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// newFile begins a case with something of everything in it.
func newFile(t *testing.T, m *memory) *file {
	t.Helper()
	f := &file{t: t, hand: enroll(t, m.cases, "mara", casefile.Lead)}
	var err error
	if f.Case, err = m.cases.New(context.Background(), "The calls of May", f.hand); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	f.add(casefile.Exhibit{Name: "phone.zip", Source: "phone of T-0001", Basis: "consent:C-1", Reason: "it rang twice and stopped"}, "bytes", casefile.Said{})
	var events []ledger.Event
	for i := range 40 {
		events = append(events, ledger.Event{N: int64(i + 1), At: time.Date(2026, 5, 1+i%9, 8, i, 0, 0, time.UTC).UnixNano(), Account: fmt.Sprintf("A-%04d", 1+i%3), Target: fmt.Sprintf("T-%04d", 1+i%7), Body: "{}"})
	}
	f.add(casefile.Exhibit{Name: "calls.jsonl", Source: "the hunt", Basis: "own records"}, "lines", casefile.Said{Events: events})
	for i := range 7 {
		f.put(fact.Person{Class: fact.Classes[i%3], KnownBy: "told us", Country: "MA", Attempts: i + 1, First: time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC), Examined: "given"})
	}
	f.put(fact.Device{Person: "T-0001", Model: "Example 9", OS: "Android 14", Verdict: "attempted"})
	f.put(fact.Campaign{From: time.Date(2026, 5, 1, 8, 0, 0, 0, time.UTC), Until: time.Date(2026, 5, 9, 8, 0, 0, 0, time.UTC), Summary: "40 calls of 3 accounts to 7 persons", Strength: "strong", Calls: 40, HeldBack: 38, Targets: 7})
	desk := &telling.Desk{Case: f.Case, Hand: f.hand, Now: m.now, Config: telling.Config{Issuer: "chat.example", Page: "chat.example/notices"}}
	p, err := desk.Draft(context.Background(), notice.Blocked)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := desk.Take(context.Background(), notice.Step{Kind: notice.Hold, Plan: p.ID, Reason: "the court asked for a delay <script>hit=1</script>"}); err != nil {
		t.Fatal(err)
	}
	f.put(fact.Hours{Day: "2026-05-10", Who: "engineer on call", Task: "the patch", Minutes: 95})
	f.put(fact.Deadline{Day: "2026-12-01", What: "answer to the court"})
	f.put(fact.Paragraph{Section: "summary", Text: "Somebody called seven persons forty times, and never to talk. " + evilText})
	for i := range 3 {
		f.put(fact.Account{Role: "caller", Calls: 3, Print: "c1-rare", Networks: []string{fmt.Sprintf("203.0.113.%d/32", i), evilText[:20]}})
		f.put(fact.Infrastructure{Type: "host", Value: fmt.Sprintf("198.51.%d.7", i)})
	}
	f.judge()
	f.put(fact.Paragraph{Section: "conduct", Text: "The accounts were made on one day.", Allegation: true})
	return f
}

// judge writes a judgement of the first claim, in two versions.
func (f *file) judge() {
	f.t.Helper()
	desk := &judging.Desk{Case: f.Case, Hand: f.hand, Now: time.Now}
	j := desk.Start("The calls of May " + evilText[:len("<script>hit=1</script>")])
	j.Evidence = []attribution.Evidence{{ID: "V-01", Text: "they share a client <img src=x>", Exhibits: []string{"E-0002"}, Grade: "A1"}, {ID: "V-02", Text: "the phone says so", Exhibits: []string{"E-0001"}, Grade: "F6"}}
	r := &j.Rungs[0]
	r.Likelihood, r.Confidence, r.Change = "very likely", "high", []string{"another account with that client"}
	for i, mark := range []string{"CC", "II", "I", "II", "N"} {
		r.Cells = append(r.Cells, attribution.Cell{Evidence: "V-01", Hypothesis: r.Hypotheses[i].ID, Mark: mark, Why: "so"}, attribution.Cell{Evidence: "V-02", Hypothesis: r.Hypotheses[i].ID, Mark: "C", Why: "so"})
	}
	v, err := desk.Save(context.Background(), j, "")
	if err != nil {
		f.t.Fatal(err)
	}
	was := v.Judgement.Hash()
	j.Rungs[0].Gaps = []string{"a sample"}
	if _, err := desk.Save(context.Background(), j, was); err != nil {
		f.t.Fatal(err)
	}
}

func (f *file) add(x casefile.Exhibit, text string, said casefile.Said) {
	f.t.Helper()
	if _, _, err := f.Take(context.Background(), f.hand, x, strings.NewReader(text), said); err != nil {
		f.t.Fatal(err)
	}
}

func (f *file) put(one fact.Fact) {
	f.t.Helper()
	r, err := casefile.NewRecord(one)
	if err == nil {
		_, err = f.Put(context.Background(), f.hand, r)
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

func TestCasePages(t *testing.T) {
	w := signedInWindow(t)
	f := newFile(t, w.memory)
	for path, want := range map[string][]string{
		"":                         {"The calls of May", "Somebody called seven persons", "1.6", "answer to the court", "0 of 2 exhibits"},
		"/timeline":                {"2026-05-01", "A-0002", "40 calls of 3 accounts"},
		"/timeline?account=A-0003": {"A-0003"},
		"/timeline?from=2026-05-02&until=2026-05-02": {"2026-05-02"},
		"/evidence":                {"E-0001", "phone.zip", "phone of T-0001"},
		"/evidence?exhibit=E-0001": {"it rang twice and stopped", "SHA3-256", "took in"},
		"/people":                  {"T-0007", "civil society", "attempted", "given"},
		"/people?class=other":      {"T-0002"},
		"/notices?language=ar":     {"draft", "the court asked", "dir=\"rtl\"", "Nothing may be sent yet"},
		"/file":                    {"rests on nothing", "conduct"},
		"/graph":                   {"Group 1: 3 things", "c1-rare", "individual", "H-0002"},
		"/attribution":             {"We judge it very likely (80 to 95 percent)", "Our confidence in this judgement is low.", "same cluster: gaps", "goes back to one source", "Not attributed: That operator is a government.", "Nobody has reviewed it"},
		"/log":                     {"began the case", "What was looked at", "/evidence?exhibit=E-0001"},
	} {
		if path == "/log" {
			w.get("/cases/" + f.ID + "/evidence?exhibit=E-0001")
		}
		code, body := w.get("/cases/" + f.ID + path)
		if code != http.StatusOK {
			t.Errorf("%s: %d", path, code)
		}
		for _, s := range want {
			if !strings.Contains(body, s) {
				t.Errorf("%s: %q is not there:\n%s", path, s, body)
			}
		}
		if strings.Contains(body, "<script>hit") || strings.Contains(body, "\u202e") || strings.Contains(body, "<img src=x") {
			t.Errorf("%s: what was recorded is not shown as text", path)
		}
	}
	if _, body := w.get("/cases/" + f.ID + "/people?class=other"); strings.Contains(body, `id="T-0001"`) {
		t.Error("the filter lets everybody through")
	}
	if _, err := f.Verify(context.Background(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	if _, body := w.get("/cases/" + f.ID); !strings.Contains(body, "2 of 2 exhibits") || !strings.Contains(body, `data-light="good"`) {
		t.Errorf("the light is not green after the exhibits were proved: %s", body)
	}
}

// Who is not enrolled sees no case, and a partner those that it was admitted to.
func TestCasesAreNotForEverybody(t *testing.T) {
	w := signedInWindow(t)
	f := &file{t: t, hand: enroll(t, w.cases, "lena", casefile.Lead)}
	ctx := context.Background()
	var err error
	if f.Case, err = w.cases.New(ctx, "The calls of May", f.hand); err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	page := "/cases/" + f.ID
	if _, body := w.get("/cases"); strings.Contains(body, f.ID) || strings.Contains(body, "calls of May") {
		t.Error("somebody who is not enrolled sees that there is a case")
	}
	if code, body := w.get(page); code != http.StatusForbidden || strings.Contains(body, "calls of May") {
		t.Errorf("somebody who is not enrolled: %d", code)
	}
	enroll(t, w.cases, "mara", casefile.Partner)
	if code, _ := w.get(page); code != http.StatusForbidden {
		t.Errorf("a partner who was not admitted: %d", code)
	}
	if err := f.Admit(ctx, f.hand, "mara", "the lab looks at it"); err != nil {
		t.Fatal(err)
	}
	if code, _ := w.get(page); code != http.StatusOK {
		t.Errorf("a partner who was admitted: %d", code)
	}
	if _, body := w.get(page + "/log"); strings.Contains(body, "What was looked at") {
		t.Error("a partner sees what others looked at")
	}
	views, err := f.Views(ctx, 10)
	if err != nil || len(views) != 2 || views[1].Who != "mara" || views[1].What != page {
		t.Errorf("%v, %v", views, err)
	}
}

// BenchmarkCasePages opens the pages of a case with ten thousand exhibits and a
// million events.
func BenchmarkCasePages(b *testing.B) {
	m := newMemory(time.Now)
	t := &testing.T{}
	m.cases = roomOf(t, time.Now)
	f := newFile(t, m)
	var events []ledger.Event
	for i := range 1_000_000 {
		events = append(events, ledger.Event{N: int64(i + 1), At: time.Date(2026, 4, 1, 0, 0, 0, i*4, time.UTC).UnixNano() + int64(i)*3_000_000_000, Account: fmt.Sprintf("A-%04d", 1+i%300), Target: fmt.Sprintf("T-%04d", 1+i%1400), Body: "{}"})
	}
	f.add(casefile.Exhibit{Name: "calls.jsonl", Source: "the hunt", Basis: "own records"}, "lines", casefile.Said{Events: events})
	for range 10_000 {
		f.add(casefile.Exhibit{Name: "a.txt", Source: "s", Basis: "b"}, "x", casefile.Said{})
	}
	c := &console{Config: Config{Desk: m.desk(), Now: time.Now}, cases: openCases{open: map[string]*casefile.Case{f.ID: f.Case}}}
	viewer, err := f.MaySee(context.Background(), "mara")
	if err != nil {
		b.Fatal(err)
	}
	for name, page := range map[string]func(context.Context, desk, map[string][]string) (any, error){
		"summary": func(ctx context.Context, d desk, q map[string][]string) (any, error) { return c.caseSummary(ctx, d, q) },
		"timeline": func(ctx context.Context, d desk, q map[string][]string) (any, error) {
			return c.caseTimeline(ctx, d, q)
		},
		"evidence": func(ctx context.Context, d desk, q map[string][]string) (any, error) {
			return c.caseEvidence(ctx, d, q)
		},
		"log": func(ctx context.Context, d desk, q map[string][]string) (any, error) { return c.caseLog(ctx, d, q) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := page(context.Background(), desk{f.Case, viewer}, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
