package jingle

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ringfence/ringfence/wire"
)

// Limits of what people and their programs choose, in bytes.
const (
	maxID         = 128
	maxSID        = 128
	maxLabel      = 64  // names of contents, codecs, parameters
	maxParameter  = 512 // values of parameters
	maxURI        = 256
	maxCredential = 512
	maxHost       = 255
	maxText       = 512
	maxJIDPart    = 1023 // RFC 7622 §3.1
)

// alphabet says what a value may consist of. Where the limits are those of the
// specification it is strict, and what breaks them is refused for that.
type alphabet struct {
	least, most int
	strict      bool
	has         func(rune) bool
	valid       func(string) bool // beyond the characters; nil where there is nothing beyond
}

// The alphabets.
var (
	id         = alphabet{least: 1, most: maxID, has: isToken}
	session    = alphabet{least: 1, most: maxSID, has: isToken}
	label      = alphabet{least: 1, most: maxLabel, has: isToken}
	phrase     = alphabet{most: maxParameter, has: isPhrase}
	uri        = alphabet{least: 1, most: maxURI, has: isToken}
	credential = alphabet{least: 1, most: maxCredential, has: isToken}
	host       = alphabet{least: 1, most: maxHost, has: isHost, valid: isDomain}
	sentence   = alphabet{most: maxText, has: isPrint}
	jid        = alphabet{least: 1, most: 3*maxJIDPart + 2, strict: true, has: isPrint, valid: isJID}
	ufrag      = alphabet{least: 4, most: 256, strict: true, has: isICE}  // RFC 8839 §5.4
	pwd        = alphabet{least: 22, most: 256, strict: true, has: isICE} // RFC 8839 §5.4
	foundation = alphabet{least: 1, most: 32, strict: true, has: isICE}   // RFC 8839 §5.1
)

// check refuses a value that is too short, too long, or of other characters.
func (a alphabet) check(r *reader, s string, at span, clause string) {
	no, n := decline, at.end-at.at
	if a.strict {
		no = refuse
	}
	switch i := strings.IndexFunc(s, func(c rune) bool { return !a.has(c) }); {
	case len(s) > a.most:
		r.stop(no("R5", at.at, n, clause, "a value that is too long"))
	case len(s) < a.least:
		r.stop(no("R6", at.at, n, clause, "a value that is too short"))
	case i >= 0:
		r.stop(character(no, s, i, at, clause))
	case a.valid != nil && !a.valid(s):
		r.stop(no("R17", at.at, n, clause, "a value that is put together wrongly"))
	}
}

// character refuses one character, where it can be told which: behind a
// reference, bytes of the value are no longer bytes of the input.
func character(no func(string, int, int, string, string) *wire.Refusal, s string, i int, at span, clause string) *wire.Refusal {
	const reason = "a character that this value may not have"
	if len(s) != at.end-at.at {
		return no("R17", at.at, at.end-at.at, clause, reason)
	}
	_, n := utf8.DecodeRuneInString(s[i:])
	return no("R17", at.at+i, n, clause, reason)
}

// isToken has the visible characters of ASCII but for the five that XML has
// references for.
func isToken(r rune) bool { return r > ' ' && r < 0x7f && !strings.ContainsRune(`"&'<>`, r) }

func isPhrase(r rune) bool { return r == ' ' || isToken(r) }

// isPrint leaves out what is not seen: controls, marks of direction, and what
// divides lines.
func isPrint(r rune) bool { return unicode.IsPrint(r) }

// isICE has ice-char, RFC 8839 §5.1.
func isICE(r rune) bool { return isAlphanumeric(r) || r == '+' || r == '/' }

func isHost(r rune) bool { return isAlphanumeric(r) || strings.ContainsRune("-.:", r) }

func isAlphanumeric(r rune) bool {
	return r >= '0' && r <= '9' || r|0x20 >= 'a' && r|0x20 <= 'z'
}

// isDomain tells whether a value is an address or a name of labels.
func isDomain(s string) bool {
	if ip, err := netip.ParseAddr(s); err == nil {
		return ip.Zone() == ""
	}
	for l := range strings.SplitSeq(s, ".") {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.Contains(l, ":") {
			return false
		}
	}
	return true
}

// isJID tells whether a value is a JID by its form, RFC 7622 §3.
// todo RFC 7622 §3.3.1: the profile that tells which JIDs are the same.
func isJID(s string) bool {
	rest, resource, divided := strings.Cut(s, "/")
	if divided && (resource == "" || len(resource) > maxJIDPart) {
		return false
	}
	local, domain, divided := strings.Cut(rest, "@")
	if !divided {
		local, domain = "", rest
	} else if local == "" || len(local) > maxJIDPart || strings.ContainsAny(local, `"&':<> `) {
		return false
	}
	if in, ok := strings.CutPrefix(domain, "["); ok {
		ip, err := netip.ParseAddr(strings.TrimSuffix(in, "]"))
		return err == nil && ip.Is6() && ip.Zone() == "" && strings.HasSuffix(in, "]")
	}
	return len(domain) <= maxJIDPart && !strings.ContainsFunc(domain, notDomain) && isDomain(domain)
}

// notDomain finds what no label has, U-labels (RFC 5890 §2.3.2.1) included.
func notDomain(r rune) bool {
	return r < utf8.RuneSelf && !isAlphanumeric(r) && r != '-' && r != '.' ||
		r >= utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r)
}
