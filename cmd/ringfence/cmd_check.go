package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"
	_ "time/tzdata" // zones of phones, where the system has none

	"golang.org/x/term"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/check"
	"github.com/ringfence/ringfence/check/report"
	"github.com/ringfence/ringfence/indicator"
)

func init() {
	command("check", "Examine copies of phones for traces of spyware: what was found, what it means, and in what was looked.", &checkCommand{})
}

type checkCommand struct {
	dataFolder
	reporting
	Paths     []string `arg:"" optional:"" name:"acquisition" help:"Backups, file systems, sysdiagnoses, bugreports, androidqf folders, intrusion logs; the kind is recognised."`
	Password  string   `name:"password-file" placeholder:"FILE" help:"File that holds the password of an encrypted backup, in its first line. Without it the terminal is asked."`
	Identity  []string `placeholder:"FILE" help:"age identity file, for acquisitions that androidqf encrypted."`
	Out       string   `placeholder:"DIR" help:"Write report.html, findings.json, stix.json, coverage.json and manifest.json there, and facts.age for --again."`
	Force     bool     `help:"Replace another report that stands in --out."`
	Language  string   `default:"en" enum:"en,ar" help:"Language of report.html: en or ar."`
	Timeline  bool     `help:"Write the full timeline of every record, too. It is the phone's life: only with --consent."`
	Consent   string   `placeholder:"WORDS" help:"Who consented to the timeline, when, and what for. It is written into the manifest."`
	Again     string   `placeholder:"DIR" help:"Examine what an earlier report observed with the indicators of today, without the acquisition."`
	Recipient []string `placeholder:"AGE" help:"Others (age1...) who may use --again on this report."`
}

// Run examines and reports; it ends with 3 for findings above low and with 4
// when nothing was found and some evidence could not be read.
func (c *checkCommand) Run(e *env) error {
	if err := c.usage(); err != nil {
		return err
	}
	set, collections, err := c.signs(e)
	if err != nil {
		return err
	}
	var r *check.Result
	if c.Again != "" {
		r, err = c.again(e, set)
	} else {
		r, err = c.examine(e, set)
	}
	if err != nil {
		return err
	}
	r.Tool = check.Tool(build())
	r.Indicators = collections
	if err := c.write(e, r); err != nil {
		return err
	}
	switch {
	case r.Found():
		return found(exitFound)
	case r.Incomplete():
		return found(exitIncomplete)
	}
	return nil
}

func (c *checkCommand) usage() error {
	wrong := func(what, hint string) error {
		return &failure{code: "usage", what: what, hint: hint, exit: exitUsage}
	}
	switch {
	case (len(c.Paths) == 0) == (c.Again == ""):
		return wrong("check needs an acquisition, or --again and an earlier report", "see ringfence check --help")
	case c.Timeline && c.Consent == "":
		return wrong("--timeline writes the phone's whole life", `say with --consent "who, when, what for" that its owner agreed`)
	case c.Timeline && c.Out == "":
		return wrong("--timeline needs a folder to write to", "add --out DIR")
	case c.Timeline && c.Again != "":
		return wrong("--again has no records to write a timeline of", "examine the acquisition itself")
	}
	return nil
}

// signs are the indicators that are kept; none is said aloud.
func (c *checkCommand) signs(e *env) (*indicator.Set, []check.Collection, error) {
	store, err := c.indicators()
	if err != nil {
		return nil, nil, err
	}
	set, kept := store.Set()
	all := []check.Collection{}
	for _, l := range kept {
		all = append(all, check.Collection{Name: l.Name, Count: l.Indicators, Updated: l.Time.UTC().Format(time.RFC3339)})
	}
	if set.Len() == 0 {
		fmt.Fprintln(e.stderr, "no indicators are kept, so that only heuristics speak; get the published ones with: ringfence indicators update")
	}
	return set, all, nil
}

// examine opens and examines what was given.
func (c *checkCommand) examine(e *env, set *indicator.Set) (*check.Result, error) {
	defer roomy()()
	show := newProgress(e.stderr)
	defer show.end()
	open, err := c.openOptions(e)
	if err != nil {
		return nil, err
	}
	open.Progress = show.reading
	var all []*acquisition.Acquisition
	defer func() {
		for _, a := range all {
			a.Close()
		}
	}()
	for _, p := range c.Paths {
		as, err := acquisition.Open(e.ctx, p, open)
		all = append(all, as...)
		if err != nil {
			why := strings.TrimPrefix(err.Error(), p+": ")
			return nil, &failure{code: openCode(err), what: "opening " + p + ": " + why, hint: openHint(err)}
		}
	}
	o := check.Options{Indicators: set, Progress: show.examining}
	end, err := c.files(&o)
	if err != nil {
		return nil, err
	}
	r, err := check.Examine(e.ctx, all, o)
	return r, errors.Join(err, end())
}

