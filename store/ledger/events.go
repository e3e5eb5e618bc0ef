package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"
)

// Event is a line of an exhibit, as it can be searched.
type Event struct {
	Exhibit         string
	N, At           int64 // line from 1, ns
	Account, Target string
	Body            string
}

// Hash adds the event to a hash over the events of its exhibit.
func (e Event) Hash(to io.Writer) {
	fmt.Fprintf(to, "%d %d %q %q %q\n", e.N, e.At, e.Account, e.Target, e.Body)
}

// EventQuery narrows what is returned. A zero field narrows nothing.
type EventQuery struct {
	Exhibit, Account, Target string
	From, Until              int64 // ns; Until is not in it
	Limit                    int   // 0: all
}

func (q EventQuery) text(columns string) (string, []any) {
	var where []string
	var args []any
	for column, value := range map[string]string{"exhibit": q.Exhibit, "account": q.Account, "target": q.Target} {
		if value != "" {
			where, args = append(where, column+" = ?"), append(args, value)
		}
	}
	if q.From != 0 {
		where, args = append(where, "at >= ?"), append(args, q.From)
	}
	if q.Until != 0 {
		where, args = append(where, "at < ?"), append(args, q.Until)
	}
	text := "SELECT " + columns + " FROM events"
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	return text, args
}

// Events calls do with the events that a query lets through, the oldest first.
func (f *File) Events(ctx context.Context, q EventQuery, do func(Event) error) error {
	text, args := q.text("exhibit, n, at, account, target, body")
	text += " ORDER BY at, exhibit, n"
	if q.Limit > 0 {
		text, args = text+" LIMIT ?", append(args, q.Limit)
	}
	return f.events(ctx, text, args, do)
}

func (f *File) events(ctx context.Context, text string, args []any, do func(Event) error) error {
	rows, err := f.read.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var e Event
		if err := rows.Scan(&e.Exhibit, &e.N, &e.At, &e.Account, &e.Target, &e.Body); err != nil {
			return err
		}
		if err := do(e); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Span is how many events a query lets through, and the times of the first and
// the last, in ns.
func (f *File) Span(ctx context.Context, q EventQuery) (n int, first, last int64, err error) {
	text, args := q.text("count(*), ifnull(min(at), 0), ifnull(max(at), 0)")
	err = f.read.QueryRowContext(ctx, text, args...).Scan(&n, &first, &last)
	return n, first, last, err
}

// Bins counts the events of a query in equal parts of its time, of each account.
func (f *File) Bins(ctx context.Context, q EventQuery, width int64) (map[string]map[int64]int, error) {
	text, args := q.text("account, (at - ?) / ? AS bin, count(*)")
	rows, err := f.read.QueryContext(ctx, text+" GROUP BY account, bin", append([]any{q.From, max(1, width)}, args...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	all := map[string]map[int64]int{}
	for rows.Next() {
		var account string
		var bin int64
		var n int
		if err := rows.Scan(&account, &bin, &n); err != nil {
			return nil, err
		}
		if all[account] == nil {
			all[account] = map[int64]int{}
		}
		all[account][bin] = n
	}
	return all, rows.Err()
}

// EventSums are the hashes over the events of each exhibit that has some, in hex.
func (f *File) EventSums(ctx context.Context) (map[string]string, error) {
	sums := map[string]hash.Hash{}
	err := f.events(ctx, "SELECT exhibit, n, at, account, target, body FROM events ORDER BY exhibit, n", nil, func(e Event) error {
		if sums[e.Exhibit] == nil {
			sums[e.Exhibit] = sha256.New()
		}
		e.Hash(sums[e.Exhibit])
		return nil
	})
	all := map[string]string{}
	for id, h := range sums {
		all[id] = hex.EncodeToString(h.Sum(nil))
	}
	return all, err
}
