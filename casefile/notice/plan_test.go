package notice

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	wire "github.com/ringfence/ringfence/wire/notice"
)

var start = time.Date(2026, 5, 20, 9, 0, 0, 0, time.UTC)

// team is a service's people; twin has the key of lea under another name.
type team struct {
	rules   Rules
	signers map[string]note.Signer
}

func newTeam(t testing.TB) team {
	t.Helper()
	m := team{Rules{Risk: []string{"XR"}, Lead: time.Hour}, map[string]note.Signer{}}
	_, leaKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []Person{
		{Name: "ana", Role: analyst, Languages: []string{"en"}}, {Name: "rea", Role: reviewer, Languages: []string{"en", "ar"}},
		{Name: "rob", Role: reviewer, Languages: []string{"en"}}, {Name: "lea", Role: lead}, {Name: "twin", Role: lead}, {Name: "cora", Role: counsel},
		{Name: "gone", Role: counsel, Until: start}, {Name: "pat", Role: "partner", Languages: []string{"en"}},
	} {
		_, private, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		if p.Name == "lea" || p.Name == "twin" {
			private = leaKey
		}
		p.Key, m.signers[p.Name] = signer(t, p.Name, private)
		m.rules.People = append(m.rules.People, p)
	}
	return m
}

func signer(t testing.TB, name string, private ed25519.PrivateKey) (string, note.Signer) {
	t.Helper()
	public, err := note.NewEd25519VerifierKey(name, private.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	hash := strings.Split(public, "+")[1]
	s, err := note.NewSigner("PRIVATE+KEY+" + name + "+" + hash + "+" + base64.StdEncoding.EncodeToString(append([]byte{1}, private.Seed()...)))
	if err != nil {
		t.Fatal(err)
	}
	return public, s
}

func (m team) verifiers(t testing.TB) (all []note.Verifier) {
	t.Helper()
	for _, p := range m.rules.People {
		v, err := note.NewVerifier(p.Key)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

const planID = "N-2026-0001"

func text(t testing.TB, languages ...string) *Text {
	t.Helper()
	one, err := NewText(sampleFacts(), "2026-05-20", languages...)
	if err != nil {
		t.Fatal(err)
	}
	return &one
}

func commitment(i int) string { return fmt.Sprintf("%064x", i+1) }

func batch(country string, targets ...int) *Batch {
	b := &Batch{Countries: []string{country}, Helplines: map[string]int{DefaultHelplines[0].Name: len(targets)}}
	for _, i := range targets {
		b.Targets = append(b.Targets, commitment(i))
	}
	return b
}

func reviewOf(p *Plan, tag string) Step {
	return Step{Kind: ReviewLanguage, Language: tag, Hash: p.Text.Wordings[tag].Hash(), Version: p.Text.Versions[tag]}
}

// do applies a step as somebody, at a time.
func (m team) do(t testing.TB, p *Plan, by string, after time.Duration, s Step) error {
	t.Helper()
	s.Plan, s.By, s.At = planID, by, start.Add(after)
	return p.Apply(s)
}

// ready is a plan with everything but the batch.
func (m team) ready(t testing.TB, p *Plan) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(m.do(t, p, "ana", 0, Step{Kind: Draft, Text: text(t, "en", "ar")}))
	must(m.do(t, p, "rea", 1, reviewOf(p, "en")))
	must(m.do(t, p, "rea", 2, reviewOf(p, "ar")))
	for _, h := range p.Text.Facts.Helplines {
		must(m.do(t, p, "ana", 3, Step{Kind: HelplineTold, Helpline: h.Name, Count: 20, From: "2026-05-20"}))
	}
	m.sign(t, p, "lea", 4)
	m.sign(t, p, "rob", 5)
}

func (m team) sign(t testing.TB, p *Plan, by string, after time.Duration) {
	t.Helper()
	s, err := p.Sign(m.signers[by])
	if err != nil {
		t.Fatal(err)
	}
	if err := m.do(t, p, by, after, s); err != nil {
		t.Fatal(err)
	}
}

func TestPlanFromDraftToRead(t *testing.T) {
	m := newTeam(t)
	p := New(m.rules)
	m.ready(t, p)
	if err := m.do(t, p, "lea", 2*time.Hour, Step{Kind: SendBatch, Batch: batch("XA", 1, 2, 3)}); err != nil {
		t.Fatal(err)
	}
	n, err := p.Notice("4839-2071")
	if err != nil {
		t.Fatal(err)
	}
	if names, err := n.Verify(m.verifiers(t)); err != nil || !slices.Equal(names, []string{"lea", "rob"}) {
		t.Fatalf("a device sees the notice as signed by %v: %v", names, err)
	}
	yes, no := true, false
	for _, s := range []Step{
		{Kind: Delivered, Targets: []string{commitment(1), commitment(2)}}, {Kind: Read, Targets: []string{commitment(1)}},
		{Kind: Answer, Targets: []string{commitment(1)}, Consent: Examination, Given: &yes},
	} {
		if err := m.do(t, p, "ana", 3*time.Hour, s); err != nil {
			t.Fatal(err)
		}
	}
	if !p.Consents(commitment(1), Examination) || p.Consents(commitment(1), Counted) || p.Consents(commitment(2), Examination) || p.Consents(commitment(9), Counted) {
		t.Error("consents are not what was answered")
	}
	if err := m.do(t, p, "ana", 4*time.Hour, Step{Kind: Answer, Targets: []string{commitment(1)}, Consent: Examination, Given: &no}); err != nil {
		t.Fatal(err)
	}
	if p.Consents(commitment(1), Examination) {
		t.Error("a consent that was withdrawn is in force")
	}
	got := p.Standing()
	if got.Sent != 3 || got.Delivered != 2 || got.Read != 1 || got.Blocked != "" || len(p.Undelivered()) != 1 {
		t.Errorf("it stands at %+v", got)
	}
	if progress, _ := p.Target(commitment(1)); len(progress.Answers) != 2 {
		t.Errorf("the history of a consent is %+v", progress.Answers)
	}
	if sent := Public(p, New(m.rules)); len(sent) != 2 || sent[0].Language != "ar" || sent[0].Hash != p.Text.Wordings["ar"].Hash() {
		t.Errorf("public: %+v", sent)
	}
	if _, err := p.Page("fr", "4839-2071"); !errors.Is(err, ErrRefused) {
		t.Errorf("a page in a language that was not reviewed: %v", err)
	}
	if carried, err := p.Carry("ar", "4839-2071"); err != nil || !strings.Contains(carried, "4839-2071") {
		t.Errorf("carried: %q, %v", carried, err)
	}
	if _, err := p.Carry("fr", "4839-2071"); !errors.Is(err, ErrRefused) {
		t.Errorf("carried in a language that was not reviewed: %v", err)
	}
	if page, err := p.Page("ar", "4839-2071"); err != nil || page.Dir != "rtl" {
		t.Errorf("page: %v", err)
	}
}

func TestRefused(t *testing.T) {
	hour := 2 * time.Hour
	for what, try := range map[string]func(t *testing.T, m team, p *Plan) error{
		"the same person twice": func(t *testing.T, m team, p *Plan) error {
			s, _ := p.Sign(m.signers["lea"])
			return m.do(t, p, "lea", hour, s)
		},
		"the same key under another name": func(t *testing.T, m team, p *Plan) error {
			s, _ := p.Sign(m.signers["twin"])
			return m.do(t, p, "twin", hour, s)
		},
		"another one's signature": func(t *testing.T, m team, p *Plan) error {
			s, _ := p.Sign(m.signers["rob"])
			return m.do(t, p, "cora", hour, s)
		},
		"a partner": func(t *testing.T, m team, p *Plan) error {
			return m.do(t, p, "pat", hour, Step{Kind: SendBatch, Batch: batch("XA", 1)})
		},
		"a stranger": func(t *testing.T, m team, p *Plan) error {
			return m.do(t, p, "eve", hour, Step{Kind: SendBatch, Batch: batch("XA", 1)})
		},
		"a key that was withdrawn": func(t *testing.T, m team, p *Plan) error {
			s, _ := p.Sign(m.signers["gone"])
			return m.do(t, p, "gone", hour, s)
		},
		"an analyst approves": func(t *testing.T, m team, p *Plan) error {
			s, _ := p.Sign(m.signers["ana"])
			return m.do(t, p, "ana", hour, s)
		},
		"a reviewer not fluent": func(t *testing.T, m team, p *Plan) error { return m.do(t, p, "rob", hour, reviewOf(p, "ar")) },
		"a lead reviews":        func(t *testing.T, m team, p *Plan) error { return m.do(t, p, "lea", hour, reviewOf(p, "ar")) },
		"who wrote the words": func(t *testing.T, m team, p *Plan) error {
			other := text(t, "en")
			other.Wordings["en"] = calmer(other.Wordings["en"])
			if err := m.do(t, p, "rea", hour, Step{Kind: Edit, Text: other}); err != nil {
				t.Fatal(err)
			}
			return m.do(t, p, "rea", hour, reviewOf(p, "en"))
		},
		"what was signed before an edit": func(t *testing.T, m team, p *Plan) error {
			old, _ := p.Sign(m.signers["lea"])
			other := text(t, "en")
			other.Wordings["en"] = calmer(other.Wordings["en"])
			_ = m.do(t, p, "ana", hour, Step{Kind: Edit, Text: other})
			if err := m.do(t, p, "rea", hour, reviewOf(p, "en")); err != nil {
				t.Fatal(err)
			}
			return m.do(t, p, "lea", hour, old)
		},
		"a language whose words were edited after its review": func(t *testing.T, m team, p *Plan) error {
			other := text(t, "en", "ar")
			other.Wordings["en"] = calmer(other.Wordings["en"])
			if err := m.do(t, p, "ana", hour, Step{Kind: Edit, Text: other}); err != nil || !slices.Equal(p.Standing().Drafts, []string{"en"}) {
				t.Fatalf("drafts %v, %v", p.Standing().Drafts, err)
			}
			s, _ := p.Sign(m.signers["lea"])
			return m.do(t, p, "lea", hour, s)
		},
		"a helpline that was not told, of which nobody is in the batch": func(t *testing.T, m team, p *Plan) error {
			third := text(t, "en", "ar")
			third.Facts.Helplines = append(third.Facts.Helplines, Helpline{Name: "Third Helpline", Region: "asia", Countries: []string{"XC"}, Daily: 1})
			for tag := range third.Wordings {
				third.Wordings[tag], _ = Write(third.Facts, tag)
			}
			if err := m.do(t, p, "ana", hour, Step{Kind: Edit, Text: third}); err != nil {
				t.Fatal(err)
			}
			for _, tag := range []string{"en", "ar"} {
				if err := m.do(t, p, "rea", hour, reviewOf(p, tag)); err != nil {
					t.Fatal(err)
				}
			}
			m.sign(t, p, "lea", hour)
			m.sign(t, p, "rob", hour)
			return m.do(t, p, "lea", hour, Step{Kind: SendBatch, Batch: batch("XA", 1)})
		},
		"a step of another plan": func(t *testing.T, m team, p *Plan) error {
			return p.Apply(Step{Kind: Hold, Plan: "N-2026-0002", By: "ana", At: start.Add(hour), Reason: "wait"})
		},
		"review of other words": func(t *testing.T, m team, p *Plan) error {
			s := reviewOf(p, "en")
			s.Hash = commitment(4)
			return m.do(t, p, "rob", hour, s)
		},
		"helpline told too late": func(t *testing.T, m team, p *Plan) error {
			return m.do(t, p, "lea", time.Minute, Step{Kind: SendBatch, Batch: batch("XA", 1)})
		},
		"more than the helpline takes in a day": func(t *testing.T, m team, p *Plan) error {
			return m.do(t, p, "lea", hour, Step{Kind: SendBatch, Batch: batch("XA", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)})
		},
		"more than the helpline was told of": func(t *testing.T, m team, p *Plan) error {
			for d := range 2 {
				if err := m.do(t, p, "lea", hour+time.Duration(d)*24*time.Hour, Step{Kind: SendBatch, Batch: batch("XA", slices.Collect(numbers(d*10, d*10+10))...)}); err != nil {
					t.Fatal(err)
				}
			}
			return m.do(t, p, "lea", 80*time.Hour, Step{Kind: SendBatch, Batch: batch("XA", 30)})
		},
		"a country at risk": func(t *testing.T, m team, p *Plan) error {
			_ = m.do(t, p, "lea", hour, Step{Kind: CountryApprove, Country: "XR"})
			return m.do(t, p, "lea", hour, Step{Kind: SendBatch, Batch: batch("XR", 1)})
		},
		"a country at risk, twice the same key": func(t *testing.T, m team, p *Plan) error {
			_ = m.do(t, p, "lea", hour, Step{Kind: CountryApprove, Country: "XR"})
			return m.do(t, p, "twin", hour, Step{Kind: CountryApprove, Country: "XR"})
		},
		"a country that is not known": func(t *testing.T, m team, p *Plan) error {
			return m.do(t, p, "lea", hour, Step{Kind: SendBatch, Batch: batch(Unknown, 1)})
		},
		"on hold": func(t *testing.T, m team, p *Plan) error {
			_ = m.do(t, p, "ana", hour, Step{Kind: Hold, Reason: "a court asks to wait"})
			return m.do(t, p, "lea", hour, Step{Kind: SendBatch, Batch: batch("XA", 1)})
		},
		"an analyst releases": func(t *testing.T, m team, p *Plan) error {
			_ = m.do(t, p, "ana", hour, Step{Kind: Hold, Reason: "a court asks to wait"})
			return m.do(t, p, "ana", hour, Step{Kind: Release, Reason: "over", Held: 1})
		},
		"cancelled": func(t *testing.T, m team, p *Plan) error {
			_ = m.do(t, p, "lea", hour, Step{Kind: Cancel, Reason: "mistaken"})
			return m.do(t, p, "lea", hour, Step{Kind: SendBatch, Batch: batch("XA", 1)})
		},
		"told twice": func(t *testing.T, m team, p *Plan) error {
			_ = m.do(t, p, "lea", hour, Step{Kind: SendBatch, Batch: batch("XA", 1)})
			return m.do(t, p, "lea", hour, Step{Kind: SendBatch, Batch: batch("XA", 1)})
		},
		"opted out": func(t *testing.T, m team, p *Plan) error {
			_ = m.do(t, p, "ana", hour, Step{Kind: OptOut, Targets: []string{commitment(1)}})
			return m.do(t, p, "lea", hour, Step{Kind: SendBatch, Batch: batch("XA", 1)})
		},
		"other words after the first were told": func(t *testing.T, m team, p *Plan) error {
			_ = m.do(t, p, "lea", hour, Step{Kind: SendBatch, Batch: batch("XA", 1)})
			return m.do(t, p, "ana", hour, Step{Kind: Edit, Text: text(t, "en")})
		},
		"edited after the approvals": func(t *testing.T, m team, p *Plan) error {
			_ = m.do(t, p, "ana", hour, Step{Kind: Edit, Text: text(t, "en", "ar")})
			return m.do(t, p, "lea", hour, Step{Kind: SendBatch, Batch: batch("XA", 1)})
		},
		"a language that nobody reviewed": func(t *testing.T, m team, p *Plan) error {
			_ = m.do(t, p, "ana", hour, Step{Kind: Edit, Text: text(t, "en", "ar", "fr")})
			s, _ := p.Sign(m.signers["lea"])
			return m.do(t, p, "lea", hour, s)
		},
		"words against the rules": func(t *testing.T, m team, p *Plan) error {
			bad := text(t, "en")
			w := bad.Wordings["en"]
			w.Body += "\n\nThe government did it."
			bad.Wordings["en"] = w
			return m.do(t, p, "ana", hour, Step{Kind: Edit, Text: bad})
		},
		"back in time": func(t *testing.T, m team, p *Plan) error {
			return m.do(t, p, "ana", -time.Hour, Step{Kind: Hold, Reason: "wait"})
		},
		"a second draft": func(t *testing.T, m team, p *Plan) error {
			return m.do(t, p, "ana", hour, Step{Kind: Draft, Text: text(t, "en")})
		},
		"delivered to who was not told": func(t *testing.T, m team, p *Plan) error {
			return m.do(t, p, "ana", hour, Step{Kind: Delivered, Targets: []string{commitment(1)}})
		},
		"a yes before the notice": func(t *testing.T, m team, p *Plan) error {
			_ = m.do(t, p, "lea", hour, Step{Kind: SendBatch, Batch: batch("XA", 1)})
			yes := true
			return m.do(t, p, "ana", hour, Step{Kind: Answer, Targets: []string{commitment(1)}, Consent: Counted, Given: &yes})
		},
	} {
		m := newTeam(t)
		p := New(m.rules)
		m.ready(t, p)
		if err := try(t, m, p); !errors.Is(err, ErrRefused) {
			t.Errorf("%s: %v, want it refused", what, err)
		}
	}
}

// TestKeyWithdrawn withdraws the key of somebody who has approved: what it approved
// counts no more, and the person's next key does.
func TestKeyWithdrawn(t *testing.T) {
	m := newTeam(t)
	i := slices.IndexFunc(m.rules.People, func(p Person) bool { return p.Name == "lea" })
	m.rules.People[i].Until = start.Add(time.Hour)
	next := Person{Name: "lea", Role: lead, Since: start.Add(time.Hour)}
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	next.Key, m.signers["lea2"] = signer(t, "lea", private)
	m.rules.People = append(m.rules.People, next)
	p := New(m.rules)
	m.ready(t, p)
	send := Step{Kind: SendBatch, Batch: batch("XA", 1)}
	if err := m.do(t, p, "rob", 2*time.Hour, send); !errors.Is(err, ErrRefused) {
		t.Errorf("sent with the approval of a key that was withdrawn: %v", err)
	}
	s, err := p.Sign(m.signers["lea2"])
	if err != nil {
		t.Fatal(err)
	}
	if err := m.do(t, p, "lea", 2*time.Hour, s); err != nil {
		t.Fatal(err)
	}
	if err := m.do(t, p, "rob", 2*time.Hour, send); err != nil {
		t.Errorf("with the person's next key: %v", err)
	}
}

// calmer is a wording with one more sentence, which breaks no rule.
func calmer(w wire.Wording) wire.Wording {
	w.Body += " Take your time."
	return w
}

func numbers(from, to int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := from; i < to && yield(i); i++ {
		}
	}
}
