package turnguard

import (
	"encoding/binary"
	"errors"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/dtls"
	"github.com/ringfence/ringfence/wire/rtcp"
	"github.com/ringfence/ringfence/wire/rtp"
	"github.com/ringfence/ringfence/wire/stun"
	"github.com/ringfence/ringfence/wire/turn"
)

// channelData passes ChannelData on to its peer, RFC 8656 §12.6.
func (h *shard) channelData(b []byte, o *origin) {
	d, err := turn.ParseChannel(b)
	if err != nil {
		var refusal *wire.Refusal
		errors.As(err, &refusal)
		h.unreadable(b, o, refusal)
		return
	}
	a := o.allocation
	if a == nil {
		h.uninvited(b, o)
		return
	}
	c := a.bound(d.Channel, h.now)
	if c == nil || c.permission.until <= h.now || c.permission.own && !h.live(a, c.peer) {
		h.counters.Unpermitted++
		return
	}
	h.toPeer(b, d.Data, o, &c.to)
}

// live asks, for a packet between two allocations of this server, whether the other
// one is still there: its port may be somebody else's by now.
func (h *shard) live(a *allocation, e endpoint) bool {
	return h.server.ports.live(a.relayed.Addr().Is4(), e.port)
}

// uninvited is a packet of a client that has no allocation.
func (h *shard) uninvited(b []byte, o *origin) {
	h.strangers.of(o.at.ip, h.now).came(len(b))
	h.refuse(guard.Packet, b, o, "R12", "RFC 8656 §12.6", "a packet to a peer from somebody who has no allocation")
}

// send handles a Send indication, RFC 8656 §11.2. Nothing of it is answered.
func (h *shard) send(m stun.Message, o *origin) {
	a := o.allocation
	if a == nil {
		h.uninvited(m.Raw, o)
		return
	}
	v, hasPeer := m.Get(stun.XORPeerAddress)
	data, hasData := m.Get(stun.DataValue)
	if !hasPeer || !hasData || unknown(m) != nil {
		h.unreadable(m.Raw, o, &wire.Refusal{Rule: "R3", Length: len(m.Raw), Clause: "RFC 8656 §11.2", Reason: "a Send indication without an address and data, or with attributes that are not known"})
		return
	}
	p, code, reason := h.named(m, a, v)
	if code == 403 {
		h.refuse(guard.Packet, m.Raw, o, "R12", "RFC 8656 §11.2", reason)
		return
	}
	if code != 0 || a.permitted(p.at.ip, h.now) == nil {
		h.counters.Unpermitted++
		return
	}
	to := a.route(p.at)
	h.toPeer(m.Raw, data, o, &to)
}

// toPeer sends a packet of a client to a peer that it may send to.
func (h *shard) toPeer(b, data []byte, o *origin, to *sockaddr) {
	a := o.allocation
	if len(data) > maxData {
		h.refuse(guard.Packet, b, o, "R5", "docs/turn.md, Budgets", "a packet of more than 9216 bytes")
		return
	}
	if !a.out.draw(len(data), &h.server.config.Limits, h.now) {
		h.overspent(b, o, "more packets or bytes in a second than an allocation may send")
		return
	}
	if h.server.config.Inspect != Off && !h.inspect(data, o) {
		return
	}
	h.counters.ToPeers++
	h.counters.ToPeerBytes += int64(len(data))
	h.put(a.relay, nil, data, 0, to)
}

