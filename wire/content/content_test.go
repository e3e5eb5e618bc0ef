package content

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

func examples() []Content {
	p := call.Parameters{Call: wire.ID{1}, Leg: call.Caller, Media: wire.Video, Fingerprint: [32]byte{2}}
	copy(p.Ufrag[:], "abcd")
	copy(p.Password[:], "abcdefghijklmnopqrstuvwx")
	return []Content{
		{Kind: Text, ID: wire.ID{1}, SentAt: 1700000000000, Text: "good morning, صباح الخير"},
		{Kind: Receipt, State: Read, IDs: []wire.ID{{1}, {2}}},
		{Kind: Token, Token: [32]byte{3}},
		{Kind: Parameters, Call: p},
		{Kind: Restart, Restart: call.Restart{Number: 1, Parameters: p}},
	}
}

func TestRoundTrip(t *testing.T) {
	for _, c := range examples() {
		b := c.AppendTo(nil)
		got, err := Parse(b)
		if err != nil || !bytes.Equal(got.AppendTo(nil), b) {
			t.Errorf("kind %d: %v", c.Kind, err)
		}
	}
	if got, _ := Parse(examples()[0].AppendTo(nil)); got.Text != examples()[0].Text || got.SentAt != 1700000000000 {
		t.Errorf("got %+v", got)
	}
}

func TestRefused(t *testing.T) {
	text := func(s string) []byte { return Content{Kind: Text, ID: wire.ID{1}, Text: s}.AppendTo(nil) }
	for name, c := range map[string]struct {
		in   []byte
		rule string
	}{
		"empty":            {nil, "R5"},
		"unknown kind":     {[]byte{9, 1}, "R3"},
		"no text":          {text(""), "R5"},
		"text too long":    {text(strings.Repeat("a", MaxText+1)), "R5"},
		"not UTF-8":        {text("a\xff"), "R17"},
		"overlong UTF-8":   {text("\xc0\xaf"), "R17"},
		"NUL":              {text("a\x00b"), "R17"},
		"text without id":  {Content{Kind: Text, Text: "a"}.AppendTo(nil), "R3"},
		"receipt of none":  {[]byte{2, 1}, "R5"},
		"receipt cut":      {append([]byte{2, 1}, make([]byte, 17)...), "R5"},
		"receipt of 257":   {append([]byte{2, 1}, make([]byte, 16*257)...), "R5"},
		"receipt's state":  {append([]byte{2, 3}, make([]byte, 16)...), "R7"},
		"token too short":  {[]byte{3, 1}, "R5"},
		"token too long":   {append([]byte{3}, make([]byte, 33)...), "R5"},
		"parameters short": {[]byte{4, 1}, "R5"},
		"restart short":    {[]byte{5, 1}, "R5"},
		"restart number 0": {append([]byte{5}, make([]byte, 81)...), "R7"},
		"SDP as parameter": {append([]byte{4}, "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\n"...), "R5"},
	} {
		var r *wire.Refusal
		if _, err := Parse(c.in); !errors.As(err, &r) || r.Rule != c.rule {
			t.Errorf("%s: %v, want %s", name, err, c.rule)
		}
	}
	if _, err := Parse(text(strings.Repeat("a", MaxText))); err != nil {
		t.Errorf("the longest text: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, c := range examples() {
		f.Add(c.AppendTo(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Parse(b)
		if err == nil && !bytes.Equal(c.AppendTo(nil), b) {
			t.Fatalf("%x was accepted and written back as %x", b, c.AppendTo(nil))
		}
	})
}
