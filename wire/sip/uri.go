package sip

import (
	"unicode/utf8"

	"github.com/ringfence/ringfence/wire"
)

// Scheme is that of a URI.
type Scheme byte

// The schemes. Of another scheme nothing is known but its name.
const (
	NoScheme Scheme = iota
	SIP             // RFC 3261 §19.1
	SIPS
	Tel // RFC 3966
	OtherScheme
)

// String is the scheme in a URI.
func (s Scheme) String() string {
	return [...]string{"", "sip", "sips", "tel", "other"}[s]
}

// URI is a SIP, SIPS or tel URI.
type URI struct {
	Scheme  Scheme
	User    []byte // with its escapes; of tel the number
	Host    []byte // a name, an IPv4 address or an IPv6 address in brackets
	Port    uint16 // 0: none
	Params  Params
	Headers bool   // there are headers behind a question mark
	Raw     []byte // as it was written
}

// Zero tells whether there is no URI.
func (u *URI) Zero() bool { return u.Scheme == NoScheme }

const uriClause = "RFC 3261 §19.1.1"

// uri takes a URI. Outside angle brackets it has no parameters, headers or commas
// of its own: RFC 3261 §20.
func (c *cursor) uri(u *URI, bare bool) error {
	begin := c.at
	err := c.scheme(u)
	if err == nil {
		switch u.Scheme {
		case SIP, SIPS:
			err = c.sipURI(u, bare)
		case Tel:
			err = c.telURI(u, bare)
		default:
			err = c.otherURI(bare)
		}
	}
	u.Raw = c.p.b[begin:c.at]
	c.p.most(u.Raw, begin, MaxURI, "a URI of more than 512 bytes")
	return err
}

// scheme takes the scheme and its colon, RFC 3986 §3.1.
func (c *cursor) scheme(u *URI) error {
	begin, rest := c.at, c.rest()
	n := 0
	for n < len(rest) && (is(rest[n], isHost) || rest[n] == '+') {
		n++
	}
	if n == 0 || n == len(rest) || rest[n] != ':' || is(rest[0], isDigit) {
		return c.p.syntax(begin, min(n+1, len(rest)), "RFC 3261 §25.1, Request-URI", "no URI")
	}
	name := rest[:n]
	c.at += n + 1
	switch {
	case equal(name, "sip"):
		u.Scheme = SIP
	case equal(name, "sips"):
		u.Scheme = SIPS
	case equal(name, "tel"):
		u.Scheme = Tel
	default:
		u.Scheme = OtherScheme
		c.p.object("R7", begin, n, "RFC 3261 §19.1", "a URI that is neither sip, sips nor tel")
	}
	return nil
}

func (c *cursor) otherURI(bare bool) error {
	begin := c.at
	v, ok := c.spelled(isURI)
	if !ok || v == nil {
		return c.p.syntax(begin, c.end-begin, "RFC 3986 §2", "a URI with a letter that none has")
	}
	for i, b := range v {
		if bare && (b == ',' || b == ';' || b == '?') { // they belong to the header field
			c.at = begin + i
			break
		}
	}
	return nil
}

func (c *cursor) sipURI(u *URI, bare bool) error {
	if err := c.userInfo(u, bare); err != nil {
		return err
	}
	var err error
	if u.Host, u.Port, err = c.hostPort(); err != nil || bare {
		if err == nil && c.peek() == '?' {
			err = c.p.syntax(c.at, 1, "RFC 3261 §20", "a URI with a question mark stands in angle brackets")
		}
		return err
	}
	if u.Params, err = c.uriParams(); err != nil || c.peek() != '?' {
		return err
	}
	u.Headers = true
	return c.uriHeaders()
}

