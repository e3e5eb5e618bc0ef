package turnguard

import (
	"errors"
	"math/rand/v2"
	"sync/atomic"
)

var errNoPort = errors.New("no relayed port is free")

// ports are the relayed ports, with those that allocations have at the moment.
type ports struct {
	min, max uint16
	used     [2][1 << 16 / 64]atomic.Uint64 // of IPv4, of IPv6
}

func newPorts(min, max uint16) *ports { return &ports{min: min, max: max} }

func family(four bool) int {
	if four {
		return 0
	}
	return 1
}

// live tells whether an allocation has a port.
func (p *ports) live(four bool, n uint16) bool {
	return p.used[family(four)][n/64].Load()&(1<<(n%64)) != 0
}

// take marks a port, and says whether it was free.
func (p *ports) take(four bool, n uint16) bool {
	bit := uint64(1) << (n % 64)
	return p.used[family(four)][n/64].Or(bit)&bit == 0
}

func (p *ports) free(four bool, n uint16) { p.used[family(four)][n/64].And(^(uint64(1) << (n % 64))) }

// open finds a port at random, RFC 8656 §7.2 and RFC 6056, that open opens.
func (p *ports) open(four, even bool, open func(port uint16) error) (uint16, error) {
	span := int(p.max) - int(p.min) + 1
	start := rand.IntN(span) // ChaCha8: a stranger cannot foresee it
	for i := range span {
		n := p.min + uint16((start+i)%span)
		if i < 32 {
			n = p.min + uint16(rand.IntN(span))
		}
		if even && n%2 != 0 || !p.take(four, n) {
			continue
		}
		if open(n) == nil {
			return n, nil
		}
		p.free(four, n)
	}
	return 0, errNoPort
}
