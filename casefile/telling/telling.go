// Package telling binds the plan of a notice (package notice) to a case: each step
// is an entry of the ledger, signed by who takes it; the list of those who are told
// is sealed; and who a pseudonym stands for is known only while a notice is brought.
package telling

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/casefile/notice"
	wire "github.com/ringfence/ringfence/wire/notice"
)

// Config is what an operator sets down about notices, before there is any.
type Config struct {
	Issuer    string            `json:"issuer"`              // the service, as people know it
	Page      string            `json:"page"`                // where every wording is public: chat.example/notices
	Risk      []string          `json:"risk,omitempty"`      // countries where a notice can endanger
	LeadHours int               `json:"lead_hours"`          // how long before the first batch a helpline is told
	Helplines []notice.Helpline `json:"helplines,omitempty"` // none: those of notice.DefaultHelplines
}

// MaxConfig is how long a configuration may be, in bytes.
const MaxConfig = 64 << 10

// ReadConfig reads a configuration; fields that it has not are refused.
func ReadConfig(b []byte) (c Config, err error) {
	if len(b) > MaxConfig {
		return c, fmt.Errorf("a configuration of %d bytes, at most %d", len(b), MaxConfig)
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err = d.Decode(&c); err == nil && (c.LeadHours < 0 || c.LeadHours > 24*30) {
		err = errors.New("lead_hours is not between 0 and 720")
	}
	return c, err
}

// Desk is where the notices of a case are worked on.
type Desk struct {
	Case   *casefile.Case
	Hand   *casefile.Hand
	Config Config
	Now    func() time.Time
}

// rules are those of the operator and of who is enrolled.
func (d *Desk) rules(ctx context.Context) (notice.Rules, error) {
	r := notice.Rules{Risk: d.Config.Risk, Lead: time.Duration(d.Config.LeadHours) * time.Hour}
	all, err := d.Case.Room().Persons(ctx)
	for _, p := range all {
		r.People = append(r.People, notice.Person{Name: p.Name, Role: string(p.Role), Key: p.Key, Languages: p.Languages, Since: p.Since, Until: p.Until})
	}
	return r, err
}

func fold(r notice.Rules, was []casefile.Record) (*notice.Plan, error) {
	var steps []notice.Step
	for _, one := range was {
		s, err := notice.ReadStep(one.Body)
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", one.Entry, err)
		}
		if s.By != one.By {
			return nil, fmt.Errorf("entry %d: the step says it is by %s, and is signed by %s", one.Entry, s.By, one.By)
		}
		steps = append(steps, s)
	}
	return notice.Fold(r, steps)
}

// Plan is a plan as it stands.
func (d *Desk) Plan(ctx context.Context, id string) (*notice.Plan, error) {
	r, err := d.rules(ctx)
	if err != nil {
		return nil, err
	}
	was, err := d.Case.History(ctx, fact.KindNotice, id)
	if err == nil && len(was) == 0 {
		err = fmt.Errorf("%s has no notice %.40q; see ringfence case notify", d.Case.ID, id)
	}
	if err != nil {
		return nil, err
	}
	return fold(r, was)
}

// Plans are the ids of the case's notices.
func (d *Desk) Plans(ctx context.Context) (ids []string, err error) {
	all, err := d.Case.Records(ctx, fact.KindNotice)
	for _, r := range all {
		ids = append(ids, r.ID)
	}
	return ids, err
}

// Take takes a step: it stands in the ledger, signed, when this returns.
func (d *Desk) Take(ctx context.Context, s notice.Step) (p *notice.Plan, err error) {
	r, err := d.rules(ctx)
	if err != nil {
		return nil, err
	}
	s.By, s.At = d.Hand.Name, d.Now().UTC()
	_, err = d.Case.Amend(ctx, d.Hand, fact.KindNotice, s.Plan, func(was []casefile.Record) ([]casefile.Record, error) {
		if p = notice.New(r); len(was) > 0 {
			if p, err = fold(r, was); err != nil {
				return nil, err
			}
		}
		if err := p.Apply(s); err != nil {
			return nil, err
		}
		tier := casefile.Court
		if s.Kind == notice.SendBatch {
			tier = casefile.Sealed // a small one says in which country somebody is
		}
		b, err := json.Marshal(s)
		return []casefile.Record{{Kind: fact.KindNotice, ID: s.Plan, Tier: tier, Body: b}}, err
	})
	return p, err
}

