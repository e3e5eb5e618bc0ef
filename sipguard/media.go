package sipguard

import (
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
	g       *Guard
	session *session
	call    *call
	caller  bool
	flow    *flow
	addr    netip.Addr // that it is called by
	*pair
	other *face
	far   atomic.Pointer[far] // nil: not in use
	heard atomic.Int64        // when a packet last passed, Unix ns
	rate  rate
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
		sockets, err := c.g.ports.take(l.flow.self.Addr())
		if err != nil {
			c.g.log.Warn("no port for media", "why", err)
			if n == 1 {
				c.g.ports.give(p.faces[0].pair)
			}
			return nil, 503
		}
		p.faces[n] = &face{g: c.g, session: s, call: c, caller: n == 0, flow: l.flow, addr: l.flow.self.Addr(), pair: sockets}
	}
	p.faces[0].other, p.faces[1].other = p.faces[1], p.faces[0]
	for _, f := range p.faces {
		f.pair.face.Store(f)
	}
	s.parts[i] = p
	return p, 0
}

// inUse tells whether there is any medium.
func (s *session) inUse() bool {
	return slices.ContainsFunc(s.parts, func(p *part) bool { return p != nil })
}

// close gives the sockets back.
func (s *session) close() {
	s.closed = true
	for _, p := range s.parts {
		if p == nil {
			continue
		}
		for _, f := range p.faces {
			f.g.ports.give(f.pair)
		}
	}
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
