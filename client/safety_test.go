package client

import (
	"strings"
	"testing"

	"github.com/ringfence/ringfence/wire"
)

func TestSafetyNumber(t *testing.T) {
	ed, curve := make([]byte, 32), make([]byte, 32)
	ed[0], curve[0] = 1, 2
	a, b := half(wire.ID{1}, ed, curve), half(wire.ID{2}, curve, ed)
	if n := safetyDigits(a, b); len(n) != 60 || n != safetyDigits(b, a) || strings.Trim(n, "0123456789") != "" {
		t.Errorf("%q and %q", n, safetyDigits(b, a))
	}
	// Everything that it stands for changes it.
	other := make([]byte, 32)
	for name, h := range map[string]string{
		"account":    half(wire.ID{3}, ed, curve),
		"ed25519":    half(wire.ID{1}, other, curve),
		"curve25519": half(wire.ID{1}, ed, other),
	} {
		if h == a {
			t.Errorf("another %s, the same number", name)
		}
	}
	// Fixed: another build must show the same number for the same keys.
	if want := "158538747469471529340431455337"; a != want {
		t.Errorf("the number of these keys is %s, and was %s", a, want)
	}
}

func TestQRIsADrawing(t *testing.T) {
	s, err := svg("RINGFENCE:" + strings.Repeat("12345", 12))
	if err != nil || !strings.HasPrefix(s, "<svg ") || !strings.HasSuffix(s, "</svg>") || strings.Contains(s, "script") {
		t.Errorf("%.80s %v", s, err)
	}
}
