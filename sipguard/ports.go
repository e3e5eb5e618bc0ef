package sipguard

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// ports are those that media may use.
type ports struct {
	first, pairs int
	used         []atomic.Bool
	taken        atomic.Int64 // pairs of calls

	mu    sync.Mutex
	count *counters
	ready map[netip.Addr]*standing // opened before somebody calls, for that takes long
	done  chan struct{}
}

// How many pairs stand ready for the next calls at each of how many addresses: so
// many are opened ahead, and so many are kept of calls that have ended.
const (
	openedAhead    = 64
	keptPairs      = 1024
	readyAddresses = 16
)

// standing are the pairs that stand ready at an address.
type standing struct {
	all    chan *pair
	ahead  int
	wanted chan struct{} // there are few
}

// pair are two sockets, RFC 3550 §11: an even port for RTP, the next for RTCP.
type pair struct {
	at        netip.Addr
	port      uint16
	rtp, rtcp *net.UDPConn
	face      atomic.Pointer[face] // of the call that has it; nil: it stands ready
}

func newPorts(r [2]uint16, count *counters) (*ports, error) {
	first := (int(r[0]) + 1) &^ 1
	pairs := (int(r[1]) - first + 1) / 2
	if r[0] < 1024 || pairs < 2 {
		return nil, fmt.Errorf("media ports %d to %d: want at least four, from 1024 on", r[0], r[1])
	}
	return &ports{first: first, pairs: pairs, used: make([]atomic.Bool, pairs), count: count, ready: map[netip.Addr]*standing{}, done: make(chan struct{})}, nil
}

var errNoPort = errors.New("every port of the range is in use; give a larger one with --media-ports")

// take returns a pair at an address: one that stands ready, where there is one.
func (p *ports) take(a netip.Addr) (one *pair, err error) {
	if one = p.at(a).take(); one == nil {
		if one, err = p.open(a); err != nil && p.reclaim() {
			one, err = p.open(a)
		}
		if err != nil {
			return nil, err
		}
	}
	p.taken.Add(1)
	return one, nil
}

// at is what stands ready at an address; nil: nothing ever does.
func (p *ports) at(a netip.Addr) *standing {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, ahead := p.ready[a], min(openedAhead, p.pairs/64)
	if s == nil && ahead > 0 && len(p.ready) < readyAddresses {
		s = &standing{make(chan *pair, min(keptPairs, p.pairs/4)), ahead, make(chan struct{}, 1)}
		p.ready[a] = s
		go p.fill(a, s)
	}
	return s
}

// reclaim closes a few of the pairs that stand ready anywhere, so that their ports
// can be used at another address; false: none does.
func (p *ports) reclaim() (some bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.ready {
		for range 8 {
			one := s.take()
			if one == nil {
				break
			}
			p.shut(one)
			some = true
		}
	}
	return some
}

func (s *standing) take() *pair {
	if s == nil {
		return nil
	}
	if len(s.all) < s.ahead {
		select {
		case s.wanted <- struct{}{}:
		default:
		}
	}
	select {
	case one := <-s.all:
		return one
	default:
		return nil
	}
}

// fill opens pairs ahead until the guard is closed.
func (p *ports) fill(a netip.Addr, s *standing) {
	for {
		select {
		case <-p.done:
			for len(s.all) > 0 {
				p.shut(<-s.all)
			}
			return
		case <-s.wanted:
		}
		for len(s.all) < s.ahead {
			one, err := p.open(a)
			if err != nil { // every port is in use: calls that end give theirs back
				break
			}
			p.keep(s, one)
		}
	}
}

// give takes a pair back from a call that is over.
func (p *ports) give(one *pair) {
	one.face.Store(nil)
	p.taken.Add(-1)
	p.keep(p.at(one.at), one)
}

// keep keeps a pair for the next call, where there is room.
func (p *ports) keep(s *standing, one *pair) {
	select {
	case <-p.done:
		p.shut(one)
		return
	default:
	}
	if s == nil {
		p.shut(one)
		return
	}
	select {
	case s.all <- one:
	default:
		p.shut(one)
	}
}

// open opens a pair. Which one is chance, so that nobody outside can say where it
// will be.
func (p *ports) open(a netip.Addr) (*pair, error) {
	begin, tries := rand.IntN(p.pairs), 0
	for i := 0; i < p.pairs && tries < 64; i++ {
		n := (begin + i) % p.pairs
		if !p.used[n].CompareAndSwap(false, true) {
			continue
		}
		one := &pair{at: a, port: uint16(p.first + 2*n)}
		if err := one.bind(); err == nil {
			go p.read(one, one.rtp, false)
			go p.read(one, one.rtcp, true)
			return one, nil
		}
		p.used[n].Store(false)
		tries++
	}
	return nil, errNoPort
}

// shut closes a pair and gives its ports back.
func (p *ports) shut(one *pair) {
	one.rtp.Close()
	one.rtcp.Close()
	p.used[(int(one.port)-p.first)/2].Store(false)
}

// bind opens the pair at the address that the party is told, or at every address
// where that one is not this machine's own.
func (one *pair) bind() (err error) {
	for _, a := range []netip.Addr{one.at, {}} {
		if one.rtp, err = net.ListenUDP("udp", socketAddr(a, one.port)); err != nil {
			continue
		}
		if one.rtcp, err = net.ListenUDP("udp", socketAddr(a, one.port+1)); err == nil {
			return nil
		}
		one.rtp.Close()
	}
	return err
}

func socketAddr(a netip.Addr, port uint16) *net.UDPAddr {
	if !a.IsValid() {
		return &net.UDPAddr{Port: int(port)}
	}
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, port))
}

// read hands what comes to the call that has the pair, until the socket is closed.
func (p *ports) read(one *pair, s *net.UDPConn, control bool) {
	var in, out [2048]byte
	for {
		n, from, err := s.ReadFromUDPAddrPort(in[:])
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		if f := one.face.Load(); f != nil {
			f.guarded(in[:n], out[:0], unmap(from), control)
			continue
		}
		p.count.elsewhere.Add(1) // no call has it
	}
}
