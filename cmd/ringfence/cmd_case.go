package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"github.com/ringfence/ringfence/casefile"
)

func init() {
	command("case", "Investigations: exhibits, the ledger of what was done to them, and the case file that a stranger can verify.", &caseCommand{})
}

type caseCommand struct {
	New       caseNewCommand       `cmd:"" help:"Begin a case."`
	List      caseListCommand      `cmd:"" help:"List the cases."`
	Show      caseShowCommand      `cmd:"" help:"Show a case: its exhibits, and what is known."`
	Log       caseLogCommand       `cmd:"" help:"Show the ledger of a case: every act, who did it and why."`
	Add       caseAddCommand       `cmd:"" help:"Take in exhibits."`
	Import    caseImportCommand    `cmd:"" help:"Bring in what was found: an incident, a campaign, the report of a phone, captured traffic."`
	Notify    caseNotifyCommand    `cmd:"" help:"The notices to the people targeted: draft, reviews, approvals, and how they stand."`
	Attribute caseAttributeCommand `cmd:"" help:"What is judged about who did it: the ladder of claims, the matrix, and what they hang on."`
	Record    caseRecordCommand    `cmd:"" help:"Record what is known: hours of work, servers, terms, persons and more."`
	Copy      caseCopyCommand      `cmd:"" help:"Make a working copy of an exhibit; why is put into the ledger."`
	Admit     caseAdmitCommand     `cmd:"" help:"Give a person the key of a case's evidence."`
	Export    caseExportCommand    `cmd:"" help:"Write the case file in an edition, with its proofs."`
	Anchor    caseAnchorCommand    `cmd:"" help:"Have witnesses cosign, and time-stamp authorities stamp, the state of the log now."`
	Verify    caseVerifyCommand    `cmd:"" help:"Check that an exported case file, or a case in the data folder, is whole."`
	Key       caseKeyCommand       `cmd:"" help:"Make the keys of a person who works on cases."`
	Enroll    caseEnrollCommand    `cmd:"" help:"Enroll a person's keys, or withdraw them."`
}

// casePlace is embedded by the commands about cases.
type casePlace struct {
	dataFolder
	reporting
}

// actsAs is embedded by commands that are somebody's act.
type actsAs struct {
	As string `placeholder:"KEY" env:"RINGFENCE_AS" help:"Key file of who acts, from case key. On a machine where nobody is enrolled, one is made."`
}

// room opens the cases of the data folder.
func (c *casePlace) room(e *env) (*casefile.Room, error) {
	made := build()
	tool := "ringfence " + made.Version
	if made.Commit != "" {
		tool += " (" + made.Commit + ")"
	}
	r, err := casefile.Open(filepath.Join(c.dir(), "cases"), tool, e.now)
	if err != nil {
		return nil, &failure{code: "cases", what: "opening the cases in " + c.dir(), why: err, hint: "name another folder with --data"}
	}
	return r, nil
}

// caseFailure says what a person can do about it.
func caseFailure(what string, err error) error {
	if err == nil {
		return nil
	}
	f := &failure{code: "case", what: what, why: err}
	for code, is := range map[string]error{"no_case": casefile.ErrNoCase, "stranger": casefile.ErrStranger, "role": casefile.ErrNotYours, "name": casefile.ErrName} {
		if errors.Is(err, is) {
			f.code = code
		}
	}
	return f
}

// with opens a case for a person, and closes it.
func (c *casePlace) with(e *env, id string, as *actsAs, do func(*casefile.Case, *casefile.Hand) error) error {
	r, err := c.room(e)
	if err != nil {
		return err
	}
	defer r.Close()
	var h *casefile.Hand
	if as != nil {
		if h, err = as.hand(e, r, c.dir()); err != nil {
			return err
		}
	}
	k, err := r.Case(e.ctx, id)
	if err != nil {
		return caseFailure("case", err)
	}
	return errors.Join(do(k, h), k.Close())
}

