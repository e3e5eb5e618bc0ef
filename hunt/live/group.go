package live

import (
	"cmp"
	"maps"
	"math"
	"slices"
)

// groups is the half of the detector that compares accounts of all partitions.
// What it finds depends only on what the partitions know now, not on the order in
// which they told it: so several machines find what one would.
type groups struct {
	crowds   []crowd
	accounts map[uint64]*Account
	members  map[Value]*members
	tested   [kinds]int           // values by kind
	several  map[Value]bool       // those that three accounts have: the others are no group
	standing map[Value]bool       // those that stood out when they were last looked at
	shared   []group              // by targets, when everybody was compared last
	tried    map[uint64][]uint64  // target -> accounts that tried it again and again
	of       map[uint64]footprint // what an account was when it was put in
	stamp    uint64               // of the latest footprint
	// repeaters is how many accounts tried somebody again and again.
	repeaters int
}

// members are the accounts that have a value.
type members struct {
	of    map[uint64]bool
	tally tally
	puts  int // how often one of them changed
	look  int // puts at which they are looked at again
}

// footprint is what has to be taken out again when an account changes.
type footprint struct {
	values  []Value
	levels  [levels]bool
	targets []uint64
	stamp   uint64 // another one each time
}

func newGroups(partitions int) *groups {
	return &groups{
		crowds: make([]crowd, partitions), accounts: map[uint64]*Account{}, members: map[Value]*members{},
		several: map[Value]bool{}, standing: map[Value]bool{}, tried: map[uint64][]uint64{}, of: map[uint64]footprint{},
	}
}

// sharers is how many may try a target for it to tie them together: more, and it
// is a well-known number.
const sharers = 20

// put takes an account as it is now; nil takes it out.
func (g *groups) put(h uint64, a *Account) {
	g.stamp++
	old, f := g.of[h], footprint{stamp: g.stamp}
	if a != nil {
		f.levels = a.levels(nil)
		a.values(func(v Value) { f.values = append(f.values, v) })
		for i := range a.Targets {
			if a.Targets[i].probe() {
				f.targets = append(f.targets, a.Targets[i].Hash)
			}
		}
		g.accounts[h], g.of[h] = a, f
	} else {
		delete(g.accounts, h)
		delete(g.of, h)
	}
	if old.levels[levelOf(0, anybody)] {
		g.repeaters--
	}
	if f.levels[levelOf(0, anybody)] {
		g.repeaters++
	}
	for _, v := range old.values {
		g.leave(v, h, &old, !slices.Contains(f.values, v))
	}
	for _, v := range f.values {
		g.enter(v, h, &f)
	}
	for _, t := range old.targets {
		if !slices.Contains(f.targets, t) {
			g.untry(t, h)
		}
	}
	for _, t := range f.targets {
		if !slices.Contains(old.targets, t) {
			g.tried[t] = append(g.tried[t], h)
		}
	}
}

func (g *groups) untry(t, h uint64) {
	of := g.tried[t]
	if i := slices.Index(of, h); i >= 0 {
		of[i] = of[len(of)-1]
		of = of[:len(of)-1]
	}
	if g.tried[t] = of; len(of) == 0 {
		delete(g.tried, t)
	}
}

func (g *groups) enter(v Value, h uint64, f *footprint) {
	m := g.members[v]
	if m == nil {
		m = &members{of: map[uint64]bool{}}
		g.members[v] = m
		g.tested[v.kind()]++
	}
	if m.of[h] = true; len(m.of) >= 3 {
		g.several[v] = true
	}
	m.puts++
	m.tally.count(&f.levels, 1)
}

// leave takes an account out of the tally of a value, and out of its members when
// it does not have the value any more.
func (g *groups) leave(v Value, h uint64, f *footprint, gone bool) {
	m := g.members[v]
	m.tally.count(&f.levels, -1)
	if !gone {
		return
	}
	if delete(m.of, h); len(m.of) < 3 {
		delete(g.several, v)
		delete(g.standing, v)
	}
	if len(m.of) == 0 {
		delete(g.members, v)
		g.tested[v.kind()]--
	}
}

func (t *tally) count(in *[levels]bool, by int) {
	for l, yes := range in {
		if yes {
			t[l] += by
		}
	}
}

