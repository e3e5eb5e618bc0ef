// Package visible makes texts that others wrote safe to read, on a page and on a
// terminal.
package visible

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Text is a text that an attacker may have had a hand in as it may stand on a page,
// a drawing or a terminal: at most some characters of it, and it says what was cut.
// Control, format and other invisible characters, among them those that turn the
// direction of what follows (Unicode TR 36 §2.4), become visible escapes, as do
// marks piled up on one letter and bytes that are no UTF-8. Of spaces only the plain
// one stays, and what is given to keep.
//
// It is not escaped for HTML.
func Text(s string, most int, keep ...rune) string {
	var b strings.Builder
	marks := 0
	for i, n := 0, 0; i < len(s); n++ {
		if n == most {
			fmt.Fprintf(&b, "… (%d more bytes)", len(s)-i)
			break
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if marks++; !unicode.Is(unicode.M, r) {
			marks = 0
		}
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case slices.Contains(keep, r), marks < 3 && plain(r):
			b.WriteString(s[i : i+size])
		default:
			fmt.Fprintf(&b, `\u{%x}`, r)
		}
		i += size
	}
	return b.String()
}

func plain(r rune) bool {
	return unicode.IsPrint(r) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// Thin is the space between thousands.
const Thin = '\u202f'

// Count writes a number with narrow spaces between thousands (ISO 80000-1 §7.3.1).
func Count[N ~int | ~int64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + string(Thin) + s[i:]
	}
	return s
}