// hand is who acts.
func (a *actsAs) hand(e *env, r *casefile.Room, dir string) (*casefile.Hand, error) {
	if a.As != "" {
		return readHand(a.As)
	}
	own := filepath.Join(dir, "cases", "own.key")
	if _, err := os.Stat(own); err == nil {
		return readHand(own)
	}
	persons, err := r.Persons(e.ctx)
	if err != nil {
		return nil, caseFailure("case", err)
	}
	if len(persons) > 0 {
		return nil, &failure{code: "usage", what: "case", hint: "say who acts: --as KEY, with a file from ringfence case key", exit: exitUsage}
	}
	return makeOwn(e, r, own)
}

// makeOwn makes the keys of an investigator who works alone.
func makeOwn(e *env, r *casefile.Room, path string) (*casefile.Hand, error) {
	name := "investigator"
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = casefile.SafeName(u.Username[strings.LastIndexByte(u.Username, '\\')+1:])
	}
	secret, public, err := casefile.NewKey(name)
	if err == nil {
		err = writeNew(path, secret)
	}
	if errors.Is(err, fs.ErrExist) { // another one was quicker
		return readHand(path)
	}
	if err == nil {
		_, err = r.Enroll(e.ctx, public, casefile.Lead)
	}
	if err != nil {
		return nil, &failure{code: "key", what: "making a key of your own", why: err}
	}
	fmt.Fprintf(e.stderr, "ringfence: nobody was enrolled, so keys were made for you, %s, in %s; keep a copy of that file, nothing can be opened without it\n", name, path)
	return readHand(path)
}

// readHand reads a person's keys.
func readHand(path string) (*casefile.Hand, error) {
	b, err := readBounded(path, maxKey)
	var h *casefile.Hand
	if err == nil {
		h, err = casefile.ReadHand(b)
	}
	if err != nil {
		return nil, &failure{code: "key", what: "--as " + path, why: err, hint: "name the file that ringfence case key wrote"}
	}
	return h, nil
}

func readBounded(path string, most int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("it is longer than %d bytes", most)
	}
	return b, err
}

type caseNewCommand struct {
	casePlace
	actsAs
	Title string `arg:"" help:"What the case is called, by those who work on it."`
}

// Run begins a case.
func (c *caseNewCommand) Run(e *env) error {
	r, err := c.room(e)
	if err != nil {
		return err
	}
	defer r.Close()
	h, err := c.hand(e, r, c.dir())
	if err != nil {
		return err
	}
	k, err := r.New(e.ctx, c.Title, h)
	if err != nil {
		return caseFailure("case new", err)
	}
	defer k.Close()
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "id": k.ID, "origin": k.Origin})
	}
	fmt.Fprintf(e.stdout, "%s\n", k.ID)
	if there, err := r.HasRecovery(e.ctx); err == nil && !there {
		fmt.Fprintln(e.stderr, "ringfence: there is no recovery key: if the keys of every lead and counsel are lost, so is the evidence; see ringfence case key --recovery")
	}
	return nil
}

type caseListCommand struct{ casePlace }

// Run lists the cases.
func (c *caseListCommand) Run(e *env) error {
	r, err := c.room(e)
	if err != nil {
		return err
	}
	defer r.Close()
	all, err := r.Cases(e.ctx)
	if err != nil {
		return caseFailure("case list", err)
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "cases": all, "key": r.Key()})
	}
	if len(all) == 0 {
		_, err := fmt.Fprintln(e.stdout, "There are no cases. Begin one with: ringfence case new \"its title\"")
		return err
	}
	for _, s := range all {
		if s.Broken != "" {
			fmt.Fprintf(e.stdout, "%s  cannot be opened: %s\n", s.ID, s.Broken)
			continue
		}
		fmt.Fprintf(e.stdout, "%s  %s  by %s, %d exhibits, %d entries  %s\n", s.ID, s.Opened.Format("2006-01-02"), s.By, s.Exhibits, s.Entries, s.Title)
	}
	_, err = fmt.Fprintf(e.stdout, "The key of this service, to be published: %s\n", r.Key())
	return err
}

