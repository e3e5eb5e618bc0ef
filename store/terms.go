package store

import (
	"context"
	"crypto/sha256"
	"time"

	"github.com/ringfence/ringfence/wire"
)

// Terms are terms of service as they were shown, whole.
type Terms struct {
	Version string
	Text    string
	Since   time.Time // shown the first time
}

// SHA256 is the hash of the text, by which an acceptance names it.
func (t Terms) SHA256() [32]byte { return sha256.Sum256([]byte(t.Text)) }

// Acceptance is that an account accepted terms. An account that existed before
// there were any has none.
type Acceptance struct {
	Version string    `json:"version"`
	SHA256  [32]byte  `json:"-"`
	At      time.Time `json:"at"`
}

// ShowTerms keeps terms that are shown from now on; those that were are left as
// they are.
func (s *Store) ShowTerms(ctx context.Context, t Terms) error {
	sum := t.SHA256()
	return s.writer.do(ctx, func(x *tx) error {
		_, err := x.exec("INSERT INTO terms_texts (sha256, version, text, since) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", sum[:], t.Version, t.Text, ns(s.now()))
		return err
	})
}

// TermsShown returns all terms that were shown, the oldest first.
func (s *Store) TermsShown(ctx context.Context) ([]Terms, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT version, text, since FROM terms_texts ORDER BY since, sha256")
	return rowsOf(rows, err, func(r scanner) (t Terms, err error) {
		return t, r.Scan(&t.Version, &t.Text, (*stamp)(&t.Since))
	})
}

// AcceptTerms keeps that an account accepted terms that are shown; ErrNotFound
// for others. Accepting again changes nothing.
func (s *Store) AcceptTerms(ctx context.Context, account wire.ID, sum [32]byte) error {
	return s.writer.do(ctx, func(t *tx) error { return s.acceptTerms(t, account, sum) })
}

func (s *Store) acceptTerms(t *tx, account wire.ID, sum [32]byte) error {
	var shown bool
	if err := t.row("SELECT EXISTS (SELECT 1 FROM terms_texts WHERE sha256 = ?)", sum[:]).Scan(&shown); err != nil {
		return err
	}
	if !shown {
		return ErrNotFound
	}
	_, err := t.exec("INSERT INTO terms_accepted (account, sha256, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING", account[:], sum[:], ns(s.now()))
	return err
}

// TermsOf returns what terms an account accepted and when, the oldest first. They
// stay when the account is deleted.
func (s *Store) TermsOf(ctx context.Context, account wire.ID) ([]Acceptance, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT t.version, t.sha256, a.at FROM terms_accepted a JOIN terms_texts t USING (sha256) WHERE a.account = ? ORDER BY a.n", account[:])
	return rowsOf(rows, err, func(r scanner) (a Acceptance, err error) {
		return a, r.Scan(&a.Version, fixed(a.SHA256[:]), (*stamp)(&a.At))
	})
}
