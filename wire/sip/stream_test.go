package sip

import (
	"strings"
	"testing"
)

func TestFrame(t *testing.T) {
	one := string(message(invite))
	with := func(length, body string) string {
		return strings.Replace(one, "Content-Length: 0\r\n", length, 1) + body
	}
	for name, c := range map[string]struct {
		stream string
		size   int
		rule   string
	}{
		"a whole message":          {one, len(one), ""},
		"one and the next":         {one + one, len(one), ""},
		"a part of the header":     {one[:40], 0, ""},
		"nothing":                  {"", 0, ""},
		"a body still to come":     {with("Content-Length: 5\r\n", "ab"), len(with("Content-Length: 5\r\n", "abcde")), ""},
		"the compact form":         {with("l: 5\r\n", "abcde"), len(with("l: 5\r\n", "abcde")), ""},
		"no length":                {with("", ""), 0, "R17"},
		"two lengths":              {with("Content-Length: 0\r\nl: 5\r\n", "abcde"), 0, "R17"},
		"a length beyond all":      {with("Content-Length: 65536\r\n", ""), 0, "R5"},
		"a header that never ends": {strings.Repeat("a", MaxMessage+1), 0, "R5"},
	} {
		size, err := Frame([]byte(c.stream))
		r := refusal(err)
		if size != c.size || (r == nil) != (c.rule == "") || r != nil && r.Rule != c.rule {
			t.Errorf("%s: %d, %v; want %d, %q", name, size, err, c.size, c.rule)
		}
	}
}

// Those who look on go on behind what is refused, but not behind what has no end.
func TestCut(t *testing.T) {
	one := string(message(invite))
	with := func(length, body string) string {
		return strings.Replace(one, "Content-Length: 0\r\n", length, 1) + body
	}
	broken := strings.Replace(one, "From: Alice", "From: \"Alice", 1)
	for name, c := range map[string]struct {
		stream string
		size   int
		rule   string
	}{
		"a whole message":             {one + one, len(one), ""},
		"one that breaks the grammar": {broken + one, len(broken), ""},
		"empty lines":                 {"\r\n\r\n" + one, 4, ""},
		"no length":                   {with("", "") + one, len(with("", "")), ""},
		"a part":                      {one[:40], 0, ""},
		"a body still to come":        {with("l: 5\r\n", "abc"), 0, ""},
		"two lengths":                 {with("l: 5\r\nContent-Length: 0\r\n", "abcde"), 0, "R6"},
		"a length in the next line":   {with("l:\r\n 5\r\n", "abcde"), 0, "R6"},
		"a length that is none":       {with("l: five\r\n", "abcde"), 0, "R6"},
		"a length beyond all":         {with("Content-Length: 65536\r\n", ""), 0, "R5"},
		"a header that never ends":    {strings.Repeat("a", MaxMessage+1), 0, "R5"},
	} {
		size, err := Cut([]byte(c.stream))
		r := refusal(err)
		if size != c.size || (r == nil) != (c.rule == "") || r != nil && r.Rule != c.rule {
			t.Errorf("%s: %d, %v; want %d, %q", name, size, err, c.size, c.rule)
		}
	}
}

// What Frame cuts off is what Parse takes, and what those see who look on.
func FuzzFrame(f *testing.F) {
	f.Add(message(invite))
	f.Add(message(strings.Replace(invite, "Content-Length: 0", "Content-Length: 3", 1), "abc"))
	f.Fuzz(func(t *testing.T, b []byte) {
		size, err := Frame(b)
		if err != nil || size == 0 || size > len(b) {
			return
		}
		if r := refusal(Check(b[:size])); r != nil && r.Rule == "R6" {
			t.Errorf("Frame says %d bytes, Parse: %v", size, r)
		}
		if n, err := Cut(b); b[0] != '\r' && err == nil && n != size {
			t.Errorf("Frame says %d bytes, Cut %d", size, n)
		}
	})
}
