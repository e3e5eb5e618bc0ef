package sip

// cursor reads the value of one header field, or a URI.
type cursor struct {
	p       *parser
	at, end int
}

func (c *cursor) rest() []byte { return c.p.b[c.at:c.end] }

func (c *cursor) more() bool { return c.at < c.end }

// peek is the next byte, 0 at the end: no value has a 0 in it.
func (c *cursor) peek() byte {
	if c.at < c.end {
		return c.p.b[c.at]
	}
	return 0
}

// space skips linear white space, RFC 3261 §25.1, LWS. Where lines end was
// looked at before.
func (c *cursor) space() {
	for c.at < c.end && (is(c.p.b[c.at], isSpace) || c.p.b[c.at] == '\r' || c.p.b[c.at] == '\n') {
		c.at++
	}
}

// trim leaves out the white space around the value.
func (c *cursor) trim() {
	c.space()
	for c.end > c.at && (is(c.p.b[c.end-1], isSpace) || c.p.b[c.end-1] == '\r' || c.p.b[c.end-1] == '\n') {
		c.end--
	}
}

// eat takes one byte, with the white space around it, when it is the next.
func (c *cursor) eat(b byte) bool {
	was := c.at
	c.space()
	if c.peek() != b || !c.more() {
		c.at = was
		return false
	}
	c.at++
	c.space()
	return true
}

// take takes bytes of a class; none is nil.
func (c *cursor) take(of class) []byte {
	n := span(c.rest(), of)
	if n == 0 {
		return nil
	}
	c.at += n
	return c.p.b[c.at-n : c.at]
}

// spelled takes bytes of a class with escapes between; none is nil. It is false
// when an escape is broken.
func (c *cursor) spelled(of class) ([]byte, bool) {
	n := spell(c.rest(), of)
	if n <= 0 {
		return nil, n == 0
	}
	c.at += n
	return c.p.b[c.at-n : c.at], true
}

// quoted takes a quoted string and returns what stands between the quotation
// marks, with its escapes: RFC 3261 §25.1, quoted-string.
func (c *cursor) quoted() ([]byte, error) {
	begin := c.at
	c.at++
	for c.at < c.end {
		switch c.p.b[c.at] {
		case '"':
			c.at++
			return c.p.b[begin+1 : c.at-1], nil
		case '\\':
			c.at++
			if c.at < c.end && (c.p.b[c.at] == '\r' || c.p.b[c.at] == '\n' || c.p.b[c.at] >= 0x80) {
				return nil, c.p.syntax(c.at, 1, "RFC 3261 §25.1, quoted-pair", "a byte that cannot be escaped")
			}
		}
		c.at++
	}
	c.at = c.end
	return nil, c.p.syntax(begin, c.end-begin, "RFC 3261 §25.1, quoted-string", "a quotation mark that is not closed")
}

// number takes a decimal number up to a largest value.
func (c *cursor) number(most uint64, clause, reason string) (uint64, error) {
	at := c.at
	digits := c.take(isDigit)
	var n uint64
	for _, d := range digits {
		n = n*10 + uint64(d-'0')
		if n > most {
			return 0, c.p.syntax(at, len(digits), clause, reason)
		}
	}
	if digits == nil {
		return 0, c.p.syntax(at, min(1, c.end-at), clause, reason)
	}
	if len(digits) > 1 && digits[0] == '0' {
		c.p.object("R17", at, len(digits), clause, "a number that begins with 0")
	}
	return n, nil
}

// Param is a parameter, RFC 3261 §25.1, generic-param.
type Param struct {
	Name, Value []byte
	Has         bool // there is a value
	Quoted      bool // it is a quoted string; Value is what stands in it
}

// Params are the parameters of an element in their order.
type Params []Param

// Get returns the value of a parameter, whose name is given in lower case.
func (ps Params) Get(name string) ([]byte, bool) {
	for i := range ps {
		if equal(ps[i].Name, name) {
			return ps[i].Value, true
		}
	}
	return nil, false
}

// params takes ";name=value" as often as it stands there.
func (c *cursor) params() (Params, error) {
	first, begin := len(c.p.params), c.at
	for c.eat(';') {
		one, err := c.param()
		if err != nil {
			return nil, err
		}
		c.p.params = append(c.p.params, one)
	}
	return c.taken(first, begin, true)
}

// taken returns the parameters that were taken since a place. None may stand
// twice: which of the two counts is anybody's guess.
func (c *cursor) taken(first, begin int, names bool) (Params, error) {
	all := Params(c.p.params[first:len(c.p.params):len(c.p.params)])
	if len(all) > MaxParams {
		c.p.object("R5", begin, c.at-begin, "RFC 3261 §26.3.2.4", "more than 24 parameters")
		return all[:MaxParams], nil
	}
	for i := 1; i < len(all) && names; i++ {
		for j := range i {
			if same(all[i].Name, all[j].Name) {
				return nil, c.p.syntax(begin, c.at-begin, "RFC 3261 §7.3.1", "a parameter that stands twice")
			}
		}
	}
	return all, nil
}

func (c *cursor) param() (one Param, err error) {
	one.Name = c.take(isToken)
	if one.Name == nil {
		return one, c.p.syntax(c.at, min(1, c.end-c.at), "RFC 3261 §25.1, generic-param", "a parameter without a name")
	}
	if !c.eat('=') {
		return one, nil
	}
	one.Has = true
	switch at := c.at; {
	case c.peek() == '"':
		one.Quoted = true
		one.Value, err = c.quoted()
	case c.peek() == '[':
		one.Value, err = c.bracketed()
	default:
		// RFC 3261 §25.1: gen-value is a token, a host or a quoted string; an
		// IPv6 address of received stands without brackets.
		if one.Value = c.take(isToken); c.peek() == ':' && equal(one.Name, "received") {
			for c.more() && (is(c.peek(), isHex) || c.peek() == ':' || c.peek() == '.') {
				c.at++
			}
			one.Value = c.p.b[at:c.at]
		}
		if one.Value == nil {
			err = c.p.syntax(at, min(1, c.end-at), "RFC 3261 §25.1, gen-value", "a parameter with an empty value")
		}
	}
	return one, err
}

func same(a, b []byte) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}
