package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/guard"
)

// Ban is a ban with what was done about it.
type Ban struct {
	guard.Ban
	Acts []guard.BanAct `json:"acts"`
}

// Bans brings in the bans that were made for a case: who decided what, when and on
// what evidence, and what the banned person said. So they stand in its ledger, and
// its accounts have the day on which they were banned; a ban that was lifted takes
// it away again.
func Bans(ctx context.Context, c *casefile.Case, h *casefile.Hand, bans []Ban, basis string) (Result, error) {
	if len(bans) == 0 {
		return Result{}, errors.New("there is no ban for this case")
	}
	d, err := newDesk(ctx, c, h, basis)
	if err == nil {
		err = d.bans(ctx, bans)
	}
	if err != nil {
		err = fmt.Errorf("%d bans: %w", len(bans), err)
	}
	return d.result(), err
}

func (d *desk) bans(ctx context.Context, bans []Ban) error {
	raw, err := d.take(ctx, casefile.Exhibit{Name: "bans.json", Source: "the service's own list of bans", Kind: "bans", Tier: casefile.Sealed}, bans, casefile.Said{})
	if err != nil {
		return err
	}
	since := map[string]time.Time{} // of accounts; zero: it was lifted, or never in force
	var order []string
	for _, b := range bans {
		if b.Kind != guard.BanAccount {
			continue
		}
		was, seen := since[b.Value]
		if !seen {
			order = append(order, b.Value)
		}
		if b.Lifted.IsZero() {
			was = earlier(was, b.Since.UTC())
		}
		since[b.Value] = was
	}
	var accounts []someone
	for _, id := range order {
		if since[id].IsZero() && d.known[fact.KindAccount][d.tag(string(fact.KindAccount), id)].ID == "" {
			continue // a ban that does not hold brings nobody into a case
		}
		accounts = append(accounts, someone{id, banned(since[id])})
	}
	if len(accounts) == 0 {
		return nil
	}
	_, err = d.name(ctx, fact.KindAccount, raw.ID, accounts)
	return err
}

// banned records since when an account is banned.
func banned(since time.Time) func(old fact.Fact, tag string, sealed []byte) fact.Fact {
	return func(old fact.Fact, tag string, sealed []byte) fact.Fact {
		if a, ok := old.(*fact.Account); ok {
			a.Banned = since
			return a
		}
		return fact.Account{Role: "banned", Banned: since, Tag: tag, Sealed: sealed}
	}
}
