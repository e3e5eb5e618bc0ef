package notice

import (
	"encoding/json"
	"maps"
	mrand "math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

// TestNoPathAround takes thousands of random steps by everybody, and looks at each
// batch that was let through, by what was accepted before it, without the plan.
func TestNoPathAround(t *testing.T) {
	m := newTeam(t)
	bodies := []*Text{text(t, "en"), text(t, "en", "ar"), text(t, "ar")}
	random := mrand.New(mrand.NewPCG(1, 2))
	batches := 0
	for range 120 {
		p, accepted, after := New(m.rules), []Step(nil), time.Duration(0)
		if random.IntN(2) == 0 { // half of them start from a plan that is nearly there
			p, accepted = m.nearlyThere(t)
			after = time.Hour
		}
		for range 60 {
			after += time.Duration(random.IntN(5)) * time.Hour
			s := m.randomStep(t, random, p, bodies)
			s.Plan, s.At = planID, start.Add(after)
			if s.By == "" {
				s.By = m.rules.People[random.IntN(len(m.rules.People))].Name
			}
			before := p.Standing()
			err := p.Apply(s)
			if err != nil {
				if !reflect.DeepEqual(before, p.Standing()) {
					t.Fatalf("%s was refused (%v), and the plan is another one", s.Kind, err)
				}
				continue
			}
			if s.Kind == SendBatch {
				batches++
				m.mustBeInOrder(t, accepted, s)
			}
			accepted = append(accepted, s)
		}
		m.mustFoldAlike(t, p, accepted)
	}
	if batches < 30 {
		t.Errorf("only %d batches were let through; the walk tries too little", batches)
	}
}

// nearlyThere is a plan that lacks but the batch, with its steps.
func (m team) nearlyThere(t *testing.T) (*Plan, []Step) {
	t.Helper()
	p := New(m.rules)
	var steps []Step
	add := func(by string, after time.Duration, s Step) {
		s.Plan, s.By, s.At = planID, by, start.Add(after)
		if err := p.Apply(s); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, s)
	}
	add("ana", 0, Step{Kind: Draft, Text: text(t, "en")})
	add("rea", 1, reviewOf(p, "en"))
	for _, h := range p.Text.Facts.Helplines {
		add("ana", 2, Step{Kind: HelplineTold, Helpline: h.Name, Count: 9, From: "2026-05-20"})
	}
	for _, by := range []string{"lea", "rob"} {
		s, err := p.Sign(m.signers[by])
		if err != nil {
			t.Fatal(err)
		}
		add(by, 3, s)
	}
	return p, steps
}

func (m team) randomStep(t *testing.T, random *mrand.Rand, p *Plan, bodies []*Text) Step {
	t.Helper()
	some := []string{commitment(random.IntN(30))}
	given := random.IntN(2) == 0
	helpline := sampleFacts().Helplines[random.IntN(2)].Name
	body := bodies[random.IntN(len(bodies))]
	switch random.IntN(17) {
	case 0:
		return Step{Kind: Draft, Text: body}
	case 1:
		if random.IntN(3) > 0 { // most would only void what was reached
			return Step{Kind: HelplineTold, Helpline: helpline, Count: 25, From: "2026-05-20"}
		}
		return Step{Kind: Edit, Text: body}
	case 2, 3:
		tag := []string{"en", "ar"}[random.IntN(2)]
		return Step{Kind: ReviewLanguage, Language: tag, Hash: body.Wordings["en"].Hash(), Version: text(t, tag).Versions[tag]}
	case 4, 5, 6:
		by := m.rules.People[random.IntN(len(m.rules.People))].Name
		if p.ID == "" {
			return Step{Kind: Hold, Reason: "nothing to sign"}
		}
		s, err := p.Sign(m.signers[by])
		if err != nil {
			t.Fatal(err)
		}
		s.By = by
		return s
	case 7:
		return Step{Kind: CountryApprove, Country: []string{"XR", Unknown}[random.IntN(2)]}
	case 8:
		if random.IntN(2) == 0 {
			return Step{Kind: Hold, Reason: "wait"}
		}
		return Step{Kind: Release, Reason: "go on", Held: 1 + random.IntN(3)}
	case 9:
		return Step{Kind: Release, Reason: "go on", Held: 1 + random.IntN(3)}
	case 10:
		if random.IntN(20) == 0 {
			return Step{Kind: Cancel, Reason: "no"}
		}
		return Step{Kind: OptOut, Targets: some}
	case 11:
		return Step{Kind: Delivered, Targets: some}
	case 12:
		return Step{Kind: Answer, Targets: some, Consent: Counted, Given: &given}
	default:
		b := batch([]string{"XA", "XA", "XR", Unknown}[random.IntN(4)], slices.Sorted(maps.Keys(map[int]bool{random.IntN(30): true, random.IntN(30): true, random.IntN(30): true}))...)
		b.Helplines = map[string]int{helpline: len(b.Targets)}
		return Step{Kind: SendBatch, Batch: b}
	}
}

