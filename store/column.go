package store

import (
	"database/sql"
	"fmt"
	"time"

	"github.com/ringfence/ringfence/wire"
)

// ns is a time as it is stored. Times that nanoseconds cannot tell become the
// first and last that they can.
func ns(t time.Time) int64 {
	switch {
	case t.IsZero():
		return 0
	case t.Year() < 1679:
		return -1 << 63
	case t.Year() > 2261:
		return 1<<63 - 1
	}
	return t.UnixNano()
}

// stamp reads a time.
type stamp time.Time

// Scan implements sql.Scanner.
func (s *stamp) Scan(v any) error {
	n, ok := v.(int64)
	if !ok {
		return fmt.Errorf("a time is stored as %T, want an integer", v)
	}
	*s = stamp{}
	if n != 0 {
		*s = stamp(time.Unix(0, n).UTC())
	}
	return nil
}

// fixed reads a BLOB of exactly this length; NULL leaves zeros.
type fixed []byte

// Scan implements sql.Scanner.
func (f fixed) Scan(v any) error {
	b, ok := v.([]byte)
	switch {
	case v == nil:
		clear(f)
		return nil
	case !ok || len(b) != len(f):
		return fmt.Errorf("a field of %d bytes is stored as %T of %d", len(f), v, len(b))
	}
	copy(f, b)
	return nil
}

// orNull stores an absent identifier as NULL, for columns that refer.
func orNull(id wire.ID) any {
	if id.IsZero() {
		return nil
	}
	return id[:]
}

// scanner is a row.
type scanner interface{ Scan(...any) error }

// rowsOf reads all rows of an answer.
func rowsOf[T any](rows *sql.Rows, err error, read func(scanner) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := read(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// found names the row that is not there.
func found(err error) error {
	if err == sql.ErrNoRows {
		return ErrNotFound
	}
	return err
}