// roomy trades memory for time while a phone is examined: the collector runs
// more rarely, but the whole stays well below 300 MB. GOGC in the environment
// says otherwise. The function that it returns ends that.
func roomy() func() {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	percent, limit := debug.SetGCPercent(250), debug.SetMemoryLimit(200<<20)
	return func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	}
}

// files begins what is written while the examination runs, and returns what
// ends it.
func (c *checkCommand) files(o *check.Options) (end func() error, err error) {
	if c.Out == "" {
		return func() error { return nil }, nil
	}
	if err := report.Ready(c.Out, c.Force); err != nil {
		return nil, &failure{code: "out", what: "writing a report to " + c.Out, why: err, hint: "name an empty folder, or add --force to replace the report there"}
	}
	recipients, err := c.recipients()
	if err != nil {
		return nil, err
	}
	name := filepath.Join(c.Out, factsName)
	f, err := os.OpenFile(name+".new", os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, &failure{code: "out", what: "writing " + name, why: err}
	}
	if o.Facts, err = check.NewFacts(f, recipients...); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if c.Timeline {
		o.Timeline = check.NewTimeline(c.Out)
	}
	return func() error {
		err := errors.Join(o.Facts.Close(), f.Sync(), f.Close())
		if o.Timeline != nil {
			err = errors.Join(err, o.Timeline.Close())
		}
		if err != nil {
			return &failure{code: "out", what: "writing to " + c.Out, why: err, hint: "free some space, or name another folder"}
		}
		return os.Rename(name+".new", name)
	}, nil
}

func (c *checkCommand) again(e *env, set *indicator.Set) (*check.Result, error) {
	earlier, err := report.Load(c.Again)
	if err != nil {
		return nil, &failure{code: "again", what: "reading the report in " + c.Again, why: err, hint: "name the folder that --out of an earlier check wrote"}
	}
	sealed, err := os.ReadFile(filepath.Join(c.Again, factsName))
	if err != nil {
		return nil, &failure{code: "again", what: "reading what was observed then", why: err, hint: "examine the acquisition itself"}
	}
	identities, err := c.identities()
	if err != nil {
		return nil, err
	}
	r, err := check.Again(e.ctx, earlier, bytes.NewReader(sealed), set, identities...)
	if err != nil {
		return nil, &failure{code: "again", what: "reading " + filepath.Join(c.Again, factsName), why: err,
			hint: "it is sealed to the one who examined then: use the same --data, or --identity"}
	}
	if c.Out == "" || same(c.Out, c.Again) {
		return r, nil
	}
	if err := report.Ready(c.Out, c.Force); err != nil {
		return nil, &failure{code: "out", what: "writing a report to " + c.Out, why: err, hint: "name an empty folder, or add --force"}
	}
	return r, os.WriteFile(filepath.Join(c.Out, factsName), sealed, 0o600)
}

func same(a, b string) bool {
	x, err1 := os.Stat(a)
	y, err2 := os.Stat(b)
	return err1 == nil && err2 == nil && os.SameFile(x, y)
}

// write gives the result to the person, and to --out.
func (c *checkCommand) write(e *env, r *check.Result) error {
	o := report.Options{Language: c.Language, Force: c.Force || c.Again != "", Facts: c.Out != ""}
	if c.Timeline {
		o.Consent = &report.Consent{Words: c.Consent, At: e.now().UTC()}
	}
	if c.Out != "" {
		if err := report.Write(c.Out, r, o); err != nil {
			return &failure{code: "out", what: "writing the report to " + c.Out, why: err, hint: "free some space, or name another folder"}
		}
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(r)
	}
	o.Width, o.Color = terminal(e.stdout)
	if err := report.Terminal(e.stdout, r, o); err != nil {
		return err
	}
	if c.Out != "" {
		fmt.Fprintf(e.stdout, "\nThe report: %s\n", filepath.Join(c.Out, "report.html"))
	}
	return nil
}

// terminal returns how wide standard output is, and whether it shows colour;
// 0 when it is no terminal.
func terminal(w io.Writer) (width int, color bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		width = 80
	}
	return width, os.Getenv("NO_COLOR") == ""
}
