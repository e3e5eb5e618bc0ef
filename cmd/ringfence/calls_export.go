package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ringfence/ringfence/hunt/archive"
	"github.com/ringfence/ringfence/hunt/record"
)

type callsExportCommand struct {
	callsPlace
	reporting
	Out    string `required:"" placeholder:"DIR" help:"Folder to write to, empty or not there yet."`
	From   string `placeholder:"TIME" help:"Only records from TIME on."`
	To     string `placeholder:"TIME" help:"Only records before TIME."`
	Format string `default:"parquet" enum:"parquet,jsonl,csv" help:"parquet, jsonl or csv."`
}

var callsFormats = map[string]record.Format{"parquet": record.Parquet, "jsonl": record.JSONLines, "csv": record.CSV}

// exported is what an export did.
type exported struct {
	Version int      `json:"version"`
	Records int64    `json:"records"`
	Files   int      `json:"files"`
	Unread  []string `json:"unread"`
}

// Run writes the records of a time span.
func (c *callsExportCommand) Run(e *env) error {
	since, err := parseMoment("--from", c.From, time.Unix(0, 0))
	if err != nil {
		return err
	}
	until, err := parseMoment("--to", c.To, e.now().AddDate(1, 0, 0))
	if err != nil {
		return err
	}
	if there, err := os.ReadDir(c.Out); err == nil && len(there) > 0 {
		return &failure{code: "exists", what: "calls export: " + c.Out + " is not empty", hint: "give a new folder with --out", exit: exitUsage}
	}
	r, err := c.open(e)
	if err != nil {
		return err
	}
	defer r.close()
	v, err := r.view(e.ctx, c.dir(), since, until)
	if err != nil {
		return &failure{code: "export", what: "calls export", why: err}
	}
	defer v.Close()
	done := exported{Version: 1, Unread: []string{}}
	err = v.Visit(e.ctx, func(o archive.Object, path string) error { return c.one(e, o, path, since, until, &done) })
	if err != nil {
		return &failure{code: "export", what: "calls export to " + c.Out, why: err, hint: "delete what was written there and try again"}
	}
	if c.JSON {
		if err := json.NewEncoder(e.stdout).Encode(done); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(e.stdout, "%d records in %d files in %s\n", done.Records, done.Files, c.Out)
		for _, why := range done.Unread {
			fmt.Fprintf(e.stdout, "  not read: %s\n", why)
		}
	}
	if len(done.Unread) > 0 {
		return found(exitIncomplete)
	}
	return nil
}

// one writes what a file of the archive has of the time span.
func (c *callsExportCommand) one(e *env, o archive.Object, path string, since, until time.Time, done *exported) error {
	to := filepath.Join(c.Out, filepath.FromSlash(strings.TrimSuffix(o.Name, ".parquet")+"."+c.Format))
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	err := writePage(to, func(f *os.File) error {
		w, err := record.NewWriter(f, callsFormats[c.Format])
		if err != nil {
			return err
		}
		s, err := archive.Read(e.ctx, path, record.Options{}, func(all []record.Record) error {
			within := all[:0]
			for _, one := range all {
				if t := time.Unix(0, one.Time); !t.Before(since) && t.Before(until) {
					within = append(within, one)
				}
			}
			done.Records += int64(len(within))
			return w.Write(within)
		})
		done.Unread = append(done.Unread, s.Unread...)
		if s.Rejected > 0 {
			done.Unread = append(done.Unread, fmt.Sprintf("%s: %d of its lines are no records", o.Name, s.Rejected))
		}
		return errors.Join(err, w.Close())
	})
	done.Files++
	return err
}
