package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringfence/ringfence/bus"
	"github.com/ringfence/ringfence/hunt/live"
	"github.com/ringfence/ringfence/hunt/record"
	"github.com/ringfence/ringfence/service"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
)

// liveHunt is the live hunt inside of serve: it sees each call's record and what
// people report, and says whose calls are held back. It keeps nothing up: a call
// does not wait for it.
type liveHunt struct {
	trials  live.Trials // of runs of the test range, apart from what people do
	runner  atomic.Pointer[live.Runner]
	queue   chan heard
	missed  atomic.Int64 // records and reports for which the queue had no room
	stop    context.CancelFunc
	feeding sync.WaitGroup
	log     *slog.Logger
	lasting atomic.Pointer[map[string]string] // ids that stay, by those of the live hunt
	changed chan struct{}                     // a sign that a campaign has changed
}

// heard is a record, or a report.
type heard struct {
	store.Record
	reporter wire.ID // zero: a record; of a report only the call is set
}

const (
	huntQueue = 8192 // records and reports that wait
	huntBatch = 512  // that are handed on together
)

func newLiveHunt(log *slog.Logger) *liveHunt {
	h := &liveHunt{queue: make(chan heard, huntQueue), stop: func() {}, log: log, changed: make(chan struct{}, 1)}
	h.lasting.Store(&map[string]string{})
	return h
}

// Saw takes a record; see service.Watch.
func (h *liveHunt) Saw(r store.Record) {
	if r.Run != "" {
		h.trials.Saw(r.Run, record.Of(r))
		return
	}
	h.put(heard{Record: r})
}

// Reported takes a report; see service.Listener.
func (h *liveHunt) Reported(run string, reporter, attempt wire.ID) {
	if run != "" {
		h.trials.Report(run, reporter.String(), attempt.String())
		return
	}
	h.put(heard{Record: store.Record{Call: attempt}, reporter: reporter})
}

func (h *liveHunt) put(one heard) {
	select {
	case h.queue <- one:
	default:
		h.missed.Add(1)
	}
}

// Held tells whether a call belongs to a campaign whose calls are held back.
func (h *liveHunt) Held(r store.Record) (campaign string, held bool) {
	line := record.Of(r)
	if r.Run != "" {
		return h.trials.Held(r.Run, line)
	}
	runner := h.runner.Load()
	if runner == nil {
		return "", false
	}
	campaign, held = runner.Held(line.Caller, line.Callee, line.CallerPrint, line.CallerNetwork)
	if id := (*h.lasting.Load())[campaign]; id != "" {
		campaign = id
	}
	return campaign, held
}

// start joins the hunt on the service's bus.
func (h *liveHunt) start(ctx context.Context, b *bus.Bus) error {
	runner, err := live.Start(ctx, b, live.Spread{
		Compare: time.Second, Log: h.log,
		Encode: record.AppendJSON, Decode: record.ParseJSON,
		Events: func(live.Event) {
			select {
			case h.changed <- struct{}{}:
			default: // there is a sign already
			}
		},
	})
	if err != nil {
		return fmt.Errorf("live hunt: %w", err)
	}
	h.runner.Store(runner)
	ctx, h.stop = context.WithCancel(context.WithoutCancel(ctx))
	h.feeding.Go(func() { h.feed(ctx, runner) })
	return nil
}

// keepIn keeps what the hunt finds in the service's store.
func (h *liveHunt) keepIn(ctx context.Context, s *service.Service) *campaignDesk {
	d := newCampaignDesk(h, s.Store(), h.log)
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := h.stop
	h.stop = func() { cancel(); stop() }
	h.feeding.Go(func() { d.run(ctx, s.Watch(ctx)) })
	return d
}

// feed hands on what is heard, in its order: many records at a time when many
// wait, and a report behind the record of its call.
func (h *liveHunt) feed(ctx context.Context, to *live.Runner) {
	batch := make([]record.Record, 0, huntBatch)
	for {
		var one heard
		select {
		case <-ctx.Done():
			return
		case one = <-h.queue:
		}
		batch = batch[:0]
		for one.reporter.IsZero() {
			batch = append(batch, record.Of(one.Record))
			if len(batch) == huntBatch || len(h.queue) == 0 {
				break
			}
			one = <-h.queue
		}
		if err := to.Add(ctx, batch...); err != nil && ctx.Err() == nil {
			h.log.Error("calls did not reach the live hunt; they are in the store, and a hunt over the records finds what this one does not", "records", len(batch), "why", err)
		}
		if !one.reporter.IsZero() {
			if err := to.Report(ctx, one.reporter.String(), one.Call.String()); err != nil && ctx.Err() == nil {
				h.log.Error("a report did not reach the live hunt; it is in the store, and the console shows it", "why", err)
			}
		}
		if n := h.missed.Swap(0); n > 0 {
			h.log.Warn("the live hunt was too slow for some calls or reports; they are in the store", "number", n)
		}
	}
}

// close leaves the hunt.
func (h *liveHunt) close() {
	h.stop()
	h.feeding.Wait()
	if runner := h.runner.Swap(nil); runner != nil {
		runner.Stop()
	}
}
