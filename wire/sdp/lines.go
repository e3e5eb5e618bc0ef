package sdp

import (
	"bytes"
	"net/netip"
	"unicode/utf8"

	"github.com/ringfence/ringfence/wire"
)

// parser reads one description into its model.
type parser struct {
	b      []byte
	s      *Session
	m      *Media // nil: the lines are those of the session
	rank   uint8
	begun  [128]bool // letters that were there in this section
	policy *wire.Refusal
}

func (p *parser) syntax(at, length int, clause, reason string) error {
	return &wire.Refusal{Rule: "R17", Offset: at, Length: length, Clause: clause, Reason: reason}
}

// object notes what policy refuses; the grammar of the rest is looked at first.
func (p *parser) object(rule string, at, length int, clause, reason string) {
	if p.policy == nil {
		p.policy = &wire.Refusal{Rule: rule, Offset: at, Length: length, Clause: clause, Reason: reason, Policy: true}
	}
}

// drop remembers the name of what is not written.
func (p *parser) drop(name []byte) {
	if len(p.s.Dropped) < MaxDropped {
		p.s.Dropped = append(p.s.Dropped, name)
	}
}

// value is a part of the description, and where it stands.
type value struct {
	b  []byte
	at int
}

// word takes what stands before a space or the end.
func (v *value) word() value {
	i := bytes.IndexByte(v.b, ' ')
	if i < 0 {
		i = len(v.b)
	}
	w := value{v.b[:i], v.at}
	rest := min(i+1, len(v.b))
	v.b, v.at = v.b[rest:], v.at+rest
	return w
}

// order is the place of each letter, RFC 8866 §9; 0: it has none. Within a media
// description it begins anew behind m=.
type order [256]uint8

func ordering(letters string) (o order) {
	for i := range len(letters) {
		o[letters[i]] = uint8(i + 1)
	}
	return o
}

var (
	ofSession = ordering("vosiuepcbtzka")
	ofMedia   = ordering("micbka")
	once      = ordering("vosiukcz")
)

func init() { ofSession['r'] = ofSession['t'] } // it belongs to the t= before it

const linesClause = "RFC 8866 §9"

func (p *parser) lines() error {
	for at := 0; at < len(p.b); {
		// A line of visible letters, as nearly all are, is looked at once: what ends
		// the letters is its end.
		end := at + wire.Plain(p.b[at:])
		if end+1 < len(p.b) && p.b[end] == '\r' && p.b[end+1] == '\n' {
			if err := p.line(p.b[at:end], at); err != nil {
				return err
			}
			at = end + 2
			continue
		}
		next, err := p.unusual(at)
		if err != nil {
			return err
		}
		at = next
	}
	return nil
}

// unusual reads a line with other letters, or another end.
func (p *parser) unusual(at int) (next int, err error) {
	n := bytes.IndexByte(p.b[at:], '\n')
	if n < 0 {
		return 0, p.syntax(at, len(p.b)-at, linesClause, "a line that does not end")
	}
	line := p.b[at : at+n]
	if len(line) > 0 && line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	} else {
		p.object("R17", at+n, 1, "RFC 8866 §5", "a line feed without a carriage return")
	}
	if err = p.text(line, at); err == nil {
		err = p.line(line, at)
	}
	return at + n + 1, err
}

func (p *parser) line(line []byte, at int) error {
	if len(line) < 2 || line[1] != '=' {
		return p.syntax(at, len(line), linesClause, "a line is a letter, an equals sign and a value")
	}
	if len(line) > MaxLine {
		p.object("R5", at+MaxLine, len(line)-MaxLine, linesClause, "a line of more than 2048 bytes")
	}
	if err := p.ordered(line[0], at); err != nil {
		return err
	}
	v := value{line[2:], at + 2}
	switch line[0] {
	case 'v':
		if string(v.b) != "0" {
			return p.syntax(v.at, len(v.b), "RFC 8866 §5.1", "a version other than 0")
		}
	case 'o':
		return p.origin(v)
	case 's':
		if len(v.b) == 0 {
			return p.syntax(v.at, 0, "RFC 8866 §5.3", "an empty session name")
		}
	case 'c':
		return p.connection(v)
	case 'b':
		return p.bandwidth(v)
	case 't':
		return p.timing(v)
	case 'k':
		p.object("R16", at, len(line), "RFC 8866 §5.12", "a key in clear text")
	case 'm':
		return p.media(v)
	case 'a':
		return p.attribute(v)
	default: // i, u, e, p, r, z: for people, or for sessions of another kind
		p.drop(line[:1])
	}
	return nil
}

