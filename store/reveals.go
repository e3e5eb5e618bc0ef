package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

//go:embed reveals.sql
var reveals string

// Reveal is a line of the log of pseudonyms that were turned back into accounts.
// It does not say into which.
type Reveal struct {
	Number     int64     `json:"number"` // from 1, without a gap
	At         time.Time `json:"at"`
	Case       string    `json:"case"`
	Persons    [2]string `json:"persons"` // age recipients
	Pseudonyms []string  `json:"pseudonyms"`
	Found      int       `json:"found"`
}

// hash chains a line to the one before.
func (r Reveal) hash(before [32]byte) ([32]byte, error) {
	b, err := json.Marshal(r)
	return sha256.Sum256(append(before[:], b...)), err
}

// AddReveal adds a line; its number and time are set here.
func (s *Store) AddReveal(ctx context.Context, r Reveal) (Reveal, error) {
	err := s.writer.do(ctx, func(t *tx) error {
		var before [32]byte
		err := t.row("SELECT n, hash FROM reveals ORDER BY n DESC LIMIT 1").Scan(&r.Number, fixed(before[:]))
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		r.Number++
		r.At = s.now().UTC()
		sum, err := r.hash(before)
		if err != nil {
			return err
		}
		list, err := json.Marshal(r.Pseudonyms)
		if err != nil {
			return err
		}
		_, err = t.exec("INSERT INTO reveals (n, at, case_id, first, second, pseudonyms, found, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			r.Number, ns(r.At), r.Case, r.Persons[0], r.Persons[1], string(list), r.Found, sum[:])
		return err
	})
	return r, err
}

type hashedReveal struct {
	Reveal
	hash [32]byte
}

func readReveal(row scanner) (r hashedReveal, err error) {
	var list []byte
	if err := row.Scan(&r.Number, (*stamp)(&r.At), &r.Case, &r.Persons[0], &r.Persons[1], &list, &r.Found, fixed(r.hash[:])); err != nil {
		return r, err
	}
	return r, json.Unmarshal(list, &r.Pseudonyms)
}

func (s *Store) hashedReveals(ctx context.Context) ([]hashedReveal, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT n, at, case_id, first, second, pseudonyms, found, hash FROM reveals ORDER BY n")
	return rowsOf(rows, err, readReveal)
}

// Reveals returns the log, the oldest line first.
func (s *Store) Reveals(ctx context.Context) ([]Reveal, error) {
	all, err := s.hashedReveals(ctx)
	list := make([]Reveal, 0, len(all))
	for _, r := range all {
		list = append(list, r.Reveal)
	}
	return list, err
}

// checkReveals finds lines that were changed, or deleted from within. That the
// last ones were deleted shows only against an older copy.
func (s *Store) checkReveals(ctx context.Context) (wrong []string, err error) {
	all, err := s.hashedReveals(ctx)
	if err != nil {
		return nil, err
	}
	var before [32]byte
	for i, r := range all {
		sum, err := r.Reveal.hash(before)
		if err != nil {
			return wrong, err
		}
		if (r.Number != int64(i+1) || sum != r.hash) && len(wrong) < maxWrong {
			wrong = append(wrong, fmt.Sprintf("reveal %d: it, or one before it, is not as it was written", r.Number))
		}
		before = r.hash
	}
	return wrong, nil
}

// People returns all accounts but those of the test range.
func (s *Store) People(ctx context.Context) ([]Account, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT "+accountColumns+" FROM accounts WHERE run = ''")
	return rowsOf(rows, err, readAccount)
}
