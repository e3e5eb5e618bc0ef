package sipguard

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/sdp"
	"github.com/ringfence/ringfence/wire/sip"
)

// origin names the descriptions that the guard writes for one side, RFC 8866 §5.2.
type origin struct{ id, version uint64 }

func (o *origin) next() (id, version uint64) {
	if o.id == 0 {
		var b [8]byte
		rand.Read(b[:])
		o.id = binary.BigEndian.Uint64(b[:]) >> 2
	}
	o.version++
	return o.id, o.version
}

// describe reads the description that one side sent, and writes the one that the
// other side gets: codecs of the list, under the guard's own addresses and ports.
// It learns where the side that sent it wants its media, and from where alone it
// may send it (R9, R12). The status is 0, or what the sender is told.
func (c *call) describe(from *leg, m *sip.Message) ([]byte, int) {
	if !m.ContentType.Is("application", "sdp") {
		return nil, 415
	}
	s, err := sdp.Parse(m.Body)
	if err != nil {
		var r *wire.Refusal
		errors.As(err, &r)
		c.g.judge(guard.Event{Kind: guard.Message, Call: c.id, Bytes: evidence(m.Body), Refusal: r}, from.flow)
		return nil, 488
	}
	if n := len(c.media.parts); n > 0 && len(s.Media) < n { // RFC 3264 §6, §8
		c.object(from, m, s.Media, "fewer media descriptions than there were")
		return nil, 488
	}
	carried := false
	for i := range s.Media {
		status := c.part(from, m, &s.Media[i], s, i)
		if status != 0 {
			return nil, status
		}
		carried = carried || s.Media[i].Carried()
	}
	if !carried && !c.media.inUse() {
		return nil, 488
	}
	return c.write(from.other(), s), 0
}

// object records what the guard refuses of a description that could be read.
func (c *call) object(from *leg, m *sip.Message, media []sdp.Media, reason string) {
	r := &wire.Refusal{Rule: "R7", Clause: "RFC 3264 §6", Reason: reason, Policy: true}
	if len(media) > 0 {
		r.Offset, r.Length = media[len(media)-1].Offset, min(2, len(m.Body))
	}
	c.g.judge(guard.Event{Kind: guard.Message, Call: c.id, Bytes: evidence(m.Body), Refusal: r}, from.flow)
}

// part takes one media description. One that is not in use, or not of a kind that
// the guard passes, stays as a place with port 0.
func (c *call) part(from *leg, m *sip.Message, d *sdp.Media, s *sdp.Session, i int) int {
	p, status := c.media.part(c, i, d.Carried() && c.passes(d.Protocol))
	if status != 0 || p == nil {
		d.Port = 0
		return status
	}
	if !d.Carried() || !c.passes(d.Protocol) {
		d.Port = 0
		p.face(from.role).far.Store(nil)
		return 0
	}
	at := d.Connection
	held := !at.IsValid() || at.IsUnspecified() // on hold, as RFC 2543 had it
	if !held && !c.g.mayBe(from, at) {
		r := &wire.Refusal{Rule: "R12", Offset: d.Offset, Length: 2, Clause: "RFC 8866 §5.7", Reason: "media at another address than signalling; --nat is for phones that do not know their own", Policy: true}
		c.g.judge(guard.Event{Kind: guard.Message, Call: c.id, Bytes: evidence(m.Body), Refusal: r}, from.flow)
		return 488
	}
	far := &far{nat: c.g.config.NAT && !from.flow.inside, secure: d.Protocol.Keyed(), mux: d.Mux, reduced: d.Reduced}
	if far.nat {
		at = from.flow.remote.Addr()
	}
	if !held {
		far.rtp, far.rtcp = netip.AddrPortFrom(at, d.Port), netip.AddrPortFrom(at, d.Port+1)
		if d.RTCP != 0 {
			far.rtcp = netip.AddrPortFrom(at, d.RTCP)
		}
		if d.Mux {
			far.rtcp = far.rtp
		}
	}
	for _, f := range d.Formats {
		if f.Codec != nil {
			far.takes[f.Payload/64] |= 1 << (f.Payload % 64)
		}
	}
	p.face(from.role).signalled(far)
	c.rewrite(d, p.face(from.role.Other()))
	return 0
}

// mayBe tells whether a side's media may be at an address: a phone's where it
// signals from, the service's anywhere that packets can be sent to one by one.
func (g *Guard) mayBe(from *leg, at netip.Addr) bool {
	if at.IsMulticast() || at == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return false
	}
	return from.flow.inside || g.config.NAT || at.Unmap() == from.flow.remote.Addr()
}

// passes tells whether media of a protocol is passed: in the clear where the
// operator has it so, and under a certificate whose fingerprint is in the
// description. Keys in the description itself are refused by wire/sdp (R16).
func (c *call) passes(p sdp.Protocol) bool {
	switch p {
	case sdp.AVP, sdp.AVPF:
		return c.g.config.Allow.Plain
	case sdp.TLSSAVP, sdp.TLSSAVPF:
		return true
	}
	return false
}

// rewrite puts the guard's own address in the place of the sender's, and leaves out
// what would carry bytes of its choosing: names of media, ICE, bandwidths.
func (c *call) rewrite(d *sdp.Media, f *face) {
	d.Connection, d.Port, d.RTCP = f.addr, f.port, 0
	d.Candidates, d.Complete, d.Mid, d.Bandwidth = nil, false, nil, sdp.Bandwidth{}
	d.Level.Ufrag, d.Level.Password, d.Level.Trickle = nil, nil, false
	if !d.Protocol.Keyed() {
		d.Level.Fingerprint, d.Level.Setup = sdp.Fingerprint{}, 0
	}
}

// write writes the description for one side.
func (c *call) write(to *leg, s *sdp.Session) []byte {
	s.Origin.ID, s.Origin.Version = to.origin.next()
	s.Origin.Address = to.flow.self.Addr()
	s.Bandwidth, s.Bundle, s.Lite = sdp.Bandwidth{}, nil, false
	s.Level.Ufrag, s.Level.Password, s.Level.Trickle = nil, nil, false
	keyed := false
	for i := range s.Media {
		keyed = keyed || s.Media[i].Protocol.Keyed()
	}
	if !keyed {
		s.Level.Fingerprint, s.Level.Setup = sdp.Fingerprint{}, 0
	}
	return s.AppendTo(nil)
}
