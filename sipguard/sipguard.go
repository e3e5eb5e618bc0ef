// Package sipguard stands between phones and a SIP service that exists already, so
// that nothing of a caller's choosing reaches a callee's phone before it is
// answered.
//
// Phones have been taken over while they rang: through the session description of
// the invitation, through header fields that a proxy passed on unread, through
// media that came before anybody had answered. A proxy cannot stop that, for a
// proxy forwards what it was sent. The guard is a back-to-back user agent
// (RFC 3261 §6): it ends each call on the side it came from and begins another one
// on the other side, out of typed values alone.
//
//   - Every message is read by wire/sip and wire/sdp, refused where they refuse it,
//     and written anew from their models. No byte of a message is forwarded.
//   - Call-IDs, tags, branches and sequence numbers are the guard's own on each side,
//     and so are Via, Contact, addresses and ports. Names of programs are not passed.
//   - Media passes through the guard, from the address that was signalled and from
//     nowhere else; nothing of the caller's before the callee's own 200 (R1).
//   - Digest authentication is between phone and service. The guard holds no
//     password, and passes credentials inwards and challenges outwards only.
//
// Transport and transactions (RFC 3261 §17, §18) are written here, though there are
// libraries, such as sipgo. It reads what it receives by a parser of its own, with which
// the strict one behind it would have to agree (R17); and it sends a response where
// Via says, while here it goes back on the flow that the request came by, whatever
// the request says (R9). What is held for strangers has to be bounded besides. The
// part of §17 that is left is small.
//
// All of signalling happens under one lock, each message in one go; timers take the
// same lock. Media has goroutines of its own and takes none.
package sipguard

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"path/filepath"
	"sync"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/guard/own"
)

// What is held at most. What is beyond it is refused until there is room (R13).
const (
	maxTransactions = 200_000 // each way: of 3,000 calls a second, for the 32 s that RFC 3261 remembers them
	maxCalls        = 20_000
	maxCallsOfFlow  = 500 // of one address outside
	maxBindings     = 100_000
	maxOfAccount    = 10 // phones that are registered for one account
	maxOfAddress    = 2_000
	maxStreams      = 8_000
	maxStreamsOf    = 200 // of one address outside
)

// How long is waited.
const (
	defaultT1  = 500 * time.Millisecond // RFC 3261 §17.1.1.1
	ringing    = 3 * time.Minute        // timer C, RFC 3261 §16.6: since the last sign of life
	longRing   = 10 * time.Minute       // since the invitation, whatever signs there are
	silentCall = 30 * time.Minute       // a call in which nobody says anything
	maxExpires = 24 * 60 * 60           // seconds, of a registration
)

// Listener is where phones are listened to.
type Listener struct {
	Transport string // UDP, TCP or TLS
	Addr      string // HOST:PORT
}

// Allow is what is let through besides calls.
type Allow struct {
	Refer   bool // call transfer
	Info    bool // digits within a call (application/dtmf-relay)
	Message bool // plain text
	Plain   bool // media without DTLS; calls are refused without it
}

// Config is what a guard needs.
type Config struct {
	Listen   []Listener
	Upstream string     // HOST:PORT of the service, over UDP
	Inside   string     // HOST:PORT that the service sees; "": chosen
	Media    netip.Addr // how phones reach the guard; invalid: the listener's own address
	Ports    [2]uint16  // for media, first and last
	TLS      *tls.Config
	NAT      bool // media of a phone may come from any port of the address that it signals from
	Allow    Allow
	Contacts *Contacts // nil: everybody may call everybody
	Guard    *guard.Set
	Data     string    // folder for registrations, so that they survive a restart; "": they do not
	Own      *own.File // rules of the operator's own; nil: none
	Log      *slog.Logger
	Now      func() time.Time
	T1       time.Duration // 0: that of the specification
}

// Guard stands between phones and a service.
type Guard struct {
	config  Config
	set     *guard.Set
	answers *guard.Budgets // of what is said to those who are refused
	log     *slog.Logger

	inside   *flow // to the service
	upstream netip.AddrPort
	sockets  []*net.UDPConn
	accept   []net.Listener
	outside  []Listener // where it listens, with the ports chosen
	ports    *ports

	mu       sync.Mutex
	closed   bool
	servers  map[string]*serverTx
	clients  map[string]*clientTx
	legs     map[string]*leg // by our tag
	calls    map[*call]bool
	ofFlow   map[netip.Addr]int
	bindings bindings
	journal  *journal // nil: registrations are in memory alone
	streams  map[*stream]bool
	ofStream map[netip.Addr]int

	count counters
}

