package attribution

import (
	"fmt"
	"strings"
	"testing"
)

// small is a judgement of the first rung alone: evidence with a row of marks each,
// every piece from a source of its own.
func small(rows []string, change func(i int, e *Evidence)) (Judgement, Provenance) {
	j, from := Template("Who?"), Provenance{Source: map[string]string{}, Same: map[string][]string{}}
	r := &j.Rungs[0]
	r.Likelihood, r.Confidence, r.Change = "very likely", "high", []string{"another"}
	for i, row := range rows {
		e := Evidence{ID: fmt.Sprintf("V-%02d", i+1), Text: "it", Exhibits: []string{fmt.Sprintf("E-%04d", i+1)}, Grade: "B2"}
		from.Source[e.Exhibits[0]] = "source of " + e.Exhibits[0]
		change(i, &e)
		j.Evidence = append(j.Evidence, e)
		for n, mark := range strings.Fields(row) {
			r.Cells = append(r.Cells, Cell{e.ID, fmt.Sprintf("H-%d", n+1), mark, "so"})
		}
	}
	return j, from
}

// An individual characteristic that speaks against the claim does not lift what holds
// down class characteristics that speak for it.
func TestClassOnly(t *testing.T) {
	rows := []string{"CC II II II N", "CC II II II N", "CC II II II N", "I N N N N"}
	j, from := small(rows, func(i int, e *Evidence) { e.Class = i < 3 })
	if f := rung(j.Judge(from), Cluster); level(f) > 0 {
		t.Errorf("%s confidence rests on class characteristics: %q", f.Confidence, f.Caps)
	}
}

// The same bytes are one voice, whatever sources are named for them.
func TestSameBytes(t *testing.T) {
	j, from := small([]string{"CC II II II N", "CC II II II N"}, func(int, *Evidence) {})
	if f := rung(j.Judge(from), Cluster); f.Confidence != "high" {
		t.Fatalf("of two sources: %+v", f)
	}
	from.Same = map[string][]string{"E-0001": {"E-0002"}, "E-0002": {"E-0001"}}
	if r := j.Judge(from); len(r.Families) != 1 || level(rung(r, Cluster)) > 0 {
		t.Errorf("one file given twice is %d families, with confidence %s", len(r.Families), rung(r, Cluster).Confidence)
	}
}

// No rival with a name hides where the ranking does not look.
func TestOneUnknown(t *testing.T) {
	j, _ := small(nil, nil)
	j.Rungs[0].Hypotheses = append(j.Rungs[0].Hypotheses, Hypothesis{"H-6", Unknown, "The firm Y did it."})
	if err := j.Check(); err == nil || !strings.Contains(err.Error(), "of another kind") {
		t.Errorf("two hypotheses are unknown: %v", err)
	}
}

// Numbers are those of the DNI scale of STIX 2.1, appendix A.
func TestNumber(t *testing.T) {
	for i, want := range []int{5, 15, 30, 50, 70, 85, 95} {
		if got := Number(Likelihoods[i].Word); got != want {
			t.Errorf("%s: %d, want %d", Likelihoods[i].Word, got, want)
		}
	}
}
