package sip

// Via is one hop, RFC 3261 §20.42.
type Via struct {
	Transport []byte // UDP, TCP, TLS, ...
	Host      []byte
	Port      uint16 // 0: none
	Params    Params
}

const viaClause = "RFC 3261 §20.42"

func init() {
	register("via", "v", false, viaClause, func(p *parser, c *cursor) error {
		for {
			begin := c.at
			one, err := c.via()
			if err != nil {
				return err
			}
			if len(p.m.Via) < MaxList {
				p.m.Via = append(p.m.Via, one)
			} else {
				p.object("R5", begin, c.at-begin, "RFC 3261 §26.3.2.4", "more than 32 hops in Via")
			}
			if !c.eat(',') {
				return nil
			}
		}
	})
}

// via takes one hop: sent-protocol LWS sent-by *( SEMI via-params ).
func (c *cursor) via() (v Via, err error) {
	c.space()
	begin := c.at
	name := c.take(isToken)
	slash := c.eat('/')
	version := c.take(isToken)
	slash = c.eat('/') && slash
	v.Transport = c.take(isToken)
	if name == nil || version == nil || v.Transport == nil || !slash {
		return v, c.p.syntax(begin, min(c.at-begin+1, c.end-begin), viaClause, "a hop names a protocol, its version and a transport")
	}
	if !equal(name, "sip") || string(version) != "2.0" {
		c.p.object("R7", begin, c.at-begin, viaClause, "a hop of another protocol than SIP/2.0")
	}
	at := c.at
	if c.space(); at == c.at {
		return v, c.p.syntax(at, min(1, c.end-at), viaClause, "no space between transport and host")
	}
	if v.Host, err = c.host(); err != nil {
		return v, err
	}
	if c.eat(':') {
		var n uint64
		if n, err = c.number(65535, viaClause, "a port is a number up to 65535"); err != nil {
			return v, err
		}
		v.Port = uint16(n)
	}
	at = c.at
	if v.Params, err = c.params(); err != nil {
		return v, err
	}
	branch, _ := v.Params.Get("branch")
	c.p.most(branch, at, MaxToken, "a branch of more than 256 bytes")
	return v, c.hop(&v, at)
}

// hop looks at the parameters of a hop.
func (c *cursor) hop(v *Via, at int) error {
	for _, one := range v.Params {
		bad := false
		switch {
		case equal(one.Name, "received"):
			bad = !ipv4(one.Value) && !ipv6(one.Value) && !(len(one.Value) > 2 && one.Value[0] == '[')
		case equal(one.Name, "rport"):
			bad = one.Has && (span(one.Value, isDigit) != len(one.Value) || len(one.Value) > 5)
		case equal(one.Name, "ttl"):
			bad = span(one.Value, isDigit) != len(one.Value) || len(one.Value) == 0 || len(one.Value) > 3
		case equal(one.Name, "branch"):
			bad = !one.Has || one.Quoted
		}
		if bad {
			return c.p.syntax(at, c.at-at, "RFC 3261 §25.1, via-params", "a parameter of a hop with a value that it cannot have")
		}
	}
	return nil
}
