package attribution

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"time"
	"unicode"
	"unicode/utf8"
)

// Bounds of a judgement, in bytes and numbers.
const (
	MaxJudgement  = 1 << 20
	MaxEvidence   = 200
	MaxHypotheses = 12 // of a rung
	maxText       = 2000
	maxList       = 50
)

var (
	evidenceForm   = regexp.MustCompile(`^V-\d{2,4}$`)
	hypothesisForm = regexp.MustCompile(`^H-\d{1,2}$`)
	exhibitForm    = regexp.MustCompile(`^E-\d{4,9}$`)
	gradeForm      = regexp.MustCompile(`^[A-G][1-6]$`)
	hashForm       = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// Read reads a judgement. What it has not is refused, with its place in the document.
func Read(b []byte) (j Judgement, err error) {
	if len(b) > MaxJudgement {
		return j, fmt.Errorf("a judgement of %d bytes, at most %d", len(b), MaxJudgement)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&j); err != nil {
		return Judgement{}, fmt.Errorf("it is no judgement: at byte %d: %w", d.InputOffset(), err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Judgement{}, fmt.Errorf("something follows the judgement at byte %d", d.InputOffset())
	}
	return j, j.Check()
}

// Check refuses a judgement that has not the one form.
func (j Judgement) Check() error {
	if err := line("question", j.Question, true); err != nil {
		return err
	}
	if len(j.Evidence) > MaxEvidence {
		return fmt.Errorf("evidence: %d pieces, at most %d", len(j.Evidence), MaxEvidence)
	}
	known := map[string]bool{}
	for i, e := range j.Evidence {
		if err := e.check(known); err != nil {
			return fmt.Errorf("evidence[%d] %.10q: %w", i, e.ID, err)
		}
		known[e.ID] = true
	}
	if len(j.Rungs) != len(Rungs) {
		return fmt.Errorf("rungs: %d, want the %d of the ladder", len(j.Rungs), len(Rungs))
	}
	for i, r := range j.Rungs {
		if r.Name != Rungs[i] {
			return fmt.Errorf("rungs[%d]: %.40q, want %q", i, r.Name, Rungs[i])
		}
		if err := r.check(known); err != nil {
			return fmt.Errorf("rungs[%d] %q: %w", i, r.Name, err)
		}
	}
	return checkReviews(j.Reviews)
}

func (e Evidence) check(known map[string]bool) error {
	switch {
	case !evidenceForm.MatchString(e.ID) || known[e.ID]:
		return errors.New("id: want one of its own, like V-01")
	case len(e.Exhibits) == 0 || len(e.Exhibits) > maxList:
		return fmt.Errorf("exhibits: it rests on %d, want 1 to %d", len(e.Exhibits), maxList)
	case !gradeForm.MatchString(e.Grade):
		return fmt.Errorf("grade: %.10q, want source A to G and content 1 to 6, like B2", e.Grade)
	case e.BaseRate < 0 || e.BaseRate > 1 || (e.BaseRate > 0) != (e.Measured != ""):
		return errors.New("base_rate: a share from 0 to 1, and only with how it was measured")
	}
	for i, x := range e.Exhibits {
		if !exhibitForm.MatchString(x) {
			return fmt.Errorf("exhibits[%d]: %.20q, want E-0001", i, x)
		}
	}
	return errors.Join(line("text", e.Text, true), line("forgeable", e.Forgeable, false), line("measured", e.Measured, false))
}

func (r Rung) check(known map[string]bool) error {
	if err := errors.Join(line("claim", r.Claim, true), line("subject", r.Subject, false)); err != nil {
		return err
	}
	kinds, ids := map[string]int{}, map[string]bool{}
	for i, h := range r.Hypotheses {
		if !hypothesisForm.MatchString(h.ID) || ids[h.ID] || !slices.Contains(Kinds, h.Kind) {
			return fmt.Errorf("hypotheses[%d]: want an id of its own, like H-1, and a kind of %q", i, Kinds)
		}
		if err := line("text", h.Text, true); err != nil {
			return fmt.Errorf("hypotheses[%d]: %w", i, err)
		}
		kinds[h.Kind]++
		ids[h.ID] = true
	}
	for _, k := range Kinds {
		if kinds[k] == 0 {
			return fmt.Errorf("hypotheses: none is %q; each rung has all rivals", k)
		}
	}
	if kinds[Unknown] != 1 { // it is left out of the ranking: no rival that has a name may stand there
		return fmt.Errorf("hypotheses: %d are %q, want one; a rival with a name is of another kind", kinds[Unknown], Unknown)
	}
	if kinds[Proposed] != 1 || len(r.Hypotheses) > MaxHypotheses {
		return fmt.Errorf("hypotheses: %d are proposed and there are %d in all, want one and at most %d", kinds[Proposed], len(r.Hypotheses), MaxHypotheses)
	}
	if err := r.checkCells(known, ids); err != nil {
		return err
	}
	return errors.Join(lines("gaps", r.Gaps), lines("assumptions", r.Assumptions), lines("change", r.Change), r.checkWords())
}

func (r Rung) checkCells(known, ids map[string]bool) error {
	type place struct{ e, h string }
	seen := map[place]bool{}
	for i, c := range r.Cells {
		switch {
		case !known[c.Evidence]:
			return fmt.Errorf("cells[%d]: there is no evidence %.10q", i, c.Evidence)
		case !ids[c.Hypothesis]:
			return fmt.Errorf("cells[%d]: there is no hypothesis %.10q", i, c.Hypothesis)
		case !slices.Contains(Marks, c.Mark):
			return fmt.Errorf("cells[%d]: mark %.10q, want one of %q", i, c.Mark, Marks)
		case seen[place{c.Evidence, c.Hypothesis}]:
			return fmt.Errorf("cells[%d]: %s and %s have a cell already", i, c.Evidence, c.Hypothesis)
		}
		seen[place{c.Evidence, c.Hypothesis}] = true
		if err := line("why", c.Why, c.Mark != "NA" && c.Mark != "N"); err != nil {
			return fmt.Errorf("cells[%d]: %w", i, err)
		}
	}
	return nil
}

func (r Rung) checkWords() error {
	if r.Likelihood != "" && !slices.ContainsFunc(Likelihoods, func(l Likelihood) bool { return l.Word == r.Likelihood }) {
		return fmt.Errorf("likelihood: %.40q is no word of ICD 203", r.Likelihood)
	}
	if r.Confidence != "" && !slices.Contains(Confidences, r.Confidence) {
		return fmt.Errorf("confidence: %.20q, want low, moderate or high", r.Confidence)
	}
	if (r.Likelihood == "") != (r.Confidence == "") {
		return errors.New("a likelihood and a confidence are given together, or neither")
	}
	if r.Likelihood != "" && len(r.Change) == 0 {
		return errors.New("change: say what would change the judgement")
	}
	for i, d := range r.Dissent {
		if !slices.Contains(Opinions, d.Opinion) {
			return fmt.Errorf("dissent[%d]: opinion %.40q, want one of %q", i, d.Opinion, Opinions)
		}
		if err := errors.Join(line("by", d.By, true), line("text", d.Text, true)); err != nil {
			return fmt.Errorf("dissent[%d]: %w", i, err)
		}
	}
	return nil
}

func checkReviews(all []Review) error {
	if len(all) > maxList {
		return fmt.Errorf("reviews: %d, at most %d", len(all), maxList)
	}
	for i, r := range all {
		_, when := time.Parse(time.RFC3339, r.At)
		if when != nil || !hashForm.MatchString(r.Hash) || !slices.Contains(Opinions, r.Opinion) {
			return fmt.Errorf("reviews[%d]: want a time, the hash of the judgement, and an opinion of %q", i, Opinions)
		}
		if err := errors.Join(line("by", r.By, true), line("text", r.Text, false)); err != nil {
			return fmt.Errorf("reviews[%d]: %w", i, err)
		}
	}
	return nil
}

func line(name, s string, needed bool) error {
	hidden := func(r rune) bool { return !unicode.IsPrint(r) && r != '\u200c' && r != '\u200d' }
	switch {
	case needed && s == "":
		return fmt.Errorf("%s: it is empty", name)
	case len(s) > maxText || !utf8.ValidString(s) || bytes.ContainsFunc([]byte(s), hidden):
		return fmt.Errorf("%s: want one line of at most %d bytes that can be shown", name, maxText)
	}
	return nil
}

func lines(name string, all []string) error {
	if len(all) > maxList {
		return fmt.Errorf("%s: %d, at most %d", name, len(all), maxList)
	}
	for i, s := range all {
		if err := line(fmt.Sprintf("%s[%d]", name, i), s, true); err != nil {
			return err
		}
	}
	return nil
}
