package sdp

import (
	"bytes"
)

// attribute is how an attribute is read. Those that are not here are dropped.
type attribute struct {
	session, media bool // where it may stand
	read           func(p *parser, v value) error
}

// attributes are those of the model by name; each is registered by the file that
// reads it. Names are compared as they are written: RFC 8866 §6.
var attributes table[attribute]

func init() {
	both := func(name string, read func(p *parser, v value) error) {
		attributes.put(name, attribute{true, true, read})
	}
	media := func(name string, read func(p *parser, v value) error) {
		attributes.put(name, attribute{false, true, read})
	}
	for d := SendRecv; d <= Inactive; d++ {
		both(d.String(), func(p *parser, v value) error { return p.direction(d, v) })
	}
	both("setup", (*parser).setup)
	both("fingerprint", (*parser).fingerprint)
	both("ice-ufrag", (*parser).ufrag)
	both("ice-pwd", (*parser).password)
	both("ice-options", (*parser).options)
	both("ptime", func(p *parser, v value) error { return p.packetTime(&p.level().PTime, v) })
	both("maxptime", func(p *parser, v value) error { return p.packetTime(&p.level().MaxPTime, v) })
	attributes.put("ice-lite", attribute{true, false, func(p *parser, v value) error { p.s.Lite = true; return p.bare(v) }})
	attributes.put("group", attribute{true, false, (*parser).group})
	media("mid", (*parser).mid)
	media("rtcp", (*parser).rtcp)
	media("rtcp-mux", func(p *parser, v value) error { p.m.Mux = true; return p.bare(v) })
	media("rtcp-rsize", func(p *parser, v value) error { p.m.Reduced = true; return p.bare(v) })
	media("end-of-candidates", func(p *parser, v value) error { p.m.Complete = true; return p.bare(v) })
	media("candidate", (*parser).candidate)
	media("rtpmap", (*parser).rtpmap)
	media("fmtp", (*parser).fmtp)
	media("rtcp-fb", (*parser).feedback)
	media("crypto", (*parser).crypto)
}

const attributeClause = "RFC 8866 §5.13"

// attribute reads a= name [ ":" value ].
func (p *parser) attribute(v value) error {
	i := bytes.IndexByte(v.b, ':')
	name, rest := v.b, value{nil, v.at + len(v.b)}
	if i >= 0 {
		name, rest = v.b[:i], value{v.b[i+1:], v.at + i + 1}
	}
	a := attributes.get(name)
	if a == nil && !token(name) {
		return p.syntax(v.at, len(name), attributeClause, "an attribute without a name")
	}
	if a == nil || p.m == nil && !a.session || p.m != nil && !a.media {
		p.drop(name)
		return nil
	}
	return a.read(p, rest)
}

// tokens are the letters of token-char, RFC 8866 §9.
var tokens = func() (t [256]bool) {
	for c := '!'; c < 0x7f; c++ {
		t[c] = true
	}
	for _, c := range "\"(),/:;<=>?@[\\]" {
		t[c] = false
	}
	return t
}()

func token(b []byte) bool {
	for _, c := range b {
		if !tokens[c] {
			return false
		}
	}
	return len(b) > 0
}

// level is where an attribute of both levels belongs.
func (p *parser) level() *Level {
	if p.m != nil {
		return &p.m.Level
	}
	return &p.s.Level
}

// bare refuses a value of an attribute that has none.
func (p *parser) bare(v value) error {
	if len(v.b) > 0 {
		return p.syntax(v.at, len(v.b), attributeClause, "a value of an attribute that has none")
	}
	return nil
}

// twice refuses an attribute that may stand once.
func (p *parser) twice(v value) error {
	return p.syntax(v.at, len(v.b), attributeClause, "an attribute that may stand once stands twice")
}

func (p *parser) direction(d Direction, v value) error {
	l := p.level()
	if l.Direction != 0 {
		return p.twice(v)
	}
	l.Direction = d
	return p.bare(v)
}

func (p *parser) setup(v value) error {
	l := p.level()
	if l.Setup != 0 {
		return p.twice(v)
	}
	if l.Setup = listed[Setup](v.b, setups[:]); l.Setup == 0 {
		return p.syntax(v.at, len(v.b), "RFC 4145 §4", "a role that there is not")
	}
	return nil
}

// fingerprint reads a=fingerprint, RFC 8122 §5. There may be several, of different
// hashes; the first that is strong counts.
func (p *parser) fingerprint(v value) error {
	const clause = "RFC 8122 §5"
	at := v.at
	hash := v.word()
	var h Hash
	for i := SHA256; i <= SHA512; i++ {
		if same(hash.b, hashes[i]) {
			h = i
		}
	}
	if h == 0 {
		h = WeakHash
	}
	if !token(hash.b) || !pairs(v.b) || h != WeakHash && len(v.b) != 3*hashSizes[h]-1 {
		return p.syntax(at, len(hash.b)+1+len(v.b), clause, "a fingerprint is the name of a hash and as many pairs of digits as it has bytes")
	}
	l := p.level()
	switch {
	case h != WeakHash && l.Fingerprint.Hash == h && !bytes.EqualFold(l.Fingerprint.Value, v.b):
		p.object("R17", at, len(hash.b)+1+len(v.b), clause, "two fingerprints of one hash")
	case h != WeakHash && (l.Fingerprint.Hash == 0 || l.Fingerprint.Hash == WeakHash):
		l.Fingerprint = Fingerprint{h, v.b}
	case l.Fingerprint.Hash == 0:
		l.Fingerprint.Hash = h
	}
	return nil
}

