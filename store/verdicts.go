package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/ringfence/ringfence/guard"
)

const (
	// maxVerdicts is how many lines the ledger holds, of real ones and of the
	// test range's each. Beyond it the least grave go, of these the oldest: a
	// flood of small things cannot push out a grave one. What goes is counted
	// by rule in verdicts_dropped. A thousandth more may stand there for a while.
	maxVerdicts = 200_000

	// alikeWithin is how long alike verdicts are one line.
	alikeWithin = time.Minute
)

// gravities are the severities, the mildest first.
var gravities = []guard.Severity{guard.Info, guard.Low, guard.Medium, guard.High, guard.Critical}

const verdictColumns = `n, at, action, severity, rules, kind, account, target, call, address, build, clause, reason, offset, length, size, sha256, count, in_range`

func verdictFields(v *guard.Verdict, rules *[]byte) []any {
	return []any{&v.Number, (*stamp)(&v.At), &v.Action, &v.Severity, rules, &v.Kind, fixed(v.Account[:]), fixed(v.Target[:]), fixed(v.Call[:]), &v.Address,
		&v.Build, &v.Clause, &v.Reason, &v.Offset, &v.Length, &v.Size, &v.SHA256, &v.Count, &v.Range}
}

// readVerdict reads a verdict without its bytes, or with them where they come
// last.
func readVerdict(bytes bool) func(scanner) (guard.Verdict, error) {
	return func(r scanner) (v guard.Verdict, err error) {
		var rules []byte
		fields := verdictFields(&v, &rules)
		if bytes {
			fields = append(fields, &v.Bytes)
		}
		if err := r.Scan(fields...); err != nil {
			return v, found(err)
		}
		return v, json.Unmarshal(rules, &v.Rules)
	}
}

// AddVerdicts adds verdicts to the ledger, with growing numbers. Those with the
// same first rule, action, kind, account, address without port and call within
// a minute are one line: its count grows, and it keeps the bytes of the first.
func (s *Store) AddVerdicts(ctx context.Context, all []guard.Verdict) error {
	return s.writer.do(ctx, func(t *tx) error {
		for i := range all {
			if err := s.addVerdict(t, &all[i]); err != nil {
				return err
			}
		}
		return s.trim(t)
	})
}

func (s *Store) addVerdict(t *tx, v *guard.Verdict) error {
	alike, count := alikeness(v), max(1, v.Count)
	n, err := t.exec(`UPDATE verdicts SET count = count + ? WHERE n = (SELECT n FROM verdicts WHERE alike = ? AND at > ? AND at < ? ORDER BY at DESC LIMIT 1)`,
		count, alike, ns(v.At.Add(-alikeWithin)), ns(v.At.Add(alikeWithin)))
	if err != nil || n > 0 {
		return err
	}
	rules, err := marshalRules(v.Rules)
	if err != nil {
		return err
	}
	var number int64
	err = t.row(`INSERT INTO verdicts (at, action, severity, rules, kind, account, target, call, address, build, clause, reason, offset, length,
		size, sha256, count, in_range, bytes, alike, gravity, decided) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING n`,
		ns(v.At), string(v.Action), string(v.Severity), rules, string(v.Kind), v.Account[:], v.Target[:], v.Call[:], v.Address, v.Build, v.Clause, v.Reason,
		v.Offset, v.Length, v.Size, v.SHA256, count, v.Range, v.Bytes, alike, slices.Index(gravities, v.Severity), first(v.Rules)).Scan(&number)
	if err != nil {
		return err
	}
	for _, r := range v.Rules {
		if _, err := t.exec("INSERT OR IGNORE INTO verdict_rules (rule, n) VALUES (?, ?)", r, number); err != nil {
			return err
		}
	}
	s.untrimmed++
	return nil
}

func first(rules []string) string {
	if len(rules) == 0 {
		return ""
	}
	return rules[0]
}

