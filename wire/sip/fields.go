package sip

// field is how the value of a header field is read.
type field struct {
	once   uint64 // its bit among those that may stand once; 0: a list
	clause string
	read   func(p *parser, c *cursor) error
}

// fields are those of the model by name and compact form, in lower case. Each is
// registered by the file that reads it.
var fields = map[string]field{}

var singles uint

// register adds a header field.
func register(name, compact string, single bool, clause string, read func(*parser, *cursor) error) {
	f := field{clause: clause, read: read}
	if single {
		f.once = 1 << singles
		if singles++; singles > 64 {
			panic("sip: more than 64 header fields that may stand once")
		}
	}
	for _, n := range []string{name, compact} {
		if n == "" {
			continue
		}
		if _, taken := fields[n]; taken {
			panic("sip: " + n + " is registered twice")
		}
		fields[n] = f
	}
}

// methods are those of calls and messages: RFC 3261, 3262, 3311, 3428, 3515,
// 3903, 6086, 6665.
var methods = map[string]bool{
	"INVITE": true, "ACK": true, "BYE": true, "CANCEL": true, "OPTIONS": true, "REGISTER": true, "PRACK": true, "UPDATE": true,
	"INFO": true, "REFER": true, "MESSAGE": true, "SUBSCRIBE": true, "NOTIFY": true, "PUBLISH": true,
}

func known(method []byte) bool { return methods[string(method)] }

// whole looks at what a message must have, and at what its parts say of each
// other: RFC 3261 §8.1.1.
func (p *parser) whole() error {
	m := p.m
	missing := ""
	switch {
	case m.To.URI.Zero():
		missing = "a message without To"
	case m.From.URI.Zero():
		missing = "a message without From"
	case m.CallID == nil:
		missing = "a message without Call-ID"
	case m.CSeq.Method == nil:
		missing = "a message without CSeq"
	case len(m.Via) == 0:
		missing = "a message without Via"
	}
	if missing != "" {
		return p.syntax(p.bodyAt-2, 0, "RFC 3261 §8.1.1", missing)
	}
	if m.Request() && string(m.CSeq.Method) != string(m.Method) {
		return p.syntax(p.offset(m.CSeq.Method), len(m.CSeq.Method), "RFC 3261 §8.1.1.5", "CSeq names another method than the request")
	}
	p.since3261()
	p.bodies()
	return nil
}

// since3261 objects to what was allowed before RFC 3261, which leaves it open to
// which transaction or dialog a message belongs.
func (p *parser) since3261() {
	m := p.m
	if m.From.Tag() == nil {
		p.object("R17", p.offset(m.From.URI.Raw), len(m.From.URI.Raw), "RFC 3261 §8.1.1.3", "a From without a tag")
	}
	if len(m.Contact) > 1 && m.dialog() {
		p.object("R17", p.offset(m.Contact[1].URI.Raw), len(m.Contact[1].URI.Raw), "RFC 3261 §8.1.1.8, §12.1.1", "more than one Contact for a dialog")
	}
	if !m.Request() {
		return
	}
	if m.MaxForwards < 0 {
		p.object("R17", p.bodyAt-2, 0, "RFC 3261 §8.1.1.6", "a request without Max-Forwards")
	}
	branch, _ := m.Via[0].Params.Get("branch")
	if len(branch) <= len(cookie) || string(branch[:len(cookie)]) != cookie {
		p.object("R17", p.offset(m.Via[0].Host), len(m.Via[0].Host), "RFC 3261 §8.1.1.7", "a branch that does not say that it is one of a kind")
	}
	if m.Star && (string(m.Method) != "REGISTER" || m.Expires != 0) {
		p.object("R4", p.bodyAt-2, 0, "RFC 3261 §10.2.2", "a Contact of * that ends no registration")
	}
}

// dialog tells whether a message's Contact is where a dialog goes on: there is one,
// RFC 3261 §8.1.1.8, §12.1.1, RFC 3311 §5.1, RFC 6665 §8.2. Of several, each
// program takes one of its own choice.
func (m *Message) dialog() bool {
	switch string(m.CSeq.Method) {
	case "INVITE", "UPDATE", "SUBSCRIBE", "NOTIFY", "REFER":
		return m.Request() || m.Status < 300
	}
	return false
}

// cookie begins a branch since RFC 3261 §8.1.1.7.
const cookie = "z9hG4bK"

// bodies objects to more than one body, and to one that does not say what it is.
func (p *parser) bodies() {
	m := p.m
	switch {
	case len(m.Body) > 0 && m.ContentType.Type == nil:
		p.object("R17", p.bodyAt, len(m.Body), "RFC 3261 §20.15", "a body without a Content-Type")
	case equal(m.ContentType.Type, "multipart"):
		p.object("R19", p.offset(m.ContentType.Type), len(m.ContentType.Type), "RFC 5621 §3; CVE-2022-21723", "a body of several parts")
	}
}

// offset is where a part of the message stands in it.
func (p *parser) offset(part []byte) int { return cap(p.b) - cap(part) }
