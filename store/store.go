// Package store keeps what the server must remember except the letters:
// accounts, keys, contacts, calls, the evidence of the guard and the console's
// doors. It is one SQLite file, ringfence.db, with a write-ahead log, synced at
// each commit (https://sqlite.org/wal.html).
//
// Reads run side by side. All writes of a process go through one goroutine,
// which puts those that wait into one transaction, so that many share one sync.
// Another process may write too; the file's lock keeps them apart.
package store

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/ringfence/ringfence/guard"
)

// What the store answers where it cannot do as asked.
var (
	ErrNotFound   = guard.ErrNotFound
	ErrInvite     = errors.New("the invite is unknown, used or expired")
	ErrNameTaken  = errors.New("the name is in use")
	ErrTooMany    = errors.New("there are too many")
	ErrTokenTaken = errors.New("the delivery token belongs to another account")
	ErrBusy       = errors.New("one of the two is in a call")
	ErrClosed     = errors.New("the store is closed")
)

const fileName = "ringfence.db"

// migrations lead from one version of the schema to the next; user_version says
// how many have been made.
var migrations = []string{schema, dry, campaigns, callerPrint, exports, reports, callerOrigin, reveals, queries, decisions, bans, security}

//go:embed schema.sql
var schema string

// Store is the open file. All methods may be called at the same time; errors
// that are not named in this package are those of SQLite.
type Store struct {
	now    func() time.Time
	writer *writer
	read   *sql.DB

	tokensMu sync.RWMutex
	tokens   map[[32]byte]recipient

	maxVerdicts int // lines of the ledger, for real ones and for the range's each
	untrimmed   int // lines since the ledger was last held to that; the writer's
}

// Open opens the store in a folder and makes both where they are missing, for
// the operator's eyes only.
func Open(folder string, now func() time.Time) (*Store, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	path, err := filepath.Abs(filepath.Join(folder, fileName))
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	if err := f.Close(); err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	s := &Store{now: now, maxVerdicts: maxVerdicts, tokens: map[[32]byte]recipient{}}
	if err := s.open(path); err != nil {
		return nil, fmt.Errorf("store %s: %w", path, errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Store) open(path string) error {
	write, err := sql.Open("sqlite", address(path, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "secure_delete(1)")+"&_txlock=immediate")
	if err != nil {
		return err
	}
	write.SetMaxOpenConns(1)
	s.writer = startWriter(write)
	if err := s.migrate(context.Background()); err != nil {
		return err
	}
	if s.read, err = sql.Open("sqlite", address(path, "query_only(1)")); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(4)
	s.read.SetMaxIdleConns(4)
	s.untrimmed = s.maxVerdicts
	return s.loadTokens(context.Background())
}

// address is the URI of the file, with what holds on each connection to it.
func address(path string, pragmas ...string) string {
	p := filepath.ToSlash(path)
	if !strings.HasPrefix(p, "/") { // a drive letter
		p = "/" + p
	}
	q := url.Values{"_pragma": append([]string{"busy_timeout(10000)", "temp_store(MEMORY)", "trusted_schema(0)"}, pragmas...)}
	return (&url.URL{Scheme: "file", Path: p, RawQuery: q.Encode()}).String()
}

func (s *Store) migrate(ctx context.Context) error {
	return s.writer.do(ctx, func(t *tx) error {
		var version int
		if err := t.row("PRAGMA user_version").Scan(&version); err != nil {
			return err
		}
		if version > len(migrations) {
			return fmt.Errorf("its version is %d, this program knows %d; use the newer program that wrote it", version, len(migrations))
		}
		for _, m := range migrations[version:] {
			if _, err := t.exec(m); err != nil {
				return err
			}
		}
		_, err := t.exec(fmt.Sprintf("PRAGMA user_version = %d", len(migrations)))
		return err
	})
}

// Close waits for the writes under way and closes the file. What comes later
// gets ErrClosed.
func (s *Store) Close() error {
	var err error
	if s.read != nil {
		err = s.read.Close()
	}
	if s.writer != nil {
		err = errors.Join(err, s.writer.close())
	}
	return err
}

// Newest returns the newest time that something in the store happened at, or
// the zero time. A clock that is behind it is wrong.
func (s *Store) Newest(ctx context.Context) (newest time.Time, err error) {
	err = s.read.QueryRowContext(ctx, `SELECT max(
		(SELECT ifnull(max(created), 0) FROM accounts), (SELECT ifnull(max(since), 0) FROM contacts),
		(SELECT ifnull(max(offered), 0) FROM calls), (SELECT ifnull(max(time), 0) FROM records),
		(SELECT ifnull(max(at), 0) FROM notices), (SELECT ifnull(max(at), 0) FROM verdicts),
		(SELECT ifnull(max(max(since, lifted)), 0) FROM blocks), (SELECT ifnull(max(max(last, refilled)), 0) FROM dry_spells),
		(SELECT ifnull(max(since), 0) FROM analysts), (SELECT ifnull(max(at), 0) FROM reports))`).Scan((*stamp)(&newest))
	return newest, err
}

// How long things are kept.
const (
	keepNotices = 30 * 24 * time.Hour
	keepRecords = 14 * 24 * time.Hour // unless SetArchive says otherwise
	keepSignIns = 24 * time.Hour      // behind their end, so that a late or second use is told so
)

// Sweep deletes what has expired: sessions, invites and sign-in links, notices
// and ended spells without one-time keys after 30 days, reports after a year, ended
// calls after 14 days, call records after what SetArchive said.
func (s *Store) Sweep(ctx context.Context) error {
	now := s.now()
	err := s.writer.do(ctx, func(t *tx) error {
		for _, q := range []struct {
			query  string
			before time.Time
		}{
			{"DELETE FROM sessions WHERE expires <= ?", now},
			{"DELETE FROM invites WHERE expires <= ?", now},
			{"DELETE FROM analysts WHERE expires <= ?", now},
			{"DELETE FROM sign_ins WHERE expires <= ?", now.Add(-keepSignIns)},
			{"DELETE FROM notices WHERE at < ?", now.Add(-keepNotices)},
			{"DELETE FROM dry_spells WHERE refilled <> 0 AND refilled < ?", now.Add(-keepDrySpells)},
			{"DELETE FROM reports WHERE at < ?", now.Add(-keepReports)},
			{"DELETE FROM sightings WHERE last < ?", now.Add(-keepSightings)},
			{"DELETE FROM calls WHERE state = 'ended' AND offered < ?", now.Add(-keepRecords)},
		} {
			if _, err := t.exec(q.query, ns(q.before)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	a, err := s.Archive(ctx)
	if err != nil {
		return err
	}
	_, err = s.ExpireRecords(ctx, now.Add(-a.Keep))
	return err
}
