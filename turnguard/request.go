package turnguard

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire/stun"
	"github.com/ringfence/ringfence/wire/turn"
)

// allocate handles an Allocate request, by the steps of RFC 8656 §7.2.
func (h *shard) allocate(m stun.Message, o *origin, c *credential) {
	// 1. The credential has been checked.
	// 2. The 5-tuple has no allocation yet; the same request once more gets the same
	// answer.
	if a := o.allocation; a != nil {
		if a.transaction == [12]byte(m.Raw[8:20]) && a.credential.name == c.name {
			h.allocated(m, o, a)
			return
		}
		h.fail(m, o, c, 437, "Allocation Mismatch")
		return
	}
	// 3. REQUESTED-TRANSPORT: UDP, and no TCP peers (RFC 6062).
	transport, ok := m.Get(stun.RequestedTransport)
	switch {
	case !ok:
		h.fail(m, o, c, 400, "Bad Request")
		return
	case transport[0] != 17:
		h.refuse(guard.Allocate, m.Raw, o, "R12", "RFC 8656 §18.8", "an allocation that is not for UDP")
		h.fail(m, o, c, 442, "Unsupported Transport Protocol")
		return
	}
	// 4. DONT-FRAGMENT has been refused as unknown.
	// 5., 6. RESERVATION-TOKEN and EVEN-PORT: nothing is ever reserved.
	even, hasEven := m.Get(stun.EvenPort)
	_, hasToken := m.Get(stun.ReservationToken)
	asked, hasFamily := m.Get(attrAddressFamily)
	switch {
	case hasToken && (hasEven || hasFamily):
		h.fail(m, o, c, 400, "Bad Request")
		return
	case hasToken || hasEven && even[0]&0x80 != 0:
		h.refuse(guard.Allocate, m.Raw, o, "R3", "RFC 8656 §18.7", "a reservation of a port: ports are not chosen by clients here")
		h.fail(m, o, c, 508, "Insufficient Capacity")
		return
	}
	// 7. REQUESTED-ADDRESS-FAMILY, IPv4 where there is none.
	four := !hasFamily || asked[0] == 1
	relay, ok := h.server.relayOf(four)
	if !ok || hasFamily && asked[0] != 1 && asked[0] != 2 {
		h.fail(m, o, c, 440, "Address Family not Supported")
		return
	}
	h.make(m, o, c, relay, hasEven)
}

func (s *Server) relayOf(four bool) (Address, bool) {
	for _, a := range s.config.Relay {
		if a.Local.Is4() == four {
			return a, true
		}
	}
	return Address{}, false
}

// make makes the allocation, RFC 8656 §7.2 steps 8 to 12.
func (h *shard) make(m stun.Message, o *origin, c *credential, relay Address, even bool) {
	s := h.server
	// 8. Quotas.
	if reason := s.quotas.take(c.user, o.at.ip); reason != "" {
		h.refuse(guard.Allocate, m.Raw, o, "R13", "RFC 8656 §7.2", reason)
		h.fail(m, o, c, 486, "Allocation Quota Reached")
		return
	}
	a := &allocation{
		client: o.at, sock: o.sock, stream: o.stream, credential: *c, account: Account(c.user), transaction: [12]byte(m.Raw[8:20]),
		inner: relay.Local.As16(), outer: relay.External.As16(), mapped: relay.Local != relay.External,
		permissions: map[[16]byte]*permission{}, numbers: map[uint16]*channel{}, peers: map[endpoint]*channel{},
	}
	if o.to != nil {
		a.to = *o.to
	}
	port, err := s.ports.open(relay.Local.Is4(), even, func(port uint16) (err error) {
		a.relay, err = openRelay(netip.AddrPortFrom(relay.Local, port))
		return err
	})
	if err != nil || h.ended || h.add(a.relay, a) != nil {
		h.abandon(a, port)
		h.refuse(guard.Allocate, m.Raw, o, "R13", "RFC 8656 §7.2", "no relayed port is free")
		h.fail(m, o, c, 508, "Insufficient Capacity")
		return
	}
	a.relayed = netip.AddrPortFrom(relay.External, port)
	a.granted = s.lifetime(m)
	a.until = h.now + int64(a.granted)
	if a.stream != nil {
		h.streams[a.stream] = a
		a.stream.settle()
	} else {
		h.byClient[a.client] = a
	}
	o.allocation = a
	h.counters.Allocations++
	h.counters.Allocated++
	h.allocated(m, o, a)
}

