package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/edition"
	timestamp "github.com/ringfence/ringfence/casefile/stamp"
	"github.com/ringfence/ringfence/casefile/witness"
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
		o.Prove = func(ctx context.Context) ([]string, error) {
			a, err := anchorNow(ctx, k.Room())
			return a.Pending, err
		}
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

// patience is how long authorities are waited for while somebody waits for a command.
const patience = 20 * time.Second

// anchorNow has the state of the log cosigned and stamped by who can be reached.
func anchorNow(ctx context.Context, room *casefile.Room) (casefile.Anchored, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return room.Anchor(ctx, http.DefaultClient)
}

type caseAnchorCommand struct{ casePlace }

// Run has the state of the service's log cosigned and stamped.
func (c *caseAnchorCommand) Run(e *env) error {
	room, err := c.room(e)
	if err != nil {
		return err
	}
	defer room.Close()
	authorities, err := room.Authorities()
	var witnesses []casefile.Witness
	if err == nil {
		witnesses, err = room.Witnesses()
	}
	if err == nil && len(authorities)+len(witnesses) == 0 {
		return &failure{code: "nobody", what: "case anchor", why: errors.New("no witness and no authority is set down"), hint: "write cases/" + casefile.WitnessesName + " or cases/" + casefile.AuthoritiesName + " in the data folder; docs/cases.md says how"}
	}
	var a casefile.Anchored
	if err == nil {
		a, err = anchorNow(e.ctx, room)
	}
	if errors.Is(err, witness.ErrConflict) {
		return &failure{code: "conflict", what: "case anchor", why: err, hint: "one of the two histories was rewritten: stop, keep a copy of the data folder, and ask the witness for the state that it has"}
	}
	if err != nil {
		return caseFailure("case anchor", err)
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "anchored": a})
	}
	fmt.Fprintf(e.stdout, "of %d witnesses and %d authorities, %d cosigned and %d stamped the state of the log now\n", len(witnesses), len(authorities), a.Cosigned, a.Stamped)
	for _, p := range a.Pending {
		fmt.Fprintf(e.stderr, "ringfence: pending: %s\n", p)
	}
	return nil
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
		if err = r.Print(e.stdout); err == nil {
			err = c.stamps(e, r)
		}
	}
	if err == nil && !r.Whole {
		err = found(exitFailed)
	}
	return err
}

// stamps looks at the time stamps, each with the certificates beside it: whether these
// are the authority's, only somebody who knows them can tell.
func (c *caseVerifyCommand) stamps(e *env, r *verify.Report) error {
	for _, name := range r.Stamps {
		token, err := verify.Read(c.File, name)
		if err != nil {
			return err
		}
		chain, err := verify.Read(c.File, strings.TrimSuffix(name, ".tsr")+".pem")
		if err != nil {
			return err
		}
		text, err := verify.Read(c.File, "data/service/checkpoint.txt")
		if err != nil {
			return err
		}
		roots, err := timestamp.ReadRoots(chain)
		var t timestamp.Token
		if err == nil {
			t, err = timestamp.Verify(token, text, timestamp.Authority{Name: filepath.Base(name), Roots: roots[:1]})
		}
		if err != nil {
			fmt.Fprintf(e.stdout, "  WRONG  stamp      %v\n", err)
			r.Whole = false
			continue
		}
		fmt.Fprintf(e.stdout, "  ok     stamp      %s; its root, to be compared with the authority's: %s, SHA-256 %x\n", t.At.Format("2006-01-02 15:04:05 MST"), roots[0].Subject, sha256.Sum256(roots[0].Raw))
	}
	return nil
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
