package document

import (
	"net/netip"
	"slices"

	"github.com/ringfence/ringfence/casefile/draw"
)

// countries draws where targets are, from the same numbers as the table beneath:
// those that the edition puts together are not on the map.
func (b *book) countries() (draw.Drawing, bool) {
	m := draw.Countries{Head: draw.Head{Title: "Targets by country", Desc: "Each tile is a country; the number is that of targets."}, Counts: map[string]int{}, Threshold: 1}
	_, all, _ := b.shares()
	for _, t := range all {
		if len(t.Name) == 2 {
			m.Counts[t.Name] = t.N
		}
	}
	if b.open {
		m.Desc += " Countries with fewer than five are not on it."
		m.Threshold = few
	}
	return m, len(m.Counts) > 0
}

// maxColumn is how many nodes stand above one another.
const maxColumn = 80

// web draws which accounts share which prints, and which of the networks and hosts on
// record they came from: prints at the left, accounts in the middle, infrastructure at
// the right.
func (b *book) web() (draw.Drawing, bool) {
	g := draw.Graph{Head: draw.Head{Title: "Accounts, what they share, and infrastructure", Desc: "At the left prints of clients, in the middle accounts, at the right infrastructure. A line joins an account with the print of its client, and with the hosts and networks that it called from. What has no line is known from elsewhere."}}
	prints := map[string]int{}
	var names []string
	accounts := b.accounts[:min(maxColumn, len(b.accounts))]
	for _, a := range accounts {
		if a.Fact.Print != "" && prints[a.Fact.Print] == 0 {
			names = append(names, a.Fact.Print)
		}
		prints[a.Fact.Print]++
	}
	infra := b.infrastructure[:min(maxColumn, len(b.infrastructure))]
	place := func(x float64, n, of int) (float64, float64) { return x, (float64(n) + 1) / (float64(of) + 1) }
	at := map[string]int{}
	add := func(key, name string, kind draw.NodeKind, x float64, n, of int) {
		at[key] = len(g.Nodes)
		node := draw.Node{Name: b.clean(name), Kind: kind}
		node.X, node.Y = place(x, n, of)
		g.Nodes = append(g.Nodes, node)
	}
	for n, p := range names {
		add("print "+p, "print "+p, draw.Other, 0.1, n, len(names))
	}
	for n, a := range accounts {
		add(a.ID, a.ID, draw.Account, 0.5, n, len(accounts))
	}
	for n, h := range infra {
		add(h.ID, h.Fact.Value, nodeKind(h.Fact.Type), 0.85, n, len(infra))
	}
	for _, a := range accounts {
		if a.Fact.Print != "" {
			g.Edges = append(g.Edges, draw.Edge{From: at["print "+a.Fact.Print], To: at[a.ID], Weight: 1 / float64(prints[a.Fact.Print]), Says: "print of its client"})
		}
		for _, h := range infra {
			if slices.ContainsFunc(a.Fact.Networks, func(n string) bool { return overlap(n, h.Fact.Value) }) {
				g.Edges = append(g.Edges, draw.Edge{From: at[a.ID], To: at[h.ID], Weight: 1, Says: "called from it"})
			}
		}
	}
	if more := len(b.accounts) + len(b.infrastructure) - len(accounts) - len(infra); more > 0 {
		g.Desc += " " + plural(more, "account or host more is", "accounts and hosts more are") + " in the tables."
	}
	return g, len(infra) > 0
}

func nodeKind(kind string) draw.NodeKind {
	switch kind {
	case "domain", "certificate":
		return draw.Domain
	default:
		return draw.Server
	}
}

// overlap tells whether two networks, or a network and a host, have an address in
// common, or are the same text: a number of a network, say.
func overlap(a, b string) bool {
	p, okA := network(a)
	q, okB := network(b)
	return a == b || okA && okB && p.Overlaps(q)
}

func network(s string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(s); err == nil {
		p, err := a.Prefix(a.BitLen())
		return p, err == nil
	}
	p, err := netip.ParsePrefix(s)
	return p, err == nil
}
