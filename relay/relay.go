// Package relay is the media relay: TURN (RFC 8656) for calls, with the guard in
// line.
//
// In 2019 phones were attacked through relays, by packets that came while the
// phone still rang. Here a call has no relay before its callee has answered:
// there is no credential, hence no allocation, no permission and no packet.
// And a relay is a way into the network behind it, if it sends to whatever
// address it is told. Here an allocation has no socket at all: the relayed
// addresses are constants that exist on no network, and what one leg of a call
// sends to the address of the other comes out there, within this process.
//
// Every packet between the legs is judged: by its address and port in both
// directions, its size, the lengths in its clear headers, its rate, and whether
// the encryption was set up before it.
package relay

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/turn/v5"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// Realm is the realm of the credentials, RFC 8489 §9.2.
const Realm = "ringfence"

// The relayed addresses: all that can be reached through the relay. They are
// from a block that no network uses, RFC 5737 §3.
var (
	CalleeAddr = netip.MustParseAddrPort("192.0.2.1:49152") // leg a
	CallerAddr = netip.MustParseAddrPort("192.0.2.2:49152") // leg c
)

const (
	maxCalls     = 50_000
	maxFrame     = 2047             // a message to or from the relay, bytes
	silence      = 30 * time.Second // RFC 7675 §5.1
	portAttempts = 20
)

// Errors of Open.
var (
	ErrOpen    = errors.New("the call is already open")
	ErrFull    = errors.New("the relay carries as many calls as it can")
	ErrStopped = errors.New("the relay has been stopped")
)

// Config is what a relay needs.
type Config struct {
	Addr     string      // host:port for UDP and TCP alike; port 0 takes a free one
	External string      // host or host:port that clients are told; empty: Addr
	TLS      *tls.Config // when given, TCP connections are TLS
	Guard    *guard.Set
	Log      *slog.Logger     // nil: slog.Default
	Now      func() time.Time // nil: time.Now
	Silence  time.Duration    // how long a leg may be silent; 0: 30 s
}

// Relay is a relay that listens. All its methods may be used from several
// goroutines.
type Relay struct {
	config Config
	udp    *datagrams
	tcp    *streams
	server *turn.Server
	uris   []string

	mu      sync.RWMutex
	calls   map[wire.ID]*session
	flows   map[flowKey]*flow
	recent  *recent // what was closed a moment ago
	stopped bool

	onSilent atomic.Pointer[func(wire.ID)]
	stop     chan struct{}
	wait     sync.WaitGroup

	weak weakness // nothing, outside of the range's own tests
}

