package hunt

import (
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/ringfence/ringfence/hunt/record"
)

// repeatWithin is how soon a second attempt follows the first for the pair to
// count as repeated: an exploit that fails is tried again at once, a person
// waits for an answer.
const repeatWithin = 10 * time.Minute

// suspect is a caller who tried strangers that did not answer.
type suspect struct {
	id       record.ID
	calls    uint32 // all calls, also those to contacts
	tries    uint32 // attempts at strangers
	open     uint32 // strangers who never answered
	repeated uint32 // of them: tried again within repeatWithin
	talked   uint32 // strangers who answered and talked
	print    record.Code
	network  record.Code // the one most attempts came from
	created  int16       // week
	rhythm   uint16      // of the repeated pairs; 0 when there are none
	targets  []record.ID // who never answered, sorted; nil for those with one or two only
	met      []record.ID // of those who talked, the first ones: they may be accounts of the same group
}

// pure tells whether nearly all strangers it tried did not talk.
func (s *suspect) pure() bool { return 10*s.talked <= s.open }

// single tells whether it does nothing but try strangers.
func (s *suspect) single() bool { return s.calls <= s.tries+s.tries/10 }

// mostMet is how many of those who talked are kept of a suspect.
const mostMet = 64

// kept is how many targets a suspect has for their names to be kept.
const kept = 2

// suspectsOf makes suspects of sorted attempts.
func suspectsOf(all []attempt, known *accounts, yield func(suspect)) {
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].caller == all[0].caller {
			n++
		}
		if s, ok := suspectOf(all[:n], known); ok {
			yield(s)
		}
		all = all[n:]
	}
}

func suspectOf(of []attempt, known *accounts) (suspect, bool) {
	s := suspect{id: of[0].caller, tries: uint32(len(of)), created: noWeek}
	if a := known.look(s.id); a != nil {
		s.calls, s.print, s.network, s.created = uint32(a.calls), a.print, a.network, a.created
	}
	var beat beat
	var targets, met []record.ID
	for rest := of; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].callee == rest[0].callee {
			n++
		}
		p := pairOf(rest[:n])
		switch {
		case p.talked:
			if s.talked++; len(met) < mostMet {
				met = append(met, rest[0].callee)
			}
		case p.answered: // picked up, and gone at once: neither
		default:
			s.open++
			targets = append(targets, rest[0].callee)
			if p.gap > 0 {
				s.repeated++
				beat.add(p)
			}
		}
		rest = rest[n:]
	}
	if s.open == 0 {
		return s, false
	}
	s.rhythm = beat.code()
	s.attributes(of)
	if len(targets) > kept || s.repeated > 0 {
		s.targets = targets
	}
	if s.repeated > 0 {
		s.met = met
	}
	return s, true
}

// attributes takes print and network from the attempts, where most agree.
func (s *suspect) attributes(of []attempt) {
	if p := most(of, func(a *attempt) record.Code { return a.print }); p != 0 {
		s.print = p
	}
	if n := most(of, func(a *attempt) record.Code { return a.network }); n != 0 {
		s.network = n
	}
}

// most returns the commonest code that is known: exact for up to eight
// different ones, which is what an account has.
func most(of []attempt, get func(*attempt) record.Code) record.Code {
	var codes [8]record.Code
	var counts [8]int
	for i := range of {
		c := get(&of[i])
		if c == 0 {
			continue
		}
		for j := range codes {
			if codes[j] == 0 || codes[j] == c {
				codes[j] = c
				counts[j]++
				break
			}
		}
	}
	best := 0
	for j := range codes {
		if counts[j] > counts[best] {
			best = j
		}
	}
	return codes[best]
}

// tried is what became between one caller and one stranger.
type tried struct {
	attempts int
	answered bool
	talked   bool
	gap      time.Duration // shortest between two attempts, when within repeatWithin; else 0
	ring     uint16        // of the first attempt, in 10 ms
}

func pairOf(of []attempt) tried {
	p := tried{attempts: len(of), ring: of[0].ring}
	for i := range of {
		p.answered = p.answered || of[i].outcome == record.Answered
		p.talked = p.talked || of[i].talked
		if i == 0 {
			continue
		}
		gap := time.Duration(of[i].time - of[i-1].time)
		if gap <= repeatWithin && (p.gap == 0 || gap < p.gap) {
			p.gap = max(gap, 1)
		}
	}
	return p
}

// beat gathers the rhythm of repeated pairs.
type beat struct {
	gaps, rings, attempts []float64
}

const maxBeat = 64

func (b *beat) add(p tried) {
	if len(b.gaps) < maxBeat {
		b.gaps = append(b.gaps, p.gap.Seconds())
		b.rings = append(b.rings, float64(p.ring)/100)
		b.attempts = append(b.attempts, float64(p.attempts))
	}
}

// code is the rhythm in steps of a factor two: how long it rings, how soon it
// is tried again, and how often. 0 when nothing is repeated.
func (b *beat) code() uint16 {
	if len(b.gaps) == 0 {
		return 0
	}
	step := func(v []float64) uint16 {
		slices.Sort(v)
		return uint16(bits.Len(uint(math.Round(2 * v[len(v)/2]))))
	}
	return 1 | min(step(b.rings), 15)<<1 | min(step(b.gaps), 15)<<5 | min(step(b.attempts), 7)<<9
}
