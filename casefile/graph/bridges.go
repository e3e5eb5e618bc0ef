package graph

import (
	"cmp"
	"slices"
)

// minPart is how many things a part must have for its link to be flagged.
const minPart = 2

// bridges are the attributes that alone hold parts together: the points of
// articulation (Hopcroft and Tarjan 1973) of the graph of things and attributes.
func (g *Graph) bridges(have map[Attribute][]int, weight map[Attribute]float64) (all []Bridge) {
	attrs := sorted(weight)
	n := len(g.things)
	next := make([][]int, n+len(attrs))
	for i, a := range attrs {
		for _, t := range have[a] {
			next[t], next[n+i] = append(next[t], n+i), append(next[n+i], t)
		}
	}
	for _, v := range articulations(next) {
		if v < n {
			continue // a thing: it is in the middle, which its group shows
		}
		if parts := g.parts(next, v); len(parts) > 1 {
			all = append(all, Bridge{attrs[v-n], parts})
		}
	}
	return all
}

// parts are what the neighbours of an attribute fall into without it; nil where less
// than two of them have some things.
func (g *Graph) parts(next [][]int, without int) (parts [][]string) {
	seen := map[int]bool{without: true}
	for _, from := range next[without] {
		if seen[from] {
			continue
		}
		var one []string
		for queue := []int{from}; len(queue) > 0; queue = queue[1:] {
			v := queue[0]
			if seen[v] {
				continue
			}
			seen[v] = true
			if v < len(g.things) {
				one = append(one, g.things[v].ID)
			}
			queue = append(queue, next[v]...)
		}
		if len(one) >= minPart {
			slices.Sort(one)
			parts = append(parts, one)
		}
	}
	slices.SortFunc(parts, func(a, b []string) int { return cmp.Or(len(a)-len(b), cmp.Compare(a[0], b[0])) })
	if len(parts) < 2 {
		return nil
	}
	return parts
}

// search is a walk in depth, with a stack of its own: a case may have long chains.
type search struct {
	next               [][]int
	order, low, parent []int
	at                 []int  // how far each node's neighbours were looked at
	is                 []bool // without it the graph has more parts
	clock              int
}

// articulations are the nodes without which a graph has more parts, ascending.
func articulations(next [][]int) (all []int) {
	n := len(next)
	s := &search{next: next, order: make([]int, n), low: make([]int, n), parent: make([]int, n), at: make([]int, n), is: make([]bool, n)}
	for root := range next {
		if s.order[root] == 0 {
			s.walk(root)
		}
	}
	for v, yes := range s.is {
		if yes {
			all = append(all, v)
		}
	}
	return all
}

func (s *search) enter(v, from int) {
	s.clock++
	s.order[v], s.low[v], s.parent[v] = s.clock, s.clock, from
}

func (s *search) walk(root int) {
	s.enter(root, -1)
	children := 0
	for stack := []int{root}; len(stack) > 0; {
		v := stack[len(stack)-1]
		if s.at[v] == len(s.next[v]) {
			stack = stack[:len(stack)-1]
			s.leave(v, root)
			continue
		}
		w := s.next[v][s.at[v]]
		s.at[v]++
		if s.order[w] != 0 {
			if w != s.parent[v] {
				s.low[v] = min(s.low[v], s.order[w])
			}
			continue
		}
		s.enter(w, v)
		stack = append(stack, w)
		if v == root {
			children++
		}
	}
	s.is[root] = children > 1
}

func (s *search) leave(v, root int) {
	if p := s.parent[v]; p >= 0 {
		s.low[p] = min(s.low[p], s.low[v])
		s.is[p] = s.is[p] || p != root && s.low[v] >= s.order[p]
	}
}