// alikeness is a hash of what alike verdicts have in common.
func alikeness(v *guard.Verdict) []byte {
	host := v.Address
	if a, err := netip.ParseAddrPort(v.Address); err == nil {
		host = a.Addr().String()
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q %q %s %s %t", first(v.Rules), v.Action, v.Kind, host, v.Account, v.Call, v.Range))
	return sum[:16]
}

// trim holds the ledger to its size. It counts now and then only, because
// counting reads an index from end to end.
func (s *Store) trim(t *tx) error {
	if s.untrimmed <= s.maxVerdicts/1000 {
		return nil
	}
	for _, ranged := range []bool{false, true} {
		var lines int
		if err := t.row("SELECT count(*) FROM verdicts WHERE in_range = ?", ranged).Scan(&lines); err != nil {
			return err
		}
		if lines <= s.maxVerdicts {
			continue
		}
		if err := dropVerdicts(t, ranged, lines-s.maxVerdicts); err != nil {
			return err
		}
	}
	s.untrimmed = 0
	return nil
}

// dropVerdicts deletes the least grave and oldest lines and keeps the count of
// them.
func dropVerdicts(t *tx, ranged bool, lines int) error {
	const least = "SELECT n FROM verdicts WHERE in_range = ? ORDER BY gravity, n LIMIT ?"
	_, err := t.exec(`INSERT INTO verdicts_dropped (decided, severity, in_range, lines, events, oldest, newest)
		SELECT decided, severity, in_range, count(*), sum(count), min(at), max(at) FROM verdicts WHERE n IN (`+least+`) GROUP BY decided, severity, in_range
		ON CONFLICT DO UPDATE SET lines = lines + excluded.lines, events = events + excluded.events, oldest = min(oldest, excluded.oldest), newest = max(newest, excluded.newest)`,
		ranged, lines)
	if err != nil {
		return err
	}
	_, err = t.exec("DELETE FROM verdicts WHERE n IN ("+least+")", ranged, lines)
	return err
}

// condition is guard.Filter.Match in SQL.
func condition(f guard.Filter) (w where) {
	if f.Rule != "" {
		w.and("EXISTS (SELECT 1 FROM verdict_rules r WHERE r.rule = ? AND r.n = verdicts.n)", f.Rule)
	}
	if f.Severity != "" {
		w.and("severity = ?", string(f.Severity))
	}
	if !f.Account.IsZero() {
		w.and("(account = ? OR target = ?)", f.Account[:], f.Account[:])
	}
	if !f.Call.IsZero() {
		w.and("call = ?", f.Call[:])
	}
	if f.Kind != "" {
		w.and("kind = ?", string(f.Kind))
	}
	if f.Action != "" {
		w.and("action = ?", string(f.Action))
	}
	switch f.Origin {
	case guard.FromRange:
		w.and("in_range")
	case guard.FromPeople:
		w.and("NOT in_range")
	}
	if !f.From.IsZero() {
		w.and("at >= ?", ns(f.From))
	}
	if !f.Until.IsZero() {
		w.and("at < ?", ns(f.Until))
	}
	return w
}

// Verdicts returns a page of verdicts without their bytes.
func (s *Store) Verdicts(ctx context.Context, f guard.Filter, p guard.Page) ([]guard.Verdict, error) {
	w := condition(f)
	tail, err := w.page(p)
	if err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, "SELECT "+verdictColumns+" FROM verdicts"+tail, w.args...)
	return rowsOf(rows, err, readVerdict(false))
}

// Verdict returns a verdict with its bytes, or ErrNotFound.
func (s *Store) Verdict(ctx context.Context, number int64) (guard.Verdict, error) {
	return readVerdict(true)(s.read.QueryRowContext(ctx, "SELECT "+verdictColumns+", bytes FROM verdicts WHERE n = ?", number))
}

// Tally counts the verdicts that the filter lets through, by rule, kind and
// action.
func (s *Store) Tally(ctx context.Context, f guard.Filter) ([]guard.Tally, error) {
	w := condition(f)
	rows, err := s.read.QueryContext(ctx, "SELECT decided, kind, action, count(*), sum(count) FROM verdicts"+w.text+
		" GROUP BY decided, kind, action ORDER BY decided, kind, action", w.args...)
	all, err := rowsOf(rows, err, func(r scanner) (t guard.Tally, err error) {
		err = r.Scan(&t.Rule, &t.Kind, &t.Action, &t.Verdicts, &t.Events)
		return t, err
	})
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return all, err
}
