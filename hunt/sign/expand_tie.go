package sign

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/ringfence/ringfence/hunt/record"
)

// What ties an account to the targets that others tried. Two people of a
// household try the same few, and everybody tries the famous, so a target weighs
// by how few tried it: 1 when only two did, and 0.1 when a thousand did (Adamic
// and Adar, Friends and Neighbors on the Web, Social Networks 25, 2003).
const (
	leastShared  = 3    // targets that not many tried
	manyCallers  = 30   // accounts are many
	leastWeight  = 1.5  // of all shared targets together
	manyShared   = 6    // from here on it is strong, when
	muchWeight   = 4    // they weigh as much
	leastPart    = 0.05 // of all whom the account tried; below, it tries so many that some are the same
	largePart    = 0.2  // that much at least, when it tried more than busyTargets
	busyTargets  = 50
	enough       = 100  // attempts for each shared target, to see that it is less than leastPart
	falseTies    = 0.05 // that chance may give among all accounts
	fewTried     = 20   // accounts that tried a target which is a sign: each is followed
	tooMany      = 500  // targets, of which one is a sign: a call centre, not an attack
	knownPart    = 0.5  // of the accounts of a network, and two of them at least, that are known: then the others are looked at
	leastTargets = 3    // of an account that shares only a network
)

func weight(callers int64) float64 { return 1 / math.Log2(float64(max(callers, 2))) }

// chance is how many accounts would by chance share so many of the known targets
// that not many tried, among all accounts, if each tried as many people as this one: the tail of
// a Poisson distribution.
func (e *expansion) chance(shared, tried int) float64 {
	expected := float64(tried) * float64(e.reach) / float64(max(e.people.pairs, 1))
	if float64(shared) <= expected {
		return math.Inf(1)
	}
	gamma, _ := math.Lgamma(float64(shared + 1))
	term := math.Exp(float64(shared)*math.Log(expected) - expected - gamma)
	sum := 0.0
	for i := shared; term > sum*1e-9; i++ {
		sum += term
		term *= expected / float64(i+1)
	}
	return sum * float64(e.people.accounts)
}

// candidates finds the accounts that are tied to what is known, and returns how
// many were new.
func (e *expansion) candidates() (int, error) {
	next := map[record.ID]int{}
	for id, targets := range e.shared {
		if !e.open(id) {
			continue
		}
		if len(targets) >= leastShared {
			next[id] = enough * len(targets)
		}
		if e.triedSign(targets) != nil {
			next[id] = max(next[id], 2*tooMany)
		}
	}
	having := map[record.ID][]*node{}
	for _, n := range e.byCode() {
		holders, err := e.holders(attribute{n.kind, n.code})
		if err != nil {
			return 0, err
		}
		for _, id := range holders {
			if e.open(id) {
				having[id] = append(having[id], n)
				next[id] = mostTried
			}
		}
	}
	all := sorted(next)
	if err := e.lookUp(next); err != nil {
		return 0, err
	}
	found := 0
	for _, id := range all {
		ties := e.ties(id, having[id])
		if len(ties) == 0 {
			continue
		}
		if len(e.accounts) >= mostAccounts {
			e.cut++
			continue
		}
		if e.tie(id, ties) {
			found++
		}
	}
	return found, nil
}

// open tells whether an account is not known yet, or so weakly that more may be
// found.
func (e *expansion) open(id record.ID) bool {
	n := e.accounts[id]
	return n == nil || n.grade == weak
}

// tie adds an account by the strongest of its ties; two that are moderate, and
// of two kinds, make a strong one. It tells whether that is more than was known.
func (e *expansion) tie(id record.ID, ties []tie) bool {
	slices.SortStableFunc(ties, func(a, b tie) int { return cmp.Compare(min(b.grade, b.from.grade), min(a.grade, a.from.grade)) })
	best := ties[0]
	grade := best.grade
	for _, t := range ties[1:] {
		if grade == moderate && t.grade == moderate && t.from.kind != best.from.kind {
			grade = strong
		}
	}
	grade = min(grade, best.from.grade)
	if n := e.accounts[id]; n != nil && n.grade >= grade {
		return false
	}
	e.accounts[id] = &node{thing: thing{kind: Account, id: id}, grade: grade, from: best.from, why: best.why, step: best.grade, others: ties[1:]}
	return true
}

func (e *expansion) ties(id record.ID, having []*node) (all []tie) {
	targets := 0
	for i, a := range e.tried[id] {
		if i == 0 || a.callee != e.tried[id][i-1].callee {
			targets++
		}
	}
	if t, ok := e.byTargets(e.shared[id], targets); ok {
		all = append(all, t)
	}
	if targets == 0 && len(having) > 0 {
		e.idle.add(id)
		return nil
	}
	for _, n := range having {
		all = append(all, e.byFeature(n, targets))
	}
	return all
}

// byTargets is the tie of an account to the known targets that it tried.
func (e *expansion) byTargets(shared []record.ID, tried int) (tie, bool) {
	sum, few, rarest, others := 0.0, 0, record.ID(0), int64(math.MaxInt64)
	for _, id := range shared {
		n := e.callers[id].count()
		sum += weight(n)
		if n <= manyCallers {
			few++
		}
		if n < others || n == others && id < rarest {
			rarest, others = id, n
		}
	}
	part := float64(len(shared)) / float64(max(tried, 1))
	if few >= leastShared && sum >= leastWeight && e.chance(few, tried) < falseTies {
		t := tie{from: e.targets[rarest], grade: moderate, why: fmt.Sprintf(
			"tried %d of the same people, of %d whom it tried; few others tried them, and chance would not make it so among all accounts", len(shared), tried)}
		switch {
		case part < leastPart || tried > busyTargets && part < largePart:
			t.grade = weak
			t.why = fmt.Sprintf("tried %d of the same people, but %d others or more, too", len(shared), tried-len(shared))
		case few >= manyShared && sum >= muchWeight && part >= largePart:
			t.grade = strong
		}
		return t, true
	}
	sign := e.triedSign(shared)
	if sign == nil {
		return tie{}, false
	}
	n := e.callers[sign.id].count()
	t := tie{from: sign, grade: moderate, why: fmt.Sprintf("tried this person, as %d other accounts did", n-1)}
	if n > fewTried {
		t.grade = weak
	}
	if tried > tooMany {
		t.grade = weak
		t.why = fmt.Sprintf("tried this person, and more than %d others", tooMany)
	}
	return t, true
}

