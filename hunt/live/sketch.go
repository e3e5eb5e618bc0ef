package live

import (
	"math"
	"math/bits"
	"slices"
)

// hash is the same in every process: nodes speak of values by it. It takes eight
// bytes a step, because every record costs four of them.
func hash(s string) uint64 {
	const k = 0x9e3779b97f4a7c15
	h := uint64(len(s)) ^ 0xa0761d6478bd642f
	for len(s) >= 8 {
		v := uint64(s[0]) | uint64(s[1])<<8 | uint64(s[2])<<16 | uint64(s[3])<<24 |
			uint64(s[4])<<32 | uint64(s[5])<<40 | uint64(s[6])<<48 | uint64(s[7])<<56
		h = mix(h, v)
		s = s[8:]
	}
	v := uint64(0)
	for i := 0; i < len(s); i++ {
		v |= uint64(s[i]) << (8 * i)
	}
	h = mix(h, v)
	return max(h^h>>29*k, 1)
}

// mix is the two halves of a product, folded (wyhash).
func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a^0xe7037ed1a0b428db, b^0x8ebc6af09c88c6e3)
	return hi ^ lo
}

// exact is how many members a set names before it only estimates.
const exact = 16

// set counts different hashes: by name as long as they are few, then by
// HyperLogLog (Flajolet et al., 2007) with linear counting below.
type set struct {
	Few       []uint64
	Registers []uint8
}

// add tells whether the set has changed.
func (s *set) add(h uint64, registers int) bool {
	if s.Registers == nil {
		if slices.Contains(s.Few, h) {
			return false
		}
		if len(s.Few) < exact {
			s.Few = append(s.Few, h)
			return true
		}
		s.Registers = make([]uint8, registers)
		for _, f := range s.Few {
			s.count(f)
		}
		s.Few = nil
	}
	return s.count(h)
}

func (s *set) count(h uint64) bool {
	h = mix(h, 0xd6e8feb86659fd93)
	i := h & uint64(len(s.Registers)-1)
	rank := uint8(bits.LeadingZeros64(h|0xffff) + 1)
	if rank <= s.Registers[i] {
		return false
	}
	s.Registers[i] = rank
	return true
}

// sketch counts different hashes of the current and the last half of the window,
// so that what is old is forgotten.
type sketch struct {
	Half     int64 // number of the current half
	Now, Old set
	Touched  int64 // number of the latest add, to find what may go
	known    int   // 1 and the size, or 0 when it has to be worked out
}

// turn forgets what is older than the window, and all when the clock was set back.
func (s *sketch) turn(half int64) {
	switch half {
	case s.Half:
		return
	case s.Half + 1:
		s.Old, s.Now = s.Now, set{}
	default:
		s.Old, s.Now = set{}, set{}
	}
	s.Half, s.known = half, 0
}

func (s *sketch) add(h uint64, half int64, registers int) {
	s.turn(half)
	if s.Now.add(h, registers) {
		s.known = 0
	}
}

// size estimates how many different hashes there are.
func (s *sketch) size(registers int) int {
	if s.known == 0 {
		s.known = 1 + s.measure(registers)
	}
	return s.known - 1
}

func (s *sketch) measure(registers int) int {
	if s.Now.Registers == nil && s.Old.Registers == nil {
		n := len(s.Now.Few)
		for _, h := range s.Old.Few {
			if !slices.Contains(s.Now.Few, h) {
				n++
			}
		}
		return n
	}
	both := set{Registers: make([]uint8, registers)}
	for _, half := range []*set{&s.Now, &s.Old} {
		for _, h := range half.Few {
			both.count(h)
		}
		for i, r := range half.Registers {
			both.Registers[i] = max(both.Registers[i], r)
		}
	}
	return both.estimate()
}

// parts are the negative powers of two.
var parts = func() (p [64]float64) {
	for i := range p {
		p[i] = math.Ldexp(1, -i)
	}
	return p
}()

func (s *set) estimate() int {
	m, sum, empty := float64(len(s.Registers)), 0.0, 0.0
	for _, r := range s.Registers {
		sum += parts[r&63]
		if r == 0 {
			empty++
		}
	}
	alpha := 0.7213 / (1 + 1.079/m)
	if m <= 64 {
		alpha = 0.709
	}
	e := alpha * m * m / sum
	if e <= 2.5*m && empty > 0 {
		e = m * math.Log(m/empty)
	}
	return int(math.Round(e))
}
