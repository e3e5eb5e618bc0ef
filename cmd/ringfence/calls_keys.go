package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/ringfence/ringfence/hunt/approval"
	"github.com/ringfence/ringfence/hunt/archive"
	"github.com/ringfence/ringfence/store"
)

type callsSplitCommand struct {
	dataFolder
	reporting
	To []string `required:"" sep:"none" placeholder:"AGE1..." help:"A person's public key, as age-keygen prints it. Give two or more."`
}

// Run splits the key. Who had a share before has none of the new ones, unless
// named again.
func (c *callsSplitCommand) Run(e *env) error {
	key, err := archive.OpenKey(c.dir())
	if err != nil {
		return &failure{code: "key", what: "calls split-key", why: err}
	}
	shares, err := key.Split(c.To)
	if err != nil {
		return &failure{code: "usage", what: "calls split-key", why: err, hint: "give two or more persons with --to", exit: exitUsage}
	}
	if err := shares.Write(c.dir()); err != nil {
		return &failure{code: "key", what: "calls split-key", why: err}
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "key": shares.Key, "persons": shares.Persons})
	}
	fmt.Fprintf(e.stdout, "the key is split among %d persons, any two of whom can turn pseudonyms back\n", len(shares.Persons))
	return nil
}

type callsRevealCommand struct {
	dataFolder
	reporting
	Pseudonym []string `required:"" placeholder:"P" help:"What to turn back. May be given several times."`
	Case      string   `required:"" placeholder:"K-2026-0001" help:"The case that it is for; it is logged."`
	As        string   `placeholder:"KEY" help:"Key file of the enrolled person who asks. It runs once another one has approved it, too; then give the same again."`
	ShareKey  []string `name:"share-key" sep:"none" placeholder:"FILE" help:"Instead, without the service's key: key files (age) of two persons among whom it was split."`
	Among     string   `placeholder:"FILE" help:"Look among these ids, one a line, instead of the service's accounts: for records of another system."`
}

var (
	caseForm      = regexp.MustCompile(`^K-\d{4}-\d{4,9}$`)
	pseudonymForm = regexp.MustCompile(`^[a-z2-7]{16}$`)
)

// maxReveal is how many pseudonyms are turned back at a time: a campaign has
// targets, and this is not for looking everybody up.
const maxReveal = 2000

func (c *callsRevealCommand) check() error {
	wrong := func(what, hint string) error {
		return &failure{code: "usage", what: "calls reveal: " + what, hint: hint, exit: exitUsage}
	}
	switch {
	case c.As == "" && len(c.ShareKey) != 2 || c.As != "" && len(c.ShareKey) > 0:
		return wrong("two persons must agree", "say with --as who asks, and have another approve; or give --share-key for each of two")
	case !caseForm.MatchString(c.Case):
		return wrong("--case "+c.Case, "give a case like K-2026-0001")
	case len(c.Pseudonym) > maxReveal:
		return wrong(fmt.Sprintf("%d pseudonyms", len(c.Pseudonym)), fmt.Sprintf("at most %d at a time", maxReveal))
	}
	for _, p := range c.Pseudonym {
		if !pseudonymForm.MatchString(p) {
			return wrong("--pseudonym "+p, "a pseudonym has 16 characters of a-z and 2-7")
		}
	}
	slices.Sort(c.Pseudonym)
	c.Pseudonym = slices.Compact(c.Pseudonym)
	return nil
}

// revealed is an account behind a pseudonym.
type revealed struct {
	Pseudonym string `json:"pseudonym"`
	Account   string `json:"account"` // or the id in the other system
	Name      string `json:"name"`
}

// revelation is what became of a reveal.
type revelation struct {
	Version  int        `json:"version"`
	Case     string     `json:"case"`
	Query    string     `json:"query"`  // that was approved; "" with shares
	Logged   int64      `json:"logged"` // with shares: the line of the log
	Found    []revealed `json:"found"`
	NotFound int        `json:"not_found"`
}

// Run turns pseudonyms back. It is in the log before anything is shown.
func (c *callsRevealCommand) Run(e *env) error {
	if err := c.check(); err != nil {
		return err
	}
	st, err := store.Open(c.dir(), e.now)
	if err != nil {
		return &failure{code: "store", what: "calls reveal: the log in " + c.dir(), why: err, hint: serveHint(err)}
	}
	defer st.Close()
	r := revelation{Version: 1, Case: c.Case, Found: []revealed{}}
	if c.As != "" {
		err = c.approved(e, st, &r)
	} else {
		err = c.joined(e, st, &r)
	}
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(r)
	}
	for _, one := range r.Found {
		fmt.Fprintf(e.stdout, "%s  %s  %s\n", one.Pseudonym, one.Account, one.Name)
	}
	fmt.Fprintf(e.stdout, "%d of %d found; it is in the log\n", len(r.Found), len(c.Pseudonym))
	return nil
}

// approved turns pseudonyms back with the service's key, when two persons have
// signed that: who asks, and another.
func (c *callsRevealCommand) approved(e *env, st *store.Store, r *revelation) error {
	wrong := func(err error) error { return approvalFailure("calls reveal as "+c.As, err) }
	person, err := readSigner(c.As)
	if err != nil {
		return err
	}
	text, err := c.text()
	if err != nil {
		return wrong(err)
	}
	book := approval.Open(st, e.now)
	p, err := book.Ask(e.ctx, approval.Query{Case: c.Case, Text: text, Person: true}, person)
	if err != nil {
		return wrong(err)
	}
	if !slices.Contains(p.Approved, p.By) { // who asks for it agrees to it
		signed, err := approval.Sign(p, person)
		if err != nil {
			return wrong(err)
		}
		if p, err = book.Approve(e.ctx, p.ID, signed); err != nil {
			return wrong(err)
		}
	}
	if err := book.Ready(e.ctx, p.ID); err != nil {
		return approvalFailure("calls reveal: query "+p.ID, err)
	}
	key, err := archive.ReadKey(c.dir())
	if err != nil {
		return &failure{code: "key", what: "calls reveal", why: err}
	}
	if err := c.look(e, st, key, r); err != nil {
		return err
	}
	if err := book.Ran(e.ctx, p.ID, int64(len(r.Found)), person); err != nil {
		return wrong(err)
	}
	r.Query = p.ID
	return nil
}

