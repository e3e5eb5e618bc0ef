package console

import (
	"context"
	"html/template"
	"net/url"

	"github.com/ringfence/ringfence/casefile/draw"
	"github.com/ringfence/ringfence/casefile/graph"
)

const (
	drawnThings = 120 // things of a case that its graph draws; the tables have all
	graphSeed   = 1   // the same case gives the same groups
)

// groupRow is a group of things.
type groupRow struct {
	graph.Group
	Number int
	Stable bool
}

// caseGraph is the page of what ties the things of a case together.
func (d *console) caseGraph(ctx context.Context, c desk, _ url.Values) (any, error) {
	var data struct {
		Drawn   template.HTML
		Groups  []groupRow
		Bridges []graph.Bridge
		Alone   []string
		LeftOut []string
		Things  int
	}
	things, err := c.Ties(ctx)
	if err != nil {
		return nil, err
	}
	g := graph.Find(things, graph.Options{Seed: graphSeed})
	data.Things, data.Bridges, data.Alone, data.LeftOut = len(things), g.Bridges, g.Alone, g.LeftOut
	for i, one := range g.Groups {
		data.Groups = append(data.Groups, groupRow{one, i + 1, one.Stability >= graph.Stable})
	}
	if len(g.Groups) > 0 {
		data.Drawn = drawn("graph", drawnGraph(g))
	}
	return data, nil
}

var drawnKinds = map[string]draw.NodeKind{"account": draw.Account, "infrastructure": draw.Server, "device": draw.Device}

func drawnGraph(g graph.Graph) draw.Graph {
	out := draw.Graph{Head: draw.Head{Title: "What ties them together", Desc: "Things that share what is rare lie together. A distance has no meaning; a line is the wider the rarer what two share is."}}
	nodes, edges := g.Layout(drawnThings)
	for _, n := range nodes {
		out.Nodes = append(out.Nodes, draw.Node{Name: inert(n.ID), Kind: drawnKinds[n.Kind], Group: "group " + count(n.Group), X: n.X, Y: n.Y})
	}
	for _, e := range edges {
		out.Edges = append(out.Edges, draw.Edge{From: e.From, To: e.To, Weight: e.Weight, Bridge: e.Bridge, Says: inert(e.Says)})
	}
	return out
}
