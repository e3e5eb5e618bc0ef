package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/hunt/approval"
	"github.com/ringfence/ringfence/store"
)

// maxKey is how long a key file may be, in bytes.
const maxKey = 4096

// readSigner reads a person's key.
func readSigner(path string) (note.Signer, error) {
	wrong := func(why error) error {
		return &failure{code: "key", what: "--as " + path, why: why, hint: "name the file that ringfence hunt key wrote"}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, wrong(err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxKey))
	if err != nil {
		return nil, wrong(err)
	}
	s, err := note.NewSigner(strings.TrimSpace(string(b)))
	if err != nil {
		return nil, wrong(errors.New("it is no key of a person"))
	}
	return s, nil
}

// bookOf opens the log of queries of a data folder.
func bookOf(e *env, of dataFolder) (*approval.Book, *store.Store, error) {
	st, err := openStore(e, of.dir())
	if err != nil {
		return nil, nil, err
	}
	return approval.Open(st, e.now), st, nil
}

type huntKeyCommand struct {
	reporting
	Name string `arg:"" help:"The person's name."`
	Out  string `required:"" placeholder:"FILE" help:"Where the secret key goes. It is for this person alone."`
}

// Run makes a key.
func (c *huntKeyCommand) Run(e *env) error {
	secret, public, err := approval.NewKey(c.Name)
	if err != nil {
		return &failure{code: "usage", what: "hunt key", why: err, hint: "give another name", exit: exitUsage}
	}
	f, err := os.OpenFile(filepath.Clean(c.Out), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return &failure{code: "write", what: "hunt key", why: err, hint: "give a file that is not there yet"}
	}
	_, err = fmt.Fprintln(f, secret)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return &failure{code: "write", what: "hunt key: writing " + c.Out, why: err}
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "name": c.Name, "key": public, "file": c.Out})
	}
	_, err = fmt.Fprintf(e.stdout, "%s\nThe operator enrolls it: ringfence hunt enroll '%s'\n", public, public)
	return err
}

type huntEnrollCommand struct {
	dataFolder
	reporting
	Key      string `arg:"" optional:"" help:"A person's key, as hunt key prints it."`
	Withdraw string `placeholder:"NAME" help:"Take the right to ask and to approve from a person, instead."`
}

// Run enrolls, or withdraws.
func (c *huntEnrollCommand) Run(e *env) error {
	if (c.Key == "") == (c.Withdraw == "") {
		return &failure{code: "usage", what: "hunt enroll", hint: "give a key as hunt key prints it, or --withdraw NAME", exit: exitUsage}
	}
	book, st, err := bookOf(e, c.dataFolder)
	if err != nil {
		return err
	}
	defer st.Close()
	if c.Withdraw != "" {
		if err := book.Withdraw(e.ctx, c.Withdraw); err != nil {
			return approvalFailure("hunt enroll --withdraw", err)
		}
	} else if _, err := book.Enroll(e.ctx, strings.TrimSpace(c.Key)); err != nil {
		return approvalFailure("hunt enroll", err)
	}
	all, err := book.Persons(e.ctx)
	if err != nil {
		return approvalFailure("hunt enroll", err)
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "persons": all})
	}
	return printPersons(e.stdout, all)
}

func printPersons(w io.Writer, all []approval.Person) error {
	if len(all) == 0 {
		_, err := fmt.Fprintln(w, "Nobody is enrolled.")
		return err
	}
	for _, p := range all {
		if _, err := fmt.Fprintf(w, "%s  since %s  %s\n", p.Name, p.Since.Format("2006-01-02 15:04"), p.Key); err != nil {
			return err
		}
	}
	return nil
}

type huntApproveCommand struct {
	dataFolder
	reporting
	Query string `arg:"" help:"The query, like Q-2026-0001."`
	As    string `placeholder:"KEY" help:"Key file of who approves, from hunt key."`
	Note  string `placeholder:"FILE" help:"What hunt sign wrote on another machine, instead of a key."`
}

