package main

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/hunt/archive"
	"github.com/ringfence/ringfence/hunt/record"
)

type callsImportCommand struct {
	callsPlace
	reporting
	Files   []string `arg:"" help:"Files of records: ours, or with --map those of another system."`
	Map     string   `placeholder:"SYSTEM" help:"Whose records they are: kamailio-acc, asterisk-cdr, or a mapping FILE.yaml (docs/records.md)."`
	KeepIDs bool     `name:"keep-ids" help:"Keep the ids as they are, instead of making pseudonyms of them."`
}

// imported is what an import did.
type imported struct {
	Version  int              `json:"version"`
	Records  int64            `json:"records"`
	Rejected int64            `json:"rejected"`
	Reasons  map[string]int64 `json:"reasons"`
	LeftOut  int64            `json:"left_out"` // lines that the mapping does not want
	Unread   []string         `json:"unread"`
	Files    int              `json:"files"`
	Old      int64            `json:"old"` // records that are older than the service keeps, and go with the next expiry
}

// Run brings records in. Lines that are no records are counted, and make the
// exit code 4.
func (c *callsImportCommand) Run(e *env) error {
	var mapping *record.Mapping
	if c.Map != "" {
		name := strings.TrimSuffix(strings.TrimSuffix(c.Map, "-acc"), "-cdr")
		var err error
		if mapping, err = record.LoadMapping(name); err != nil {
			return &failure{code: "mapping", what: "--map " + c.Map, why: err, exit: exitUsage}
		}
	}
	r, err := c.open(e)
	if err != nil {
		return err
	}
	defer r.close()
	var key *archive.Key
	if !c.KeepIDs {
		if key, err = archive.OpenKey(c.dir()); err != nil {
			return &failure{code: "key", what: "calls import", why: err}
		}
	}
	done := &imported{Version: 1, Reasons: map[string]int64{}, Unread: []string{}}
	for _, path := range c.Files {
		if err := c.one(e, path, mapping, r, key, done); err != nil {
			return &failure{code: "import", what: "calls import: " + path, why: err, hint: "import this file again: what it left is replaced, and nothing is there twice"}
		}
	}
	return c.report(e, done)
}

// one brings in a file.
func (c *callsImportCommand) one(e *env, path string, mapping *record.Mapping, r *callRecords, key *archive.Key, done *imported) error {
	digest, err := digestOf(path)
	if err != nil {
		return err
	}
	in := r.archive.NewImport(digest, key)
	old := e.now().Add(-r.where.Keep).UnixNano()
	add := func(one record.Record) error {
		done.Records++
		if one.Time < old {
			done.Old++
		}
		return in.Add(e.ctx, one)
	}
	if mapping != nil {
		err = importMapped(e, path, mapping, add, done)
	} else {
		err = importOurs(e, path, add, done)
	}
	if err != nil {
		return err
	}
	err = in.Close(e.ctx)
	done.Files += in.Files()
	return err
}

func importMapped(e *env, path string, mapping *record.Mapping, add func(record.Record) error, done *imported) error {
	from, err := record.OpenText(path)
	if err != nil {
		return err
	}
	defer from.Close()
	for one, err := range mapping.Reader(from, record.Options{Now: e.now()}) {
		var reject *record.Reject
		switch {
		case errors.As(err, &reject) && reject.LeftOut():
			done.LeftOut++
			continue
		case errors.As(err, &reject):
			done.Rejected++
			done.Reasons[reject.Reason]++
			continue
		case err != nil:
			done.Unread = append(done.Unread, fmt.Sprintf("%s: %v", path, err))
			return nil
		}
		if err := add(one); err != nil {
			return err
		}
	}
	return nil
}

func importOurs(e *env, path string, add func(record.Record) error, done *imported) error {
	s, err := archive.Read(e.ctx, path, record.Options{Now: e.now()}, func(all []record.Record) error {
		for _, one := range all {
			if err := add(one); err != nil {
				return err
			}
		}
		return nil
	})
	done.Rejected += s.Rejected
	for reason, n := range s.Reasons {
		done.Reasons[reason] += n
	}
	done.Unread = append(done.Unread, s.Unread...)
	return err
}

func (c *callsImportCommand) report(e *env, done *imported) error {
	if c.JSON {
		if err := json.NewEncoder(e.stdout).Encode(done); err != nil {
			return err
		}
	} else {
		fmt.Fprintf(e.stdout, "%d records in %d files\n", done.Records, done.Files)
		if done.LeftOut > 0 {
			fmt.Fprintf(e.stdout, "  %d lines are left out by the mapping\n", done.LeftOut)
		}
		for _, reason := range slices.Sorted(maps.Keys(done.Reasons)) {
			fmt.Fprintf(e.stdout, "  %d lines are no records: %s\n", done.Reasons[reason], reason)
		}
		for _, why := range done.Unread {
			fmt.Fprintf(e.stdout, "  not read: %s\n", why)
		}
		if done.Old > 0 {
			fmt.Fprintf(e.stdout, "  %d are older than records are kept: the next expiry deletes them\n", done.Old)
		}
	}
	if done.Rejected > 0 || len(done.Unread) > 0 {
		return found(exitIncomplete)
	}
	return nil
}

// digestOf tells files apart by what is in them.
func digestOf(path string) (sum [sha256.Size]byte, err error) {
	f, err := os.Open(path)
	if err != nil {
		return sum, err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return [sha256.Size]byte(h.Sum(nil)), err
}
