package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"
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

func (q EventQuery) text() (string, []any) {
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
	text := "SELECT exhibit, n, at, account, target, body FROM events"
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	return text, args
}

// Events calls do with the events that a query lets through, the oldest first.
func (f *File) Events(ctx context.Context, q EventQuery, do func(Event) error) error {
	text, args := q.text()
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

// events adds events, and counts them.
func (t *Tx) events(all []Event) error {
	if len(all) == 0 {
		return nil
	}
	insert, err := t.Prepare("INSERT INTO events (exhibit, n, at, account, target, body) VALUES (?, ?, ?, ?, ?, ?)")
	if err != nil {
		return err
	}
	defer insert.Close()
	type bin struct {
		account string
		day     int64
	}
	days := map[bin]int{}
	for _, e := range all {
		if _, err := insert.Exec(e.Exhibit, e.N, e.At, e.Account, e.Target, e.Body); err != nil {
			return err
		}
		days[bin{e.Account, e.At / int64(day)}]++
	}
	for b, n := range days {
		if _, err := t.Exec("INSERT INTO event_days (account, day, n) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n", b.account, b.day, n); err != nil {
			return err
		}
	}
	return nil
}

const day = 24 * time.Hour

// Bin is how many events of an account there were on a day.
type Bin struct {
	Account string
	Day     time.Time
	N       int
}

// Days returns how many events of each account there were on each day of a time.
func (f *File) Days(ctx context.Context, from, until time.Time) (all []Bin, err error) {
	rows, err := f.read.QueryContext(ctx, "SELECT account, day, n FROM event_days WHERE day >= ? AND day < ? ORDER BY account, day",
		from.UnixNano()/int64(day), (until.UnixNano()+int64(day)-1)/int64(day))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var b Bin
		var n int64
		if err := rows.Scan(&b.Account, &n, &b.N); err != nil {
			return nil, err
		}
		b.Day = time.Unix(0, n*int64(day)).UTC()
		all = append(all, b)
	}
	return all, rows.Err()
}

// TargetsOf are whom an account called, at most so many, in the order of their names.
func (f *File) TargetsOf(ctx context.Context, account string, most int) (all []string, err error) {
	rows, err := f.read.QueryContext(ctx, "SELECT DISTINCT target FROM events WHERE account = ? AND target <> '' ORDER BY target LIMIT ?", account, most)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var t string
		if err := rows.Scan(&t); err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, rows.Err()
}

// Span is how many events there are, the day of the first and the end of the last.
func (f *File) Span(ctx context.Context) (n int, first, last time.Time, err error) {
	var from, to int64
	err = f.read.QueryRowContext(ctx, "SELECT ifnull(sum(n), 0), ifnull(min(day), 0), ifnull(max(day) + 1, 0) FROM event_days").Scan(&n, &from, &to)
	return n, time.Unix(0, from*int64(day)).UTC(), time.Unix(0, to*int64(day)).UTC(), err
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
