package wire

import (
	"bytes"
	"testing"
)

func TestPlain(t *testing.T) {
	for _, n := range []int{0, 1, 7, 8, 9, 16, 23} {
		for at := range n {
			for c := range 256 {
				b := bytes.Repeat([]byte{'a'}, n)
				b[at] = byte(c)
				want := n
				if c < 0x20 || c >= 0x7f {
					want = at
				}
				if got := Plain(b); got != want {
					t.Fatalf("%q: %d, want %d", b, got, want)
				}
			}
		}
	}
}
