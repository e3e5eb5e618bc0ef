package turnguard

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/stun"
	"github.com/ringfence/ringfence/wire/turn"
)

// The attributes that are looked at besides those that wire/stun names.
const (
	attrUnknownAttributes  stun.Attribute = 0x000a // RFC 8489 §14.13
	attrChannelNumber      stun.Attribute = 0x000c // RFC 8656 §18.1
	attrLifetime                          = stun.Lifetime
	attrRealm              stun.Attribute = 0x0014 // RFC 8489 §14.9
	attrNonce              stun.Attribute = 0x0015 // RFC 8489 §14.10
	attrRelayedAddress     stun.Attribute = 0x0016 // RFC 8656 §18.5
	attrAddressFamily                     = stun.RequestedFamily
	attrPasswordAlgorithm  stun.Attribute = 0x001d // RFC 8489 §14.12
	attrMappedAddress      stun.Attribute = 0x0020 // RFC 8489 §14.2
	attrPasswordAlgorithms stun.Attribute = 0x8002 // RFC 8489 §14.11
)

const (
	maxControl = 2047 // a STUN message other than Send, bytes
	maxData    = 9216 // a packet to a peer: the largest that networks carry in one piece
)

// message handles one message of a client.
func (h *shard) message(b []byte, o *origin) {
	switch {
	case turn.IsChannel(b):
		h.channelData(b, o)
	case len(b) > 0 && b[0] <= 3: // RFC 7983 §7
		h.stun(b, o)
	default:
		h.unreadable(b, o, &wire.Refusal{Rule: "R3", Length: min(1, len(b)), Clause: "RFC 7983 §7", Reason: "neither STUN nor ChannelData"})
	}
}

// stun handles a STUN message. What makes it stumble is refused, and nothing else
// notices (R22).
func (h *shard) stun(b []byte, o *origin) {
	defer func() {
		if p := recover(); p != nil {
			h.unreadable(b, o, &wire.Refusal{Rule: "R22", Length: len(b), Clause: "R22", Reason: fmt.Sprintf("this message could not be handled: %v", p)})
		}
	}()
	m, err := stun.Parse(b)
	var refusal *wire.Refusal
	switch {
	case errors.As(err, &refusal):
		h.unreadable(b, o, refusal)
	case m.Class == stun.Indication && m.Method == stun.Send:
		h.send(m, o)
	case m.Class == stun.Indication && m.Method == stun.Binding: // RFC 8489 §6.3.2: a keep-alive
	case m.Class != stun.Request:
		h.unreadable(b, o, &wire.Refusal{Rule: "R3", Length: 2, Clause: "RFC 8656 §5", Reason: "neither a request nor a Send indication"})
	case len(b) > maxControl:
		h.unreadable(b, o, &wire.Refusal{Rule: "R5", Offset: maxControl, Length: len(b) - maxControl, Clause: "docs/turn.md", Reason: "a request of more than 2047 bytes"})
	case !fingerprinted(m):
		h.unreadable(b, o, &wire.Refusal{Rule: "R6", Offset: len(b) - 4, Length: 4, Clause: "RFC 8489 §14.7", Reason: "the fingerprint is not that of the message"})
	default:
		h.request(signed(m), o)
	}
}

// signed leaves out what stands behind the integrity: whoever is on the way can put
// it there, and it counts for nothing. RFC 8489 §14.5.
func signed(m stun.Message) stun.Message {
	end := 0
	for kind, v := range m.All {
		end += 4 + (len(v)+3)&^3
		if kind == stun.MessageIntegrity || kind == stun.MessageIntegritySHA256 {
			m.Attributes = m.Attributes[:end]
			break
		}
	}
	return m
}

func fingerprinted(m stun.Message) bool {
	has, right := m.Fingerprinted()
	return !has || right
}

// known are the attributes that must be understood, and are: RFC 8489 §6.3.
var known = map[stun.Attribute]bool{
	stun.Username: true, stun.MessageIntegrity: true, stun.MessageIntegritySHA256: true, stun.ErrorCode: true, 0x0001: true,
	attrUnknownAttributes: true, attrChannelNumber: true, attrLifetime: true, stun.XORPeerAddress: true, stun.DataValue: true,
	attrRealm: true, attrNonce: true, attrRelayedAddress: true, attrAddressFamily: true, stun.EvenPort: true, stun.RequestedTransport: true,
	attrPasswordAlgorithm: true, attrMappedAddress: true, stun.ReservationToken: true,
	0x0024: true, 0x0025: true, // PRIORITY and USE-CANDIDATE, RFC 8445 §16.1: in a check of connectivity that reaches us
}

