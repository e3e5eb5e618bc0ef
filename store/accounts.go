package store

import (
	"context"
	"errors"
	"time"

	"github.com/ringfence/ringfence/wire"
)

// Account is a person's account with its one device.
type Account struct {
	ID         wire.ID
	Name       string
	Device     wire.ID
	Ed25519    [32]byte
	Curve25519 [32]byte
	Signature  [64]byte // of the device over its keys; docs/protocol.md, Names and keys
	Created    time.Time
	InvitedBy  wire.ID // zero: by the operator, or the server is open
	Run        string  // the test range's run that made it, or ""
	Blocked    bool
}

const accountColumns = `id, name, device, ed25519, curve25519, signature, created, invited_by, run,
	EXISTS (SELECT 1 FROM blocks WHERE blocks.account = accounts.id AND lifted = 0)`

func readAccount(r scanner) (a Account, err error) {
	err = r.Scan(fixed(a.ID[:]), &a.Name, fixed(a.Device[:]), fixed(a.Ed25519[:]), fixed(a.Curve25519[:]), fixed(a.Signature[:]),
		(*stamp)(&a.Created), fixed(a.InvitedBy[:]), &a.Run, &a.Blocked)
	return a, found(err)
}

// Registration is what makes an account, or gives it another device.
type Registration struct {
	Invite     *[32]byte // hash of the invite; nil on a server that is open
	Name       string    // not used where the invite is for an account
	Account    wire.ID   // the new account's
	Device     wire.ID
	Ed25519    [32]byte
	Curve25519 [32]byte
	Signature  [64]byte
	Session    [32]byte // hash of the first session's token
	Expires    time.Time
	Terms      *[32]byte // hash of the terms that the person accepted; nil: none
}

// Register redeems an invite, once, and makes the account with a session. An
// invite for an account gives that account the new device instead, and ends
// the old one's sessions, keys and delivery tokens; replaced is the old device.
// The errors are ErrInvite and ErrNameTaken; after either the invite is as it
// was.
func (s *Store) Register(ctx context.Context, r Registration) (acc Account, replaced wire.ID, err error) {
	err = s.writer.do(ctx, func(t *tx) error {
		now := s.now()
		var i Invite
		if r.Invite != nil {
			if i, err = inviteOf(t.row(inviteQuery, r.Invite[:], ns(now))); err != nil {
				return err
			}
			if _, err := t.exec("DELETE FROM invites WHERE hash = ?", r.Invite[:]); err != nil {
				return err
			}
		}
		id := r.Account
		if i.For.IsZero() {
			err = s.addAccount(t, r, i, now)
		} else {
			id = i.For
			replaced, err = s.replaceDevice(t, id, r)
		}
		if err != nil {
			return err
		}
		if err := addSession(t, r.Session, id, r.Device, r.Expires); err != nil {
			return err
		}
		acc, err = readAccount(t.row("SELECT "+accountColumns+" FROM accounts WHERE id = ?", id[:]))
		return err
	})
	if err != nil {
		return Account{}, wire.ID{}, err
	}
	return acc, replaced, nil
}

func (s *Store) addAccount(t *tx, r Registration, i Invite, now time.Time) error {
	var taken bool
	if err := t.row("SELECT EXISTS (SELECT 1 FROM accounts WHERE name = ?)", r.Name).Scan(&taken); err != nil {
		return err
	}
	if taken {
		return ErrNameTaken
	}
	_, err := t.exec("INSERT INTO accounts (id, name, device, ed25519, curve25519, signature, created, invited_by, run) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
		r.Account[:], r.Name, r.Device[:], r.Ed25519[:], r.Curve25519[:], r.Signature[:], ns(now), i.By[:], i.Run)
	if err != nil || r.Terms == nil {
		return err
	}
	return s.acceptTerms(t, r.Account, *r.Terms)
}

// replaceDevice gives an account another device and forgets all that was the
// old one's.
func (s *Store) replaceDevice(t *tx, id wire.ID, r Registration) (old wire.ID, err error) {
	a, err := readAccount(t.row("SELECT "+accountColumns+" FROM accounts WHERE id = ?", id[:]))
	if errors.Is(err, ErrNotFound) || a.Blocked {
		return old, ErrInvite
	}
	if err != nil {
		return old, err
	}
	old = a.Device
	for _, q := range []string{
		"DELETE FROM one_time_keys WHERE device = ?", "DELETE FROM envelope_keys WHERE device = ?", "DELETE FROM fallback_keys WHERE device = ?",
	} {
		if _, err := t.exec(q, old[:]); err != nil {
			return old, err
		}
	}
	for _, q := range []string{"DELETE FROM sessions WHERE account = ?", "DELETE FROM tokens WHERE account = ?"} {
		if _, err := t.exec(q, id[:]); err != nil {
			return old, err
		}
	}
	t.after(func() { s.forgetTokens(id) })
	_, err = t.exec("UPDATE accounts SET device = ?, ed25519 = ?, curve25519 = ?, signature = ? WHERE id = ?",
		r.Device[:], r.Ed25519[:], r.Curve25519[:], r.Signature[:], id[:])
	return old, err
}

