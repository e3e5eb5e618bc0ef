package indicator

import (
	"strings"
	"unicode/utf8"
)

// marks are what people write in the place of a full stop, a colon, slashes or
// an at sign, so that nobody clicks on a link.
var marks = func() (all []struct{ written, meant string }) {
	for _, brackets := range []string{"[]", "()", "{}"} {
		for written, meant := range map[string]string{
			".": ".", "dot": ".", "DOT": ".", "Dot": ".", ":": ":", "://": "://", "/": "/", "//": "//", "@": "@", "at": "@", "AT": "@",
		} {
			all = append(all, struct{ written, meant string }{brackets[:1] + written + brackets[1:], meant})
		}
	}
	return all
}()

// isDefanged tells whether a word must be cleaned before links are looked for.
func isDefanged(word string) bool {
	for i := 0; i < len(word)-1; i++ {
		b, next := word[i], word[i+1]
		switch {
		case b >= utf8.RuneSelf:
			if r, n := utf8.DecodeRuneInString(word[i:]); isZeroWidth(r) || n == 3 && strings.ContainsRune(otherDots, r) || isFullWidth(r) {
				return true
			}
		case b == '\\' && strings.IndexByte("./:", next) >= 0:
			return true
		case b == '.' && strings.IndexByte("])}", next) >= 0:
			return true
		case is(b, isOpening) && strings.IndexByte(".dD:/@aA", next) >= 0:
			return true
		case b == '*' && next == '*':
			return true
		}
	}
	return false
}

// refang takes out what defangs the links of a word, and characters that are
// not seen. It may leave several words.
func refang(word string) string {
	var b strings.Builder
	b.Grow(len(word))
	stops := 0 // full stops since the last character that no host has
	for i := 0; i < len(word); {
		meant, n := refangAt(word, i, stops)
		switch {
		case meant == ".":
			stops++
		case len(meant) != 1 || !is(meant[0], isLabel):
			stops = 0
		}
		b.WriteString(meant)
		i += n
	}
	return b.String()
}

// refangAt gives what is meant by the n bytes at i.
func refangAt(word string, i, stops int) (meant string, n int) {
	rest := word[i:]
	switch b := rest[0]; {
	case b >= utf8.RuneSelf:
		return refangRune(word, i, stops)
	case b == '\\' && len(rest) > 1 && strings.IndexByte("./:", rest[1]) >= 0:
		return rest[1:2], 2
	case is(b, isOpening):
		for _, m := range marks {
			if strings.HasPrefix(rest, m.written) {
				return m.meant, len(m.written)
			}
		}
		if len(rest) > 2 && rest[1] == '.' && i > 0 && is(word[i-1], isLabel) && is(rest[2], isLabel) { // evil[.example
			return ".", 2
		}
	case b == '.' && len(rest) > 2 && strings.IndexByte("])}", rest[1]) >= 0 && i > 0 && is(word[i-1], isLabel) && is(rest[2], isLabel): // evil.]example
		return ".", 2
	case (b == 'h' || b == 'H') && strings.HasPrefix(rest[1:], "**p"):
		return "http", 4
	}
	return rest[:1], 1
}

// refangRune is refangAt for a character that is not ASCII.
func refangRune(word string, i, stops int) (meant string, n int) {
	r, n := utf8.DecodeRuneInString(word[i:])
	after := word[i+n:]
	switch {
	case isZeroWidth(r):
		if startsLink(after) { // two links that look like one
			return " ", n
		}
		return "", n
	case strings.ContainsRune(otherDots, r) && r != utf8.RuneError:
		// A full stop of a host only inside one: the text goes on after
		// "https://evil.example。".
		if stops == 0 && i > 0 && is(word[i-1], isLabel) && after != "" && is(after[0], isLabel) && (after[0] < utf8.RuneSelf || r == '．') {
			return ".", n
		}
		return " ", n
	case isFullWidth(r):
		return string(r - 0xfee0), n
	}
	return word[i : i+n], n
}

// isZeroWidth tells of characters that take no room: zero-width ones, soft
// hyphens, marks of direction.
func isZeroWidth(r rune) bool {
	return r == 0xad || 0x200b <= r && r <= 0x200f || 0x202a <= r && r <= 0x202e || 0x2060 <= r && r <= 0x2069 || r == 0xfeff
}

func isFullWidth(r rune) bool { return 0xff01 <= r && r <= 0xff5e }
