package jingle

import (
	"bytes"
	"unicode/utf8"

	"github.com/ringfence/ringfence/wire"
)

// Limits of one stanza. RFC 6120 §13.12 asks for some and names none but the
// smallest that a server may set, which is 10,000 bytes.
const (
	maxStanza     = 64 << 10 // bytes
	maxDepth      = 16       // elements that are open at once
	maxElements   = 512
	maxAttributes = 32 // of one element, declarations of namespaces among them
	maxName       = 128
	maxNamespace  = 256
)

// Namespaces that are bound without being declared, Namespaces in XML §3.
const (
	nsXML   = "http://www.w3.org/XML/1998/namespace"
	nsXMLNS = "http://www.w3.org/2000/xmlns/"
)

// name is an expanded name, Namespaces in XML §2.1.
type name struct{ space, local string }

func (n name) String() string { return "{" + n.space + "}" + n.local }

// attribute is one attribute with its value, references resolved, and where
// the value stands between its quotes.
type attribute struct {
	name
	value   string
	at, end int
}

// kind says what a token is.
type kind byte

const (
	startTag kind = iota
	endTag
	characters
	finished
)

// token is what the scanner hands out next.
type token struct {
	kind       kind
	at, end    int // of a start tag: up to the end of its name
	inner      int // of a start tag: what follows it
	name       name
	attributes []attribute
	text       []byte // valid until the next token
}

// openTag is an element whose end tag is still to come.
type openTag struct {
	raw   string
	name  name
	scope int // bindings that were there before it
}

type binding struct{ prefix, space string }

// declared is an attribute as it is written, before its prefix is resolved.
type declared struct {
	raw     string
	from    int // of the name
	value   string
	at, end int
}

// scanner hands out the tokens of exactly one element and refuses everything
// that has more than one reading: what is left is a small part of XML that
// every parser of XML reads in the same way.
type scanner struct {
	b        []byte
	at       int
	open     []openTag
	scope    []binding
	elements int
	closing  bool // the tag that was just handed out ends its element, too
	buffer   []byte
}

// next returns the next token, and finished behind the last.
func (s *scanner) next() (token, error) {
	switch {
	case s.closing:
		s.closing = false
		return s.close(s.at), nil
	case len(s.open) == 0:
		return s.outside()
	case s.at == len(s.b):
		return token{}, s.expected("XML 1.0 §3", "")
	case s.b[s.at] != '<':
		return s.text()
	case s.ahead("</"):
		return s.endTag()
	}
	return s.markup()
}

// outside reads what stands around the element: white space, XML 1.0 §2.1.
func (s *scanner) outside() (token, error) {
	if s.at == 0 && bytes.HasPrefix(s.b, []byte("\ufeff")) {
		return token{}, decline("R18", 0, 3, "RFC 6120 §11.6", "a byte order mark")
	}
	s.space()
	switch {
	case s.at == len(s.b) && s.elements > 0:
		return token{kind: finished, at: s.at, end: s.at}, nil
	case s.at == len(s.b):
		return token{}, refuse("R18", s.at, 0, "XML 1.0 §2.1", "no element")
	case s.b[s.at] != '<' || s.ahead("</"):
		return token{}, s.expected("XML 1.0 §2.1", "something else than an element")
	}
	return s.markup()
}

// markup reads what a less-than sign opens, end tags excepted.
func (s *scanner) markup() (token, error) {
	if !s.ahead("<!") && !s.ahead("<?") {
		return s.startTag()
	}
	for opening, no := range unwanted {
		if s.ahead(opening) {
			return token{}, no(s, len(opening))
		}
	}
	return token{}, refuse("R18", s.at, 2, "XML 1.0 §2.4", "a declaration where none may stand")
}

// unwanted is markup that XML has and no stanza needs.
var unwanted = map[string]func(*scanner, int) error{
	"<!--": func(s *scanner, n int) error {
		return decline("R18", s.at, n, "RFC 6120 §11.1", "a comment")
	},
	"<![CDATA[": func(s *scanner, n int) error {
		if len(s.open) == 0 {
			return refuse("R18", s.at, n, "XML 1.0 §2.7", "a CDATA section outside of the stanza")
		}
		return decline("R18", s.at, n, "XML 1.0 §2.7", "a CDATA section: a second way to write text")
	},
	"<!DOCTYPE": func(s *scanner, n int) error {
		if s.elements > 0 {
			return refuse("R18", s.at, n, "XML 1.0 §2.8", "a document type behind the first tag")
		}
		return decline("R18", s.at, n, "RFC 6120 §11.1", "a document type")
	},
	"<?": func(s *scanner, n int) error {
		if s.at+n == len(s.b) || !nameStart(s.b[s.at+n]) && s.b[s.at+n] < utf8.RuneSelf {
			return refuse("R18", s.at, n, "XML 1.0 §2.6", "a processing instruction without a name")
		}
		return decline("R18", s.at, n, "RFC 6120 §11.1", "a processing instruction")
	},
}

