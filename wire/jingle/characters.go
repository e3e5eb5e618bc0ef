package jingle

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// maxReference is the longest reference that is looked at, XML 1.0 §4.1.
const maxReference = 64

// predefined are the entities of XML 1.0 §4.6, the only ones that RFC 6120
// §11.1 leaves.
var predefined = map[string]byte{"lt": '<', "gt": '>', "amp": '&', "apos": '\'', "quot": '"'}

// literal appends the character or the reference that comes next.
func (s *scanner) literal() error {
	if s.b[s.at] == '&' {
		return s.reference()
	}
	_, n, err := s.char()
	if err != nil {
		return err
	}
	s.buffer = append(s.buffer, s.b[s.at:s.at+n]...)
	s.at += n
	return nil
}

// char looks at the next character: UTF-8 in its shortest form (RFC 3629 §3),
// and one that XML 1.0 §2.2 allows.
func (s *scanner) char() (rune, int, error) {
	r, n := utf8.DecodeRune(s.b[s.at:])
	switch {
	case r == utf8.RuneError && n == 1:
		return 0, 0, refuse("R18", s.at, 1, "RFC 6120 §11.6", "not UTF-8")
	case r == '\r':
		return 0, 0, decline("R17", s.at, 1, "XML 1.0 §2.11", "a carriage return, which parsers turn into a line feed, or drop")
	case !isChar(r):
		return 0, 0, refuse("R18", s.at, n, "XML 1.0 §2.2", "a character that XML does not have")
	}
	return r, n, nil
}

// isChar tells whether XML has a character, XML 1.0 §2.2.
func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' || r >= ' ' && r <= 0xd7ff ||
		r >= 0xe000 && r <= 0xfffd || r >= 0x10000 && r <= 0x10ffff
}

func (s *scanner) reference() error {
	near := s.b[s.at+1 : min(len(s.b), s.at+maxReference)]
	n := bytes.IndexByte(near, ';')
	switch {
	case n < 0 && len(near) == maxReference-1 && !bytes.ContainsAny(near, " \t\n<&"):
		return decline("R5", s.at, maxReference, "RFC 6120 §13.12", "a reference of more than 64 bytes")
	case n < 0:
		return refuse("R18", s.at, 1, "XML 1.0 §4.1", "an ampersand that opens no reference")
	}
	named := string(near[:n])
	if c, ok := predefined[named]; ok {
		s.buffer, s.at = append(s.buffer, c), s.at+n+2
		return nil
	}
	if numeric(named) {
		return decline("R18", s.at, n+2, "XML 1.0 §4.1", "a character by its number: a second way to write text")
	}
	return refuse("R18", s.at, n+2, "XML 1.0 §4.1", "a reference to what XML does not have, or nobody declared")
}

// numeric tells whether a reference is a well-formed one to a character,
// XML 1.0 §4.1.
func numeric(named string) bool {
	if len(named) < 2 || named[0] != '#' {
		return false
	}
	digits, base := named[1:], 10
	if digits[0] == 'x' {
		digits, base = digits[1:], 16
	}
	v, err := strconv.ParseUint(digits, base, 31)
	return err == nil && isChar(rune(v))
}

// name reads a name. Deviates from XML 1.0 §2.3: names beyond ASCII are
// refused; no stanza that sets up a call has one.
func (s *scanner) name() (string, error) {
	at := s.at
	for s.at < len(s.b) && (nameStart(s.b[s.at]) || s.at > at && nameChar(s.b[s.at])) {
		s.at++
	}
	n := s.at - at
	switch {
	case s.at < len(s.b) && s.b[s.at] >= utf8.RuneSelf:
		if _, _, err := s.char(); err != nil {
			return "", err
		}
		_, wide := utf8.DecodeRune(s.b[s.at:])
		return "", decline("R17", s.at, wide, "XML 1.0 §2.3", "a name with characters beyond ASCII")
	case n == 0:
		return "", s.expected("XML 1.0 §2.3", "no name where one belongs")
	case n > maxName:
		return "", decline("R5", at, n, "RFC 6120 §13.12", "a name of more than 128 bytes")
	}
	raw := s.b[at:s.at]
	// Namespaces in XML §4: one colon at most, with a name on either side.
	if i := bytes.IndexByte(raw, ':'); i >= 0 &&
		(i == 0 || i == n-1 || !nameStart(raw[i+1]) || bytes.IndexByte(raw[i+1:], ':') >= 0) {
		return "", refuse("R18", at, n, "Namespaces in XML §4", "a name with a colon that divides no prefix from it")
	}
	return string(raw), nil
}

func nameStart(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == ':'
}

func nameChar(c byte) bool {
	return nameStart(c) || c >= '0' && c <= '9' || c == '-' || c == '.'
}