// text says all that decides what is revealed.
func (c *callsRevealCommand) text() (string, error) {
	text := "reveal " + strings.Join(c.Pseudonym, "\nreveal ") + "\n"
	if c.Among != "" {
		sum, err := digestOf(c.Among)
		if err != nil {
			return "", err
		}
		text += fmt.Sprintf("among the lines of a file with SHA-256 %x\n", sum)
	}
	return text, nil
}

// joined turns pseudonyms back with a key that is put together from the shares of
// two persons.
func (c *callsRevealCommand) joined(e *env, st *store.Store, r *revelation) error {
	key, persons, err := c.join()
	if err != nil {
		return err
	}
	if err := c.look(e, st, key, r); err != nil {
		return err
	}
	line, err := st.AddReveal(e.ctx, store.Reveal{Case: c.Case, Persons: persons, Pseudonyms: c.Pseudonym, Found: len(r.Found)})
	if err != nil {
		return &failure{code: "store", what: "calls reveal: the log in " + c.dir(), why: err, hint: "nothing is shown that is not in the log"}
	}
	r.Logged = line.Number
	return nil
}

// join puts the key together from the shares of both persons.
func (c *callsRevealCommand) join() (*archive.Key, [2]string, error) {
	shares, err := archive.ReadShares(c.dir())
	if err != nil {
		return nil, [2]string{}, &failure{code: "no_shares", what: "calls reveal", why: err}
	}
	var both [2][]age.Identity
	for i, path := range c.ShareKey {
		f, err := os.Open(path)
		if err != nil {
			return nil, [2]string{}, &failure{code: "identity", what: "calls reveal: --share-key " + path, why: err, hint: "name the file that age-keygen wrote"}
		}
		both[i], err = age.ParseIdentities(f)
		f.Close()
		if err != nil {
			return nil, [2]string{}, &failure{code: "identity", what: "calls reveal: --share-key " + path, why: errors.New("it is no key of age"), hint: "name the file that age-keygen wrote"}
		}
	}
	key, persons, err := shares.Join(both[0], both[1])
	if err != nil {
		return nil, persons, &failure{code: "two_persons", what: "calls reveal", why: err}
	}
	return key, persons, nil
}

// look tries all accounts of the service, or all ids of a file.
func (c *callsRevealCommand) look(e *env, st *store.Store, key *archive.Key, r *revelation) error {
	names := map[string]string{}
	var ids func(func(string) bool)
	if c.Among != "" {
		b, err := readAmong(c.Among)
		if err != nil {
			return &failure{code: "reveal", what: "calls reveal", why: err}
		}
		ids = func(yield func(string) bool) {
			for line := range strings.Lines(string(b)) {
				if !yield(strings.TrimRight(line, "\r\n")) {
					return
				}
			}
		}
	} else {
		people, err := st.People(e.ctx)
		if err != nil {
			return &failure{code: "reveal", what: "calls reveal", why: err}
		}
		ids = func(yield func(string) bool) {
			for _, a := range people {
				names[a.ID.String()] = a.Name
				if !yield(a.ID.String()) {
					return
				}
			}
		}
	}
	found := key.Reveal(c.Pseudonym, ids)
	for _, p := range c.Pseudonym {
		if id, ok := found[p]; ok {
			r.Found = append(r.Found, revealed{p, id, names[id]})
		}
	}
	r.NotFound = len(c.Pseudonym) - len(r.Found)
	return nil
}

// maxAmong bounds a file of ids, in bytes.
const maxAmong = 1 << 30

func readAmong(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxAmong+1))
	if err == nil && len(b) > maxAmong {
		err = fmt.Errorf("%s has more than %d bytes; give a part of it at a time", path, maxAmong)
	}
	return b, err
}

type callsRevealsCommand struct {
	dataFolder
	reporting
}

// Run lists the log.
func (c *callsRevealsCommand) Run(e *env) error {
	st, err := store.Open(c.dir(), e.now)
	if err != nil {
		return &failure{code: "store", what: "calls reveals", why: err, hint: "give the data folder with --data"}
	}
	defer st.Close()
	all, err := st.Reveals(e.ctx)
	if err != nil {
		return &failure{code: "store", what: "calls reveals", why: err}
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "reveals": all})
	}
	for _, r := range all {
		fmt.Fprintf(e.stdout, "%d  %s  %s  %d of %d found  by %s and %s\n", r.Number, r.At.Format(time.RFC3339), r.Case, r.Found, len(r.Pseudonyms), r.Persons[0], r.Persons[1])
	}
	return nil
}

type callsDestroyCommand struct {
	dataFolder
	Yes bool `required:"" help:"It cannot be undone."`
}

// Run destroys the key. A service that runs makes a new one for what it archives
// from then on.
func (c *callsDestroyCommand) Run(e *env) error {
	if err := archive.DestroyKey(c.dir()); err != nil {
		return &failure{code: "key", what: "calls destroy-key in " + c.dir(), why: err}
	}
	fmt.Fprintln(e.stdout, "the key is destroyed: nothing that was archived can be turned back with this data folder. Copies of it, and backups, must be destroyed as well.")
	return nil
}
