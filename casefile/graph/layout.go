package graph

import (
	"cmp"
	"math"
	"slices"
)

// Node is a thing of a drawing; X and Y, from 0 to 1, are where it lies.
type Node struct {
	ID, Kind string
	Group    int // from 1; 0: none
	X, Y     float64
}

// Edge is a tie of a drawing, by the places of its nodes.
type Edge struct {
	From, To int
	Weight   float64
	Bridge   bool
	Says     string
}

// Layout is a drawing of at most so many things: those of the largest groups. Groups
// lie on a circle, and their things on circles of their own; so it is the same each
// time, and nobody reads a meaning into a distance.
func (g Graph) Layout(most int) (nodes []Node, edges []Edge) {
	place := map[string]int{}
	groups := g.Groups
	for i, one := range groups {
		angle := 2 * math.Pi * float64(i) / float64(max(1, len(groups)))
		far := 0.34
		if len(groups) == 1 {
			far = 0
		}
		size := 0.05 + 0.11*math.Min(1, float64(len(one.Things))/40)
		if len(groups) == 1 {
			size = 0.36
		}
		for n, id := range one.Things {
			if len(nodes) == most {
				break
			}
			turn := 2 * math.Pi * float64(n) / float64(len(one.Things))
			place[id] = len(nodes)
			nodes = append(nodes, Node{ID: id, Kind: g.kind(id), Group: i + 1, X: 0.5 + far*math.Cos(angle) + size*math.Cos(turn), Y: 0.5 + far*math.Sin(angle) + size*math.Sin(turn)})
		}
	}
	bridge := map[Attribute]bool{}
	for _, b := range g.Bridges {
		bridge[b.Attribute] = true
	}
	for _, t := range g.ties {
		a, okA := place[g.things[t.a].ID]
		b, okB := place[g.things[t.b].ID]
		if okA && okB {
			edges = append(edges, Edge{a, b, t.weight, bridge[t.by], t.by.Kind + " " + t.by.Value})
		}
	}
	slices.SortStableFunc(edges, func(a, b Edge) int { return cmp.Compare(b.Weight, a.Weight) })
	return nodes, edges[:min(len(edges), 4*most)]
}

func (g Graph) kind(id string) string {
	i := slices.IndexFunc(g.things, func(t Thing) bool { return t.ID == id })
	if i < 0 {
		return ""
	}
	return g.things[i].Kind
}
