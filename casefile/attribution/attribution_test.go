package attribution

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// example is a judgement in the spirit of 2019, about a vendor that does not exist:
// the cluster rests on three independent sources, the vendor on two.
func example() (Judgement, Provenance) {
	j := Template("Who is behind the calls of May?")
	j.Evidence = []Evidence{
		{ID: "V-01", Text: "fourteen accounts share a client print that no other account has", Exhibits: []string{"E-0002"}, Grade: "A1"},
		{ID: "V-02", Text: "they called 1,400 people who did not know them, in office hours of one zone", Exhibits: []string{"E-0002"}, Grade: "A2", Class: true},
		{ID: "V-03", Text: "an app of a published name on a phone of the targets", Exhibits: []string{"E-0005"}, Grade: "B2", Forgeable: "whoever had the phone"},
		{ID: "V-04", Text: "a brochure of the vendor describes this way of delivery", Exhibits: []string{"E-0006"}, Grade: "C3"},
		{ID: "V-05", Text: "an unnamed source names a customer", Exhibits: []string{"E-0007"}, Grade: "F6"},
		{ID: "V-06", Text: "a certificate of the staging host names the product", Exhibits: []string{"E-0008"}, Grade: "B2"},
	}
	fill := func(rung, likelihood, confidence string, rows map[string]string) {
		r := &j.Rungs[slices.Index(Rungs, rung)]
		r.Likelihood, r.Confidence, r.Change = likelihood, confidence, []string{"a second vendor with the same client"}
		for _, id := range []string{"V-01", "V-02", "V-03", "V-04", "V-05", "V-06"} {
			for i, mark := range strings.Fields(rows[id]) {
				r.Cells = append(r.Cells, Cell{id, fmt.Sprintf("H-%d", i+1), mark, "because"})
			}
		}
	}
	fill(Cluster, "almost certain", "high", map[string]string{"V-01": "CC II II II N", "V-02": "C C C C N", "V-06": "C I I I N", "V-03": "C I I I N"})
	fill(Product, "very likely", "high", map[string]string{"V-03": "CC C I II N", "V-04": "C I I I N", "V-06": "CC I II II N"})
	fill(Vendor, "likely", "moderate", map[string]string{"V-04": "CC I I II N", "V-06": "C II I II N"})
	return j, Provenance{Inputs: map[string][]string{"E-0002": {"E-0001"}}, Source: map[string]string{"E-0001": "records of the service", "E-0005": "phone of T-0001", "E-0006": "the vendor's site", "E-0007": "a letter", "E-0008": "public registries"}, Authors: []string{"ana"}, Who: []string{"omar", "nora", "ana"}}
}

func rung(r Result, name string) Finding { return r.Rungs[slices.Index(Rungs, name)] }

func TestExample(t *testing.T) {
	j, from := example()
	if err := j.Check(); err != nil {
		t.Fatal(err)
	}
	r := j.Judge(from)
	if f := rung(r, Cluster); !f.Affirmed || f.Confidence != "high" || len(f.Drops) != 3 {
		t.Errorf("cluster: %+v", f)
	}
	if f := rung(r, Vendor); !f.Affirmed || f.Likelihood != "likely" || f.Confidence != "moderate" {
		t.Errorf("vendor: %+v", f)
	}
	for _, name := range []string{Operator, Government} {
		if f := rung(r, name); f.Affirmed || f.Likelihood != "" || !slices.Contains(f.Why, "it was not judged") {
			t.Errorf("%s: %+v", name, f)
		}
	}
	said := j.Say(r)
	if s := said[0]; s.Judged != "We judge it almost certain (95 to 99 percent) that this is so: These calls belong together: one actor made them." || s.Sure != "Our confidence in this judgement is high." {
		t.Errorf("%+v", s)
	}
	for _, s := range said {
		for _, line := range append(slices.Concat(s.Because, s.Rivals, s.Gaps), s.Judged, s.Sure, s.Hangs) {
			if strings.Contains(line, "We judge") && strings.Contains(line, "confidence") {
				t.Errorf("a likelihood and a confidence in one sentence: %s", line)
			}
		}
	}
	if s := r.Short(); !strings.Contains(s, "likely") || !strings.Contains(s, "not attributed to a government") {
		t.Error(s)
	}
	if (Template("Who?")).Judge(from).Short() != "It is not attributed to anybody." {
		t.Error("an empty judgement attributes")
	}
}

