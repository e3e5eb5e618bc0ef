package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
)

func init() {
	command("ban", "Keep out who attacked: accounts, client prints, networks, and parties by the terms of service.", &banCommand{})
}

type banCommand struct {
	Add    banAddCommand    `cmd:"" help:"Add a ban; of a print or a network two persons must agree, and it flags new accounts only."`
	Second banSecondCommand `cmd:"" help:"Agree to the ban of a print or a network, as its second person."`
	List   banListCommand   `cmd:"" help:"List the bans in force, and those that wait for a second person."`
	Show   banShowCommand   `cmd:"" help:"Show a ban, with what was done about it and what the banned person says."`
	Lift   banLiftCommand   `cmd:"" help:"Lift a ban."`
	Flags  banFlagsCommand  `cmd:"" help:"List new accounts that look like a banned one; exit code 3 when some wait for a decision."`
	Decide banDecideCommand `cmd:"" help:"Decide on a flag: ban this account, or let it go."`
	Prints banPrintsCommand `cmd:"" help:"Show what client prints and networks an account showed of late, and how many ordinary accounts share each."`
	Appeal banAppealCommand `cmd:"" help:"List the appeals that wait, or decide on one."`
}

// banPlace is embedded by the commands about bans. They work on the store, beside a
// service that runs, which sees it within a second.
type banPlace struct {
	dataFolder
	reporting
}

// deciding is embedded by the commands that decide something.
type deciding struct {
	By     string `default:"operator" placeholder:"NAME" help:"Who decides."`
	Reason string `required:"" help:"Why, for whoever reads it later."`
}

func (c *banPlace) with(e *env, do func(*store.Store) error) error {
	st, err := openStore(e, c.dir())
	if err != nil {
		return err
	}
	return errors.Join(do(st), st.Close())
}

// banFailure says what a person can do about it.
func banFailure(what string, err error) error {
	var shared guard.ErrShared
	switch f := (&failure{code: "ban", what: what, why: err}); {
	case err == nil:
		return nil
	case errors.As(err, &shared):
		f.code, f.hint = "shared", "most of them are innocent, and each new one would be held back until somebody decides: ban accounts instead, or add --although-shared"
		return f
	case errors.Is(err, guard.ErrNotFound):
		f.code, f.hint = "not_found", "see ringfence ban list --all"
		return f
	default:
		return f
	}
}

type banAddCommand struct {
	banPlace
	deciding
	Kind     string   `arg:"" enum:"account,print,network,terms" help:"account, print, network or terms."`
	Value    string   `arg:"" help:"The account's name or id; a client print like c1-abcdefgh; 203.0.113.0/24 or AS64500; or a party's name."`
	And      string   `placeholder:"NAME" help:"The second person, for a print or a network."`
	Case     string   `placeholder:"ID" help:"The case, like K-2026-0001."`
	Evidence []string `placeholder:"ID" help:"Exhibits of that case, like E-0001."`
	Until    string   `placeholder:"END" help:"90d, 2027-01-31 or never (default: 365d; of a print or a network 30d, and never is not allowed)."`
	Terms    string   `placeholder:"VERSION" help:"The version of the terms of service from which on they exclude the party."`
	Although bool     `name:"although-shared" help:"Ban a print or a network although ordinary accounts share it."`
}

// Run adds a ban.
func (c *banAddCommand) Run(e *env) error {
	b := guard.Ban{Kind: guard.BanKind(c.Kind), Value: strings.TrimSpace(c.Value), Terms: c.Terms, Reason: c.Reason, Case: c.Case, Evidence: c.Evidence, By: []string{c.By}}
	if c.And != "" {
		b.By = append(b.By, c.And)
	}
	var err error
	if b.Until, err = banEnd(c.Until, b.Broad(), e.now()); err != nil {
		return &failure{code: "usage", what: "--until " + c.Until, why: err, hint: "give a number of days like 90d, a day like 2027-01-31, or never", exit: exitUsage}
	}
	return c.with(e, func(st *store.Store) error {
		if err := named(e, st, &b); err != nil {
			return err
		}
		b, err := st.AddBan(e.ctx, b, c.Although)
		if err != nil {
			return banFailure(fmt.Sprintf("ban of %s %s", c.Kind, c.Value), err)
		}
		if c.JSON {
			return writeJSON(e, b)
		}
		fmt.Fprintln(e.stdout, banLine(b, e.now()))
		if b.Shared > 0 {
			fmt.Fprintf(e.stderr, "warning: %v\n", guard.ErrShared(b.Shared))
		}
		return nil
	})
}

