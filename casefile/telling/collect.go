package telling

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/casefile/notice"
	"github.com/ringfence/ringfence/store"
)

// Answers is where people's devices put what they answer.
type Answers interface {
	// SecurityTold returns how it stands with everybody who was told a text.
	SecurityTold(ctx context.Context, text [32]byte) ([]store.SecurityNotice, error)
}

// Collected is what Collect found that the ledger did not know.
type Collected struct {
	Read     int `json:"read"`     // persons who have opened the notice
	Answered int `json:"answered"` // consents that were given or withdrawn
	OptedOut int `json:"opted_out"`
	OptedIn  int `json:"opted_in"` // want notices again
}

// Collect records who has opened a notice and what people answered, for a lead or
// counsel. Each step is of a number of persons, who stand in it as commitments.
func (d *Desk) Collect(ctx context.Context, plan string, from Answers) (found Collected, err error) {
	p, err := d.Plan(ctx, plan)
	if err != nil {
		return found, err
	}
	list, err := d.Roster(ctx, plan)
	if err != nil {
		return found, err
	}
	text, err := p.SignedText()
	if err != nil {
		return found, err
	}
	told, err := from.SecurityTold(ctx, sha256.Sum256([]byte(text)))
	if err != nil {
		return found, err
	}
	accounts, err := d.accounts(ctx)
	if err != nil {
		return found, err
	}
	c := collecting{steps: map[stepKey][]string{}, known: map[string]string{}, read: map[string]time.Time{}}
	by := map[string]notice.Target{}
	for _, t := range list.Targets {
		by[accounts[t.Pseudonym]+" "+t.Code] = t
	}
	for _, n := range told {
		if t, ok := by[n.Account.String()+" "+n.Code]; ok && n.ID == plan {
			c.person(p, list.Commitment(t), t.Pseudonym, n)
		}
	}
	return d.record(ctx, plan, &c)
}

// stepKey is what persons of one step have in common.
type stepKey struct {
	kind    notice.Kind
	consent notice.Consent
	given   bool
}

// collecting is what is new.
type collecting struct {
	steps map[stepKey][]string // commitments
	known map[string]string    // pseudonyms of them
	read  map[string]time.Time // by pseudonym
}

func (c *collecting) add(k stepKey, commitment string) { c.steps[k] = append(c.steps[k], commitment) }

// person compares what the ledger has of somebody with what the device said.
func (c *collecting) person(p *notice.Plan, commitment, pseudonym string, n store.SecurityNotice) {
	now, ok := p.Target(commitment)
	if !ok || now.Delivered.IsZero() {
		return // brought, and not yet recorded; it is next time
	}
	c.known[commitment], c.read[pseudonym] = pseudonym, n.Read
	if now.Read.IsZero() && (!n.Read.IsZero() || len(n.Answers) > 0) {
		c.add(stepKey{kind: notice.Read}, commitment)
	}
	for asked, what := range map[notice.Consent]string{notice.Examination: store.Examination, notice.Counted: store.Counted} {
		if given := n.Last(what); given != p.Consents(commitment, asked) {
			c.add(stepKey{notice.Answer, asked, given}, commitment)
		}
	}
	switch out := n.Last(store.OptOut); {
	case out && !p.OptedOut(commitment):
		c.add(stepKey{kind: notice.OptOut}, commitment)
	case !out && p.OptedOut(commitment) && slices.ContainsFunc(n.Answers, func(a store.SecurityAnswer) bool { return a.What == store.OptOut }):
		c.add(stepKey{kind: notice.OptIn}, commitment)
	}
}

// record takes the steps, and writes to each person's record what it says.
func (d *Desk) record(ctx context.Context, plan string, c *collecting) (found Collected, err error) {
	for _, kind := range []notice.Kind{notice.Read, notice.Answer, notice.OptOut, notice.OptIn} {
		for k, all := range c.steps {
			if k.kind != kind {
				continue
			}
			if err := d.recordAll(ctx, plan, k, all, c); err != nil {
				return found, err
			}
			found.count(kind, len(all))
		}
	}
	return found, nil
}

func (d *Desk) recordAll(ctx context.Context, plan string, k stepKey, all []string, c *collecting) error {
	slices.Sort(all)
	for some := range slices.Chunk(all, notice.MaxBatch) {
		if err := d.recordSome(ctx, plan, k, some, c); err != nil {
			return err
		}
	}
	return nil
}

func (f *Collected) count(k notice.Kind, n int) {
	switch k {
	case notice.Read:
		f.Read += n
	case notice.Answer:
		f.Answered += n
	case notice.OptOut:
		f.OptedOut += n
	case notice.OptIn:
		f.OptedIn += n
	}
}

func (d *Desk) recordSome(ctx context.Context, plan string, k stepKey, some []string, c *collecting) error {
	s := notice.Step{Kind: k.kind, Plan: plan, Targets: some}
	if k.kind == notice.Answer {
		s.Consent, s.Given = k.consent, &k.given
	}
	if _, err := d.Take(ctx, s); err != nil {
		return err
	}
	said := map[bool]string{true: "given", false: "withdrawn"}[k.given]
	return d.note(ctx, some, c.known, func(id string, p *fact.Person) {
		switch {
		case k.kind == notice.Read && p.Read.IsZero():
			p.Read = c.read[id]
		case k.kind == notice.Answer && k.consent == notice.Examination:
			p.Examined = said
		case k.kind == notice.Answer && k.consent == notice.Counted:
			p.Counted = said
		}
	})
}
