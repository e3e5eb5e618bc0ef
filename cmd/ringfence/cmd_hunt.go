package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/hunt/record"
	"github.com/ringfence/ringfence/hunt/report"
	"github.com/ringfence/ringfence/store"
)

func init() {
	command("hunt", "Find campaigns among call records: who was behind them, and everyone they were aimed at.", &huntCommand{})
}

type huntCommand struct {
	Find findCommand `cmd:"" default:"withargs" help:"Find campaigns (this is what hunt does when nothing else is said)."`
	List keptCommand `cmd:"" help:"List the campaigns that earlier hunts found and kept."`

	Approve huntApproveCommand `cmd:"" help:"Approve a query of a service's own records that starts from a person."`
	Sign    huntSignCommand    `cmd:"" help:"Sign the approval of a query on another machine than the service's."`
	Queries huntQueriesCommand `cmd:"" help:"List what was asked of a service's own records with a sign, by whom, and who approved it."`
	Key     huntKeyCommand     `cmd:"" help:"Make the key with which a person asks and approves."`
	Enroll  huntEnrollCommand  `cmd:"" help:"Let a person ask and approve."`
	Index   huntIndexCommand   `cmd:"" help:"Make the index with which hunt --from answers at once; it does so itself on first use."`
}

type findCommand struct {
	dataFolder
	reporting
	signFlags
	Paths    []string      `arg:"" optional:"" name:"records" help:"Folders and files of call records: Parquet, JSON lines or CSV (default: those of the service in --data)."`
	Report   string        `placeholder:"FILE" help:"Draw what was found into FILE, an HTML page."`
	Language string        `default:"en" enum:"en,ar" help:"Language of the page: en or ar."`
	Force    bool          `help:"Replace a page that stands there."`
	Memory   string        `default:"1600MB" help:"About how much memory to use; what does not fit goes to temporary files."`
	Keep     bool          `default:"true" negatable:"" help:"Keep the campaigns under ids that stay (--no-keep: do not)."`
	Share    string        `placeholder:"2/3" help:"Do the second of three shares of a hunt on several machines; the first tells what was found."`
	Exchange string        `placeholder:"DIR" help:"Folder that all machines of a shared hunt reach, empty at first."`
	Live     bool          `help:"Show the campaigns that serve finds in --data, as they form."`
	For      time.Duration `help:"How long, with --live (default: until it is ended)."`
}

// Run hunts; it ends with 3 when it found campaigns that are more than weak, and
// with 4 when it found none and some records could not be read.
func (c *findCommand) Run(e *env) error {
	if c.Live {
		return c.live(e)
	}
	if len(c.Paths) > 0 && c.any() {
		return c.bySign(e, "")
	}
	if c.Case != "" && !c.any() || c.As != "" && !c.any() || c.Depth != 0 && !c.any() {
		return &failure{code: "usage", what: "hunt: --case, --as and --depth", hint: "they are for a hunt with a sign: give --rule or --from, too", exit: exitUsage}
	}
	if len(c.Paths) > 0 {
		return c.hunt(e)
	}
	paths, closing, err := ownRecords(e, c.dataFolder)
	if err != nil {
		return &failure{code: "calls", what: "hunt in the call records of " + c.dir(), why: err, hint: "give the folder that records are in, or see ringfence hunt --help"}
	}
	defer closing()
	if c.Paths = paths; len(paths) == 0 {
		return &failure{code: "usage", what: "hunt needs call records, and there are none in " + c.dir(), hint: "give the folder that they are in, or see ringfence hunt --help", exit: exitUsage}
	}
	if c.any() {
		return c.bySign(e, serviceOf(c.dir()))
	}
	return c.hunt(e)
}

func (c *findCommand) hunt(e *env) error {
	memory, err := parseSize(c.Memory)
	if err != nil {
		return &failure{code: "usage", what: "hunt: --memory " + c.Memory, why: err, hint: "give something like 1600MB or 4GB", exit: exitUsage}
	}
	if _, err := os.Stat(c.Report); c.Report != "" && err == nil && !c.Force {
		return &failure{code: "exists", what: "hunt: " + c.Report + " stands there", hint: "give another name, or --force to replace it", exit: exitUsage}
	}
	files, err := record.Open(c.Paths, record.Options{Now: e.now()})
	if err != nil {
		return &failure{code: "unreadable", what: "hunt: opening the records", why: err, hint: "give files or folders of Parquet, JSON lines or CSV (docs/records.md)"}
	}
	r, err := c.find(e, files, memory)
	if err != nil {
		return err
	}
	if c.Keep {
		if err := c.keep(e.ctx, e.now, &r); err != nil {
			return err
		}
	}
	if err := c.write(e, r); err != nil {
		return err
	}
	return huntVerdict(r)
}

