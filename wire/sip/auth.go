package sip

// Auth is a challenge or credentials, RFC 3261 §20.7, §20.44, RFC 7616 §3.
type Auth struct {
	Scheme []byte // Digest
	Params Params
	Raw    []byte // the whole value, as it was written
}

func init() {
	for name, all := range map[string]func(*Message) *[]Auth{
		"authorization":       func(m *Message) *[]Auth { return &m.Authorization },
		"proxy-authorization": func(m *Message) *[]Auth { return &m.ProxyAuthorization },
		"www-authenticate":    func(m *Message) *[]Auth { return &m.WWWAuthenticate },
		"proxy-authenticate":  func(m *Message) *[]Auth { return &m.ProxyAuthenticate },
	} {
		register(name, "", false, authClause, func(p *parser, c *cursor) error { return c.auth(all(p.m)) })
	}
	register("authentication-info", "", false, authClause, func(p *parser, c *cursor) error {
		_, err := c.authParams()
		return err
	})
}

const authClause = "RFC 3261 §25.1, challenge, credentials"

// auth takes auth-scheme LWS auth-param *(COMMA auth-param). These fields are no
// lists, for the comma is theirs: RFC 3261 §7.3.1.
func (c *cursor) auth(all *[]Auth) (err error) {
	begin := c.at
	var one Auth
	if one.Scheme = c.take(isToken); one.Scheme == nil || !is(c.peek(), isSpace) {
		return c.p.syntax(begin, min(c.at-begin+1, c.end-begin), authClause, "no scheme of authentication")
	}
	c.space()
	if !equal(one.Scheme, "digest") {
		c.p.object("R7", begin, len(one.Scheme), "RFC 3261 §22", "a scheme of authentication other than Digest")
	}
	if one.Params, err = c.authParams(); err != nil {
		return err
	}
	one.Raw = c.p.b[begin:c.at]
	for _, name := range []string{"realm", "nonce"} {
		if _, ok := one.Params.Get(name); !ok {
			c.p.object("R20", begin, c.at-begin, "RFC 7616 §3.3, §3.4", "a challenge or credentials without realm or nonce")
		}
	}
	if len(*all) < MaxList {
		*all = append(*all, one)
	} else {
		c.p.object("R5", begin, c.at-begin, "RFC 3261 §26.3.2.4", "more than 32 challenges or credentials")
	}
	return nil
}

func (c *cursor) authParams() (Params, error) {
	first, begin := len(c.p.params), c.at
	for {
		at := c.at
		one := Param{Name: c.take(isToken), Has: true}
		if one.Name == nil || !c.eat('=') {
			return nil, c.p.syntax(at, min(1, c.end-at), authClause, "a parameter without a name or value")
		}
		var err error
		if c.peek() == '"' {
			one.Quoted = true
			one.Value, err = c.quoted()
		} else if one.Value = c.take(isToken); one.Value == nil {
			err = c.p.syntax(c.at, min(1, c.end-c.at), authClause, "a parameter with an empty value")
		}
		if err != nil {
			return nil, err
		}
		c.p.params = append(c.p.params, one)
		if !c.eat(',') {
			return c.taken(first, begin, true)
		}
	}
}
