// Package intake brings into a case what the rest of Ringfence found: campaigns of
// the hunt, verdicts of the guard, reports of examined phones, captures.
//
// What names people - accounts of a service - is taken in sealed, for lead and
// counsel. Everybody else works on what is derived from it, in which persons and
// accounts have the names of the case: T-0007, A-0002.
package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
)

// Result is what was brought in.
type Result struct {
	Exhibits []casefile.Exhibit `json:"exhibits"`
	Records  map[fact.Kind]int  `json:"records"`
}

// desk is one intake.
type desk struct {
	c     *casefile.Case
	h     *casefile.Hand
	basis string
	tag   func(what, id string) string
	known map[fact.Kind]map[string]casefile.Record // by tag
	r     Result
}

func newDesk(ctx context.Context, c *casefile.Case, h *casefile.Hand, basis string) (*desk, error) {
	d := &desk{c: c, h: h, basis: basis, known: map[fact.Kind]map[string]casefile.Record{}, r: Result{Records: map[fact.Kind]int{}}}
	var err error
	if d.tag, err = c.Tagger(h); err != nil {
		return nil, err
	}
	for _, k := range []fact.Kind{fact.KindPerson, fact.KindAccount} {
		d.known[k] = map[string]casefile.Record{}
		all, err := c.Records(ctx, k)
		if err != nil {
			return nil, err
		}
		for _, r := range all {
			var f struct{ Tag string }
			if json.Unmarshal(r.Body, &f) == nil && f.Tag != "" {
				d.known[k][f.Tag] = r
			}
		}
	}
	return d, nil
}

// take takes in an exhibit made of JSON.
func (d *desk) take(ctx context.Context, x casefile.Exhibit, v any, said casefile.Said) (casefile.Exhibit, error) {
	b, ok := v.([]byte)
	if !ok {
		var err error
		if b, err = json.MarshalIndent(v, "", "  "); err != nil {
			return x, err
		}
	}
	if x.Basis == "" {
		x.Basis = d.basis
	}
	x, records, err := d.c.Take(ctx, d.h, x, bytes.NewReader(b), said)
	if err != nil {
		return x, err
	}
	d.r.Exhibits = append(d.r.Exhibits, x)
	for _, r := range records {
		d.r.Records[r.Kind]++
	}
	return x, nil
}

// someone is a person or an account of a service, to be known by a name of the
// case.
type someone struct {
	account string
	fact    func(old fact.Fact, tag string, sealed []byte) fact.Fact
}

// name gives everybody a name of the case: the one that they have, or a new one.
// What is known of them now is recorded.
func (d *desk) name(ctx context.Context, k fact.Kind, exhibit string, all []someone) (map[string]string, error) {
	names := map[string]string{}
	var records []casefile.Record
	for _, s := range all {
		tag := d.tag(string(k), s.account)
		was, known := d.known[k][tag]
		var old fact.Fact
		var sealed []byte
		var err error
		if known {
			old, err = was.Fact()
		} else {
			sealed, err = d.seal(s.account)
		}
		if err != nil {
			return nil, err
		}
		r, err := casefile.NewRecord(s.fact(old, tag, sealed), exhibit)
		if err != nil {
			return nil, err
		}
		r.ID = was.ID
		records = append(records, r)
	}
	put, err := d.c.Put(ctx, d.h, records...)
	if err != nil {
		return nil, err
	}
	for i, r := range put {
		names[all[i].account] = r.ID
		d.known[k][d.tag(string(k), all[i].account)] = r
		d.r.Records[k]++
	}
	return names, nil
}

func (d *desk) seal(account string) ([]byte, error) {
	b, err := json.Marshal(fact.Identity{Account: account})
	if err != nil {
		return nil, err
	}
	return d.c.Seal(b)
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
