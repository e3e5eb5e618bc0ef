package ios

import (
	"bytes"
	"encoding/binary"
	"strings"
	"unicode/utf8"
)

// attributedText is the text of a message as attributedBody keeps it: an
// NSAttributedString in the typedstream form of NSArchiver. The first string
// behind the class NSString or NSMutableString is the text; "" when there is
// none.
//
// Source: the format as read by https://github.com/dgelessus/python-typedstream
// (description of the stream: tags 0x81 and 0x82 announce integers of two and
// four bytes, '+' a string of bytes).
func attributedText(b []byte) string {
	if !bytes.HasPrefix(b, []byte("\x04\x0bstreamtyped")) && !bytes.HasPrefix(b, []byte("\x04\x0btypedstream")) {
		return ""
	}
	at := bytes.Index(b, []byte("NSString"))
	if m := bytes.Index(b, []byte("NSMutableString")); m >= 0 && (at < 0 || m < at) {
		at = m
	}
	if at < 0 {
		return ""
	}
	b = b[at:]
	plus := bytes.IndexByte(b, '+')
	if plus < 0 || plus > 64 {
		return ""
	}
	b = b[plus+1:]
	if len(b) == 0 {
		return ""
	}
	n, rest := int(b[0]), b[1:]
	switch {
	case b[0] == 0x81 && len(b) >= 3:
		n, rest = int(binary.LittleEndian.Uint16(b[1:])), b[3:]
	case b[0] == 0x82 && len(b) >= 5:
		n, rest = int(binary.LittleEndian.Uint32(b[1:])), b[5:]
	case b[0] > 0x80:
		return ""
	}
	if n > len(rest) {
		n = len(rest)
	}
	if n < 0 {
		return ""
	}
	text := string(rest[:n])
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "\ufffd")
	}
	return text
}
