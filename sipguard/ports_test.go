package sipguard

import (
	"net/netip"
	"testing"
)

// Pairs that stand ready at one address do not keep others from calling at another,
// and every port of the range can be in use.
func TestPortsAreShared(t *testing.T) {
	const pairs = 128
	p, err := newPorts([2]uint16{41000, 41000 + 2*pairs - 1}, new(counters))
	if err != nil {
		t.Fatal(err)
	}
	defer close(p.done)
	one, two := netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("127.0.0.1").Next()
	var all []*pair
	for range 40 {
		x, err := p.take(one)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, x)
	}
	for _, x := range all {
		p.give(x)
	}
	held := map[uint16]bool{}
	for {
		x, err := p.take(two)
		if err != nil {
			break
		}
		defer p.shut(x)
		if held[x.port] {
			t.Fatalf("port %d is given twice", x.port)
		}
		held[x.port] = true
	}
	if len(held) < pairs-8 { // some are being opened ahead at this moment
		t.Errorf("%d of %d pairs can be in use", len(held), pairs)
	}
	if got := p.taken.Load(); got != int64(len(held)) {
		t.Errorf("%d pairs are counted, %d are taken", got, len(held))
	}
}
