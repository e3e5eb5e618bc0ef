package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"time"

	"github.com/ringfence/ringfence/guard"
)

const (
	signInLife  = 10 * time.Minute
	analystLife = 12 * time.Hour
)

// newSecret makes 32 random bytes in base64url. Only the hash is stored.
func newSecret() (text string, hash [32]byte) {
	var b [32]byte
	rand.Read(b[:]) // never fails
	text = base64.RawURLEncoding.EncodeToString(b[:])
	return text, sha256.Sum256([]byte(text))
}

// NewSignIn makes the token of a sign-in link for an analyst, good once and for
// ten minutes.
func (s *Store) NewSignIn(ctx context.Context, name string) (token string, err error) {
	token, hash := newSecret()
	err = s.writer.do(ctx, func(t *tx) error {
		_, err := t.exec("INSERT INTO sign_ins (hash, name, expires, used) VALUES (?, ?, ?, 0)", hash[:], name, ns(s.now().Add(signInLife)))
		return err
	})
	if err != nil {
		return "", err
	}
	return token, nil
}

// Redeem turns the token of a sign-in link into a session of twelve hours, once.
// The errors are guard.ErrLinkUsed, guard.ErrLinkExpired and ErrNotFound.
func (s *Store) Redeem(ctx context.Context, token string) (session string, err error) {
	link := sha256.Sum256([]byte(token))
	session, hash := newSecret()
	err = s.writer.do(ctx, func(t *tx) error {
		var name string
		var expires time.Time
		var used bool
		if err := t.row("SELECT name, expires, used FROM sign_ins WHERE hash = ?", link[:]).Scan(&name, (*stamp)(&expires), &used); err != nil {
			return found(err)
		}
		now := s.now()
		switch {
		case used:
			return guard.ErrLinkUsed
		case !now.Before(expires):
			return guard.ErrLinkExpired
		}
		if _, err := t.exec("UPDATE sign_ins SET used = 1 WHERE hash = ?", link[:]); err != nil {
			return err
		}
		return s.enter(t, hash, name)
	})
	if err != nil {
		return "", err
	}
	return session, nil
}

func (s *Store) enter(t *tx, hash [32]byte, name string) error {
	now := s.now()
	_, err := t.exec("INSERT INTO analysts (hash, name, since, expires) VALUES (?, ?, ?, ?)", hash[:], name, ns(now), ns(now.Add(analystLife)))
	return err
}

// Enter makes a session of twelve hours for somebody whose passkey was checked.
func (s *Store) Enter(ctx context.Context, name string) (session string, err error) {
	session, hash := newSecret()
	if err = s.writer.do(ctx, func(t *tx) error { return s.enter(t, hash, name) }); err != nil {
		return "", err
	}
	return session, nil
}

// Analyst returns who holds the session, or ErrNotFound when it has ended.
func (s *Store) Analyst(ctx context.Context, session string) (a guard.Analyst, err error) {
	hash := sha256.Sum256([]byte(session))
	err = s.read.QueryRowContext(ctx, "SELECT name, since, expires FROM analysts WHERE hash = ? AND expires > ?", hash[:], ns(s.now())).
		Scan(&a.Name, (*stamp)(&a.Since), (*stamp)(&a.Expires))
	return a, found(err)
}

// End ends an analyst's session.
func (s *Store) End(ctx context.Context, session string) error {
	hash := sha256.Sum256([]byte(session))
	return s.writer.do(ctx, func(t *tx) error {
		_, err := t.exec("DELETE FROM analysts WHERE hash = ?", hash[:])
		return err
	})
}
