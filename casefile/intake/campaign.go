package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/hunt/record"
	"github.com/ringfence/ringfence/store/ledger"
)

// Call is a line of the calls of a campaign, under the names of the case.
type Call struct {
	At      time.Time `json:"at"`
	Account string    `json:"account"` // A-0001
	Target  string    `json:"target"`  // T-0001
	Outcome string    `json:"outcome"` // as the call records say it
	RingMS  int32     `json:"ring_ms"`
	Country string    `json:"country,omitempty"` // of the target
}

var idForm = regexp.MustCompile(`^C-\d{4}-\d{4,9}$`)

// Campaign brings in a campaign as the hunt found it.
func Campaign(ctx context.Context, c *casefile.Case, h *casefile.Hand, found hunt.Campaign, basis string) (Result, error) {
	if !idForm.MatchString(found.ID) {
		return Result{}, fmt.Errorf("campaign %.40q has no id that stays; see ringfence hunt list", found.ID)
	}
	d, err := newDesk(ctx, c, h, basis)
	if err == nil {
		err = d.campaign(ctx, found)
	}
	if err != nil {
		err = fmt.Errorf("campaign %s: %w", found.ID, err)
	}
	return d.result(), err
}

func (d *desk) result() Result {
	if d == nil {
		return Result{}
	}
	return d.r
}

func (d *desk) campaign(ctx context.Context, found hunt.Campaign) error {
	raw, err := d.take(ctx, casefile.Exhibit{Name: found.ID + ".json", Source: "campaign " + found.ID + " as the hunt found it", Kind: "campaign", Tier: casefile.Sealed}, found, casefile.Said{})
	if err != nil {
		return err
	}
	persons, err := d.name(ctx, fact.KindPerson, raw.ID, targets(found))
	if err != nil {
		return err
	}
	accounts, err := d.name(ctx, fact.KindAccount, raw.ID, callers(found))
	if err != nil {
		return err
	}
	lines, events := calls(found, persons, accounts)
	records, err := d.campaignRecords(ctx, found, accounts)
	if err != nil {
		return err
	}
	_, err = d.take(ctx, casefile.Exhibit{Name: "calls-" + found.ID + ".jsonl", Source: "campaign " + found.ID + ", its calls under the names of the case", Kind: "calls", Tier: casefile.Court,
		Inputs: []string{raw.ID}}, lines, casefile.Said{Records: records, Events: events})
	return err
}

func targets(found hunt.Campaign) (all []someone) {
	for _, t := range found.Targets {
		all = append(all, someone{t.ID, func(old fact.Fact, tag string, sealed []byte) fact.Fact {
			p, ok := old.(*fact.Person)
			if !ok {
				p = &fact.Person{Class: "not known", Tag: tag, Sealed: sealed, Examined: "not asked", Counted: "not asked"}
			}
			p.First, p.Last, p.Attempts = earlier(p.First, t.First), later(p.Last, t.Last), max(p.Attempts, t.Attempts)
			if p.Country == "" && len(t.Country) == 2 {
				p.Country = t.Country
			}
			return p
		}})
	}
	return all
}

func callers(found hunt.Campaign) (all []someone) {
	for _, id := range found.Accounts {
		var first, last time.Time
		n := 0
		for _, a := range found.Attempts {
			if a.Account == id {
				first, last, n = earlier(first, a.Time), later(last, a.Time), n+1
			}
		}
		all = append(all, someone{id, func(old fact.Fact, tag string, sealed []byte) fact.Fact {
			a, ok := old.(*fact.Account)
			if !ok {
				a = &fact.Account{Role: "caller", Tag: tag, Sealed: sealed}
			}
			a.First, a.Last, a.Calls = earlier(a.First, first), later(a.Last, last), max(a.Calls, n)
			return a
		}})
	}
	return all
}

// calls are the lines of the derived exhibit, and the same as events.
func calls(found hunt.Campaign, persons, accounts map[string]string) ([]byte, []ledger.Event) {
	country := map[string]string{}
	for _, t := range found.Targets {
		country[t.ID] = t.Country
	}
	var lines bytes.Buffer
	var events []ledger.Event
	for _, a := range found.Attempts {
		one := Call{a.Time.UTC(), accounts[a.Account], persons[a.Target], a.Outcome, a.RingMS, country[a.Target]}
		b, err := json.Marshal(one)
		if err != nil {
			continue // it has no value that JSON lacks
		}
		lines.Write(append(b, '\n'))
		events = append(events, ledger.Event{N: int64(len(events) + 1), At: a.Time.UnixNano(), Account: one.Account, Target: one.Target, Body: string(b)})
	}
	return lines.Bytes(), events
}

// campaignRecords are the campaign itself, and the networks that it came from.
func (d *desk) campaignRecords(ctx context.Context, found hunt.Campaign, accounts map[string]string) (records []casefile.Record, err error) {
	c := fact.Campaign{From: found.From.UTC(), Until: found.To.UTC(), Summary: summary(found), Strength: string(found.Strength), Calls: len(found.Attempts), Targets: len(found.Targets),
		Countries: map[string]int{}, Prints: found.Prints, Networks: found.Networks, Reasons: found.Why, Against: found.Against}
	for _, a := range found.Attempts {
		if a.Outcome == record.Blocked.String() {
			c.HeldBack++
		}
	}
	for name, n := range found.Countries {
		if len(name) == 2 {
			c.Countries[name] = n
		}
	}
	for _, id := range found.Accounts {
		c.Accounts = append(c.Accounts, accounts[id])
	}
	slices.Sort(c.Accounts)
	one, err := casefile.NewRecord(c)
	if err != nil {
		return nil, err
	}
	one.ID = found.ID
	records = append(records, one)
	known, err := d.c.Records(ctx, fact.KindInfrastructure)
	if err != nil {
		return nil, err
	}
	for _, network := range found.Networks {
		f := fact.Infrastructure{Type: "network", Value: network, First: found.From.UTC(), Last: found.To.UTC(), Role: "calls of " + found.ID + " came from it"}
		r, err := casefile.NewRecord(f)
		if err != nil {
			return nil, err
		}
		for _, k := range known {
			old, err := k.Fact()
			if i, ok := old.(*fact.Infrastructure); err == nil && ok && i.Value == network {
				r.ID = k.ID
			}
		}
		records = append(records, r)
	}
	return records, nil
}

func summary(found hunt.Campaign) string {
	return fmt.Sprintf("%d calls of %d accounts to %d persons from %s to %s; the hunt calls it %s.", len(found.Attempts), len(found.Accounts), len(found.Targets),
		found.From.UTC().Format("2006-01-02 15:04"), found.To.UTC().Format("2006-01-02 15:04 MST"), found.Strength)
}
