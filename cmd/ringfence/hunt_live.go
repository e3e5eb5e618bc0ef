package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/store"
)

// live shows the campaigns that serve finds, as they form and grow, until the
// time is over: one line each time one has changed.
func (c *findCommand) live(e *env) error {
	s, err := openStore(e, c.dir())
	if err != nil {
		return err
	}
	defer s.Close()
	ctx := e.ctx
	if c.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.For)
		defer cancel()
	}
	if !c.JSON {
		fmt.Fprintf(e.stderr, "watching the campaigns in %s; they form while serve runs\n", c.dir())
	}
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	seen, any := map[string]time.Time{}, false
	for {
		kept, err := s.Campaigns(ctx)
		if err == nil {
			any, err = c.tell(e, kept, seen, any)
		}
		if err != nil && ctx.Err() == nil {
			return &failure{code: "store", what: "hunt --live in " + c.dir(), why: err, hint: "is it the data folder of serve?"}
		}
		select {
		case <-ctx.Done():
			if any {
				return found(exitFound)
			}
			return nil
		case <-tick.C:
		}
	}
}

// tell shows those that have changed since they were seen.
func (c *findCommand) tell(e *env, kept []store.Campaign, seen map[string]time.Time, any bool) (bool, error) {
	for i := len(kept) - 1; i >= 0; i-- { // the oldest first
		k := kept[i]
		if at, ok := seen[k.ID]; ok && at.Equal(k.Seen) {
			continue
		}
		seen[k.ID] = k.Seen
		var one hunt.Campaign
		if err := json.Unmarshal(k.Body, &one); err != nil {
			return any, err
		}
		any = any || one.Strength != hunt.Weak
		if c.JSON {
			if err := json.NewEncoder(e.stdout).Encode(one); err != nil {
				return any, err
			}
			continue
		}
		fmt.Fprintf(e.stdout, "%s  %s %s: %d accounts, %d targets since %s\n", k.Seen.Format(time.DateTime), one.ID, one.Strength, len(one.Accounts), len(one.Targets), one.From.Format(time.DateTime))
	}
	return any, nil
}
