package simulate

import (
	"math"
	"math/rand/v2"
)

// mixed scatters a number (the finalizer of SplitMix64, Steele et al., 2014).
func mixed(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// The streams of chance, so that what one thing draws changes nothing else.
const (
	ofTown = iota + 1
	ofHome
	ofPerson
	ofFriends
	ofHour
	ofID
	ofCall
	ofLookalike
	ofCampaign
	ofWorld
)

// draw is a number that depends on the seed and on what it is asked for, on
// nothing that was drawn before.
func (w *World) draw(stream, a, b uint64) uint64 {
	return mixed(mixed(mixed(w.seed^stream*0xa0761d6478bd642f)+a) + b)
}

// share is a draw as a number from 0 to 1.
func share(d uint64) float64 { return float64(d>>11) / (1 << 53) }

func (w *World) rng(stream, a, b uint64) *rand.Rand {
	return rand.New(rand.NewPCG(w.draw(stream, a, b), w.draw(stream, b, ^a)))
}

// between draws a whole number from a to b, both of them possible.
func between(r *rand.Rand, a, b int) int { return a + r.IntN(b-a+1) }

// about draws around a middle, so that two thirds are within a factor of
// exp(spread) of it (a log-normal distribution).
func about(r *rand.Rand, middle, spread float64) float64 {
	return middle * math.Exp(r.NormFloat64()*spread)
}

// poisson draws how often something happens that happens so often on average.
func poisson(r *rand.Rand, mean float64) int {
	if mean > 50 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*r.NormFloat64())))
	}
	limit, n := math.Exp(-mean), 0
	for p := r.Float64(); p > limit; p *= r.Float64() {
		n++
	}
	return n
}

// pick draws one of some.
func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }
