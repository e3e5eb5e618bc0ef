package casefile

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
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
		return []Fields{{"action": "open case", "case": c.ID, "origin": c.Origin, "at": stamp(c.Opened)}, c.headFields(begun)}, syncFolder(r.dir)
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
	evidence, err := newCaseKey(filepath.Join(dir, evidenceName), append(slices.Clone(leads), by.Recipient))
	if err != nil {
		return t, err
	}
	if len(leads) == 0 {
		leads = []string{by.Recipient} // nobody else could open what is sealed
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

// holders are the recipients of whoever may open everything: leads, counsel, and
// the recovery key.
func (r *Room) holders(ctx context.Context) (all []string, err error) {
	persons, err := r.Persons(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range persons {
		if p.Until.IsZero() && (p.Role == Lead || p.Role == Counsel) {
			all = append(all, p.Recipient)
		}
	}
	recovery, err := r.log.Setting(ctx, "recovery")
	if recovery != "" {
		all = append(all, recovery)
	}
	return all, err
}

// SetRecovery has the keys of all cases that are begun from now on wrapped to a
// recovery key too, which is kept offline. It can be set once.
func (r *Room) SetRecovery(ctx context.Context, recipient string) error {
	if _, err := age.ParseHybridRecipient(recipient); err != nil {
		return fmt.Errorf("recovery key: %w", err)
	}
	kept, err := r.log.Set(ctx, "recovery", recipient)
	if err == nil && kept != recipient {
		err = errors.New("recovery key: there is one already")
	}
	return err
}

// HasRecovery tells whether there is a recovery key.
func (r *Room) HasRecovery(ctx context.Context) (bool, error) {
	s, err := r.log.Setting(ctx, "recovery")
	return s != "", err
}

// newCaseKey makes a key and keeps it encrypted to those who may use it.
func newCaseKey(path string, to []string) (*age.HybridRecipient, error) {
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return nil, err
	}
	return id.Recipient(), wrapKey(path, id, to)
}

func wrapKey(path string, id *age.HybridIdentity, to []string) error {
	slices.Sort(to)
	var recipients []age.Recipient
	for _, s := range slices.Compact(to) {
		one, err := age.ParseHybridRecipient(s)
		if err != nil {
			return err
		}
		recipients = append(recipients, one)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, recipients...)
	if err == nil {
		_, err = io.WriteString(w, id.String())
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return err
	}
	next := path + ".next"
	if err := errors.Join(ignore(os.Remove(next), fs.ErrNotExist), writeNew(next, b.Bytes(), 0o600)); err != nil {
		return err
	}
	if err := os.Rename(next, path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func ignore(err, one error) error {
	if errors.Is(err, one) {
		return nil
	}
	return err
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
	all, err := r.log.Find(ctx, ledger.Query{Action: "open case", Newest: true})
	if err != nil {
		return nil, err
	}
	list := []Summary{}
	for _, e := range all {
		one := Summary{ID: e.Text("case")}
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
	return c.room.append(ctx, func(x *ledger.Tx) ([]Fields, error) {
		last, err := x.Find(ledger.Query{Action: "head", Subject: c.Origin, Newest: true, Limit: 1})
		if err != nil {
			return nil, err
		}
		if len(last) > 0 {
			if n, ok := last[0].Number("size"); ok && n >= t.N {
				return nil, nil
			}
		}
		return []Fields{c.headFields(t)}, nil
	})
}

func (c *Case) headFields(t tlog.Tree) Fields {
	return Fields{"action": "head", "kind": "case", "subject": c.Origin, "size": t.N, "root": base64.StdEncoding.EncodeToString(t.Hash[:])}
}

// mayRead are the roles that read the evidence of every case; a partner must be
// admitted.
var mayRead = []Role{Analyst, Reviewer, Lead, Counsel}

// identity opens the case's key of the evidence.
func (c *Case) identity(h *Hand) (*age.HybridIdentity, error) {
	return openKeyFile(filepath.Join(c.dir, evidenceName), h)
}

// Seal encrypts to lead and counsel.
func (c *Case) Seal(b []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := age.Encrypt(&out, c.sealed)
	if err == nil {
		_, err = w.Write(b)
	}
	if err == nil {
		err = w.Close()
	}
	return out.Bytes(), err
}

// Unseal opens what Seal made, for a lead or counsel.
func (c *Case) Unseal(h *Hand) (func([]byte) ([]byte, error), error) {
	id, err := c.sealedIdentity(h)
	return func(b []byte) ([]byte, error) {
		r, err := age.Decrypt(bytes.NewReader(b), id)
		if err != nil {
			return nil, err
		}
		return io.ReadAll(io.LimitReader(r, maxSealed))
	}, err
}

// maxSealed is how long an identity may be, in bytes.
const maxSealed = 64 << 10

// Tagger names what must not be named: the same for the same, and to be computed
// only with the key of the case's evidence (HMAC, RFC 2104).
func (c *Case) Tagger(h *Hand) (func(what, id string) string, error) {
	key, err := c.identity(h)
	if err != nil {
		return nil, err
	}
	secret := sha256.Sum256([]byte("ringfence tags\n" + key.String()))
	return func(what, id string) string {
		m := hmac.New(sha256.New, secret[:])
		fmt.Fprintf(m, "%s\n%s", what, id)
		return hex.EncodeToString(m.Sum(nil)[:16])
	}, nil
}

func (c *Case) sealedIdentity(h *Hand) (*age.HybridIdentity, error) {
	return openKeyFile(filepath.Join(c.dir, sealedName), h)
}

func openKeyFile(path string, h *Hand) (*age.HybridIdentity, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := age.Decrypt(f, h.identity)
	if err != nil {
		return nil, fmt.Errorf("%s may not open this: a lead has to admit %s to the case: %w", h.Name, h.Name, err)
	}
	b, err := io.ReadAll(io.LimitReader(r, maxKeyFile))
	if err != nil {
		return nil, err
	}
	return age.ParseHybridIdentity(string(b))
}

// Admit gives a person the key of the case's evidence.
func (c *Case) Admit(ctx context.Context, h *Hand, name, reason string) error {
	p, err := c.room.person(ctx, h, Analyst, Lead, Counsel)
	if err != nil {
		return err
	}
	who, err := c.room.Person(ctx, name)
	if err != nil {
		return err
	}
	id, err := c.identity(h)
	if err != nil {
		return err
	}
	to, err := c.members(ctx)
	if err != nil {
		return err
	}
	if err := wrapKey(filepath.Join(c.dir, evidenceName), id, append(to, who.Recipient)); err != nil {
		return err
	}
	_, err = c.act(ctx, h, p, Fields{"action": "admit", "member": name, "reason": reason})
	return err
}

// members are the recipients to which the case's key is wrapped.
func (c *Case) members(ctx context.Context) ([]string, error) {
	to, err := c.room.holders(ctx)
	if err != nil {
		return nil, err
	}
	names := []string{c.By}
	admitted, err := c.log.Find(ctx, ledger.Query{Action: "admit"})
	if err != nil {
		return nil, err
	}
	for _, e := range admitted {
		names = append(names, e.Text("member"))
	}
	for _, name := range names {
		if p, err := c.room.Person(ctx, name); err == nil {
			to = append(to, p.Recipient)
		} else if !errors.Is(err, ErrStranger) { // withdrawn since
			return nil, err
		}
	}
	return to, nil
}
