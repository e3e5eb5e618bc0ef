package casefile

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"filippo.io/age"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/ringfence/ringfence/store/ledger"
	"github.com/ringfence/ringfence/verify"
)

// Case is an open case. Its methods may be called at the same time, also from
// several processes.
type Case struct {
	ID     string
	Origin string // of its ledger
	Title  string
	Opened time.Time
	By     string

	room      *Room
	dir       string
	log       *ledger.File
	recipient *age.HybridRecipient // of evidence
	sealed    *age.HybridRecipient // of what is sealed
}

var caseForm = regexp.MustCompile(`^K-(\d{4})-(\d{4,9})$`)

const (
	maxTitle     = 200
	ledgerName   = "case.db"
	evidenceName = "evidence.age" // the key of the evidence, to those who may read it
	sealedName   = "sealed.age"   // the key of what is sealed, to lead and counsel
)

// oneLine refuses what is no line of text that can be shown.
func oneLine(what, s string, most int) error {
	if s == "" || len(s) > most || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return fmt.Errorf("%s is not one line of 1 to %d bytes that can be shown", what, most)
	}
	return nil
}

// New begins a case. Its keys go to the person who begins it, to every lead and
// counsel, and to the recovery key if there is one.
func (r *Room) New(ctx context.Context, title string, h *Hand) (*Case, error) {
	if err := oneLine("the title", title, maxTitle); err != nil {
		return nil, err
	}
	p, err := r.person(ctx, h, Analyst, Lead, Counsel)
	if err != nil {
		return nil, err
	}
	var name [12]byte
	rand.Read(name[:]) // never fails
	c := &Case{Origin: r.origin + "/case/" + hex.EncodeToString(name[:]), Title: title, Opened: r.now().UTC(), By: h.Name, room: r}
	making := filepath.Join(r.dir, ".new-"+hex.EncodeToString(name[:]))
	defer os.RemoveAll(making)
	begun, err := r.make(ctx, c, making, h, p)
	if err != nil {
		return nil, fmt.Errorf("new case: %w", err)
	}
	err = r.append(ctx, func(t *ledger.Tx) ([]Fields, error) {
		if c.ID, err = r.nextID(t); err != nil {
			return nil, err
		}
		c.dir = filepath.Join(r.dir, c.ID)
		if err := os.Rename(making, c.dir); err != nil {
			return nil, err
		}
		return []Fields{{"action": "open case", "case": c.ID, "origin": c.Origin, "at": instant(c.Opened)}, c.headFields(begun)}, syncFolder(r.dir)
	})
	if err != nil {
		return nil, fmt.Errorf("new case: %w", err)
	}
	return r.Case(ctx, c.ID)
}

// make makes the folder of a case: its keys, and its ledger with the first entry.
func (r *Room) make(ctx context.Context, c *Case, dir string, h *Hand, by Person) (t tlog.Tree, err error) {
	if err := os.MkdirAll(filepath.Join(dir, "blobs"), 0o700); err != nil {
		return t, err
	}
	leads, err := r.holders(ctx)
	if err != nil {
		return t, err
	}
	evidence, err := newCaseKey(filepath.Join(dir, evidenceName), append(slices.Clone(leads), by.recipients()...))
	if err != nil {
		return t, err
	}
	if len(leads) == 0 {
		leads = by.recipients() // nobody else could open what is sealed
	}
	sealed, err := newCaseKey(filepath.Join(dir, sealedName), leads)
	if err != nil {
		return t, err
	}
	d, err := c.draft(h, by, Fields{"action": "open case", "title": c.Title, "recipient": evidence.String(), "sealed_recipient": sealed.String()})
	if err != nil {
		return t, err
	}
	log, err := ledger.Open(filepath.Join(dir, ledgerName))
	if err != nil {
		return t, err
	}
	if _, err = log.Append(ctx, func(*ledger.Tx) ([]ledger.Draft, error) { return []ledger.Draft{d}, nil }); err == nil {
		t, err = log.Tree(ctx)
	}
	return t, errors.Join(err, log.Close())
}

// nextID is the next free number of the year.
func (r *Room) nextID(t *ledger.Tx) (string, error) {
	year, last := r.now().UTC().Year(), 0
	take := func(id string) {
		if m := caseForm.FindStringSubmatch(id); m != nil && m[1] == fmt.Sprintf("%04d", year) {
			n, _ := strconv.Atoi(m[2])
			last = max(last, n)
		}
	}
	all, err := t.Find(ledger.Query{Action: "open case"})
	if err != nil {
		return "", err
	}
	for _, e := range all {
		take(e.Text("case"))
	}
	folders, err := os.ReadDir(r.dir)
	for _, f := range folders {
		take(f.Name())
	}
	return fmt.Sprintf("K-%04d-%04d", year, last+1), err
}