// government fills the last two rungs as firmly as an analyst could wish.
func government(j *Judgement) {
	for _, name := range []string{Operator, Government} {
		r := &j.Rungs[slices.Index(Rungs, name)]
		r.Likelihood, r.Confidence, r.Change = "almost certain", "high", []string{"something"}
		r.Cells = nil
		for _, id := range []string{"V-01", "V-04", "V-06"} {
			for i, mark := range []string{"CC", "II", "II", "II", "N"} {
				r.Cells = append(r.Cells, Cell{id, fmt.Sprintf("H-%d", i+1), mark, "because"})
			}
		}
	}
}

func reviewed(j Judgement, by ...string) Judgement {
	for _, who := range by {
		j.Reviews = append(j.Reviews, Review{who, "2026-11-23T12:00:00Z", j.Hash(), "agree", ""})
	}
	return j
}

// A government is named only with two families and two reviewers of exactly this
// version, who did not write it.
func TestGovernment(t *testing.T) {
	j, from := example()
	government(&j)
	named := func(j Judgement, from Provenance) bool { return rung(j.Judge(from), Government).Affirmed }
	if !named(reviewed(j, "omar", "nora"), from) {
		t.Fatalf("with everything it takes: %+v", rung(reviewed(j, "omar", "nora").Judge(from), Government))
	}
	for what, one := range map[string]Judgement{"no review": j, "one reviewer": reviewed(j, "omar"), "one twice": reviewed(j, "omar", "omar"), "its author": reviewed(j, "omar", "ana"), "a stranger": reviewed(j, "omar", "eve")} {
		if named(one, from) {
			t.Errorf("with %s a government is named", what)
		}
	}
	changed := reviewed(j, "omar", "nora")
	changed.Rungs[4].Claim += " Again."
	if named(changed, from) {
		t.Error("reviews of another version count")
	}
	disagrees := reviewed(j, "omar", "nora")
	disagrees.Reviews = append(disagrees.Reviews, Review{"nora", "2026-11-23T13:00:00Z", j.Hash(), "disagree", ""})
	if named(disagrees, from) {
		t.Error("a reviewer who disagrees since counts")
	}
	one := from
	one.Source = map[string]string{"E-0001": "one log", "E-0005": "One log ", "E-0006": "one log", "E-0007": "one log", "E-0008": "one log"}
	if named(reviewed(j, "omar", "nora"), one) {
		t.Error("with one family of evidence a government is named")
	}
}

// Who plants one thing does not move the judgement: where all that speaks against the
// rivals could have been made up, the claim is held at low, or not made.
func TestFalseFlag(t *testing.T) {
	j, from := example()
	for i := range j.Evidence {
		j.Evidence[i].Forgeable = "whoever wanted it to look so"
	}
	r := j.Judge(from)
	for _, f := range r.Rungs {
		if f.Affirmed && f.Confidence != "low" {
			t.Errorf("%s is judged with %s confidence on what could all be made up", f.Name, f.Confidence)
		}
	}
}

// level is how sure a finding is: -1 where it is not attributed.
func level(f Finding) int {
	if !f.Affirmed {
		return -1
	}
	return slices.Index(Confidences, f.Confidence)
}

