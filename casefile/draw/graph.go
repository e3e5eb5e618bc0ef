package draw

import (
	"cmp"
	"math"
	"slices"
)

// NodeKind is what a node of a graph is, which its shape says.
type NodeKind int

// The kinds of nodes.
const (
	Other   NodeKind = iota // a small circle
	Account                 // a circle
	Server                  // a square: a relay, a host, an address
	Domain                  // a diamond: a name, a certificate
	Device                  // a triangle
	Person                  // an open circle: a target, under a pseudonym
)

var nodeKinds = [...]string{"other", "account", "server", "domain or certificate", "device", "target"}

// Node is one thing; X and Y, from 0 to 1, are where it lies.
type Node struct {
	Name  string
	Kind  NodeKind
	Group string // what clustering put it in; may be empty
	X, Y  float64
}

// Edge ties two nodes, by their place in the list of nodes.
type Edge struct {
	From, To int
	Weight   float64 // how rare what they share is: the wider the line
	Bridge   bool    // the only tie between two parts
	Says     string  // what they share
}

// Graph is infrastructure and what ties it together.
type Graph struct {
	Head
	Nodes []Node
	Edges []Edge
}

const (
	maxNodes  = 300
	maxEdges  = 900
	maxHulls  = 24
	graphWide = 780.0
	graphHigh = 520.0
	margin    = 46.0
)

// box is the place of something, to keep texts apart.
type box struct{ x1, y1, x2, y2 float64 }

func (b box) meets(o box) bool { return b.x1 < o.x2 && o.x1 < b.x2 && b.y1 < o.y2 && o.y1 < b.y2 }

// at is where a node lies in the drawing. What is no place between 0 and 1 is at the edge.
func (n Node) at() (x, y float64) {
	in := func(f float64) float64 {
		if math.IsNaN(f) {
			return 0
		}
		return min(max(f, 0), 1)
	}
	return margin + in(n.X)*(graphWide-2*margin), 30 + in(n.Y)*(graphHigh-70)
}

// SVG implements Drawing.
func (g Graph) SVG(id string) []byte {
	if len(g.Nodes) == 0 {
		return blank(id, g.Head)
	}
	p, nodes := (&pen{}).head(g.Head), g.Nodes[:min(len(g.Nodes), maxNodes)]
	p.open(id, "wide", graphWide, graphHigh+56)
	taken := g.hulls(p, nodes)
	hidden := g.edges(p, nodes)
	for _, n := range nodes {
		x, y := n.at()
		node(p, n.Kind, plain(n.Name, maxText)+" "+plain(n.Group, 60), x, y)
		taken = append(taken, box{x - 8, y - 8, x + 8, y + 8})
	}
	nameless := names(p, nodes, taken)
	x := 14.0
	for k, says := range nodeKinds {
		node(p, NodeKind(k), "", x, graphHigh+16)
		p.text("q", "start", x+12, graphHigh+20, 140, g.say(says))
		x += extent(g.say(says), small) + 40
	}
	p.line("alarm", 8, graphHigh+40, 36, graphHigh+40)
	p.line("alarm", 22, graphHigh+34, 22, graphHigh+46)
	legend := g.say("bridge: the only tie between two parts")
	for i, n := range []int{len(g.Nodes) - len(nodes), hidden, nameless} {
		if n > 0 {
			legend += " · " + count(n) + " " + g.say([]string{"nodes in the table only", "ties in the table only", "names in the table only"}[i])
		}
	}
	p.text("q", "start", 44, graphHigh+44, graphWide-52, legend)
	return p.done()
}

// hulls draws a ground behind each group, and returns the places of their names.
func (g Graph) hulls(p *pen, nodes []Node) (taken []box) {
	groups := map[string][][2]float64{}
	var order []string
	for _, n := range nodes {
		if n.Group == "" {
			continue
		}
		if groups[n.Group] == nil {
			order = append(order, n.Group)
		}
		x, y := n.at()
		groups[n.Group] = append(groups[n.Group], [2]float64{x, y})
	}
	order = order[:min(len(order), maxHulls)]
	for _, name := range order {
		var at []float64
		for _, c := range hull(groups[name]) {
			at = append(at, c[0], c[1])
		}
		p.polygon("group", name, at...)
	}
	for _, name := range order {
		top := slices.MinFunc(groups[name], func(a, b [2]float64) int { return cmp.Compare(a[1], b[1]) })
		short, _ := fit(plain(name, maxText), 150, heavy)
		half := extent(short, heavy)/2 + 2
		x := min(max(top[0], half+2), graphWide-half-2)
		where := box{x - half, top[1] - 27, x + half, top[1] - 11}
		if slices.ContainsFunc(taken, where.meets) {
			continue // the name is in the ground's title and in the table
		}
		taken = append(taken, where)
		p.text("b", "middle", x, top[1]-14, 150, name)
	}
	return taken
}

