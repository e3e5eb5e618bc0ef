package sdp

import "bytes"

// whole looks at what a description must have, and at what its parts say of each
// other.
func (p *parser) whole() error {
	if p.m == nil && !p.begun['t'] {
		return p.syntax(len(p.b), 0, linesClause, "a description has v=, o=, s= and t=")
	}
	seen := [len(kinds)]int{}
	for i := range p.s.Media {
		m := &p.s.Media[i]
		if !m.Connection.IsValid() {
			m.Connection = p.s.Connection
		}
		if !m.Connection.IsValid() && p.policy == nil {
			return p.syntax(m.Offset, 2, "RFC 8866 §5.7", "media without an address")
		}
		m.known()
		if p.named(m, i) {
			p.object("R17", m.Offset, 2, "RFC 5888 §4", "two media descriptions with one name")
		}
		if m.Port == 0 {
			continue
		}
		if seen[m.Kind]++; seen[m.Kind] == 2 {
			p.object("R7", m.Offset, 2, "RFC 3264 §5", "two media descriptions of one kind")
		}
		p.inUse(m)
	}
	return nil
}

// named tells whether a media description before this one has its name.
func (p *parser) named(m *Media, i int) bool {
	for j := range p.s.Media[:i] {
		if m.Mid != nil && bytes.Equal(p.s.Media[j].Mid, m.Mid) {
			return true
		}
	}
	return false
}

// known fills in the codecs of payload types that need no a=rtpmap.
func (m *Media) known() {
	for i := range m.Formats {
		f := &m.Formats[i]
		if f.Rate != 0 || !m.Protocol.RTP() {
			continue
		}
		c := codecs.get([]byte(static[f.Payload]))
		if c == nil || c.Kind != m.Kind {
			continue
		}
		f.Codec, f.Rate = c, 8000
		if f.Payload == 10 || f.Payload == 11 { // RFC 3551 §4.5.11
			f.Rate, f.Channels = 44100, 12-f.Payload
		}
	}
}

// inUse looks at one media description that is in use.
func (p *parser) inUse(m *Media) {
	print := p.s.of(m).Fingerprint
	switch {
	case m.Protocol.Keyed() && print.Hash == 0:
		p.object("R16", m.Offset, 2, "RFC 8122 §5", "media under a certificate without its fingerprint")
	case m.Protocol.Keyed() && print.Hash == WeakHash:
		p.object("R16", m.Offset, 2, "RFC 8122 §5", "a fingerprint of a weak hash")
	case m.Crypto && !m.Protocol.Keyed() && print.Hash == 0:
		p.object("R16", m.Offset, 2, "RFC 8827 §6.5", "keys in the description, which everybody on the way reads")
	}
	for i := range m.Formats {
		for j := range i {
			if m.Formats[i].Codec == m.Formats[j].Codec && m.Formats[i].equal(&m.Formats[j]) {
				p.object("R7", m.Offset, 2, "RFC 3264 §5.1; CVE-2023-40019", "one codec under two payload types")
				return
			}
		}
	}
}

// equal tells whether two formats are one.
func (f *Format) equal(g *Format) bool {
	if f.Codec == nil || f.Codec != g.Codec || f.Rate != g.Rate || max(f.Channels, 1) != max(g.Channels, 1) || len(f.Params) != len(g.Params) {
		return false
	}
	for _, a := range f.Params {
		found := false
		for _, b := range g.Params {
			found = found || a.Name == b.Name && bytes.EqualFold(a.Value, b.Value)
		}
		if !found {
			return false
		}
	}
	return true
}

// of are the attributes of a media description with those of the session that
// stand for it.
func (s *Session) of(m *Media) Level {
	l := m.Level
	if l.Direction == 0 {
		l.Direction = s.Level.Direction
	}
	if l.Ufrag == nil {
		l.Ufrag = s.Level.Ufrag
	}
	if l.Password == nil {
		l.Password = s.Level.Password
	}
	if l.Fingerprint.Hash == 0 {
		l.Fingerprint = s.Level.Fingerprint
	}
	if l.Setup == 0 {
		l.Setup = s.Level.Setup
	}
	if l.PTime == 0 {
		l.PTime = s.Level.PTime
	}
	if l.MaxPTime == 0 {
		l.MaxPTime = s.Level.MaxPTime
	}
	l.Trickle = l.Trickle || s.Level.Trickle
	return l
}
