package rtcp

import (
	"errors"
	"testing"

	"github.com/ringfence/ringfence/wire"
)

func packet(kind byte, words byte, body int) []byte {
	return append([]byte{0x81, kind, 0, words}, make([]byte, body+4+trailer)...)
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		rule string
	}{
		"receiver report":         {packet(201, 1, 0), ""},
		"feedback":                {packet(206, 3, 8), ""},
		"longer than the packet":  {packet(201, 7, 0), "R6"},
		"into the trailer":        {packet(201, 2, 0), "R6"},
		"no sender":               {packet(201, 0, 0), "R6"},
		"shorter than a trailer":  {packet(201, 1, 0)[:21], "R6"},
		"version 1":               {append([]byte{0x41}, packet(201, 1, 0)[1:]...), "R6"},
		"type 194":                {packet(194, 1, 0), "R3"},
		"type 223":                {packet(223, 1, 0), "R3"},
		"empty":                   {nil, "R6"},
		"65535 words in 22 bytes": {append([]byte{0x81, 200, 0xff, 0xff}, make([]byte, 18)...), "R6"},
	} {
		err, rule := Check(c.b), ""
		var r *wire.Refusal
		if errors.As(err, &r) {
			rule = r.Rule
		}
		if rule != c.rule {
			t.Errorf("%s: %v, want %q", name, err, c.rule)
		}
	}
	if !Is(packet(201, 1, 0)) || Is([]byte{0x80, 96}) || Is([]byte{0x80}) {
		t.Error("RTCP is told from RTP by its second byte")
	}
}

func FuzzCheck(f *testing.F) {
	f.Add(packet(206, 3, 8))
	f.Fuzz(func(t *testing.T, b []byte) {
		if Check(b) == nil && len(b) < header+trailer {
			t.Fatalf("%x was accepted", b)
		}
	})
}
