package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/verify"
)

type caseAddCommand struct {
	casePlace
	actsAs
	Case   string        `arg:"" help:"The case, like K-2026-0001."`
	Files  []string      `arg:"" type:"existingfile" help:"The files."`
	Source string        `required:"" help:"Where they are from: \"phone of T-0007\"."`
	Basis  string        `required:"" help:"By what right they were taken: consent:C-12, order:..., own records."`
	Reason string        `help:"Why they matter."`
	About  string        `placeholder:"PERSON" help:"Whom they are about, like T-0007 (default: the one in --source)."`
	Tier   casefile.Tier `default:"court" enum:"public,court,sealed" help:"Who may see them: public, court (the parties), or sealed (lead and counsel)."`
}

// Run takes in exhibits.
func (c *caseAddCommand) Run(e *env) error {
	var taken []casefile.Exhibit
	err := c.with(e, c.Case, &c.actsAs, func(k *casefile.Case, h *casefile.Hand) error {
		for _, path := range c.Files {
			x, err := c.add(e, k, h, path)
			if err != nil {
				return caseFailure("case add "+path, err)
			}
			taken = append(taken, x)
			if !c.JSON {
				fmt.Fprintf(e.stdout, "%s  %d bytes  sha256 %s  %s\n", x.ID, x.Size, x.SHA256, x.Name)
			}
		}
		return nil
	})
	if c.JSON && len(taken) > 0 {
		err = errors.Join(err, json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "exhibits": taken}))
	}
	return err
}

func (c *caseAddCommand) add(e *env, k *casefile.Case, h *casefile.Hand, path string) (casefile.Exhibit, error) {
	f, err := os.Open(path)
	if err != nil {
		return casefile.Exhibit{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return casefile.Exhibit{}, err
	}
	p := newProgress(e.stderr)
	defer p.end()
	var done int64
	r := readerFunc(func(b []byte) (int, error) {
		n, err := f.Read(b)
		done += int64(n)
		p.show("taking in", filepath.Base(path), done, info.Size())
		return n, err
	})
	return k.Add(e.ctx, h, casefile.Exhibit{Name: filepath.Base(path), Source: c.Source, Basis: c.Basis, Reason: c.Reason, About: c.About, Tier: c.Tier}, r)
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

type caseShowCommand struct {
	casePlace
	Case string `arg:"" help:"The case, like K-2026-0001."`
	Kind string `placeholder:"KIND" help:"Only what is known of this kind: incident, campaign, person and so on."`
}

// Run shows a case.
func (c *caseShowCommand) Run(e *env) error {
	return c.with(e, c.Case, nil, func(k *casefile.Case, _ *casefile.Hand) error {
		s, err := k.Summary(e.ctx)
		if err != nil {
			return caseFailure("case show", err)
		}
		exhibits, err := k.Exhibits(e.ctx, 0, 0)
		if err != nil {
			return caseFailure("case show", err)
		}
		known := map[fact.Kind][]casefile.Record{}
		for kind := range fact.Prefixes {
			if c.Kind != "" && string(kind) != c.Kind {
				continue
			}
			all, err := k.Records(e.ctx, kind)
			if err != nil {
				return caseFailure("case show", err)
			}
			if len(all) > 0 {
				known[kind] = all
			}
		}
		if c.JSON {
			return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "case": s, "exhibits": exhibits, "records": known})
		}
		return printCase(e.stdout, s, exhibits, known)
	})
}

func printCase(w io.Writer, s casefile.Summary, exhibits []casefile.Exhibit, known map[fact.Kind][]casefile.Record) error {
	fmt.Fprintf(w, "%s  %s\nbegun %s by %s, %d entries in the ledger\n", s.ID, s.Title, s.Opened.Format("2006-01-02 15:04 MST"), s.By, s.Entries)
	for _, x := range exhibits {
		proved := "not proved yet"
		if !x.Proved.IsZero() {
			proved = "last proved intact " + x.Proved.Format("2006-01-02 15:04")
		}
		fmt.Fprintf(w, "\n%s  %s  (%s)\n    from %s, %s, by %s on %s\n    %d bytes, sha256 %s, %s\n", x.ID, x.Name, x.Tier, x.Source, x.Basis, x.By, x.At.Format("2006-01-02 15:04"), x.Size, x.SHA256, proved)
	}
	kinds := make([]fact.Kind, 0, len(known))
	for kind := range known {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		fmt.Fprintf(w, "\n%s\n", kind)
		for _, r := range known[kind] {
			fmt.Fprintf(w, "    %s  %s  %.160s\n", r.ID, strings.Join(r.Exhibits, " "), r.Body)
		}
	}
	return nil
}

