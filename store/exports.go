package store

import (
	"context"
	"database/sql"
	_ "embed"
	"errors"
	"time"
)

//go:embed exports.sql
var exports string

// maxExport is how many records one export claims at most.
const maxExport = 128 << 10

// Export is a set of records of one hour that go into the archive together.
type Export struct {
	Number int64
	Hour   time.Time // UTC
}

// ClaimRecords makes an export of the oldest hour that has ended before a time
// and has records that no export has claimed; ErrNotFound where there is none.
func (s *Store) ClaimRecords(ctx context.Context, before time.Time) (e Export, err error) {
	err = s.writer.do(ctx, func(t *tx) error {
		var oldest sql.NullInt64
		// Of a time that stands in an index, min is the first entry; the ones
		// before it that are claimed are few.
		if err := t.row("SELECT min(time) FROM records WHERE export IS NULL AND time < ?", ns(before.Truncate(time.Hour))).Scan(&oldest); err != nil {
			return err
		}
		if !oldest.Valid {
			return ErrNotFound
		}
		e.Hour = time.Unix(0, oldest.Int64).UTC().Truncate(time.Hour)
		if err := t.row("INSERT INTO exports (hour) VALUES (?) RETURNING n", ns(e.Hour)).Scan(&e.Number); err != nil {
			return err
		}
		_, err := t.exec("UPDATE records SET export = ? WHERE n IN (SELECT n FROM records WHERE export IS NULL AND time >= ? AND time < ? LIMIT ?)",
			e.Number, ns(e.Hour), ns(e.Hour.Add(time.Hour)), maxExport)
		return err
	})
	return e, err
}

// Exports returns the exports that are not finished, the oldest first.
func (s *Store) Exports(ctx context.Context) ([]Export, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT n, hour FROM exports ORDER BY n")
	return rowsOf(rows, err, readExport)
}

func readExport(r scanner) (e Export, err error) {
	err = r.Scan(&e.Number, (*stamp)(&e.Hour))
	return e, err
}

// ExportRecords returns the records of an export, in the order of their times:
// the same ones each time.
func (s *Store) ExportRecords(ctx context.Context, n int64) ([]Record, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT n, "+recordColumns+" FROM records WHERE export = ? ORDER BY time, n", n)
	return rowsOf(rows, err, func(r scanner) (Record, error) {
		one, err := readRecord(r)
		return one.Record, err
	})
}

// FinishExport deletes an export and its records, which are in the archive.
func (s *Store) FinishExport(ctx context.Context, n int64) error {
	return s.writer.do(ctx, func(t *tx) error {
		if _, err := t.exec("DELETE FROM records WHERE export = ?", n); err != nil {
			return err
		}
		_, err := t.exec("DELETE FROM exports WHERE n = ?", n)
		return err
	})
}

// Waiting is what of the call records is in the store at one moment. The files
// of its own node that are of a later export than Last, or of a pending one, hold
// records that are in the store, too.
type Waiting struct {
	Last    int64          // number of the last export
	Pending map[int64]bool // exports that are not finished
	Records int64
}

// Waiting visits all records that are in the store, and says which files of the
// archive hold the same ones.
func (s *Store) Waiting(ctx context.Context, visit func(Record) error) (w Waiting, err error) {
	t, err := s.read.BeginTx(ctx, nil) // one moment for all of it
	if err != nil {
		return w, err
	}
	defer t.Rollback()
	if err := t.QueryRowContext(ctx, "SELECT ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'exports'), 0)").Scan(&w.Last); err != nil {
		return w, err
	}
	rows, err := t.QueryContext(ctx, "SELECT n, hour FROM exports")
	pending, err := rowsOf(rows, err, readExport)
	if err != nil {
		return w, err
	}
	w.Pending = map[int64]bool{}
	for _, e := range pending {
		w.Pending[e.Number] = true
	}
	if rows, err = t.QueryContext(ctx, "SELECT n, "+recordColumns+" FROM records ORDER BY time, n"); err != nil {
		return w, err
	}
	defer rows.Close()
	for rows.Next() {
		r, err := readRecord(rows)
		if err == nil {
			err = visit(r.Record)
		}
		if err != nil {
			return w, err
		}
		w.Records++
	}
	return w, rows.Err()
}

// Archive is where the archive of a store is.
type Archive struct {
	Node  string        // made once, at random: tells the files of this store from those of others
	Place string        // "" for the folder calls beside the store
	Keep  time.Duration // how long call records are kept
}

// Archive returns where the archive is; before SetArchive, the place "" and the
// usual time.
func (s *Store) Archive(ctx context.Context) (a Archive, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT node, place, keep FROM archive").Scan(&a.Node, &a.Place, &a.Keep)
	if errors.Is(err, sql.ErrNoRows) {
		return Archive{Keep: keepRecords}, nil
	}
	return a, err
}

// SetArchive says where the archive is and how long it keeps records, which
// Sweep then goes by, and returns it with the node.
func (s *Store) SetArchive(ctx context.Context, place string, keep time.Duration) (Archive, error) {
	err := s.writer.do(ctx, func(t *tx) error {
		_, err := t.exec(`INSERT INTO archive (one, node, place, keep) VALUES (1, lower(hex(randomblob(4))), ?1, ?2)
			ON CONFLICT (one) DO UPDATE SET place = ?1, keep = ?2`, place, keep)
		return err
	})
	if err != nil {
		return Archive{}, err
	}
	return s.Archive(ctx)
}

// CountRecords returns how many records there are from before a time.
func (s *Store) CountRecords(ctx context.Context, before time.Time) (n int, err error) {
	err = s.read.QueryRowContext(ctx, "SELECT count(*) FROM records WHERE time < ?", ns(before)).Scan(&n)
	return n, err
}
