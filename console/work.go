package console

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
)

// work is what the cases ask of those who work on them.
type work struct {
	Exhibits, Proved int
	Oldest           time.Time
	Light            string
	Waiting          int // persons without a notice
	Deadlines        []dueRow
}

// dueRow is a deadline of a case.
type dueRow struct {
	fact.Deadline
	Case string
}

const homeDeadlines = 5

// work looks at all cases that a person may see; at none when the person is not
// enrolled.
func (d *console) work(ctx context.Context, viewer string) (rows []caseRow, w work, err error) {
	if d.Desk.Cases == nil {
		return nil, w, nil
	}
	if _, err := d.Desk.Cases.Person(ctx, viewer); err != nil {
		if errors.Is(err, casefile.ErrStranger) {
			err = nil
		}
		return nil, w, err
	}
	if rows, err = d.caseRows(ctx, viewer); err != nil {
		return nil, w, err
	}
	w.Light = "good"
	for _, row := range rows {
		if err := d.workOf(ctx, row, &w); err != nil {
			return nil, w, err
		}
	}
	slices.SortFunc(w.Deadlines, func(a, b dueRow) int { return strings.Compare(a.Day, b.Day) })
	w.Deadlines = w.Deadlines[:min(len(w.Deadlines), homeDeadlines)]
	return rows, w, nil
}

func (d *console) workOf(ctx context.Context, row caseRow, w *work) error {
	if row.Broken != "" {
		w.Light = "warn"
		return nil
	}
	c, err := d.cases.get(ctx, d.Desk.Cases, row.ID)
	if err != nil {
		return err
	}
	i, err := c.Integrity(ctx)
	if err != nil {
		return err
	}
	w.Exhibits, w.Proved = w.Exhibits+i.Exhibits, w.Proved+i.Proved
	if !i.Oldest.IsZero() && (w.Oldest.IsZero() || i.Oldest.Before(w.Oldest)) {
		w.Oldest = i.Oldest
	}
	if light(i, d.Now()) != "good" {
		w.Light = "warn"
	}
	waiting, err := facts(ctx, desk{Case: c}, func(f *fact.Person, _ casefile.Record) bool { return f.Notified.IsZero() })
	for _, yes := range waiting {
		if yes {
			w.Waiting++
		}
	}
	if err != nil {
		return err
	}
	due, err := deadlines(ctx, c)
	for _, one := range due {
		w.Deadlines = append(w.Deadlines, dueRow{one, row.ID})
	}
	return err
}
