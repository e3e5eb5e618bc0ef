package sip

import (
	"strconv"
	"unicode"
	"unicode/utf8"
)

// AppendTo writes the message anew, from the model alone: one spelling of each
// name, one order, no header field, parameter or space that the model does not
// have. The body is written as m.Body has it: whoever passes a message on puts a
// body there that was written anew as well.
func (m *Message) AppendTo(b []byte) []byte {
	if b == nil {
		b = make([]byte, 0, 768+len(m.Body))
	}
	b = m.appendStart(b)
	for i := range m.Via {
		b = m.Via[i].appendTo(append(b, "Via: "...))
		b = append(b, crlf...)
	}
	if m.MaxForwards >= 0 {
		b = appendNumber(b, "Max-Forwards: ", int64(m.MaxForwards))
	}
	b = appendAddresses(b, "Route: ", m.Route, nil)
	b = appendAddresses(b, "Record-Route: ", m.RecordRoute, nil)
	b = appendAddresses(b, "Path: ", m.Path, nil)
	b = appendAddresses(b, "Service-Route: ", m.ServiceRoute, nil)
	b = appendAddress(b, "From: ", &m.From, ofTag)
	b = appendAddress(b, "To: ", &m.To, ofTag)
	b = appendField(b, "Call-ID: ", m.CallID)
	b = appendField(strconv.AppendUint(append(b, "CSeq: "...), uint64(m.CSeq.Number), 10), " ", m.CSeq.Method)
	if m.Star {
		b = append(b, "Contact: *\r\n"...)
	}
	b = appendAddresses(b, "Contact: ", m.Contact, ofContact)
	b = appendAddresses(b, "P-Asserted-Identity: ", m.PAssertedIdentity, nil)
	b = appendAddresses(b, "P-Preferred-Identity: ", m.PPreferredIdentity, nil)
	b = appendAddress(b, "Refer-To: ", &m.ReferTo, nil)
	b = appendAddress(b, "Referred-By: ", &m.ReferredBy, nil)
	b = m.appendLists(b)
	b = m.appendNumbers(b)
	if t := &m.ContentType; t.Type != nil {
		b = appendLower(append(b, "Content-Type: "...), t.Type)
		b = appendLower(append(b, '/'), t.Subtype)
		b = append(b, crlf...)
	}
	b = appendNumber(b, "Content-Length: ", int64(len(m.Body)))
	return append(append(b, crlf...), m.Body...)
}

const crlf = "\r\n"

// The parameters that are written, by where they stand.
var (
	ofURI          = []string{"transport", "user", "ttl", "maddr", "lr", "ob", "gr", "phone-context", "ext", "isub", "r2", "ftag", "did"} // the last three: what servers put into Record-Route for themselves
	ofVia          = []string{"branch", "received", "rport", "ttl", "maddr", "alias"}
	ofTag          = []string{"tag"}
	ofContact      = []string{"q", "expires", "+sip.instance", "reg-id"}
	ofEvent        = []string{"id"}
	ofSubscription = []string{"reason", "expires", "retry-after"}
	ofSession      = []string{"refresher"}
	ofDisposition  = []string{"handling"}
	ofDigest       = []string{"username", "realm", "nonce", "uri", "response", "algorithm", "cnonce", "opaque", "qop", "nc", "domain", "stale", "userhash"}
)

func (m *Message) appendStart(b []byte) []byte {
	if m.Request() {
		b = append(append(b, m.Method...), ' ')
		return append(m.URI.appendTo(b), " SIP/2.0\r\n"...)
	}
	b = strconv.AppendInt(append(b, "SIP/2.0 "...), int64(m.Status), 10)
	b = append(append(b, ' '), Phrase(m.Status)...)
	return append(b, crlf...)
}

