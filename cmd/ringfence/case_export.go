package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"

	"filippo.io/age"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/edition"
	"github.com/ringfence/ringfence/verify"
)

type caseExportCommand struct {
	casePlace
	actsAs
	Case    string   `arg:"" help:"The case, like K-2026-0001."`
	Edition string   `required:"" help:"For whom: sealed (lead and counsel), court (the parties), public, or person:T-0007 (that person's own file)."`
	Out     string   `required:"" placeholder:"FILE" help:"The zip file to write; it must not exist."`
	Reason  string   `help:"What for."`
	To      []string `placeholder:"RECIPIENT" help:"Encrypt the file to this age recipient (age1...); may be given several times."`
}

// Run writes a case file.
func (c *caseExportCommand) Run(e *env) error {
	d, err := edition.Parse(c.Edition)
	if err != nil {
		return &failure{code: "usage", what: "case export", why: err, exit: exitUsage}
	}
	o := edition.Options{Edition: d, Reason: c.Reason, Now: e.now()}
	for _, s := range c.To {
		r, err := age.ParseX25519Recipient(s)
		if err != nil {
			return &failure{code: "usage", what: "reading --to " + s, why: err, hint: "give a recipient that begins with age1", exit: exitUsage}
		}
		o.To = append(o.To, r)
	}
	p := newProgress(e.stderr)
	o.Progress = func(what string) { p.show("writing", what, 0, 0) }
	return c.with(e, c.Case, &c.actsAs, func(k *casefile.Case, h *casefile.Hand) error {
		r, err := edition.Export(e.ctx, k, h, c.Out, o)
		p.end()
		if err != nil {
			return caseFailure("case export", err)
		}
		if c.JSON {
			return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "file": c.Out, "edition": d.Name, "export": r})
		}
		fmt.Fprintf(e.stdout, "%s: edition %s, %d exhibits, %d files, %d bytes; %d fields of the ledger are withheld\n", c.Out, d.Name, r.Exhibits, r.Files, r.Bytes, r.Withheld)
		for _, w := range r.Pending {
			fmt.Fprintf(e.stderr, "ringfence: pending: %s\n", w)
		}
		return nil
	})
}

type caseVerifyCommand struct {
	casePlace
	File string `arg:"" help:"The exported zip file, the folder that was in it, or a case in the data folder, like K-2026-0001."`
	Key  string `placeholder:"VKEY" help:"The verifier key of the service that exported it, as somebody you trust gave it."`
}

var caseID = regexp.MustCompile(`^K-\d{4}-\d{4,9}$`)

// Run verifies.
func (c *caseVerifyCommand) Run(e *env) error {
	if _, err := os.Stat(c.File); err != nil && caseID.MatchString(c.File) {
		return c.own(e)
	}
	p := newProgress(e.stderr)
	var done int64
	r, err := verify.File(c.File, verify.Options{Key: c.Key, Progress: func(n int64) {
		done += n
		p.reading(c.File, done, 0)
	}})
	p.end()
	if err != nil {
		return &failure{code: "unreadable", what: "case verify " + c.File, why: err, hint: "give the zip file that case export wrote, or the folder in it; one that ends in .age is to be decrypted first"}
	}
	if c.JSON {
		err = json.NewEncoder(e.stdout).Encode(r)
	} else {
		err = r.Print(e.stdout)
	}
	if err == nil && !r.Whole {
		err = found(exitFailed)
	}
	return err
}

// own verifies a case where it is kept.
func (c *caseVerifyCommand) own(e *env) error {
	return c.with(e, c.File, nil, func(k *casefile.Case, _ *casefile.Hand) error {
		p := newProgress(e.stderr)
		var done int64
		all, err := k.Verify(e.ctx, func(n int64) {
			done += n
			p.reading(k.ID, done, 0)
		})
		p.end()
		if err != nil {
			return caseFailure("case verify", err)
		}
		whole := !slices.ContainsFunc(all, func(c verify.Check) bool { return len(c.Faults) > 0 })
		if c.JSON {
			err = json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "case": k.ID, "whole": whole, "checks": all})
		} else {
			err = verify.PrintChecks(e.stdout, all)
		}
		if err == nil && !whole {
			err = found(exitFailed)
		}
		return err
	})
}
