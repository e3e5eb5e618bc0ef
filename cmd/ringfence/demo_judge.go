package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/casefile/attribution"
)

// attribute writes down what can be said about who did it, and what not: one cluster,
// surely; a product, perhaps; and nobody behind it. Two others review it.
func (d *demo) attribute() error {
	out, err := d.ringfence("lena", "case", "attribute", d.caseID, "--form")
	if err != nil {
		return err
	}
	var j attribution.Judgement
	if err := json.Unmarshal([]byte(out), &j); err != nil {
		return err
	}
	d.judge(&j)
	b, err := json.MarshalIndent(j, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(d.Data, "judgement.json")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		return err
	}
	for _, act := range [][]string{{"lena", "--edit", "--file", path}, {"cass", "--review", "agree", "--text", "It says no more than the exhibits do."}, {"omar", "--review", "agree", "--text", "I tried to bring the calls together another way, and did not succeed."}} {
		if _, err := d.ringfence(act[0], append([]string{"case", "attribute", d.caseID}, act[1:]...)...); err != nil {
			return err
		}
	}
	var got struct{ Result attribution.Result }
	if err := d.asJSON("lena", &got, "case", "attribute", d.caseID); err != nil {
		return err
	}
	for _, f := range got.Result.Rungs {
		if f.Affirmed {
			d.say("%s: %s; confidence %s", f.Name, f.Likelihood, f.Confidence)
		} else {
			d.say("%s: not attributed: %s", f.Name, f.Why[0])
		}
		if f.Name == attribution.Government {
			d.report.Judgement = map[bool]string{true: "attributed", false: "not attributed"}[f.Affirmed]
		}
	}
	return nil
}

// judge fills the form. Marks stand for the proposed hypothesis, another customer, a
// false flag, a different vendor, and somebody whom nobody has thought of.
func (d *demo) judge(j *attribution.Judgement) {
	j.Question = "Who made the calls of " + d.campaign + " (simulated)?"
	j.Evidence = []attribution.Evidence{
		{ID: "V-01", Text: fmt.Sprintf("the %d accounts share a client print that no ordinary account of this service has", d.report.Accounts), Exhibits: []string{d.exhibits["campaign"]}, Grade: "A1"},
		{ID: "V-02", Text: fmt.Sprintf("they called %d people who did not know them, and hardly anybody else", d.report.Found), Exhibits: []string{d.exhibits["campaign"]}, Grade: "A1", Class: true},
		{ID: "V-03", Text: "on the phone of a target stands an app whose name is in a list of indicators of a product called Heron", Exhibits: []string{d.exhibits["report"]}, Grade: "B3", Forgeable: "whoever had the phone"},
	}
	for name, c := range map[string]struct {
		likelihood, confidence string
		rows                   map[string]string
	}{
		attribution.Cluster: {"almost certain", "high", map[string]string{"V-01": "CC II II II N", "V-02": "C I I I N"}},
		attribution.Product: {"likely", "moderate", map[string]string{"V-01": "C C I C N", "V-03": "CC C N II N"}},
	} {
		r := &j.Rungs[slices.Index(attribution.Rungs, name)]
		r.Likelihood, r.Confidence = c.likelihood, c.confidence
		r.Change = []string{"another account of this service with the same print that does nothing of the kind"}
		r.Gaps = []string{"a sample of what would have been delivered after an answer", "a second phone with the same app"}
		r.Assumptions = []string{"the clock of the service was right", "the list of indicators names what its publisher says"}
		for _, e := range j.Evidence {
			for i, mark := range strings.Fields(c.rows[e.ID]) {
				r.Cells = append(r.Cells, attribution.Cell{Evidence: e.ID, Hypothesis: r.Hypotheses[i].ID, Mark: mark, Why: whys[mark]})
			}
		}
	}
}

// whys are why a mark is given, in the demo.
var whys = map[string]string{
	"CC": "expected, and hardly otherwise", "C": "could be so", "N": "", "I": "would be unlikely then", "II": "would be very unlikely then",
}