type caseLogCommand struct {
	casePlace
	Case   string `arg:"" help:"The case, like K-2026-0001."`
	Limit  int    `default:"50" help:"How many entries, the newest first; 0 for all."`
	Before int64  `help:"Only entries before this one."`
}

// Run shows the ledger.
func (c *caseLogCommand) Run(e *env) error {
	return c.with(e, c.Case, nil, func(k *casefile.Case, _ *casefile.Hand) error {
		all, err := k.Log(e.ctx, c.Before, c.Limit)
		if err != nil {
			return caseFailure("case log", err)
		}
		enc := json.NewEncoder(e.stdout)
		enc.SetEscapeHTML(false)
		for _, one := range all {
			if c.JSON {
				err = enc.Encode(one)
			} else {
				err = printEntry(e.stdout, one)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func printEntry(w io.Writer, e verify.Entry) error {
	at, _ := time.Parse(time.RFC3339Nano, e.Text("at"))
	what := e.Text("action")
	for _, name := range []string{"exhibit", "kind", "subject", "member", "edition"} {
		if s := e.Text(name); s != "" {
			what += " " + s
		}
	}
	if s := e.Text("reason"); s != "" {
		what += ": " + s
	}
	_, err := fmt.Fprintf(w, "%6d  %s  %s (%s)  %s\n", e.N, at.Format("2006-01-02 15:04:05"), e.Text("actor"), e.Text("role"), what)
	return err
}

type caseCopyCommand struct {
	casePlace
	actsAs
	Case    string `arg:"" help:"The case, like K-2026-0001."`
	Exhibit string `arg:"" help:"The exhibit, like E-0001."`
	Out     string `default:"." type:"existingdir" placeholder:"DIR" help:"Where the copy goes."`
	Reason  string `required:"" help:"What for."`
}

// Run makes a working copy.
func (c *caseCopyCommand) Run(e *env) error {
	return c.with(e, c.Case, &c.actsAs, func(k *casefile.Case, h *casefile.Hand) error {
		path, err := k.WorkingCopy(e.ctx, h, c.Exhibit, c.Out, c.Reason)
		if err != nil {
			return caseFailure("case copy", err)
		}
		if c.JSON {
			return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "file": path})
		}
		_, err = fmt.Fprintf(e.stdout, "%s\n", path)
		return err
	})
}

type caseAdmitCommand struct {
	casePlace
	actsAs
	Case   string `arg:"" help:"The case, like K-2026-0001."`
	Person string `arg:"" help:"The person, as enrolled."`
	Reason string `required:"" help:"Why."`
}

// Run admits a person.
func (c *caseAdmitCommand) Run(e *env) error {
	return c.with(e, c.Case, &c.actsAs, func(k *casefile.Case, h *casefile.Hand) error {
		return caseFailure("case admit", k.Admit(e.ctx, h, c.Person, c.Reason))
	})
}

type caseRecordCommand struct {
	casePlace
	actsAs
	Case    string        `arg:"" help:"The case, like K-2026-0001."`
	Kind    string        `arg:"" help:"What it is about: incident, campaign, finding, account, infrastructure, device, person, hours, cost, terms, server, conduct, party, paragraph, deadline."`
	File    string        `arg:"" help:"The fact as JSON, or - for standard input; docs/cases.md has the fields."`
	ID      string        `help:"Its id, to replace what is recorded (default: a new one)."`
	Exhibit []string      `placeholder:"E-0001" help:"An exhibit on which it rests; may be given several times."`
	Tier    casefile.Tier `default:"court" enum:"public,court,sealed" help:"Who may see it."`
	Reason  string        `help:"Why it is recorded, or changed."`
}

// Run records a fact.
func (c *caseRecordCommand) Run(e *env) error {
	body, err := c.body()
	if err != nil {
		return &failure{code: "unreadable", what: "case record " + c.File, why: err, hint: "give a file with the fact as JSON"}
	}
	return c.with(e, c.Case, &c.actsAs, func(k *casefile.Case, h *casefile.Hand) error {
		put, err := k.Put(e.ctx, h, casefile.Record{Kind: fact.Kind(c.Kind), ID: c.ID, Tier: c.Tier, Exhibits: c.Exhibit, Body: body, Reason: c.Reason})
		if err != nil {
			return caseFailure("case record", err)
		}
		if c.JSON {
			return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "records": put})
		}
		_, err = fmt.Fprintf(e.stdout, "%s\n", put[0].ID)
		return err
	})
}

func (c *caseRecordCommand) body() ([]byte, error) {
	return readGiven(c.File, fact.MaxBody)
}

// readGiven reads a file, or standard input where the file is "-".
func readGiven(path string, most int64) ([]byte, error) {
	if path != "-" {
		return readBounded(path, most)
	}
	return io.ReadAll(io.LimitReader(os.Stdin, most+1))
}