// toClient passes a packet of a peer on to the client: RFC 8656 §11.3, §12.7.
func (h *shard) toClient(data []byte, a *allocation, from *endpoint) {
	if a.mapped && from.ip == a.inner {
		from.ip = a.outer
	}
	c, p := a.from(from, h.now), (*permission)(nil)
	if c != nil {
		p = c.permission
	} else {
		p = a.permissions[from.ip]
	}
	if p == nil || p.until <= h.now || p.own && !h.live(a, *from) {
		h.counters.Uninvited++
		return
	}
	h.peer.at, h.peer.allocation = *from, a
	if len(data) > maxData || !a.in.draw(len(data), &h.server.config.Limits, h.now) {
		h.overspent(data, &h.peer, "more packets or bytes in a second than an allocation may receive, or a packet of more than 9216 bytes")
		return
	}
	if h.server.config.Inspect != Off && !h.inspect(data, &h.peer) {
		return
	}
	h.counters.ToClients++
	h.counters.ClientBytes += int64(len(data))
	var head [headSize]byte
	n, pad := h.head(&head, c, from, len(data)), 0
	if c == nil || a.stream != nil {
		pad = -len(data) & 3 // RFC 8489 §14, RFC 8656 §12.5
	}
	if a.stream == nil {
		h.put(a.sock, head[:n], data, pad, &a.to)
	} else if !a.stream.write(head[:n], data, pad) {
		h.counters.Lost++
	}
}

// headSize is the most that stands in front of the data of a packet to a client: a
// Data indication with an IPv6 address.
const headSize = stun.HeaderSize + 24 + 4

// head writes what stands in front of the data, and returns its length: the header
// of ChannelData (RFC 8656 §12.4), or a Data indication (§11.4).
func (h *shard) head(b *[headSize]byte, c *channel, from *endpoint, size int) int {
	if c != nil {
		binary.BigEndian.PutUint16(b[:], c.number)
		binary.BigEndian.PutUint16(b[2:], uint16(size))
		return turn.ChannelHeader
	}
	h.transactions++
	var transaction [12]byte
	binary.BigEndian.PutUint64(transaction[4:], h.transactions*0x9e3779b97f4a7c15)
	m := stun.Begin(b[:0], stun.Indication, stun.Data, transaction)
	m = stun.AppendAddress(m, 0, stun.XORPeerAddress, from.addrPort())
	m = binary.BigEndian.AppendUint16(m, uint16(stun.DataValue))
	m = binary.BigEndian.AppendUint16(m, uint16(size))
	binary.BigEndian.PutUint16(m[2:], uint16(len(m)-stun.HeaderSize+(size+3)&^3))
	return len(m)
}

// inspect looks at what of a packet is clear, as the guard does between the legs of
// a call (R3, R5, R6), and tells whether it is relayed.
func (h *shard) inspect(b []byte, o *origin) (relayed bool) {
	defer func() {
		if p := recover(); p != nil {
			relayed = h.object(b, o, &wire.Refusal{Rule: "R22", Length: len(b), Clause: "R22", Reason: "this packet could not be judged"})
		}
	}()
	refusal := clearly(b)
	return refusal == nil || h.object(b, o, refusal)
}

// clearly returns what the packet rules object to, RFC 7983 §7.
func clearly(b []byte) *wire.Refusal {
	var err error
	switch {
	case len(b) == 0:
		return nil // RFC 8656 §11.2 allows it, and there is nothing to read
	case b[0] <= 3:
		err = stun.CheckPeer(b)
	case b[0] >= 20 && b[0] <= 63:
		err = dtls.Check(b)
	case b[0]>>6 == 2 && rtcp.Is(b):
		err = rtcp.Check(b)
	case b[0]>>6 == 2:
		err = rtp.Check(b)
	default:
		return &wire.Refusal{Rule: "R3", Length: 1, Clause: "RFC 7983 §7", Reason: "neither STUN nor DTLS nor RTP"}
	}
	r, _ := err.(*wire.Refusal) // errors.As would cost an allocation for each packet
	return r
}

// object records what is wrong with a packet.
func (h *shard) object(b []byte, o *origin, refusal *wire.Refusal) (relayed bool) {
	h.counters.Objected++
	set := h.server.observer
	if relayed = h.server.config.Inspect == Record; !relayed {
		set = h.server.guard
	}
	if o.allocation.findings.draw(1, findingsPerSecond, second, h.now) {
		h.judge(set, guard.Packet, b, o, refusal)
	}
	return relayed
}
