package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/intake"
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/store"
)

type caseImportCommand struct {
	casePlace
	actsAs
	Case     string `arg:"" help:"The case, like K-2026-0001."`
	Incident int64  `placeholder:"NUMBER" help:"A verdict of the guard, as the console numbers it, with those on the same call and the exact bytes."`
	Campaign string `placeholder:"C-2026-0001" help:"A campaign that the hunt found; see ringfence hunt list."`
	Revealed string `type:"existingfile" placeholder:"FILE" help:"With --campaign, where its people are pseudonyms of the archive: what calls reveal --json printed when two persons turned them back."`
	Bans     bool   `help:"The bans that name this case, with what was done about them and what the banned say."`
	Check    string `type:"existingdir" placeholder:"DIR" help:"The report of an examined phone, as ringfence check wrote it; with --about and --basis."`
	Capture  string `type:"existingfile" placeholder:"FILE" help:"Captured traffic; with --basis."`
	About    string `placeholder:"T-0001" help:"Whose phone it is: a person of the case."`
	Basis    string `help:"By what right it was taken: consent:C-12, order:... (default for what the service recorded: own records)."`
}

// Run brings in what was found.
func (c *caseImportCommand) Run(e *env) error {
	what, given := "", 0
	for name, set := range map[string]bool{"incident": c.Incident != 0, "campaign": c.Campaign != "", "bans": c.Bans, "check": c.Check != "", "capture": c.Capture != ""} {
		if set {
			what, given = name, given+1
		}
	}
	if given != 1 {
		return &failure{code: "usage", what: "case import", hint: "give one of --incident, --campaign, --bans, --check, --capture", exit: exitUsage}
	}
	if (what == "check" || what == "capture") && c.Basis == "" {
		return &failure{code: "usage", what: "case import --" + what, hint: "say by what right it was taken: --basis consent:C-12", exit: exitUsage}
	}
	if c.Basis == "" {
		c.Basis = "own records"
	}
	return c.with(e, c.Case, &c.actsAs, func(k *casefile.Case, h *casefile.Hand) error {
		r, err := c.bring(e, what, k, h)
		if err != nil {
			var f *failure
			if errors.As(err, &f) {
				return err
			}
			return caseFailure("case import", err)
		}
		return c.report(e, r)
	})
}

func (c *caseImportCommand) bring(e *env, what string, k *casefile.Case, h *casefile.Hand) (intake.Result, error) {
	switch what {
	case "check":
		return intake.Report(e.ctx, k, h, c.Check, c.About, c.Basis)
	case "capture":
		return c.capture(e, k, h)
	}
	st, err := openStore(e, c.dir())
	if err != nil {
		return intake.Result{}, err
	}
	defer st.Close()
	switch what {
	case "bans":
		bans, err := bansOf(e.ctx, st, k.ID)
		if err != nil {
			return intake.Result{}, err
		}
		return intake.Bans(e.ctx, k, h, bans, c.Basis)
	case "campaign":
		found, err := keptCampaign(e.ctx, st, c.Campaign)
		if err != nil {
			return intake.Result{}, err
		}
		if c.Revealed != "" {
			if err := nameAgain(&found, c.Revealed); err != nil {
				return intake.Result{}, err
			}
		}
		return intake.Campaign(e.ctx, k, h, found, c.Basis)
	}
	verdicts, err := verdictsOf(e.ctx, st, c.Incident)
	if err != nil {
		return intake.Result{}, fmt.Errorf("verdict %d: %w", c.Incident, err)
	}
	return intake.Incident(e.ctx, k, h, verdicts, c.Basis)
}

func (c *caseImportCommand) capture(e *env, k *casefile.Case, h *casefile.Hand) (intake.Result, error) {
	f, err := os.Open(c.Capture)
	if err != nil {
		return intake.Result{}, err
	}
	defer f.Close()
	x := casefile.Exhibit{Name: filepath.Base(c.Capture), Source: "captured traffic", About: c.About, Basis: c.Basis, Kind: "capture", Tier: casefile.Court}
	if c.About != "" {
		x.Source += " of " + c.About
	}
	x, err = k.Add(e.ctx, h, x, f)
	return intake.Result{Exhibits: []casefile.Exhibit{x}}, err
}