func (m *Message) appendLists(b []byte) []byte {
	b = appendTokens(b, "Allow: ", m.Allow, ", ")
	b = appendTokens(b, "Supported: ", m.Supported, ", ")
	b = appendTokens(b, "Require: ", m.Require, ", ")
	b = appendTokens(b, "Proxy-Require: ", m.ProxyRequire, ", ")
	b = appendTokens(b, "Unsupported: ", m.Unsupported, ", ")
	b = appendTokens(b, "Allow-Events: ", m.AllowEvents, ", ")
	b = appendTokens(b, "Privacy: ", m.Privacy, ";")
	b = appendAuth(b, "Authorization: ", m.Authorization)
	b = appendAuth(b, "Proxy-Authorization: ", m.ProxyAuthorization)
	b = appendAuth(b, "WWW-Authenticate: ", m.WWWAuthenticate)
	b = appendAuth(b, "Proxy-Authenticate: ", m.ProxyAuthenticate)
	b = m.Event.appendTo(b, "Event: ", ofEvent)
	b = m.SubscriptionState.appendTo(b, "Subscription-State: ", ofSubscription)
	b = m.SessionExpires.appendTo(b, "Session-Expires: ", ofSession)
	return m.ContentDisposition.appendTo(b, "Content-Disposition: ", ofDisposition)
}

func (m *Message) appendNumbers(b []byte) []byte {
	for _, one := range []struct {
		name  string
		value int64
	}{{"Expires: ", m.Expires}, {"Min-Expires: ", m.MinExpires}, {"Min-SE: ", m.MinSE}, {"RSeq: ", m.RSeq}, {"Retry-After: ", m.RetryAfter}} {
		if one.value >= 0 {
			b = appendNumber(b, one.name, one.value)
		}
	}
	if m.RAck.Method != nil {
		b = strconv.AppendUint(append(b, "RAck: "...), uint64(m.RAck.RSeq), 10)
		b = strconv.AppendUint(append(b, ' '), uint64(m.RAck.Number), 10)
		b = appendField(b, " ", m.RAck.Method)
	}
	if m.Date != nil {
		b = appendField(b, "Date: ", m.Date)
	}
	return b
}

func appendField(b []byte, name string, value []byte) []byte {
	return append(append(append(b, name...), value...), crlf...)
}

func appendNumber(b []byte, name string, n int64) []byte {
	return append(strconv.AppendInt(append(b, name...), n, 10), crlf...)
}

func appendTokens(b []byte, name string, all [][]byte, between string) []byte {
	if len(all) == 0 {
		return b
	}
	b = append(b, name...)
	for i, t := range all {
		if i > 0 {
			b = append(b, between...)
		}
		b = append(b, t...)
	}
	return append(b, crlf...)
}

func appendAuth(b []byte, name string, all []Auth) []byte {
	for _, a := range all {
		b = append(append(b, name...), "Digest "...)
		between := ""
		for _, p := range a.Params {
			name := one(p.Name, ofDigest)
			if name == "" {
				continue
			}
			b = p.appendValue(append(append(b, between...), name...))
			between = ", "
		}
		b = append(b, crlf...)
	}
	return b
}

// one is the spelling of a name that is in a list, or "".
func one(name []byte, list []string) string {
	for _, s := range list {
		if equal(name, s) {
			return s
		}
	}
	return ""
}

func (p *Param) appendValue(b []byte) []byte {
	switch {
	case !p.Has:
		return b
	case p.Quoted:
		return append(append(append(b, `="`...), p.Value...), '"')
	}
	return append(append(b, '='), p.Value...)
}

// appendTo writes the parameters of a list, in their order.
func (ps Params) appendTo(b []byte, list []string) []byte {
	for i := range ps {
		if name := one(ps[i].Name, list); name != "" {
			b = ps[i].appendValue(append(append(b, ';'), name...))
		}
	}
	return b
}

func (v *Value) appendTo(b []byte, name string, params []string) []byte {
	if v.Token == nil {
		return b
	}
	b = v.Params.appendTo(append(append(b, name...), v.Token...), params)
	return append(b, crlf...)
}