// abandon gives back what an allocation that did not come to be has taken.
func (h *shard) abandon(a *allocation, port uint16) {
	if a.relay != nil {
		h.remove(a.relay)
		h.server.ports.free(netip.AddrFrom16(a.inner).Unmap().Is4(), port)
	}
	h.server.quotas.give(a.credential.user, a.client.ip)
}

// lifetime is what a client gets of what it asks for, RFC 8656 §7.2, §8.2.
func (s *Server) lifetime(m stun.Message) time.Duration {
	v, ok := m.Get(attrLifetime)
	if !ok {
		return min(defaultLifetime, s.config.Limits.Lifetime)
	}
	return min(max(time.Duration(binary.BigEndian.Uint32(v))*time.Second, min(defaultLifetime, s.config.Limits.Lifetime)), s.config.Limits.Lifetime)
}

// allocated answers an Allocate request, RFC 8656 §7.2.
func (h *shard) allocated(m stun.Message, o *origin, a *allocation) {
	begin := h.start(m, stun.Success)
	h.replies = stun.AppendAddress(h.replies, begin, attrRelayedAddress, a.relayed)
	h.replies = stun.Append(h.replies, attrLifetime, seconds(a.granted))
	h.replies = stun.AppendAddress(h.replies, begin, attrMappedAddress, o.at.addrPort())
	h.finish(m, o, &a.credential, begin)
}

func seconds(d time.Duration) []byte {
	return binary.BigEndian.AppendUint32(nil, uint32(d/time.Second))
}

// owned returns the allocation that a request is about: that of its 5-tuple, if its
// user made it. RFC 8656 §5.
func (h *shard) owned(m stun.Message, o *origin, c *credential) *allocation {
	a := o.allocation
	switch {
	case a == nil:
		h.fail(m, o, c, 437, "Allocation Mismatch")
		return nil
	case a.credential.name != c.name:
		h.refuse(guard.Allocate, m.Raw, o, "R20", "RFC 8656 §5", "an allocation of another user")
		h.fail(m, o, c, 441, "Wrong Credentials")
		return nil
	}
	return a
}

// refresh handles a Refresh request, RFC 8656 §8.2.
func (h *shard) refresh(m stun.Message, o *origin, c *credential) {
	a := h.owned(m, o, c)
	if a == nil {
		return
	}
	if v, ok := m.Get(attrAddressFamily); ok && (v[0] == 1) != a.relayed.Addr().Is4() {
		h.fail(m, o, c, 443, "Peer Address Family Mismatch")
		return
	}
	granted := h.server.lifetime(m)
	if v, ok := m.Get(attrLifetime); ok && binary.BigEndian.Uint32(v) == 0 {
		granted = 0
	}
	a.until = h.now + int64(granted)
	begin := h.start(m, stun.Success)
	h.replies = stun.Append(h.replies, attrLifetime, seconds(granted))
	h.finish(m, o, c, begin)
	if granted == 0 {
		h.delete(a)
	}
}

// peer is an address that a request or indication names.
type peer struct {
	at  endpoint
	own bool
}

// named reads and judges one XOR-PEER-ADDRESS. code is 0 where it may be a peer.
func (h *shard) named(m stun.Message, a *allocation, v []byte) (p peer, code int, reason string) {
	at := m.Address(v)
	if !at.IsValid() {
		return p, 400, "an address whose family and length do not agree"
	}
	what, own := h.server.peers.judge(at)
	switch {
	case what != "":
		return p, 403, fmt.Sprintf("%s is no peer: %s", at, what)
	case at.Addr().Is4() != a.relayed.Addr().Is4():
		return p, 443, "" // RFC 8656 §9.2; an IPv4-mapped address is an IPv6 address here
	}
	p = peer{endpointOf(at), own}
	return p, 0, ""
}

