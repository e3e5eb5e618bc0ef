package inspect

import (
	"encoding/binary"
	"net/netip"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/dtls"
	"github.com/ringfence/ringfence/wire/rtcp"
	"github.com/ringfence/ringfence/wire/rtp"
	"github.com/ringfence/ringfence/wire/sip"
	"github.com/ringfence/ringfence/wire/stun"
	"github.com/ringfence/ringfence/wire/turn"
)

// datagram looks at what a program has sent in one UDP packet.
func (in *inspector) datagram(p *packet) {
	key, reverse := keyOf(p)
	f := in.flows.get(key, p)
	if f == nil {
		in.count(ofOther, len(p.payload))
		return
	}
	side := &f.sides[index(reverse)]
	side.packets, side.bytes = side.packets+1, side.bytes+int64(len(p.payload))
	in.message(f, p, p.payload, reverse)
}

func index(reverse bool) int {
	if reverse {
		return 1
	}
	return 0
}

// message tells protocols apart by the first byte, RFC 7983 §7, and by what was
// seen of the flow: a packet of another program may begin in the same way.
func (in *inspector) message(f *flow, p *packet, b []byte, reverse bool) {
	switch {
	case len(b) >= stun.HeaderSize && b[0] <= 3 && binary.BigEndian.Uint32(b[4:]) == stun.Cookie:
		in.stun(f, p, b, reverse)
	case turn.IsChannel(b) && f.relay(b):
		in.channel(f, p, b, reverse)
	case len(b) > 2 && b[0] >= 20 && b[0] <= 63 && (b[1] == 0xfe && (b[2] == 0xfd || b[2] == 0xff) || b[0] >= 32 && f.kinds&isDTLS != 0):
		in.dtls(f, p, b, reverse)
	case len(b) >= 8 && b[0]>>6 == 2 && rtcp.Is(b):
		in.rtcp(f, p, b, reverse)
	case len(b) >= 12 && b[0]>>6 == 2:
		in.rtp(f, p, b, reverse)
	case b[0] >= 'A' && b[0] <= 'Z' && sip.Is(b):
		in.sip(f, p, b)
	default:
		in.count(ofOther, len(b))
	}
}

func (in *inspector) stun(f *flow, p *packet, b []byte, reverse bool) {
	m, err := stun.Parse(b)
	if err != nil {
		in.count(ofSTUN, len(b))
		if f.kinds&isSTUN != 0 {
			most := guard.Low // services have dialects that do not fill up to four bytes
			if stun.HeaderSize+int(binary.BigEndian.Uint16(b[2:])) > len(b) {
				most = guard.Medium
			}
			in.judge(p, f.key, "stun", b, err, most)
		}
		return
	}
	f.kinds |= isSTUN
	if v, ok := m.Get(stun.Username); ok && f.user == "" && m.Method != stun.Binding && len(v) < 128 {
		f.user = string(v)
	}
	if v, ok := m.Get(software); ok && len(v) < 128 {
		f.sides[index(reverse)].software = string(v)
	}
	switch {
	case m.Method == stun.Binding && m.Class == stun.Success:
		f.kinds |= isConsented
		f.mark("STUN Binding success", p, reverse)
	case m.Method == stun.Binding && m.Class == stun.Request:
		f.mark("STUN Binding request", p, reverse)
	case m.Method >= stun.Allocate && m.Method <= stun.ConnectionAttempt:
		f.kinds |= isTURN
	}
	if f.kinds&isTURN != 0 && m.Method != stun.Binding {
		in.count(ofTURN, len(b))
		in.turn(f, p, m, reverse)
		return
	}
	in.count(ofSTUN, len(b))
}

const (
	software      stun.Attribute = 0x8022
	channelNumber stun.Attribute = 0x000c
	maxChannels                  = 256 // of a flow
)

