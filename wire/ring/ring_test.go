package ring

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ringfence/ringfence/wire"
)

func example() Ring {
	r := Ring{Media: wire.Video, TTL: MaxTTL}
	for i := range r.Call {
		r.Call[i], r.Caller[i] = byte(i+1), byte(0xf0+i)
	}
	return r
}

// The layout, byte by byte, as docs/protocol.md has it.
func TestLayout(t *testing.T) {
	want := []byte{
		0x20, 0x01, // type, version
		1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, // call id
		0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd, 0xfe, 0xff, // caller
		2, 0, // video, reserved
		0x00, 0x00, 0xea, 0x60, // 60000 ms
	}
	if got := example().AppendTo(nil); !bytes.Equal(got, want) {
		t.Fatalf("got  %x\nwant %x", got, want)
	}
	if got, err := Parse(want); err != nil || got != example() {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestRefused(t *testing.T) {
	change := func(at int, v byte) []byte {
		b := example().AppendTo(nil)
		b[at] = v
		return b
	}
	whole := example().AppendTo(nil)
	for name, c := range map[string]struct {
		in   []byte
		rule string
		at   int
	}{
		"empty":           {nil, "R2", 0},
		"one byte short":  {whole[:Size-1], "R2", Size - 1},
		"one byte more":   {append(bytes.Clone(whole), 0), "R2", Size},
		"another type":    {change(0, 0x21), "R3", 0},
		"another version": {change(1, 2), "R3", 1},
		"no media":        {change(34, 0), "R7", 34},
		"unknown media":   {change(34, 3), "R7", 34},
		"reserved byte":   {change(35, 1), "R3", 35},
		"expiry too far":  {change(36, 1), "R5", 36},
		"no call":         {append(append([]byte{0x20, 1}, make([]byte, 16)...), whole[18:]...), "R3", 2},
		"no caller":       {append(append(bytes.Clone(whole[:18]), make([]byte, 16)...), whole[34:]...), "R3", 18},
		"expired":         {append(bytes.Clone(whole[:36]), 0, 0, 0, 0), "R5", 36},
	} {
		_, err := Parse(c.in)
		var r *wire.Refusal
		if !errors.As(err, &r) || r.Rule != c.rule || r.Offset != c.at {
			t.Errorf("%s: got %v, want %s at byte %d", name, err, c.rule, c.at)
		}
	}
}

// What is accepted is written back byte for byte: there is one spelling.
func FuzzParse(f *testing.F) {
	f.Add(example().AppendTo(nil))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := Parse(b)
		if err == nil && !bytes.Equal(r.AppendTo(nil), b) {
			t.Fatalf("%x was accepted and written back as %x", b, r.AppendTo(nil))
		}
	})
}
