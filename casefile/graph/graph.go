// Package graph shows what ties the things of a case together: accounts, incidents,
// devices, infrastructure. Two things are tied by what they share, the more the rarer
// that is; groups are found by the Louvain method (Blondel et al. 2008) over those
// ties, and the rarest shared attributes of each group are named, so that a person
// sees why. What one link alone holds together is flagged, and each group says how
// often it was found again when attributes were left to chance.
//
// A group is a lead, and not a judgement on who did it: see package attribution.
package graph

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/community"
	"gonum.org/v1/gonum/graph/simple"
)

// Attribute is something that a thing has.
type Attribute struct {
	Kind  string `json:"kind"` // print, network, target, server, bytes
	Value string `json:"value"`
}

// Thing is one that is tied to others.
type Thing struct {
	ID         string
	Kind       string // account, incident, device, infrastructure
	Attributes []Attribute
}

// Classes are kinds of attributes that many unrelated have: they alone tie nothing for
// certain, and it is said beside them.
var Classes = []string{"country", "server", "rule", "owner", "ASN", "JARM", "build"}

// Options of the search.
type Options struct {
	Base   map[Attribute]float64 // share of a whole population that has it, where it was measured
	Rounds int                   // of leaving attributes out; 0: 30
	Seed   uint64
}

// Bounds of the search. What is left out is said.
const (
	MaxThings = 5000
	maxShare  = 400 // things that share one attribute, of which every two are tied
	maxNamed  = 8   // shared attributes that are named for a group
)

// Graph is what was found. The same things and options make the same graph.
type Graph struct {
	Groups  []Group  `json:"groups"` // the largest first
	Bridges []Bridge `json:"bridges,omitempty"`
	LeftOut []string `json:"left_out,omitempty"` // and why
	Alone   []string `json:"alone,omitempty"`    // things that share nothing with others
	ties    []tie
	things  []Thing
}

// Group is things that belong together by what they share.
type Group struct {
	Things    []string `json:"things"`
	Shared    []Shared `json:"shared"`    // the rarest first
	Stability float64  `json:"stability"` // how often two of it stayed together when attributes were left out, 0 to 1
}

// Stable is the stability from which on a group counts as found.
const Stable = 0.7

// Shared is an attribute that things of a group share.
type Shared struct {
	Attribute
	In    int  `json:"in"`    // things of the group that have it
	Out   int  `json:"out"`   // and others
	Class bool `json:"class"` // many unrelated have it
}

// Bridge is a single attribute that alone holds two parts of the case together.
type Bridge struct {
	Attribute
	Parts [][]string `json:"parts"` // what falls apart without it, the smaller parts first
}

type tie struct {
	a, b   int
	weight float64
	by     Attribute // the rarest that they share
}

// Find finds groups.
func Find(things []Thing, o Options) Graph {
	g := Graph{}
	things = slices.Clone(things)
	slices.SortFunc(things, func(a, b Thing) int { return strings.Compare(a.ID, b.ID) })
	if len(things) > MaxThings {
		g.LeftOut = append(g.LeftOut, "the graph takes "+number(MaxThings)+" things, and "+number(len(things)-MaxThings)+" more were left out, those of the last numbers")
		things = things[:MaxThings]
	}
	g.things = things
	have := holders(things)
	weight := weights(have, len(things), o)
	g.LeftOut = append(g.LeftOut, tooMany(have)...)
	g.ties = tiesOf(have, weight, nil)
	groups := louvain(len(things), g.ties, o.Seed, starts)
	for _, members := range groups {
		if len(members) == 1 {
			g.Alone = append(g.Alone, things[members[0]].ID)
			continue
		}
		g.Groups = append(g.Groups, g.group(members, have, weight))
	}
	g.stability(groups, have, weight, o)
	slices.SortFunc(g.Groups, func(a, b Group) int {
		return cmp.Or(len(b.Things)-len(a.Things), strings.Compare(a.Things[0], b.Things[0]))
	})
	g.Bridges = g.bridges(have, weight)
	return g
}

// holders are the things that have each attribute.
func holders(things []Thing) map[Attribute][]int {
	have := map[Attribute][]int{}
	for i, t := range things {
		for _, a := range t.Attributes {
			if all := have[a]; a.Value != "" && (len(all) == 0 || all[len(all)-1] != i) {
				have[a] = append(all, i)
			}
		}
	}
	return have
}

// weights are how much each attribute ties: the square of the logarithm of how rare it
// is, spread over those who share it. What one alone has, or more than half, ties nothing.
func weights(have map[Attribute][]int, n int, o Options) map[Attribute]float64 {
	w := map[Attribute]float64{}
	for a, all := range have {
		share := float64(len(all)) / float64(n)
		if base, ok := o.Base[a]; ok && base > 0 {
			share = base
		} else if 2*len(all) > n && n > 4 {
			continue
		}
		if len(all) > 1 && len(all) <= maxShare && share < 1 {
			w[a] = math.Pow(math.Log(share), 2)
		}
	}
	return w
}

func tooMany(have map[Attribute][]int) (all []string) {
	for a, of := range have {
		if len(of) > maxShare {
			all = append(all, a.Kind+" "+a.Value+", which "+number(len(of))+" have")
		}
	}
	slices.Sort(all)
	return all
}

