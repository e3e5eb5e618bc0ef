package ledger

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Head is a state of the log that was signed.
type Head struct {
	Size       int64
	Checkpoint []byte
}

// PutHead keeps a signed state of the log, in the place of one of the same size:
// the same with more signatures.
func (f *File) PutHead(ctx context.Context, h Head) error {
	return f.transact(ctx, func(t *sql.Tx) error {
		_, err := t.Exec("INSERT INTO heads (size, checkpoint) VALUES (?, ?) ON CONFLICT (size) DO UPDATE SET checkpoint = excluded.checkpoint", h.Size, h.Checkpoint)
		return err
	})
}

// LastHead is the newest signed state; its size is 0 when there is none.
func (f *File) LastHead(ctx context.Context) (h Head, err error) {
	err = f.read.QueryRowContext(ctx, "SELECT size, checkpoint FROM heads ORDER BY size DESC LIMIT 1").Scan(&h.Size, &h.Checkpoint)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return h, err
}

// Heads returns all signed states, the oldest first.
func (f *File) Heads(ctx context.Context) (all []Head, err error) {
	rows, err := f.read.QueryContext(ctx, "SELECT size, checkpoint FROM heads ORDER BY size")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var h Head
		if err := rows.Scan(&h.Size, &h.Checkpoint); err != nil {
			return all, err
		}
		all = append(all, h)
	}
	return all, rows.Err()
}

// Stamp is a time stamp over the checkpoint of a size.
type Stamp struct {
	Size         int64
	Authority    string
	At           time.Time
	Token, Chain []byte
}

// PutStamp keeps a time stamp.
func (f *File) PutStamp(ctx context.Context, s Stamp) error {
	return f.transact(ctx, func(t *sql.Tx) error {
		_, err := t.Exec("INSERT INTO stamps (size, authority, at, token, chain) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", s.Size, s.Authority, s.At.Unix(), s.Token, s.Chain)
		return err
	})
}

// Stamps returns the time stamps over the state of a size.
func (f *File) Stamps(ctx context.Context, size int64) (all []Stamp, err error) {
	rows, err := f.read.QueryContext(ctx, "SELECT size, authority, at, token, chain FROM stamps WHERE size = ? ORDER BY authority", size)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var s Stamp
		var at int64
		if err := rows.Scan(&s.Size, &s.Authority, &at, &s.Token, &s.Chain); err != nil {
			return all, err
		}
		s.At = time.Unix(at, 0).UTC()
		all = append(all, s)
	}
	return all, rows.Err()
}

// Proved keeps when blobs were found to be as they were written.
func (f *File) Proved(ctx context.Context, blobs []string, at time.Time) error {
	return f.transact(ctx, func(t *sql.Tx) error {
		for _, b := range blobs {
			if _, err := t.Exec("INSERT INTO proved (blob, at) VALUES (?, ?) ON CONFLICT (blob) DO UPDATE SET at = excluded.at", b, at.Unix()); err != nil {
				return err
			}
		}
		return nil
	})
}

// ProvedAt is when each blob was last found to be as it was written.
func (f *File) ProvedAt(ctx context.Context) (map[string]time.Time, error) {
	rows, err := f.read.QueryContext(ctx, "SELECT blob, at FROM proved")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]time.Time{}
	for rows.Next() {
		var blob string
		var at int64
		if err := rows.Scan(&blob, &at); err != nil {
			return nil, err
		}
		all[blob] = time.Unix(at, 0).UTC()
	}
	return all, rows.Err()
}