// turn looks at where a client wants to be relayed, and at what is relayed.
func (in *inspector) turn(f *flow, p *packet, m stun.Message, reverse bool) {
	if m.Class == stun.Success && f.asked == [12]byte(m.Raw[8:20]) {
		in.agreed(f, p, m.Raw)
	}
	v, ok := m.Get(stun.XORPeerAddress)
	peer := m.Address(v)
	if !ok || !peer.IsValid() {
		return
	}
	if m.Class == stun.Request {
		f.asked, f.peer = [12]byte(m.Raw[8:20]), peer.Addr().Unmap()
	}
	if c, ok := m.Get(channelNumber); ok && m.Method == stun.ChannelBind && len(f.channels) < maxChannels {
		if f.channels == nil {
			f.channels = map[uint16]netip.AddrPort{}
		}
		f.channels[binary.BigEndian.Uint16(c)] = peer
	}
	if data, ok := m.Get(stun.DataValue); ok && len(data) > 0 {
		in.relayed(f, p, data, peer, m.Method == stun.Send, 0)
	}
}

// agreed objects to a relay that has agreed to lead into itself or into a cloud's own
// services. Clients ask for such addresses without meaning it, when the other end
// names them; private ones are asked for by every browser at home.
func (in *inspector) agreed(f *flow, p *packet, b []byte) {
	if a := f.peer; a.IsLoopback() || a.IsUnspecified() || a == metadata {
		in.judge(p, f.key, "turn", b, &wire.Refusal{Rule: "R12", Clause: "RFC 8656 §9.2, CVE-2020-26262", Reason: "the relay agrees to lead to " + a.String(), Length: len(b), Policy: true}, guard.High)
	}
}

// relay tells whether ChannelData may come in the flow: messages of TURN did, or one
// end is the port of relays and the length is right.
func (f *flow) relay(b []byte) bool {
	if f.kinds&isTURN != 0 {
		return true
	}
	if a, b := f.key.a.Port(), f.key.b.Port(); a != 3478 && b != 3478 && a != 5349 && b != 5349 {
		return false
	}
	d, err := turn.ParseChannel(b)
	if err == nil && len(d.Data) > 0 {
		f.kinds |= isTURN
	}
	return err == nil
}

var metadata = netip.AddrFrom4([4]byte{169, 254, 169, 254})

func (in *inspector) channel(f *flow, p *packet, b []byte, reverse bool) {
	in.count(ofTURN, len(b))
	d, err := turn.ParseChannel(b)
	if err != nil {
		most := guard.Low
		if len(b) >= turn.ChannelHeader && turn.ChannelHeader+int(binary.BigEndian.Uint16(b[2:])) > len(b) {
			most = guard.Medium
		}
		in.judge(p, f.key, "turn", b, err, most)
		return
	}
	if len(d.Data) == 0 {
		return
	}
	// A channel is bound by the client: whoever has bound it is the one of the two
	// ends that is no relay.
	peer, known := f.channels[d.Channel]
	in.relayed(f, p, d.Data, peer, !known || f.client(reverse), d.Channel)
}

// client tells whether a direction of the flow is from the client of a relay: the
// well-known port is the relay's.
func (f *flow) client(reverse bool) bool {
	from, to := f.key.a, f.key.b
	if reverse {
		from, to = to, from
	}
	return to.Port() == 3478 || to.Port() == 5349 || from.Port() != 3478 && from.Port() != 5349 && to.Port() < from.Port()
}

// relayed looks at a packet inside a message of TURN, as a flow between the client
// and the peer.
func (in *inspector) relayed(outer *flow, p *packet, data []byte, peer netip.AddrPort, sent bool, channel uint16) {
	inner := *p
	inner.stream = false
	if sent {
		inner.to = peer
	} else {
		inner.from = peer
	}
	if p.stream {
		inner.offset = -1
	} else if p.offset >= 0 {
		inner.offset = p.offset + offset(p.payload, data)
	}
	inner.payload = data
	key, reverse := keyOf(&inner)
	key.channel = channel
	f := in.flows.get(key, &inner)
	if f == nil {
		return
	}
	if outer.user != "" {
		f.user, f.toCallee = outer.user, sent == reverse // towards the client of the relay
		in.flows.remember(f, &inner, len(data), reverse)
	}
	in.message(f, &inner, data, reverse)
}

