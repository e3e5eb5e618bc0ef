package main

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/notice"
	"github.com/ringfence/ringfence/service"
)

// cases opens the cases, which are proved again and again until the context ends.
func (c *serveCommand) cases(ctx context.Context, e *env, log *slog.Logger) (*casefile.Room, error) {
	room, err := (&casePlace{dataFolder: c.dataFolder}).room(e)
	if err != nil {
		return nil, err
	}
	go (&caseWatch{room, log, e.now}).run(ctx)
	return room, nil
}

const (
	proveEvery = time.Hour      // how often it is looked which cases are to be proved
	proveAfter = 24 * time.Hour // how old the last proof of a case may become
)

// caseWatch proves, while the service runs, that every case is whole.
type caseWatch struct {
	room *casefile.Room
	log  *slog.Logger
	now  func() time.Time
}

// run proves cases until the context ends.
func (w *caseWatch) run(ctx context.Context) {
	again := time.NewTicker(proveEvery)
	defer again.Stop()
	for {
		if err := w.prove(ctx); err != nil && ctx.Err() == nil {
			w.log.Error("the cases could not be proved, and it is tried again", "why", err)
		}
		if a, err := anchorNow(ctx, w.room); (err != nil || len(a.Pending) > 0) && ctx.Err() == nil {
			w.log.Warn("the log of the cases was not cosigned and stamped by everybody, and it is tried again", "why", err, "pending", a.Pending)
		}
		select {
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// prove reads every case whose last proof is too old.
func (w *caseWatch) prove(ctx context.Context) error {
	ids, err := w.room.IDs(ctx)
	if err != nil {
		return err
	}
	var all error
	for _, id := range ids {
		if err := w.proveOne(ctx, id); err != nil {
			w.log.Error("a case is not whole: run ringfence case verify", "case", id, "why", err)
			all = errors.Join(all, err)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return all
}

func (w *caseWatch) proveOne(ctx context.Context, id string) error {
	c, err := w.room.Case(ctx, id)
	if err != nil {
		return err
	}
	defer c.Close()
	i, err := c.Integrity(ctx)
	if err != nil || i.Proved == i.Exhibits && w.now().Sub(i.Oldest) < proveAfter {
		return err
	}
	checks, err := c.Verify(ctx, func(int64) {})
	for _, one := range checks {
		if len(one.Faults) > 0 {
			err = errors.Join(err, errors.New(one.Name+": "+one.Faults[0]))
		}
	}
	return err
}

// approvers are those whose keys are in force and who may approve a notice.
func approvers(room *casefile.Room, now func() time.Time) service.Approvers {
	return func(ctx context.Context) (keys []string, err error) {
		all, err := room.Persons(ctx)
		for _, p := range all {
			if slices.Contains(notice.Approvers, string(p.Role)) && !p.Since.After(now()) && (p.Until.IsZero() || p.Until.After(now())) {
				keys = append(keys, p.Key)
			}
		}
		return keys, err
	}
}