// userInfo takes the user in front of the "@", where there is one. Outside angle
// brackets the URI ends at a comma, semicolon or question mark: RFC 3261 §20.
func (c *cursor) userInfo(u *URI, bare bool) error {
	rest, at := c.rest(), -1
	for i, b := range rest {
		if b == '@' {
			at = i
			break
		}
		if b == '>' || b == '"' || b == '<' || is(b, isSpace) || bare && (b == ',' || b == ';' || b == '?') {
			break
		}
	}
	if at < 0 {
		return nil
	}
	begin := c.at
	info := cursor{c.p, c.at, c.at + at}
	user, ok := info.spelled(isUser)
	if !ok || user == nil {
		return c.p.syntax(info.at, 1, uriClause, "a user with a letter that none has")
	}
	u.User = user
	c.control(user, begin)
	if info.peek() == ':' {
		info.at++
		c.p.object("R21", begin, at, "RFC 3261 §19.1.1", "a password in a URI")
		if _, ok := info.spelled(isSecret); !ok {
			return c.p.syntax(info.at, 1, uriClause, "a broken escape")
		}
	}
	if info.more() {
		return c.p.syntax(info.at, 1, uriClause, "a user with a letter that none has")
	}
	c.at += at + 1
	return nil
}

// control objects to an escaped control character or NUL: what ends a string for
// one program does not for another. Escaped bytes that are no UTF-8, overlong forms
// among them, are read by each in its own way.
func (c *cursor) control(b []byte, at int) {
	var letter [utf8.UTFMax]byte // what was escaped, up to a whole letter
	n := 0
	for i := 0; i < len(b); i++ {
		if b[i] != '%' || i+2 >= len(b) {
			if n > 0 {
				break
			}
			continue
		}
		v := hex(b[i+1])<<4 | hex(b[i+2])
		if v < 0x20 || v == 0x7f {
			c.p.object("R17", at+i, 3, "RFC 3261 §19.1.2", "an escaped control character")
			return
		}
		i += 2
		if n == 0 && v < utf8.RuneSelf {
			continue
		}
		letter[n] = v
		n++
		if r, _ := utf8.DecodeRune(letter[:n]); r != utf8.RuneError {
			n = 0
		} else if utf8.FullRune(letter[:n]) {
			break
		}
	}
	if n > 0 {
		c.p.object("R17", at, len(b), "RFC 3629 §3", "escaped bytes that are no UTF-8")
	}
}

func hex(b byte) byte {
	switch {
	case is(b, isDigit):
		return b - '0'
	default:
		return lower(b) - 'a' + 10
	}
}

// hostPort takes host [ ":" port ], RFC 3261 §25.1.
func (c *cursor) hostPort() (host []byte, port uint16, err error) {
	if host, err = c.host(); err != nil || c.peek() != ':' {
		return host, 0, err
	}
	c.at++
	n, err := c.number(65535, "RFC 3261 §25.1, port", "a port is a number up to 65535")
	if err == nil && n == 0 {
		c.p.object("R7", c.at-1, 1, "RFC 3261 §25.1, port", "port 0")
	}
	return host, uint16(n), err
}

func (c *cursor) host() ([]byte, error) {
	if c.peek() == '[' {
		return c.bracketed()
	}
	begin := c.at
	host := c.take(isHost)
	if host == nil || !hostname(host) {
		return nil, c.p.syntax(begin, max(len(host), min(1, c.end-begin)), "RFC 3261 §25.1, hostname", "no name of a host")
	}
	c.p.most(host, begin, 255, "a host of more than 255 bytes")
	return host, nil
}

// hostname is hostname / IPv4address: labels that neither begin nor end with a
// hyphen, the last of which begins with a letter, or four numbers.
func hostname(b []byte) bool {
	if n := len(b); n > 1 && b[n-1] == '.' {
		b = b[:n-1]
	}
	last := 0
	for i := 0; i <= len(b); i++ {
		if i < len(b) && b[i] != '.' {
			continue
		}
		if i == last || b[last] == '-' || b[i-1] == '-' {
			return false
		}
		if i < len(b) {
			last = i + 1
		}
	}
	return !is(b[last], isDigit) || ipv4(b)
}

