package graph

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/gonum/graph/simple"
	"gonum.org/v1/gonum/graph/topo"
)

// planted are six operators with forty events each: accounts and relays of their own,
// a hoster, a build and a JARM that they share with others, and a share of relays that
// the vendor gives to all.
func planted(seed uint64, shared float64) (things []Thing, truth map[string]int) {
	r := rand.New(rand.NewPCG(seed, 7))
	truth = map[string]int{}
	for op := range 6 {
		for n := range 40 {
			t := Thing{ID: fmt.Sprintf("I-%d-%02d", op, n), Kind: "incident"}
			add := func(kind, format string, a ...any) {
				t.Attributes = append(t.Attributes, Attribute{kind, fmt.Sprintf(format, a...)})
			}
			add("account", "A-%d-%d", op, r.IntN(8))
			if r.Float64() < shared {
				add("relay", "vendor-%d", r.IntN(4))
			} else {
				add("relay", "relay-%d-%d", op, r.IntN(5))
			}
			add("ASN", "AS%d", r.IntN(3))
			add("JARM", "jarm-%d", r.IntN(2))
			add("build", "build-%d", r.IntN(3))
			things = append(things, t)
			truth[t.ID] = op
		}
	}
	return things, truth
}

// purity is the share of things that are of the operator that most of their group are.
func purity(groups [][]string, truth map[string]int) float64 {
	n, right := 0, 0
	for _, g := range groups {
		of := map[int]int{}
		for _, id := range g {
			of[truth[id]]++
			n++
		}
		best := 0
		for _, k := range of {
			best = max(best, k)
		}
		right += best
	}
	return float64(right) / float64(n)
}

// The planted operators are found again by what is rare: connected components make one
// heap of them, and Louvain finds hardly anything when every tie counts alike.
func TestPlanted(t *testing.T) {
	for _, shared := range []float64{0, 0.15, 0.3} {
		for seed := range uint64(3) {
			things, truth := planted(seed, shared)
			g := Find(things, Options{Seed: seed, Rounds: 5})
			var groups [][]string
			for _, one := range g.Groups {
				groups = append(groups, one.Things)
				if len(one.Shared) == 0 || one.Shared[0].Class {
					t.Errorf("shared %.2f, seed %d: a group is named by %+v", shared, seed, one.Shared)
				}
			}
			p := purity(groups, truth)
			alike, pAlike := baseline(things, truth, seed)
			t.Logf("vendor-shared %.0f %%, seed %d: %d groups, purity %.2f; every tie alike: %d, %.2f; components: %d", 100*shared, seed, len(groups), p, alike, pAlike, components(things))
			// Of what a vendor gives to all, some things have nothing else that is rare: they may
			// stand by themselves. No two operators are ever thrown together.
			if len(groups) < 6 || len(groups) > 7 || p < 0.97 {
				t.Errorf("shared %.2f, seed %d: %d groups with purity %.2f, want 6 or 7 with 0.97 at least", shared, seed, len(groups), p)
			}
			if pAlike >= 0.5 {
				t.Errorf("every tie alike finds %.2f: the planted test is too easy", pAlike)
			}
		}
	}
}

func baseline(things []Thing, truth map[string]int, seed uint64) (int, float64) {
	shared := map[[2]int]float64{}
	for _, all := range holders(things) {
		for i, a := range all {
			for _, b := range all[i+1:] {
				shared[[2]int{a, b}]++
			}
		}
	}
	var ties []tie
	for pair, n := range shared {
		ties = append(ties, tie{a: pair[0], b: pair[1], weight: n})
	}
	slices.SortFunc(ties, func(x, y tie) int { return cmp.Or(x.a-y.a, x.b-y.b) })
	var groups [][]string
	for _, c := range louvain(len(things), ties, seed, starts) {
		var one []string
		for _, i := range c {
			one = append(one, things[i].ID)
		}
		groups = append(groups, one)
	}
	return len(groups), purity(groups, truth)
}

func components(things []Thing) int {
	g := simple.NewUndirectedGraph()
	for i := range things {
		g.AddNode(simple.Node(i))
	}
	for _, all := range holders(things) {
		for _, i := range all[1:] {
			g.SetEdge(simple.Edge{F: simple.Node(all[0]), T: simple.Node(i)})
		}
	}
	return len(topo.ConnectedComponents(g))
}

