package hunt

import (
	"container/heap"
	"math"

	"github.com/ringfence/ringfence/hunt/record"
)

// The attributes that can tie accounts together, in the order in which they
// claim them: a print is of the tool that makes the calls, a network is rented
// and shared, a rhythm is a habit.
const (
	byPrint = iota
	byPrintNetwork
	byNetwork
	byPrintCreated
	byPrintRhythm
	byNetworkRhythm
	byCreatedRhythm
	byRhythm
	attributeKinds
	byTargets // no attribute: the same people were tried
)

// attribute is one value of one kind, or of two together.
type attribute uint64

func attributeOf(kind int, a, b uint32) attribute {
	return attribute(kind)<<56 | attribute(a&(1<<28-1))<<28 | attribute(b&(1<<28-1))
}

func (a attribute) kind() int     { return int(a >> 56) }
func (a attribute) first() uint32 { return uint32(a >> 28 & (1<<28 - 1)) }
func (a attribute) other() uint32 { return uint32(a & (1<<28 - 1)) }

// known leaves out what is null and what the dictionary had no place for.
func known(c record.Code) bool { return c > record.Other }

// attributesOf visits the attributes of a suspect.
func attributesOf(s *suspect, visit func(attribute)) {
	populationAttributes(s.print, s.network, s.created, visit)
	if s.rhythm == 0 {
		return
	}
	r := uint32(s.rhythm)
	visit(attributeOf(byRhythm, r, 0))
	if known(s.print) {
		visit(attributeOf(byPrintRhythm, uint32(s.print), r))
	}
	if known(s.network) {
		visit(attributeOf(byNetworkRhythm, uint32(s.network), r))
	}
	if s.created != noWeek {
		visit(attributeOf(byCreatedRhythm, uint32(s.created), r))
	}
}

// populationAttributes visits those that every caller has.
func populationAttributes(print, network record.Code, created int16, visit func(attribute)) {
	if known(print) {
		visit(attributeOf(byPrint, uint32(print), 0))
		if created != noWeek {
			visit(attributeOf(byPrintCreated, uint32(print), uint32(created)))
		}
	}
	if known(network) {
		visit(attributeOf(byNetwork, uint32(network), 0))
		if known(print) {
			visit(attributeOf(byPrintNetwork, uint32(print), uint32(network)))
		}
	}
}

// ofRepeaters tells whether only those who repeat have such an attribute.
func (a attribute) ofRepeaters() bool { return a.kind() >= byPrintRhythm }

// value is what is known of one attribute.
type value struct {
	tally
	n       int // callers that have it
	members []int32
}

// group is some suspects that are tied together.
type group struct {
	tie      attribute
	evidence evidence
	members  []int32 // of the suspects
	n        int     // callers that have the tie
	fresh    float64 // decades after all that were looked at
}

// grouping finds groups among suspects.
type grouping struct {
	suspects []suspect
	values   map[attribute]*value
	all      tally // of all callers
	callers  int
	repeats  tally               // of those who repeat
	many     int                 // who repeat
	kinds    [attributeKinds]int // values that are looked at, by kind
	claimed  []bool
}

// worthOf is how much a suspect must have done to be looked at for groups. Those
// who tried one stranger once are most people.
func worthOf(s *suspect) bool { return s.repeated > 0 || s.open > kept }

func newGrouping(suspects []suspect, known *accounts) *grouping {
	g := &grouping{suspects: suspects, values: map[attribute]*value{}, callers: known.len(), claimed: make([]bool, len(suspects))}
	for i := range suspects {
		s := &suspects[i]
		g.all.add(s)
		if s.repeated > 0 {
			g.repeats.add(s)
			g.many++
		}
		if worthOf(s) {
			attributesOf(s, func(a attribute) { g.value(a).add(s) })
		}
	}
	g.prune()
	for a := range g.values {
		g.kinds[a.kind()]++
	}
	g.population(known)
	return g
}

func (g *grouping) value(a attribute) *value {
	v := g.values[a]
	if v == nil {
		v = &value{}
		g.values[a] = v
	}
	return v
}

// prune forgets what only one of them has.
func (g *grouping) prune() {
	for a, v := range g.values {
		if v.tally[level(0, 0, 0)] < 2 {
			delete(g.values, a)
		}
	}
}

// population counts how many callers have each attribute, and who the members
// are.
func (g *grouping) population(known *accounts) {
	var seen [1 << 16]bool // of the attributes, by a hash: most callers have none
	for a := range g.values {
		seen[fold(a)] = true
	}
	known.each(func(c *account) {
		populationAttributes(c.print, c.network, c.created, func(a attribute) {
			if seen[fold(a)] {
				if v := g.values[a]; v != nil {
					v.n++
				}
			}
		})
	})
	for i := range g.suspects {
		s := &g.suspects[i]
		if !worthOf(s) {
			continue
		}
		attributesOf(s, func(a attribute) {
			if v := g.values[a]; v != nil {
				v.members = append(v.members, int32(i))
				if a.ofRepeaters() {
					v.n++
				}
			}
		})
	}
	for _, v := range g.values { // who has it at the attempts may not have it later
		v.n = max(v.n, len(v.members))
	}
}

