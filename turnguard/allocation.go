package turnguard

import (
	"net/netip"
	"time"

	"github.com/ringfence/ringfence/wire"
)

// How long things last, RFC 8656 §3.2, §9, §12.
const (
	defaultLifetime = 10 * time.Minute
	permissionLife  = 5 * time.Minute
	channelLife     = 10 * time.Minute
)

// allocation is RFC 8656 §3.2: it belongs to the 5-tuple that it was made on, and to
// the user who made it.
type allocation struct {
	client  endpoint
	to      sockaddr // the client, for its socket
	sock    *socket  // that the client came in on; nil for a stream
	stream  *stream  // nil for a datagram client
	relay   *socket
	relayed netip.AddrPort // as clients are told
	inner   [16]byte       // its address on this machine
	outer   [16]byte       // and from outside
	mapped  bool           // they differ

	credential  credential
	account     wire.ID
	transaction [12]byte // of the Allocate request
	granted     time.Duration
	until       int64 // Unix ns

	permissions map[[16]byte]*permission
	numbers     map[uint16]*channel
	peers       map[endpoint]*channel
	sent        *channel // that was used last to send
	heard       *channel // and to receive

	out, in  rate // budgets of packets and bytes
	requests bucket
	reported int64 // when a broken budget was last told
	findings bucket
	gone     bool
}

// permission is RFC 8656 §9.
type permission struct {
	until int64
	own   bool // the address is one of this server's: ports count too
}

// channel is RFC 8656 §12.
type channel struct {
	number     uint16
	peer       endpoint
	to         sockaddr
	until      int64
	permission *permission
}

// permitted returns the permission for an address that is in force.
func (a *allocation) permitted(ip [16]byte, now int64) *permission {
	if p := a.permissions[ip]; p != nil && p.until > now {
		return p
	}
	return nil
}

// permit installs or refreshes a permission, RFC 8656 §9.2.
func (a *allocation) permit(ip [16]byte, own bool, now int64) *permission {
	p := a.permissions[ip]
	if p == nil {
		p = &permission{}
		a.permissions[ip] = p
	}
	p.until, p.own = now+int64(permissionLife), own
	return p
}

// prune forgets what has run out.
func (a *allocation) prune(now int64) {
	for n, c := range a.numbers {
		if c.until <= now {
			a.unbind(n, c)
		}
	}
	for ip, p := range a.permissions {
		if p.until <= now {
			delete(a.permissions, ip)
		}
	}
}

func (a *allocation) unbind(n uint16, c *channel) {
	delete(a.numbers, n)
	delete(a.peers, c.peer)
	if a.sent == c {
		a.sent = nil
	}
	if a.heard == c {
		a.heard = nil
	}
}

// bound returns the channel of a number that is in force.
func (a *allocation) bound(n uint16, now int64) *channel {
	c := a.sent
	if c == nil || c.number != n {
		if c = a.numbers[n]; c == nil {
			return nil
		}
		a.sent = c
	}
	if c.until <= now {
		return nil
	}
	return c
}

// from returns the channel of a peer that is in force.
func (a *allocation) from(e *endpoint, now int64) *channel {
	c := a.heard
	if c == nil || c.peer != *e {
		if c = a.peers[*e]; c == nil {
			return nil
		}
		a.heard = c
	}
	if c.until <= now {
		return nil
	}
	return c
}