// any makes a judgement at random that has the one form.
func anyJudgement(r *rand.Rand) (Judgement, Provenance) {
	j := Template("Who?")
	from := Provenance{Inputs: map[string][]string{}, Source: map[string]string{}, Authors: []string{"ana"}, Who: []string{"omar", "nora"}}
	for i := range 1 + r.IntN(7) {
		x := fmt.Sprintf("E-%04d", i+1)
		from.Source[x] = fmt.Sprintf("source %d", r.IntN(4))
		if i > 0 && r.IntN(3) == 0 {
			from.Inputs[x] = []string{fmt.Sprintf("E-%04d", 1+r.IntN(i))}
		}
		e := Evidence{ID: fmt.Sprintf("V-%02d", i+1), Text: "it", Exhibits: []string{x}, Grade: string("ABCDEFG"[r.IntN(7)]) + string("123456"[r.IntN(6)]), Class: r.IntN(2) == 0}
		if r.IntN(3) == 0 {
			e.Forgeable = "somebody"
		}
		j.Evidence = append(j.Evidence, e)
	}
	for i := range j.Rungs {
		one := &j.Rungs[i]
		if r.IntN(5) > 0 {
			one.Likelihood, one.Confidence, one.Change = Likelihoods[r.IntN(len(Likelihoods))].Word, Confidences[r.IntN(3)], []string{"that"}
		}
		for _, e := range j.Evidence {
			for _, h := range one.Hypotheses {
				mark := Marks[r.IntN(len(Marks))]
				if h.Kind == Proposed && r.IntN(4) > 0 {
					mark = "CC"
				} else if h.Kind != Proposed && r.IntN(2) == 0 {
					mark = "II"
				}
				one.Cells = append(one.Cells, Cell{e.ID, h.ID, mark, "so"})
			}
		}
	}
	return reviewed(j, "omar", "nora"), from
}

// Laws that hold for every judgement.
func TestLaws(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	affirmed := 0
	for range 3000 {
		j, from := anyJudgement(r)
		if err := j.Check(); err != nil {
			t.Fatal(err)
		}
		was := j.Judge(from)
		for i, f := range was.Rungs {
			if f.Affirmed {
				affirmed++
			}
			if below, ok := restsOn[f.Name]; ok && level(f) > level(rung(was, below)) {
				t.Fatalf("%s is firmer than %s, on which it rests", f.Name, below)
			}
			if f.Affirmed && !likely(f.Likelihood) || f.Affirmed && slices.Index(Confidences, f.Confidence) > slices.Index(Confidences, j.Rungs[i].Confidence) {
				t.Fatalf("%s says more than the analyst", f.Name)
			}
			if f.Affirmed && slices.ContainsFunc(f.Drops, func(d Drop) bool { return d.Flips }) && f.Confidence != "low" {
				t.Fatalf("%s hangs on one family, with confidence %s", f.Name, f.Confidence)
			}
		}
		sameJudged(t, "the order of rows and cells", was, shuffled(r, j), from)
		sameJudged(t, "what cannot be judged", was, withoutUnjudged(j), from)
		merged := from
		merged.Source = map[string]string{}
		for x := range from.Source {
			merged.Source[x] = "one source"
		}
		for i, f := range j.Judge(merged).Rungs {
			if level(f) > level(was.Rungs[i]) {
				t.Fatalf("%s is firmer when all comes from one source", f.Name)
			}
		}
	}
	if affirmed < 100 {
		t.Errorf("only %d claims were affirmed: the laws were hardly tried", affirmed)
	}
}

func shuffled(r *rand.Rand, j Judgement) Judgement {
	j.Evidence = slices.Clone(j.Evidence)
	r.Shuffle(len(j.Evidence), func(a, b int) { j.Evidence[a], j.Evidence[b] = j.Evidence[b], j.Evidence[a] })
	j.Rungs = slices.Clone(j.Rungs)
	for i := range j.Rungs {
		j.Rungs[i].Cells = slices.Clone(j.Rungs[i].Cells)
		r.Shuffle(len(j.Rungs[i].Cells), func(a, b int) {
			c := j.Rungs[i].Cells
			c[a], c[b] = c[b], c[a]
		})
	}
	return rehashed(j)
}

