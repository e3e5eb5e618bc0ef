package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/ringfence/ringfence/indicator"
	"github.com/ringfence/ringfence/internal/visible"
)

func init() {
	command("indicators", "Published signs of attacks, with which check compares: fetch, list, show, add and remove them.", &indicatorsCommand{})
}

type indicatorsCommand struct {
	Update indicatorsUpdate `cmd:"" help:"Fetch the published lists that an index names. Nothing else of Ringfence's examination uses the network."`
	List   indicatorsList   `cmd:"" help:"The lists that are kept."`
	Show   indicatorsShow   `cmd:"" help:"What one list holds, and what of it is refused."`
	Add    indicatorsAdd    `cmd:"" help:"Keep lists: STIX 2.1, MISP JSON, stalkerware YAML, or one value a line."`
	Remove indicatorsRemove `cmd:"" help:"Take a list away."`
}

// store opens the indicators of a data folder.
func (d dataFolder) indicators() (*indicator.Store, error) {
	dir := filepath.Join(d.dir(), "indicators")
	s, err := indicator.Open(dir)
	if err != nil {
		return nil, &failure{code: "data", what: "indicators in " + dir, why: err, hint: "give another folder with --data"}
	}
	return s, nil
}

type indicatorsUpdate struct {
	dataFolder
	reporting
	Index string `placeholder:"URL" help:"The index that names the lists (default: the public one of mvt-indicators). HTTPS, or HTTP on this machine."`
}

// Run fetches and tells what changed; a list that could not be had is a failure
// in the end, and its old one stays.
func (c *indicatorsUpdate) Run(e *env) error {
	s, err := c.indicators()
	if err != nil {
		return err
	}
	index := c.Index
	if index == "" {
		index = indicator.IndexURL
	}
	changes, err := s.Update(e.ctx, index, nil)
	if err != nil {
		return &failure{code: "update", what: "index " + index, why: err, hint: "what was there is kept; see that the network is up, or add files with: ringfence indicators add FILE"}
	}
	set, _ := s.Set()
	wrong := 0
	for _, ch := range changes {
		if ch.Err != "" {
			wrong++
		}
	}
	if c.JSON {
		if err := json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "index": index, "changes": changes, "indicators": set.Len()}); err != nil {
			return err
		}
	} else if err := printChanges(e, changes, set.Len()); err != nil {
		return err
	}
	if wrong > 0 {
		fmt.Fprintf(e.stderr, "ringfence: %d of %d lists could not be had; what was there of them is kept\n", wrong, len(changes))
		return found(exitFailed)
	}
	return nil
}

func printChanges(e *env, changes []indicator.Change, n int) error {
	w := tabwriter.NewWriter(e.stdout, 0, 4, 2, ' ', 0)
	for _, ch := range changes {
		what := ch.Title
		if ch.Err != "" {
			what += ": " + ch.Err
		}
		name := ch.Name
		if name == "" {
			name = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t+%d -%d\t%s\n", printable(name), ch.State, ch.Added, ch.Removed, printable(what))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(e.stdout, "%d indicators\n", n)
	return err
}

type indicatorsList struct {
	dataFolder
	reporting
}

// Run lists the collections.
func (c *indicatorsList) Run(e *env) error {
	s, err := c.indicators()
	if err != nil {
		return err
	}
	set, all := s.Set()
	if c.JSON {
		if all == nil {
			all = []indicator.Collection{}
		}
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "collections": all, "indicators": set.Len()})
	}
	if len(all) == 0 {
		fmt.Fprintln(e.stderr, "no indicators yet; fetch the published ones with: ringfence indicators update")
	}
	w := tabwriter.NewWriter(e.stdout, 0, 4, 2, ' ', 0)
	for _, col := range all {
		note := col.Title
		if note == "" {
			note = strings.Join(col.Malware[:min(3, len(col.Malware))], ", ")
		}
		if n := len(col.Refused); n > 0 {
			note += fmt.Sprintf(" (%d refused)", n)
		}
		if col.Err != "" {
			note = "NOT USED: " + col.Err
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\n", printable(col.Name), col.Indicators, col.Time.Format(time.DateOnly), printable(note))
	}
	return w.Flush()
}

type indicatorsShow struct {
	dataFolder
	reporting
	Name string `arg:"" help:"The list's name, as in: ringfence indicators list."`
}

// shown is one indicator in JSON.
type shown struct {
	Type       string     `json:"type"`
	Value      string     `json:"value"`
	Malware    string     `json:"malware"`
	ID         string     `json:"id,omitempty"`
	Pattern    string     `json:"pattern,omitempty"`
	ValidFrom  *time.Time `json:"valid_from"`
	ValidUntil *time.Time `json:"valid_until"`
}

// Run shows what a list holds.
func (c *indicatorsShow) Run(e *env) error {
	s, err := c.indicators()
	if err != nil {
		return err
	}
	list, err := s.Show(c.Name)
	if err != nil && list == nil {
		return notKept(c.Name, err)
	}
	_, errs := indicator.Compile(list.Indicators)
	refused := list.Refused
	kept := []shown{}
	for i, ind := range list.Indicators {
		if errs[i] != nil {
			refused = append(refused, indicator.Refusal{File: list.Name, ID: ind.ID, Value: ind.Value, Why: errs[i].Error()})
			continue
		}
		kept = append(kept, shown{ind.Type.String(), ind.Value, ind.Malware, ind.ID, ind.Pattern, known(ind.ValidFrom), known(ind.ValidUntil)})
	}
	if c.JSON {
		if refused == nil {
			refused = []indicator.Refusal{}
		}
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "name": list.Name, "format": list.Format, "indicators": kept, "refused": refused})
	}
	w := tabwriter.NewWriter(e.stdout, 0, 4, 2, ' ', 0)
	for _, k := range kept {
		fmt.Fprintf(w, "%s\t%s\t%s\n", k.Type, printable(k.Value), printable(k.Malware))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return printRefused(e, refused)
}

