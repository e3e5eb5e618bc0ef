package console

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxText is how many characters of a text that others wrote are shown.
const maxText = 400

// inert makes a text that an attacker may have had a hand in safe to read:
// control, format and other invisible characters, among them those that turn
// the direction of what follows (Unicode TR 36 §2.4), become visible escapes,
// stacked marks are thinned out, and what is too long is cut and says so.
// html/template then sees to it that nothing in it is markup.
func inert(s string) string {
	var b strings.Builder
	shown, marks := 0, 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if shown == maxText {
			fmt.Fprintf(&b, "… (%d more bytes)", len(s)-i)
			break
		}
		if unicode.Is(unicode.M, r) {
			marks++
		} else {
			marks = 0
		}
		b.WriteString(visible(r, s[i:i+size], marks))
		i += size
		shown++
	}
	return b.String()
}

func visible(r rune, raw string, marks int) string {
	switch {
	case r == utf8.RuneError && len(raw) == 1:
		return fmt.Sprintf(`\x%02x`, raw[0])
	case r == ' ':
		return " "
	case marks > 2, !unicode.IsGraphic(r), unicode.Is(unicode.Zs, r), unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r), unicode.Is(unicode.Variation_Selector, r):
		if r > 0xffff {
			return fmt.Sprintf(`\U%08x`, r)
		}
		return fmt.Sprintf(`\u%04x`, r)
	}
	return raw
}
