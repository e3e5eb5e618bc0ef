package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/hunt/record"
	"github.com/ringfence/ringfence/hunt/sign"
)

type huntIndexCommand struct {
	reporting
	Paths  []string `arg:"" name:"records" help:"Folders and files of call records."`
	Forget bool     `help:"Delete the index instead."`
}

// Run makes the index with which hunt --from answers at once, or deletes it.
func (c *huntIndexCommand) Run(e *env) error {
	what := "hunt index " + strings.Join(c.Paths, " ")
	for _, p := range c.Paths {
		if serviceOf(p) != "" {
			return &failure{code: "usage", what: what + ": these are a service's own records", hint: "an index would outlive them; hunt --from reads them without one", exit: exitUsage}
		}
	}
	files, err := record.Open(c.Paths, record.Options{Now: e.now()})
	if err != nil {
		return &failure{code: "unreadable", what: what, why: err, hint: "give files or folders of Parquet, JSON lines or CSV (docs/records.md)"}
	}
	if c.Forget {
		folder, err := sign.Folder(files.Paths())
		if err == nil {
			err = sign.Forget(folder)
		}
		return err
	}
	show := newProgress(e.stderr)
	defer show.end()
	b, err := sign.Index(e.ctx, files, files.Paths(), sign.Options{
		Now: e.now, Progress: func(read, of int64) { show.show("making an index", "", read, of) },
	})
	if err != nil {
		return &failure{code: "index", what: what, why: err, hint: "hunt --from works without it, only slower"}
	}
	if c.JSON {
		return json.NewEncoder(e.stdout).Encode(b)
	}
	state := "made"
	if b.Fresh {
		state = "was there"
	}
	_, err = fmt.Fprintf(e.stdout, "%s: %s, of %d records, %d MB.\n", b.Path, state, b.Records, (b.Bytes+1<<20-1)>>20)
	return err
}
