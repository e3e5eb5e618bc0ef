package intake

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

const (
	maxPackets = 8   // of an incident that its record shows
	maxPacket  = 512 // bytes of each
)

// Incident brings in verdicts of the guard on one call, with the exact bytes that
// were stopped.
func Incident(ctx context.Context, c *casefile.Case, h *casefile.Hand, verdicts []guard.Verdict, basis string) (Result, error) {
	if len(verdicts) == 0 {
		return Result{}, errors.New("an incident has at least one verdict")
	}
	d, err := newDesk(ctx, c, h, basis)
	if err == nil {
		err = d.incident(ctx, verdicts)
	}
	if err != nil {
		err = fmt.Errorf("incident of verdict %d: %w", verdicts[0].Number, err)
	}
	return d.result(), err
}

func (d *desk) incident(ctx context.Context, verdicts []guard.Verdict) error {
	first := verdicts[0]
	name := fmt.Sprintf("verdicts-%d.json", first.Number)
	raw, err := d.take(ctx, casefile.Exhibit{Name: name, Source: fmt.Sprintf("the guard, verdict %d and those of the same call", first.Number), Kind: "verdicts", Tier: casefile.Sealed}, verdicts, casefile.Said{})
	if err != nil {
		return err
	}
	one := fact.Incident{From: first.At.UTC(), Until: first.At.UTC(), Calls: 1, Stopped: true}
	var says []string
	for _, v := range verdicts {
		one.From, one.Until = earlier(one.From, v.At.UTC()), later(one.Until, v.At.UTC())
		one.Rules = append(one.Rules, v.Rules...)
		one.Stopped = one.Stopped && !v.Passed()
		says = append(says, v.Reason)
		if len(one.Packets) < maxPackets && len(v.Bytes) > 0 {
			one.Packets = append(one.Packets, hex.EncodeToString(v.Bytes[:min(len(v.Bytes), maxPacket)]))
		}
	}
	one.What = strings.Join(unique(says), "\n")
	one.Rules = unique(one.Rules)
	if one.Account, err = d.one(ctx, fact.KindAccount, raw.ID, first.Account, first); err != nil {
		return err
	}
	if one.Target, err = d.one(ctx, fact.KindPerson, raw.ID, first.Target, first); err != nil {
		return err
	}
	r, err := casefile.NewRecord(one, raw.ID)
	if err != nil {
		return err
	}
	r.About = one.Target
	_, err = d.c.Put(ctx, d.h, r)
	d.r.Records[fact.KindIncident]++
	return err
}

// one names an account of a verdict; "" when the verdict has none.
func (d *desk) one(ctx context.Context, k fact.Kind, exhibit string, id wire.ID, v guard.Verdict) (string, error) {
	if id == (wire.ID{}) {
		return "", nil
	}
	names, err := d.name(ctx, k, exhibit, []someone{{id.String(), func(old fact.Fact, tag string, sealed []byte) fact.Fact {
		switch f := old.(type) {
		case *fact.Person:
			f.First, f.Last = earlier(f.First, v.At.UTC()), later(f.Last, v.At.UTC())
			return f
		case *fact.Account:
			f.First, f.Last = earlier(f.First, v.At.UTC()), later(f.Last, v.At.UTC())
			return f
		}
		if k == fact.KindPerson {
			return fact.Person{Class: "not known", Tag: tag, Sealed: sealed, First: v.At.UTC(), Last: v.At.UTC(), Attempts: 1, Examined: "not asked", Counted: "not asked"}
		}
		return fact.Account{Role: "caller", Tag: tag, Sealed: sealed, First: v.At.UTC(), Last: v.At.UTC(), Calls: 1}
	}}})
	return names[id.String()], err
}

func unique(all []string) (once []string) {
	seen := map[string]bool{}
	for _, s := range all {
		if s != "" && !seen[s] {
			seen[s], once = true, append(once, s)
		}
	}
	return once
}