// text refuses what no line has: RFC 8866 §9, byte-string and text.
func (p *parser) text(line []byte, at int) error {
	plain := true
	for i, c := range line {
		if c < 0x20 && c != '\t' || c == 0x7f {
			return p.syntax(at+i, 1, linesClause, "a control character")
		}
		if c >= 0x80 {
			plain = false
		}
	}
	if !plain && !utf8.Valid(line) {
		return p.syntax(at, len(line), "RFC 8866 §5", "bytes that are no UTF-8")
	}
	return nil
}

// ordered refuses a line that stands where its letter does not.
func (p *parser) ordered(letter byte, at int) error {
	if letter == 'm' {
		if p.rank < ofSession['t'] && p.m == nil {
			return p.syntax(at, 1, linesClause, "media before the time of the session")
		}
		p.rank, p.begun = 0, [128]bool{}
	}
	rank := ofSession[letter]
	if p.m != nil || letter == 'm' {
		rank = ofMedia[letter]
	}
	switch {
	case rank == 0:
		return p.syntax(at, 1, linesClause, "a letter that no line has here")
	case rank < p.rank:
		return p.syntax(at, 1, linesClause, "lines out of their order")
	case p.begun[letter] && once[letter] > 0 && (letter != 'c' || p.m == nil):
		return p.syntax(at, 1, linesClause, "a line that may stand once stands twice")
	case p.m == nil && letter != 'm' && p.rank < 3 && rank > p.rank+1:
		return p.syntax(at, 1, linesClause, "a description begins with v=, o= and s=")
	}
	p.rank, p.begun[letter] = rank, true
	return nil
}

// origin reads o=, RFC 8866 §5.2.
func (p *parser) origin(v value) error {
	at, whole := v.at, len(v.b)
	user, id, version, net, family := v.word(), v.word(), v.word(), v.word(), v.word()
	var ok, okay bool
	p.s.Origin.ID, ok = decimal(trimZeros(id.b), 1<<64-1)
	p.s.Origin.Version, okay = decimal(trimZeros(version.b), 1<<64-1)
	if len(user.b) == 0 || !ok || !okay || len(v.b) == 0 || bytes.IndexByte(v.b, ' ') >= 0 {
		return p.syntax(at, whole, "RFC 8866 §5.2", "an origin has a user, two numbers, a network, a family and an address")
	}
	a, err := p.address(net, family, v)
	p.s.Origin.Address = a
	return err
}

// trimZeros leaves out zeros that an identifier may begin with.
func trimZeros(b []byte) []byte {
	for len(b) > 1 && b[0] == '0' {
		b = b[1:]
	}
	return b
}

// address reads nettype, addrtype and address, RFC 8866 §5.7. A name is not looked
// up (R21): its address is not valid.
func (p *parser) address(net, family, v value) (netip.Addr, error) {
	if string(net.b) != "IN" || string(family.b) != "IP4" && string(family.b) != "IP6" {
		return netip.Addr{}, p.syntax(net.at, len(net.b)+1+len(family.b), "RFC 8866 §5.7", "a network and family other than IN IP4 or IN IP6")
	}
	a, ok := wire.Literal(v.b)
	switch {
	case ok && a.Is4() == (string(family.b) == "IP4"):
		return a, nil
	case ok:
		return a, p.syntax(v.at, len(v.b), "RFC 8866 §5.7", "an address of the other family")
	case bytes.IndexByte(v.b, '/') >= 0:
		p.object("R12", v.at, len(v.b), "RFC 8866 §5.7", "a multicast address")
		return netip.Addr{}, nil
	case !name(v.b):
		return netip.Addr{}, p.syntax(v.at, len(v.b), "RFC 8866 §5.7", "neither an address nor a name")
	}
	return netip.Addr{}, nil
}

// name tells whether these are letters of a host's name.
func name(b []byte) bool {
	for _, c := range b {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.') {
			return false
		}
	}
	return len(b) > 0 && len(b) <= 255
}

func (p *parser) connection(v value) error {
	net, family := v.word(), v.word()
	a, err := p.address(net, family, v)
	if err != nil {
		return err
	}
	if !a.IsValid() {
		p.object("R21", v.at, len(v.b), "RFC 8866 §5.7", "a name in the place of an address")
	}
	if p.m == nil {
		p.s.Connection = a
		return nil
	}
	if p.m.Connection.IsValid() {
		p.object("R17", v.at, len(v.b), "RFC 8866 §5.7", "two addresses for one media description")
	}
	p.m.Connection = a
	return nil
}

