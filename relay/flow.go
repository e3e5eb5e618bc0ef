package relay

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// flowKey is where a client's messages come from: RFC 8656 §2.2 calls it the
// 5-tuple, of which the rest is ours.
type flowKey struct {
	stream bool
	addr   netip.AddrPort
}

// flow is a client that has an allocation.
type flow struct {
	key    flowKey
	port   *port
	remote net.Addr
	denied atomic.Bool // what the guard said of the request that is being handled
	hangUp func()      // closes its TCP connection, where it has one
}

// keyOf tells streams from datagrams by the type of the address, as the TURN
// server hands it back to us.
func keyOf(a net.Addr) flowKey {
	_, stream := a.(*net.TCPAddr)
	return flowKey{stream, addrPort(a)}
}

// addrPort reads an address without changing its form: an IPv4-mapped address
// stays one.
func addrPort(a net.Addr) netip.AddrPort {
	var ip net.IP
	var n int
	switch a := a.(type) {
	case *net.UDPAddr:
		ip, n = a.IP, a.Port
	case *net.TCPAddr:
		ip, n = a.IP, a.Port
	}
	addr, ok := netip.AddrFromSlice(ip)
	if !ok {
		return netip.AddrPort{}
	}
	return netip.AddrPortFrom(addr, uint16(n))
}

// source is an address of a client, in its one form.
func source(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

func (r *Relay) flow(key flowKey) *flow {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.flows[key]
}

// enter remembers a client that has got an allocation.
func (r *Relay) enter(remote net.Addr, p *port) {
	key := keyOf(remote)
	key.addr = source(key.addr)
	f := &flow{key: key, port: p, remote: remote, hangUp: r.tcp.closer(key)}
	r.mu.Lock()
	r.flows[key] = f
	r.mu.Unlock()
	p.flow.Store(f)
	select {
	case <-p.done: // the call was hung up meanwhile
		r.forget(f)
	default:
	}
}

// forget is the end of an allocation. Its TCP connection is closed: there is
// nothing left to do on it.
func (r *Relay) forget(f *flow) {
	r.mu.Lock()
	if r.flows[f.key] == f {
		delete(r.flows, f.key)
		r.recent.add(f.key.addr.String())
	}
	r.mu.Unlock()
	if f.hangUp != nil {
		f.hangUp()
	}
}

// recent remembers calls and clients that are gone since a short time. Their
// last messages are nobody's offence: they were on their way.
type recent struct {
	mu    sync.Mutex
	now   func() time.Time
	until map[string]time.Time
	order []string
}

const (
	maxRecent  = 8192
	recentTime = 2 * time.Minute
)

func newRecent(now func() time.Time) *recent { return &recent{now: now, until: map[string]time.Time{}} }

func (c *recent) add(what string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.until[what]; !known {
		if len(c.order) >= maxRecent {
			delete(c.until, c.order[0])
			c.order = append(c.order[:0:0], c.order[1:]...)
		}
		c.order = append(c.order, what)
	}
	c.until[what] = c.now().Add(recentTime)
}

func (c *recent) has(what string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now().Before(c.until[what])
}
