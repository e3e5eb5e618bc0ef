package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/ringfence/ringfence/console"
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/hunt/live"
	"github.com/ringfence/ringfence/store"
)

// campaignDesk shows the live hunt in the console, and keeps what it finds under
// ids that stay. What the live hunt calls a campaign is its tie, which may change
// while it grows; a decision is about the campaign that is kept.
type campaignDesk struct {
	hunt  *liveHunt
	store *store.Store
	log   *slog.Logger

	mu       sync.Mutex
	kept     map[string]keptAs // by the live hunt's id
	watchers map[chan struct{}]bool
}

// keptAs is how a campaign was when it was last kept.
type keptAs struct {
	accounts, targets int
	strength          hunt.Strength
}

func newCampaignDesk(h *liveHunt, s *store.Store, log *slog.Logger) *campaignDesk {
	return &campaignDesk{hunt: h, store: s, log: log, kept: map[string]keptAs{}, watchers: map[chan struct{}]bool{}}
}

// run keeps campaigns as they change, until the context ends. Held is a sign that
// a call may have been held back.
func (d *campaignDesk) run(ctx context.Context, held <-chan struct{}) {
	again := time.NewTicker(5 * time.Second) // what went wrong is tried again
	defer again.Stop()
	for {
		if err := d.keep(ctx); err != nil && ctx.Err() == nil {
			d.log.Error("a campaign was not kept, and is tried again", "why", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-d.hunt.changed:
		case <-held:
		case <-again.C:
			continue
		}
		d.tell()
	}
}

func (d *campaignDesk) tell() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for c := range d.watchers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Watch gives a sign when campaigns have changed.
func (d *campaignDesk) Watch(ctx context.Context) <-chan struct{} {
	c := make(chan struct{}, 1)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.watchers[c] = true
	context.AfterFunc(ctx, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.watchers, c)
	})
	return c
}

// keep keeps what has changed.
func (d *campaignDesk) keep(ctx context.Context) error {
	runner := d.hunt.runner.Load()
	if runner == nil {
		return nil
	}
	var all error
	for _, c := range runner.Campaigns() {
		now := keptAs{len(c.Accounts), len(c.Targets), c.Strength}
		d.mu.Lock()
		was, known := d.kept[c.ID]
		d.mu.Unlock()
		if c.Strength == hunt.Weak && !known || now == was {
			continue
		}
		_, err := d.keepOne(ctx, runner, c, !known)
		all = errors.Join(all, err)
	}
	return all
}

// keepOne keeps a campaign of the live hunt, and returns the id under which. What
// was decided about it holds for it when it has another tie now.
func (d *campaignDesk) keepOne(ctx context.Context, runner *live.Runner, c hunt.Campaign, fresh bool) (string, error) {
	tie := c.ID
	id, err := d.store.KeepCampaign(ctx, string(c.Strength), c.Accounts, func(id string) ([]byte, error) {
		c.ID = id
		return json.Marshal(c)
	})
	if err != nil {
		return "", err
	}
	decided, err := d.store.Decisions(ctx, id)
	if err != nil {
		return "", err
	}
	if n := len(decided); fresh && n > 0 {
		err = decideOn(ctx, runner, tie, decided[n-1].Hold, decided[n-1].Reason)
	}
	if fresh {
		d.log.Warn("a campaign was found: look at it in the console", "campaign", id, "strength", c.Strength, "accounts", len(c.Accounts), "targets", len(c.Targets))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept[tie] = keptAs{len(c.Accounts), len(c.Targets), c.Strength}
	names := maps.Clone(*d.hunt.lasting.Load())
	names[tie] = id
	d.hunt.lasting.Store(&names)
	return id, err
}

func decideOn(ctx context.Context, runner *live.Runner, tie string, hold bool, reason string) error {
	if hold {
		return runner.Hold(ctx, tie)
	}
	return runner.Release(ctx, tie, reason)
}

// Campaigns returns the campaigns that go on, the strongest first, and behind
// them those that were kept and go on no more.
func (d *campaignDesk) Campaigns(ctx context.Context) (all []console.Campaign, err error) {
	held, err := d.store.HeldBack(ctx, "R25")
	if err != nil {
		return nil, err
	}
	there := map[string]bool{}
	if runner := d.hunt.runner.Load(); runner != nil {
		holding, names := runner.Holding(), *d.hunt.lasting.Load()
		for _, c := range runner.Campaigns() {
			one := console.Campaign{Campaign: c, Live: true, Holding: holding[c.ID], HeldBack: held[guard.OfCampaign(c.ID)]}
			if id := names[c.ID]; id != "" {
				one.ID, one.HeldBack = id, one.HeldBack+held[guard.OfCampaign(id)]
			}
			if !there[one.ID] {
				all = append(all, one)
			}
			there[one.ID] = true
		}
	}
	kept, err := d.store.Campaigns(ctx)
	for _, k := range kept {
		if there[k.ID] {
			continue
		}
		one := console.Campaign{HeldBack: held[guard.OfCampaign(k.ID)]}
		if err := json.Unmarshal(k.Body, &one.Campaign); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, err
}

// Campaign returns one with what was decided about it.
func (d *campaignDesk) Campaign(ctx context.Context, id string) (console.Campaign, error) {
	all, err := d.Campaigns(ctx)
	if err != nil {
		return console.Campaign{}, err
	}
	for _, c := range all {
		if c.ID != id {
			continue
		}
		decided, err := d.store.Decisions(ctx, id)
		for _, one := range decided {
			c.History = append(c.History, console.Decision{At: one.At, By: one.By, Reason: one.Reason, Hold: one.Hold})
		}
		return c, err
	}
	return console.Campaign{}, guard.ErrNotFound
}

// Hold holds a campaign back, or releases it. What is decided is on disk before
// it is done.
func (d *campaignDesk) Hold(ctx context.Context, id string, on bool, by, reason string) error {
	runner := d.hunt.runner.Load()
	if runner == nil {
		return guard.ErrNotFound
	}
	names, found := *d.hunt.lasting.Load(), false
	for _, c := range runner.Campaigns() {
		if cmp.Or(names[c.ID], c.ID) != id {
			continue
		}
		if !found {
			kept, err := d.keepOne(ctx, runner, c, false)
			if err == nil {
				err = d.store.Decide(ctx, store.Decision{Campaign: kept, By: by, Reason: reason, Hold: on})
			}
			if err != nil {
				return err
			}
		}
		found = true
		if err := decideOn(ctx, runner, c.ID, on, reason); err != nil {
			return err
		}
	}
	if !found {
		return guard.ErrNotFound
	}
	d.tell()
	return nil
}