func (s *scanner) startTag() (token, error) {
	at := s.at
	switch {
	case len(s.open) == 0 && s.elements > 0:
		return token{}, refuse("R18", at, 1, "XML 1.0 §2.1", "a second stanza behind the first")
	case len(s.open) == maxDepth:
		return token{}, decline("R5", at, 1, "RFC 6120 §13.12", "elements nest more than 16 deep")
	case s.elements == maxElements:
		return token{}, decline("R5", at, 1, "RFC 6120 §13.12", "more than 512 elements")
	}
	s.at++
	raw, err := s.name()
	if err != nil {
		return token{}, err
	}
	list, err := s.attributes()
	if err != nil {
		return token{}, err
	}
	o := openTag{raw: raw, scope: len(s.scope)}
	if err := s.bind(list); err != nil {
		return token{}, err
	}
	if o.name, err = s.resolve(raw, at+1, true); err != nil {
		return token{}, err
	}
	attributes, err := s.qualify(list)
	if err != nil {
		return token{}, err
	}
	s.open, s.elements = append(s.open, o), s.elements+1
	return token{kind: startTag, at: at, end: at + 1 + len(raw), inner: s.at, name: o.name, attributes: attributes}, nil
}

// attributes reads up to the end of a start tag, XML 1.0 §3.1.
func (s *scanner) attributes() (list []declared, err error) {
	for {
		spaced := s.space()
		switch {
		case s.ahead(">"):
			s.at++
			return list, nil
		case s.ahead("/>"):
			s.at, s.closing = s.at+2, true
			return list, nil
		case !spaced:
			return nil, s.expected("XML 1.0 §3.1", "neither white space nor the end of a tag")
		case len(list) == maxAttributes:
			return nil, decline("R5", s.at, 1, "RFC 6120 §13.12", "more than 32 attributes")
		}
		a, err := s.attribute()
		if err != nil {
			return nil, err
		}
		for _, b := range list {
			if b.raw == a.raw {
				return nil, refuse("R18", a.from, len(a.raw), "XML 1.0 §3.1", "an attribute that is there already")
			}
		}
		list = append(list, a)
	}
}

func (s *scanner) attribute() (a declared, err error) {
	a.from = s.at
	if a.raw, err = s.name(); err != nil {
		return a, err
	}
	s.space()
	if !s.ahead("=") {
		return a, s.expected("XML 1.0 §3.1", "an attribute without a value")
	}
	s.at++
	s.space()
	if !s.ahead(`"`) && !s.ahead("'") {
		return a, s.expected("XML 1.0 §3.1", "a value without quotes")
	}
	quote := s.b[s.at]
	s.at++
	a.at = s.at
	s.buffer = s.buffer[:0]
	for s.at < len(s.b) && s.b[s.at] != quote {
		switch s.b[s.at] {
		case '<':
			return a, refuse("R18", s.at, 1, "XML 1.0 §3.1", "a less-than sign in a value")
		case '\t', '\n':
			return a, decline("R17", s.at, 1, "XML 1.0 §3.3.3", "a line end or tab in a value, which parsers turn into a space, or do not")
		}
		if err = s.literal(); err != nil {
			return a, err
		}
	}
	if s.at == len(s.b) {
		return a, s.expected("XML 1.0 §3.1", "")
	}
	a.value, a.end = string(s.buffer), s.at
	s.at++
	return a, nil
}

func (s *scanner) endTag() (token, error) {
	at, o := s.at, s.open[len(s.open)-1]
	s.at += 2
	raw, err := s.name()
	if err != nil {
		return token{}, err
	}
	if raw != o.raw {
		return token{}, refuse("R18", at+2, len(raw), "XML 1.0 §3", "an end tag that is not that of the open element")
	}
	s.space()
	if !s.ahead(">") {
		return token{}, s.expected("XML 1.0 §3.1", "something behind the name in an end tag")
	}
	s.at++
	return s.close(at), nil
}

func (s *scanner) close(at int) token {
	o := s.open[len(s.open)-1]
	s.open, s.scope = s.open[:len(s.open)-1], s.scope[:o.scope]
	return token{kind: endTag, at: at, end: s.at, name: o.name}
}

// text reads character data up to the next tag, XML 1.0 §2.4.
func (s *scanner) text() (token, error) {
	at := s.at
	s.buffer = s.buffer[:0]
	for s.at < len(s.b) && s.b[s.at] != '<' {
		if s.ahead("]]>") {
			return token{}, refuse("R18", s.at, 3, "XML 1.0 §2.4", "the end of a CDATA section in text")
		}
		if err := s.literal(); err != nil {
			return token{}, err
		}
	}
	return token{kind: characters, at: at, end: s.at, text: s.buffer}, nil
}

// space skips white space, XML 1.0 §2.3, and tells whether there was any. It
// stops at a carriage return, which expected then refuses.
func (s *scanner) space() bool {
	at := s.at
	for s.at < len(s.b) && isSpace(s.b[s.at]) {
		s.at++
	}
	return s.at > at
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' }

func (s *scanner) ahead(what string) bool {
	return len(s.b)-s.at >= len(what) && string(s.b[s.at:s.at+len(what)]) == what
}

// expected refuses what stands where something else would have to: for what
// the byte is, where no place takes it, and with the reason otherwise.
func (s *scanner) expected(clause, reason string) error {
	if s.at == len(s.b) {
		return refuse("R18", s.at, 0, clause, "the input ends too early")
	}
	_, n, err := s.char()
	if err != nil {
		return err
	}
	return refuse("R18", s.at, n, clause, reason)
}

func refuse(rule string, at, length int, clause, reason string) *wire.Refusal {
	return &wire.Refusal{Rule: rule, Offset: at, Length: length, Clause: clause, Reason: reason}
}

// decline refuses what the specification allows.
func decline(rule string, at, length int, clause, reason string) *wire.Refusal {
	return &wire.Refusal{Rule: rule, Offset: at, Length: length, Clause: clause, Reason: reason, Policy: true}
}