// Account returns an account, or ErrNotFound.
func (s *Store) Account(ctx context.Context, id wire.ID) (Account, error) {
	return readAccount(s.read.QueryRowContext(ctx, "SELECT "+accountColumns+" FROM accounts WHERE id = ?", id[:]))
}

// AccountByName returns the account of a name, or ErrNotFound.
func (s *Store) AccountByName(ctx context.Context, name string) (Account, error) {
	return readAccount(s.read.QueryRowContext(ctx, "SELECT "+accountColumns+" FROM accounts WHERE name = ?", name))
}

// AccountOfDevice returns the account whose device it is, or ErrNotFound.
func (s *Store) AccountOfDevice(ctx context.Context, device wire.ID) (Account, error) {
	return readAccount(s.read.QueryRowContext(ctx, "SELECT "+accountColumns+" FROM accounts WHERE device = ?", device[:]))
}

// CountAccounts returns how many accounts there are.
func (s *Store) CountAccounts(ctx context.Context) (n int, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT count(*) FROM accounts").Scan(&n)
	return n, err
}

// AccountsOfRun returns the accounts that a run of the test range made.
func (s *Store) AccountsOfRun(ctx context.Context, run string) ([]Account, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT "+accountColumns+" FROM accounts WHERE run = ? AND run <> ''", run)
	return rowsOf(rows, err, readAccount)
}

// Runs returns the runs of the test range that have accounts left.
func (s *Store) Runs(ctx context.Context) ([]string, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT DISTINCT run FROM accounts WHERE run <> ''")
	return rowsOf(rows, err, func(r scanner) (run string, err error) { return run, r.Scan(&run) })
}

// DeleteAccount deletes an account with all that is its own and returns who was
// an accepted contact, or ErrNotFound. Verdicts, call records, reports and blocks
// stay: they are evidence, and so does a block's name. Nothing else of its name and
// keys is left in the file or in the log.
func (s *Store) DeleteAccount(ctx context.Context, id wire.ID) (contacts []wire.ID, err error) {
	err = s.writer.do(ctx, func(t *tx) error {
		if contacts, err = contactsOf(t, id); err != nil {
			return err
		}
		return s.deleteAccount(t, id)
	})
	return contacts, err
}

func contactsOf(t *tx, id wire.ID) ([]wire.ID, error) {
	rows, err := t.Query("SELECT other FROM contacts WHERE owner = ? AND accepted", id[:])
	return rowsOf(rows, err, readID)
}

func readID(r scanner) (id wire.ID, err error) {
	err = r.Scan(fixed(id[:]))
	return id, found(err)
}

func (s *Store) deleteAccount(t *tx, id wire.ID) error {
	n, err := t.exec("DELETE FROM accounts WHERE id = ?", id[:]) // and all that refers to it
	if err != nil {
		return err
	}
	if n == 0 {
		return ErrNotFound
	}
	if _, err := t.exec("DELETE FROM notices WHERE account = ?", id[:]); err != nil {
		return err
	}
	t.after(func() { s.forgetTokens(id) })
	t.w.truncate = true
	return nil
}

// EndRun deletes the accounts of a run of the test range with its reports and
// unused invites, and returns the accounts.
func (s *Store) EndRun(ctx context.Context, run string) (ended []Account, err error) {
	if run == "" {
		return nil, nil
	}
	err = s.writer.do(ctx, func(t *tx) error {
		rows, err := t.Query("SELECT "+accountColumns+" FROM accounts WHERE run = ? AND run <> ''", run)
		if ended, err = rowsOf(rows, err, readAccount); err != nil {
			return err
		}
		for _, a := range ended {
			if err := s.deleteAccount(t, a.ID); err != nil {
				return err
			}
			if _, err := t.exec("DELETE FROM reports WHERE reporter = ?", a.ID[:]); err != nil {
				return err
			}
		}
		_, err = t.exec("DELETE FROM invites WHERE run = ?", run)
		return err
	})
	return ended, err
}