// Draft begins a notice to everybody whom the case knows as a target, in all
// languages that texts are shipped in, and makes the sealed list of them.
func (d *Desk) Draft(ctx context.Context, outcome notice.Outcome) (*notice.Plan, error) {
	f, err := d.facts(ctx, outcome)
	if err != nil {
		return nil, err
	}
	text := notice.Text{Facts: f, Issued: d.Now().UTC().Format(time.DateOnly), Wordings: map[string]wire.Wording{}, Versions: map[string]string{}}
	for _, tag := range notice.Languages() {
		if text.Wordings[tag], err = notice.Write(f, tag); err != nil {
			return nil, err
		}
		_, _, text.Versions[tag], _ = notice.Language(tag)
	}
	ids, err := d.Plans(ctx)
	if err != nil {
		return nil, err
	}
	id := fmt.Sprintf("N-%04d-%04d", d.Now().UTC().Year(), len(ids)+1)
	p, err := d.Take(ctx, notice.Step{Kind: notice.Draft, Plan: id, Text: &text})
	if err != nil {
		return nil, err
	}
	return p, d.List(ctx, id)
}

// facts are those of the case's campaigns.
func (d *Desk) facts(ctx context.Context, outcome notice.Outcome) (f notice.Facts, err error) {
	f = notice.Facts{Issuer: d.Config.Issuer, Page: d.Config.Page, Outcome: outcome, Seen: notice.SeenCall, Did: []notice.Action{notice.Stopped, notice.Kept}, Helplines: d.Config.Helplines}
	if len(f.Helplines) == 0 {
		f.Helplines = notice.DefaultHelplines
	}
	campaigns, err := d.Case.Records(ctx, fact.KindCampaign)
	if err != nil {
		return f, err
	}
	for _, r := range campaigns {
		one, err := r.Fact()
		if err != nil {
			return f, err
		}
		c := one.(*fact.Campaign)
		from, until := c.From.UTC().Format(time.DateOnly), c.Until.UTC().Format(time.DateOnly)
		if f.From == "" || from < f.From {
			f.From = from
		}
		f.Until = max(f.Until, until)
	}
	if f.From == "" {
		return f, errors.New("the case knows no campaign that anybody could be told of; bring one in with ringfence case import")
	}
	return f, f.Check()
}

// sealedRoster is a list as it stands in the ledger.
type sealedRoster struct {
	Plan   string `json:"plan"`
	Sealed []byte `json:"sealed"` // age, gzip, JSON
}

// rosterID is the id of the list of a plan.
func rosterID(plan string) string { return "R" + strings.TrimPrefix(plan, "N") }

const maxRoster = 64 << 20 // bytes of a list that was unpacked

// Roster opens the list of a plan, for a lead or counsel; a plan without one has an
// empty one.
func (d *Desk) Roster(ctx context.Context, plan string) (*notice.Roster, error) {
	r, err := d.Case.Record(ctx, fact.KindRoster, rosterID(plan))
	if errors.Is(err, casefile.ErrNoRecord) {
		return notice.NewRoster(plan, rand.Reader)
	}
	if err != nil {
		return nil, err
	}
	var s sealedRoster
	if err := json.Unmarshal(r.Body, &s); err != nil {
		return nil, err
	}
	unseal, err := d.Case.Unseal(d.Hand)
	if err != nil {
		return nil, err
	}
	b, err := unseal(s.Sealed)
	if err != nil {
		return nil, err
	}
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	list := &notice.Roster{}
	if err := json.NewDecoder(io.LimitReader(z, maxRoster)).Decode(list); err != nil {
		return nil, err
	}
	return list, list.Check()
}

