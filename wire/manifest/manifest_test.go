package manifest

import (
	"crypto/ed25519"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

const (
	one = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	two = "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
)

func example() Manifest {
	return Manifest{Version: 1, Build: "v1.2.0-3-gabcdef0", Files: map[string]string{"/": two, "/worker.js": one, "/assets/a.b1.wasm": one}}
}

const text = "ringfence web build\nbuild v1.2.0-3-gabcdef0\n" +
	two + " /\n" + one + " /assets/a.b1.wasm\n" + one + " /worker.js\n"

func TestText(t *testing.T) {
	got, err := example().Text()
	if err != nil || got != text {
		t.Fatalf("%q %v", got, err)
	}
	m, err := Parse(text)
	if err != nil || !reflect.DeepEqual(m, example()) {
		t.Errorf("%+v %v", m, err)
	}
}

func TestRefused(t *testing.T) {
	many := strings.Builder{}
	for i := range MaxFiles + 1 {
		fmt.Fprintf(&many, "%s /%06d\n", one, i)
	}
	head, first, last := "ringfence web build\nbuild v1\n", two+" /\n", one+" /worker.js\n"
	for name, bad := range map[string]string{
		"empty":               "",
		"another origin":      strings.Replace(text, "web", "wEb", 1),
		"no build":            "ringfence web build\n" + first,
		"an empty build":      "ringfence web build\nbuild \n" + first,
		"a build of two":      "ringfence web build\nbuild a b\n" + first,
		"a long build":        "ringfence web build\nbuild " + strings.Repeat("a", 101) + "\n" + first,
		"no files":            head,
		"no last line end":    strings.TrimSuffix(text, "\n"),
		"not sorted":          head + last + first,
		"a file twice":        head + first + first,
		"two hashes of one":   head + first + one + " /\n",
		"an empty line":       head + first + "\n" + last,
		"upper case":          head + strings.ToUpper(two) + " /\n",
		"a short hash":        head + two[2:] + " /\n",
		"no path":             head + two + "\n",
		"a relative path":     head + two + " worker.js\n",
		"a path with a space": head + two + " /a b\n",
		"a query":             head + two + " /?a\n",
		"carriage returns":    strings.ReplaceAll(text, "\n", "\r\n"),
		"something behind":    text + "\n",
		"too many":            head + many.String(),
	} {
		if m, err := Parse(bad); err == nil {
			t.Errorf("%s: %+v", name, m)
		}
	}
	for _, m := range []Manifest{{}, {Version: 2, Build: "v1", Files: example().Files}, {Version: 1, Build: "a\nb", Files: example().Files}} {
		if text, err := m.Text(); err == nil {
			t.Errorf("%+v has the text %q", m, text)
		}
	}
}

// The server's signature is one that every verifier of notes understands.
func TestServerKey(t *testing.T) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	s, err := ServerSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	msg, err := note.Sign(&note.Note{Text: text}, s)
	if err != nil {
		t.Fatal(err)
	}
	verifierKey, err := ServerKey(key.Public().(ed25519.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	v, err := note.NewVerifier(verifierKey)
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(msg, note.VerifierList(v))
	if err != nil || n.Text != text || len(n.Sigs) != 1 || n.Sigs[0].Name != "ringfence-server" {
		t.Errorf("%+v %v", n, err)
	}
	if _, err := ServerKey(nil); err == nil {
		t.Error("an empty key is one")
	}
}

// What is read has one text, and that is what was read.
func FuzzParse(f *testing.F) {
	f.Add(text)
	f.Add("ringfence web build\nbuild v1\n")
	f.Fuzz(func(t *testing.T, s string) {
		m, err := Parse(s)
		if err != nil {
			return
		}
		if again, err := m.Text(); err != nil || again != s {
			t.Fatalf("%q became %q (%v)", s, again, err)
		}
	})
}
