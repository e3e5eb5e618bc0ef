package relay

import (
	"errors"
	"net/netip"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/stun"
	"github.com/ringfence/ringfence/wire/turn"
)

// admit decides whether a message of a client comes to the TURN server at all.
// f is nil for a client that has no allocation.
func (r *Relay) admit(b []byte, key flowKey, f *flow) bool {
	r.weak.see(b)
	switch {
	case len(b) > maxFrame:
		return r.unreadable(b, key, f, &wire.Refusal{Rule: "R5", Offset: maxFrame, Length: len(b) - maxFrame, Clause: "docs/protocol.md, Relay", Reason: "a message of more than 2047 bytes"})
	case len(b) > 0 && b[0] <= 3:
		return r.admitSTUN(b, key, f)
	case turn.IsChannel(b):
		return r.admitChannel(b, key, f)
	}
	return r.unreadable(b, key, f, &wire.Refusal{Rule: "R3", Length: min(1, len(b)), Clause: "RFC 7983 §7", Reason: "neither STUN nor ChannelData"})
}

func (r *Relay) admitChannel(b []byte, key flowKey, f *flow) bool {
	var refusal *wire.Refusal
	if _, err := turn.ParseChannel(b); errors.As(err, &refusal) {
		return r.unreadable(b, key, f, refusal)
	}
	if f == nil {
		return r.uninvited(b, key)
	}
	return true // the packet inside is judged when it is written to the other leg
}

func (r *Relay) admitSTUN(b []byte, key flowKey, f *flow) bool {
	m, err := stun.Parse(b)
	if err == nil {
		err = foreign(m)
	}
	var refusal *wire.Refusal
	if errors.As(err, &refusal) {
		return r.unreadable(b, key, f, refusal)
	}
	switch {
	case m.Method == stun.Send && f == nil:
		return r.uninvited(b, key)
	case f == nil:
		return r.stranger(b, key)
	case m.Method == stun.Send:
		return r.admitSend(m, f)
	case m.Method == stun.CreatePermission, m.Method == stun.ChannelBind:
		f.denied.Store(!r.judgePermission(m, f))
	}
	return true
}

// foreign refuses what nobody asks of this relay: methods and attributes that
// are not needed to call, and all of RFC 6062.
func foreign(m stun.Message) error {
	refuse := func(rule, clause, reason string) error {
		return &wire.Refusal{Rule: rule, Length: 2, Clause: clause, Reason: reason}
	}
	switch m.Method {
	case stun.Connect, stun.ConnectionBind, stun.ConnectionAttempt:
		return refuse("R12", "RFC 6062", "a TCP connection to a peer")
	case stun.Binding, stun.Allocate, stun.Refresh, stun.CreatePermission, stun.ChannelBind:
		if m.Class != stun.Request {
			return refuse("R3", "RFC 8656 §5", "not a request")
		}
	case stun.Send:
		if m.Class != stun.Indication {
			return refuse("R3", "RFC 8656 §11", "not an indication")
		}
	default:
		return refuse("R3", "RFC 8656 §5", "a method that this relay does not know")
	}
	if v, ok := m.Get(stun.RequestedTransport); ok && v[0] != 17 {
		return refuse("R12", "RFC 8656 §18.8", "an allocation that is not for UDP")
	}
	for _, a := range []stun.Attribute{stun.EvenPort, stun.ReservationToken, stun.MobilityTicket, stun.ConnectionID} {
		if _, ok := m.Get(a); ok {
			return refuse("R3", "RFC 8656 §18", "an attribute that has no use here: ports are not chosen, and allocations do not move")
		}
	}
	return nil
}

// unreadable records what was refused before it was understood.
func (r *Relay) unreadable(b []byte, key flowKey, f *flow, refusal *wire.Refusal) bool {
	ev := r.event(guard.Allocate, b, key, f)
	ev.Refusal, ev.Answered, ev.Authentic = refusal, true, true
	return r.config.Guard.Judge(ev).Passed()
}

// uninvited is a packet of somebody who has no allocation.
func (r *Relay) uninvited(b []byte, key flowKey) bool {
	if r.recent.has(key.addr.String()) {
		return false
	}
	return r.config.Guard.Judge(r.event(guard.Packet, b, key, nil)).Passed()
}

// stranger is a request of somebody who has no allocation. The answer to it is
// longer than the request, so there is a limit for each address.
func (r *Relay) stranger(b []byte, key flowKey) bool {
	ev := r.event(guard.Permission, b, key, nil)
	ev.Answered, ev.Peer, ev.Other = true, CalleeAddr, CalleeAddr // it is not known yet what call it is about
	ev.Spends = []guard.Spend{{Name: "requests to the relay of an address", Key: key.addr.Addr().String(), Limit: r.config.Guard.Limits().RelayTriesPerMinute, Per: time.Minute}}
	return r.config.Guard.Judge(ev).Passed()
}

// admitSend looks at where a Send indication shall lead. One for the other leg
// is judged when it is written there.
func (r *Relay) admitSend(m stun.Message, f *flow) bool {
	peer := netip.AddrPort{}
	if v, ok := m.Get(stun.XORPeerAddress); ok {
		peer = m.Address(v)
	}
	if peer == f.port.leg.far {
		return true
	}
	ev := r.event(guard.Packet, m.Raw, f.key, f)
	ev.Peer, ev.Secured = peer, true
	if v, ok := m.Get(stun.DataValue); ok {
		ev.Bytes = v
	}
	return r.config.Guard.Judge(ev).Passed()
}

// judgePermission asks the guard about every peer that a request names.
func (r *Relay) judgePermission(m stun.Message, f *flow) bool {
	ev := r.event(guard.Permission, m.Raw, f.key, f)
	ev.Peer = f.port.leg.far
	ev.Spends = []guard.Spend{{Name: "packets of a leg", Key: f.port.leg.name, Limit: r.config.Guard.Limits().PacketsPerSecond, Per: time.Second}}
	for kind, v := range m.All {
		if a := m.Address(v); kind == stun.XORPeerAddress && a != f.port.leg.far {
			ev.Peer = a
			break
		}
	}
	return r.config.Guard.Judge(ev).Passed()
}

func (r *Relay) event(kind guard.Kind, b []byte, key flowKey, f *flow) *guard.Event {
	ev := &guard.Event{Kind: kind, At: r.config.Now(), Addr: key.addr, Bytes: b}
	if f != nil {
		l := f.port.leg
		ev.Call, ev.Range, ev.Other, ev.Answered = l.session.id, l.session.tagged, l.far, !l.session.closed.Load()
		ev.Account, ev.Target = l.accounts()
	}
	return ev
}
