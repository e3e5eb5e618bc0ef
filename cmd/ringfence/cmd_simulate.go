package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
	"github.com/ringfence/ringfence/hunt/simulate"
)

func init() {
	command("simulate", "Make call records of a world that does not exist, with or without a campaign, to try the hunt on.", &simulateCommand{})
}

type simulateCommand struct {
	reporting
	Users    int      `default:"300000" help:"How many people there are."`
	Days     int      `default:"14" help:"For how many days."`
	Calls    int64    `help:"How many calls ordinary people make, about (default: ten each)."`
	Seed     uint64   `default:"1" help:"The same seed makes the same records."`
	Campaign []string `default:"missed-call-2019" placeholder:"NAME" help:"What campaigns there are: missed-call-2019, slow, rotating, blended, mimic, burst, regional, twin, evade, takeover; or none."`
	Harder   bool     `help:"A world in which innocent people look more like an attack, and an attack more like people."`
	From     string   `default:"2026-03-02" placeholder:"DATE" help:"The first day."`
	Format   string   `default:"parquet" enum:"parquet,jsonl,csv" help:"parquet, jsonl or csv."`
	Out      string   `required:"" placeholder:"DIR" help:"Folder for the records, a file for each hour, and truth.json."`
}

// Run makes the records.
func (c *simulateCommand) Run(e *env) error {
	o := simulate.Options{
		Users: c.Users, Days: c.Days, Calls: c.Calls, Seed: c.Seed, Harder: c.Harder,
		Format: map[string]record.Format{"parquet": record.Parquet, "jsonl": record.JSONLines, "csv": record.CSV}[c.Format],
	}
	var err error
	if o.From, err = time.Parse(time.DateOnly, c.From); err != nil {
		return &failure{code: "usage", what: "simulate: --from " + c.From, why: err, hint: "give a day like 2026-03-02", exit: exitUsage}
	}
	for _, name := range c.Campaign {
		if name == "none" {
			continue
		}
		if !slices.Contains(simulate.Kinds, name) {
			return &failure{code: "usage", what: "simulate: no campaign " + name, hint: "there are " + strings.Join(simulate.Kinds, ", ") + "; or none", exit: exitUsage}
		}
		o.Campaigns = append(o.Campaigns, name)
	}
	if left, err := os.ReadDir(c.Out); err == nil && len(left) > 0 {
		return &failure{code: "exists", what: "simulate: " + c.Out + " is not empty", hint: "give a new folder", exit: exitUsage}
	}
	show := newProgress(e.stderr)
	defer show.end()
	o.Progress = func(done, of int64) { show.show("making records", "", done, of) }
	truth, err := simulate.Run(e.ctx, c.Out, o)
	if err != nil {
		return &failure{code: "simulate", what: "simulate into " + c.Out, why: err, hint: "see ringfence simulate --help"}
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(truth)
	}
	for _, one := range truth.Campaigns {
		fmt.Fprintf(e.stdout, "%s: %s, %d accounts, %d targets\n", one.ID, one.Name, len(one.Accounts), len(one.Targets))
	}
	fmt.Fprintf(e.stdout, "%d crowds that look like one; %s\n", len(truth.Lookalikes), strings.TrimSuffix(c.Out, "/")+"/truth.json says who they are")
	return nil
}
