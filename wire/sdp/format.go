package sdp

import "bytes"

// rtpmap reads payload SP name "/" rate [ "/" channels ], RFC 8866 §6.6.
func (p *parser) rtpmap(v value) error {
	const clause = "RFC 8866 §6.6"
	at, whole := v.at, len(v.b)
	f, err := p.of(&v, clause)
	if err != nil {
		return err
	}
	i := bytes.IndexByte(v.b, '/')
	if i <= 0 {
		return p.syntax(at, whole, clause, "a codec has a name and a rate")
	}
	name, rest := v.b[:i], v.b[i+1:]
	channels := uint64(0)
	ok := true
	if j := bytes.IndexByte(rest, '/'); j >= 0 {
		channels, ok = decimal(rest[j+1:], 255)
		rest = rest[:j]
	}
	rate, okay := decimal(rest, 1<<32-1)
	if !ok || !okay || !token(name) {
		return p.syntax(at, whole, clause, "a codec has a name, a rate, and may have a number of channels")
	}
	if f == nil {
		p.drop(name)
		return nil
	}
	if f.Rate != 0 {
		return p.syntax(at, whole, clause, "a payload type with two codecs")
	}
	if rate == 0 || rate > 192000 || channels > 8 {
		p.object("R7", at, whole, clause, "a rate or a number of channels that no codec has")
	}
	f.Rate, f.Channels = max(uint32(rate), 1), uint8(channels)
	if f.Codec = lookup(name); f.Codec == nil || f.Codec.Kind != p.m.Kind || !f.Codec.rated(f.Rate) {
		f.Codec = nil
		p.drop(name)
	}
	return nil
}

// lookup finds a codec by its name in any case.
func lookup(name []byte) *Codec { return codecs.get(lowered(name, new([24]byte))) }

// lowered writes a name in lower case into a buffer; one that is too long for any
// list is no name of a list.
func lowered(name []byte, into *[24]byte) []byte {
	if len(name) > len(into) {
		return into[:]
	}
	for i, c := range name {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		into[i] = c
	}
	return into[:len(name)]
}

// rated tells whether a codec has a clock rate.
func (c *Codec) rated(rate uint32) bool {
	if c.Kind == Video {
		return rate == 90000
	}
	switch rate {
	case 8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000:
		return true
	}
	return false
}

// of takes the payload type in front of an attribute; nil when the media does not
// have it. Programs disagree on what to do with such an attribute: it is dropped.
func (p *parser) of(v *value, clause string) (*Format, error) {
	w := v.word()
	n, ok := decimal(w.b, 127)
	if !ok {
		return nil, p.syntax(w.at, len(w.b), clause, "a payload type is a number up to 127")
	}
	return p.m.Format(uint8(n)), nil
}

// fmtp reads payload SP parameters, RFC 8866 §6.15. A parameter that is not on the
// codec's list, or has a value that the list does not have, is dropped.
func (p *parser) fmtp(v value) error {
	const clause = "RFC 8866 §6.15"
	if !p.m.Protocol.RTP() {
		p.drop(v.b)
		return nil
	}
	at, whole := v.at, len(v.b)
	f, err := p.of(&v, clause)
	if err != nil {
		return err
	}
	if len(v.b) == 0 {
		return p.syntax(at, whole, clause, "parameters of a codec that are empty")
	}
	if f == nil || f.Codec == nil {
		p.drop(v.b)
		return nil
	}
	for rest := v.b; len(rest) > 0; {
		one := rest
		if i := bytes.IndexByte(rest, ';'); i >= 0 {
			one, rest = rest[:i], rest[i+1:]
		} else {
			rest = nil
		}
		p.parameter(f, bytes.Trim(one, " \t"), at, whole)
	}
	return nil
}

func (p *parser) parameter(f *Format, one []byte, at, whole int) {
	if len(one) == 0 {
		return
	}
	name, v, named := bytes.Cut(one, []byte("="))
	if !named { // telephone-event has values without names
		name, v = nil, one
	}
	shape := f.Codec.parameter(name)
	if shape == nil || !shape.fits(v) {
		p.drop(one)
		return
	}
	for _, had := range f.Params {
		if had.Name == shape.name {
			p.object("R17", at, whole, "RFC 8866 §6.15", "a parameter of a codec that stands twice")
			return
		}
	}
	if len(f.Params) == MaxParameters {
		p.object("R5", at, whole, "RFC 8866 §6.15", "more than 16 parameters of a codec")
		return
	}
	f.Params = append(f.Params, Parameter{shape.name, v})
}

// feedback reads ( payload / "*" ) SP value, RFC 4585 §4.2.
func (p *parser) feedback(v value) error {
	at, whole := v.at, len(v.b)
	all := bytes.HasPrefix(v.b, []byte("* "))
	var f *Format
	if all {
		v.word()
	} else {
		var err error
		if f, err = p.of(&v, "RFC 4585 §4.2"); err != nil {
			return err
		}
	}
	if len(v.b) == 0 {
		return p.syntax(at, whole, "RFC 4585 §4.2", "feedback of no kind")
	}
	known := feedback(v.b)
	if known == "" || f == nil && !all {
		p.drop(v.b)
		return nil
	}
	for i := range p.m.Formats {
		if one := &p.m.Formats[i]; all || one == f {
			one.asked(known)
		}
	}
	return nil
}

// asked adds a kind of feedback, once.
func (f *Format) asked(kind string) {
	for _, had := range f.Feedback {
		if had == kind {
			return
		}
	}
	if len(f.Feedback) < MaxFeedback {
		f.Feedback = append(f.Feedback, kind)
	}
}
