package relay

import (
	"errors"
	"net"
	"time"

	"github.com/pion/logging"
	"github.com/pion/turn/v5"

	"github.com/ringfence/ringfence/guard"
)

var (
	errGone  = errors.New("the call is over")
	errNoTCP = errors.New("there are no TCP peers here")
)

func (r *Relay) turnConfig() turn.ServerConfig {
	generator := addresses{r}
	return turn.ServerConfig{
		Realm:               Realm,
		AuthHandler:         r.authenticate,
		QuotaHandler:        r.mayAllocate,
		StrictAddressFamily: true, // relayed addresses are IPv4, however the client came
		InboundMTU:          maxFrame + 1,
		LoggerFactory:       quiet{},
		EventHandler:        turn.EventHandler{OnAuth: r.authenticated, OnAllocationCreated: r.allocated},
		PacketConnConfigs:   []turn.PacketConnConfig{{PacketConn: r.udp, RelayAddressGenerator: generator, PermissionHandler: r.mayReach}},
		ListenerConfigs:     []turn.ListenerConfig{{Listener: r.tcp, RelayAddressGenerator: generator, PermissionHandler: r.mayReach}},
	}
}

// authenticate returns the key of a leg. There is none for a call that is not
// answered or is over.
func (r *Relay) authenticate(ra *turn.RequestAttributes) (user string, key []byte, ok bool) {
	l := r.leg(ra.Username)
	if l == nil {
		return r.unknownUser(ra)
	}
	if key := r.weaklyVerified(l.name); key != nil {
		return l.name, key, true
	}
	return l.name, l.key, true
}

func (r *Relay) unknownUser(ra *turn.RequestAttributes) (user string, key []byte, ok bool) {
	id, _, known := parse(ra.Username)
	if known && ra.Method.String() != "Allocate" && r.recent.has(id.String()) {
		return "", nil, false // an end that is just hanging up
	}
	ev := r.allocate(ra.SrcAddr)
	ev.Call, ev.Bytes = id, []byte(ra.Username)
	if !r.config.Guard.Judge(ev).Passed() {
		return "", nil, false
	}
	return r.weaklyOpened(ra.Username)
}

// allocate starts an event about a request for an allocation.
func (r *Relay) allocate(from net.Addr) *guard.Event {
	return &guard.Event{Kind: guard.Allocate, At: r.config.Now(), Addr: source(addrPort(from))}
}

// authenticated is told how the check of a credential went.
func (r *Relay) authenticated(src, _ net.Addr, _, user, _, _ string, ok bool) {
	if ok {
		return
	}
	ev := r.allocate(src)
	ev.Bytes = []byte(user)
	if l := r.leg(user); l != nil {
		ev.Answered, ev.Call, ev.Range = true, l.session.id, l.session.tagged
	}
	r.config.Guard.Judge(ev)
}

// mayAllocate judges an Allocate request whose credential was right.
func (r *Relay) mayAllocate(user, _ string, src net.Addr) bool {
	l := r.leg(user)
	if l == nil {
		return false
	}
	ev := r.allocate(src)
	ev.Call, ev.Range, ev.Bytes = l.session.id, l.session.tagged, []byte(user)
	ev.Account, ev.Target = l.accounts()
	ev.Answered, ev.Authentic = !l.session.closed.Load(), true
	ev.Held = l.held(r.config.Guard.Limits().AllocationsPerLeg, ev.At)
	ev.Spends = []guard.Spend{{Name: "allocations of a leg", Key: user, Limit: 8 * r.config.Guard.Limits().AllocationsPerLeg, Per: time.Minute}}
	return r.config.Guard.Judge(ev).Passed()
}

// allocated is told of each new allocation; the relayed address is the pointer
// that AllocatePacketConn returned.
func (r *Relay) allocated(src, _ net.Addr, _, user, _ string, relayed net.Addr, _ int) {
	l := r.leg(user)
	if l == nil {
		return
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, p := range l.ports {
		if p.addr == relayed {
			p.mu.Lock()
			p.event.Addr = source(addrPort(src))
			p.mu.Unlock()
			r.enter(src, p)
		}
	}
}

// mayReach answers for the permission or channel that is being asked for. The
// guard has judged it, with its port, when the request came in.
func (r *Relay) mayReach(client net.Addr, peer net.IP) bool {
	key := keyOf(client)
	key.addr = source(key.addr)
	f := r.flow(key)
	if f == nil || f.denied.Load() {
		return false
	}
	return r.config.Guard.Weak("R12") || peer.Equal(f.port.leg.far.Addr().AsSlice())
}

// addresses makes allocations: they have no sockets.
type addresses struct{ relay *Relay }

// Validate has nothing to object to.
func (addresses) Validate() error { return nil }

// AllocatePacketConn makes the allocation of a leg.
func (a addresses) AllocatePacketConn(c turn.AllocateListenerConfig) (net.PacketConn, net.Addr, error) {
	l := a.relay.leg(c.UserID)
	if l == nil || c.Network != "udp4" {
		return nil, nil, errGone
	}
	p := newPort(l)
	if !l.add(p) {
		return nil, nil, errGone
	}
	return p, p.addr, nil
}

// AllocateListener refuses: RFC 6062 is not spoken here.
func (addresses) AllocateListener(turn.AllocateListenerConfig) (net.Listener, net.Addr, error) {
	return nil, nil, errNoTCP
}

// AllocateConn refuses: RFC 6062 is not spoken here.
func (addresses) AllocateConn(turn.AllocateConnConfig) (net.Conn, error) { return nil, errNoTCP }

// quiet is the log of the TURN library, which has nothing to say: what matters
// becomes a verdict.
type quiet struct{}

// NewLogger returns a log that says nothing.
func (quiet) NewLogger(string) logging.LeveledLogger { return quiet{} }

// Trace says nothing, and so do all others.
func (quiet) Trace(string)          {}
func (quiet) Tracef(string, ...any) {}
func (quiet) Debug(string)          {}
func (quiet) Debugf(string, ...any) {}
func (quiet) Info(string)           {}
func (quiet) Infof(string, ...any)  {}
func (quiet) Warn(string)           {}
func (quiet) Warnf(string, ...any)  {}
func (quiet) Error(string)          {}
func (quiet) Errorf(string, ...any) {}