// bansOf are the bans that name a case.
func bansOf(ctx context.Context, st *store.Store, id string) (bans []intake.Ban, err error) {
	all, err := st.Bans(ctx)
	for i := 0; err == nil && i < len(all); i++ {
		if all[i].Case != id {
			continue
		}
		var one intake.Ban
		one.Ban, one.Acts, err = st.Ban(ctx, all[i].ID)
		bans = append(bans, one)
	}
	if err == nil && len(bans) == 0 {
		err = &failure{code: "no_ban", what: "bans for " + id, why: errors.New("none names this case"), hint: "say it when you ban: ringfence ban add ... --case " + id}
	}
	return bans, err
}

func keptCampaign(ctx context.Context, st *store.Store, id string) (found hunt.Campaign, err error) {
	kept, err := st.Campaign(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return found, &failure{code: "no_campaign", what: "campaign " + id, why: errors.New("none of that id is kept"), hint: "see ringfence hunt list"}
	}
	if err == nil {
		err = json.Unmarshal(kept.Body, &found)
	}
	return found, err
}

// maxRevealed is how long a file of turned-back pseudonyms may be, in bytes.
const maxRevealed = 4 << 20

// nameAgain puts accounts in the place of their pseudonyms. Those that were not
// turned back, because the account is gone, stay as they are.
func nameAgain(found *hunt.Campaign, path string) error {
	b, err := readBounded(path, maxRevealed)
	if err != nil {
		return err
	}
	var r revelation
	if err := json.Unmarshal(b, &r); err != nil || len(r.Found) == 0 {
		return &failure{code: "revealed", what: "reading " + path, why: errors.Join(err, errors.New("it names no account")), hint: "give what ringfence calls reveal --json printed"}
	}
	names := map[string]string{}
	for _, one := range r.Found {
		names[one.Pseudonym] = one.Account
	}
	name := func(id *string) {
		if account, ok := names[*id]; ok {
			*id = account
		}
	}
	for i := range found.Accounts {
		name(&found.Accounts[i])
	}
	for i := range found.Targets {
		name(&found.Targets[i].ID)
	}
	for i := range found.Attempts {
		name(&found.Attempts[i].Account)
		name(&found.Attempts[i].Target)
	}
	return nil
}

// maxOfCall is how many verdicts on one call are brought in.
const maxOfCall = 1000

// verdictsOf are a verdict and those on the same call, with their bytes.
func verdictsOf(ctx context.Context, st *store.Store, number int64) ([]guard.Verdict, error) {
	first, err := st.Verdict(ctx, number)
	if err != nil || first.Call.IsZero() {
		return []guard.Verdict{first}, err
	}
	same, err := st.Verdicts(ctx, guard.Filter{Call: first.Call}, guard.Newest(maxOfCall))
	if err != nil {
		return nil, err
	}
	all := []guard.Verdict{first}
	for _, v := range same {
		if v.Number == number {
			continue
		}
		if v, err = st.Verdict(ctx, v.Number); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

func (c *caseImportCommand) report(e *env, r intake.Result) error {
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "exhibits": r.Exhibits, "records": r.Records})
	}
	for _, x := range r.Exhibits {
		fmt.Fprintf(e.stdout, "%s  %d bytes  %s  %s\n", x.ID, x.Size, x.Tier, x.Name)
	}
	var records []string
	for kind, n := range r.Records {
		records = append(records, fmt.Sprintf("%d %s", n, kind))
	}
	slices.Sort(records)
	if len(records) > 0 {
		fmt.Fprintf(e.stdout, "recorded: %s\n", strings.Join(records, ", "))
	}
	return nil
}