// New opens the sockets. Serve has to be called for anything to happen.
func New(c Config) (*Guard, error) {
	if c.Guard == nil || c.Log == nil || len(c.Listen) == 0 {
		return nil, errors.New("sip guard: no rules, no log or nowhere to listen; fill in Config")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.T1 == 0 {
		c.T1 = defaultT1
	}
	g := &Guard{
		config: c, set: c.Guard, answers: guard.NewBudgets(c.Now), log: c.Log,
		servers: map[string]*serverTx{}, clients: map[string]*clientTx{}, legs: map[string]*leg{}, calls: map[*call]bool{},
		ofFlow: map[netip.Addr]int{}, bindings: newBindings(), streams: map[*stream]bool{}, ofStream: map[netip.Addr]int{},
	}
	if err := g.open(); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

// open opens all sockets, and reads what was registered.
func (g *Guard) open() error {
	var was map[string]entry
	if g.config.Data != "" {
		inside, all, err := readJournal(filepath.Join(g.config.Data, journalName))
		if err != nil {
			return err
		}
		if was = all; g.config.Inside == "" && inside.IsValid() { // the service knows the phones by it
			g.config.Inside = inside.String()
		}
	}
	if err := g.openInside(); err != nil {
		return err
	}
	for _, l := range g.config.Listen {
		if err := g.listen(l); err != nil {
			return fmt.Errorf("listen on %s %s: %w", l.Transport, l.Addr, err)
		}
	}
	var err error
	if g.ports, err = newPorts(g.config.Ports, &g.count); err != nil || g.config.Data == "" {
		return err
	}
	if err := g.openJournal(was); err != nil {
		return fmt.Errorf("registrations in %s: %w", g.config.Data, err)
	}
	return nil
}

// Outside is where phones are listened to.
func (g *Guard) Outside() []Listener { return g.outside }

// Inside is the address that the service sees.
func (g *Guard) Inside() netip.AddrPort { return g.inside.self }

// Serve works until the context ends.
func (g *Guard) Serve(ctx context.Context) error {
	for _, s := range g.sockets {
		go g.datagrams(s)
	}
	for i := range g.accept {
		go g.connections(g.accept[i])
	}
	tick := time.NewTicker(time.Minute)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			g.Close()
			g.set.Flush()
			return nil
		case <-tick.C:
			g.sweep()
			g.set.Flush()
		}
	}
}

// Close ends everything at once. Calls are ended with a BYE to both sides.
func (g *Guard) Close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return
	}
	for c := range g.calls {
		c.hangUp()
	}
	g.closed = true
	if g.ports != nil {
		close(g.ports.done)
	}
	for _, s := range g.sockets {
		s.Close()
	}
	for _, l := range g.accept {
		l.Close()
	}
	for s := range g.streams {
		s.conn.Close()
	}
	for _, t := range g.servers {
		t.end()
	}
	for _, t := range g.clients {
		t.end()
	}
}

// sweep ends what nobody needs any more.
func (g *Guard) sweep() {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.config.Now()
	g.bindings.sweep(now)
	if g.journal != nil && g.journal.lines > 4*len(g.bindings.byToken)+4096 {
		if err := g.renewJournal(); err != nil {
			g.log.Error("the file of registrations could not be renewed", "why", err)
		}
	}
	for c := range g.calls {
		if c.state == guard.Ringing && now.Sub(c.began) > longRing {
			c.hangUp()
			continue
		}
		if now.Sub(c.heard) > silentCall && now.Sub(c.mediaHeard()) > silentCall {
			g.log.Info("a call in which nobody says anything is ended", "call", c.id)
			c.hangUp()
		}
	}
}

// after runs something under the lock, later.
func (g *Guard) after(d time.Duration, do func()) *time.Timer {
	return time.AfterFunc(d, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if !g.closed {
			do()
		}
	})
}

// token is random enough that nobody guesses it.
func token() []byte { return []byte(rand.Text()) }
