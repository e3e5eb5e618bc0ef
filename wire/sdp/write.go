package sdp

import (
	"net/netip"
	"strconv"
)

// AppendTo writes the description anew, from the model alone. Media that is
// rejected, of a kind or protocol other than sound and pictures over RTP, or without a codec of
// the list, keeps its place with port 0: RFC 3264 §6.
func (s *Session) AppendTo(b []byte) []byte {
	b = strconv.AppendUint(append(b, "v=0\r\no=- "...), s.Origin.ID, 10)
	b = strconv.AppendUint(append(b, ' '), s.Origin.Version, 10)
	b = appendAddress(append(b, ' '), s.Origin.Address)
	b = append(b, "\r\ns=-\r\n"...)
	b = s.Bandwidth.appendTo(b)
	b = append(b, "t=0 0\r\n"...)
	b = s.appendBundle(b)
	if s.Lite {
		b = append(b, "a=ice-lite\r\n"...)
	}
	for i := range s.Media {
		b = s.appendMedia(b, &s.Media[i])
	}
	return b
}

// Carried tells whether a media description is in use and can be written: sound
// or pictures over RTP, with a codec of the list.
func (m *Media) Carried() bool {
	if m.Port == 0 || m.Kind != Audio && m.Kind != Video || !m.Protocol.RTP() {
		return false
	}
	for i := range m.Formats {
		if m.Formats[i].Codec != nil {
			return true
		}
	}
	return false
}

func (s *Session) appendBundle(b []byte) []byte {
	begun := false
	for _, mid := range s.Bundle {
		for i := range s.Media {
			m := &s.Media[i]
			if !m.Carried() || string(m.Mid) != string(mid) {
				continue
			}
			if !begun {
				b, begun = append(b, "a=group:BUNDLE"...), true
			}
			b = append(append(b, ' '), mid...)
			break
		}
	}
	if begun {
		b = append(b, crlf...)
	}
	return b
}

const crlf = "\r\n"

// appendAddress writes "IN IP4 192.0.2.1"; what is not valid is 0.0.0.0.
func appendAddress(b []byte, a netip.Addr) []byte {
	switch {
	case !a.IsValid():
		return append(b, "IN IP4 0.0.0.0"...)
	case a.Is4():
		b = append(b, "IN IP4 "...)
	default:
		b = append(b, "IN IP6 "...)
	}
	return a.AppendTo(b)
}

func (w *Bandwidth) appendTo(b []byte) []byte {
	for _, one := range [...]struct {
		name string
		n    uint32
	}{{"b=AS:", w.AS}, {"b=TIAS:", w.TIAS}, {"b=RS:", w.RS}, {"b=RR:", w.RR}} {
		if one.n > 0 {
			b = append(strconv.AppendUint(append(b, one.name...), uint64(one.n), 10), crlf...)
		}
	}
	return b
}

// rejected is the format of media that is not in use, by protocol.
var rejected = map[Protocol]string{DTLSSCTP: "webrtc-datachannel", TCPDTLSSCTP: "webrtc-datachannel", OldSCTP: "5000", UDPTL: "t38", MSRP: "*", TLSMSRP: "*"}

func (s *Session) appendMedia(b []byte, m *Media) []byte {
	carried := m.Carried()
	port := uint64(m.Port)
	if !carried {
		port = 0
	}
	b = append(append(append(b, "m="...), m.Kind.String()...), ' ')
	b = append(append(strconv.AppendUint(b, port, 10), ' '), m.Protocol.String()...)
	switch {
	case carried:
		b = m.appendPayloads(b)
	case m.Protocol.RTP():
		b = append(b, " 0"...)
	default:
		b = append(append(b, ' '), rejected[m.Protocol]...)
	}
	b = append(b, "\r\nc="...)
	if !carried {
		return append(b, "IN IP4 0.0.0.0\r\n"...)
	}
	b = append(appendAddress(b, m.Connection), crlf...)
	b = m.Bandwidth.appendTo(b)
	b = s.appendLevel(b, m)
	for i := range m.Candidates {
		b = m.Candidates[i].appendTo(b)
	}
	if m.Complete {
		b = append(b, "a=end-of-candidates\r\n"...)
	}
	for i := range m.Formats {
		if m.Formats[i].Codec != nil {
			b = m.Formats[i].appendTo(b)
		}
	}
	return b
}

