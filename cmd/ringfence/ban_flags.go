package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
)

// flagRows is how many flags are listed at most; the JSON says whether there are more.
const flagRows = 1000

type banFlagsCommand struct {
	banPlace
	All bool `help:"Also those that are decided, or whose ban is over."`
}

// Run lists flags.
func (c *banFlagsCommand) Run(e *env) error {
	return c.with(e, func(st *store.Store) error {
		all, err := st.Evasions(e.ctx, guard.EvasionFilter{Open: !c.All}, guard.Newest(flagRows+1))
		if err != nil {
			return banFailure("flags", err)
		}
		more := len(all) > flagRows
		all = all[:min(len(all), flagRows)]
		open := 0
		for _, f := range all {
			if f.Decided.IsZero() && f.InForce {
				open++
			}
		}
		if c.JSON {
			err = writeJSON(e, map[string]any{"flags": append([]guard.Evasion{}, all...), "open": open, "more": more})
		} else {
			err = printFlags(e, st, all)
		}
		if err == nil && open > 0 {
			err = found(exitFound)
		}
		return err
	})
}

func printFlags(e *env, st *store.Store, all []guard.Evasion) error {
	for _, f := range all {
		p, err := st.Person(e.ctx, f.Account)
		if errors.Is(err, guard.ErrNotFound) {
			p.Name, err = "gone", nil
		}
		if err != nil {
			return err
		}
		holds := "its calls to strangers are held back"
		switch {
		case !f.Decided.IsZero():
			holds = fmt.Sprintf("%s by %s: %s", f.Verdict, f.By, f.Reason)
		case !f.InForce:
			holds = "the ban is over: nothing is held back"
		case !f.Holding:
			holds = "it has ordinary relations: nothing is held back"
		}
		fmt.Fprintf(e.stdout, "%d  %s (%s) shows the %s %s of ban %s since %s; ordinary accounts of the same: %s; %s\n",
			f.Number, p.Name, f.Account, f.Kind, f.Value, f.Ban, f.At.UTC().Format(time.DateTime), ordinary(f.Shared), holds)
		if f.Appeal != "" {
			fmt.Fprintf(e.stdout, "   the person says: %s\n", strconv.Quote(f.Appeal))
		}
	}
	return nil
}

func ordinary(n int) string {
	if n < 0 {
		return "not known"
	}
	return strconv.Itoa(n)
}

type banDecideCommand struct {
	banPlace
	deciding
	Flag     int64  `arg:"" help:"Its number, from ban flags."`
	Decision string `arg:"" enum:"ban,let-go" help:"ban: this account and no other; let-go: it has nothing to do with the banned one."`
}

// Run decides on a flag.
func (c *banDecideCommand) Run(e *env) error {
	d := map[string]guard.EvasionDecision{"ban": guard.EvasionBanned, "let-go": guard.EvasionLetGo}[c.Decision]
	return c.with(e, func(st *store.Store) error {
		what := fmt.Sprintf("flag %d", c.Flag)
		if err := st.DecideEvasion(e.ctx, c.Flag, d, c.By, c.Reason); err != nil {
			return banFailure(what, err)
		}
		f, err := st.Evasion(e.ctx, c.Flag)
		if err != nil {
			return banFailure(what, err)
		}
		if c.JSON {
			return writeJSON(e, f)
		}
		fmt.Fprintf(e.stdout, "%s: account %s is %s\n", what, f.Account, f.Verdict)
		return nil
	})
}

type banAppealCommand struct {
	banPlace
	By     string `default:"operator" placeholder:"NAME" help:"Who decides."`
	Reason string `help:"Why, for whoever reads it later."`
	Uphold bool   `help:"The ban stays." xor:"decision"`
	Grant  bool   `help:"The ban is lifted." xor:"decision"`
	ID     string `arg:"" optional:"" help:"The ban; without it the appeals that wait are listed."`
}

// Run lists appeals, or decides on one.
func (c *banAppealCommand) Run(e *env) error {
	switch {
	case c.ID == "":
		return c.waiting(e)
	case c.Uphold:
		return c.act(e, c.ID, guard.BanUphold, c.By, c.Reason)
	case c.Grant:
		return c.act(e, c.ID, guard.BanGrant, c.By, c.Reason)
	}
	return &failure{code: "usage", what: "ban appeal " + c.ID, hint: "decide with --uphold or --grant, and --reason; ban show has what the person says", exit: exitUsage}
}

func (c *banAppealCommand) waiting(e *env) error {
	return c.with(e, func(st *store.Store) error {
		all, err := st.Bans(e.ctx)
		if err != nil {
			return banFailure("appeals", err)
		}
		n := 0
		err = c.show(e, all, func(b guard.Ban) bool {
			waits := b.Appeal.State == guard.AppealAsked && b.InForce(e.now())
			if waits {
				n++
			}
			return waits
		})
		if err == nil && n > 0 {
			err = found(exitFound)
		}
		return err
	})
}

type banPrintsCommand struct {
	banPlace
	Account string `arg:"" help:"The account's name or id."`
}

// printView is a print or a network of an account, in JSON.
type printView struct {
	Kind   guard.BanKind `json:"kind"`
	Value  string        `json:"value"`
	Shared int           `json:"shared"` // ordinary accounts that showed the same, this one with them
}

// Run shows what could be banned of an account, and what that would mean for others.
func (c *banPrintsCommand) Run(e *env) error {
	b := guard.Ban{Kind: guard.BanAccount, Value: c.Account}
	return c.with(e, func(st *store.Store) error {
		if err := named(e, st, &b); err != nil {
			return err
		}
		all := []printView{}
		for _, kind := range []guard.BanKind{guard.BanPrint, guard.BanNetwork} {
			some, err := printsOf(e, st, b.Value, kind)
			if err != nil {
				return banFailure("prints of "+c.Account, err)
			}
			all = append(all, some...)
		}
		if c.JSON {
			return writeJSON(e, map[string]any{"account": b.Value, "prints": all})
		}
		for _, p := range all {
			fmt.Fprintf(e.stdout, "%-8s %s  ordinary accounts of the same, this one with them: %d\n", p.Kind, p.Value, p.Shared)
		}
		return nil
	})
}

func printsOf(e *env, st *store.Store, account string, kind guard.BanKind) (all []printView, err error) {
	id, err := wire.ParseID(account)
	if err != nil {
		return nil, err
	}
	values, err := st.PrintsOf(e.ctx, id, kind)
	for _, v := range values {
		n, err := st.Sharing(e.ctx, kind, v)
		if err != nil {
			return nil, err
		}
		all = append(all, printView{kind, v, n})
	}
	return all, err
}