// triedSign returns the sign among targets that fewest tried; nil when none is.
func (e *expansion) triedSign(targets []record.ID) (best *node) {
	for _, id := range targets {
		n := e.targets[id]
		if n.sign && (best == nil || cmp.Or(cmp.Compare(e.callers[id].count(), e.callers[best.id].count()), cmp.Compare(id, best.id)) < 0) {
			best = n
		}
	}
	return best
}

// byFeature is the tie of an account to a print or network that is followed.
func (e *expansion) byFeature(n *node, targets int) tie {
	a := attribute{n.kind, n.code}
	has := "calls with this client print"
	t := tie{from: n, grade: strong}
	if n.kind == Network {
		has, t.grade = "calls from this network", moderate
	}
	t.why = fmt.Sprintf("%s, which %s have", has, e.shareOf(a))
	switch {
	case !e.people.ties(a) && n.kind == Print: // a sign, of which somebody knows something
		t.grade = moderate
	case !e.people.ties(a):
		t.grade = weak
		t.why += ": too many for a tie"
	case n.kind == Network && targets < leastTargets:
		t.grade = weak
		t.why += ", but tried hardly anybody who had not accepted it"
	}
	return t
}

// addFeatures follows the prints and networks of the accounts that are followed,
// where they are rare; the others are told.
func (e *expansion) addFeatures() {
	have := map[attribute][]*node{}
	for _, id := range sorted(e.accounts) {
		if n := e.accounts[id]; n.done {
			for _, a := range e.featuresOf(id) {
				have[a] = append(have[a], n)
			}
		}
	}
	for _, a := range slices.SortedFunc(maps.Keys(have), compareAttributes) {
		of, t := have[a], thing{kind: a.kind, code: a.code}
		if e.features[a] != nil {
			continue
		}
		count := e.people.has[a].count
		if !e.people.ties(a) || a.kind == Network && (len(of) < 2 || float64(len(of)) < knownPart*float64(count)) {
			e.refuse(t, int64(len(of)))
			continue
		}
		delete(e.refused, t)
		best := slices.MaxFunc(of, func(x, y *node) int { return cmp.Compare(x.grade, y.grade) })
		e.features[a] = &node{thing: t, grade: best.grade, from: best, step: strong, why: fmt.Sprintf("is what it calls with, and %d of the accounts that are known; %s have it", len(of), e.shareOf(a))}
	}
}

// featuresOf returns the prints and networks of an account's attempts.
func (e *expansion) featuresOf(id record.ID) (all []attribute) {
	for _, one := range e.tried[id] {
		for _, a := range []attribute{{Print, one.print}, {Network, one.network}} {
			if a.code > record.Other && !slices.Contains(all, a) {
				all = append(all, a)
			}
		}
	}
	slices.SortFunc(all, compareAttributes)
	return all
}

func (e *expansion) byCode() []*node {
	return slices.SortedFunc(maps.Values(e.features), func(a, b *node) int {
		return compareAttributes(attribute{a.kind, a.code}, attribute{b.kind, b.code})
	})
}

func compareAttributes(a, b attribute) int {
	return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.code, b.code))
}

func sorted[V any](of map[record.ID]V) []record.ID { return slices.Sorted(maps.Keys(of)) }

// holders returns the accounts of a print or network that is followed.
func (e *expansion) holders(a attribute) ([]record.ID, error) {
	if !e.people.has[a].exact {
		return nil, nil
	}
	return e.people.holders(a)
}

// refuse keeps why something is not followed; some are the callers of a target,
// or how many known accounts have a print or network.
func (e *expansion) refuse(t thing, some int64) {
	u := Unfollowed{Kind: t.kind}
	if t.kind == Target {
		u.Accounts = some
		u.Why = fmt.Sprintf("about %d accounts tried this person", u.Accounts)
	} else {
		a := attribute{t.kind, t.code}
		u.Accounts = e.people.has[a].count
		u.Why = e.shareOf(a) + " have it"
		if e.people.ties(a) {
			u.Why += fmt.Sprintf(", and only %d of those are known", some)
		}
	}
	u.Share = float64(u.Accounts) / float64(max(e.people.accounts, 1))
	e.refused[t] = u
}

// shareOf says how many accounts have an attribute.
func (e *expansion) shareOf(a attribute) string {
	s := e.people.has[a]
	n, all := s.count, max(e.people.accounts, 1)
	if s.exact && n*100 < all {
		return fmt.Sprintf("%d of %d accounts", n, all)
	}
	percent := 100 * min(1, float64(n)/float64(all))
	if percent < 10 {
		return fmt.Sprintf("%.2g %% of all accounts", percent)
	}
	return fmt.Sprintf("%.0f %% of all accounts", percent)
}

func times(n int64) string {
	if n == 1 {
		return "was tried once"
	}
	return fmt.Sprintf("was tried %d times", n)
}
