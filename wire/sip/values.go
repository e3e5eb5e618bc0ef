package sip

import (
	"bytes"
	"time"
)

// Value is a token with parameters.
type Value struct {
	Token  []byte // nil: absent
	Params Params
}

// MediaType is what a body is, RFC 3261 §20.15.
type MediaType struct {
	Type, Subtype []byte // nil: absent
	Params        Params
}

// Is compares a media type without regard to case; both are in lower case.
func (t *MediaType) Is(kind, sub string) bool { return equal(t.Type, kind) && equal(t.Subtype, sub) }

func init() {
	list := func(name, compact, clause string, all func(*Message) *[][]byte) {
		register(name, compact, false, clause, func(p *parser, c *cursor) error { return c.tokens(all(p.m), ',', clause) })
	}
	list("allow", "", "RFC 3261 §20.5", func(m *Message) *[][]byte { return &m.Allow })
	list("supported", "k", "RFC 3261 §20.37", func(m *Message) *[][]byte { return &m.Supported })
	list("require", "", "RFC 3261 §20.32", func(m *Message) *[][]byte { return &m.Require })
	list("proxy-require", "", "RFC 3261 §20.29", func(m *Message) *[][]byte { return &m.ProxyRequire })
	list("unsupported", "", "RFC 3261 §20.40", func(m *Message) *[][]byte { return &m.Unsupported })
	list("allow-events", "u", "RFC 6665 §8.2.2", func(m *Message) *[][]byte { return &m.AllowEvents })
	register("privacy", "", true, "RFC 3323 §4.2", func(p *parser, c *cursor) error { return c.tokens(&p.m.Privacy, ';', "RFC 3323 §4.2") })

	value := func(name, compact, clause string, v func(*Message) *Value) {
		register(name, compact, true, clause, func(p *parser, c *cursor) error { return c.value(v(p.m), clause) })
	}
	value("event", "o", "RFC 6665 §8.2.1", func(m *Message) *Value { return &m.Event })
	value("subscription-state", "", "RFC 6665 §8.2.3", func(m *Message) *Value { return &m.SubscriptionState })
	value("content-disposition", "", "RFC 3261 §20.11", func(m *Message) *Value { return &m.ContentDisposition })
	value("session-expires", "x", "RFC 4028 §4", func(m *Message) *Value { return &m.SessionExpires })

	seconds := func(name, clause string, v func(*Message) *int64) {
		register(name, "", true, clause, func(p *parser, c *cursor) error {
			n, err := c.number(1<<32-1, clause, "a number up to 4294967295")
			*v(p.m) = int64(n)
			return err
		})
	}
	seconds("expires", "RFC 3261 §20.19", func(m *Message) *int64 { return &m.Expires })
	seconds("min-expires", "RFC 3261 §20.23", func(m *Message) *int64 { return &m.MinExpires })
	seconds("rseq", "RFC 3262 §7.1", func(m *Message) *int64 { return &m.RSeq })
	register("min-se", "", true, "RFC 4028 §5", func(p *parser, c *cursor) error {
		n, err := c.number(1<<32-1, "RFC 4028 §5", "a number up to 4294967295")
		p.m.MinSE = int64(n)
		if err == nil {
			_, err = c.params()
		}
		return err
	})

	register("call-id", "i", true, "RFC 3261 §20.8", readCallID)
	register("cseq", "", true, "RFC 3261 §20.16", readCSeq)
	register("rack", "", true, "RFC 3262 §7.2", readRAck)
	register("max-forwards", "", true, "RFC 3261 §20.22", readMaxForwards)
	register("content-length", "l", true, "RFC 3261 §20.14", readContentLength)
	register("content-type", "c", true, "RFC 3261 §20.15", readContentType)
	register("content-encoding", "e", true, "RFC 3261 §20.12", readContentEncoding)
	register("date", "", true, "RFC 3261 §20.17", readDate)
	register("retry-after", "", true, "RFC 3261 §20.33", readRetryAfter)
	register("warning", "", false, "RFC 3261 §20.43", readWarning)
}

// tokens takes a list of tokens; it may be empty.
func (c *cursor) tokens(all *[][]byte, between byte, clause string) error {
	if c.space(); !c.more() {
		return nil
	}
	for {
		at := c.at
		one := c.take(isToken)
		if one == nil {
			return c.p.syntax(at, min(1, c.end-at), clause, "a list with an empty element")
		}
		if len(*all) < MaxList {
			*all = append(*all, one)
		} else {
			c.p.object("R5", at, len(one), "RFC 3261 §26.3.2.4", "a list of more than 32 elements")
		}
		if !c.eat(between) {
			return nil
		}
	}
}

func (c *cursor) value(v *Value, clause string) (err error) {
	at := c.at
	if v.Token = c.take(isToken); v.Token == nil {
		return c.p.syntax(at, min(1, c.end-at), clause, "no value")
	}
	v.Params, err = c.params()
	return err
}