// named turns the name of an account into its id.
func named(e *env, st *store.Store, b *guard.Ban) error {
	if b.Kind != guard.BanAccount {
		return nil
	}
	if _, err := wire.ParseID(b.Value); err == nil {
		return nil
	}
	p, err := st.Find(e.ctx, b.Value)
	if errors.Is(err, guard.ErrNotFound) {
		return &failure{code: "not_found", what: "ban of account " + b.Value, why: errors.New("there is no account of that name"), hint: "give its name or its id of 32 hexadecimal digits"}
	}
	b.Value = p.Account.String()
	return err
}

// banEnd reads when a ban ends.
func banEnd(text string, broad bool, now time.Time) (time.Time, error) {
	switch {
	case text == "never":
		return time.Time{}, nil
	case text == "" && broad:
		return now.Add(guard.BroadBan), nil
	case text == "":
		return now.Add(guard.BanDefault), nil
	}
	if keep, err := parseKeep(text); err == nil {
		return now.Add(keep), nil
	}
	return parseMoment("--until", text, now)
}

func banLine(b guard.Ban, now time.Time) string {
	what := b.Value
	if b.Name != "" {
		what = b.Name + " (" + b.Value + ")"
	}
	until := "never ends"
	if !b.Until.IsZero() {
		until = "until " + b.Until.UTC().Format(time.DateOnly)
	}
	line := fmt.Sprintf("%s  %-8s %s  %s, %s, by %s: %s", b.ID, b.Kind, what, b.State(now), until, strings.Join(b.By, " and "), b.Reason)
	if b.State(now) == "waiting" {
		line += "\n  it is not in force before a second person agrees: ringfence ban second " + b.ID + " --by NAME"
	}
	if b.Appeal.State == guard.AppealAsked {
		line += "\n  there is an appeal: ringfence ban show " + b.ID
	}
	return line
}

type banSecondCommand struct {
	banPlace
	ID string `arg:"" help:"The ban."`
	By string `required:"" placeholder:"NAME" help:"The second person."`
}

// Run agrees to a ban.
func (c *banSecondCommand) Run(e *env) error {
	return c.act(e, c.ID, guard.BanSecond, c.By, "")
}

// act does something about a ban, and shows how it stands then.
func (c *banPlace) act(e *env, id string, do guard.BanDeed, by, reason string) error {
	return c.with(e, func(st *store.Store) error {
		b, err := st.DoBan(e.ctx, id, do, by, reason)
		if err != nil {
			return banFailure("ban "+id, err)
		}
		if c.JSON {
			return writeJSON(e, b)
		}
		fmt.Fprintln(e.stdout, banLine(b, e.now()))
		return nil
	})
}

type banLiftCommand struct {
	banPlace
	deciding
	ID string `arg:"" help:"The ban."`
}

// Run lifts a ban.
func (c *banLiftCommand) Run(e *env) error {
	return c.act(e, c.ID, guard.BanLift, c.By, c.Reason)
}

type banListCommand struct {
	banPlace
	All bool `help:"Also those that were lifted or have expired."`
}

// Run lists bans.
func (c *banListCommand) Run(e *env) error {
	return c.with(e, func(st *store.Store) error {
		all, err := st.Bans(e.ctx)
		if err != nil {
			return banFailure("bans", err)
		}
		return c.show(e, all, func(b guard.Ban) bool {
			s := b.State(e.now())
			return c.All || s == "in force" || s == "waiting"
		})
	})
}

// show prints those bans that are wanted.
func (c *banPlace) show(e *env, all []guard.Ban, wanted func(guard.Ban) bool) error {
	list := []banView{}
	for _, b := range all {
		if wanted(b) {
			list = append(list, banView{b, b.State(e.now())})
		}
	}
	if c.JSON {
		return writeJSON(e, map[string]any{"bans": list})
	}
	for _, b := range list {
		fmt.Fprintln(e.stdout, banLine(b.Ban, e.now()))
	}
	return nil
}

// banView is a ban in JSON, with its state.
type banView struct {
	guard.Ban
	State string `json:"state"`
}

type banShowCommand struct {
	banPlace
	ID string `arg:"" help:"The ban."`
}

// Run shows one ban.
func (c *banShowCommand) Run(e *env) error {
	return c.with(e, func(st *store.Store) error {
		b, acts, err := st.Ban(e.ctx, c.ID)
		if err != nil {
			return banFailure("ban "+c.ID, err)
		}
		if c.JSON {
			return writeJSON(e, map[string]any{"ban": banView{b, b.State(e.now())}, "history": acts})
		}
		fmt.Fprintln(e.stdout, banLine(b, e.now()))
		if b.Case != "" {
			fmt.Fprintln(e.stdout, "  case", b.Case, strings.Join(b.Evidence, " "))
		}
		for _, a := range acts {
			fmt.Fprintf(e.stdout, "  %s  %-7s %s: %s\n", a.At.UTC().Format(time.DateTime), a.Do, a.By, strconv.Quote(a.Text))
		}
		return nil
	})
}
