package store

import (
	"context"
	"time"

	"github.com/ringfence/ringfence/wire"
)

// maxSessions is how many sessions an account has at most; then the one that
// ends first makes room.
const maxSessions = 16

// AddSession adds a session of an account's device. It returns ErrNotFound
// where the account is gone or blocked or has another device by now.
func (s *Store) AddSession(ctx context.Context, hash [32]byte, account, device wire.ID, expires time.Time) error {
	return s.writer.do(ctx, func(t *tx) error {
		if err := addSession(t, hash, account, device, expires); err != nil {
			return err
		}
		_, err := t.exec(`DELETE FROM sessions WHERE account = ?1 AND hash NOT IN
			(SELECT hash FROM sessions WHERE account = ?1 ORDER BY expires DESC, hash = ?2 DESC LIMIT ?3)`, account[:], hash[:], maxSessions)
		return err
	})
}

func addSession(t *tx, hash [32]byte, account, device wire.ID, expires time.Time) error {
	n, err := t.exec(`INSERT INTO sessions (hash, account, device, expires) SELECT ?, id, device, ? FROM accounts
		WHERE id = ? AND device = ? AND NOT EXISTS (SELECT 1 FROM blocks WHERE blocks.account = accounts.id AND lifted = 0)`,
		hash[:], ns(expires), account[:], device[:])
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// Session returns whose the session is, or ErrNotFound when it is over.
func (s *Store) Session(ctx context.Context, hash [32]byte) (account, device wire.ID, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT account, device FROM sessions WHERE hash = ? AND expires > ?", hash[:], ns(s.now())).
		Scan(fixed(account[:]), fixed(device[:]))
	return account, device, found(err)
}

// EndSession ends a session; one that is over may be ended again.
func (s *Store) EndSession(ctx context.Context, hash [32]byte) error {
	return s.writer.do(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM sessions WHERE hash = ?", hash[:])
		return err
	})
}

// EndSessions ends all sessions of an account.
func (s *Store) EndSessions(ctx context.Context, account wire.ID) error {
	return s.writer.do(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM sessions WHERE account = ?", account[:])
		return err
	})
}