// readCallID reads word [ "@" word ].
func readCallID(p *parser, c *cursor) error {
	at := c.at
	ok := c.take(isWord) != nil
	if ok && c.peek() == '@' {
		c.at++
		ok = c.take(isWord) != nil
	}
	if !ok {
		return p.syntax(c.at, min(1, c.end-c.at), "RFC 3261 §25.1, callid", "no Call-ID")
	}
	p.m.CallID = p.b[at:c.at]
	p.most(p.m.CallID, at, MaxToken, "a Call-ID of more than 256 bytes")
	return nil
}

func readCSeq(p *parser, c *cursor) (err error) {
	p.m.CSeq, err = c.cseq()
	return err
}

// cseq takes 1*DIGIT LWS Method; the number is less than 2^31: RFC 3261 §8.1.1.5.
func (c *cursor) cseq() (s CSeq, err error) {
	const clause = "RFC 3261 §8.1.1.5"
	n, err := c.number(1<<31-1, clause, "a CSeq is a number below 2147483648")
	if err != nil {
		return s, err
	}
	at := c.at
	c.space()
	s.Number, s.Method = uint32(n), c.take(isToken)
	if at == c.at || s.Method == nil {
		return s, c.p.syntax(at, min(1, c.end-at), clause, "a CSeq names a method")
	}
	return s, nil
}

func readRAck(p *parser, c *cursor) error {
	n, err := c.number(1<<32-1, "RFC 3262 §7.2", "an RSeq is a number up to 4294967295")
	if err != nil {
		return err
	}
	c.space()
	s, err := c.cseq()
	p.m.RAck = RAck{uint32(n), s.Number, s.Method}
	return err
}

func readMaxForwards(p *parser, c *cursor) error {
	n, err := c.number(255, "RFC 3261 §20.22", "Max-Forwards is a number up to 255")
	p.m.MaxForwards = int(n)
	return err
}

func readContentLength(p *parser, c *cursor) error {
	n, err := c.number(1<<31-1, "RFC 3261 §20.14", "Content-Length is a number")
	p.m.ContentLength = int(n)
	return err
}

func readContentType(p *parser, c *cursor) (err error) {
	t, at := &p.m.ContentType, c.at
	t.Type = c.take(isToken)
	if c.eat('/') {
		t.Subtype = c.take(isToken)
	}
	if t.Type == nil || t.Subtype == nil {
		return p.syntax(at, c.end-at, "RFC 3261 §20.15", "no media type")
	}
	t.Params, err = c.params()
	return err
}

// readContentEncoding objects to a body that is compressed: what it holds depends on
// who looks at it.
func readContentEncoding(p *parser, c *cursor) error {
	at := c.at
	var all [][]byte
	if err := c.tokens(&all, ',', "RFC 3261 §20.12"); err != nil {
		return err
	}
	for _, one := range all {
		if !equal(one, "identity") {
			p.object("R19", at, c.at-at, "RFC 3261 §20.12", "a body that is encoded")
		}
	}
	return nil
}

// readDate reads rfc1123-date, which is in GMT.
func readDate(p *parser, c *cursor) error {
	v := p.b[c.at:c.end]
	if _, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", string(v)); err != nil {
		return p.syntax(c.at, len(v), "RFC 3261 §20.17", "no date of RFC 1123 in GMT")
	}
	p.m.Date, c.at = v, c.end
	return nil
}

func readRetryAfter(p *parser, c *cursor) error {
	n, err := c.number(1<<32-1, "RFC 3261 §20.33", "Retry-After is a number of seconds up to 4294967295")
	if err != nil {
		return err
	}
	p.m.RetryAfter = int64(n)
	if c.space(); c.peek() == '(' {
		if err := c.comment(); err != nil {
			return err
		}
	}
	_, err = c.params()
	return err
}

// comment skips one, whose brackets may stand within each other: RFC 3261 §25.1.
func (c *cursor) comment() error {
	at, depth := c.at, 0
	for ; c.more(); c.at++ {
		switch c.peek() {
		case '(':
			depth++
		case ')':
			depth--
		case '\\':
			c.at++
		}
		if depth == 0 {
			c.at++
			return nil
		}
	}
	c.at = c.end
	return c.p.syntax(at, c.end-at, "RFC 3261 §25.1, comment", "a comment that does not end")
}

// readWarning checks warn-code SP warn-agent SP warn-text; nothing is kept of it.
func readWarning(p *parser, c *cursor) error {
	const clause = "RFC 3261 §20.43"
	for {
		at := c.at
		code := c.take(isDigit)
		if len(code) != 3 || c.peek() != ' ' {
			return p.syntax(at, max(len(code), 1), clause, "a warning begins with three digits")
		}
		c.at++
		i := bytes.IndexByte(c.rest(), ' ')
		if i <= 0 {
			return p.syntax(c.at, c.end-c.at, clause, "a warning without text")
		}
		c.at += i + 1
		if c.peek() != '"' {
			return p.syntax(c.at, min(1, c.end-c.at), clause, "the text of a warning is a quoted string")
		}
		if _, err := c.quoted(); err != nil {
			return err
		}
		if !c.eat(',') {
			return nil
		}
	}
}