// route is how a peer is reached. The way to another allocation of this server does
// not lead through the NAT in front of it.
func (a *allocation) route(e endpoint) sockaddr {
	if a.mapped && e.ip == a.outer {
		e.ip = a.inner
	}
	return sockaddrOf(e, a.relay)
}

var phrases = map[int]string{400: "Bad Request", 403: "Forbidden", 443: "Peer Address Family Mismatch"}

// refusePeer answers a request that names an address that is no peer.
func (h *shard) refusePeer(m stun.Message, o *origin, c *credential, code int, reason string) {
	if code == 403 {
		h.refuse(guard.Permission, m.Raw, o, "R12", "RFC 8656 §9.2", reason)
	}
	h.fail(m, o, c, code, phrases[code])
}

// createPermission handles a CreatePermission request, RFC 8656 §9.2: all of the
// addresses that it names are permitted, or none.
func (h *shard) createPermission(m stun.Message, o *origin, c *credential) {
	a := h.owned(m, o, c)
	if a == nil {
		return
	}
	var list []peer
	for kind, v := range m.All {
		if kind != stun.XORPeerAddress {
			continue
		}
		p, code, reason := h.named(m, a, v)
		if code != 0 {
			h.refusePeer(m, o, c, code, reason)
			return
		}
		list = append(list, p)
	}
	if len(list) == 0 {
		h.fail(m, o, c, 400, "Bad Request")
		return
	}
	if !h.room(a, list) {
		h.full(m, o, c, "as many permissions as an allocation may have")
		return
	}
	for _, p := range list {
		a.permit(p.at.ip, p.own, h.now)
	}
	h.finish(m, o, c, h.start(m, stun.Success))
}

// room tells whether there is room for the permissions of these peers.
func (h *shard) room(a *allocation, list []peer) bool {
	more := 0
	for _, p := range list {
		if a.permissions[p.at.ip] == nil {
			more++
		}
	}
	if len(a.permissions)+more > h.server.config.Limits.Permissions {
		a.prune(h.now)
	}
	return len(a.permissions)+more <= h.server.config.Limits.Permissions
}

func (h *shard) full(m stun.Message, o *origin, c *credential, reason string) {
	h.refuse(guard.Permission, m.Raw, o, "R13", "RFC 8656 §9.2, §12.2", reason)
	h.fail(m, o, c, 508, "Insufficient Capacity")
}

// channelBind handles a ChannelBind request, RFC 8656 §12.2.
func (h *shard) channelBind(m stun.Message, o *origin, c *credential) {
	a := h.owned(m, o, c)
	if a == nil {
		return
	}
	v, hasNumber := m.Get(attrChannelNumber)
	w, hasPeer := m.Get(stun.XORPeerAddress)
	if !hasNumber || !hasPeer {
		h.fail(m, o, c, 400, "Bad Request")
		return
	}
	n := binary.BigEndian.Uint16(v)
	p, code, reason := h.named(m, a, w)
	if code != 0 {
		h.refusePeer(m, o, c, code, reason)
		return
	}
	a.forget(n, p.at, h.now)
	bound, other := a.numbers[n], a.peers[p.at]
	switch {
	case n < turn.MinChannel || n > turn.MaxChannel || bound != other:
		h.fail(m, o, c, 400, "Bad Request")
		return
	case bound == nil && len(a.numbers) >= h.server.config.Limits.Channels || !h.room(a, []peer{p}):
		h.full(m, o, c, "as many channels or permissions as an allocation may have")
		return
	case bound == nil:
		bound = &channel{number: n, peer: p.at, to: a.route(p.at)}
		a.numbers[n], a.peers[p.at] = bound, bound
	}
	bound.until = h.now + int64(channelLife)
	bound.permission = a.permit(p.at.ip, p.own, h.now) // RFC 8656 §12.2
	h.finish(m, o, c, h.start(m, stun.Success))
}

// forget takes away channels that have run out and stand in the way of a new one.
func (a *allocation) forget(n uint16, at endpoint, now int64) {
	for _, c := range []*channel{a.numbers[n], a.peers[at]} {
		if c != nil && c.until <= now {
			a.unbind(c.number, c)
		}
	}
}