// bandwidth reads b=, RFC 8866 §5.8.
func (p *parser) bandwidth(v value) error {
	i := bytes.IndexByte(v.b, ':')
	if i <= 0 {
		return p.syntax(v.at, len(v.b), "RFC 8866 §5.8", "a bandwidth has a type and a number")
	}
	n, ok := decimal(trimZeros(v.b[i+1:]), 1<<32-1)
	if !ok {
		return p.syntax(v.at+i+1, len(v.b)-i-1, "RFC 8866 §5.8", "a bandwidth is a number up to 4294967295")
	}
	at := &p.s.Bandwidth
	if p.m != nil {
		at = &p.m.Bandwidth
	}
	p.canonical(value{v.b[i+1:], v.at + i + 1}, "RFC 8866 §5.8")
	to := at.of(v.b[:i])
	switch {
	case to == nil:
		p.drop(v.b[:i])
	case *to != 0:
		p.object("R17", v.at, len(v.b), "RFC 8866 §5.8", "a bandwidth that stands twice")
	default:
		*to = uint32(n)
	}
	return nil
}

// of is where the bandwidth of a type is kept, nil for a type that is on no list.
func (b *Bandwidth) of(kind []byte) *uint32 {
	switch string(kind) {
	case "AS":
		return &b.AS
	case "TIAS":
		return &b.TIAS
	case "RS":
		return &b.RS
	case "RR":
		return &b.RR
	}
	return nil
}

// canonical objects to a number that begins with 0: it is octal to some.
func (p *parser) canonical(v value, clause string) {
	if len(v.b) > 1 && v.b[0] == '0' {
		p.object("R17", v.at, len(v.b), clause, "a number that begins with 0")
	}
}

// timing reads t=; of r= nothing is kept.
func (p *parser) timing(v value) error {
	at, whole := v.at, len(v.b)
	start, stop := v.word(), v.word()
	_, ok := decimal(trimZeros(start.b), 1<<63)
	_, okay := decimal(trimZeros(stop.b), 1<<63)
	if !ok || !okay || len(v.b) > 0 {
		return p.syntax(at, whole, "RFC 8866 §5.9", "a time of two numbers")
	}
	if string(start.b) != "0" || string(stop.b) != "0" {
		p.drop(p.b[at-2 : at-1])
	}
	return nil
}

// media reads m=, RFC 8866 §5.14.
func (p *parser) media(v value) error {
	const clause = "RFC 8866 §5.14"
	at, whole := v.at, len(v.b)
	kind, port, protocol := v.word(), v.word(), v.word()
	if i := bytes.IndexByte(port.b, '/'); i >= 0 {
		p.object("R7", port.at+i, len(port.b)-i, clause, "several ports for one media description")
		port.b = port.b[:i]
	}
	n, ok := decimal(trimZeros(port.b), 65535)
	if !ok || len(kind.b) == 0 || len(protocol.b) == 0 || len(v.b) == 0 {
		return p.syntax(at, whole, clause, "media has a kind, a port up to 65535, a protocol and formats")
	}
	p.canonical(port, clause)
	if len(p.s.Media) == MaxMedia {
		p.object("R5", at, whole, clause, "more than 8 media descriptions")
		p.s.Media = p.s.Media[:MaxMedia-1]
	}
	m := p.s.next()
	p.m = m
	m.Kind, m.Protocol, m.Port, m.Offset = listed[Kind](kind.b, kinds[:]), listed[Protocol](protocol.b, protocols[:]), uint16(n), at-2
	if m.Kind == 0 {
		p.object("R7", kind.at, len(kind.b), clause, "a kind of media that is on no list")
	}
	if m.Protocol == 0 {
		p.object("R7", protocol.at, len(protocol.b), clause, "a protocol that is on no list")
	}
	return p.formats(m, v)
}

func (p *parser) formats(m *Media, v value) error {
	for begin := v; len(v.b) > 0; {
		f := v.word()
		if len(f.b) == 0 {
			return p.syntax(f.at, 1, "RFC 8866 §5.14", "two spaces in a row")
		}
		if !m.Protocol.RTP() {
			continue
		}
		n, ok := decimal(f.b, 127)
		if !ok {
			return p.syntax(f.at, len(f.b), "RFC 3551 §6", "a payload type is a number up to 127")
		}
		if m.Format(uint8(n)) != nil {
			return p.syntax(f.at, len(f.b), "RFC 8866 §5.14", "a payload type that stands twice")
		}
		if len(m.Formats) == MaxFormats {
			p.object("R5", begin.at, len(begin.b), "RFC 8866 §5.14", "more than 64 formats")
			return nil
		}
		m.format(uint8(n))
	}
	return nil
}
