package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/notice"
	"github.com/ringfence/ringfence/casefile/telling"
	"github.com/ringfence/ringfence/store"
)

type caseNotifyCommand struct {
	casePlace
	actsAs
	Case   string `arg:"" help:"The case, like K-2026-0001."`
	Notice string `arg:"" optional:"" help:"The notice, like N-2026-0001 (default: the only one of the case)."`

	Draft    bool   `help:"Begin a notice to everybody whom the case knows as a target, in all languages that there are texts in."`
	Outcome  string `enum:"blocked,possible" default:"blocked" help:"With --draft: whether everything was blocked, or something was possibly delivered."`
	Show     string `placeholder:"LANGUAGE" help:"Show the text in a language, as it stands."`
	Review   string `placeholder:"LANGUAGE" help:"Approve the exact text in a language, as a reviewer who is fluent in it."`
	Keep     bool   `help:"Leave out the languages that nobody has reviewed."`
	Approve  bool   `help:"Approve the notice: two persons must, and devices check both signatures."`
	Told     string `placeholder:"HELPLINE" help:"Record that a helpline was told how many are coming; with --from."`
	From     string `placeholder:"DAY" help:"With --told: the day from which on they come, 2026-11-24."`
	Country  string `placeholder:"CC" help:"Agree to sending into a country at risk, or 'unknown': two persons must."`
	Hold     string `placeholder:"REASON" help:"Send nothing until this is released: a legal hold."`
	Release  int    `placeholder:"N" help:"Release the hold of this number; with --reason."`
	Cancel   string `placeholder:"REASON" help:"Send nothing more, for good."`
	Reason   string `help:"With --release: why."`
	Carry    string `placeholder:"PERSON" help:"Print what a partner hands to this person, like T-0007, where the app is not the way; with --language. For leads and counsel."`
	Language string `placeholder:"TAG" default:"en" help:"With --carry: in which language."`
	Send     bool   `help:"Send the batches whose time has come to the accounts of this data folder; again, later, for the next ones. For leads and counsel."`
	Collect  bool   `help:"Record who has read the notice and what people answered. For leads and counsel."`
	List     bool   `help:"Bring the sealed list of who is told up to date with the case."`
	deeds    []string

	Batch  int           `default:"25" help:"With --send: how many people in a batch, at most."`
	Every  time.Duration `default:"1h" help:"With --send: time between batches, at least."`
	Spread time.Duration `default:"2h" help:"With --send: a random time up to this is added to each."`
}

// Run does one thing about a notice, and says how it stands.
func (c *caseNotifyCommand) Run(e *env) error {
	c.deeds = nil
	for name, set := range map[string]bool{"draft": c.Draft, "show": c.Show != "", "review": c.Review != "", "keep": c.Keep, "approve": c.Approve, "told": c.Told != "",
		"country": c.Country != "", "hold": c.Hold != "", "release": c.Release != 0, "cancel": c.Cancel != "", "carry": c.Carry != "", "list": c.List, "send": c.Send, "collect": c.Collect} {
		if set {
			c.deeds = append(c.deeds, name)
		}
	}
	if len(c.deeds) > 1 {
		slices.Sort(c.deeds)
		return &failure{code: "usage", what: "case notify", hint: "give one of --" + strings.Join(c.deeds, ", --"), exit: exitUsage}
	}
	config, err := c.config()
	if err != nil {
		return err
	}
	return c.with(e, c.Case, &c.actsAs, func(k *casefile.Case, h *casefile.Hand) error {
		d := &telling.Desk{Case: k, Hand: h, Config: config, Now: e.now}
		p, err := c.do(e, d)
		if err != nil {
			return notifyFailure(err)
		}
		if p == nil {
			return nil
		}
		return c.report(e, p)
	})
}

// settings are those of config, and none where nothing is set down.
func (c *caseNotifyCommand) settings() (telling.Config, error) {
	config, err := c.config()
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return config, err
}

// config reads what the operator set down about notices.
func (c *caseNotifyCommand) config() (telling.Config, error) {
	path := filepath.Join(c.dir(), "cases", "notices.json")
	b, err := readBounded(path, telling.MaxConfig)
	var config telling.Config
	if err == nil {
		config, err = telling.ReadConfig(b)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return config, &failure{code: "no_config", what: "case notify", why: fmt.Errorf("nothing is set down about notices in %s: %w", path, fs.ErrNotExist),
			hint: `write it there: {"issuer":"chat.example","page":"chat.example/notices","risk":["AE"],"lead_hours":24}; docs/cases.md has the fields`}
	}
	if err != nil {
		return config, &failure{code: "config", what: "reading " + path, why: err, hint: "docs/cases.md has its fields"}
	}
	return config, nil
}

func notifyFailure(err error) error {
	if errors.Is(err, notice.ErrRefused) {
		return &failure{code: "refused", what: "case notify", why: err}
	}
	return caseFailure("case notify", err)
}

