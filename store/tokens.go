package store

import (
	"context"
	"errors"

	"github.com/ringfence/ringfence/wire"
)

// recipient is whom a delivery token leads to.
type recipient struct{ account, device wire.ID }

// AddToken adds the hash of a delivery token: one for each accepted contact and
// some to spare, or ErrTooMany. One that is there already is left as it is, and
// is ErrTokenTaken where it is another's.
func (s *Store) AddToken(ctx context.Context, account wire.ID, hash [32]byte, spare int) error {
	return s.writer.do(ctx, func(t *tx) error {
		owner, err := readID(t.row("SELECT account FROM tokens WHERE hash = ?", hash[:]))
		switch {
		case err == nil && owner != account:
			return ErrTokenTaken
		case err == nil || !errors.Is(err, ErrNotFound):
			return err
		}
		var room bool
		err = t.row(`SELECT (SELECT count(*) FROM tokens WHERE account = ?1) < (SELECT count(*) FROM contacts WHERE owner = ?1 AND accepted) + ?2`,
			account[:], spare).Scan(&room)
		if err != nil {
			return err
		}
		if !room {
			return ErrTooMany
		}
		if _, err := t.exec("INSERT INTO tokens (hash, account) VALUES (?, ?)", hash[:], account[:]); err != nil {
			return err
		}
		return s.learnTokens(t, account)
	})
}

// RemoveToken revokes a delivery token of an account; one that is not there may
// be revoked.
func (s *Store) RemoveToken(ctx context.Context, account wire.ID, hash [32]byte) error {
	return s.writer.do(ctx, func(t *tx) error {
		n, err := t.exec("DELETE FROM tokens WHERE hash = ? AND account = ?", hash[:], account[:])
		if err == nil && n == 1 {
			t.after(func() {
				s.tokensMu.Lock()
				defer s.tokensMu.Unlock()
				delete(s.tokens, hash)
			})
		}
		return err
	})
}

// Recipient returns whom a delivery token of this hash leads to, from memory.
// One of a blocked account leads nowhere.
func (s *Store) Recipient(hash [32]byte) (account, device wire.ID, ok bool) {
	s.tokensMu.RLock()
	defer s.tokensMu.RUnlock()
	r, ok := s.tokens[hash]
	return r.account, r.device, ok
}

type token struct {
	hash [32]byte
	to   recipient
}

func readToken(r scanner) (k token, err error) {
	err = r.Scan(fixed(k.hash[:]), fixed(k.to.account[:]), fixed(k.to.device[:]))
	return k, err
}

const tokenQuery = `SELECT t.hash, a.id, a.device FROM tokens t JOIN accounts a ON a.id = t.account
	WHERE NOT EXISTS (SELECT 1 FROM blocks b WHERE b.account = a.id AND b.lifted = 0)`

func (s *Store) loadTokens(ctx context.Context) error {
	rows, err := s.read.QueryContext(ctx, tokenQuery)
	all, err := rowsOf(rows, err, readToken)
	s.remember(all)
	return err
}

// learnTokens takes an account's tokens into memory when the write is on disk.
func (s *Store) learnTokens(t *tx, account wire.ID) error {
	rows, err := t.Query(tokenQuery+" AND a.id = ?", account[:])
	all, err := rowsOf(rows, err, readToken)
	t.after(func() { s.remember(all) })
	return err
}

func (s *Store) remember(all []token) {
	s.tokensMu.Lock()
	defer s.tokensMu.Unlock()
	for _, k := range all {
		s.tokens[k.hash] = k.to
	}
}

// forgetTokens takes an account's tokens out of memory.
func (s *Store) forgetTokens(account wire.ID) { s.forgetTokensOf(map[wire.ID]bool{account: true}) }

func (s *Store) forgetTokensOf(accounts map[wire.ID]bool) {
	s.tokensMu.Lock()
	defer s.tokensMu.Unlock()
	for hash, to := range s.tokens {
		if accounts[to.account] {
			delete(s.tokens, hash)
		}
	}
}
