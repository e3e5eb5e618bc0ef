package visible

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

const most = 400

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"bob":                            "bob",
		"مرحبا 東京 é":                     "مرحبا 東京 é",
		"a\u202eb":                       `a\u{202e}b`,
		"a\u2066b\u2069":                 `a\u{2066}b\u{2069}`,
		"a\x00\x1b[0m\r\n":               `a\u{0}\u{1b}[0m\u{d}\u{a}`,
		"a\u200bb\ufeff\u00ad":           `a\u{200b}b\u{feff}\u{ad}`,
		"\xff\xfe":                       `\xff\xfe`,
		"a\u00a0\u3000b":                 `a\u{a0}\u{3000}b`,
		"\U000e0041":                     `\u{e0041}`,
		"x" + "\u0301\u0301\u0301\u0301": "x\u0301\u0301" + `\u{301}\u{301}`,
		"\u3164\uffa0":                   `\u{3164}\u{ffa0}`,
	} {
		if got := Text(in, most); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	if got := Text(strings.Repeat("é", 1000), most); got != strings.Repeat("é", most)+"… (1200 more bytes)" {
		t.Errorf("a long text: %q", got)
	}
	if got := Text("a\n\tb\u202f", most, '\n', Thin); got != "a\n\\u{9}b\u202f" {
		t.Errorf("with what is kept: %q", got)
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1\u202f000", -1234567: "-1\u202f234\u202f567", -100: "-100"} {
		if got := Count(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}

func FuzzText(f *testing.F) {
	f.Add("a\u202e\x00\xff")
	f.Fuzz(func(t *testing.T, s string) {
		out := Text(s, most)
		if !utf8.ValidString(out) || utf8.RuneCountInString(out) > 11*most {
			t.Fatalf("%q becomes %q", s, out)
		}
		for _, r := range out {
			if r != ' ' && (!unicode.IsGraphic(r) || unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Bidi_Control, r)) {
				t.Fatalf("%q becomes %q, which has %U", s, out, r)
			}
		}
	})
}