// same compares without regard to case; s is in lower case.
func same(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != s[i] {
			return false
		}
	}
	return true
}

// pairs tells whether these are pairs of hexadecimal digits between colons.
func pairs(b []byte) bool {
	if len(b) < 2 || len(b)%3 != 2 {
		return false
	}
	for i, c := range b {
		if i%3 == 2 && c != ':' || i%3 != 2 && unhex(c) < 0 {
			return false
		}
	}
	return true
}

// iceLetters tells whether these are ice-char, RFC 8839 §5.1.
func iceLetters(b []byte, least, most int) bool {
	for _, c := range b {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/') {
			return false
		}
	}
	return len(b) >= least && len(b) <= most
}

func (p *parser) ufrag(v value) error {
	l := p.level()
	if l.Ufrag != nil {
		return p.twice(v)
	}
	if l.Ufrag = v.b; !iceLetters(v.b, 4, 256) {
		return p.syntax(v.at, len(v.b), "RFC 8839 §5.4", "an ice-ufrag has 4 to 256 letters of ICE")
	}
	return nil
}

func (p *parser) password(v value) error {
	l := p.level()
	if l.Password != nil {
		return p.twice(v)
	}
	if l.Password = v.b; !iceLetters(v.b, 22, 256) {
		return p.syntax(v.at, len(v.b), "RFC 8839 §5.4", "an ice-pwd has 22 to 256 letters of ICE")
	}
	return nil
}

// options reads a=ice-options, of which trickle is known: RFC 8840 §4.1.3.
func (p *parser) options(v value) error {
	for len(v.b) > 0 {
		o := v.word()
		if !token(o.b) {
			return p.syntax(o.at, len(o.b), "RFC 8839 §5.6", "an option without letters")
		}
		if string(o.b) == "trickle" {
			p.level().Trickle = true
		} else {
			p.drop(o.b)
		}
	}
	return nil
}

// packetTime reads a=ptime and a=maxptime, RFC 8866 §6.4, §6.5. What is beyond the
// range has overflowed more than one program (CVE-2026-41416).
func (p *parser) packetTime(to *uint16, v value) error {
	n, ok := decimal(v.b, 1<<32-1)
	if !ok {
		return p.syntax(v.at, len(v.b), "RFC 8866 §6.4", "a packet time is a number of milliseconds")
	}
	if n < 3 || n > 240 {
		p.object("R7", v.at, len(v.b), "RFC 8866 §6.4; CVE-2026-41416", "a packet time outside 3 to 240 milliseconds")
		return nil
	}
	if *to != 0 && *to != uint16(n) {
		p.object("R17", v.at, len(v.b), "RFC 8866 §6.4", "two packet times")
		return nil
	}
	*to = uint16(n)
	return nil
}

// group reads a=group, RFC 5888 §5, of which BUNDLE is known: RFC 9143.
func (p *parser) group(v value) error {
	if kind := v.word(); string(kind.b) != "BUNDLE" {
		p.drop(kind.b)
		return nil
	}
	if len(p.s.Bundle) > 0 {
		p.object("R17", v.at, len(v.b), "RFC 9143 §7.2", "two groups of one kind")
	}
	for len(v.b) > 0 {
		mid := v.word()
		if !token(mid.b) || len(p.s.Bundle) > 4*MaxMedia {
			return p.syntax(mid.at, len(mid.b), "RFC 5888 §5", "a group of names of media")
		}
		p.s.Bundle = append(p.s.Bundle, mid.b)
	}
	return nil
}

func (p *parser) mid(v value) error {
	if p.m.Mid != nil {
		return p.twice(v)
	}
	if p.m.Mid = v.b; !token(v.b) {
		return p.syntax(v.at, len(v.b), "RFC 5888 §4", "no name of media")
	}
	if len(v.b) > 16 {
		p.object("R5", v.at+16, len(v.b)-16, "RFC 9143 §7.2", "a name of media of more than 16 bytes")
	}
	return nil
}

// rtcp reads a=rtcp: port [ nettype addrtype address ], RFC 3605 §2.1. The address is
// not kept: it would be another one than that of the media.
func (p *parser) rtcp(v value) error {
	at, whole := v.at, len(v.b)
	port := v.word()
	n, ok := decimal(port.b, 65535)
	if !ok {
		return p.syntax(at, whole, "RFC 3605 §2.1", "a port is a number up to 65535")
	}
	if p.m.RTCP != 0 && p.m.RTCP != uint16(n) {
		p.object("R17", at, whole, "RFC 3605 §2.1", "two ports for RTCP")
	}
	p.m.RTCP = uint16(n)
	if len(v.b) == 0 {
		return nil
	}
	net, family := v.word(), v.word()
	_, err := p.address(net, family, v)
	return err
}

var cryptoName = []byte("crypto")

// crypto notes keys in the description, RFC 4568. Where they are offered beside
// DTLS they are left out.
func (p *parser) crypto(v value) error {
	tag, suite := v.word(), v.word()
	if _, ok := decimal(tag.b, 999999999); !ok || !token(suite.b) || len(v.b) == 0 {
		return p.syntax(tag.at, len(tag.b), "RFC 4568 §9.1", "a key has a tag, a suite and parameters")
	}
	p.m.Crypto = true
	p.drop(cryptoName)
	return nil
}
