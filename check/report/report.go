// Package report writes what an examination says: for a person, report.html
// and the terminal; for programs, findings.json, stix.json, coverage.json and
// manifest.json.
//
// Every value in a report comes from a phone that may be hostile: it is
// escaped, hidden characters are shown, and no link in it can be followed.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/check"
)

// Options say how a report is written.
type Options struct {
	Language string // of report.html: "en" or "ar"
	// Consent is under what the whole timeline was written; nil: it was not.
	Consent *Consent
	Force   bool // replace another examination's report
	Facts   bool // facts.age stands beside: what --again reads
	Width   int  // of the terminal, in columns; 0: not known
	Color   bool // the terminal shows colour
}

// Consent is who agreed to the timeline, when, and what for.
type Consent struct {
	Words string    `json:"words"`
	At    time.Time `json:"at"`
}

// The files of a report. facts.age and the timeline are written by others.
const (
	page     = "report.html"
	findings = "findings.json"
	stix     = "stix.json"
	coverage = "coverage.json"
	manifest = "manifest.json"
)

var ours = []string{page, findings, stix, coverage, manifest, "facts.age", "timeline.csv", "timeline.jsonl"}

// ErrHolds is returned for a folder that holds something else.
var ErrHolds = errors.New("the folder holds something else")

// Ready makes the folder, or says why no report can be written to it.
//
// Errors: ErrHolds, and what making and reading the folder meets.
func Ready(dir string, force bool) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		name := strings.TrimSuffix(e.Name(), ".new")
		if !slices.Contains(ours, name) && !strings.HasPrefix(name, ".timeline-") {
			return fmt.Errorf("%w: %s", ErrHolds, e.Name())
		}
		if !force {
			return fmt.Errorf("%w: the report of another examination", ErrHolds)
		}
	}
	return nil
}

// Manifest is what was examined and written, and how it can be compared.
type Manifest struct {
	Version     int                `json:"version"`
	Tool        check.Tool         `json:"tool"`
	Examined    time.Time          `json:"examined"`
	Again       *time.Time         `json:"again,omitempty"`
	Acquisition []check.Examined   `json:"acquisition"`
	Indicators  []check.Collection `json:"indicators"`
	Inputs      []check.Input      `json:"inputs"` // every file that was read, as it is stored
	Kinds       []acquisition.Kind `json:"kinds"`
	Timeline    *Consent           `json:"timeline"` // under what consent it was written; null: it was not
	Facts       string             `json:"facts,omitempty"`
}

// Write writes the report's files, each wholly or not at all.
//
// Errors: those of writing, and of Ready.
func Write(dir string, r *check.Result, o Options) error {
	if err := Ready(dir, true); err != nil {
		return err
	}
	m := Manifest{Version: 1, Tool: r.Tool, Examined: r.Started, Again: r.Again, Acquisition: r.Acquisitions,
		Indicators: r.Indicators, Inputs: r.Inputs, Timeline: o.Consent}
	for _, a := range r.Acquisitions {
		m.Kinds = append(m.Kinds, a.Kind)
	}
	if o.Facts {
		m.Facts = "facts.age: the typed values that records held, without their text, for examining again; encrypted to the examiner"
	}
	html, err := render(r, o)
	if err != nil {
		return err
	}
	if err := replace(dir, page, html); err != nil {
		return err
	}
	covered := struct {
		Version  int              `json:"version"`
		Coverage []check.Coverage `json:"coverage"`
	}{1, r.Coverage}
	for _, f := range []struct {
		name string
		v    any
	}{{findings, r}, {stix, bundle(r)}, {coverage, covered}, {manifest, m}} {
		b, err := json.MarshalIndent(f.v, "", " ")
		if err != nil {
			return err
		}
		if err := replace(dir, f.name, append(b, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// replace writes a file under a new name first.
func replace(dir, name string, b []byte) error {
	path := filepath.Join(dir, name)
	f, err := os.OpenFile(path+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// Load reads the report of an earlier examination.
//
// Errors: those of reading, and an error for a report of another version.
func Load(dir string) (*check.Result, error) {
	var r check.Result
	var m Manifest
	if err := load(dir, findings, &r); err != nil {
		return nil, err
	}
	if err := load(dir, manifest, &m); err != nil {
		return nil, err
	}
	if r.Version != 1 || m.Version != 1 {
		return nil, fmt.Errorf("the report is of version %d, and only version 1 is known here", r.Version)
	}
	r.Inputs = m.Inputs
	return &r, nil
}

func load(dir, name string, v any) error {
	b, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
