package draw

import (
	"html"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/ringfence/ringfence/internal/visible"
)

// maxText is how many characters of one text are shown anywhere.
const maxText = 200

// plain is a text as it may stand in a drawing.
func plain(s string, limit int) string { return visible.Text(s, limit, visible.Thin) }

// count writes a number with narrow spaces between thousands.
func count(n int) string { return visible.Count(n) }

// esc is plain, escaped for HTML and XML.
func esc(s string, limit int) string { return html.EscapeString(plain(s, limit)) }

// name keeps what may stand in an id.
func name(s string) string {
	s = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return -1
	}, s)
	return "f" + s[:min(len(s), 60)]
}

// advance is about how wide a character is, in parts of the size of the letters:
// rather too wide than too narrow, as fonts differ.
func advance(r rune) float64 {
	switch {
	case unicode.Is(unicode.M, r):
		return 0
	case r >= 0x1100 && !unicode.In(r, unicode.Arabic, unicode.Georgian, unicode.Latin, unicode.Greek, unicode.Common):
		return 1.05
	case strings.ContainsRune("mwMW@%—…", r) || r > 0x2100:
		return 1.05
	case strings.ContainsRune("iljtfr.,:;|!'()[] ", r):
		return 0.42
	case unicode.IsUpper(r):
		return 0.74
	}
	return 0.64
}

// extent is about how wide a text is at a size, in units of the drawing.
func extent(s string, size float64) (w float64) {
	for _, r := range s {
		w += advance(r) * size
	}
	return w
}

// fit cuts a text to a width. The second result says that it was cut.
func fit(s string, wide, size float64) (string, bool) {
	if extent(s, size) <= wide {
		return s, false
	}
	w := size
	for i, r := range s {
		if w += advance(r) * size; w > wide {
			return s[:i] + "…", true
		}
	}
	return s, false
}

// wrap breaks a text into at most rows lines of a width, at spaces where there are any.
// The last result says that not all of it is there.
func wrap(s string, wide, size float64, rows int) (lines []string, cut bool) {
	words := strings.Fields(s)
	for len(words) > 0 && len(lines) < rows {
		n := 1
		for n < len(words) && extent(strings.Join(words[:n+1], " "), size) <= wide {
			n++
		}
		line := strings.Join(words[:n], " ")
		words = words[n:]
		if len(lines) == rows-1 && len(words) > 0 {
			line += " " + strings.Join(words, " ")
			words = nil
		}
		line, short := fit(line, wide, size)
		cut = cut || short
		lines = append(lines, line)
	}
	return lines, cut || len(words) > 0
}

// backwards says that a text is read from right to left: its first letter with a
// direction is of such a script.
func backwards(s string) bool {
	for _, r := range s {
		if unicode.In(r, unicode.Hebrew, unicode.Arabic, unicode.Syriac, unicode.Thaana, unicode.Nko) {
			return true
		}
		if unicode.IsLetter(r) {
			return false
		}
	}
	return false
}

// brief writes a number in at most four characters, cut off and not rounded up.
func brief(n int) string {
	for _, u := range []struct {
		from int
		sign string
	}{{1_000_000_000, "G"}, {1_000_000, "M"}, {1_000, "k"}} {
		if n >= u.from {
			return strconv.Itoa(min(n/u.from, 999)) + u.sign
		}
	}
	return strconv.Itoa(n)
}

// num writes a length of the drawing. What is no number is nothing.
func num(f float64) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return "0"
	}
	return strconv.FormatFloat(math.Round(min(max(f, -1e6), 1e6)*10)/10, 'f', -1, 64)
}

// utc writes a time to the second.
func utc(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") }