func (in *inspector) dtls(f *flow, p *packet, b []byte, reverse bool) {
	in.count(ofDTLS, len(b))
	if err := dtls.Check(b); err != nil {
		if f.kinds&isDTLS != 0 {
			in.judge(p, f.key, "dtls", b, err, most(f))
		}
		return
	}
	f.kinds |= isDTLS
	side := &f.sides[index(reverse)]
	h, err := side.hello.Add(b)
	if err != nil {
		in.judge(p, f.key, "dtls", b, err, most(f))
	}
	if h != nil && err == nil {
		side.ja4 = h.JA4()
		f.mark("DTLS ClientHello", p, reverse)
	}
}

// most is how grave a finding of media can be in a flow: high where a session
// description or a handshake says that it is media, low where it only looks so.
func most(f *flow) guard.Severity {
	if f.kinds&(isDTLS|isClear) != 0 {
		return guard.High
	}
	return guard.Low
}

// sure is how many packets of RTP follow each other before a flow is taken for one.
const sure = 5

func (in *inspector) rtp(f *flow, p *packet, b []byte, reverse bool) {
	side := &f.sides[index(reverse)]
	ssrc, seq := binary.BigEndian.Uint32(b[8:]), binary.BigEndian.Uint16(b[2:])
	follows := ssrc == side.ssrc && seq-side.seq-1 < 16
	if follows && side.run < 255 {
		side.run++
	} else if ssrc != side.ssrc {
		side.run = 0
	}
	known := ssrc == side.ssrc && side.run >= sure
	side.ssrc, side.seq = ssrc, seq
	if f.kinds&(isConsented|isClear|isDTLS) == 0 && f.dialog == nil && !known && f.kinds&isRTP == 0 {
		in.count(ofOther, len(b))
		in.flows.remember(f, p, len(b), reverse) // it counts once the flow is known to be media
		return
	}
	if known {
		f.kinds |= isRTP
	}
	in.count(ofRTP, len(b))
	f.mark("RTP begins", p, reverse)
	side.media++
	if f.user == "" { // what goes through a relay is remembered there
		in.flows.remember(f, p, len(b), reverse)
	}
	var err error
	if f.kinds&isClear != 0 && f.kinds&isDTLS == 0 {
		err = rtp.CheckClear(b)
	} else if len(b) >= 22 { // a tag of an unknown profile may be shorter than that of SRTP
		err = rtp.CheckSecure(b)
	}
	if err != nil && (known || f.kinds&isClear != 0) {
		in.judge(p, f.key, "rtp", b, err, most(f))
	}
}

func (in *inspector) rtcp(f *flow, p *packet, b []byte, reverse bool) {
	if f.kinds&(isConsented|isClear|isDTLS|isRTP|isRTCP) == 0 && f.dialog == nil && rtcp.CheckClear(b) != nil {
		in.count(ofOther, len(b))
		return
	}
	f.kinds |= isRTCP
	in.count(ofRTCP, len(b))
	f.mark("RTCP begins", p, reverse)
	if f.user == "" {
		in.flows.remember(f, p, len(b), reverse)
	}
	if rtcp.CheckReduced(b) == nil {
		return // clear, and right
	}
	err := rtcp.Check(b)
	if f.kinds&isClear != 0 && f.kinds&isDTLS == 0 {
		err = rtcp.CheckReduced(b)
	}
	if err != nil && f.kinds&(isClear|isDTLS) != 0 {
		in.judge(p, f.key, "rtcp", b, err, most(f))
	}
}
