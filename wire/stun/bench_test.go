package stun

import (
	"testing"

	pion "github.com/pion/stun/v4"
)

// A Binding request as ICE sends it: RFC 5769 §2.1.
func BenchmarkParse(b *testing.B) {
	in := bytesOf(b, request)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Parse(in); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPion(b *testing.B) {
	in, m := bytesOf(b, request), new(pion.Message)
	b.ReportAllocs()
	for b.Loop() {
		if err := pion.Decode(in, m); err != nil {
			b.Fatal(err)
		}
	}
}
