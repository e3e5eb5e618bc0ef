// Package casefile keeps investigations: exhibits as they were taken in, a ledger
// of everything done to them, what is known and how surely, and the case file
// that a stranger can verify.
//
// Each case is a folder: its ledger (a SQLite file) and its exhibits, encrypted
// and named after what they are. What happens in it is an entry of its ledger,
// signed by the person who acted with a key of their own; the states of all
// ledgers stand in the log of the service, which witnesses cosign. So a case
// cannot be thrown away and made anew without that being seen.
package casefile

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/ringfence/ringfence/store/ledger"
	"github.com/ringfence/ringfence/verify"
)

// What stands in the way of an act.
var (
	ErrNoCase   = errors.New("there is no such case; see ringfence case list")
	ErrStranger = errors.New("the person is not enrolled; the operator does that with ringfence case enroll")
	ErrNotYours = errors.New("the person's role does not allow it")
	ErrName     = errors.New("somebody of that name is enrolled; withdraw the old key first")
)

// Room is where the cases of a service, or of an investigator, are kept. Its
// methods may be called at the same time, also from several processes.
type Room struct {
	dir    string
	log    *ledger.File
	origin string
	key    ed25519.PrivateKey
	signer keySigner
	vkey   string
	now    func() time.Time
	tool   string
}

const keyName = "service.key"

// Open opens the room in a folder, and makes it where it is missing. tool is the
// program and its version, as the ledgers say it.
func Open(dir, tool string, now func() time.Time) (*Room, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	r := &Room{dir: dir, now: now, tool: tool}
	err := r.openKey()
	if err == nil {
		r.log, err = ledger.Open(filepath.Join(dir, "service.db"))
	}
	if err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	return r, nil
}

// openKey reads the key that signs for the service, or makes one.
func (r *Room) openKey() error {
	path := filepath.Join(r.dir, keyName)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		_, key, _ := ed25519.GenerateKey(nil)
		var name [8]byte
		rand.Read(name[:]) // never fails
		b = fmt.Appendf(nil, "ringfence-%s %s\n", hex.EncodeToString(name[:]), base64.StdEncoding.EncodeToString(key.Seed()))
		err = writeNew(path, b, 0o600)
		if errors.Is(err, fs.ErrExist) { // another process was quicker
			b, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return err
	}
	origin, seed, _ := strings.Cut(strings.TrimSpace(string(b)), " ")
	raw, err := base64.StdEncoding.DecodeString(seed)
	if err != nil || len(raw) != ed25519.SeedSize {
		return fmt.Errorf("%s is no key; restore it from a backup", path)
	}
	r.origin, r.key = origin, ed25519.NewKeyFromSeed(raw)
	r.signer, r.vkey, err = newKeySigner(origin, r.key)
	return err
}

// writeNew writes a file that must not exist, and has it on disk when it returns.
func writeNew(path string, b []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return syncFolder(filepath.Dir(path))
}

// Close closes the room; its cases are to be closed before.
func (r *Room) Close() error { return r.log.Close() }

// Key is the verifier key of the service: to be published, so that others can
// compare it with the one in a case file.
func (r *Room) Key() string { return r.vkey }

// Tool is the program and its version, as the ledgers say it.
func (r *Room) Tool() string { return r.tool }

// Origin is the name of the service's log.
func (r *Room) Origin() string { return r.origin }

var languageForm = regexp.MustCompile(`^[a-z]{2,3}$`)

// Enroll adds a person, from what NewKey returned as public, with the languages in
// which it is fluent.
func (r *Room) Enroll(ctx context.Context, public string, role Role, languages ...string) (Person, error) {
	vkey, recipient, name, err := readPublic(public)
	if err != nil {
		return Person{}, fmt.Errorf("enrolling: %w", err)
	}
	if !isRole(role) {
		return Person{}, fmt.Errorf("enrolling %s: %.40q is no role; there are %v", name, role, Roles)
	}
	for _, l := range languages {
		if !languageForm.MatchString(l) {
			return Person{}, fmt.Errorf("enrolling %s: %.20q is no tag of a language, like ar", name, l)
		}
	}
	p := Person{Name: name, Role: role, Key: vkey, Recipient: recipient, Languages: languages, Since: r.now().UTC()}
	err = r.append(ctx, func(t *ledger.Tx) ([]Fields, error) {
		all, err := persons(t.Find)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(o Person) bool { return o.Name == name && o.Until.IsZero() }) {
			return nil, fmt.Errorf("enrolling %s: %w", name, ErrName)
		}
		return []Fields{{"action": "enroll", "name": name, "role": string(role), "key": vkey, "recipient": recipient, "languages": languages, "at": instant(p.Since)}}, nil
	})
	return p, err
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// Withdraw ends what a person's keys are good for.
func (r *Room) Withdraw(ctx context.Context, name string) error {
	if _, err := r.Person(ctx, name); err != nil {
		return err
	}
	return r.append(ctx, func(*ledger.Tx) ([]Fields, error) {
		return []Fields{{"action": "withdraw", "name": name, "at": instant(r.now())}}, nil
	})
}

