package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/hunt/archive"
	"github.com/ringfence/ringfence/store"
)

func init() {
	command("calls", "The call records: what there is, bringing some in, taking some out, and deleting what is old.", &callsCommand{})
}

type callsCommand struct {
	List   callsListCommand   `cmd:"" help:"List the hours of which there are records, and how many."`
	Import callsImportCommand `cmd:"" help:"Bring in call records, also those of other systems."`
	Export callsExportCommand `cmd:"" help:"Write records, under pseudonyms, to files for other programs."`
	Expire callsExpireCommand `cmd:"" help:"Delete what is older than it may be."`

	SplitKey   callsSplitCommand   `cmd:"" name:"split-key" help:"Split the key of the pseudonyms among persons, any two of whom can turn one back."`
	Reveal     callsRevealCommand  `cmd:"" help:"Turn pseudonyms back into accounts, by two persons together."`
	Reveals    callsRevealsCommand `cmd:"" help:"List who turned which pseudonyms back, and for which case."`
	DestroyKey callsDestroyCommand `cmd:"" name:"destroy-key" help:"Destroy the key, so that what is archived can never be turned back."`
}

// callsPlace is embedded by the commands about call records.
type callsPlace struct {
	dataFolder
	Calls string `placeholder:"PLACE" help:"Where the records are, a folder or s3://BUCKET (default: where the service keeps them)."`
}

// callRecords are the records of a data folder.
type callRecords struct {
	archive *archive.Archive
	store   *store.Store // nil where no service has run
	where   store.Archive
}

// open opens the records of a data folder, with the store of a service that has
// run there.
func (c *callsPlace) open(e *env) (*callRecords, error) {
	r := &callRecords{where: store.Archive{Keep: defaultKeep}}
	if _, err := os.Stat(filepath.Join(c.dir(), "server.key")); err == nil {
		if r.store, err = openStore(e, c.dir()); err != nil {
			return nil, err
		}
		if r.where, err = r.store.Archive(e.ctx); err != nil {
			return nil, errors.Join(err, r.store.Close())
		}
	}
	place := r.where.Place
	if c.Calls != "" {
		place = c.Calls
	}
	var err error
	if r.archive, err = openArchive(e.ctx, place, c.dir()); err != nil {
		return nil, errors.Join(err, r.close())
	}
	return r, nil
}

func (r *callRecords) close() error {
	if r.store == nil {
		return nil
	}
	return r.store.Close()
}

// view is all records of a time span: those of the archive, and those that the
// service has not moved there yet.
func (r *callRecords) view(ctx context.Context, dir string, since, until time.Time) (*archive.View, error) {
	if r.store == nil {
		return r.archive.View(ctx, nil, "", nil, since, until)
	}
	key, err := archive.OpenKey(dir)
	if err != nil {
		return nil, err
	}
	return r.archive.View(ctx, r.store, r.where.Node, key, since, until)
}

// openArchive opens the archive in a place; "" is the usual one of a data folder.
func openArchive(ctx context.Context, place, dir string) (*archive.Archive, error) {
	if place == "" {
		place = filepath.Join(dir, "calls")
	}
	a, err := archive.Open(ctx, place)
	if err != nil {
		return nil, &failure{code: "calls", what: "call records in " + place, why: err, hint: "see docs/archive.md"}
	}
	return a, nil
}

// defaultKeep is how long call records are kept unless it is said otherwise.
const defaultKeep = 14 * 24 * time.Hour

// parseKeep reads how long records are kept: "14d", or a duration as Go has it.
func parseKeep(s string) (time.Duration, error) {
	keep, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		keep = time.Duration(n) * 24 * time.Hour
	}
	if err != nil || keep < time.Hour || keep > 3650*24*time.Hour {
		return 0, errors.New("no time between 1h and 3650d")
	}
	return keep, nil
}