// hull is the convex hull of points (Andrew's monotone chain).
func hull(points [][2]float64) [][2]float64 {
	points = slices.Clone(points)
	slices.SortFunc(points, func(a, b [2]float64) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	points = slices.Compact(points)
	if len(points) < 3 {
		return points
	}
	half := func(points [][2]float64) (h [][2]float64) {
		for _, c := range points {
			for len(h) > 1 && turn(h[len(h)-2], h[len(h)-1], c) <= 0 {
				h = h[:len(h)-1]
			}
			h = append(h, c)
		}
		return h[:len(h)-1]
	}
	lower := half(points)
	slices.Reverse(points)
	return append(lower, half(points)...)
}

// turn is positive for a turn to the left at b on the way from a to c.
func turn(a, b, c [2]float64) float64 {
	return (b[0]-a[0])*(c[1]-a[1]) - (b[1]-a[1])*(c[0]-a[0])
}

// edges draws the ties, the weightiest and all bridges first, and returns how many it
// did not draw.
func (g Graph) edges(p *pen, nodes []Node) (hidden int) {
	ties := slices.DeleteFunc(slices.Clone(g.Edges), func(e Edge) bool {
		return min(e.From, e.To) < 0 || max(e.From, e.To) >= len(nodes)
	})
	slices.SortStableFunc(ties, func(a, b Edge) int {
		if a.Bridge != b.Bridge {
			return map[bool]int{true: -1, false: 1}[a.Bridge]
		}
		return cmp.Compare(b.Weight, a.Weight)
	})
	ties = ties[:min(len(ties), maxEdges)]
	most := 1e-9
	for _, e := range ties {
		if !math.IsInf(e.Weight, 0) {
			most = max(most, e.Weight)
		}
	}
	for _, e := range ties {
		x1, y1 := nodes[e.From].at()
		x2, y2 := nodes[e.To].at()
		if e.Bridge {
			p.shape("line", "alarm", e.Says, "x1", x1, "y1", y1, "x2", x2, "y2", y2)
			across(p, x1, y1, x2, y2)
			continue
		}
		p.raw(`<g stroke-width="`, num(1+3*min(max(e.Weight, 0)/most, 1)), `">`)
		p.shape("line", "axis", e.Says, "x1", x1, "y1", y1, "x2", x2, "y2", y2)
		p.raw("</g>")
	}
	return len(g.Edges) - len(ties)
}

// across marks a bridge with a line across its middle, for whoever does not see colours.
func across(p *pen, x1, y1, x2, y2 float64) {
	long := math.Hypot(x2-x1, y2-y1)
	if long == 0 {
		return
	}
	mx, my, dx, dy := (x1+x2)/2, (y1+y2)/2, (y2-y1)/long*7, (x1-x2)/long*7
	p.line("alarm", mx-dx, my-dy, mx+dx, my+dy)
}

// names writes the names of nodes where there is place, and returns how many it left out.
func names(p *pen, nodes []Node, taken []box) (left int) {
	for _, n := range nodes {
		x, y := n.at()
		short, _ := fit(plain(n.Name, maxText), 110, small)
		half := extent(short, small)/2 + 1
		x = min(max(x, half+1), graphWide-half-1)
		done := short == ""
		for _, dy := range []float64{20, -11} {
			where := box{x - half, y + dy - 9, x + half, y + dy + 3}
			if !done && !slices.ContainsFunc(taken, where.meets) {
				taken, done = append(taken, where), true
				p.text("tag", "middle", x, y+dy, 110, n.Name)
			}
		}
		if !done {
			left++
		}
	}
	return left
}

// node draws a node by its kind.
func node(p *pen, k NodeKind, says string, x, y float64) {
	switch k {
	case Account:
		p.shape("circle", "bad", says, "cx", x, "cy", y, "r", 6)
	case Server:
		p.shape("rect", "trace", says, "x", x-5.5, "y", y-5.5, "width", 11, "height", 11)
	case Domain:
		p.polygon("ink", says, x, y-7, x+7, y, x, y+7, x-7, y)
	case Device:
		p.polygon("good", says, x, y-7, x+7, y+5, x-7, y+5)
	case Person:
		p.shape("circle", "open", says, "cx", x, "cy", y, "r", 6)
	default:
		p.shape("circle", "other", says, "cx", x, "cy", y, "r", 3.5)
	}
}

// Table implements Drawing.
func (g Graph) Table() []byte {
	called := func(i int) string {
		if i < 0 || i >= len(g.Nodes) {
			return g.say("not in the graph")
		}
		return g.Nodes[i].Name
	}
	ties := make([]int, len(g.Nodes))
	var rows listing
	for _, e := range g.Edges {
		for _, i := range []int{e.From, e.To} {
			if i >= 0 && i < len(ties) {
				ties[i]++
			}
		}
	}
	for i, n := range g.Nodes {
		rows.add(func() []string {
			return []string{n.Name, g.say(nodeKinds[nodeKind(n.Kind)]), n.Group, count(ties[i]) + " " + g.say("ties"), ""}
		})
	}
	for _, e := range g.Edges {
		kind := g.say("tie")
		if e.Bridge {
			kind = g.say("bridge")
		}
		rows.add(func() []string { return []string{called(e.From), kind, called(e.To), num(e.Weight), e.Says} })
	}
	return rows.table(g.Head, []string{"what", "kind", "group, or tied to", "ties, or weight", "what they share"})
}

func nodeKind(k NodeKind) NodeKind {
	if k < Other || k > Person {
		return Other
	}
	return k
}