// ipv4 tells whether these are the four numbers of an address.
func ipv4(b []byte) bool {
	a, ok := wire.Literal(b)
	return ok && a.Is4()
}

// bracketed takes an IPv6 address in its brackets.
func (c *cursor) bracketed() ([]byte, error) {
	begin := c.at
	c.at++
	for c.more() && (is(c.peek(), isHex) || c.peek() == ':' || c.peek() == '.') {
		c.at++
	}
	inner := c.p.b[begin+1 : c.at]
	if c.peek() != ']' || len(inner) > 45 || !ipv6(inner) {
		return nil, c.p.syntax(begin, c.at-begin, "RFC 3261 §25.1, IPv6reference", "no IPv6 address in brackets")
	}
	c.at++
	return c.p.b[begin:c.at], nil
}

func ipv6(b []byte) bool {
	a, ok := wire.Literal(b)
	return ok && a.Is6()
}

// uriParams takes the parameters of a SIP URI, whose letters are others than those
// of a header field and without space around.
func (c *cursor) uriParams() (Params, error) {
	first, begin := len(c.p.params), c.at
	for c.peek() == ';' {
		c.at++
		at := c.at
		var one Param
		var ok bool
		if one.Name, ok = c.spelled(isParam); !ok || one.Name == nil {
			return nil, c.p.syntax(at, min(1, c.end-at), "RFC 3261 §25.1, uri-parameter", "a parameter without a name")
		}
		c.control(one.Name, at)
		if c.peek() == '=' {
			c.at++
			at, one.Has = c.at, true
			if one.Value, ok = c.spelled(isParam); !ok || one.Value == nil {
				return nil, c.p.syntax(at, min(1, c.end-at), "RFC 3261 §25.1, uri-parameter", "a parameter with an empty value")
			}
			c.control(one.Value, at)
		}
		c.p.params = append(c.p.params, one)
	}
	return c.taken(first, begin, true)
}

// uriHeaders takes "?name=value&...", which nobody needs in a call.
func (c *cursor) uriHeaders() error {
	begin := c.at
	for sep := byte('?'); c.peek() == sep; sep = '&' {
		c.at++
		at := c.at
		name, ok := c.spelled(isHeader)
		if !ok || name == nil || c.peek() != '=' {
			return c.p.syntax(at, min(1, c.end-at), "RFC 3261 §25.1, headers", "a header of a URI without a name or value")
		}
		c.at++
		if _, ok := c.spelled(isHeader); !ok {
			return c.p.syntax(c.at, min(1, c.end-c.at), "RFC 3261 §25.1, headers", "a broken escape")
		}
	}
	c.p.object("R3", begin, c.at-begin, "RFC 3261 §19.1.5", "a URI that carries header fields")
	return nil
}

// telURI takes a telephone number, RFC 3966 §3.
func (c *cursor) telURI(u *URI, bare bool) error {
	begin := c.at
	if c.peek() == '+' {
		c.at++
	}
	for c.more() && (is(c.peek(), isHex|isDigit) || c.peek() == '-' || c.peek() == '.' || c.peek() == '(' || c.peek() == ')' || c.peek() == '*' || c.peek() == '#') {
		c.at++
	}
	u.User = c.p.b[begin:c.at]
	if len(u.User) == 0 {
		return c.p.syntax(begin, min(1, c.end-begin), "RFC 3966 §3", "a telephone number without digits")
	}
	if bare {
		return nil
	}
	var err error
	u.Params, err = c.uriParams()
	return err
}

// ParseURI reads the one URI that b is. Its error is a *wire.Refusal.
func ParseURI(b []byte) (URI, error) {
	p := parser{b: b, m: new(Message)}
	c := cursor{&p, 0, len(b)}
	var u URI
	err := c.uri(&u, false)
	if err == nil && c.more() {
		err = p.syntax(c.at, c.end-c.at, uriClause, "something stands behind the URI")
	}
	if err == nil && p.policy != nil {
		err = p.policy
	}
	return u, err
}