// Listen opens a relay on UDP and TCP. Nothing can be relayed before Open.
func Listen(c Config) (*Relay, error) {
	if c.Guard == nil {
		return nil, errors.New("relay without a guard: give Config.Guard")
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Silence == 0 {
		c.Silence = silence
	}
	if c.TLS != nil {
		c.TLS = c.TLS.Clone()
		c.TLS.NextProtos = nil // what is spoken here is TURN, whatever else the certificate is for
	}
	udp, tcp, err := listen(c.Addr)
	if err != nil {
		return nil, fmt.Errorf("relay on %s: %w", c.Addr, err)
	}
	r := &Relay{
		config: c, calls: map[wire.ID]*session{}, flows: map[flowKey]*flow{}, recent: newRecent(c.Now), stop: make(chan struct{}),
	}
	if r.uris, err = uris(c, tcp.Addr()); err != nil {
		return nil, errors.Join(err, udp.Close(), tcp.Close())
	}
	r.udp, r.tcp = newDatagrams(r, udp), newStreams(r, tcp)
	if r.server, err = turn.NewServer(r.turnConfig()); err != nil {
		return nil, errors.Join(err, r.udp.Close(), r.tcp.Close())
	}
	r.wait.Add(1)
	go r.watch()
	return r, nil
}

// listen opens UDP and TCP on the same address.
func listen(addr string) (*net.UDPConn, net.Listener, error) {
	var err error
	for range portAttempts {
		var tcp net.Listener
		if tcp, err = net.Listen("tcp", addr); err != nil {
			return nil, nil, err
		}
		var a *net.UDPAddr
		if a, err = net.ResolveUDPAddr("udp", tcp.Addr().String()); err == nil {
			var udp *net.UDPConn
			if udp, err = net.ListenUDP("udp", a); err == nil {
				// Best effort: the system may allow less.
				_ = udp.SetReadBuffer(4 << 20)
				_ = udp.SetWriteBuffer(4 << 20)
				return udp, tcp, nil
			}
		}
		tcp.Close()
		if _, port, _ := net.SplitHostPort(addr); port != "0" {
			break
		}
	}
	return nil, nil, err
}

func uris(c Config, bound net.Addr) ([]string, error) {
	host, port, err := net.SplitHostPort(bound.String())
	if err != nil {
		return nil, err
	}
	if c.External != "" {
		if h, p, err := net.SplitHostPort(c.External); err == nil {
			host, port = h, p
		} else {
			host = c.External
		}
	}
	at := net.JoinHostPort(host, port)
	if c.TLS != nil {
		return []string{"turn:" + at + "?transport=udp", "turns:" + at + "?transport=tcp"}, nil
	}
	return []string{"turn:" + at + "?transport=udp", "turn:" + at + "?transport=tcp"}, nil
}

// Addr is where the relay listens, on UDP and TCP.
func (r *Relay) Addr() string { return r.tcp.Addr().String() }

// URIs are the relay's addresses as clients are told them, RFC 7065.
func (r *Relay) URIs() []string { return append([]string(nil), r.uris...) }

// OnSilent sets what is called when a leg of a call has sent nothing for so
// long that its consent to be sent to has ended (RFC 7675 §5.1). It is called
// once for a call, from a goroutine of the relay. The call stays open until
// Close.
func (r *Relay) OnSilent(f func(call wire.ID)) { r.onSilent.Store(&f) }

// Open opens the relay for a call that its callee has answered, and returns the
// passwords of its legs. They hold until Close. Verdicts on a tagged call say
// that they were made by the test range.
func (r *Relay) Open(id wire.ID, tagged bool) (calleePassword, callerPassword string, err error) {
	s := newSession(r, id, tagged)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.stopped:
		return "", "", ErrStopped
	case r.calls[id] != nil:
		return "", "", fmt.Errorf("call %s: %w", id, ErrOpen)
	case len(r.calls) >= maxCalls:
		return "", "", ErrFull
	}
	r.calls[id] = s
	return s.legs[0].password, s.legs[1].password, nil
}

// Parties names whose legs a call has, for the evidence.
func (r *Relay) Parties(id, callee, caller wire.ID) {
	if s := r.session(id); s != nil {
		s.parties.Store(&[2]wire.ID{callee, caller})
	}
}

// Close hangs up: the allocations of both legs are gone when it returns, and
// with them the packets that were on their way. A call that is not open is left
// alone.
func (r *Relay) Close(id wire.ID) {
	if r.weaklyKept() {
		return
	}
	r.mu.Lock()
	s := r.calls[id]
	delete(r.calls, id)
	if s != nil {
		r.recent.add(id.String())
	}
	r.mu.Unlock()
	if s != nil {
		s.close()
	}
}

// Allocations returns how many allocations there are.
func (r *Relay) Allocations() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.flows)
}

// Stop ends the relay and every call in it.
func (r *Relay) Stop() {
	r.mu.Lock()
	if r.stopped {
		r.mu.Unlock()
		return
	}
	r.stopped = true
	open := r.calls
	r.calls = map[wire.ID]*session{}
	r.mu.Unlock()
	close(r.stop)
	for _, s := range open {
		s.close()
	}
	if err := r.server.Close(); err != nil {
		r.config.Log.Warn("relay: closing its sockets", "why", err)
	}
	r.tcp.closeAll()
	r.wait.Wait()
}

func (r *Relay) session(id wire.ID) *session {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.calls[id]
}

// watch looks for calls in which a leg has fallen silent.
func (r *Relay) watch() {
	defer r.wait.Done()
	t := time.NewTicker(max(r.config.Silence/8, time.Millisecond))
	defer t.Stop()
	for {
		select {
		case <-r.stop:
			return
		case <-t.C:
		}
		r.config.Guard.Flush()
		for _, id := range r.silent() {
			if f := r.onSilent.Load(); f != nil {
				(*f)(id)
			}
		}
	}
}

// silent returns the calls that have fallen silent since it was last asked.
func (r *Relay) silent() (calls []wire.ID) {
	limit := r.config.Now().Add(-r.config.Silence).UnixNano()
	r.mu.RLock()
	defer r.mu.RUnlock()
	for id, s := range r.calls {
		if (s.legs[0].heard.Load() < limit || s.legs[1].heard.Load() < limit) && !s.told.Swap(true) {
			calls = append(calls, id)
		}
	}
	return calls
}

// newPassword returns 32 characters, 160 bits.
func newPassword() string { return (rand.Text() + rand.Text())[:call.PasswordSize] }
