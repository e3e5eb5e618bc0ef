// Package turnguard is a TURN server (RFC 8656) that takes the place of another
// one: with the same time-limited credentials, and with the guard in line.
//
// TURN servers are ways into the networks that they stand in: whoever has a
// credential for a call could have them send to 127.0.0.1, to a cloud's metadata
// service, or to a database, in one of many spellings of these addresses. Here
// nothing is sent to an address that is not on the public internet unless the
// operator has named it; an allocation belongs to its 5-tuple and to its user;
// whatever can be done often has a budget; and strangers get back little more
// than they sent.
//
// Which call an allocation belongs to is not known here, nor whether anybody has
// answered. The call-bound profile, which knows both, is the package relay.
//
// Packets are handled by a few shards, one for each core. A shard has a socket of
// its own for clients (the system gives each client's packets to the same one),
// and the sockets of the allocations that came in over it. All that a shard has is
// behind one lock, which is held for a batch of packets and not for one.
package turnguard

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"sync"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/guard/own"
)

// Inspect says what is done with packets that the guard's packet rules object to.
type Inspect string

// What is done with them.
const (
	Off    Inspect = "off"    // nobody looks
	Record Inspect = "record" // they are relayed, and a verdict says so
	Drop   Inspect = "drop"   // they are not relayed
)

// Address is an address of ours that peers see: Local is on this machine, and
// External what it looks like from outside, where a NAT is in between.
type Address struct{ Local, External netip.Addr }

// Limits are the budgets.
type Limits struct {
	Total            int           // allocations in all
	PerUser          int           // allocations of one user
	PerAddress       int           // allocations of one client address
	Permissions      int           // of one allocation
	Channels         int           // of one allocation
	PacketsPerSecond int           // of one allocation, in each direction
	BytesPerSecond   int           // of one allocation, in each direction
	Lifetime         time.Duration // longest that is granted at a time
	Requests         int           // a second, on one allocation
	RepliesPerMinute int           // to one address, of requests without a right credential
	Streams          int           // TCP connections at a time
	HalfOpen         int           // of them, those without an allocation
	HalfOpenOne      int           // and those of one address
}

// DefaultLimits returns the limits of a server that nobody changed.
func DefaultLimits() Limits {
	return Limits{
		Total: 20_000, PerUser: 64, PerAddress: 512, Permissions: 128, Channels: 64,
		PacketsPerSecond: 5000, BytesPerSecond: 4 << 20, Lifetime: time.Hour,
		Requests: 100, RepliesPerMinute: 1200, Streams: 8192, HalfOpen: 1024, HalfOpenOne: 64,
	}
}

// Ratio is how many times the bytes that came from an address go back to it at
// most, in sum, before it has shown a credential.
const Ratio = 5

// MaxRealm is the longest realm: with it the answer to the smallest Allocate
// request keeps to Ratio.
const MaxRealm = 40

// Config is what a server needs.
type Config struct {
	Listen    []string    // host:port for UDP and TCP alike
	TLS       *tls.Config // when given, TCP connections may also be TLS
	Secrets   [][]byte    // shared with whoever gives out credentials; any of them counts
	Realm     string
	Relay     []Address // at most one of each family
	MinPort   uint16
	MaxPort   uint16
	AllowPeer []netip.Prefix // peers that are refused otherwise
	Apart     bool           // allocations of this server do not reach each other
	Inspect   Inspect
	Limits    Limits
	Shards    int                 // 0: one for every two cores
	Hold      time.Duration       // how long packets wait for others under load, where the system lets them
	Own       *own.File           // rules of the operator's own; nil: none
	Record    func(guard.Verdict) // gets every refusal, of many alike a few
	Now       func() time.Time    // nil: time.Now
}

// Server is a server that listens. All its methods may be used from several
// goroutines.
type Server struct {
	config   Config
	guard    *guard.Set // refusals
	observer *guard.Set // what is relayed all the same
	peers    *peerRules
	ports    *ports
	quotas   *quotas
	nonces   nonces
	shards   []*shard
	streams  *streams
	closers  []func()
	addrs    []netip.AddrPort

	began time.Time
	stop  chan struct{}
	once  sync.Once
	wait  sync.WaitGroup
}

// Listen opens a server.
func Listen(c Config) (*Server, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	s := &Server{config: c, began: c.Now(), ports: newPorts(c.MinPort, c.MaxPort), quotas: newQuotas(c.Limits), stop: make(chan struct{})}
	if _, err := rand.Read(s.nonces.key[:]); err != nil {
		return nil, err
	}
	s.peers = newPeerRules(c, s.ports)
	var err error
	rules := guard.DefaultConfig()
	rules.Limits.PacketSize = maxData // what is larger is refused before
	if s.guard, err = guard.New(rules, c.Now, c.Record); err != nil {
		return nil, err
	}
	s.observer, err = guard.New(rules, c.Now, func(v guard.Verdict) {
		v.Action = guard.Allow // it has been relayed
		c.Record(v)
	})
	if err != nil {
		return nil, err
	}
	s.streams = newStreams(s)
	for _, at := range c.Listen {
		if err := s.open(at); err != nil {
			s.Stop()
			return nil, fmt.Errorf("listen on %s: %w", at, err)
		}
	}
	s.peers.refresh(s.addrs)
	for _, h := range s.shards {
		h.run()
	}
	s.wait.Add(1)
	go s.tick()
	return s, nil
}

