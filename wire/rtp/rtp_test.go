package rtp

import "testing"

func packet(first byte, rest ...byte) []byte {
	b := append([]byte{first, 96, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3}, rest...)
	return append(b, make([]byte, tag)...)
}

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		b  []byte
		ok bool
	}{
		"plain":                   {packet(0x80), true},
		"two sources":             {packet(0x82, make([]byte, 8)...), true},
		"three sources in eight":  {packet(0x83, make([]byte, 8)...), false},
		"extension":               {packet(0x90, 0xbe, 0xde, 0, 1, 1, 2, 3, 4), true},
		"extension without room":  {packet(0x90), false},
		"extension of 65535":      {packet(0x90, 0xbe, 0xde, 0xff, 0xff, 1, 2, 3, 4), false},
		"extension one too long":  {packet(0x90, 0xbe, 0xde, 0, 2, 1, 2, 3, 4), false},
		"version 1":               {packet(0x40), false},
		"no authentication tag":   {packet(0x80)[:21], false},
		"empty":                   {nil, false},
		"sources and extension":   {packet(0x91, 0, 0, 0, 9, 0xbe, 0xde, 0, 0), true},
		"extension hides in tag":  {packet(0x91, 0, 0, 0, 9), false},
		"fifteen sources and tag": {packet(0x8f, make([]byte, 59)...), false},
	} {
		if err := Check(c.b); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add(packet(0x90, 0xbe, 0xde, 0, 1, 1, 2, 3, 4))
	f.Fuzz(func(t *testing.T, b []byte) {
		if Check(b) == nil && len(b) < header+tag {
			t.Fatalf("%x was accepted", b)
		}
	})
}