func (c *findCommand) find(e *env, files *record.Files, memory int64) (hunt.Result, error) {
	show := newProgress(e.stderr)
	defer show.end()
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(memory)) // garbage goes sooner, rather than more memory
	phase := "reading the records"
	o := hunt.Options{
		Memory: memory, Phase: func(what string) { phase = what },
		Progress: func(read, of int64) { show.show(phase, "", read, of) },
	}
	r, err := c.run(e.ctx, files, o)
	if err != nil {
		return r, &failure{code: "hunt", what: "hunt in " + strings.Join(c.Paths, ", "), why: err, hint: "see docs/hunt.md"}
	}
	if r.Records == 0 && len(r.Unread) > 0 {
		return r, &failure{code: "unreadable", what: "hunt: no record could be read: " + r.Unread[0], hint: "give files or folders of Parquet, JSON lines or CSV (docs/records.md)"}
	}
	return r, nil
}

// run hunts, alone or as one of several machines.
func (c *findCommand) run(ctx context.Context, files *record.Files, o hunt.Options) (hunt.Result, error) {
	if c.Share == "" {
		return hunt.Find(ctx, files, o)
	}
	s := hunt.Share{Exchange: c.Exchange, Files: files.Print()}
	if _, err := fmt.Sscanf(c.Share, "%d/%d", &s.Number, &s.Of); err != nil || c.Exchange == "" {
		return hunt.Result{}, fmt.Errorf("--share %s: want the share, of how many, and --exchange with a folder that all reach: --share 2/3 --exchange DIR", c.Share)
	}
	return hunt.FindShare(ctx, files.Share(s.Number, s.Of), o, s)
}

// keep gives the campaigns ids that stay.
func (c *findCommand) keep(ctx context.Context, now func() time.Time, r *hunt.Result) error {
	if len(r.Campaigns) == 0 {
		return nil
	}
	kept, err := store.Open(c.dir(), now)
	if err != nil {
		return &failure{code: "store", what: "hunt: keeping the campaigns", why: err, hint: "give a folder that can be written with --data, or --no-keep"}
	}
	defer kept.Close()
	for i := range r.Campaigns {
		one := &r.Campaigns[i]
		if one.Strength == hunt.Weak {
			continue
		}
		one.ID, err = kept.KeepCampaign(ctx, string(one.Strength), one.Accounts, func(id string) ([]byte, error) {
			one.ID = id
			return json.Marshal(one)
		})
		if err != nil {
			return &failure{code: "store", what: "hunt: keeping a campaign", why: err, hint: "give a folder that can be written with --data, or --no-keep"}
		}
	}
	return nil
}

func (c *findCommand) write(e *env, r hunt.Result) error {
	if c.Report != "" {
		if err := writePage(c.Report, func(f *os.File) error { return report.Write(f, r, report.Options{Language: c.Language}) }); err != nil {
			return &failure{code: "write", what: "hunt: writing " + c.Report, why: err, hint: "give a place that can be written"}
		}
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(r)
	}
	return report.Print(e.stdout, r, 0)
}

// writePage writes a file for the examiner's eyes, whole or not at all.
func writePage(path string, write func(*os.File) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".ringfence-*")
	if err != nil {
		return err
	}
	err = errors.Join(write(f), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}

func huntVerdict(r hunt.Result) error {
	for _, c := range r.Campaigns {
		if c.Strength != hunt.Weak {
			return found(exitFound)
		}
	}
	if len(r.Unread) > 0 {
		return found(exitIncomplete)
	}
	return nil
}

// parseSize reads "1600MB" or "4GB".
func parseSize(s string) (int64, error) {
	var n int64
	var unit string
	if _, err := fmt.Sscanf(strings.ToUpper(strings.TrimSpace(s)), "%d%s", &n, &unit); err != nil || n <= 0 {
		return 0, errors.New("no size")
	}
	factor, ok := map[string]int64{"MB": 1 << 20, "M": 1 << 20, "GB": 1 << 30, "G": 1 << 30}[unit]
	if !ok || n > 1<<20 {
		return 0, errors.New("no size")
	}
	return n * factor, nil
}

type keptCommand struct {
	dataFolder
	reporting
}

// Run lists what is kept.
func (c *keptCommand) Run(e *env) error {
	kept, err := store.Open(c.dir(), e.now)
	if err != nil {
		return &failure{code: "store", what: "hunt list", why: err, hint: "give the data folder with --data"}
	}
	defer kept.Close()
	all, err := kept.Campaigns(e.ctx)
	if err != nil {
		return err
	}
	list := []json.RawMessage{}
	for _, one := range all {
		list = append(list, one.Body)
		if !c.JSON {
			var h hunt.Campaign
			if err := json.Unmarshal(one.Body, &h); err != nil {
				return fmt.Errorf("campaign %s in the store: %w", one.ID, err)
			}
			fmt.Fprintf(e.stdout, "%s  %-8s  %d accounts, %d targets, %s to %s\n", one.ID, one.Strength, len(h.Accounts), len(h.Targets), h.From.Format(time.DateOnly), h.To.Format(time.DateOnly))
		}
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "campaigns": list})
	}
	return nil
}
