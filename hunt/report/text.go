package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// maxText is how many characters of one text of a record are shown.
const maxText = 200

// shown is a text from the records as it may stand on a page or a terminal:
// characters that hide, turn the direction of text or drive a terminal are seen,
// and so is what was cut.
func shown(s string) string {
	var b strings.Builder
	marks := 0
	for i, n := 0, 0; i < len(s); n++ {
		if n == maxText {
			fmt.Fprintf(&b, " ... (%d more bytes)", len(s)-i)
			break
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if marks++; !unicode.Is(unicode.M, r) {
			marks = 0
		}
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case marks > 2 || !unicode.IsPrint(r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector):
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

// utc writes a time as in the records, to the second.
func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// count writes a number with narrow spaces between thousands (ISO 80000-1 §7.3.1).
func count[N int | int64](n N) string {
	s := strconv.FormatInt(int64(n), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// counted is count for a template, which knows types only when it runs.
func counted(n any) string {
	if n, ok := n.(int64); ok {
		return count(n)
	}
	return count(n.(int))
}

// short writes a place in a drawing.
func short(f float64) string { return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64) }