func fold(a attribute) uint16 { return uint16((uint64(a) * 0x9e3779b97f4a7c15) >> 48) }

// weigh tells how much a value stands out now, in decades after correcting for
// all the values that are looked at.
func (g *grouping) weigh(a attribute, v *value) (evidence, float64) {
	all, callers := &g.all, g.callers
	if a.ofRepeaters() {
		all, callers = &g.repeats, g.many
	}
	e := standsOut(&v.tally, all, v.n, callers)
	return e, e.decades - g.tests(a)
}

// tests is log10 of the number of tests that are made of a kind of attribute, so
// that all kinds have the same chance of finding what is not there.
func (g *grouping) tests(a attribute) float64 {
	return math.Log10(float64(g.kinds[a.kind()]*levels*attributeKinds) + 1)
}

// enough is how many decades a group must stand out by. With 6, one hunt in a
// million finds a group that chance has made.
const enough = 6

// groups lets the attributes claim accounts, kind by kind, and in a kind the one
// that stands out most first. What is claimed counts for no other.
func (g *grouping) groups() []group {
	var found []group
	for kind := range attributeKinds {
		q := &queue{}
		for a, v := range g.values {
			if a.kind() != kind {
				continue
			}
			if e, d := g.weigh(a, v); d >= enough && e.loosest >= 0 {
				*q = append(*q, group{tie: a, evidence: e, fresh: d})
			}
		}
		heap.Init(q)
		for q.Len() > 0 {
			next := heap.Pop(q).(group)
			v := g.values[next.tie]
			e, d := g.weigh(next.tie, v)
			if d < enough || e.loosest < 0 {
				continue
			}
			if d < next.fresh { // somebody else has claimed of it meanwhile
				next.evidence, next.fresh = e, d
				heap.Push(q, next)
				continue
			}
			if next.members = g.claim(v, e.loosest); len(next.members) > 0 {
				next.n = v.n + len(next.members)
				found = append(found, next)
			}
		}
	}
	g.widen(found)
	return append(found, g.byShared()...)
}

const (
	ownCore  = 0.25 // of those who have a group's print: are in the group
	ownWhole = 0.8  // are in it, or have tried strangers in vain as well
)

// widen adds to groups with a client of their own whoever else has it and has
// tried strangers in vain: too little to stand out, and enough in such company.
func (g *grouping) widen(found []group) {
	byTie := map[attribute]int{}
	more := map[int][]int32{}
	for i := range found {
		if k := found[i].tie.kind(); k == byPrint || k == byPrintNetwork {
			byTie[found[i].tie] = i
		}
	}
	for i := range g.suspects {
		s := &g.suspects[i]
		if g.claimed[i] || s.talked > 0 {
			continue
		}
		populationAttributes(s.print, s.network, s.created, func(a attribute) {
			if n, ok := byTie[a]; ok && !g.claimed[i] {
				more[n] = append(more[n], int32(i))
			}
		})
	}
	for n := range found {
		one, add := &found[n], more[n]
		if have := float64(one.n); float64(len(one.members)) < ownCore*have || float64(len(one.members)+len(add)) < ownWhole*have {
			continue
		}
		for _, i := range add {
			if !g.claimed[i] {
				g.claimed[i] = true
				one.members = append(one.members, i)
			}
		}
	}
}

// claim takes the members that reach a level.
func (g *grouping) claim(v *value, loosest int) (claimed []int32) {
	for _, i := range v.members {
		s, reaches := &g.suspects[i], false
		s.reached(func(l int) { reaches = reaches || l == loosest })
		if !reaches || g.claimed[i] {
			continue
		}
		g.claimed[i] = true
		claimed = append(claimed, i)
		attributesOf(s, func(a attribute) {
			if v := g.values[a]; v != nil {
				v.take(s)
				v.n--
			}
		})
	}
	return claimed
}

// queue has the group that stands out most first; among equals the order is the
// attribute's, so that the same records give the same campaigns.
type queue []group

func (q queue) Len() int { return len(q) }
func (q queue) Less(i, j int) bool {
	if q[i].fresh != q[j].fresh {
		return q[i].fresh > q[j].fresh
	}
	return q[i].tie < q[j].tie
}
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *queue) Push(x any)   { *q = append(*q, x.(group)) }
func (q *queue) Pop() any {
	old := *q
	last := old[len(old)-1]
	*q = old[:len(old)-1]
	return last
}