// base is what a value of a kind is compared with.
type base struct {
	all       [levels]int
	everybody int
}

// ordinary callers count along with those that were seen: a service of fifty
// people has nobody to compare with. Their levels, of so many, are those of
// simulated populations without a campaign, rounded up (docs/hunt.md). Among
// many callers they weigh nothing.
const ordinary = 1000

var ordinaryLevels = func() (of [levels]int) {
	for step, n := range [len(steps)][2]int{{32, 21}, {4, 2}, {2, 1}, {1, 1}} {
		of[levelOf(step, anybody)], of[levelOf(step, pure)] = n[0], n[1]
	}
	of[firstAlone], of[firstAlone+1] = 60, 8
	of[firstMoved], of[firstMoved+1] = 20, 4
	return of
}()

// bases are everybody, and those who tried a stranger again and again.
func (g *groups) bases() (all, repeaters base) {
	all.everybody, all.all = ordinary, ordinaryLevels
	for _, c := range g.crowds {
		if c == nil {
			continue
		}
		all.everybody += c.accounts()
		for l := range all.all {
			all.all[l] += c.level(l)
		}
	}
	// Sketches are rough, and each is of the same accounts or of fewer.
	repeaters.everybody = max(all.all[levelOf(0, anybody)], g.repeaters)
	all.everybody = max(all.everybody, repeaters.everybody, len(g.accounts))
	repeaters.all = all.all
	// All of those are in the lowest level, which tells nothing here.
	for l := range repeaters.all {
		if l >= firstAlone || l <= levelOf(0, pure) {
			repeaters.all[l] = repeaters.everybody
		}
	}
	return all, repeaters
}

// judge is how much some of the accounts that have a value stand out.
func (g *groups) judge(v Value, of *tally, left int, all, repeaters *base) evidence {
	m := g.members[v]
	n, b := left, repeaters
	if v.kind() < counted {
		b, n = all, g.having(v)-(len(m.of)-left) // without those that another value has claimed
	}
	e := standsOut(of, max(n, left), &b.all, b.everybody)
	e.decades -= math.Log10(float64(g.tested[v.kind()]))
	return e
}

// having is how many of all have a value; 0 when it is not counted.
func (g *groups) having(v Value) (n int) {
	if v.kind() >= counted {
		return 0
	}
	for _, c := range g.crowds {
		if c != nil {
			n += c.value(v)
		}
	}
	return n
}

// group is some accounts that belong together, by a value that they share.
type group struct {
	tie     Value
	members []*Account      // by hash
	own     map[uint64]bool // all that have the value: calls among them are decoys
	having  int             // how many of all have the value
	decades float64
	key     uint64 // the same as long as nothing of it changes; 0: not known
}

// find returns the groups that stand out, of all values or of those alone that
// stood out when they were last looked at.
func (g *groups) find(whole bool) (found []group) {
	all, repeaters := g.bases()
	type candidate struct {
		v       Value
		decades float64
	}
	var candidates []candidate
	consider := func(v Value) {
		if m := g.members[v]; m != nil && len(m.of) >= 3 {
			e := g.judge(v, &m.tally, len(m.of), &all, &repeaters)
			if !e.enough() && len(m.of) <= closely && share(len(m.of), g.having(v)) >= rareTie {
				t := g.among(m.of)
				e = g.judge(v, &t, len(m.of), &all, &repeaters)
			}
			if e.enough() {
				candidates = append(candidates, candidate{v, e.decades})
				g.standing[v] = true
				m.look = m.puts + 1 + m.puts/20
				return
			}
		}
		delete(g.standing, v)
	}
	if whole {
		for v := range g.several {
			consider(v)
		}
	} else {
		for v := range g.standing {
			consider(v)
		}
	}
	slices.SortFunc(candidates, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(a.v.kind(), b.v.kind()), cmp.Compare(b.decades, a.decades), cmp.Compare(a.v, b.v))
	})
	claimed := map[uint64]bool{}
	for _, c := range candidates {
		if one, ok := g.claim(c.v, claimed, &all, &repeaters); ok {
			found = append(found, one)
		}
	}
	if whole {
		g.shared = g.byShared(claimed, all.everybody)
	}
	return append(found, g.stillShared(claimed)...)
}