// unknown returns the attributes that must be understood, and are not: DONT-FRAGMENT
// too, RFC 8656 §7.2 step 4, for what is not done on every system; the
// CONNECTION-ID of RFC 6062; USERHASH.
func unknown(m stun.Message) (list []byte) {
	for kind := range m.All {
		if kind < 0x8000 && !known[kind] && len(list) < 32 {
			list = binary.BigEndian.AppendUint16(list, uint16(kind))
		}
	}
	return list
}

// request handles a request: RFC 8656 §5.
func (h *shard) request(m stun.Message, o *origin) {
	var c credential
	switch {
	case m.Method == stun.Binding:
		h.binding(m, o)
		return
	case o.allocation != nil && !o.allocation.requests.draw(1, int64(h.server.config.Limits.Requests), second, h.now):
		h.overspent(m.Raw, o, "more requests in a second than an allocation may make")
		return
	case o.allocation == nil && !h.mayAsk(m.Raw, o):
		return
	}
	switch m.Method {
	case stun.Allocate, stun.Refresh, stun.CreatePermission, stun.ChannelBind:
	default:
		clause, reason := "RFC 8656 §5", "a method that this server does not know"
		if m.Method >= stun.Connect && m.Method <= stun.ConnectionAttempt {
			clause, reason = "RFC 6062", "a TCP connection to a peer"
		}
		h.refuse(guard.Allocate, m.Raw, o, "R12", clause, reason)
		h.fail(m, o, nil, 400, "Bad Request") // RFC 8489 §6.3.1 leaves it open; an answer ends retransmissions
		return
	}
	if !h.authenticate(m, o, &c) {
		return
	}
	if list := unknown(m); len(list) > 0 { // RFC 8489 §6.3.1
		h.refuse(guard.Allocate, m.Raw, o, "R3", "RFC 8489 §6.3.1", fmt.Sprintf("attributes that must be understood and are not known: %x", list))
		h.fail(m, o, &c, 420, "Unknown Attribute", attribute{attrUnknownAttributes, list})
		return
	}
	if !h.permitted(m, o, &c) {
		return
	}
	switch m.Method {
	case stun.Allocate:
		h.allocate(m, o, &c)
	case stun.Refresh:
		h.refresh(m, o, &c)
	case stun.CreatePermission:
		h.createPermission(m, o, &c)
	case stun.ChannelBind:
		h.channelBind(m, o, &c)
	}
}

// binding answers a Binding request, RFC 8489 §6.3.1. It needs no credential, and
// the answer is at most 44 bytes to 20.
func (h *shard) binding(m stun.Message, o *origin) {
	if o.allocation == nil && !h.mayAsk(m.Raw, o) {
		return
	}
	if list := unknown(m); len(list) > 0 {
		h.fail(m, o, nil, 420, "", attribute{attrUnknownAttributes, list})
		return
	}
	begin := h.start(m, stun.Success)
	h.replies = stun.AppendAddress(h.replies, begin, attrMappedAddress, o.at.addrPort())
	h.finish(m, o, nil, begin)
}

// mayAsk counts a message of a stranger, and asks whether there is any use in
// reading it: an answer of some size must still be within the budget.
func (h *shard) mayAsk(b []byte, o *origin) bool {
	x := h.strangers.of(o.at.ip, h.now)
	x.came(len(b))
	if (o.stream != nil || x.credit >= 32) && !x.replies.empty(int64(h.server.config.Limits.RepliesPerMinute), minute, h.now) {
		return true
	}
	h.counters.Unanswered++
	return false
}

type attribute struct {
	kind  stun.Attribute
	value []byte
}

// start begins the answer to a request.
func (h *shard) start(m stun.Message, class stun.Class) int {
	begin := h.begin()
	h.replies = stun.Begin(h.replies, class, m.Method, [12]byte(m.Raw[8:20]))
	return begin
}

