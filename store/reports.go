package store

import (
	"context"
	_ "embed"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

//go:embed reports.sql
var reports string

// keepReports is how long reports are kept: in 2019 the exploit was three months
// old when it was found.
const keepReports = 365 * 24 * time.Hour

// ReportCall keeps that somebody found a call strange. Reporting it again changes
// nothing. It returns ErrNotFound for what is no call at this person, or is
// forgotten.
func (s *Store) ReportCall(ctx context.Context, reporter, call wire.ID) error {
	return s.writer.do(ctx, func(t *tx) error {
		// A call that rang is in calls; one that was held back is in its notice only.
		caller, err := readID(t.row(`SELECT caller FROM calls WHERE id = ?1 AND callee = ?2
			UNION ALL SELECT account FROM notices WHERE owner = ?2 AND call = ?1 LIMIT 1`, call[:], reporter[:]))
		if err != nil {
			return err
		}
		return s.addReport(t, reporter, caller, call, false)
	})
}

// ReportKnock keeps that somebody found it strange that an account knocks, and
// returns the knock as its record names it. It returns ErrNotFound where that
// account does not knock at this person.
func (s *Store) ReportKnock(ctx context.Context, reporter, account wire.ID) (knock wire.ID, err error) {
	err = s.writer.do(ctx, func(t *tx) error {
		if knock, err = readID(t.row("SELECT knock FROM contacts WHERE owner = ? AND other = ? AND NOT accepted", reporter[:], account[:])); err != nil {
			return err
		}
		return s.addReport(t, reporter, account, knock, true)
	})
	return knock, err
}

func (s *Store) addReport(t *tx, reporter, account, attempt wire.ID, knock bool) error {
	_, err := t.exec(`INSERT INTO reports (at, reporter, account, attempt, knock, in_range)
		VALUES (?1, ?2, ?3, ?4, ?5, EXISTS (SELECT 1 FROM accounts WHERE id = ?2 AND run <> '')) ON CONFLICT DO NOTHING`,
		ns(s.now()), reporter[:], account[:], attempt[:], knock)
	return err
}

// Reports returns a page of what people reported. What the test range reports is
// not among it.
func (s *Store) Reports(ctx context.Context, p guard.Page) ([]guard.Report, error) {
	var w where
	w.and("NOT in_range")
	tail, err := w.page(p)
	if err != nil {
		return nil, err
	}
	rows, err := s.read.QueryContext(ctx, "SELECT n, at, reporter, account, CASE WHEN knock THEN NULL ELSE attempt END FROM reports"+tail, w.args...)
	return rowsOf(rows, err, func(r scanner) (one guard.Report, err error) {
		err = r.Scan(&one.Number, (*stamp)(&one.At), fixed(one.Reporter[:]), fixed(one.Account[:]), fixed(one.Call[:]))
		return one, err
	})
}
