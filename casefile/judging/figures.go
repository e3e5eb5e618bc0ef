package judging

import (
	"fmt"

	"github.com/ringfence/ringfence/casefile/attribution"
	"github.com/ringfence/ringfence/casefile/draw"
)

// Ladder draws the claims. What persons wrote goes through clean.
func (v Version) Ladder(clean func(string) string) draw.Ladder {
	l := draw.Ladder{Head: draw.Head{Title: "What is claimed, and how likely and how sure it is", Desc: "Five claims, the lowest at the foot. Each has a word with its band, or is not attributed."}}
	for _, f := range v.Result.Rungs {
		one := draw.Rung{Claim: clean(f.Claim), Word: f.Likelihood, Confidence: f.Confidence}
		if f.Affirmed && len(f.Caps) > 0 {
			one.Cap = clean(f.Caps[0])
		}
		l.Rungs = append(l.Rungs, one)
	}
	return l
}

// Matrix draws what is held against what on a rung. What persons wrote goes through
// clean.
func (v Version) Matrix(i int, clean func(string) string) draw.Matrix {
	r, f := v.Judgement.Rungs[i], v.Result.Rungs[i]
	m := draw.Matrix{Head: draw.Head{Title: "Hypotheses and evidence: " + r.Name, Desc: "Rows are evidence, columns hypotheses. What counts is what speaks against a hypothesis."}}
	for _, h := range r.Hypotheses {
		one := draw.Hypothesis{Name: clean(h.Kind + ": " + h.Text)}
		for rank, at := range f.Ranking {
			if at.Hypothesis == h.ID {
				one.Rank, one.Sum = rank+1, fmt.Sprint(at.Weight)
			}
		}
		m.Hypotheses = append(m.Hypotheses, one)
	}
	struck, family := map[string]bool{}, map[string]int{}
	for _, row := range f.Rows {
		struck[row.Evidence], family[row.Evidence] = !row.Counts, row.Family
	}
	cells := map[string]attribution.Cell{}
	for _, c := range r.Cells {
		cells[c.Evidence+" "+c.Hypothesis] = c
	}
	for _, e := range v.Judgement.Evidence {
		row := draw.Evidence{Says: clean(e.ID + " " + e.Text), Grade: e.Grade, Family: fmt.Sprint(family[e.ID]), Struck: struck[e.ID]}
		for _, h := range r.Hypotheses {
			c := cells[e.ID+" "+h.ID]
			if c.Mark == "" {
				c.Mark = "N"
			}
			row.Cells = append(row.Cells, draw.Cell{Score: c.Mark, Reason: clean(c.Why)})
		}
		m.Evidence = append(m.Evidence, row)
	}
	return m
}
