package turn

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/stun"
)

func ruleOf(err error) string {
	var r *wire.Refusal
	if errors.As(err, &r) {
		return r.Rule
	}
	return ""
}

func TestChannelData(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		rule string
	}{
		"three bytes":              {[]byte{0x40, 0, 0, 3, 1, 2, 3}, ""},
		"padded as in a stream":    {[]byte{0x4f, 0xff, 0, 1, 1, 0, 0, 0}, ""},
		"nothing":                  {[]byte{0x40, 0, 0, 0}, ""},
		"half a header":            {[]byte{0x40, 0, 0}, "R6"},
		"longer than the datagram": {[]byte{0x40, 0, 0, 4, 1, 2, 3}, "R6"},
		"something behind it":      {[]byte{0x40, 0, 0, 0, 1, 2, 3, 4}, "R6"},
		"a reserved channel":       {[]byte{0x50, 0, 0, 0}, "R3"},
	} {
		d, err := ParseChannel(c.b)
		if ruleOf(err) != c.rule {
			t.Errorf("%s: %v, want %q", name, err, c.rule)
		}
		if again, e := ParseChannel(d.AppendTo(nil)); err == nil && (e != nil || again.Channel != d.Channel || !bytes.Equal(again.Data, d.Data)) {
			t.Errorf("%s: written and read: %v, %v", name, again, e)
		}
	}
}

func TestCut(t *testing.T) {
	message := stun.Finish(stun.Begin(nil, stun.Request, stun.Allocate, [12]byte{1}), 0)
	stream := append(append([]byte{0x40, 0, 0, 1, 9, 0, 0, 0}, message...), 0x40, 1)
	var sizes []int
	for {
		n, err := Cut(stream)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			break
		}
		if err := Check(stream[:n]); err != nil {
			t.Errorf("%x: %v", stream[:n], err)
		}
		sizes, stream = append(sizes, n), stream[n:]
	}
	if len(sizes) != 2 || sizes[0] != 8 || sizes[1] != 20 || len(stream) != 2 {
		t.Errorf("%v, and %d bytes are left", sizes, len(stream))
	}
	for name, c := range map[string]struct {
		b    []byte
		rule string
	}{"HTTP": {[]byte("\xffGET"), "R3"}, "too long": {[]byte{0, 1, 0xff, 0xfc}, "R5"}, "a crooked length": {[]byte{0, 1, 0, 3}, "R6"}} {
		if _, err := Cut(c.b); ruleOf(err) != c.rule {
			t.Errorf("%s: %v, want %s", name, err, c.rule)
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add([]byte{0x40, 0, 0, 1, 9, 0, 0, 0})
	f.Add(stun.Finish(stun.Begin(nil, stun.Request, stun.Allocate, [12]byte{1}), 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = Check(b)
		for len(b) > 0 {
			n, err := Cut(b)
			if err != nil || n == 0 {
				return
			}
			if n < 0 || n > len(b) {
				t.Fatalf("%d bytes of %d", n, len(b))
			}
			b = b[n:]
		}
	})
}