// Two groups that one certificate alone ties: it is flagged, with what falls apart.
func TestBridge(t *testing.T) {
	var things []Thing
	for i := range 8 {
		own := fmt.Sprintf("relay-%d", i/4)
		things = append(things, Thing{ID: fmt.Sprintf("A-%d", i), Kind: "account", Attributes: []Attribute{{"relay", own}, {"print", own}, {"host", own}, {"bytes", own}}})
	}
	cert := Attribute{"certificate", "ab12"}
	things[0].Attributes = append(things[0].Attributes, cert)
	things[7].Attributes = append(things[7].Attributes, cert)
	things = append(things, Thing{ID: "A-9", Kind: "account", Attributes: []Attribute{{"relay", "nobody else's"}}})
	g := Find(things, Options{})
	if len(g.Groups) != 2 || len(g.Bridges) != 1 || g.Bridges[0].Attribute != cert || len(g.Bridges[0].Parts) != 2 || !slices.Equal(g.Alone, []string{"A-9"}) {
		t.Errorf("%+v", g)
	}
	nodes, edges := g.Layout(100)
	if len(nodes) != 8 || !slices.ContainsFunc(edges, func(e Edge) bool { return e.Bridge && strings.Contains(e.Says, "ab12") }) {
		t.Errorf("%d nodes, %+v", len(nodes), edges)
	}
	for _, n := range nodes {
		if n.X < 0 || n.X > 1 || n.Y < 0 || n.Y > 1 {
			t.Errorf("%s lies outside: %v %v", n.ID, n.X, n.Y)
		}
	}
}

// What hangs on one attribute by chance is not stable; the same things give the same
// graph, in any order; what was measured to be common ties little.
func TestStabilityAndOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var things []Thing
	for i := range 60 {
		things = append(things, Thing{ID: fmt.Sprintf("A-%02d", i), Kind: "account", Attributes: []Attribute{{"x", fmt.Sprint(r.IntN(20))}, {"y", fmt.Sprint(r.IntN(20))}}})
	}
	chance := Find(things, Options{Seed: 1})
	solid, _ := planted(1, 0)
	found := Find(solid, Options{Seed: 1, Rounds: 10})
	for _, g := range found.Groups {
		if g.Stability < Stable {
			t.Errorf("a planted group has stability %.2f", g.Stability)
		}
	}
	unstable := 0
	for _, g := range chance.Groups {
		if g.Stability < Stable {
			unstable++
		}
	}
	if 2*unstable < len(chance.Groups) {
		t.Errorf("of %d groups that chance made %d are unstable", len(chance.Groups), unstable)
	}
	again := slices.Clone(things)
	r.Shuffle(len(again), func(i, j int) { again[i], again[j] = again[j], again[i] })
	a, _ := json.Marshal(chance)
	if b, _ := json.Marshal(Find(again, Options{Seed: 1})); string(a) != string(b) {
		t.Error("the order of the things makes another graph")
	}
	pair := []Thing{{ID: "A", Attributes: []Attribute{{"print", "p"}}}, {ID: "B", Attributes: []Attribute{{"print", "p"}}}, {ID: "C"}, {ID: "D"}, {ID: "E"}, {ID: "F"}}
	rare, common := Find(pair, Options{}), Find(pair, Options{Base: map[Attribute]float64{{"print", "p"}: 0.9}})
	if rare.ties[0].weight <= common.ties[0].weight {
		t.Error("a measured base rate changes nothing")
	}
}

func TestBounds(t *testing.T) {
	var things []Thing
	for i := range MaxThings + 10 {
		things = append(things, Thing{ID: fmt.Sprintf("A-%05d", i), Attributes: []Attribute{{"country", "XA"}, {"relay", fmt.Sprint(i / 500)}, {"print", fmt.Sprint(i / 50)}}})
	}
	g := Find(things, Options{Rounds: 1})
	if len(g.LeftOut) < 2 || len(g.Groups) < 50 {
		t.Errorf("%d groups, left out: %q", len(g.Groups), g.LeftOut)
	}
	if empty := Find(nil, Options{}); len(empty.Groups) != 0 {
		t.Error("nothing makes groups")
	}
}