func (m *Media) appendPayloads(b []byte) []byte {
	for i := range m.Formats {
		if m.Formats[i].Codec != nil {
			b = strconv.AppendUint(append(b, ' '), uint64(m.Formats[i].Payload), 10)
		}
	}
	return b
}

func (s *Session) appendLevel(b []byte, m *Media) []byte {
	l := s.of(m)
	text := func(name string, v []byte) {
		if v != nil {
			b = append(append(append(b, name...), v...), crlf...)
		}
	}
	number := func(name string, n uint16) {
		if n > 0 {
			b = append(strconv.AppendUint(append(b, name...), uint64(n), 10), crlf...)
		}
	}
	flag := func(line string, set bool) {
		if set {
			b = append(append(b, line...), crlf...)
		}
	}
	text("a=mid:", m.Mid)
	if l.Direction > 0 {
		b = append(append(append(b, "a="...), l.Direction.String()...), crlf...)
	}
	text("a=ice-ufrag:", l.Ufrag)
	text("a=ice-pwd:", l.Password)
	flag("a=ice-options:trickle", l.Trickle)
	if h := l.Fingerprint.Hash; h > 0 && h != WeakHash {
		b = append(append(append(b, "a=fingerprint:"...), h.String()...), ' ')
		b = append(appendUpper(b, l.Fingerprint.Value), crlf...)
	}
	if l.Setup > 0 {
		b = append(append(append(b, "a=setup:"...), l.Setup.String()...), crlf...)
	}
	number("a=rtcp:", m.RTCP)
	flag("a=rtcp-mux", m.Mux)
	flag("a=rtcp-rsize", m.Reduced)
	number("a=ptime:", l.PTime)
	number("a=maxptime:", l.MaxPTime)
	return b
}

func appendUpper(b, text []byte) []byte {
	for _, c := range text {
		if c >= 'a' && c <= 'z' {
			c &^= 0x20
		}
		b = append(b, c)
	}
	return b
}

func (c *Candidate) appendTo(b []byte) []byte {
	b = append(append(b, "a=candidate:"...), c.Foundation...)
	b = strconv.AppendUint(append(b, ' '), uint64(c.Component), 10)
	if c.TCP {
		b = append(b, " tcp "...)
	} else {
		b = append(b, " udp "...)
	}
	b = append(strconv.AppendUint(b, uint64(c.Priority), 10), ' ')
	b = append(c.Address.Addr().AppendTo(b), ' ')
	b = append(strconv.AppendUint(b, uint64(c.Address.Port()), 10), " typ "...)
	b = append(b, c.Type.String()...)
	if c.Related.IsValid() {
		b = append(c.Related.Addr().AppendTo(append(b, " raddr "...)), " rport "...)
		b = strconv.AppendUint(b, uint64(c.Related.Port()), 10)
	}
	if c.TCPType > 0 {
		b = append(append(b, " tcptype "...), c.TCPType.String()...)
	}
	return append(b, crlf...)
}

func (f *Format) appendTo(b []byte) []byte {
	begin := func(name string) {
		b = append(strconv.AppendUint(append(b, name...), uint64(f.Payload), 10), ' ')
	}
	begin("a=rtpmap:")
	b = strconv.AppendUint(append(append(b, f.Codec.Name...), '/'), uint64(f.Rate), 10)
	if f.Channels > 1 {
		b = strconv.AppendUint(append(b, '/'), uint64(f.Channels), 10)
	}
	b = append(b, crlf...)
	for i, p := range f.Params {
		if i == 0 {
			begin("a=fmtp:")
		} else {
			b = append(b, ';')
		}
		if p.Name != "" {
			b = append(append(b, p.Name...), '=')
		}
		b = append(b, p.Value...)
	}
	if len(f.Params) > 0 {
		b = append(b, crlf...)
	}
	for _, kind := range f.Feedback {
		begin("a=rtcp-fb:")
		b = append(append(b, kind...), crlf...)
	}
	return b
}