type caseKeyCommand struct {
	casePlace
	Name     string `arg:"" optional:"" help:"The person's name."`
	Out      string `required:"" placeholder:"FILE" help:"Where the secret keys go; what the operator enrolls goes beside them, with the ending .pub."`
	Recovery bool   `help:"Make the recovery key instead, to be kept offline: the keys of every case begun from now on are wrapped to it too."`
}

// Run makes keys.
func (c *caseKeyCommand) Run(e *env) error {
	if (c.Name == "") != c.Recovery {
		return &failure{code: "usage", what: "case key", hint: "give a person's name, or --recovery", exit: exitUsage}
	}
	name := c.Name
	if c.Recovery {
		name = "recovery"
	}
	secret, public, err := casefile.NewKey(name)
	if err != nil {
		return &failure{code: "usage", what: "case key", why: err, hint: "give another name", exit: exitUsage}
	}
	if c.Recovery {
		if err := c.setRecovery(e, public); err != nil {
			return err
		}
	}
	pub := c.Out + ".pub"
	if err := errors.Join(writeNew(c.Out, secret), writeNew(pub, public)); err != nil {
		return &failure{code: "write", what: "case key", why: err, hint: "give a file that is not there yet"}
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "name": name, "file": c.Out, "public": pub})
	}
	if c.Recovery {
		_, err = fmt.Fprintf(e.stdout, "Keep %s offline, and on no machine of the service.\n", c.Out)
		return err
	}
	_, err = fmt.Fprintf(e.stdout, "The operator enrolls %s with: ringfence case enroll %s --role analyst|reviewer|lead|counsel|partner\n", name, pub)
	return err
}

func (c *caseKeyCommand) setRecovery(e *env, public string) error {
	r, err := c.room(e)
	if err != nil {
		return err
	}
	defer r.Close()
	_, recipient, _ := strings.Cut(strings.TrimSpace(public), "\n")
	return caseFailure("case key --recovery", r.SetRecovery(e.ctx, recipient))
}

type caseEnrollCommand struct {
	casePlace
	Key       string        `arg:"" optional:"" type:"existingfile" help:"The .pub file that case key wrote."`
	Role      casefile.Role `placeholder:"ROLE" help:"What the person may do: analyst, reviewer, lead, counsel, or partner (who sees the cases that it is admitted to)."`
	Languages []string      `placeholder:"TAG" help:"Languages in which the person is fluent, like en,ar: who reviews a notice must be."`
	Withdraw  string        `placeholder:"NAME" help:"Withdraw a person's keys, instead."`
}

// Run enrolls, or withdraws, and lists who is enrolled.
func (c *caseEnrollCommand) Run(e *env) error {
	if c.Key != "" && c.Withdraw != "" || c.Key != "" && c.Role == "" {
		return &failure{code: "usage", what: "case enroll", hint: "give a .pub file and --role, or --withdraw NAME, or neither to list who is enrolled", exit: exitUsage}
	}
	r, err := c.room(e)
	if err != nil {
		return err
	}
	defer r.Close()
	switch {
	case c.Withdraw != "":
		err = r.Withdraw(e.ctx, c.Withdraw)
	case c.Key != "":
		var b []byte
		if b, err = readBounded(c.Key, maxKey); err == nil {
			_, err = r.Enroll(e.ctx, string(b), c.Role, c.Languages...)
		}
	}
	if err != nil {
		return caseFailure("case enroll", err)
	}
	all, err := r.Persons(e.ctx)
	if err != nil {
		return caseFailure("case enroll", err)
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "persons": all})
	}
	for _, p := range all {
		until := ""
		if !p.Until.IsZero() {
			until = ", withdrawn " + p.Until.Format("2006-01-02 15:04")
		}
		fmt.Fprintf(e.stdout, "%s  %s  since %s%s\n    %s\n", p.Name, p.Role, p.Since.Format("2006-01-02 15:04"), until, p.Key)
	}
	return nil
}
