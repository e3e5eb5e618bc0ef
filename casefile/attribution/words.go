package attribution

import (
	"fmt"
	"slices"
	"strings"
)

// Said is what there is to say of one rung, in plain sentences. A likelihood and a
// confidence never stand in one sentence (ICD 203).
type Said struct {
	Rung     string
	Judged   string   // the judgement, or that it is not attributed
	Sure     string   // how sure that is; "" where it is not attributed
	Because  []string // why it is not attributed, or why the confidence is not higher
	Hangs    string   // what it hangs on; "" where on nothing alone
	For      []string // evidence, in words
	Against  []string
	Gaps     []string
	Assumes  []string
	Rivals   []string // the other hypotheses, and what speaks against each
	Change   []string // what would change it
	Dissent  []string
	Affirmed bool
}

// Say puts a result into sentences.
func (j Judgement) Say(r Result) (all []Said) {
	text := map[string]string{}
	for _, e := range j.Evidence {
		text[e.ID] = fmt.Sprintf("%s (%s, %s)", e.Text, e.ID, e.Grade)
	}
	in := func(ids []string) (out []string) {
		for _, id := range ids {
			out = append(out, text[id])
		}
		return out
	}
	for i, f := range r.Rungs {
		rung := j.Rungs[i]
		s := Said{Rung: f.Name, Affirmed: f.Affirmed, For: in(f.For), Against: in(f.Against), Gaps: rung.Gaps, Assumes: rung.Assumptions, Change: rung.Change}
		if f.Affirmed {
			s.Judged = fmt.Sprintf("We judge it %s (%s) that this is so: %s", f.Likelihood, band(f.Likelihood), stop(f.Claim))
			s.Sure = fmt.Sprintf("Our confidence in this judgement is %s.", f.Confidence)
			s.Because = f.Caps
		} else {
			s.Judged = "Not attributed: " + stop(f.Claim)
			s.Because = f.Why
		}
		if len(f.HangsOn) > 0 && f.Affirmed {
			s.Hangs = "It hangs on what comes from " + strings.Join(f.HangsOn, ", and on what comes from ") + "."
		}
		for _, one := range f.Ranking {
			if one.Kind != Proposed {
				s.Rivals = append(s.Rivals, rival(one))
			}
		}
		for _, d := range rung.Dissent {
			s.Dissent = append(s.Dissent, fmt.Sprintf("%s: %s: %s", d.By, strings.ReplaceAll(d.Opinion, "-", " "), d.Text))
		}
		all = append(all, s)
	}
	return all
}

func rival(r Ranked) string {
	if r.Kind == Unknown {
		return fmt.Sprintf("%s: %s Nothing can speak against it.", r.Kind, stop(r.Text))
	}
	if len(r.Against) == 0 {
		return fmt.Sprintf("%s: %s Nothing speaks against it.", r.Kind, stop(r.Text))
	}
	return fmt.Sprintf("%s: %s Against it: %s.", r.Kind, stop(r.Text), strings.Join(r.Against, ", "))
}

func stop(s string) string {
	if strings.ContainsAny(s[max(0, len(s)-1):], ".!?") {
		return s
	}
	return s + "."
}

// band spells what a word says: 80 to 95 percent.
func band(word string) string {
	for _, l := range Likelihoods {
		if l.Word == word {
			return fmt.Sprintf("%d to %d percent", l.From, l.To)
		}
	}
	return "no word of ICD 203"
}

// Number is the confidence of STIX 2.1 (appendix A, the DNI scale) for a word: derived,
// never stored. 0 is for none.
func Number(word string) int {
	return map[string]int{"almost no chance": 5, "very unlikely": 15, "unlikely": 30, "roughly even chance": 50, "likely": 70, "very likely": 85, "almost certain": 95}[word]
}

// Highest is the highest rung that is affirmed, and false where none is.
func (r Result) Highest() (f Finding, ok bool) {
	for _, one := range slices.Backward(r.Rungs) {
		if one.Affirmed {
			return one, true
		}
	}
	return f, false
}

// Short is the whole result in one sentence, which says no more than it.
func (r Result) Short() string {
	f, ok := r.Highest()
	if !ok {
		return "It is not attributed to anybody."
	}
	last := r.Rungs[len(r.Rungs)-1]
	s := fmt.Sprintf("The highest claim that the evidence carries is this, which is judged %s: %s", f.Likelihood, stop(f.Claim))
	if !last.Affirmed {
		s += " It is not attributed to a government."
	}
	return s
}

// Diff says what changed from one version to the next.
func Diff(was, now Judgement) (all []string) {
	old := map[string]Evidence{}
	for _, e := range was.Evidence {
		old[e.ID] = e
	}
	for _, e := range now.Evidence {
		o, there := old[e.ID]
		switch {
		case !there:
			all = append(all, fmt.Sprintf("evidence %s is new: %s", e.ID, e.Text))
		case fmt.Sprint(o) != fmt.Sprint(e):
			all = append(all, fmt.Sprintf("evidence %s was changed", e.ID))
		}
		delete(old, e.ID)
	}
	for _, e := range was.Evidence {
		if _, gone := old[e.ID]; gone {
			all = append(all, fmt.Sprintf("evidence %s was taken out: %s", e.ID, e.Text))
		}
	}
	for i, r := range now.Rungs {
		if i < len(was.Rungs) {
			all = append(all, diffRung(was.Rungs[i], r)...)
		}
	}
	if n := len(now.Reviews) - len(was.Reviews); n > 0 {
		for _, r := range now.Reviews[len(was.Reviews):] {
			all = append(all, fmt.Sprintf("%s reviewed it: %s", r.By, r.Opinion))
		}
	}
	return all
}

func diffRung(was, now Rung) (all []string) {
	say := func(what, a, b string) {
		if a != b {
			all = append(all, fmt.Sprintf("%s: %s from %q to %q", now.Name, what, a, b))
		}
	}
	say("claim", was.Claim, now.Claim)
	say("subject", was.Subject, now.Subject)
	say("likelihood", was.Likelihood, now.Likelihood)
	say("confidence", was.Confidence, now.Confidence)
	cells := map[string]string{}
	for _, c := range was.Cells {
		cells[c.Evidence+" "+c.Hypothesis] = c.Mark
	}
	n := 0
	for _, c := range now.Cells {
		if cells[c.Evidence+" "+c.Hypothesis] != c.Mark {
			n++
		}
		delete(cells, c.Evidence+" "+c.Hypothesis)
	}
	if n += len(cells); n > 0 {
		all = append(all, fmt.Sprintf("%s: %d cells of the matrix", now.Name, n))
	}
	for what, pair := range map[string][2]any{"hypotheses": {was.Hypotheses, now.Hypotheses}, "gaps": {was.Gaps, now.Gaps}, "assumptions": {was.Assumptions, now.Assumptions}, "what would change it": {was.Change, now.Change}, "dissent": {was.Dissent, now.Dissent}} {
		if fmt.Sprint(pair[0]) != fmt.Sprint(pair[1]) {
			all = append(all, now.Name+": "+what)
		}
	}
	slices.Sort(all)
	return all
}