// do does what was asked; without anything, it is only shown how the notice stands.
func (c *caseNotifyCommand) do(e *env, d *telling.Desk) (p *notice.Plan, err error) {
	if c.Draft {
		outcome := notice.Blocked
		if c.Outcome == "possible" {
			outcome = notice.Possible
		}
		return d.Draft(e.ctx, outcome)
	}
	id, err := c.id(e, d)
	if err != nil {
		return nil, err
	}
	step := notice.Step{Plan: id}
	switch {
	case c.Show != "":
		return nil, c.text(e, d, id)
	case c.Review != "":
		return d.Review(e.ctx, id, c.Review)
	case c.Keep:
		return d.Keep(e.ctx, id)
	case c.Approve:
		return d.Approve(e.ctx, id)
	case c.Told != "":
		return d.Tell(e.ctx, id, c.Told, c.From)
	case c.Carry != "":
		return nil, c.carry(e, d, id)
	case c.Send, c.Collect:
		return nil, c.messenger(e, d, id)
	case c.List:
		if err := d.List(e.ctx, id); err != nil {
			return nil, err
		}
		return d.Plan(e.ctx, id)
	case c.Country != "":
		step.Kind, step.Country = notice.CountryApprove, c.Country
	case c.Hold != "":
		step.Kind, step.Reason = notice.Hold, c.Hold
	case c.Release != 0:
		step.Kind, step.Held, step.Reason = notice.Release, c.Release, c.Reason
	case c.Cancel != "":
		step.Kind, step.Reason = notice.Cancel, c.Cancel
	default:
		return d.Plan(e.ctx, id)
	}
	return d.Take(e.ctx, step)
}

// messenger sends, or collects what people answered. It works on the store, beside a
// service that runs, which tells the devices within a second.
func (c *caseNotifyCommand) messenger(e *env, d *telling.Desk, id string) error {
	st, err := openStore(e, c.dir())
	if err != nil {
		return err
	}
	defer st.Close()
	if c.Collect {
		return c.collect(e, d, id, st)
	}
	p, err := d.Plan(e.ctx, id)
	if err != nil {
		return err
	}
	start, err := time.Parse(time.DateOnly, p.Text.Issued)
	if err != nil {
		return err
	}
	sent, err := d.Send(e.ctx, id, notice.Pace{Start: start, Size: c.Batch, Every: c.Every, Spread: c.Spread}, st)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "sent": sent})
	}
	fmt.Fprintf(e.stdout, "%s  %d have it now, %d could not be reached and are tried again, %d want no notices\n", id, sent.Now, sent.Undelivered, sent.Left)
	if sent.Waiting > 0 {
		fmt.Fprintf(e.stdout, "  %d wait; the next batch may go at %s: run this again then\n", sent.Waiting, sent.Next.UTC().Format(time.RFC3339))
	}
	return nil
}

func (c *caseNotifyCommand) collect(e *env, d *telling.Desk, id string, st *store.Store) error {
	found, err := d.Collect(e.ctx, id, st)
	if err != nil {
		return err
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "collected": found})
	}
	fmt.Fprintf(e.stdout, "%s  new: %d have read it, %d consents given or withdrawn, %d want no more notices, %d want them again\n", id, found.Read, found.Answered, found.OptedOut, found.OptedIn)
	return nil
}

func (c *caseNotifyCommand) id(e *env, d *telling.Desk) (string, error) {
	if c.Notice != "" {
		return c.Notice, nil
	}
	ids, err := d.Plans(e.ctx)
	if err == nil && len(ids) != 1 {
		err = fmt.Errorf("the case has %d notices (%s); name one, or begin one with --draft", len(ids), strings.Join(ids, ", "))
	}
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// carry prints what a partner hands over.
func (c *caseNotifyCommand) carry(e *env, d *telling.Desk, id string) error {
	text, err := d.Carry(e.ctx, id, c.Carry, c.Language)
	if err == nil {
		_, err = fmt.Fprintln(e.stdout, text)
	}
	return err
}

func (c *caseNotifyCommand) text(e *env, d *telling.Desk, id string) error {
	p, err := d.Plan(e.ctx, id)
	if err != nil {
		return err
	}
	w, ok := p.Text.Wordings[c.Show]
	if !ok {
		return fmt.Errorf("%s has no text in %.20q", id, c.Show)
	}
	_, err = fmt.Fprintf(e.stdout, "%s\n\n%s\n\nsha256 %s\n", w.Title, w.Body, w.Hash())
	return err
}

func (c *caseNotifyCommand) report(e *env, p *notice.Plan) error {
	s := p.Standing()
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "notice": s})
	}
	w := e.stdout
	fmt.Fprintf(w, "%s\n  languages  %d of %d reviewed", s.ID, len(s.Reviews), len(p.Text.Wordings))
	if len(s.Drafts) > 0 {
		fmt.Fprintf(w, "; drafts, which cannot be sent: %s", strings.Join(s.Drafts, " "))
	}
	fmt.Fprintf(w, "\n  approved   by %d: %s\n", len(s.Approved), strings.Join(s.Approved, ", "))
	for name, told := range s.Told {
		fmt.Fprintf(w, "  told       %s, on %s\n", name, told.At.Format(time.DateOnly))
	}
	for i, h := range s.Holds {
		if h.Released.IsZero() {
			fmt.Fprintf(w, "  HELD       number %d, by %s: %s\n", i+1, h.By, h.Reason)
		}
	}
	fmt.Fprintf(w, "  sent to %d, %d have it, %d read it; %d agree to an examination, %d to be counted\n", s.Sent, s.Delivered, s.Read, s.Examine, s.Counted)
	if s.Blocked != "" {
		fmt.Fprintf(w, "  nothing may be sent yet: %s\n", s.Blocked)
	}
	return nil
}
