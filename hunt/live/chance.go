package live

import "math"

// tally counts accounts by the levels that they reach.
type tally [levels]int

const (
	enough     = 6    // decades: a group like it comes about by chance once in a million hunts
	sure       = 9    // decades, for no doubt
	ratio      = 10.0 // how many times what chance gives, at least
	chanceHere = 0.05 // share of a group that may be in it by chance
)

// evidence is how much a group stands out.
type evidence struct {
	decades float64 // -log10 of the chance that so many of it reach a level
	loosest int     // the level that takes in the most accounts, and hardly any by chance; -1: none
}

// enough tells whether it is more than chance, with accounts to name.
func (e evidence) enough() bool { return e.decades >= enough && e.loosest >= 0 }

// standsOut compares the members of a group of n with all others. The group
// itself is left out of the comparison, and one more is counted than there is, so
// that what is rare is not taken to be impossible.
func standsOut(group *tally, n int, all *[levels]int, everybody int) (e evidence) {
	e.loosest = -1
	most := 0
	for l, x := range group {
		if x < 2 {
			continue
		}
		of := max(n, x)
		share := (float64(max(all[l]-x, 0)) + 1) / (float64(max(everybody-of, all[l]-x, 0)) + 1)
		expected := float64(of) * share
		if float64(x) < ratio*expected {
			continue
		}
		e.decades = math.Max(e.decades, tail(float64(x), float64(of), share))
		if expected <= chanceHere*float64(x) && x > most {
			most, e.loosest = x, l
		}
	}
	return e
}

// tail is a lower bound of -log10 of the chance that of n, each with chance p, x
// or more have it (Chernoff's bound, by the relative entropy).
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

// meeting is -log10 of the chance that two who choose a and b people among all
// have n of them in common (Poisson).
func meeting(a, b, n, everybody int) float64 {
	expected := float64(a) * float64(b) / float64(max(everybody, 1))
	if float64(n) <= expected {
		return 0
	}
	logs, _ := math.Lgamma(float64(n) + 1)
	return (expected - float64(n)*math.Log(expected) + logs) / math.Ln10
}
