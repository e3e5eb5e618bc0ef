package store

import (
	"context"
	_ "embed"
	"time"
)

//go:embed decisions.sql
var decisions string

// Decision is that somebody held a campaign back, or released it.
type Decision struct {
	Campaign   string
	At         time.Time
	By, Reason string
	Hold       bool
}

// Decide adds a decision about a campaign that is kept.
func (s *Store) Decide(ctx context.Context, d Decision) error {
	return s.writer.do(ctx, func(t *tx) error {
		_, err := t.exec("INSERT INTO campaign_decisions (campaign, at, by, reason, hold) VALUES (?, ?, ?, ?, ?)", d.Campaign, ns(s.now()), d.By, d.Reason, d.Hold)
		return err
	})
}

// Decisions returns what was decided about a campaign, the oldest first.
func (s *Store) Decisions(ctx context.Context, campaign string) ([]Decision, error) {
	rows, err := s.read.QueryContext(ctx, "SELECT campaign, at, by, reason, hold FROM campaign_decisions WHERE campaign = ? ORDER BY n", campaign)
	return rowsOf(rows, err, func(row scanner) (d Decision, err error) {
		err = row.Scan(&d.Campaign, (*stamp)(&d.At), &d.By, &d.Reason, &d.Hold)
		return d, err
	})
}

// HeldBack returns how many calls a rule has decided on, by the reason that it
// gave; without those of the test range.
func (s *Store) HeldBack(ctx context.Context, rule string) (map[string]int, error) {
	type line struct {
		reason string
		calls  int
	}
	rows, err := s.read.QueryContext(ctx, "SELECT reason, sum(count) FROM verdicts WHERE decided = ? AND NOT in_range GROUP BY reason", rule)
	lines, err := rowsOf(rows, err, func(row scanner) (l line, err error) {
		err = row.Scan(&l.reason, &l.calls)
		return l, err
	})
	all := map[string]int{}
	for _, l := range lines {
		all[l.reason] = l.calls
	}
	return all, err
}