// mustBeInOrder holds a batch against the rules, by the steps before it.
func (m team) mustBeInOrder(t *testing.T, before []Step, s Step) {
	t.Helper()
	last := 0 // the last step that wrote the words
	holds := map[int]bool{}
	people := map[string]Person{}
	for _, p := range m.rules.People {
		people[p.Name] = p
	}
	told, sent, out, nth := map[string]bool{}, map[string]bool{}, map[string]bool{}, 0
	perDay := map[string]int{}
	for i, b := range before {
		switch b.Kind {
		case Draft, Edit:
			last = i
		case Hold:
			nth++
			holds[nth] = true
		case Release:
			delete(holds, b.Held)
		case Cancel:
			t.Error("sent after it was cancelled")
		case HelplineTold:
			told[b.Helpline] = told[b.Helpline] || !b.At.Add(m.rules.Lead).After(s.At)
		case OptOut:
			out[b.Targets[0]] = true
		case SendBatch:
			for _, c := range b.Batch.Targets {
				sent[c] = true
			}
			if b.At.Format(time.DateOnly) == s.At.Format(time.DateOnly) {
				for h, n := range b.Batch.Helplines {
					perDay[h] += n
				}
			}
		}
	}
	if len(holds) > 0 {
		t.Error("sent on hold")
	}
	signed, entered, reviewed := map[string]bool{}, map[string]map[string]bool{}, map[string]bool{}
	for i, b := range before {
		switch {
		case b.Kind == ReviewLanguage && people[b.By].Role == reviewer && slices.Contains(people[b.By].Languages, b.Language):
			reviewed[b.Language+b.Hash] = true
		case i > last && b.Kind == Approve:
			signed[bareKey(people[b.By].Key)] = true
		case i > last && b.Kind == CountryApprove:
			if entered[b.Country] == nil {
				entered[b.Country] = map[string]bool{}
			}
			entered[b.Country][bareKey(people[b.By].Key)] = true
		}
	}
	if len(signed) < 2 {
		t.Errorf("sent with %d persons' approval", len(signed))
	}
	for tag, w := range before[last].Text.Wordings {
		if !reviewed[tag+w.Hash()] {
			t.Errorf("sent in %s, which nobody fluent has approved", tag)
		}
	}
	for _, c := range s.Batch.Countries {
		if (c == "XR" || c == Unknown) && len(entered[c]) < 2 {
			t.Errorf("sent into %s with %d persons' approval", c, len(entered[c]))
		}
	}
	for h, n := range s.Batch.Helplines {
		line, _ := sampleFacts().helpline(h)
		if !told[h] || perDay[h]+n > line.Daily {
			t.Errorf("sent %d after %d on this day; %s was told: %v", n, perDay[h], h, told[h])
		}
	}
	for _, c := range s.Batch.Targets {
		if sent[c] || out[c] {
			t.Error("a target was told twice, or against the person's will")
		}
	}
}

// mustFoldAlike reads the steps as they stand in a ledger.
func (m team) mustFoldAlike(t *testing.T, p *Plan, accepted []Step) {
	t.Helper()
	var read []Step
	for _, s := range accepted {
		b, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadStep(b)
		if err != nil {
			t.Fatal(err)
		}
		read = append(read, again)
	}
	again, err := Fold(m.rules, read)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(again.Standing(), p.Standing()) {
		t.Errorf("folded, it stands at %+v, not %+v", again.Standing(), p.Standing())
	}
}

func FuzzReadStep(f *testing.F) {
	m := newTeam(f)
	p := New(m.rules)
	m.ready(f, p)
	for _, s := range []Step{
		{Kind: Draft, Text: text(f, "en")}, reviewOf(p, "en"), {Kind: SendBatch, Batch: batch("XA", 1, 2)}, {Kind: Hold, Reason: "wait"},
		{Kind: HelplineTold, Helpline: "a", Count: 2, From: "2026-05-20"}, {Kind: Delivered, Targets: []string{commitment(1)}},
	} {
		s.Plan, s.By, s.At = planID, "ana", start.Add(time.Hour)
		b, err := json.Marshal(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ReadStep(b)
		if err != nil {
			return
		}
		out, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := ReadStep(out)
		if err != nil || !reflect.DeepEqual(s, again) {
			t.Errorf("written and read again it is another step: %v", err)
		}
		p := New(m.rules)
		_ = p.Apply(s) // whatever it is, it does not panic
		if s.Kind != Draft && p.ID != "" {
			t.Error("a plan begins with something other than a draft")
		}
	})
}
