package relay

import (
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/turn/v5"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// session is a call that the relay is open for.
type session struct {
	relay   *Relay
	id      wire.ID
	tagged  bool
	legs    [2]*leg // callee, caller
	parties atomic.Pointer[[2]wire.ID]
	closed  atomic.Bool
	told    atomic.Bool // OnSilent has been called
}

// leg is one end of a call.
type leg struct {
	session  *session
	index    int
	name     string // user name of its credentials, "call-leg"
	password string
	key      []byte // RFC 8489 §9.2.2
	addr     *net.UDPAddr
	self     netip.AddrPort
	far      netip.AddrPort // the other leg's address, all that it may send to

	heard     atomic.Int64 // when it last sent a packet that passed, Unix ns
	protected atomic.Bool  // it has sent DTLS that is encrypted
	active    atomic.Pointer[port]

	mu    sync.RWMutex
	ports []*port // its allocations
}

func newSession(r *Relay, id wire.ID, tagged bool) *session {
	s := &session{relay: r, id: id, tagged: tagged}
	for i, l := range []struct {
		leg       call.Leg
		self, far netip.AddrPort
	}{{call.Callee, CalleeAddr, CallerAddr}, {call.Caller, CallerAddr, CalleeAddr}} {
		g := &leg{session: s, index: i, name: id.String() + "-" + string(rune(l.leg)), password: newPassword(), self: l.self, far: l.far, addr: net.UDPAddrFromAddrPort(l.self)}
		g.key = turn.GenerateAuthKey(g.name, Realm, g.password)
		g.heard.Store(r.config.Now().UnixNano())
		s.legs[i] = g
	}
	return s
}

// parse reads the user name of a credential: a call id, a hyphen, a leg.
func parse(user string) (id wire.ID, l call.Leg, ok bool) {
	text, end, found := strings.Cut(user, "-")
	id, err := wire.ParseID(text)
	if !found || err != nil || len(end) != 1 || !call.Leg(end[0]).Valid() {
		return wire.ID{}, 0, false
	}
	return id, call.Leg(end[0]), true
}

// leg returns the leg of a user name, or nil where no open call has it.
func (r *Relay) leg(user string) *leg {
	id, l, ok := parse(user)
	if !ok {
		return nil
	}
	s := r.session(id)
	switch {
	case s == nil:
		return nil
	case l == call.Callee:
		return s.legs[0]
	}
	return s.legs[1]
}

func (l *leg) other() *leg { return l.session.legs[1-l.index] }

// accounts returns whose leg it is, and whose the other one is, where known.
func (l *leg) accounts() (own, other wire.ID) {
	if p := l.session.parties.Load(); p != nil {
		return p[l.index], p[1-l.index]
	}
	return
}

// secured tells whether the handshake went through: both legs have sent DTLS
// that is encrypted.
func (l *leg) secured() bool { return l.protected.Load() && l.other().protected.Load() }

// add gives the leg another allocation, unless the call is over.
func (l *leg) add(p *port) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.session.closed.Load() {
		return false
	}
	l.ports = append(l.ports, p)
	return true
}

func (l *leg) remove(p *port) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range l.ports {
		if l.ports[i] == p {
			l.ports = append(l.ports[:i:i], l.ports[i+1:]...)
			break
		}
	}
	l.active.CompareAndSwap(p, nil)
}

// held returns how many allocations the leg has. When there are as many as
// there may be, the one that has been idle longest makes room: a device that
// changes its network leaves them behind.
func (l *leg) held(limit int, now time.Time) int {
	l.mu.RLock()
	n, oldest := len(l.ports), (*port)(nil)
	for _, p := range l.ports {
		if oldest == nil || p.used.Load() < oldest.used.Load() {
			oldest = p
		}
	}
	l.mu.RUnlock()
	if n < limit || now.UnixNano()-oldest.used.Load() < int64(idle) {
		return n
	}
	oldest.Close()
	return n - 1
}

// deliver hands a packet to the leg: STUN to all its allocations, since each
// has checks of its own under way (RFC 8445 §7.2), everything else to the one
// that it uses itself.
func (l *leg) deliver(b []byte, from *net.UDPAddr) {
	if p := l.active.Load(); p != nil && b[0] > 3 {
		p.put(b, from)
		return
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, p := range l.ports {
		p.put(b, from)
	}
}

func (s *session) close() {
	s.closed.Store(true)
	for _, l := range s.legs {
		l.mu.RLock()
		ports := append([]*port(nil), l.ports...)
		l.mu.RUnlock()
		for _, p := range ports {
			p.Close()
		}
	}
}