// Persons are all who are or were enrolled, in that order.
func (r *Room) Persons(ctx context.Context) ([]Person, error) {
	return persons(func(q ledger.Query) ([]verify.Entry, error) { return r.log.Find(ctx, q) })
}

func persons(find func(ledger.Query) ([]verify.Entry, error)) (all []Person, err error) {
	in, err := find(ledger.Query{Action: "enroll"})
	if err != nil {
		return nil, err
	}
	out, err := find(ledger.Query{Action: "withdraw"})
	if err != nil {
		return nil, err
	}
	for _, e := range append(in, out...) {
		at, err := time.Parse(time.RFC3339Nano, e.Text("at"))
		if err != nil {
			return nil, fmt.Errorf("entry %d of the service's log: %w", e.N, err)
		}
		if e.Text("action") == "enroll" {
			all = append(all, Person{Name: e.Text("name"), Role: Role(e.Text("role")), Key: e.Text("key"), Recipient: e.Text("recipient"), Languages: texts(e, "languages"), Since: at})
			continue
		}
		for i := range all {
			if all[i].Name == e.Text("name") && all[i].Until.IsZero() && !at.Before(all[i].Since) {
				all[i].Until = at
			}
		}
	}
	return all, passkeys(find, all)
}

// Person returns who is enrolled under a name, or ErrStranger.
func (r *Room) Person(ctx context.Context, name string) (Person, error) {
	all, err := r.Persons(ctx)
	if err != nil {
		return Person{}, err
	}
	for _, p := range all {
		if p.Name == name && p.Until.IsZero() {
			return p, nil
		}
	}
	return Person{}, fmt.Errorf("%s: %w", name, ErrStranger)
}

// person is who acts: enrolled, with this very key, and in one of the roles.
func (r *Room) person(ctx context.Context, h *Hand, roles ...Role) (Person, error) {
	p, err := r.Person(ctx, h.Name)
	switch {
	case err != nil:
		return p, err
	case !p.has(h.public, r.now()):
		return p, fmt.Errorf("%s: %w: another key is", h.Name, ErrStranger)
	case len(roles) > 0 && !slices.Contains(roles, p.Role):
		return p, fmt.Errorf("%s is %s: %w; one of %v may", h.Name, p.Role, ErrNotYours, roles)
	}
	return p, nil
}

// append adds entries to the service's log and signs the state that it has then.
func (r *Room) append(ctx context.Context, next func(*ledger.Tx) ([]Fields, error)) error {
	added, err := r.log.Append(ctx, func(t *ledger.Tx) ([]ledger.Draft, error) {
		all, err := next(t)
		if err != nil {
			return nil, err
		}
		var drafts []ledger.Draft
		for _, f := range all {
			open, err := f.open()
			if err != nil {
				return nil, err
			}
			drafts = append(drafts, ledger.Draft{Open: open})
		}
		return drafts, nil
	})
	if err != nil || len(added) == 0 {
		return err
	}
	return r.sign(ctx)
}

// sign signs the state of the service's log.
func (r *Room) sign(ctx context.Context) error {
	t, err := r.log.Tree(ctx)
	if err != nil {
		return err
	}
	if last, err := r.log.LastHead(ctx); err != nil || last.Size >= t.N {
		return err
	}
	signed, err := note.Sign(&note.Note{Text: verify.CheckpointText(r.origin, t)}, r.signer)
	if err != nil {
		return err
	}
	return r.log.PutHead(ctx, ledger.Head{Size: t.N, Checkpoint: signed})
}