// stillShared returns the groups by targets of the latest whole comparison, as
// far as no value has claimed them since.
func (g *groups) stillShared(claimed map[uint64]bool) (found []group) {
	for _, one := range g.shared {
		var left []*Account
		for _, a := range one.members {
			if now := g.accounts[a.Hash]; now != nil && !claimed[a.Hash] {
				left = append(left, now)
			}
		}
		if one.members = left; len(left) > 1 {
			found = append(found, one)
		}
	}
	return found
}

// closely is up to how many accounts with a value are compared as what they may
// be: one group, whose calls among itself are decoys.
const closely = 1024

// among tallies some accounts as one group.
func (g *groups) among(own map[uint64]bool) (t tally) {
	for h := range own {
		in := g.accounts[h].levels(own)
		t.count(&in, 1)
	}
	return t
}

// claim makes a group of those who have a value and are in no other group, when
// they still stand out by themselves.
func (g *groups) claim(v Value, claimed map[uint64]bool, all, repeaters *base) (one group, ok bool) {
	free := map[uint64]bool{}
	for h := range g.members[v].of {
		if !claimed[h] {
			free[h] = true
		}
	}
	if len(free) < 3 {
		return one, false
	}
	t := g.among(free)
	e := g.judge(v, &t, len(free), all, repeaters)
	if !e.enough() {
		return one, false
	}
	one = group{tie: v, decades: e.decades, own: free}
	for _, h := range slices.Sorted(maps.Keys(free)) {
		if g.accounts[h].levels(free)[e.loosest] {
			claimed[h] = true
			one.key = mix(one.key^h, g.of[h].stamp)
			one.members = append(one.members, g.accounts[h])
		}
	}
	one.having = max(g.having(v), len(free))
	one.key = mix(one.key^uint64(one.having), uint64(len(free))^uint64(e.decades)<<32)
	return one, true
}

// sharingMin is how many people two accounts must both try for a tie.
const sharingMin = 3

// pair is two accounts, the lesser one first.
type pair struct{ a, b uint64 }

// pairs visits all pairs of some accounts.
func pairs(of []uint64, visit func(pair)) {
	for i, a := range of {
		for _, b := range of[i+1:] {
			visit(pair{min(a, b), max(a, b)})
		}
	}
}

// byShared groups accounts that have nothing in common but whom they try.
func (g *groups) byShared(claimed map[uint64]bool, everybody int) (found []group) {
	shared := map[pair]int{}
	for _, of := range g.tried {
		if len(of) <= sharers {
			of = slices.DeleteFunc(slices.Clone(of), func(h uint64) bool { return claimed[h] })
			pairs(of, func(p pair) { shared[p]++ })
		}
	}
	tests := 2 * math.Log10(float64(len(g.accounts)+1))
	parent, best := map[uint64]uint64{}, map[uint64]float64{}
	root := func(h uint64) uint64 {
		for p, ok := parent[h]; ok && p != h; p, ok = parent[h] {
			h = p
		}
		return h
	}
	for p, n := range shared {
		d := meeting(len(g.of[p.a].targets), len(g.of[p.b].targets), n, everybody) - tests
		if n < sharingMin || d < enough {
			continue
		}
		best[p.a], best[p.b] = max(best[p.a], d), max(best[p.b], d)
		a, b := root(p.a), root(p.b)
		parent[max(a, b)], parent[min(a, b)] = min(a, b), min(a, b)
	}
	byRoot := map[uint64]*group{}
	for h, d := range best {
		r := root(h)
		if byRoot[r] == nil {
			byRoot[r] = &group{tie: valueOf(byTargets, r), own: map[uint64]bool{}}
		}
		one := byRoot[r]
		one.members, one.own[h] = append(one.members, g.accounts[h]), true
		one.decades = max(one.decades, d)
		one.having = len(one.members)
	}
	for _, one := range byRoot {
		slices.SortFunc(one.members, func(a, b *Account) int { return cmp.Compare(a.Hash, b.Hash) })
		found = append(found, *one)
	}
	slices.SortFunc(found, func(a, b group) int { return cmp.Compare(a.tie, b.tie) })
	return found
}
