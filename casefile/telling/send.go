package telling

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/casefile/notice"
	wire "github.com/ringfence/ringfence/wire/notice"
)

// Messenger brings a notice to an account of the service. Bringing the same one twice
// is one.
type Messenger interface {
	Deliver(ctx context.Context, account string, n wire.Notice) error
}

// courier knows whom the pseudonyms of a case stand for.
type courier struct {
	to       Messenger
	accounts map[string]string
}

// Deliver implements notice.Courier.
func (c courier) Deliver(ctx context.Context, pseudonym string, n wire.Notice) error {
	account, ok := c.accounts[pseudonym]
	if !ok {
		return fmt.Errorf("%s has no account of this service", pseudonym)
	}
	return c.to.Deliver(ctx, account, n)
}

// Sent is what Send did.
type Sent struct {
	Now         int       `json:"now"`           // persons who have it now
	Undelivered int       `json:"undelivered"`   // of those who were sent to
	Left        int       `json:"left"`          // who want no notices
	Next        time.Time `json:"next,omitzero"` // when the next batch may go
	Waiting     int       `json:"waiting"`       // in batches to come
}

// Send sends the batches whose time has come, of a plan that begins at a time: each
// stands in the ledger before any of it is brought.
func (d *Desk) Send(ctx context.Context, plan string, pace notice.Pace, to Messenger) (sent Sent, err error) {
	list, err := d.Roster(ctx, plan)
	if err != nil {
		return sent, err
	}
	p, err := d.Plan(ctx, plan)
	if err != nil {
		return sent, err
	}
	if err := p.Ready(); err != nil {
		return sent, err
	}
	pace.Now = d.Now()
	batches, left, err := notice.Schedule(list, p, pace)
	if err != nil {
		return sent, err
	}
	sent.Left = left
	for _, b := range batches {
		if b.At.After(d.Now()) {
			sent.Waiting += len(b.Batch.Targets)
			if sent.Next.IsZero() {
				sent.Next = b.At
			}
			continue
		}
		if p, err = d.Take(ctx, notice.Step{Kind: notice.SendBatch, Plan: plan, Batch: &b.Batch}); err != nil {
			return sent, err
		}
	}
	return sent, d.bring(ctx, p, list, to, &sent)
}

// bring brings what was sent and did not arrive yet, and records who has it.
func (d *Desk) bring(ctx context.Context, p *notice.Plan, list *notice.Roster, to Messenger, sent *Sent) error {
	accounts, err := d.accounts(ctx)
	if err != nil {
		return err
	}
	steps, undelivered, err := notice.Dispatch(ctx, p, list, courier{to, accounts})
	if err != nil {
		return err
	}
	sent.Undelivered = undelivered
	known := map[string]string{}
	for _, t := range list.Targets {
		known[list.Commitment(t)] = t.Pseudonym
	}
	for _, s := range steps {
		if _, err := d.Take(ctx, s); err != nil {
			return err
		}
		sent.Now += len(s.Targets)
		if err := d.note(ctx, s.Targets, known, func(_ string, p *fact.Person) { p.Notified = d.Now().UTC() }); err != nil {
			return err
		}
	}
	return nil
}

// note records something of persons.
func (d *Desk) note(ctx context.Context, commitments []string, known map[string]string, what func(id string, p *fact.Person)) error {
	if len(commitments) == 0 {
		return nil
	}
	var all []casefile.Record
	for _, c := range commitments {
		r, err := d.Case.Record(ctx, fact.KindPerson, known[c])
		if err != nil {
			return err
		}
		one, err := r.Fact()
		if err != nil {
			return err
		}
		p := one.(*fact.Person)
		what(r.ID, p)
		if r.Body, err = json.Marshal(p); err != nil {
			return err
		}
		all = append(all, casefile.Record{Kind: r.Kind, ID: r.ID, Tier: r.Tier, Exhibits: r.Exhibits, Body: r.Body})
	}
	_, err := d.Case.Put(ctx, d.Hand, all...)
	return err
}

// accounts are whom the pseudonyms stand for, for a lead or counsel.
func (d *Desk) accounts(ctx context.Context) (map[string]string, error) {
	unseal, err := d.Case.Unseal(d.Hand)
	if err != nil {
		return nil, err
	}
	persons, err := d.Case.Records(ctx, fact.KindPerson)
	if err != nil {
		return nil, err
	}
	all := map[string]string{}
	for _, r := range persons {
		one, err := r.Fact()
		if err != nil {
			return nil, err
		}
		p := one.(*fact.Person)
		if len(p.Sealed) == 0 {
			continue
		}
		b, err := unseal(p.Sealed)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.ID, err)
		}
		var id fact.Identity
		if err := json.Unmarshal(b, &id); err != nil {
			return nil, fmt.Errorf("%s: %w", r.ID, err)
		}
		if id.Account != "" {
			all[r.ID] = id.Account
		}
	}
	return all, nil
}