func (v *Via) appendTo(b []byte) []byte {
	b = append(append(b, "SIP/2.0/"...), v.Transport...)
	b = appendLower(append(b, ' '), v.Host)
	if v.Port > 0 {
		b = strconv.AppendUint(append(b, ':'), uint64(v.Port), 10)
	}
	return v.Params.appendTo(b, ofVia)
}

func appendAddresses(b []byte, name string, all []Address, params []string) []byte {
	for i := range all {
		b = appendAddress(b, name, &all[i], params)
	}
	return b
}

func appendAddress(b []byte, name string, a *Address, params []string) []byte {
	if a.URI.Zero() {
		return b
	}
	b = append(b, name...)
	if a.Name != nil {
		b = appendDisplay(b, a.Name)
	}
	b = append(a.URI.appendTo(append(b, '<')), '>')
	return append(a.Params.appendTo(b, params), crlf...)
}

const maxDisplay = 64 // letters of a display name that are written

// appendDisplay writes a display name: letters, marks, digits and a few signs of
// writing. What else there is, and what turns the direction of writing, is left
// out.
func appendDisplay(b, name []byte) []byte {
	begin := len(b)
	b = append(b, '"')
	for n := 0; len(name) > 0 && n < maxDisplay; {
		r, size := utf8.DecodeRune(name)
		name = name[size:]
		if r == '\\' && len(name) > 0 { // RFC 3261 §25.1, quoted-pair
			r, size = utf8.DecodeRune(name)
			name = name[size:]
		}
		if !shown(r) || r == ' ' && b[len(b)-1] == '"' {
			continue
		}
		b, n = utf8.AppendRune(b, r), n+1
	}
	for b[len(b)-1] == ' ' {
		b = b[:len(b)-1]
	}
	if len(b) == begin+1 {
		return b[:begin]
	}
	return append(b, `" `...)
}

func shown(r rune) bool {
	switch r {
	case ' ', '.', ',', '-', '\'', '_', '(', ')', '+', '@', '&':
		return true
	case utf8.RuneError:
		return false
	}
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsDigit(r)
}

// AppendTo writes the URI anew.
func (u *URI) AppendTo(b []byte) []byte { return u.appendTo(b) }

func (u *URI) appendTo(b []byte) []byte {
	switch u.Scheme {
	case SIP:
		b = append(b, "sip:"...)
	case SIPS:
		b = append(b, "sips:"...)
	case Tel:
		b = append(append(b, "tel:"...), u.User...)
		return u.Params.appendURI(b)
	default:
		return b
	}
	if u.User != nil {
		b = append(appendSpelled(b, u.User), '@')
	}
	b = appendLower(b, u.Host)
	if u.Port > 0 {
		b = strconv.AppendUint(append(b, ':'), uint64(u.Port), 10)
	}
	return u.Params.appendURI(b)
}

// appendURI writes the parameters of a URI.
func (ps Params) appendURI(b []byte) []byte {
	for _, p := range ps {
		name := one(p.Name, ofURI)
		if name == "" {
			continue
		}
		b = append(append(b, ';'), name...)
		if p.Has {
			b = appendSpelled(append(b, '='), p.Value)
		}
	}
	return b
}

// appendSpelled writes with as few escapes as there can be, in capitals: RFC 3986
// §6.2.2.
func appendSpelled(b, text []byte) []byte {
	const digits = "0123456789ABCDEF"
	for i := 0; i < len(text); i++ {
		if text[i] != '%' {
			b = append(b, text[i])
			continue
		}
		v := hex(text[i+1])<<4 | hex(text[i+2])
		i += 2
		if is(v, isKept) {
			b = append(b, v)
		} else {
			b = append(b, '%', digits[v>>4], digits[v&15])
		}
	}
	return b
}

func appendLower(b, text []byte) []byte {
	for _, c := range text {
		b = append(b, lower(c))
	}
	return b
}
