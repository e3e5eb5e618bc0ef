package dtls

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"testing"
)

// clientHelloBody is a hello with GREASE, a name, SRTP and two signature
// algorithms.
func clientHelloBody() []byte {
	b := append([]byte{0xfe, 0xfd}, make([]byte, 32)...)
	b = append(b, 0, 0)                                           // session id, cookie
	b = append(b, 0, 6, 0xc0, 0x2f, 0x0a, 0x0a, 0xc0, 0x2b, 1, 0) // suites, compression
	var e []byte
	add := func(kind uint16, data ...byte) {
		e = binary.BigEndian.AppendUint16(e, kind)
		e = append(binary.BigEndian.AppendUint16(e, uint16(len(data))), data...)
	}
	add(0x1a1a)
	add(UseSRTP, 0, 2, 0, 1, 0)
	add(SignatureAlgorithms, 0, 4, 4, 3, 8, 4)
	add(ServerName, 0, 0)
	add(ALPN, 0, 7, 6, 'w', 'e', 'b', 'r', 't', 'c')
	return append(binary.BigEndian.AppendUint16(b, uint16(len(e))), e...)
}

func TestClientHello(t *testing.T) {
	body := clientHelloBody()
	h, err := ParseClientHello(body)
	if err != nil || len(h.Suites) != 3 || len(h.Extensions) != 5 || h.Cookie {
		t.Fatalf("%+v, %v", h, err)
	}
	short := func(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s)))[:12] }
	if got, want := h.JA4(), "dd2d0204wc_"+short("c02b,c02f")+"_"+short("000d,000e_0403,0804"); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	for n := range body {
		if _, err := ParseClientHello(body[:n]); err == nil && n != 46 { // without extensions it is whole as well
			t.Errorf("the first %d of %d bytes pass", n, len(body))
		}
	}
	if _, err := ParseClientHello(append(body, 0)); err == nil {
		t.Error("a byte behind the extensions passes")
	}
}

// A hello that comes in fragments, in any order, is the same hello.
func TestFragmentedHello(t *testing.T) {
	body := clientHelloBody()
	whole, err := ParseClientHello(body)
	if err != nil {
		t.Fatal(err)
	}
	part := func(from, to int) []byte {
		return recordOf(handshake, version12, 0, message(clientHello, len(body), from, body[from:to]...)...)
	}
	var a Hello
	for _, p := range [][]byte{part(60, len(body)), part(0, 30)} {
		if h, err := a.Add(p); h != nil || err != nil {
			t.Fatalf("not whole yet: %v, %v", h, err)
		}
	}
	h, err := a.Add(part(20, 61)) // overlaps
	if err != nil || h == nil || h.JA4() != whole.JA4() {
		t.Fatalf("%v, %v", h, err)
	}
	if _, err := a.Add(part(0, 30)); err != nil {
		t.Error(err)
	}
	other := append([]byte(nil), body...)
	other[25] ^= 1
	if _, err := a.Add(recordOf(handshake, version12, 0, message(clientHello, len(other), 20, other[20:40]...)...)); err == nil {
		t.Error("fragments that disagree pass")
	}
	if _, err := a.Add(recordOf(handshake, version12, 0, message(clientHello, len(body)+1, 30, body[30:40]...)...)); err == nil {
		t.Error("another length passes")
	}
	if _, err := new(Hello).Add(recordOf(handshake, version12, 0, message(clientHello, 1<<20, 0, 1, 2)...)); err == nil {
		t.Error("a megabyte passes")
	}
}

func FuzzHello(f *testing.F) {
	body := clientHelloBody()
	f.Add(recordOf(handshake, version12, 0, message(clientHello, len(body), 0, body...)...), []byte{})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		var all Hello
		for _, p := range [][]byte{a, b} {
			if Check(p) != nil {
				continue
			}
			if h, err := all.Add(p); err == nil && h != nil && len(h.JA4()) != 36 {
				t.Fatalf("%q", h.JA4())
			}
		}
	})
}
