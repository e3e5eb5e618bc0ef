package store

import (
	"context"
	"errors"
	"time"

	"github.com/ringfence/ringfence/wire"
)

// Invite lets one person register.
type Invite struct {
	Hash    [32]byte // SHA-256 of the code
	For     wire.ID  // the account whose device it replaces; zero: a new account
	By      wire.ID  // who invites; zero: the operator
	Expires time.Time
	Run     string // the test range's run that it was made for, or ""
}

const inviteQuery = "SELECT hash, for_account, by_account, expires, run FROM invites WHERE hash = ? AND expires > ?"

func inviteOf(r scanner) (i Invite, err error) {
	err = found(r.Scan(fixed(i.Hash[:]), fixed(i.For[:]), fixed(i.By[:]), (*stamp)(&i.Expires), &i.Run))
	if errors.Is(err, ErrNotFound) {
		err = ErrInvite
	}
	return i, err
}

// AddInvite adds an invite.
func (s *Store) AddInvite(ctx context.Context, i Invite) error {
	return s.writer.do(ctx, func(t *tx) error {
		_, err := t.exec("INSERT INTO invites (hash, for_account, by_account, expires, run) VALUES (?, ?, ?, ?, ?)",
			i.Hash[:], orNull(i.For), orNull(i.By), ns(i.Expires), i.Run)
		return err
	})
}

// InviteFor returns the invite of a hash, or ErrInvite.
func (s *Store) InviteFor(ctx context.Context, hash [32]byte) (Invite, error) {
	return inviteOf(s.read.QueryRowContext(ctx, inviteQuery, hash[:], ns(s.now())))
}
