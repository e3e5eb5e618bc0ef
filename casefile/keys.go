package casefile

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"filippo.io/age"

	"github.com/ringfence/ringfence/store/ledger"
)

// holders are the recipients of whoever may open everything: leads, counsel, and
// the recovery key.
func (r *Room) holders(ctx context.Context) (all []string, err error) {
	persons, err := r.Persons(ctx)
	if err != nil {
		return nil, err
	}
	for _, p := range persons {
		if p.Until.IsZero() && (p.Role == Lead || p.Role == Counsel) {
			all = append(all, p.recipients()...)
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

// maxSealed is how long what is sealed may be, in bytes.
const maxSealed = 16 << 20

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
	if h.identity == nil {
		return nil, ErrNoIdentity
	}
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
	if err := wrapKey(filepath.Join(c.dir, evidenceName), id, append(to, who.recipients()...)); err != nil {
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
			to = append(to, p.recipients()...)
		} else if !errors.Is(err, ErrStranger) { // withdrawn since
			return nil, err
		}
	}
	return to, nil
}
