package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/verify"
)

// Query narrows what is returned. A zero field narrows nothing.
type Query struct {
	Action, Kind, Subject, Exhibit string

	From   int64 // from this entry on; with Newest, before it (0: from the end)
	Limit  int   // 0: all
	Newest bool  // the newest first
	Latest bool  // of each subject of a kind, the last entry only
}

func (q Query) text() (string, []any) {
	var where []string
	var args []any
	add := func(text string, arg any) { where, args = append(where, text), append(args, arg) }
	for column, value := range map[string]string{"action": q.Action, "kind": q.Kind, "subject": q.Subject, "exhibit": q.Exhibit} {
		if value != "" {
			add(column+" = ?", value)
		}
	}
	switch {
	case !q.Newest:
		add("n >= ?", q.From)
	case q.From > 0:
		add("n < ?", q.From)
	}
	if q.Latest {
		where = append(where, "NOT EXISTS (SELECT 1 FROM entries later WHERE later.kind = entries.kind AND later.subject = entries.subject AND later.n > entries.n)")
	}
	text := "SELECT n, leaf, open, note FROM entries"
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	text += " ORDER BY n"
	if q.Newest {
		text += " DESC"
	}
	if q.Limit > 0 {
		text += " LIMIT ?"
		args = append(args, q.Limit)
	}
	return text, args
}

func each(ctx context.Context, db querier, q Query, do func(verify.Entry) error) error {
	text, args := q.text()
	rows, err := db.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var e verify.Entry
		var open string
		if err := rows.Scan(&e.N, (*[]byte)(&e.Leaf), &open, &e.Note); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(open), &e.Open); err != nil {
			return fmt.Errorf("entry %d of the ledger: %w", e.N, err)
		}
		if err := do(e); err != nil {
			return err
		}
	}
	return rows.Err()
}

func find(ctx context.Context, db querier, q Query) (all []verify.Entry, err error) {
	err = each(ctx, db, q, func(e verify.Entry) error {
		all = append(all, e)
		return nil
	})
	return all, err
}

// Find returns the entries that a query lets through.
func (f *File) Find(ctx context.Context, q Query) ([]verify.Entry, error) {
	return find(ctx, f.read, q)
}

// Each calls do with the entries that a query lets through.
func (f *File) Each(ctx context.Context, q Query, do func(verify.Entry) error) error {
	return each(ctx, f.read, q, do)
}

// Count is how many entries a query lets through.
func (f *File) Count(ctx context.Context, q Query) (n int, err error) {
	text, args := q.text()
	err = f.read.QueryRowContext(ctx, "SELECT count(*) FROM ("+text+")", args...).Scan(&n)
	return n, err
}

// Entry returns an entry, or ErrNotFound.
func (f *File) Entry(ctx context.Context, n int64) (verify.Entry, error) {
	all, err := f.Find(ctx, Query{From: n, Limit: 1})
	if err == nil && (len(all) == 0 || all[0].N != n) {
		err = ErrNotFound
	}
	if err != nil {
		return verify.Entry{}, err
	}
	return all[0], nil
}

// Setting returns what was kept under a name; "" when nothing was.
func (f *File) Setting(ctx context.Context, name string) (value string, err error) {
	err = f.read.QueryRowContext(ctx, "SELECT value FROM settings WHERE name = ?", name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return value, err
}

// Set keeps a value under a name; one that is there stays, and is returned.
func (f *File) Set(ctx context.Context, name, value string) (kept string, err error) {
	err = f.transact(ctx, func(t *sql.Tx) error {
		if _, err := t.Exec("INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING", name, value); err != nil {
			return err
		}
		return t.QueryRow("SELECT value FROM settings WHERE name = ?", name).Scan(&kept)
	})
	return kept, err
}

// Check says, in words, what in the file itself is not whole.
func (f *File) Check(ctx context.Context) (wrong []string, err error) {
	rows, err := f.read.QueryContext(ctx, "PRAGMA integrity_check(100)")
	if err != nil {
		return []string{"the database file: " + err.Error()}, nil
	}
	defer rows.Close()
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return wrong, err
		}
		if line != "ok" {
			wrong = append(wrong, "the database file: "+line)
		}
	}
	return wrong, rows.Err()
}

// Subjects counts the subjects of each kind.
func (f *File) Subjects(ctx context.Context) (map[string]int, error) {
	rows, err := f.read.QueryContext(ctx, "SELECT kind, count(DISTINCT subject) FROM entries WHERE kind IS NOT NULL AND action = 'record' GROUP BY kind")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]int{}
	for rows.Next() {
		var kind string
		var n int
		if err := rows.Scan(&kind, &n); err != nil {
			return nil, err
		}
		all[kind] = n
	}
	return all, rows.Err()
}

// View is that somebody saw something.
type View struct {
	At        int64 // s
	Who, What string
}

// Saw keeps that somebody saw something.
func (f *File) Saw(ctx context.Context, v View) error {
	return f.transact(ctx, func(t *sql.Tx) error {
		_, err := t.Exec("INSERT INTO views (at, who, what) VALUES (?, ?, ?)", v.At, v.Who, v.What)
		return err
	})
}

// Views returns what was seen last.
func (f *File) Views(ctx context.Context, limit int) (all []View, err error) {
	rows, err := f.read.QueryContext(ctx, "SELECT at, who, what FROM views ORDER BY n DESC LIMIT ?", limit)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v View
		if err := rows.Scan(&v.At, &v.Who, &v.What); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}
