package wire

import (
	"net/netip"
	"testing"
)

var addresses = []string{"192.0.2.1", "0.0.0.0", "255.255.255.255", "192.0.2.01", "192.0.2", "192.0.2.1.1", "192.0.2.256", "", "1", "::", "::1", "1::", "2001:db8::1", "2001:db8:0:0:0:0:0:1", "1:2:3:4:5:6:7:8",
	"1:2:3:4:5:6:7::", "::2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::ffff:127.0.0.1", "::1.2.3.4.5", "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:7:1.2.3.4", ":::", "1:::2", "1::2::3", "1:", ":1", "12345::",
	"fe80::1%eth0", "FE80::ABCD", "g::", "::1.", "0x7f.1", "127.1", "1:2:3:4:5:6:7:8:", "::%"}

// agrees with the standard library, which reads zones besides.
func agrees(t *testing.T, s string) {
	t.Helper()
	got, ok := Literal([]byte(s))
	want, err := netip.ParseAddr(s)
	if ok != (err == nil && want.Zone() == "") || ok && got != want {
		t.Errorf("%q: %v, %v; the standard library says %v, %v", s, got, ok, want, err)
	}
}

func TestLiteral(t *testing.T) {
	for _, s := range addresses {
		agrees(t, s)
	}
	b := []byte("2001:db8:ffff:ffff:ffff:ffff:192.0.2.255")
	if n := testing.AllocsPerRun(100, func() { Literal(b) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzLiteral(f *testing.F) {
	for _, s := range addresses {
		f.Add(s)
	}
	f.Fuzz(agrees)
}
