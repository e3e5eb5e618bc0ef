package sipguard

import (
	"errors"
	"net/netip"
	"sync"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/dtls"
	"github.com/ringfence/ringfence/wire/rtcp"
	"github.com/ringfence/ringfence/wire/rtp"
)

const maxPacket = 1480 // bytes: an Ethernet frame carries no more

// guarded handles one packet; a panic drops it (R22). One that may not pass is
// dropped and counted; nothing that a packet holds ends a call (R10).
func (f *face) guarded(b, out []byte, from netip.AddrPort, control bool) {
	defer func() {
		if recover() != nil {
			f.g.count.bad.Add(1)
		}
	}()
	f.packet(b, out, from, control)
}

// packet looks at one packet, and sends it on when it may pass.
func (f *face) packet(b, out []byte, from netip.AddrPort, control bool) {
	far, to := f.far.Load(), f.other.far.Load()
	mux := far != nil && to != nil && far.mux && to.mux
	control = control || mux && rtcp.Is(b)
	switch {
	case far == nil || !far.from(from, control, mux): // R9
		f.g.count.elsewhere.Add(1)
		return
	case f.caller && !f.session.answered.Load(): // R1
		f.g.count.early.Add(1)
		return
	case to == nil:
		return
	case !f.rate.take(f.g.set.Limits().PacketsPerSecond):
		f.g.count.flood.Add(1)
		return
	}
	if len(b) > maxPacket {
		f.bad(b, from, &wire.Refusal{Rule: "R5", Offset: maxPacket, Length: len(b) - maxPacket, Clause: "RFC 3550 §11", Reason: "a packet of more than 1,480 bytes"})
		return
	}
	out, err := to.passed(b, out[:0], control)
	if err != nil {
		f.bad(b, from, err)
		return
	}
	f.heard.Store(f.g.config.Now().UnixNano())
	f.other.send(out, to, control, mux)
}

// bad records a packet that was dropped.
func (f *face) bad(b []byte, from netip.AddrPort, err error) {
	f.g.count.bad.Add(1)
	var r *wire.Refusal
	if !errors.As(err, &r) {
		return
	}
	ev := guard.Event{Kind: guard.Packet, At: f.g.config.Now(), Addr: from, Call: f.call.id, Bytes: b, Answered: true, Secured: true, Refusal: r}
	f.g.set.Judge(&ev)
}

// from tells whether a packet comes from where it was signalled that it would; with
// nat, from the phone's own address and always the same port of it.
func (r *far) from(a netip.AddrPort, control, mux bool) bool {
	want, i := r.rtp, 0
	if control && !mux {
		want, i = r.rtcp, 1
	}
	if !r.nat {
		return a == want
	}
	if !want.IsValid() || a.Addr() != want.Addr() {
		return false
	}
	if seen := r.seen[i].Load(); seen != nil {
		return *seen == a
	}
	r.seen[i].CompareAndSwap(nil, &a)
	return *r.seen[i].Load() == a
}

// passed is what the party gets of a packet: RTP and RTCP in the clear are written
// anew without what was not negotiated; what is encrypted is passed as it is, once
// its clear part adds up.
func (r *far) passed(b, out []byte, control bool) ([]byte, error) {
	switch {
	case len(b) == 0:
		return nil, &wire.Refusal{Rule: "R6", Clause: "RFC 7983 §7", Reason: "an empty packet"}
	case r.secure && b[0] >= 20 && b[0] <= 63:
		return b, dtls.Check(b)
	case b[0] < 128 || b[0] > 191: // STUN among them: without ICE it has no place here (R19)
		return nil, &wire.Refusal{Rule: "R19", Length: 1, Clause: "RFC 7983 §7", Reason: "neither RTP nor RTCP"}
	case control && r.secure:
		return b, rtcp.Check(b)
	case control:
		return r.report(b, out)
	}
	return r.sound(b, out)
}

// sound passes RTP.
func (r *far) sound(b, out []byte) ([]byte, error) {
	read := rtp.Parse
	if r.secure {
		read = rtp.ParseSecure
	}
	p, err := read(b)
	switch {
	case err != nil:
		return nil, err
	case r.takes[p.PayloadType/64]&(1<<(p.PayloadType%64)) == 0:
		return nil, &wire.Refusal{Rule: "R7", Offset: 1, Length: 1, Clause: "RFC 3264 §5.1", Reason: "a payload type that was not agreed on"}
	case r.secure && p.Extended:
		return nil, &wire.Refusal{Rule: "R19", Length: 1, Clause: "RFC 8285 §6", Reason: "a header extension that was not agreed on"}
	case r.secure:
		return b, nil
	}
	p.Extended, p.Padded, p.Padding, p.CSRC = false, false, 0, nil
	return p.AppendTo(out), nil
}

// report passes RTCP. Who somebody is called is in no description of a source any
// more, but for a name that says nothing: RFC 7022 §4.2.
func (r *far) report(b, out []byte) ([]byte, error) {
	if !r.reduced {
		if err := rtcp.CheckClear(b); err != nil {
			return nil, err
		}
	}
	all, err := rtcp.Parse(b)
	if err != nil {
		return nil, err
	}
	kept := all[:0]
	for _, p := range all {
		switch p := p.(type) {
		case rtcp.SourceDescription:
			kept = append(kept, nameless(p))
		case rtcp.Application: // RFC 3550 §6.7: for experiments
		case rtcp.Goodbye:
			p.Reason = nil
			kept = append(kept, p)
		default:
			kept = append(kept, p)
		}
	}
	return rtcp.AppendTo(out, kept), nil
}

func nameless(d rtcp.SourceDescription) rtcp.SourceDescription {
	var out rtcp.SourceDescription
	for _, c := range d.Chunks {
		name := hexName(c.SSRC)
		out.Chunks = append(out.Chunks, rtcp.Chunk{SSRC: c.SSRC, Items: []rtcp.Item{{Kind: rtcp.CNAME, Text: name[:]}}})
	}
	return out
}

func hexName(n uint32) (b [8]byte) {
	for i := range b {
		b[i] = "0123456789abcdef"[n>>(28-4*i)&15]
	}
	return b
}

// send sends a packet to the party.
func (f *face) send(b []byte, to *far, control, mux bool) {
	s, at, i := f.rtp, to.rtp, 0
	if control && !mux {
		s, at, i = f.rtcp, to.rtcp, 1
	}
	if to.nat {
		if seen := to.seen[i].Load(); seen != nil {
			at = *seen
		}
	}
	if at.IsValid() && at.Port() != 0 {
		s.WriteToUDPAddrPort(b, at)
		f.g.count.packets.Add(1)
	}
}

// rate is how many packets a second somebody sends.
type rate struct {
	mu     sync.Mutex
	second int64
	n      int
}

// take counts one packet; false: there were as many as there may be.
func (r *rate) take(limit int) bool {
	now := time.Now().Unix()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.second != now {
		r.second, r.n = now, 0
	}
	r.n++
	return r.n <= limit
}
