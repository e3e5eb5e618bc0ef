package store

import (
	"context"
	"time"

	"github.com/ringfence/ringfence/wire"
)

// Contact is somebody whom a person has accepted, or who knocked.
type Contact struct {
	Account  wire.ID
	Name     string
	Accepted bool // false: they knocked at us
	Since    time.Time
	Reported bool // this person reported the knock
}

// Knock asks to become a contact; the knock has the id of its record. It is fresh unless the two are contacts or
// from has knocked before; a knock both ways accepts nothing. It returns
// ErrNotFound where one of them does not exist.
func (s *Store) Knock(ctx context.Context, from, to, knock wire.ID) (fresh bool, err error) {
	if from == to {
		return false, nil
	}
	err = s.writer.do(ctx, func(t *tx) error {
		var there int
		if err := t.row("SELECT count(*) FROM accounts WHERE id IN (?, ?)", from[:], to[:]).Scan(&there); err != nil {
			return err
		}
		if there != 2 {
			return ErrNotFound
		}
		n, err := t.exec("INSERT INTO contacts (owner, other, accepted, since, knock) VALUES (?, ?, 0, ?, ?) ON CONFLICT DO NOTHING", to[:], from[:], ns(s.now()), knock[:])
		fresh = n == 1
		return err
	})
	return fresh && err == nil, err
}

// Related tells whether a and b are contacts, and whether b knocked at a.
func (s *Store) Related(ctx context.Context, a, b wire.ID) (accepted, bKnockedAtA bool, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT
		EXISTS (SELECT 1 FROM contacts WHERE owner = ?1 AND other = ?2 AND accepted),
		EXISTS (SELECT 1 FROM contacts WHERE owner = ?1 AND other = ?2 AND NOT accepted)`, a[:], b[:]).Scan(&accepted, &bKnockedAtA)
	return accepted, bKnockedAtA, err
}

// AcceptKnock makes contacts of two, one of whom knocked at me; ErrNotFound
// where there is no such knock.
func (s *Store) AcceptKnock(ctx context.Context, me, other wire.ID) error {
	return s.writer.do(ctx, func(t *tx) error {
		now := ns(s.now())
		n, err := t.exec("UPDATE contacts SET accepted = 1, since = ? WHERE owner = ? AND other = ? AND NOT accepted", now, me[:], other[:])
		if err != nil {
			return err
		}
		if n == 0 {
			return ErrNotFound
		}
		_, err = t.exec("INSERT OR REPLACE INTO contacts (owner, other, accepted, since) VALUES (?, ?, 1, ?)", other[:], me[:], now)
		return err
	})
}

// RemoveContact ends the relationship both ways, knocks too. Where there is
// none it does nothing.
func (s *Store) RemoveContact(ctx context.Context, me, other wire.ID) (wasAccepted bool, err error) {
	err = s.writer.do(ctx, func(t *tx) error {
		if err := t.row("SELECT EXISTS (SELECT 1 FROM contacts WHERE owner = ? AND other = ? AND accepted)", me[:], other[:]).Scan(&wasAccepted); err != nil {
			return err
		}
		_, err := t.exec("DELETE FROM contacts WHERE owner = ?1 AND other = ?2 OR owner = ?2 AND other = ?1", me[:], other[:])
		return err
	})
	return wasAccepted && err == nil, err
}

// Contacts returns a person's contacts and those who knocked, by name.
func (s *Store) Contacts(ctx context.Context, me wire.ID) ([]Contact, error) {
	rows, err := s.read.QueryContext(ctx, `SELECT c.other, a.name, c.accepted, c.since,
		NOT c.accepted AND EXISTS (SELECT 1 FROM reports r WHERE r.reporter = c.owner AND r.attempt = c.knock) FROM contacts c JOIN accounts a ON a.id = c.other
		WHERE c.owner = ? ORDER BY a.name`, me[:])
	return rowsOf(rows, err, func(r scanner) (c Contact, err error) {
		err = r.Scan(fixed(c.Account[:]), &c.Name, &c.Accepted, (*stamp)(&c.Since), &c.Reported)
		return c, err
	})
}
