package sipguard

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/ringfence/ringfence/guard"
)

// session is the media of a call.
type session struct {
	answered atomic.Bool // the callee has answered: media of the caller passes
	parts    []*part     // by the places of media descriptions; nil: never in use
	closed   bool
}

const maxParts = 8 // wire/sdp has no more either

// part is one medium of a call, with a socket pair towards each side.
type part struct{ faces [2]*face }

func (p *part) face(r guard.Role) *face {
	if r == guard.Caller {
		return p.faces[0]
	}
	return p.faces[1]
}

// face is the side of a medium that one party sees.
type face struct {
	g         *Guard
	session   *session
	call      *call
	caller    bool
	flow      *flow
	addr      netip.Addr // that it is called by
	port      uint16     // of RTP; that of RTCP is the next
	rtp, rtcp *net.UDPConn
	other     *face
	far       atomic.Pointer[far] // nil: not in use
	heard     atomic.Int64        // when a packet last passed, Unix ns
	rate      rate
}

// far is the party's end, as it was signalled. It is never changed, but replaced.
type far struct {
	rtp, rtcp            netip.AddrPort
	takes                [2]uint64 // payload types that it takes, a bit each
	secure, mux, reduced bool
	nat                  bool
	seen                 [2]atomic.Pointer[netip.AddrPort] // with nat: from where RTP and RTCP come
}

// part returns a medium of the call, with its sockets open when it will be in use.
func (s *session) part(c *call, i int, use bool) (*part, int) {
	if i >= maxParts || s.closed {
		return nil, 488
	}
	for len(s.parts) <= i {
		s.parts = append(s.parts, nil)
	}
	if s.parts[i] != nil || !use {
		return s.parts[i], 0
	}
	p := &part{}
	for n, l := range c.legs {
		f := &face{g: c.g, session: s, call: c, caller: n == 0, flow: l.flow, addr: l.flow.self.Addr()}
		if err := c.g.ports.open(f); err != nil {
			c.g.log.Warn("no port for media", "why", err)
			if n == 1 {
				p.faces[0].close()
			}
			return nil, 503
		}
		p.faces[n] = f
	}
	p.faces[0].other, p.faces[1].other = p.faces[1], p.faces[0]
	for _, f := range p.faces {
		go f.read(f.rtp, false)
		go f.read(f.rtcp, true)
	}
	s.parts[i] = p
	return p, 0
}

// inUse tells whether there is any medium.
func (s *session) inUse() bool {
	return slices.ContainsFunc(s.parts, func(p *part) bool { return p != nil })
}

func (s *session) close() {
	s.closed = true
	for _, p := range s.parts {
		if p != nil {
			p.faces[0].close()
			p.faces[1].close()
		}
	}
}

func (f *face) close() {
	f.rtp.Close()
	f.rtcp.Close()
	f.g.ports.free(f.port)
}

// mediaHeard is when a packet of the call last passed.
func (c *call) mediaHeard() time.Time {
	last := int64(0)
	for _, p := range c.media.parts {
		if p != nil {
			last = max(last, p.faces[0].heard.Load(), p.faces[1].heard.Load())
		}
	}
	return time.Unix(0, last)
}

// signalled replaces the party's end. Where the address stays, what was learned of
// its port stays as well.
func (f *face) signalled(n *far) {
	if was := f.far.Load(); was != nil && was.nat && n.nat && was.rtp == n.rtp {
		for i := range n.seen {
			n.seen[i].Store(was.seen[i].Load())
		}
	}
	f.far.Store(n)
}

// ports are those that media may use.
type ports struct {
	first, pairs int
	used         []atomic.Bool
}

func newPorts(r [2]uint16) (*ports, error) {
	first := (int(r[0]) + 1) &^ 1
	pairs := (int(r[1]) - first + 1) / 2
	if r[0] < 1024 || pairs < 2 {
		return nil, fmt.Errorf("media ports %d to %d: want at least four, from 1024 on", r[0], r[1])
	}
	return &ports{first: first, pairs: pairs, used: make([]atomic.Bool, pairs)}, nil
}

var errNoPort = errors.New("every port of the range is in use; give a larger one with --media-ports")

// open opens a pair of ports, RFC 3550 §11: an even one for RTP, the next for RTCP.
// Which one is chance, so that nobody outside can say where the next call will be.
func (p *ports) open(f *face) error {
	begin, tries := rand.IntN(p.pairs), 0
	for i := 0; i < p.pairs && tries < 64; i++ {
		n := (begin + i) % p.pairs
		if !p.used[n].CompareAndSwap(false, true) {
			continue
		}
		f.port = uint16(p.first + 2*n)
		if err := f.bind(); err == nil {
			return nil
		}
		p.used[n].Store(false)
		tries++
	}
	return errNoPort
}

func (p *ports) free(port uint16) { p.used[(int(port)-p.first)/2].Store(false) }

// bind opens the pair at the address that the party is told, or at every address
// where that one is not this machine's own.
func (f *face) bind() (err error) {
	for _, a := range []netip.Addr{f.addr, {}} {
		if f.rtp, err = net.ListenUDP("udp", socketAddr(a, f.port)); err != nil {
			continue
		}
		if f.rtcp, err = net.ListenUDP("udp", socketAddr(a, f.port+1)); err == nil {
			return nil
		}
		f.rtp.Close()
	}
	return err
}

func socketAddr(a netip.Addr, port uint16) *net.UDPAddr {
	if !a.IsValid() {
		return &net.UDPAddr{Port: int(port)}
	}
	return net.UDPAddrFromAddrPort(netip.AddrPortFrom(a, port))
}