// Run approves a query.
func (c *huntApproveCommand) Run(e *env) error {
	if (c.As == "") == (c.Note == "") {
		return &failure{code: "usage", what: "hunt approve", hint: "give --as KEY, or --note FILE with what hunt sign wrote", exit: exitUsage}
	}
	book, st, err := bookOf(e, c.dataFolder)
	if err != nil {
		return err
	}
	defer st.Close()
	p, err := book.Query(e.ctx, c.Query)
	if err != nil {
		return approvalFailure("hunt approve "+c.Query, err)
	}
	signed, err := c.sign(p)
	if err != nil {
		return err
	}
	if p, err = book.Approve(e.ctx, p.ID, signed); err != nil {
		return approvalFailure("hunt approve", err)
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "query": p})
	}
	fmt.Fprintf(e.stdout, "%s approved this:\n\n%s\n", p.Approved[len(p.Approved)-1], p.Sign)
	if more := approval.Approvals - len(p.Approved); more > 0 {
		_, err = fmt.Fprintf(e.stdout, "%d more must approve, by %s.\n", more, p.Until.Format("2006-01-02 15:04 MST"))
		return err
	}
	_, err = fmt.Fprintf(e.stdout, "%s may ask it again and have it answered, once, by %s.\n", p.By, p.Until.Format("2006-01-02 15:04 MST"))
	return err
}

// sign is what a person signed: here, or elsewhere.
func (c *huntApproveCommand) sign(p approval.Pending) ([]byte, error) {
	if c.Note != "" {
		return readShort("--note", c.Note)
	}
	as, err := readSigner(c.As)
	if err != nil {
		return nil, err
	}
	return approval.Sign(p, as)
}

type huntSignCommand struct {
	Query string `arg:"" name:"file" help:"The query, as hunt queries shows it when it is named."`
	As    string `required:"" placeholder:"KEY" help:"Key file of who approves, from hunt key."`
}

// Run signs a query on a machine of the person's own, so that the key need not
// come near the service.
func (c *huntSignCommand) Run(e *env) error {
	text, err := readShort("hunt sign", c.Query)
	if err != nil {
		return err
	}
	p, err := approval.Read(string(text))
	if err != nil {
		return &failure{code: "query", what: "hunt sign " + c.Query, why: err, hint: "give the file as hunt queries wrote it"}
	}
	as, err := readSigner(c.As)
	if err != nil {
		return err
	}
	signed, err := approval.Sign(p, as)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stderr, "%s approves this:\n\n%s\n", as.Name(), p.Sign)
	_, err = e.stdout.Write(signed)
	return err
}

// readShort reads a file that a query, signed, fits into.
func readShort(what, path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &failure{code: "unreadable", what: what, why: err, hint: "give a file that can be read"}
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, approval.MaxNote+1))
	if err == nil && len(b) > approval.MaxNote {
		err = fmt.Errorf("it is longer than %d bytes", approval.MaxNote)
	}
	if err != nil {
		return nil, &failure{code: "unreadable", what: what + " " + path, why: err, hint: "give the file as hunt queries or hunt sign wrote it"}
	}
	return b, nil
}

type huntQueriesCommand struct {
	dataFolder
	reporting
	Query string `arg:"" optional:"" help:"Show only this one, as it is signed."`
}

// Run lists the log.
func (c *huntQueriesCommand) Run(e *env) error {
	book, st, err := bookOf(e, c.dataFolder)
	if err != nil {
		return err
	}
	defer st.Close()
	list, err := book.List(e.ctx)
	if err != nil {
		return approvalFailure("hunt queries", err)
	}
	if c.Query != "" {
		p, err := book.Query(e.ctx, c.Query)
		if err != nil {
			return approvalFailure("hunt queries "+c.Query, err)
		}
		list.Queries = []approval.Pending{p}
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "queries": list.Queries, "persons": list.Persons, "lines": list.Lines, "head": list.Head})
	}
	if c.Query != "" {
		_, err := fmt.Fprint(e.stdout, list.Queries[0].Sign)
		return err
	}
	for _, p := range list.Queries {
		first, _, _ := strings.Cut(p.Text, "\n")
		fmt.Fprintf(e.stdout, "%s  %s  %s  by %s, %s\n    %s\n", p.ID, p.Asked.Format("2006-01-02 15:04"), p.Case, p.By, queryState(p, e), first)
	}
	if err := printPersons(e.stdout, list.Persons); err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.stdout, "%d lines, the last with the hash %s\n", list.Lines, list.Head)
	return err
}

func queryState(p approval.Pending, e *env) string {
	by := "approved by nobody"
	if len(p.Approved) > 0 {
		by = "approved by " + strings.Join(p.Approved, " and ")
	}
	if !p.Person {
		by = "starts from no person"
	}
	switch {
	case !p.Ran.IsZero():
		return fmt.Sprintf("%s, ran %s with %d results", by, p.Ran.Format("2006-01-02 15:04"), p.Results)
	case e.now().After(p.Until):
		return by + ", never ran"
	}
	return by + ", open until " + p.Until.Format("2006-01-02 15:04")
}
