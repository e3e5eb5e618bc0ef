package console

import (
	"net/url"
	"strings"
	"testing"
	"unicode"

	"github.com/ringfence/ringfence/guard"
)

// A filter that is read and written back is the same filter.
func FuzzQuery(f *testing.F) {
	f.Add("rule=R5&severity=high&account=bob&origin=range&from=2026-11-22T10:00&before=7")
	f.Add("account=00112233445566778899aabbccddeeff&kind=offer&action=drop&call=00112233445566778899aabbccddeeff")
	f.Fuzz(func(t *testing.T, raw string) {
		v, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		q, err := parseQuery(v)
		if err != nil {
			if strings.ContainsFunc(err.Error(), func(r rune) bool { return unicode.Is(unicode.Bidi_Control, r) || r < ' ' }) {
				t.Fatalf("an error with what was sent in it: %q", err)
			}
			return
		}
		again, err := parseQuery(q.values())
		if err != nil || again.filter != q.filter || again.Account != q.Account {
			t.Fatalf("%q: %+v, then %+v (%v)", raw, q, again, err)
		}
	})
}

// The words of the console cover everything that the guard can say.
func TestWords(t *testing.T) {
	for _, l := range limits(guard.DefaultConfig()) {
		if limitWords[l.Name] == "" {
			t.Errorf("limit %s has no words", l.Name)
		}
	}
	for _, r := range guard.Catalogue() {
		for _, k := range r.Kinds {
			if kindWords[k] == "" || kindShort[k] == "" {
				t.Errorf("event %q of rule %s has no words", k, r.ID)
			}
		}
		if actionWords[r.Action] == "" || actionPlain[r.Action] == "" {
			t.Errorf("action %q of rule %s has no words", r.Action, r.ID)
		}
	}
}

func TestReferences(t *testing.T) {
	for text, want := range map[string]string{
		"CVE-2019-3568":                  "https://nvd.nist.gov/vuln/detail/CVE-2019-3568",
		"RFC 8656 §9":                    "https://www.rfc-editor.org/rfc/rfc8656#section-9",
		"RFC 8656, section 9.1 and more": "https://www.rfc-editor.org/rfc/rfc8656#section-9.1",
		"RFC 3550":                       "https://www.rfc-editor.org/rfc/rfc3550",
		"https://nvd.nist.gov/x":         "https://nvd.nist.gov/x",
		"http://nvd.nist.gov/x":          "",
		"javascript:alert(1)":            "",
		"docs/protocol.md":               "",
		"CVE-2019-3568 and others":       "",
	} {
		if got := newReference(text); got.URL != want {
			t.Errorf("%q leads to %q, want %q", text, got.URL, want)
		}
	}
}
