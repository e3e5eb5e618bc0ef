package store

import (
	"cmp"
	"context"
	"errors"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

// Person returns what an analyst may know of an account, or ErrNotFound.
func (s *Store) Person(ctx context.Context, id wire.ID) (guard.Person, error) {
	return person(s.Account(ctx, id))
}

// Find returns the person of a name, or ErrNotFound.
func (s *Store) Find(ctx context.Context, name string) (guard.Person, error) {
	return person(s.AccountByName(ctx, name))
}

func person(a Account, err error) (guard.Person, error) {
	return guard.Person{Account: a.ID, Name: a.Name, Created: a.Created, InvitedBy: a.InvitedBy, Blocked: a.Blocked}, err
}

// Block shuts an account out and ends its sessions; its delivery tokens lead
// nowhere until the block is lifted. Blocking again changes nothing. It returns
// ErrNotFound where there is no such account.
func (s *Store) Block(ctx context.Context, account wire.ID, by, reason string) error {
	return s.writer.do(ctx, func(t *tx) error {
		a, err := readAccount(t.row("SELECT "+accountColumns+" FROM accounts WHERE id = ?", account[:]))
		if err != nil || a.Blocked {
			return err
		}
		return s.block(t, a, by, reason)
	})
}

func (s *Store) block(t *tx, a Account, by, reason string) error {
	if _, err := t.exec("INSERT INTO blocks (account, name, since, by, reason, lifted, lifted_by, lift_reason) VALUES (?, ?, ?, ?, ?, 0, '', '')",
		a.ID[:], a.Name, ns(s.now()), by, reason); err != nil {
		return err
	}
	t.after(func() { s.forgetTokens(a.ID) })
	_, err := t.exec("DELETE FROM sessions WHERE account = ?", a.ID[:])
	return err
}

// Lift ends the block in force, or returns ErrNotFound. The block of a ban in force
// is ended by lifting the ban: guard.ErrBanned.
func (s *Store) Lift(ctx context.Context, account wire.ID, by, reason string) error {
	return s.writer.do(ctx, func(t *tx) error {
		if banned, err := s.banned(t, account); err != nil || banned {
			return cmp.Or(err, guard.ErrBanned)
		}
		n, err := t.exec("UPDATE blocks SET lifted = ?, lifted_by = ?, lift_reason = ? WHERE account = ? AND lifted = 0", ns(s.now()), by, reason, account[:])
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		return s.learnTokens(t, account)
	})
}

func readBlock(r scanner) (b guard.Block, err error) {
	err = r.Scan(&b.Number, fixed(b.Account[:]), &b.Name, (*stamp)(&b.Since), &b.By, &b.Reason, (*stamp)(&b.Lifted), &b.LiftedBy, &b.LiftReason)
	return b, err
}

// Blocks returns a page of blocks.
func (s *Store) Blocks(ctx context.Context, f guard.BlockFilter, p guard.Page) ([]guard.Block, error) {
	var w where
	if !f.Account.IsZero() {
		w.and("account = ?", f.Account[:])
	}
	if f.InForce {
		w.and("lifted = 0")
	}
	tail, err := w.page(p)
	if err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, "SELECT n, account, name, since, by, reason, lifted, lifted_by, lift_reason FROM blocks"+tail, w.args...)
	return rowsOf(rows, err, readBlock)
}

// where is a condition in the making.
type where struct {
	text string
	args []any
}

func (w *where) and(condition string, args ...any) {
	if w.text == "" {
		w.text = " WHERE "
	} else {
		w.text += " AND "
	}
	w.text += condition
	w.args = append(w.args, args...)
}

// page adds the piece that is wanted.
func (w *where) page(p guard.Page) (string, error) {
	if p.Limit <= 0 {
		return "", errors.New("store: a page without entries was asked for; its limit must be positive")
	}
	order := " ORDER BY n DESC"
	switch {
	case p.After >= 0:
		w.and("n > ?", p.After)
		order = " ORDER BY n"
	case p.Before > 0:
		w.and("n < ?", p.Before)
	}
	w.args = append(w.args, p.Limit)
	return w.text + order + " LIMIT ?", nil
}
