package hunt

import (
	"math"
	"slices"

	"github.com/ringfence/ringfence/hunt/record"
)

// Accounts that have nothing in common but whom they try: the same people, more
// of them than two accounts meet by chance.

const (
	sharers    = 20 // a target that more suspects than this try ties nobody: it is a well-known number
	sharingMin = 5  // targets that a suspect must have tried again and again
)

// link is how many targets two suspects share.
type link struct{ a, b int32 }

// byShared groups the suspects that no attribute has claimed by their targets.
func (g *grouping) byShared() (found []group) {
	candidates := []int32{}
	tried := map[record.ID][]int32{}
	for i := range g.suspects {
		s := &g.suspects[i]
		if g.claimed[i] || s.repeated < sharingMin || !s.pure() {
			continue
		}
		candidates = append(candidates, int32(i))
		for _, t := range s.targets {
			if of := tried[t]; len(of) <= sharers {
				tried[t] = append(of, int32(i))
			}
		}
	}
	shared := map[link]int{}
	for _, of := range tried {
		if len(of) < 2 || len(of) > sharers {
			continue
		}
		for i, a := range of {
			for _, b := range of[i+1:] {
				shared[link{a, b}]++
			}
		}
	}
	tests := math.Log10(float64(len(candidates))*float64(len(candidates))/2 + 1)
	set := newSets(len(g.suspects))
	best := map[int32]float64{}
	for l, n := range shared {
		d := meeting(len(g.suspects[l.a].targets), len(g.suspects[l.b].targets), n, g.callers) - tests
		if d >= enough {
			set.join(l.a, l.b)
			best[l.a], best[l.b] = max(best[l.a], d), max(best[l.b], d)
		}
	}
	members := map[int32][]int32{}
	for _, c := range candidates {
		if _, ok := best[c]; ok {
			members[set.root(c)] = append(members[set.root(c)], c)
		}
	}
	for root, of := range members {
		d := 0.0
		for _, m := range of {
			d = max(d, best[m])
			g.claimed[m] = true
		}
		found = append(found, group{tie: attributeOf(byTargets, uint32(root), 0), members: of, n: len(of), fresh: d})
	}
	slices.SortFunc(found, func(a, b group) int { return int(a.members[0]) - int(b.members[0]) })
	return found
}

// meeting is -log10 of the chance that two who choose so many targets each among
// all callers have n of them in common (Poisson).
func meeting(a, b, n, callers int) float64 {
	expected := float64(a) * float64(b) / float64(max(callers, 1))
	if float64(n) <= expected {
		return 0
	}
	logs, _ := math.Lgamma(float64(n) + 1)
	return (expected - float64(n)*math.Log(expected) + logs) / math.Ln10
}

// sets are disjoint sets of suspects.
type sets []int32

func newSets(n int) sets {
	s := make(sets, n)
	for i := range s {
		s[i] = int32(i)
	}
	return s
}

func (s sets) root(i int32) int32 {
	for s[i] != i {
		s[i] = s[s[i]]
		i = s[i]
	}
	return i
}

// join makes two sets one, under the lower number.
func (s sets) join(a, b int32) {
	a, b = s.root(a), s.root(b)
	s[max(a, b)] = min(a, b)
}