// Case opens a case.
func (r *Room) Case(ctx context.Context, id string) (*Case, error) {
	if !caseForm.MatchString(id) {
		return nil, fmt.Errorf("%.40q: %w", id, ErrNoCase)
	}
	all, err := r.log.Find(ctx, ledger.Query{Action: "open case"})
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(all, func(e verify.Entry) bool { return e.Text("case") == id })
	if i < 0 {
		return nil, fmt.Errorf("%s: %w", id, ErrNoCase)
	}
	c := &Case{ID: id, Origin: all[i].Text("origin"), room: r, dir: filepath.Join(r.dir, id)}
	if _, err := os.Stat(filepath.Join(c.dir, ledgerName)); err != nil {
		return nil, fmt.Errorf("%s stands in the service's log, and its ledger is gone: %w", id, err)
	}
	if c.log, err = ledger.Open(filepath.Join(c.dir, ledgerName)); err != nil {
		return nil, err
	}
	if err := c.begin(ctx); err != nil {
		return nil, fmt.Errorf("%s: %w", id, errors.Join(err, c.Close()))
	}
	return c, nil
}

// begin reads how the case was begun, and has the service's log catch up with a
// ledger to which something was added just before a crash.
func (c *Case) begin(ctx context.Context) error {
	first, err := c.log.Entry(ctx, 0)
	if err != nil {
		return err
	}
	c.Title, c.By = first.Text("title"), first.Text("actor")
	if c.Opened, err = time.Parse(time.RFC3339Nano, first.Text("at")); err != nil {
		return err
	}
	if c.recipient, err = age.ParseHybridRecipient(first.Text("recipient")); err != nil {
		return err
	}
	if c.sealed, err = age.ParseHybridRecipient(first.Text("sealed_recipient")); err != nil {
		return err
	}
	return c.head(ctx)
}

// Close closes the case.
func (c *Case) Close() error { return c.log.Close() }

// IDs lists the cases, the newest first.
func (r *Room) IDs(ctx context.Context) (ids []string, err error) {
	all, err := r.log.Find(ctx, ledger.Query{Action: "open case", Newest: true})
	for _, e := range all {
		ids = append(ids, e.Text("case"))
	}
	return ids, err
}

// Summary is a case in a list.
type Summary struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`
	Opened   time.Time `json:"opened"`
	By       string    `json:"by"`
	Entries  int64     `json:"entries"`
	Exhibits int       `json:"exhibits"`
	Broken   string    `json:"broken,omitempty"` // why it cannot be opened
}

// Cases lists the cases, the newest first.
func (r *Room) Cases(ctx context.Context) ([]Summary, error) {
	ids, err := r.IDs(ctx)
	if err != nil {
		return nil, err
	}
	list := []Summary{}
	for _, id := range ids {
		one := Summary{ID: id}
		c, err := r.Case(ctx, one.ID)
		if err == nil {
			one, err = c.Summary(ctx)
			err = errors.Join(err, c.Close())
		}
		if err != nil {
			one.Broken = err.Error()
		}
		list = append(list, one)
	}
	return list, nil
}

// Summary is the case in a few figures.
func (c *Case) Summary(ctx context.Context) (Summary, error) {
	s := Summary{ID: c.ID, Title: c.Title, Opened: c.Opened, By: c.By}
	t, err := c.log.Tree(ctx)
	if err != nil {
		return s, err
	}
	s.Entries = t.N
	for _, action := range []string{"acquire", "derive"} {
		n, err := c.log.Count(ctx, ledger.Query{Action: action})
		if err != nil {
			return s, err
		}
		s.Exhibits += n
	}
	return s, nil
}

// act adds entries to the ledger, signed by who acts, and then its new state to
// the log of the service.
func (c *Case) act(ctx context.Context, h *Hand, p Person, all ...Fields) ([]verify.Entry, error) {
	return c.actWith(ctx, func(*ledger.Tx) ([]ledger.Draft, error) {
		var drafts []ledger.Draft
		for _, f := range all {
			d, err := c.draft(h, p, f)
			if err != nil {
				return nil, err
			}
			drafts = append(drafts, d)
		}
		return drafts, nil
	})
}

func (c *Case) actWith(ctx context.Context, next func(*ledger.Tx) ([]ledger.Draft, error)) ([]verify.Entry, error) {
	added, err := c.log.Append(ctx, next)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.ID, err)
	}
	return added, c.head(ctx)
}

// head puts the ledger's state into the service's log, if it is newer than the one
// there.
func (c *Case) head(ctx context.Context) error {
	t, err := c.log.Tree(ctx)
	if err != nil || t.N == 0 {
		return err
	}
	known := func(find func(ledger.Query) ([]verify.Entry, error)) (bool, error) {
		last, err := find(ledger.Query{Action: "head", Subject: c.Origin, Newest: true, Limit: 1})
		if err != nil || len(last) == 0 {
			return false, err
		}
		n, ok := last[0].Number("size")
		return ok && n >= t.N, nil
	}
	// Most often it is there already, which needs no lock to be seen.
	if there, err := known(func(q ledger.Query) ([]verify.Entry, error) { return c.room.log.Find(ctx, q) }); err != nil || there {
		return err
	}
	return c.room.append(ctx, func(x *ledger.Tx) ([]Fields, error) {
		if there, err := known(x.Find); err != nil || there {
			return nil, err
		}
		return []Fields{c.headFields(t)}, nil
	})
}

func (c *Case) headFields(t tlog.Tree) Fields {
	return Fields{"action": "head", "kind": "case", "subject": c.Origin, "size": t.N, "root": base64.StdEncoding.EncodeToString(t.Hash[:])}
}