// List brings the list of a plan up to date with the targets that the case knows.
func (d *Desk) List(ctx context.Context, plan string) error {
	list, err := d.Roster(ctx, plan)
	if err != nil {
		return err
	}
	persons, err := d.Case.Records(ctx, fact.KindPerson)
	if err != nil {
		return err
	}
	out, err := d.optedOut(ctx, plan)
	if err != nil {
		return err
	}
	for _, r := range persons {
		one, err := r.Fact()
		if err != nil {
			return err
		}
		p := one.(*fact.Person)
		there := slices.ContainsFunc(list.Targets, func(t notice.Target) bool { return t.Pseudonym == r.ID })
		if !there && (!p.Notified.IsZero() || out[r.ID]) {
			continue // told by another notice, or wants no further ones
		}
		if err := list.Add(target(r.ID, p), rand.Reader); err != nil {
			return err
		}
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := errors.Join(json.NewEncoder(z).Encode(list), z.Close()); err != nil {
		return err
	}
	sealed, err := d.Case.Seal(b.Bytes())
	if err != nil {
		return err
	}
	body, err := json.Marshal(sealedRoster{plan, sealed})
	if err != nil {
		return err
	}
	_, err = d.Case.Put(ctx, d.Hand, casefile.Record{Kind: fact.KindRoster, ID: rosterID(plan), Tier: casefile.Sealed, Body: body})
	return err
}

// target is a person as a list has it.
func target(id string, p *fact.Person) notice.Target {
	t := notice.Target{Pseudonym: id, Language: p.Language, Country: p.Country, Channel: notice.InApp, High: p.High}
	if p.KnownBy != "" && p.Class != "not known" {
		t.Class, t.KnownBy = notice.Class(p.Class), p.KnownBy
	}
	if len(p.Sealed) == 0 {
		t.Channel = notice.Carried // there is no account that it could go to
	}
	return t
}

// optedOut are those who wanted no further notices after an earlier one.
func (d *Desk) optedOut(ctx context.Context, but string) (map[string]bool, error) {
	ids, err := d.Plans(ctx)
	if err != nil {
		return nil, err
	}
	all := map[string]bool{}
	for _, id := range ids {
		if id == but {
			continue
		}
		p, err := d.Plan(ctx, id)
		if err != nil {
			return nil, err
		}
		list, err := d.Roster(ctx, id)
		if err != nil {
			return nil, err
		}
		for _, t := range list.Targets {
			all[t.Pseudonym] = all[t.Pseudonym] || p.OptedOut(list.Commitment(t))
		}
	}
	return all, nil
}

// Review approves the exact text of a language, by a person fluent in it.
func (d *Desk) Review(ctx context.Context, plan, tag string) (*notice.Plan, error) {
	p, err := d.Plan(ctx, plan)
	if err != nil {
		return nil, err
	}
	w, ok := p.Text.Wordings[tag]
	if !ok {
		return nil, fmt.Errorf("%s has no text in %.20q", plan, tag)
	}
	return d.Take(ctx, notice.Step{Kind: notice.ReviewLanguage, Plan: plan, Language: tag, Hash: w.Hash(), Version: p.Text.Versions[tag]})
}

// Approve signs what devices will verify.
func (d *Desk) Approve(ctx context.Context, plan string) (*notice.Plan, error) {
	p, err := d.Plan(ctx, plan)
	if err != nil {
		return nil, err
	}
	s, err := p.Sign(d.Hand.Signer())
	if err != nil {
		return nil, err
	}
	return d.Take(ctx, s)
}

// Keep leaves out the languages that nobody has reviewed, so that the others can be
// sent.
func (d *Desk) Keep(ctx context.Context, plan string) (*notice.Plan, error) {
	p, err := d.Plan(ctx, plan)
	if err != nil {
		return nil, err
	}
	text := p.Text
	text.Wordings, text.Versions = map[string]wire.Wording{}, map[string]string{}
	drafts := p.Standing().Drafts
	for tag, w := range p.Text.Wordings {
		if !slices.Contains(drafts, tag) {
			text.Wordings[tag], text.Versions[tag] = w, p.Text.Versions[tag]
		}
	}
	return d.Take(ctx, notice.Step{Kind: notice.Edit, Plan: plan, Text: &text})
}

// Tell records that a helpline was told how many persons are coming.
func (d *Desk) Tell(ctx context.Context, plan, helpline, from string) (*notice.Plan, error) {
	list, err := d.Roster(ctx, plan)
	if err != nil {
		return nil, err
	}
	return d.Take(ctx, notice.Step{Kind: notice.HelplineTold, Plan: plan, Helpline: helpline, Count: len(list.Targets), From: from})
}

// Carry is what a partner hands to a person where the app is not the way: how to find
// the notice, and the code by which the person sees that it is genuine. It is given
// out once the notice may be sent.
func (d *Desk) Carry(ctx context.Context, plan, pseudonym, tag string) (string, error) {
	list, err := d.Roster(ctx, plan)
	if err != nil {
		return "", err
	}
	p, err := d.Plan(ctx, plan)
	if err != nil {
		return "", err
	}
	if err := p.Ready(); err != nil {
		return "", err
	}
	i := slices.IndexFunc(list.Targets, func(t notice.Target) bool { return t.Pseudonym == pseudonym })
	if i < 0 {
		return "", fmt.Errorf("%.40q is not on the list of %s; --list brings it up to date", pseudonym, plan)
	}
	return p.Carry(tag, list.Targets[i].Code)
}
