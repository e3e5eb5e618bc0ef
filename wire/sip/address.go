package sip

// Address is a name-addr or addr-spec with the parameters behind it, RFC 3261
// §20.10.
type Address struct {
	Name      []byte // display name, without quotation marks; nil: none
	URI       URI
	Bracketed bool // the URI stands in angle brackets
	Params    Params
}

// Tag is the tag parameter of From and To, RFC 3261 §19.3.
func (a *Address) Tag() []byte {
	tag, _ := a.Params.Get("tag")
	return tag
}

const addressClause = "RFC 3261 §20.10"

// address takes one.
func (c *cursor) address(a *Address) (err error) {
	c.space()
	begin := c.at
	if c.peek() == '"' {
		if a.Name, err = c.quoted(); err != nil {
			return err
		}
		c.space()
		if c.peek() != '<' {
			return c.p.syntax(c.at, min(1, c.end-c.at), addressClause, "behind a display name stands the URI in angle brackets")
		}
	} else if a.Name = c.words(); c.peek() != '<' {
		a.Name, c.at = nil, begin
	}
	c.p.most(a.Name, begin, MaxName, "a display name of more than 128 bytes")
	if c.peek() != '<' {
		err = c.uri(&a.URI, true)
	} else {
		c.at++
		a.Bracketed = true
		if err = c.uri(&a.URI, false); err == nil && c.peek() != '>' {
			err = c.p.syntax(c.at, min(1, c.end-c.at), addressClause, "the URI does not end with an angle bracket")
		}
		c.at++
	}
	if err == nil {
		a.Params, err = c.params()
	}
	return err
}

// words takes a display name of tokens, RFC 3261 §25.1.
func (c *cursor) words() []byte {
	begin, end := c.at, c.at
	for c.take(isToken) != nil {
		end = c.at
		c.space()
	}
	if end == begin {
		return nil
	}
	return c.p.b[begin:end]
}

// addresses takes a list of them.
func (c *cursor) addresses(all *[]Address, most int) error {
	for {
		var one Address
		begin := c.at
		if err := c.address(&one); err != nil {
			return err
		}
		if len(*all) < most {
			*all = append(*all, one)
		} else {
			c.p.object("R5", begin, c.at-begin, "RFC 3261 §26.3.2.4", "too many addresses in a list")
		}
		if !c.eat(',') {
			return nil
		}
	}
}

// routes takes a list of addresses in angle brackets, RFC 3261 §20.30, §20.34.
func (c *cursor) routes(all *[]Address) error {
	first := len(*all)
	begin := c.at
	if err := c.addresses(all, MaxList); err != nil {
		return err
	}
	for _, a := range (*all)[first:] {
		if !a.Bracketed {
			return c.p.syntax(begin, c.end-begin, "RFC 3261 §20.34", "a route stands in angle brackets")
		}
	}
	return nil
}

func readFrom(a func(*Message) *Address) func(*parser, *cursor) error {
	return func(p *parser, c *cursor) error {
		at, one := c.at, a(p.m)
		if err := c.address(one); err != nil {
			return err
		}
		for i := range one.Params {
			if t := &one.Params[i]; equal(t.Name, "tag") && t.Has && (t.Quoted || span(t.Value, isToken) != len(t.Value)) {
				return p.syntax(at, c.at-at, "RFC 3261 §25.1, tag-param", "a tag that is no token")
			}
		}
		p.most(one.Tag(), at, MaxToken, "a tag of more than 256 bytes")
		return nil
	}
}

func init() {
	one := func(name, compact string, a func(*Message) *Address) {
		register(name, compact, true, "RFC 3261 §20.20, §20.39", readFrom(a))
	}
	one("from", "f", func(m *Message) *Address { return &m.From })
	one("to", "t", func(m *Message) *Address { return &m.To })
	one("refer-to", "r", func(m *Message) *Address { return &m.ReferTo })
	one("referred-by", "b", func(m *Message) *Address { return &m.ReferredBy })
	list := func(name, clause string, all func(*Message) *[]Address) {
		register(name, "", false, clause, func(p *parser, c *cursor) error { return c.addresses(all(p.m), MaxList) })
	}
	list("p-asserted-identity", "RFC 3325 §9.1", func(m *Message) *[]Address { return &m.PAssertedIdentity })
	list("p-preferred-identity", "RFC 3325 §9.2", func(m *Message) *[]Address { return &m.PPreferredIdentity })
	route := func(name, clause string, all func(*Message) *[]Address) {
		register(name, "", false, clause, func(p *parser, c *cursor) error { return c.routes(all(p.m)) })
	}
	route("route", "RFC 3261 §20.34", func(m *Message) *[]Address { return &m.Route })
	route("record-route", "RFC 3261 §20.30", func(m *Message) *[]Address { return &m.RecordRoute })
	route("path", "RFC 3327 §4", func(m *Message) *[]Address { return &m.Path })
	route("service-route", "RFC 3608 §5", func(m *Message) *[]Address { return &m.ServiceRoute })
	register("contact", "m", false, "RFC 3261 §20.10", readContact)
}

// readContact reads Contact, which is "*" in a registration that ends all others.
func readContact(p *parser, c *cursor) error {
	if c.space(); c.peek() == '*' {
		c.at++
		if p.m.Star || len(p.m.Contact) > 0 {
			return p.syntax(c.at-1, 1, "RFC 3261 §10.2.2", "a Contact of * beside another")
		}
		p.m.Star = true
		return nil
	}
	if p.m.Star {
		return p.syntax(c.at, c.end-c.at, "RFC 3261 §10.2.2", "a Contact of * beside another")
	}
	first := len(p.m.Contact)
	at := c.at
	if err := c.addresses(&p.m.Contact, MaxList); err != nil {
		return err
	}
	for i := first; i < len(p.m.Contact); i++ {
		if v, ok := p.m.Contact[i].Params.Get("expires"); ok && !seconds(v) {
			return p.syntax(at, c.end-at, "RFC 3261 §20.10", "an expires that is no number of seconds")
		}
	}
	return nil
}

// seconds tells whether these are delta-seconds up to 2^32-1, RFC 3261 §25.1.
func seconds(b []byte) bool {
	if len(b) == 0 || len(b) > 10 || span(b, isDigit) != len(b) {
		return false
	}
	var n uint64
	for _, d := range b {
		n = n*10 + uint64(d-'0')
	}
	return n <= 1<<32-1
}
