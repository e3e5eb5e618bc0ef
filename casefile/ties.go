package casefile

import (
	"context"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/casefile/fact"
	"github.com/ringfence/ringfence/casefile/graph"
)

// Ties are the things of the case, with what ties them: accounts, incidents, devices
// and infrastructure. Names of the case stand for persons.
func (c *Case) Ties(ctx context.Context) (all []graph.Thing, err error) {
	found := map[string][]graph.Attribute{} // what was found on a device
	findings, err := c.Records(ctx, fact.KindFinding)
	for _, r := range findings {
		if f, err := r.Fact(); err == nil {
			f := f.(*fact.Finding)
			found[f.Device] = append(found[f.Device], graph.Attribute{Kind: "indicator", Value: f.Indicator})
		}
	}
	for _, k := range []fact.Kind{fact.KindAccount, fact.KindIncident, fact.KindDevice, fact.KindInfrastructure} {
		records, kindErr := c.Records(ctx, k)
		if err == nil {
			err = kindErr
		}
		for _, r := range records {
			f, factErr := r.Fact()
			if factErr != nil {
				return nil, fmt.Errorf("%s: %w", r.ID, factErr)
			}
			t := thing(r.ID, f)
			t.Attributes = append(t.Attributes, found[r.ID]...)
			all = append(all, t)
		}
	}
	if err != nil {
		return nil, err
	}
	return c.withTargets(ctx, all)
}

// thing is what a fact says of what it is about.
func thing(id string, f fact.Fact) graph.Thing {
	t := graph.Thing{ID: id, Kind: string(f.Kind())}
	add := func(kind string, values ...string) {
		for _, v := range values {
			if v != "" {
				t.Attributes = append(t.Attributes, graph.Attribute{Kind: kind, Value: v})
			}
		}
	}
	switch f := f.(type) {
	case *fact.Account:
		add("print", f.Print)
		add("network", f.Networks...)
		add("country", f.Countries...)
		if !f.Created.IsZero() {
			add("made on", f.Created.UTC().Format("2006-01-02"))
		}
	case *fact.Incident:
		add("account", f.Account)
		add("target", f.Target)
		add("server", f.Server)
		add("rule", f.Rules...)
		add("bytes", f.Packets...)
	case *fact.Device:
		add("target", f.Person)
	case *fact.Infrastructure:
		add(f.Type, f.Value)
		add("owner", f.Owner)
		add("country", f.Country)
		if f.Type == "host" && strings.Count(f.Value, ".") == 3 {
			add("network", f.Value[:strings.LastIndexByte(f.Value, '.')]+".0/24")
		}
	}
	return t
}

// maxTargets is how many targets of an account tie it to others.
const maxTargets = 2000

// withTargets adds to accounts whom they called, and themselves to their incidents.
func (c *Case) withTargets(ctx context.Context, all []graph.Thing) ([]graph.Thing, error) {
	for i := range all {
		if all[i].Kind != string(fact.KindAccount) {
			continue
		}
		all[i].Attributes = append(all[i].Attributes, graph.Attribute{Kind: "account", Value: all[i].ID})
		targets, err := c.log.TargetsOf(ctx, all[i].ID, maxTargets)
		if err != nil {
			return nil, err
		}
		for _, t := range targets {
			all[i].Attributes = append(all[i].Attributes, graph.Attribute{Kind: "target", Value: t})
		}
	}
	return all, nil
}
