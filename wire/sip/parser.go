package sip

import (
	"bytes"
	"unicode/utf8"

	"github.com/ringfence/ringfence/wire"
)

// parser reads one message into its model.
type parser struct {
	b      []byte
	m      *Message
	params []Param       // of all elements, one after the other
	seen   uint64        // fields that may stand once and were there
	policy *wire.Refusal // the first thing that policy refuses
	bodyAt int
	c      cursor // of the header field that is being read
	f      Field
}

func (p *parser) syntax(offset, length int, clause, reason string) error {
	return &wire.Refusal{Rule: "R17", Offset: offset, Length: length, Clause: clause, Reason: reason}
}

// object notes what policy refuses; the grammar of the rest is looked at first.
func (p *parser) object(rule string, offset, length int, clause, reason string) {
	if p.policy == nil {
		p.policy = &wire.Refusal{Rule: rule, Offset: offset, Length: length, Clause: clause, Reason: reason, Policy: true}
	}
}

// most objects to more than a largest size.
func (p *parser) most(what []byte, at, limit int, reason string) {
	if len(what) > limit {
		p.object("R5", at+limit, len(what)-limit, "RFC 3261 §26.3.2.4", reason)
	}
}

// line returns where the line that begins at a place ends, and the next begins.
func (p *parser) line(at int) (end, next int, err error) {
	n := bytes.IndexByte(p.b[at:], '\n')
	if n < 0 {
		return 0, 0, p.syntax(at, len(p.b)-at, "RFC 3261 §7", "a line that does not end")
	}
	end = at + n - 1
	if n == 0 || p.b[end] != '\r' {
		return 0, 0, p.syntax(at+n, 1, "RFC 3261 §7", "a line feed without a carriage return")
	}
	if i := bytes.IndexByte(p.b[at:end], '\r'); i >= 0 {
		return 0, 0, p.syntax(at+i, 1, "RFC 3261 §7", "a carriage return within a line")
	}
	return end, end + 2, nil
}

// text refuses control characters, and bytes that are no UTF-8.
func (p *parser) text(at, end int) error {
	at += wire.Plain(p.b[at:end])
	b, plain := p.b[at:end], true
	for i, c := range b {
		if letters[c]&isText != 0 {
			continue
		}
		if c >= 0x80 {
			plain = false
			continue
		}
		if c == '\r' || c == '\n' { // of a folded line, looked at before
			continue
		}
		if at+i > 0 && p.b[at+i-1] == '\\' { // RFC 3261 §25.1, quoted-pair
			p.object("R17", at+i, 1, "RFC 3261 §25.1, quoted-pair", "an escaped control character")
			continue
		}
		return p.syntax(at+i, 1, "RFC 3261 §25.1, TEXT-UTF8char", "a control character")
	}
	if !plain && !utf8.Valid(b) {
		return p.syntax(at, len(b), "RFC 3629 §3", "bytes that are no UTF-8")
	}
	return nil
}

// startLine reads the first line, RFC 3261 §7.1 and §7.2.
func (p *parser) startLine() (next int, err error) {
	at := 0
	for bytes.HasPrefix(p.b[at:], []byte("\r\n")) && at < 8 {
		p.object("R17", at, 2, "RFC 3261 §7.5", "an empty line before the message")
		at += 2
	}
	end, next, err := p.line(at)
	if err == nil {
		err = p.text(at, end)
	}
	if err != nil {
		return 0, err
	}
	if bytes.HasPrefix(p.b[at:end], []byte("SIP/")) {
		return next, p.statusLine(at, end)
	}
	return next, p.requestLine(at, end)
}

func (p *parser) requestLine(at, end int) error {
	line := p.b[at:end]
	n := span(line, isToken)
	if n == 0 || n == len(line) || line[n] != ' ' {
		return p.syntax(at+min(n, len(line)), 1, "RFC 3261 §7.1", "a request begins with a method and one space")
	}
	last := bytes.LastIndexByte(line, ' ')
	if last <= n+1 {
		return p.syntax(at+last, len(line)-last, "RFC 3261 §7.1", "a request line has a method, a URI and a version, with one space between")
	}
	p.m.Method = line[:n]
	p.most(p.m.Method, at, MaxToken, "a method of more than 256 bytes")
	if !known(p.m.Method) {
		p.object("R7", at, n, "RFC 3261 §7.1", "a method that is not among those of calls and messages")
	}
	if err := p.version(line[last+1:], at+last+1); err != nil {
		return err
	}
	c := cursor{p, at + n + 1, at + last}
	if err := c.uri(&p.m.URI, false); err != nil {
		return err
	}
	if p.m.URI.Headers {
		return p.syntax(c.at, last-n, "RFC 3261 §19.1.1", "a request's URI has no headers in it")
	}
	if c.at != c.end {
		return p.syntax(c.at, c.end-c.at, "RFC 3261 §7.1", "something stands between the URI and the version")
	}
	return nil
}