func known(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func printRefused(e *env, refused []indicator.Refusal) error {
	for _, r := range refused {
		if _, err := fmt.Fprintf(e.stdout, "refused: %s %s: %s\n", printable(r.ID), printable(r.Value), printable(r.Why)); err != nil {
			return err
		}
	}
	return nil
}

// printable keeps what others wrote from moving the cursor of a terminal.
func printable(s string) string { return visible.Text(s, 400) }

type indicatorsAdd struct {
	dataFolder
	reporting
	Files []string `arg:"" name:"file" help:"Files to keep. One of the same name is replaced."`
}

// Run adds files; the ones before a bad one stay added.
func (c *indicatorsAdd) Run(e *env) error {
	s, err := c.indicators()
	if err != nil {
		return err
	}
	reports := []indicator.Report{}
	for _, f := range c.Files {
		r, err := addFile(s, f)
		if err != nil {
			return &failure{code: "indicators", what: "add " + f, why: err, hint: "give STIX 2.1, MISP JSON, stalkerware YAML, or a list with one value a line"}
		}
		reports = append(reports, r)
		if c.JSON {
			continue
		}
		fmt.Fprintf(e.stdout, "%s: %d indicators (%d new, %d gone)\n", printable(r.Name), r.Indicators, r.Added, r.Removed)
		if err := printRefused(e, r.Refused); err != nil {
			return err
		}
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "added": reports})
	}
	return nil
}

func addFile(s *indicator.Store, path string) (indicator.Report, error) {
	info, err := os.Stat(path)
	if err == nil && (info.IsDir() || info.Size() > indicator.MaxFile) {
		err = fmt.Errorf("no file of at most %d bytes", indicator.MaxFile)
	}
	if err != nil {
		return indicator.Report{}, err
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return indicator.Report{}, err
	}
	return s.Add(filepath.Base(path), data)
}

type indicatorsRemove struct {
	dataFolder
	reporting
	Name string `arg:"" help:"The list's name, as in: ringfence indicators list."`
}

// Run removes a collection.
func (c *indicatorsRemove) Run(e *env) error {
	s, err := c.indicators()
	if err != nil {
		return err
	}
	if err := s.Remove(c.Name); err != nil {
		return notKept(c.Name, err)
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "removed": c.Name})
	}
	_, err = fmt.Fprintf(e.stdout, "%s is removed\n", c.Name)
	return err
}

// notKept says what to do about a name that is none.
func notKept(name string, err error) error {
	f := &failure{code: "indicators", what: "indicators " + name, why: err, hint: "see: ringfence indicators list"}
	if errors.Is(err, indicator.ErrUnknown) {
		f.code, f.exit = "unknown", exitUsage
	}
	return f
}
