package hunt

import "math"

// Levels: how far a caller goes toward trying strangers who do not answer. The
// share of all callers that reach a level is what chance gives, wherever they
// are; a group in which many more reach it did not come about by chance.
//
// A level is a kind (strangers tried, or tried again at once), a class (anybody,
// those who hardly talk with strangers, those who do nothing else) and a number.
const (
	kinds   = 2
	classes = 3
	steps   = 9
	levels  = kinds * classes * steps
)

var stepAt = [steps]uint32{1, 2, 3, 5, 8, 12, 20, 40, 80}

// level numbers the levels.
func level(kind, class, step int) int { return (kind*classes+class)*steps + step }

// tally counts accounts by the levels they reach.
type tally [levels]uint32

// reached calls visit for each level that a suspect reaches.
func (s *suspect) reached(visit func(level int)) {
	class := 0
	if s.pure() {
		class = 1
		if s.single() {
			class = 2
		}
	}
	for kind, n := range [kinds]uint32{s.open, s.repeated} {
		for step := 0; step < steps && n >= stepAt[step]; step++ {
			for c := 0; c <= class; c++ {
				visit(level(kind, c, step))
			}
		}
	}
}

func (t *tally) add(s *suspect)  { s.reached(func(l int) { t[l]++ }) }
func (t *tally) take(s *suspect) { s.reached(func(l int) { t[l]-- }) }

// evidence is how much a group stands out.
type evidence struct {
	level    int     // at which it stands out most
	decades  float64 // -log10 of the chance that so many of it reach that level
	loosest  int     // the level at which it is the most accounts, and hardly any by chance
	accounts int     // that reach the loosest level
}

const (
	ratio      = 10.0 // how many times what chance gives, at least
	chanceHere = 0.05 // the share of a group that may be in it by chance
)

// standsOut compares a group of n of all callers with all others. Leaving the
// group itself out of the comparison, and counting one more than there is
// there, keeps a rare level from being no chance at all.
func standsOut(group, all *tally, n, callers int) (e evidence) {
	e.level, e.loosest = -1, -1
	for l := range levels {
		x := float64(group[l])
		if x < 2 || int(x) > n {
			continue
		}
		share := (float64(all[l]-group[l]) + 1) / (float64(callers-n) + 1)
		expected := float64(n) * share
		if x < ratio*expected {
			continue
		}
		if d := tail(x, float64(n), share); d > e.decades {
			e.level, e.decades = l, d
		}
		if expected <= chanceHere*x && int(x) > e.accounts {
			e.loosest, e.accounts = l, int(x)
		}
	}
	return e
}

// tail is a lower bound of -log10 of the chance that of n, each with chance p,
// x or more have it (Chernoff's bound, by the relative entropy).
func tail(x, n, p float64) float64 {
	a := x / n
	if a <= p || p <= 0 {
		return 0
	}
	d := a * math.Log(a/p)
	if a < 1 {
		d += (1 - a) * math.Log((1-a)/(1-p))
	}
	return n * d / math.Ln10
}
