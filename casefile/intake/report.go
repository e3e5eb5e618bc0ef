package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/check"
)

// reportFiles are the files of a report, and who may see them. The timeline is
// everything that was read off a phone.
var reportFiles = []struct {
	name string
	tier casefile.Tier
}{{"findings.json", casefile.Court}, {"manifest.json", casefile.Court}, {"coverage.json", casefile.Court}, {"report.html", casefile.Court},
	{"stix.json", casefile.Court}, {"facts.age", casefile.Sealed}, {"timeline.csv", casefile.Sealed}, {"timeline.jsonl", casefile.Sealed}}

const (
	maxFindings = 500       // that are recorded one by one; the exhibit has all
	maxReport   = 512 << 20 // bytes of findings.json
)

// verdicts are what an examination says, in the words of a case.
var verdicts = map[check.Verdict]string{check.Traces: "infected", check.Attempted: "attempted", check.Suspicious: "inconclusive", check.Nothing: "no finding", check.Inconclusive: "inconclusive"}

// found is what is read of findings.json.
type found struct {
	Version      int              `json:"version"`
	Tool         check.Tool       `json:"tool"`
	Acquisitions []check.Examined `json:"acquisition"`
	Verdict      check.Verdict    `json:"verdict"`
	Findings     []check.Finding  `json:"findings"`
	Started      time.Time        `json:"started"`
}

// Report brings in the report of an examination, as ringfence check wrote it, about
// a person of the case.
func Report(ctx context.Context, c *casefile.Case, h *casefile.Hand, dir, person, basis string) (Result, error) {
	d := &desk{c: c, h: h, basis: basis, r: Result{Records: map[fact.Kind]int{}}}
	if !fact.IsID(fact.KindPerson, person) {
		return d.r, fmt.Errorf("report %s: %.40q is no person of the case; say whose phone it is, like T-0007", dir, person)
	}
	if _, err := c.Record(ctx, fact.KindPerson, person); err != nil {
		return d.r, fmt.Errorf("report %s: %w", dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return d.r, err
	}
	defer root.Close()
	err = d.report(ctx, root, person)
	if err != nil {
		err = fmt.Errorf("report %s: %w", dir, err)
	}
	return d.r, err
}

func (d *desk) report(ctx context.Context, root *os.Root, person string) error {
	text, err := root.ReadFile("findings.json")
	if err != nil {
		return fmt.Errorf("it is no report of ringfence check: %w", err)
	}
	var f found
	if err := json.Unmarshal(text, &f); err != nil || len(text) > maxReport || f.Version != 1 {
		return fmt.Errorf("findings.json is not as ringfence check writes it: %v", err)
	}
	var exhibit string
	for _, file := range reportFiles {
		x, err := d.reportFile(ctx, root, file.name, file.tier, person)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if file.name == "findings.json" {
			exhibit = x.ID
		}
	}
	return d.findings(ctx, f, exhibit, person)
}

func (d *desk) reportFile(ctx context.Context, root *os.Root, name string, tier casefile.Tier, person string) (casefile.Exhibit, error) {
	f, err := root.Open(name)
	if err != nil {
		return casefile.Exhibit{}, err
	}
	defer f.Close()
	x, err := d.c.Add(ctx, d.h, casefile.Exhibit{Name: name, Source: "examination of the phone of " + person, About: person, Basis: d.basis, Kind: "report", Tier: tier}, f)
	if err == nil {
		d.r.Exhibits = append(d.r.Exhibits, x)
	}
	return x, err
}

// findings records the devices, and what was found on each.
func (d *desk) findings(ctx context.Context, f found, exhibit, person string) error {
	var devices []casefile.Record
	for i, a := range f.Acquisitions {
		one := fact.Device{Person: person, Model: a.Device.Model, OS: a.Device.System, Verdict: verdicts[f.Verdict], Available: string(a.Kind)}
		if one.Verdict == "" {
			return fmt.Errorf("findings.json: the verdict %.40q is not known", f.Verdict)
		}
		if a.Device.Taken != nil {
			one.Taken = a.Device.Taken.UTC()
		}
		for _, t := range f.Findings {
			if t.Acquisition == i && t.Time != nil && t.Shows == check.Traces {
				one.Traces = earlier(one.Traces, t.Time.UTC())
			}
		}
		r, err := casefile.NewRecord(one, exhibit)
		if err != nil {
			return err
		}
		r.About = person
		devices = append(devices, r)
	}
	put, err := d.c.Put(ctx, d.h, devices...)
	if err != nil {
		return err
	}
	d.r.Records[fact.KindDevice] += len(put)
	var records []casefile.Record
	for _, t := range f.Findings[:min(len(f.Findings), maxFindings)] {
		if t.Acquisition < 0 || t.Acquisition >= len(put) {
			return fmt.Errorf("findings.json: the finding %.40q is of no acquisition", t.ID)
		}
		r, err := casefile.NewRecord(finding(t, put[t.Acquisition].ID), exhibit)
		if err != nil {
			return err
		}
		r.About = person
		records = append(records, r)
	}
	put, err = d.c.Put(ctx, d.h, records...)
	d.r.Records[fact.KindFinding] += len(put)
	return err
}

func finding(t check.Finding, device string) fact.Finding {
	f := fact.Finding{Device: device, Severity: t.Severity.String(), What: t.Title, Explanation: t.Explanation}
	if t.Time != nil {
		f.At = t.Time.UTC()
	}
	where := []string{t.Artifact, t.Where.File, t.Where.Table}
	if t.Where.Row > 0 {
		where = append(where, fmt.Sprintf("row %d", t.Where.Row))
	}
	f.Where = strings.Join(slices.DeleteFunc(where, func(s string) bool { return s == "" }), ", ")
	if t.Indicator != nil {
		f.Indicator = fmt.Sprintf("%s %s, from %s", t.Indicator.Type, t.Indicator.Value, t.Indicator.Source)
	}
	return f
}