// withoutUnjudged marks what cannot be judged as neutral: it counted for nothing.
func withoutUnjudged(j Judgement) Judgement {
	unjudged := map[string]bool{}
	for _, e := range j.Evidence {
		unjudged[e.ID] = !e.judged()
	}
	j.Rungs = slices.Clone(j.Rungs)
	for i := range j.Rungs {
		j.Rungs[i].Cells = slices.Clone(j.Rungs[i].Cells)
		for n, c := range j.Rungs[i].Cells {
			if unjudged[c.Evidence] && !strings.HasPrefix(c.Mark, "C") {
				j.Rungs[i].Cells[n].Mark = "N"
			}
		}
	}
	return rehashed(j)
}

func rehashed(j Judgement) Judgement {
	j.Reviews = slices.Clone(j.Reviews)
	for i := range j.Reviews {
		j.Reviews[i].Hash = j.Hash()
	}
	return j
}

func sameJudged(t *testing.T, what string, was Result, j Judgement, from Provenance) {
	t.Helper()
	for i, f := range j.Judge(from).Rungs {
		if a, b := fmt.Sprint(f.Affirmed, f.Likelihood, f.Confidence, f.Ranking), fmt.Sprint(was.Rungs[i].Affirmed, was.Rungs[i].Likelihood, was.Rungs[i].Confidence, was.Rungs[i].Ranking); a != b {
			t.Fatalf("%s changes %s:\n%s\n%s", what, f.Name, b, a)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	j, _ := example()
	for what, spoil := range map[string]func(*Judgement){
		"cells[0]: there is no evidence": func(j *Judgement) { j.Rungs[0].Cells[0].Evidence = "V-99" },
		"no word of ICD 203":             func(j *Judgement) { j.Rungs[0].Likelihood = "87 percent" },
		"none is \"false flag\"":         func(j *Judgement) { j.Rungs[2].Hypotheses[2].Kind = Broker },
		"grade":                          func(j *Judgement) { j.Evidence[0].Grade = "A7" },
		"base_rate":                      func(j *Judgement) { j.Evidence[0].BaseRate = 0.1 },
		"rungs[1]":                       func(j *Judgement) { j.Rungs[1].Name = Vendor },
		"change":                         func(j *Judgement) { j.Rungs[0].Change = nil },
		"text":                           func(j *Judgement) { j.Evidence[1].Text = "a\u202eb" },
		"exhibits":                       func(j *Judgement) { j.Evidence[1].Exhibits = nil },
	} {
		b, _ := json.Marshal(j)
		var one Judgement
		if err := json.Unmarshal(b, &one); err != nil {
			t.Fatal(err)
		}
		spoil(&one)
		b, _ = json.Marshal(one)
		if _, err := Read(b); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := Read([]byte(`{"question":"Who?","verdict":"them"}`)); err == nil {
		t.Error("a field that a judgement has not is taken")
	}
}

func TestDiff(t *testing.T) {
	was, _ := example()
	now := rehashed(was)
	if d := Diff(was, now); len(d) != 0 {
		t.Errorf("nothing changed: %q", d)
	}
	now.Evidence = append(slices.Clone(now.Evidence[1:]), Evidence{ID: "V-09", Text: "new"})
	now.Rungs = slices.Clone(now.Rungs)
	now.Rungs[0].Likelihood = "likely"
	now.Rungs[1].Cells = now.Rungs[1].Cells[1:]
	d := strings.Join(Diff(was, now), "\n")
	for _, want := range []string{"V-09 is new", "V-01 was taken out", `likelihood from "almost certain" to "likely"`, "same product: 1 cells"} {
		if !strings.Contains(d, want) {
			t.Errorf("it does not say %q:\n%s", want, d)
		}
	}
}

func FuzzRead(f *testing.F) {
	j, from := example()
	b, _ := json.Marshal(j)
	f.Add(b)
	f.Add([]byte(`{"question":"Who?"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		j, err := Read(b)
		if err != nil {
			return
		}
		r := j.Judge(from)
		if len(j.Say(r)) != len(Rungs) || r.Short() == "" {
			t.Error("nothing is said of it")
		}
		again, err := json.Marshal(j)
		if err != nil {
			t.Fatal(err)
		}
		if k, err := Read(again); err != nil || k.Hash() != j.Hash() {
			t.Errorf("read again it is another: %v", err)
		}
	})
}