// finish ends an answer and sends it. One that proves nothing, because its request
// did not, counts against the budget of its address.
func (h *shard) finish(m stun.Message, o *origin, c *credential, begin int) {
	if c != nil {
		h.replies = appendIntegrity(h.replies, begin, c)
	}
	if n := len(m.Raw) - 8; n >= stun.HeaderSize && binary.BigEndian.Uint32(m.Raw[n:]) == uint32(stun.Fingerprint)<<16|4 { // RFC 8489 §14.7
		h.replies = stun.AppendFingerprint(h.replies, begin)
	}
	h.replies = stun.Finish(h.replies, begin)
	if c == nil && !h.mayAnswer(o, len(h.replies)-begin) {
		h.counters.Unanswered++
		h.replies = h.replies[:begin]
		return
	}
	h.answer(o, begin)
}

func (h *shard) mayAnswer(o *origin, size int) bool {
	x := h.strangers.of(o.at.ip, h.now)
	if o.allocation != nil || o.stream != nil {
		x.came(size) // the address is its own: no forged one would see this
	}
	return x.reply(size, &h.server.config.Limits, h.now)
}

// fail answers with an error, RFC 8489 §14.8.
func (h *shard) fail(m stun.Message, o *origin, c *credential, code int, phrase string, more ...attribute) {
	begin := h.start(m, stun.Failure)
	value := append([]byte{0, 0, byte(code / 100), byte(code % 100)}, phrase...)
	h.replies = stun.Append(h.replies, stun.ErrorCode, value)
	for _, a := range more {
		h.replies = stun.Append(h.replies, a.kind, a.value)
	}
	h.finish(m, o, c, begin)
}

// challenge tells a client what to prove itself with, RFC 8489 §9.2.4.
func (h *shard) challenge(m stun.Message, o *origin, code int, phrase string) {
	h.fail(m, o, nil, code, phrase,
		attribute{attrRealm, []byte(h.server.config.Realm)},
		attribute{attrNonce, h.server.nonces.make(o.at.ip, h.now)},
		attribute{attrPasswordAlgorithms, passwordAlgorithms})
}

// authenticate is the long-term credential mechanism, RFC 8489 §9.2.4.
//
// Deviates from RFC 8489 §9.2.4: the nonce is looked at before the integrity and not
// after it. It is the cheaper of both, and a stale nonce says nothing about a
// password.
func (h *shard) authenticate(m stun.Message, o *origin, c *credential) bool {
	_, c.sha = m.Get(stun.MessageIntegritySHA256)
	if _, plain := m.Get(stun.MessageIntegrity); !plain && !c.sha {
		h.challenge(m, o, 401, "Unauthorized")
		return false
	}
	name, has := m.Get(stun.Username)
	realm, hasRealm := m.Get(attrRealm)
	nonce, hasNonce := m.Get(attrNonce)
	sha, right := algorithm(m)
	if !has || !hasRealm || !hasNonce || !right {
		h.unproven(m, o, "an integrity without user name, realm and nonce, or an altered offer of password algorithms")
		h.fail(m, o, nil, 400, "Bad Request")
		return false
	}
	if !h.server.nonces.good(nonce, o.at.ip, h.now) {
		h.challenge(m, o, 438, "Stale Nonce")
		return false
	}
	c.name = string(name)
	if string(realm) != h.server.config.Realm || !h.prove(m, o, c, sha) {
		h.unproven(m, o, "the credential is not right, or its time has passed")
		h.challenge(m, o, 401, "Unauthorized")
		return false
	}
	return true
}

// prove finds the key with which a request was made. An allocation keeps its key:
// a call does not end when the credential that it began with runs out.
func (h *shard) prove(m stun.Message, o *origin, c *credential, sha bool) bool {
	if a := o.allocation; a != nil && a.credential.name == c.name && len(a.credential.key) == 16 == !sha && m.Verify(a.credential.key) {
		c.user, c.key = a.credential.user, a.credential.key
		return true
	}
	user, ok := userOf(c.name, h.server.config.Now())
	if !ok {
		return false
	}
	c.user = user
	for _, secret := range h.server.config.Secrets {
		c.key = key(sha, c.name, h.server.config.Realm, secret)
		if m.Verify(c.key) { // compares in constant time
			return true
		}
	}
	return false
}
