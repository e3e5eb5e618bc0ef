// Package heads keeps, for a witness, the last state of each log that it cosigned, in
// a SQLite file. A state is on disk before the signature over it is given away.
package heads

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// File is the open file. Its methods may be called at the same time.
type File struct{ db *sql.DB }

// Open opens the file, and makes it where it is missing.
func Open(path string) (*File, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	p := filepath.ToSlash(path)
	if !strings.HasPrefix(p, "/") { // a drive letter
		p = "/" + p
	}
	q := url.Values{"_pragma": {"busy_timeout(20000)", "journal_mode(WAL)", "synchronous(FULL)"}, "_txlock": {"immediate"}}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: p, RawQuery: q.Encode()}).String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	_, err = db.Exec(`CREATE TABLE IF NOT EXISTS heads (
		origin TEXT PRIMARY KEY,
		size INTEGER NOT NULL,
		root BLOB NOT NULL,
		note BLOB NOT NULL -- as the log signed it
	) STRICT`)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, errors.Join(err, db.Close()))
	}
	return &File{db}, nil
}

// Close closes the file.
func (f *File) Close() error { return f.db.Close() }

// Advance replaces the state of a log that was cosigned last, if next allows it, which
// is given that one; a log that was never cosigned is empty. Nobody comes between.
func (f *File) Advance(ctx context.Context, origin string, to tlog.Tree, note []byte, next func(was tlog.Tree) error) error {
	t, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer t.Rollback()
	was, err := last(t.QueryRowContext(ctx, "SELECT size, root FROM heads WHERE origin = ?", origin))
	if err == nil {
		err = next(was)
	}
	if err == nil {
		_, err = t.ExecContext(ctx, "INSERT INTO heads (origin, size, root, note) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (origin) DO UPDATE SET size = ?2, root = ?3, note = ?4", origin, to.N, to.Hash[:], note)
	}
	if err != nil {
		return err
	}
	return t.Commit()
}

// Last is the state of a log that was cosigned last.
func (f *File) Last(ctx context.Context, origin string) (tlog.Tree, error) {
	return last(f.db.QueryRowContext(ctx, "SELECT size, root FROM heads WHERE origin = ?", origin))
}

func last(row *sql.Row) (t tlog.Tree, err error) {
	var root []byte
	if err = row.Scan(&t.N, &root); errors.Is(err, sql.ErrNoRows) {
		return tlog.Tree{}, nil
	}
	if err == nil && len(root) != tlog.HashSize {
		err = errors.New("the state of the log that is kept has no root")
	}
	if err == nil {
		t.Hash = tlog.Hash(root)
	}
	return t, err
}