// tiesOf ties every two things that share attributes. times, where it is given, is which
// attributes count.
func tiesOf(have map[Attribute][]int, weight map[Attribute]float64, times map[Attribute]int) []tie {
	sum := map[pair]tie{}
	for _, attr := range sorted(weight) {
		w := weight[attr]
		if times != nil {
			w *= float64(times[attr])
		}
		if w > 0 {
			add(sum, have[attr], attr, w/math.Sqrt(float64(len(have[attr])-1)), weight)
		}
	}
	ties := make([]tie, 0, len(sum))
	for _, t := range sum {
		ties = append(ties, t)
	}
	slices.SortFunc(ties, func(x, y tie) int { return cmp.Or(x.a-y.a, x.b-y.b) })
	return ties
}

type pair struct{ a, b int }

// add ties every two of those that share an attribute.
func add(sum map[pair]tie, all []int, attr Attribute, w float64, weight map[Attribute]float64) {
	for i, a := range all {
		for _, b := range all[i+1:] {
			t, ok := sum[pair{a, b}]
			if !ok || weight[attr] > weight[t.by] {
				t.by = attr
			}
			sum[pair{a, b}] = tie{a, b, t.weight + w, t.by}
		}
	}
}

func sorted(weight map[Attribute]float64) []Attribute {
	all := make([]Attribute, 0, len(weight))
	for a := range weight {
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b Attribute) int {
		return cmp.Or(strings.Compare(a.Kind, b.Kind), strings.Compare(a.Value, b.Value))
	})
	return all
}

// starts is how often the search begins anew, from another order of the things: the
// method climbs, and may stop on a lower hill.
const starts = 4

// louvain is community.Modularize over the ties, the best of several starts; each
// group ascending.
func louvain(n int, ties []tie, seed uint64, starts int) [][]int {
	g := simple.NewWeightedUndirectedGraph(0, 0)
	for i := range n {
		g.AddNode(simple.Node(i))
	}
	for _, t := range ties {
		g.SetWeightedEdge(simple.WeightedEdge{F: simple.Node(t.a), T: simple.Node(t.b), W: t.weight})
	}
	var best [][]graph.Node
	score := math.Inf(-1)
	for i := range starts {
		found := community.Modularize(g, 1, rand.NewPCG(seed, uint64(i)+1)).Communities()
		if q := community.Q(g, found, 1); q > score || best == nil {
			best, score = found, q
		}
	}
	var groups [][]int
	for _, c := range best {
		var one []int
		for _, node := range c {
			one = append(one, int(node.ID()))
		}
		slices.Sort(one)
		groups = append(groups, one)
	}
	slices.SortFunc(groups, func(a, b []int) int { return a[0] - b[0] })
	return groups
}

// group names what members share.
func (g *Graph) group(members []int, have map[Attribute][]int, weight map[Attribute]float64) Group {
	in := map[int]bool{}
	one := Group{Shared: []Shared{}}
	for _, m := range members {
		in[m] = true
		one.Things = append(one.Things, g.things[m].ID)
	}
	for _, a := range sorted(weight) {
		s := Shared{Attribute: a, Class: slices.Contains(Classes, a.Kind)}
		for _, i := range have[a] {
			if in[i] {
				s.In++
			} else {
				s.Out++
			}
		}
		if s.In > 1 {
			one.Shared = append(one.Shared, s)
		}
	}
	// Rare outside and common inside tells most; a class characteristic less.
	tells := func(s Shared) float64 {
		t := weight[s.Attribute] * float64(s.In) / float64(len(members)) / float64(1+s.Out)
		if s.Class {
			t /= 4
		}
		return t
	}
	slices.SortStableFunc(one.Shared, func(a, b Shared) int { return cmp.Compare(tells(b), tells(a)) })
	one.Shared = one.Shared[:min(len(one.Shared), maxNamed)]
	return one
}

// leaveOut: one attribute in so many is left out, at random.
const leaveOut = 5

// stability leaves attributes out, and sees how often two of a group stay together.
func (g *Graph) stability(groups [][]int, have map[Attribute][]int, weight map[Attribute]float64, o Options) {
	rounds := cmp.Or(o.Rounds, 30)
	random := rand.New(rand.NewPCG(o.Seed, 2))
	all := sorted(weight)
	together, asked := make([]int, len(groups)), make([]int, len(groups))
	for round := range rounds {
		times := map[Attribute]int{}
		for _, a := range all {
			if random.IntN(leaveOut) > 0 {
				times[a] = 1
			}
		}
		of := map[int]int{}
		for i, c := range louvain(len(g.things), tiesOf(have, weight, times), o.Seed+uint64(round), 2) {
			for _, m := range c {
				of[m] = i
			}
		}
		for i, members := range groups {
			n, k := pairs(members, of, random)
			asked[i], together[i] = asked[i]+n, together[i]+k
		}
	}
	n := 0
	for i, members := range groups {
		if len(members) == 1 {
			continue
		}
		if asked[i] > 0 {
			g.Groups[n].Stability = math.Round(100*float64(together[i])/float64(asked[i])) / 100
		}
		n++
	}
}

// pairs asks of some pairs of a group, chosen at random, whether they are together.
func pairs(members []int, of map[int]int, random *rand.Rand) (asked, together int) {
	for range min(60, len(members)*(len(members)-1)/2) {
		a, b := members[random.IntN(len(members))], members[random.IntN(len(members))]
		if a == b {
			continue
		}
		asked++
		if of[a] == of[b] {
			together++
		}
	}
	return asked, together
}

func number(n int) string {
	s := ""
	for ; n >= 1000; n /= 1000 {
		s = "," + string([]byte{byte('0' + n/100%10), byte('0' + n/10%10), byte('0' + n%10)}) + s
	}
	return itoa(n) + s
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + string(rune('0'+n%10))
}