// check refuses what cannot be meant, and fills in what is not said.
func (c *Config) check() error {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Record == nil {
		c.Record = func(guard.Verdict) {}
	}
	if c.Shards <= 0 {
		c.Shards = max(1, runtime.NumCPU()/2) // the system needs the others to receive and send
	}
	if c.Limits == (Limits{}) {
		c.Limits = DefaultLimits()
	}
	switch {
	case len(c.Listen) == 0:
		return errors.New("no address to listen on")
	case len(c.Secrets) == 0:
		return errors.New("no secret: nobody could have a credential")
	case len(c.Realm) > MaxRealm:
		return fmt.Errorf("a realm of %d characters: with more than %d the answer to a stranger is over %d times what the stranger sent", len(c.Realm), MaxRealm, Ratio)
	case len(c.Relay) == 0:
		return errors.New("no relay address")
	case c.MinPort == 0 || c.MaxPort < c.MinPort:
		return fmt.Errorf("relayed ports from %d to %d: not a range", c.MinPort, c.MaxPort)
	}
	l := c.Limits
	for _, n := range []int{l.Total, l.PerUser, l.PerAddress, l.Permissions, l.Channels, l.PacketsPerSecond, l.BytesPerSecond, l.Requests, l.RepliesPerMinute, l.Streams, l.HalfOpen, l.HalfOpenOne, int(l.Lifetime / time.Second)} {
		if n < 1 || n > 4e9 { // above, the sums of the budgets overflow
			return fmt.Errorf("a limit is %d: want 1 to 4,000,000,000", n)
		}
	}
	return c.checkRelay()
}

// checkRelay wants at most one address of each family.
func (c *Config) checkRelay() error {
	seen := map[bool]bool{}
	for i, a := range c.Relay {
		if a.External == (netip.Addr{}) {
			c.Relay[i].External = a.Local
		}
		if !a.Local.IsValid() || a.Local.IsUnspecified() || a.Local.Is4() != c.Relay[i].External.Is4() || seen[a.Local.Is4()] {
			return fmt.Errorf("relay address %s: want one address of this machine for each family, and an external one of the same family", a.Local)
		}
		seen[a.Local.Is4()] = true
	}
	return nil
}

// open opens UDP, with a socket for each shard, and TCP on one address.
func (s *Server) open(at string) error {
	tcp, first, err := listen(at, s.config.Shards)
	if err != nil {
		return err
	}
	for _, c := range first {
		h, err := newShard(s, c)
		if err != nil {
			return errors.Join(err, tcp.Close())
		}
		s.shards = append(s.shards, h)
	}
	if a, err := netip.ParseAddrPort(tcp.Addr().String()); err == nil {
		s.addrs = append(s.addrs, a)
	}
	s.closers = append(s.closers, func() { tcp.Close() })
	s.wait.Add(1)
	go s.streams.accept(tcp)
	return nil
}

// Addrs are where the server listens, on UDP and TCP.
func (s *Server) Addrs() []netip.AddrPort { return append([]netip.AddrPort(nil), s.addrs...) }

// tick does what is due every second.
func (s *Server) tick() {
	defer s.wait.Done()
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for n := 0; ; n++ {
		select {
		case <-s.stop:
			return
		case <-t.C:
		}
		if n%60 == 59 {
			s.peers.refresh(s.addrs)
		}
		for _, h := range s.shards {
			h.sweep()
		}
		s.guard.Flush()
		s.observer.Flush()
	}
}

// Stop ends the server and every allocation.
func (s *Server) Stop() {
	s.once.Do(func() {
		close(s.stop)
		for _, f := range s.closers {
			f()
		}
		s.streams.closeAll()
		for _, h := range s.shards {
			h.end()
		}
		s.wait.Wait()
		for _, h := range s.shards {
			h.release()
		}
		s.guard.Flush()
		s.observer.Flush()
	})
}

// listenTCP opens the TCP side, which decides on the port where it was left open.
func listenTCP(at string) (net.Listener, netip.AddrPort, error) {
	tcp, err := net.Listen("tcp", at)
	if err != nil {
		return nil, netip.AddrPort{}, err
	}
	a, err := netip.ParseAddrPort(tcp.Addr().String())
	if err != nil {
		return nil, netip.AddrPort{}, errors.Join(err, tcp.Close())
	}
	return tcp, netip.AddrPortFrom(a.Addr().Unmap(), a.Port()), nil
}
