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

//go:embed queries.sql
var queries string

// ErrQueries says that the log of queries is not as it was written.
var ErrQueries = errors.New("the log of queries is not as it was written")

// QueryLine is a line of the log of queries with a sign (package approval).
type QueryLine struct {
	Number  int64     `json:"number"` // from 1, without a gap
	At      time.Time `json:"at"`
	What    string    `json:"what"`
	Query   string    `json:"query,omitempty"`
	Case    string    `json:"case,omitempty"`
	Person  string    `json:"person"`
	Note    string    `json:"note"`
	Results int64     `json:"results"`

	Hash [32]byte `json:"-"` // of this line and the one before
}

func (l QueryLine) chained(before [32]byte) ([32]byte, error) {
	b, err := json.Marshal(l)
	return sha256.Sum256(append(before[:], b...)), err
}

// AddQuery adds the line that next makes of those that are there; its number and
// time are set here. No other line comes between.
func (s *Store) AddQuery(ctx context.Context, next func(all []QueryLine, now time.Time) (QueryLine, error)) (line QueryLine, err error) {
	err = s.writer.do(ctx, func(t *tx) error {
		rows, err := t.Query(queryLines)
		all, err := wholeQueries(rows, err)
		if err == nil {
			err = lastQuery(t, len(all))
		}
		if err != nil {
			return err
		}
		now := s.now().UTC().Truncate(time.Second)
		if line, err = next(all, now); err != nil {
			return err
		}
		var before [32]byte
		line.Number, line.At = int64(len(all)+1), now
		if len(all) > 0 {
			before = all[len(all)-1].Hash
		}
		if line.Hash, err = line.chained(before); err != nil {
			return err
		}
		_, err = t.exec("INSERT INTO queries (n, at, what, query, case_id, person, note, results, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			line.Number, ns(line.At), line.What, line.Query, line.Case, line.Person, line.Note, line.Results, line.Hash[:])
		return err
	})
	return line, err
}

const queryLines = "SELECT n, at, what, query, case_id, person, note, results, hash FROM queries ORDER BY n"

func readQuery(row scanner) (l QueryLine, err error) {
	err = row.Scan(&l.Number, (*stamp)(&l.At), &l.What, &l.Query, &l.Case, &l.Person, &l.Note, &l.Results, fixed(l.Hash[:]))
	return l, err
}

// wholeQueries reads all lines, and ends with ErrQueries at one that is not as it
// was written.
func wholeQueries(rows *sql.Rows, err error) ([]QueryLine, error) {
	all, err := rowsOf(rows, err, readQuery)
	if err != nil {
		return nil, err
	}
	var before [32]byte
	for i, l := range all {
		sum, err := l.chained(before)
		if err != nil {
			return nil, err
		}
		if l.Number != int64(i+1) || sum != l.Hash {
			return all[:i], fmt.Errorf("%w: line %d was changed, or one before it is gone", ErrQueries, l.Number)
		}
		before = l.Hash
	}
	return all, nil
}

// lastQuery misses lines that were deleted at the end.
func lastQuery(t interface {
	QueryRow(string, ...any) *sql.Row
}, lines int) error {
	var last int
	err := t.QueryRow("SELECT ifnull(max(seq), 0) FROM sqlite_sequence WHERE name = 'queries'").Scan(&last)
	if err == nil && last != lines {
		err = fmt.Errorf("%w: it has %d lines, and %d were written", ErrQueries, lines, last)
	}
	return err
}

// Queries returns the log, the oldest line first. Of one that is not as it was
// written it returns the lines before the fault, and ErrQueries.
func (s *Store) Queries(ctx context.Context) ([]QueryLine, error) {
	// One transaction: another program may add a line between two reads.
	t, err := s.read.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer t.Rollback()
	rows, err := t.QueryContext(ctx, queryLines)
	all, err := wholeQueries(rows, err)
	if err == nil {
		err = lastQuery(t, len(all))
	}
	return all, err
}

func (s *Store) checkQueries(ctx context.Context) ([]string, error) {
	_, err := s.Queries(ctx)
	if errors.Is(err, ErrQueries) {
		return []string{err.Error()}, nil
	}
	return nil, err
}
