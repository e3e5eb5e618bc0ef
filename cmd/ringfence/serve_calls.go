package main

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/ringfence/ringfence/hunt/archive"
	"github.com/ringfence/ringfence/store"
)

// callArchive moves the service's call records into the archive, and deletes what
// is older than it may be.
type callArchive struct {
	exporter archive.Exporter
	store    *store.Store
	keep     time.Duration
	now      func() time.Time
	log      *slog.Logger
	stop     context.CancelFunc
	running  sync.WaitGroup
}

const (
	archiveEvery = time.Minute
	// archiveAfter is how long after its end an hour is moved: most calls that
	// began in it have ended by then, and each later one costs a file.
	archiveAfter = 10 * time.Minute
)

// startCallArchive has it run until close.
func startCallArchive(ctx context.Context, s *store.Store, place, dir string, keep time.Duration, now func() time.Time, log *slog.Logger) (*callArchive, error) {
	to, err := openArchive(ctx, place, dir)
	if err != nil {
		return nil, err
	}
	if place != "" {
		place = to.String() // for commands that run in other folders
	}
	where, err := s.SetArchive(ctx, place, keep)
	if err != nil {
		return nil, err
	}
	a := &callArchive{
		exporter: archive.Exporter{From: s, To: to, Node: where.Node, Key: func() (*archive.Key, error) { return archive.OpenKey(dir) }},
		store:    s, keep: keep, now: now, log: log,
	}
	ctx, a.stop = context.WithCancel(context.WithoutCancel(ctx))
	a.running.Go(func() { a.run(ctx) })
	return a, nil
}

func (a *callArchive) run(ctx context.Context) {
	tick := time.NewTicker(archiveEvery)
	defer tick.Stop()
	for {
		a.turn(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// turn moves what can be moved and deletes what is old. A failure is logged and
// tried again: the records stay in the store.
func (a *callArchive) turn(ctx context.Context) {
	before := a.now().Add(-a.keep)
	if _, err := a.store.ExpireRecords(ctx, before); err != nil && ctx.Err() == nil {
		a.log.Error("call records in the store that are too old could not be deleted; it is tried again", "why", err)
	}
	if m, err := a.exporter.Export(ctx, a.now().Add(-archiveAfter)); err != nil && ctx.Err() == nil {
		a.log.Error("call records could not be archived; they stay in the store, and it is tried again", "why", err)
	} else if m.Files > 0 {
		a.log.Info("call records were archived", "records", m.Records, "files", m.Files)
	}
	if e, err := a.exporter.To.Expire(ctx, before, false); err != nil && ctx.Err() == nil {
		a.log.Error("call records that are too old could not be deleted; it is tried again", "why", err)
	} else if e.Files > 0 {
		a.log.Info("call records that were too old were deleted", "files", e.Files)
	}
}

// close ends it; what is half moved is finished at the next start.
func (a *callArchive) close() {
	a.stop()
	a.running.Wait()
}
