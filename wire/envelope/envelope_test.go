package envelope

import (
	"bytes"
	"errors"
	"testing"

	"github.com/ringfence/ringfence/wire"
)

func example(class byte) []byte {
	return Envelope{Class: class, Key: 7, Enc: make([]byte, KeySize), Ciphertext: make([]byte, PlainSize(class)+TagSize)}.AppendTo(nil)
}

func TestEverySizeClass(t *testing.T) {
	for class := byte(0); class < Classes; class++ {
		b := example(class)
		e, err := Parse(b)
		if err != nil || e.Class != class || e.Key != 7 || !bytes.Equal(e.AppendTo(nil), b) {
			t.Errorf("class %d: %v", class, err)
		}
		if c, ok := ClassFor(PlainSize(class)); !ok || c != class {
			t.Errorf("ClassFor(%d) = %d, %v", PlainSize(class), c, ok)
		}
	}
	if len(example(0)) != MinSize || len(example(Classes-1)) != MaxSize || len(example(CallClass)) != CallSize || CallSize != 2166 {
		t.Error("the sizes are not those of docs/protocol.md")
	}
	if _, ok := ClassFor(PlainSize(Classes-1) + 1); ok {
		t.Error("a class was found for more than the largest holds")
	}
}

func TestRefused(t *testing.T) {
	change := func(at int, v byte) []byte { b := example(1); b[at] = v; return b }
	for name, c := range map[string]struct {
		in   []byte
		rule string
	}{
		"empty":         {nil, "R5"},
		"too short":     {example(0)[:MinSize-1], "R5"},
		"too long":      {append(example(Classes-1), 0), "R5"},
		"version":       {change(0, 2), "R3"},
		"class unknown": {change(1, Classes), "R7"},
		"class smaller": {change(1, 0), "R6"},
		"class larger":  {change(1, 2), "R6"},
	} {
		var r *wire.Refusal
		if _, err := Parse(c.in); !errors.As(err, &r) || r.Rule != c.rule {
			t.Errorf("%s: %v, want %s", name, err, c.rule)
		}
	}
}

func TestParseAllocatesNothing(t *testing.T) {
	b := example(2)
	if n := testing.AllocsPerRun(100, func() { _, _ = Parse(b) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(example(0))
	f.Add(example(1))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := Parse(b)
		if err == nil && !bytes.Equal(e.AppendTo(nil), b) {
			t.Fatalf("%d bytes were accepted and written back differently", len(b))
		}
	})
}