// parseMoment reads a day or a time; the default where nothing is given.
func parseMoment(flag, s string, otherwise time.Time) (time.Time, error) {
	if s == "" {
		return otherwise, nil
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, &failure{code: "usage", what: flag + " " + s, why: errors.New("no time"), hint: "give a day like 2026-11-23, or 2026-11-23T05:00:00Z", exit: exitUsage}
}

type callsExpireCommand struct {
	callsPlace
	reporting
	Before string `placeholder:"TIME" help:"Delete what is from before TIME (default: what is older than the service keeps)."`
	DryRun bool   `help:"Only say what would be deleted."`
}

// Run deletes.
func (c *callsExpireCommand) Run(e *env) error {
	r, err := c.open(e)
	if err != nil {
		return err
	}
	defer r.close()
	before, err := parseMoment("--before", c.Before, e.now().Add(-r.where.Keep))
	if err != nil {
		return err
	}
	gone, err := r.archive.Expire(e.ctx, before, c.DryRun)
	if err != nil {
		return &failure{code: "expire", what: "calls expire", why: err}
	}
	rows := 0
	switch {
	case r.store == nil:
	case c.DryRun:
		rows, err = r.store.CountRecords(e.ctx, before)
	default:
		rows, err = r.store.ExpireRecords(e.ctx, before)
	}
	if err != nil {
		return &failure{code: "expire", what: "calls expire: records in the store of " + c.dir(), why: err, hint: "try again"}
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{
			"version": 1, "before": before, "files": gone.Files, "bytes": gone.Bytes, "store_records": rows, "deleted": !c.DryRun,
		})
	}
	word := map[bool]string{true: "would be deleted", false: "deleted"}[c.DryRun]
	fmt.Fprintf(e.stdout, "%s: %d files (%d bytes) and %d records in the store, all from before %s\n", word, gone.Files, gone.Bytes, rows, before.Format(time.RFC3339))
	return nil
}

// callsHour is what there is of an hour. Records that are in object storage are
// not counted: that would fetch all of them.
type callsHour struct {
	Hour    time.Time `json:"hour"`
	Files   int       `json:"files"`
	Bytes   int64     `json:"bytes"`
	Records *int64    `json:"records"`
}

type callsListCommand struct {
	callsPlace
	reporting
}

// Run lists.
func (c *callsListCommand) Run(e *env) error {
	r, err := c.open(e)
	if err != nil {
		return err
	}
	defer r.close()
	all, err := r.archive.List(e.ctx)
	if err != nil {
		return &failure{code: "list", what: "calls list", why: err}
	}
	hours := []*callsHour{}
	for _, o := range all {
		if len(hours) == 0 || !hours[len(hours)-1].Hour.Equal(o.Hour) {
			hours = append(hours, &callsHour{Hour: o.Hour, Records: new(int64)})
		}
		h := hours[len(hours)-1]
		h.Files++
		h.Bytes += o.Bytes
		n, known := r.archive.Count(o)
		if !known {
			h.Records = nil
		} else if h.Records != nil {
			*h.Records += n
		}
	}
	waiting := 0
	if r.store != nil {
		if waiting, err = r.store.CountRecords(e.ctx, e.now().Add(24*time.Hour)); err != nil {
			return &failure{code: "list", what: "calls list: records in the store of " + c.dir(), why: err}
		}
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(map[string]any{"version": 1, "place": r.archive.String(), "keep_seconds": int64(r.where.Keep.Seconds()), "hours": hours, "store_records": waiting})
	}
	for _, h := range hours {
		records := "?"
		if h.Records != nil {
			records = fmt.Sprint(*h.Records)
		}
		fmt.Fprintf(e.stdout, "%s  %10s records  %3d files  %12d bytes\n", h.Hour.Format("2006-01-02 15:00"), records, h.Files, h.Bytes)
	}
	fmt.Fprintf(e.stdout, "%d hours in %s; %d records are still in the service's store\n", len(hours), r.archive, waiting)
	return nil
}