// version reads SIP-Version, RFC 3261 §7.1.
func (p *parser) version(v []byte, at int) error {
	const clause = "RFC 3261 §7.1"
	rest := v[min(len(v), 4):]
	major := span(rest, isDigit)
	if len(v) < 7 || !equal(v[:4], "sip/") || major == 0 || major+1 >= len(rest) || rest[major] != '.' || span(rest[major+1:], isDigit) != len(rest)-major-1 {
		return p.syntax(at, len(v), clause, "no version of SIP")
	}
	if string(v) != "SIP/2.0" {
		p.object("R7", at, len(v), clause, "a version other than SIP/2.0")
	}
	return nil
}

func (p *parser) statusLine(at, end int) error {
	line := p.b[at:end]
	n := bytes.IndexByte(line, ' ')
	if n < 0 {
		return p.syntax(end, 0, "RFC 3261 §7.2", "a status line without a status code")
	}
	if err := p.version(line[:n], at); err != nil {
		return err
	}
	code := line[n+1:]
	if len(code) < 4 || span(code, isDigit) != 3 || code[3] != ' ' || code[0] < '1' || code[0] > '6' {
		return p.syntax(at+n+1, min(len(code), 4), "RFC 3261 §7.2", "a status code has three digits, from 100 to 699, and a space behind it")
	}
	p.m.Status = int(code[0]-'0')*100 + int(code[1]-'0')*10 + int(code[2]-'0')
	p.m.Reason = code[4:]
	p.most(p.m.Reason, at+n+5, MaxName, "a reason phrase of more than 128 bytes")
	return nil
}

// headers reads the header fields up to the empty line, RFC 3261 §7.3.
func (p *parser) headers(at int) (next int, err error) {
	if p.m.Fields == nil {
		p.m.Fields, p.params = make([]Field, 0, 16), make([]Param, 0, 16)
	}
	for !bytes.HasPrefix(p.b[at:], []byte("\r\n")) {
		if at, err = p.header(at); err != nil {
			return 0, err
		}
	}
	return at + 2, nil
}

// header reads one header field.
func (p *parser) header(at int) (next int, err error) {
	end, next, err := p.line(at)
	if err != nil {
		return 0, err
	}
	n := span(p.b[at:end], isToken)
	colon := at + n + span(p.b[at+n:end], isSpace)
	if n == 0 || colon >= end || p.b[colon] != ':' {
		return 0, p.syntax(at+n, min(1, end-at-n), "RFC 3261 §7.3.1", "a header field begins with a name and a colon")
	}
	if colon != at+n {
		p.object("R17", at+n, colon-at-n, "RFC 3261 §7.3.1; CVE-2020-28361", "space before the colon of a header field")
	}
	for next < len(p.b) && is(p.b[next], isSpace) { // RFC 3261 §7.3.1, line folding
		p.object("R17", next, 1, "RFC 3261 §7.3.1", "a header field that goes on in the next line")
		if end, next, err = p.line(next); err != nil {
			return 0, err
		}
	}
	if err := p.text(colon+1, end); err != nil {
		return 0, err
	}
	p.c = cursor{p, colon + 1, end}
	p.c.trim()
	p.f = Field{Name: p.b[at : at+n], Value: p.b[p.c.at:p.c.end], Offset: at}
	p.most(p.f.Value, p.c.at, MaxValue, "a header field of more than 4096 bytes")
	p.f.Known, err = p.known(&p.f, &p.c)
	if len(p.m.Fields) < MaxHeaders {
		p.m.Fields = append(p.m.Fields, p.f)
	} else {
		p.object("R5", at, n, "RFC 3261 §26.3.2.4", "more than 96 header fields")
	}
	return next, err
}

// known reads the value of a header field that the model has.
func (p *parser) known(f *Field, c *cursor) (bool, error) {
	var name [32]byte
	if len(f.Name) > len(name) {
		return false, nil
	}
	for i, b := range f.Name {
		name[i] = lower(b)
	}
	h, ok := fields[string(name[:len(f.Name)])]
	if !ok {
		return false, nil
	}
	if h.once != 0 {
		if p.seen&h.once != 0 {
			return true, p.syntax(f.Offset, len(f.Name), "RFC 3261 §7.3.1", "a header field that may stand once stands twice")
		}
		p.seen |= h.once
	}
	if err := h.read(p, c); err != nil {
		return true, err
	}
	if c.space(); c.at != c.end {
		return true, p.syntax(c.at, c.end-c.at, h.clause, "something stands behind the value of the header field")
	}
	return true, nil
}

// body is what stands behind the empty line, RFC 3261 §7.4, §18.3.
func (p *parser) body(at int) error {
	p.m.Body, p.bodyAt = p.b[at:], at
	switch n := p.m.ContentLength; {
	case n < 0:
		return nil
	case n > len(p.m.Body):
		return &wire.Refusal{Rule: "R6", Offset: at, Length: len(p.m.Body), Clause: "RFC 3261 §18.3", Reason: "the body is shorter than Content-Length says"}
	case n < len(p.m.Body):
		p.object("R6", at+n, len(p.m.Body)-n, "RFC 3261 §18.3", "something stands behind the message")
		p.m.Body = p.m.Body[:n]
	}
	return nil
}
