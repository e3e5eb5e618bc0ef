package report

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/hunt"
)

// How much of a graph is drawn: what is beyond is put together, and counted.
const (
	maxCallers = 36
	maxGroups  = 36
	maxLines   = 360
	lineHigh   = 14 // from one name to the next
	graphWide  = 360
)

// graph is who tried whom: accounts at the left, and at the right those targets
// together that the same accounts tried.
type graph struct {
	High   int
	Left   []node
	Right  []node
	Lines  []line
	Hidden int // lines that are not drawn
}

// node is an account, or some targets.
type node struct {
	Name  string
	Y     float64
	N     int      // targets
	By    []string // names of the accounts, of a group of targets
	Mixed bool     // targets of more than one set of accounts
	Rest  bool     // all accounts beyond those that are drawn
	set   map[int]int
}

// line is how many targets of a group an account tried.
type line struct {
	Y1, Y2, Wide float64
	N            int
	Says         string
}

// newGraph draws a campaign; nil when there are no attempts.
func newGraph(c hunt.Campaign, callers []caller) *graph {
	if len(c.Attempts) == 0 {
		return nil
	}
	g := &graph{}
	number := map[string]int{}
	for i, one := range callers {
		number[one.ID] = min(i, maxCallers)
		if i < maxCallers {
			g.Left = append(g.Left, node{Name: one.Name, N: one.Targets})
		}
	}
	if more := len(callers) - maxCallers; more > 0 {
		g.Left = append(g.Left, node{Name: "+" + count(more), Rest: true})
	}
	g.Right = merge(groupsOf(c, number))
	g.place()
	g.join()
	return g
}

// groupsOf puts targets together that the same accounts tried, largest first.
func groupsOf(c hunt.Campaign, number map[string]int) []node {
	by := map[string]map[int]bool{}
	for _, a := range c.Attempts {
		if by[a.Target] == nil {
			by[a.Target] = map[int]bool{}
		}
		by[a.Target][number[a.Account]] = true
	}
	groups := map[string]*node{}
	for _, set := range by {
		var key []byte
		for i := range maxCallers + 1 {
			if set[i] {
				key = append(key, byte('0'+i))
			}
		}
		g := groups[string(key)]
		if g == nil {
			g = &node{Name: string(key), set: map[int]int{}}
			groups[string(key)] = g
		}
		g.N++
		for i := range set {
			g.set[i]++
		}
	}
	all := make([]node, 0, len(groups))
	for _, g := range groups {
		all = append(all, *g)
	}
	slices.SortFunc(all, func(a, b node) int { return cmp.Or(cmp.Compare(b.N, a.N), cmp.Compare(a.Name, b.Name)) })
	return all
}

// merge puts the smaller groups together by their first account, until there
// are few enough.
func merge(all []node) []node {
	if len(all) <= maxGroups {
		return all
	}
	kept := all[:maxGroups/3]
	firsts := map[byte]int{}
	for _, g := range all[maxGroups/3:] {
		// As many bins as there is place for, neighbours together.
		bin := g.Name[0] - '0'
		bin = byte(int(bin) * (maxGroups - maxGroups/3) / (maxCallers + 1))
		i, ok := firsts[bin]
		if !ok {
			i = len(kept)
			firsts[bin] = i
			kept = append(kept[:i:i], node{Name: g.Name, set: map[int]int{}, Mixed: true})
		}
		kept[i].N += g.N
		for account, n := range g.set {
			kept[i].set[account] += n
		}
	}
	return kept
}

// place puts each group beside the middle of its accounts, so that lines cross
// little, and gives all their heights.
func (g *graph) place() {
	middle := func(n node) float64 {
		sum, weight := 0.0, 0.0
		for i, k := range n.set {
			sum, weight = sum+float64(i*k), weight+float64(k)
		}
		return sum / max(weight, 1)
	}
	slices.SortStableFunc(g.Right, func(a, b node) int {
		return cmp.Or(cmp.Compare(middle(a), middle(b)), cmp.Compare(b.N, a.N), strings.Compare(a.Name, b.Name))
	})
	rows := max(len(g.Left), len(g.Right))
	g.High = rows*lineHigh + lineHigh
	for _, side := range [][]node{g.Left, g.Right} {
		gap := float64(g.High) / float64(len(side)+1)
		for i := range side {
			side[i].Y = gap * float64(i+1)
		}
	}
}

// join draws the lines, the widest when there are too many.
func (g *graph) join() {
	for r := range g.Right {
		right := &g.Right[r]
		for l := range g.Left {
			n := right.set[l]
			if n == 0 {
				continue
			}
			right.By = append(right.By, g.Left[l].Name)
			g.Lines = append(g.Lines, line{Y1: g.Left[l].Y, Y2: right.Y, N: n, Wide: min(0.6+0.8*math.Log(float64(n)), 7), Says: g.Left[l].Name + ": " + count(n)})
		}
	}
	slices.SortStableFunc(g.Lines, func(a, b line) int { return cmp.Compare(b.N, a.N) })
	if more := len(g.Lines) - maxLines; more > 0 {
		g.Lines, g.Hidden = g.Lines[:maxLines], more
	}
}

// Tied lists the accounts that tried a group.
func (n node) Tied() string { return strings.Join(n.By, ", ") }
