// Package ledger keeps a ledger in a SQLite file: entries that are only ever
// added, the tree over them (RFC 6962), and what was signed of it. What an entry
// means is for package casefile.
package ledger

import (
	"context"
	"database/sql"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/ringfence/ringfence/verify"
)

// ErrNotFound says that there is no such entry.
var ErrNotFound = errors.New("there is no such entry")

//go:embed ledger.sql
var schema string

// File is an open ledger. Its methods may be called at the same time, and other
// processes may have the same file open.
type File struct {
	write, read *sql.DB
}

// Open opens the file and makes it where it is missing, for its owner's eyes only.
// Each commit is on disk before it is acknowledged.
func Open(path string) (*File, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	made, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := made.Close(); err != nil {
		return nil, err
	}
	f := &File{}
	if err := f.open(path); err != nil {
		return nil, fmt.Errorf("%s: %w", path, errors.Join(err, f.Close()))
	}
	return f, nil
}

func (f *File) open(path string) (err error) {
	if f.write, err = sql.Open("sqlite", address(path, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)")+"&_txlock=immediate"); err != nil {
		return err
	}
	f.write.SetMaxOpenConns(1)
	if f.read, err = sql.Open("sqlite", address(path, "query_only(1)")); err != nil {
		return err
	}
	f.read.SetMaxOpenConns(4)
	return f.transact(context.Background(), func(t *sql.Tx) error {
		var version int
		if err := t.QueryRow("PRAGMA user_version").Scan(&version); err != nil || version == 1 {
			return err
		}
		if version > 1 {
			return fmt.Errorf("it was written by a newer Ringfence (form %d); use that one", version)
		}
		_, err := t.Exec(schema + "; PRAGMA user_version = 1")
		return err
	})
}

func address(path string, pragmas ...string) string {
	p := filepath.ToSlash(path)
	if !strings.HasPrefix(p, "/") { // a drive letter
		p = "/" + p
	}
	q := url.Values{"_pragma": append([]string{"busy_timeout(20000)", "temp_store(MEMORY)", "trusted_schema(0)"}, pragmas...)}
	return (&url.URL{Scheme: "file", Path: p, RawQuery: q.Encode()}).String()
}

// Close closes the file.
func (f *File) Close() error {
	var errs []error
	for _, db := range []*sql.DB{f.read, f.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

func (f *File) transact(ctx context.Context, do func(*sql.Tx) error) error {
	t, err := f.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer t.Rollback()
	if err := do(t); err != nil {
		return err
	}
	return t.Commit()
}

// Draft is an entry to be added.
type Draft struct {
	Open map[string]verify.Opening

	// Sign makes the note of the entry; nil: it has none.
	Sign func(n int64, leaf tlog.Hash) (string, error)

	Events []Event // that were read from the exhibit of this entry
}

// Append adds entries, all or none. The last is on disk when it returns. next is
// given what the log is then, and nothing comes between.
func (f *File) Append(ctx context.Context, next func(*Tx) ([]Draft, error)) (added []verify.Entry, err error) {
	err = f.transact(ctx, func(t *sql.Tx) error {
		x := &Tx{Tx: t, ctx: ctx}
		drafts, err := next(x)
		if err != nil {
			return err
		}
		for _, d := range drafts {
			e, err := x.add(d)
			if err != nil {
				return err
			}
			added = append(added, e)
		}
		return nil
	})
	return added, err
}

// Tx is a log to which nobody else adds meanwhile.
type Tx struct {
	*sql.Tx
	ctx context.Context
}

// Size is how many entries the log has.
func (t *Tx) Size() (n int64, err error) {
	err = t.QueryRow("SELECT ifnull(max(n) + 1, 0) FROM entries").Scan(&n)
	return n, err
}

// Find returns entries as File.Find does.
func (t *Tx) Find(q Query) ([]verify.Entry, error) { return find(t.ctx, t.Tx, q) }

// Tree is the log's size and hash.
func (t *Tx) Tree() (tlog.Tree, error) { return tree(t.ctx, t.Tx) }

func (t *Tx) add(d Draft) (e verify.Entry, err error) {
	if e.N, err = t.Size(); err != nil {
		return e, err
	}
	e.Open = d.Open
	if e.Leaf, err = verify.NewLeaf(d.Open); err != nil {
		return e, err
	}
	if d.Sign != nil {
		if e.Note, err = d.Sign(e.N, e.Hash()); err != nil {
			return e, err
		}
	}
	var open strings.Builder
	enc := json.NewEncoder(&open)
	enc.SetEscapeHTML(false) // a value keeps its bytes
	if err := enc.Encode(d.Open); err != nil {
		return e, err
	}
	if _, err := t.Exec("INSERT INTO entries (n, leaf, open, note) VALUES (?, ?, ?, ?)", e.N, []byte(e.Leaf), open.String(), e.Note); err != nil {
		return e, err
	}
	stored, err := tlog.StoredHashesForRecordHash(e.N, e.Hash(), hashes{t.ctx, t.Tx})
	if err != nil {
		return e, err
	}
	for i, h := range stored {
		if _, err := t.Exec("INSERT INTO hashes (at, hash) VALUES (?, ?)", tlog.StoredHashIndex(0, e.N)+int64(i), h[:]); err != nil {
			return e, err
		}
	}
	return e, t.events(d.Events)
}

type querier interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

// hashes reads the hashes of the tree.
type hashes struct {
	ctx context.Context
	db  querier
}

// ReadHashes implements tlog.HashReader.
func (h hashes) ReadHashes(at []int64) ([]tlog.Hash, error) {
	all := make([]tlog.Hash, len(at))
	for i, n := range at {
		var b []byte
		if err := h.db.QueryRowContext(h.ctx, "SELECT hash FROM hashes WHERE at = ?", n).Scan(&b); err != nil {
			return nil, fmt.Errorf("hash %d of the ledger: %w", n, err)
		}
		if len(b) != tlog.HashSize {
			return nil, fmt.Errorf("hash %d of the ledger has %d bytes", n, len(b))
		}
		all[i] = tlog.Hash(b)
	}
	return all, nil
}

func tree(ctx context.Context, db querier) (t tlog.Tree, err error) {
	if err = db.QueryRowContext(ctx, "SELECT ifnull(max(n) + 1, 0) FROM entries").Scan(&t.N); err != nil {
		return t, err
	}
	t.Hash, err = tlog.TreeHash(t.N, hashes{ctx, db})
	return t, err
}

// Tree is the log's size and hash.
func (f *File) Tree(ctx context.Context) (t tlog.Tree, err error) {
	x, err := f.read.BeginTx(ctx, nil)
	if err != nil {
		return t, err
	}
	defer x.Rollback()
	return tree(ctx, x)
}

// Hashes reads the hashes of the tree.
func (f *File) Hashes(ctx context.Context) tlog.HashReader { return hashes{ctx, f.read} }

// EachHash calls do with every hash of the tree that is kept, in their order.
func (f *File) EachHash(ctx context.Context, do func(at int64, h tlog.Hash) error) error {
	rows, err := f.read.QueryContext(ctx, "SELECT at, hash FROM hashes ORDER BY at")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var at int64
		var b []byte
		if err := rows.Scan(&at, &b); err != nil {
			return err
		}
		if len(b) != tlog.HashSize {
			return fmt.Errorf("hash %d of the tree has %d bytes", at, len(b))
		}
		if err := do(at, tlog.Hash(b)); err != nil {
			return err
		}
	}
	return rows.Err()
}
