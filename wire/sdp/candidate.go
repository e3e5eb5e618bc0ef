package sdp

import (
	"bytes"
	"net/netip"

	"github.com/ringfence/ringfence/wire"
)

// Candidate is a transport address, RFC 8839 §5.1. One with a name in the place of
// an address is not kept: nothing looks it up (R21).
type Candidate struct {
	Foundation []byte
	Component  uint8 // 1 RTP, 2 RTCP
	TCP        bool
	Priority   uint32
	Address    netip.AddrPort
	Type       CandidateType
	Related    netip.AddrPort // raddr, rport; invalid: none
	TCPType    TCPType        // RFC 6544 §4.5
}

// CandidateType is where a candidate comes from, RFC 8839 §5.1.
type CandidateType byte

// The types.
const (
	Host CandidateType = iota + 1
	ServerReflexive
	PeerReflexive
	Relayed
)

var candidateTypes = [...]string{"", "host", "srflx", "prflx", "relay"}

// String is the type in a=candidate.
func (t CandidateType) String() string { return candidateTypes[t] }

// TCPType is who connects, RFC 6544 §4.5.
type TCPType byte

// The types.
const (
	TCPActive TCPType = iota + 1
	TCPPassive
	TCPSimultaneous
)

var tcpTypes = [...]string{"", "active", "passive", "so"}

// String is the type in a=candidate.
func (t TCPType) String() string { return tcpTypes[t] }

const candidateClause = "RFC 8839 §5.1"

// candidate reads a=candidate.
func (p *parser) candidate(v value) error {
	at, whole := v.at, len(v.b)
	bad := func(reason string) error { return p.syntax(at, whole, candidateClause, reason) }
	foundation, component, transport, priority, address, port := v.word(), v.word(), v.word(), v.word(), v.word(), v.word()
	typ, kind := v.word(), v.word()
	c := Candidate{Foundation: foundation.b, Type: listed[CandidateType](kind.b, candidateTypes[:])}
	n, ok := decimal(component.b, 256)
	pr, okPriority := decimal(priority.b, 1<<31-1)
	po, okPort := decimal(port.b, 65535)
	switch {
	case !iceLetters(foundation.b, 1, 32):
		return bad("a foundation has 1 to 32 letters of ICE")
	case !ok || n == 0:
		return bad("a component is a number from 1 to 256")
	case !okPriority || pr == 0:
		return bad("a priority is a number from 1 to 2147483647")
	case !okPort || string(typ.b) != "typ" || !token(kind.b) || !token(transport.b):
		return bad("a candidate has a transport, an address, a port and a type")
	case n > 2:
		p.object("R7", component.at, len(component.b), candidateClause+"; CVE-2023-40018", "a component other than 1 and 2")
		return nil
	}
	c.Component, c.Priority = uint8(n), uint32(pr)
	c.TCP = same(transport.b, "tcp")
	a, isAddress := wire.Literal(address.b)
	if !isAddress && !name(address.b) {
		return bad("neither an address nor a name")
	}
	c.Address = netip.AddrPortFrom(a, uint16(po))
	if err := p.extensions(&c, v); err != nil {
		return err
	}
	if !isAddress || c.Type == 0 || !c.TCP && !same(transport.b, "udp") {
		p.drop(address.b)
		return nil
	}
	if len(p.m.Candidates) == MaxCandidates {
		p.object("R5", at, whole, candidateClause, "more than 64 candidates")
		return nil
	}
	p.m.Candidates = append(p.m.Candidates, c)
	return nil
}

// extensions reads what stands behind the type: raddr, rport, tcptype, and pairs
// that are dropped.
func (p *parser) extensions(c *Candidate, v value) error {
	var related netip.Addr
	for len(v.b) > 0 {
		key, val := v.word(), v.word()
		if len(key.b) == 0 || bytes.IndexByte(key.b, ':') >= 0 {
			return p.syntax(key.at, len(key.b), candidateClause, "an extension without a name")
		}
		switch string(key.b) {
		case "raddr":
			if related.IsValid() {
				p.object("R17", key.at, len(key.b), candidateClause, "an extension that stands twice")
			}
			related, _ = wire.Literal(val.b)
		case "rport":
			n, ok := decimal(val.b, 65535)
			if !ok {
				return p.syntax(val.at, len(val.b), candidateClause, "a port is a number up to 65535")
			}
			if related.IsValid() {
				c.Related = netip.AddrPortFrom(related, uint16(n))
			}
		case "tcptype":
			if c.TCPType = listed[TCPType](val.b, tcpTypes[:]); c.TCPType == 0 {
				return p.syntax(val.at, len(val.b), "RFC 6544 §4.5", "a way to connect that there is not")
			}
		default:
			p.drop(key.b)
		}
	}
	return nil
}
