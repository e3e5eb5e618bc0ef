package console

import (
	"bytes"
	"strings"
	"testing"
)

// text is a dump as a person reads it without colours.
func (d dump) text() string {
	var b strings.Builder
	for _, l := range d.Lines {
		b.WriteString(l.Offset)
		for _, p := range l.Hex {
			b.WriteString(p.Text)
		}
		for _, p := range l.ASCII {
			b.WriteString(p.Text)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestDump(t *testing.T) {
	test := func(name string, offset, length int, want ...string) {
		t.Helper()
		got := newDump([]byte("0123456789abcdefAB<"), 19, offset, length, -1).text()
		if got != strings.Join(want, "\n")+"\n" {
			t.Errorf("%s:\n%swant:\n%s", name, got, strings.Join(want, "\n"))
		}
	}
	test("inside a line", 2, 3,
		"00000000 30 31[32 33 34]35 36 37 38 39 61 62 63 64 65 66 0123456789abcdef",
		"00000010 41 42 3c                                        AB<")
	test("over the end of a line", 14, 4,
		"00000000 30 31 32 33 34 35 36 37 38 39 61 62 63 64[65 66]0123456789abcdef",
		"00000010[41 42]3c                                        AB<")
	test("to the end, and longer than there is", 17, 1<<62,
		"00000000 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66 0123456789abcdef",
		"00000010 41[42 3c]                                       AB<")
	test("missing at a place", 16, 0,
		"00000000 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66 0123456789abcdef",
		"00000010|41 42 3c                                        AB<")
	test("missing behind the end", 19, 0,
		"00000000 30 31 32 33 34 35 36 37 38 39 61 62 63 64 65 66 0123456789abcdef",
		"00000010 41 42 3c|                                       AB<")
}

func TestDumpPages(t *testing.T) {
	b := bytes.Repeat([]byte{0xaa}, 3*dumpBytes+5)
	d := newDump(b, len(b)+10, 2*dumpBytes+7, 2, -1)
	if d.From != 2*dumpBytes || d.To != 3*dumpBytes || d.Previous != dumpBytes || d.Next != 3*dumpBytes || !d.Cut() || !strings.Contains(d.text(), "[aa aa]") {
		t.Errorf("the first page shown is not the one with the mark: %+v", d)
	}
	d = newDump(b, len(b)+10, len(b)+3, 2, -1)
	if d.MarkPage != -1 || d.From != 0 {
		t.Errorf("a mark behind what was kept: %+v", d)
	}
	if d = newDump(b, len(b), 0, 1, 1<<62); d.From != 3*dumpBytes || len(d.Lines) != 1 || d.Next != -1 {
		t.Errorf("a page behind the end: %+v", d)
	}
	if d = newDump(nil, 0, 0, 0, -1); len(d.Lines) != 0 {
		t.Errorf("nothing: %+v", d)
	}
}

// Every byte stands in the dump, in order, whatever the mark says; every line
// has one width; and a line with a mark is recognised without colour.
func FuzzDump(f *testing.F) {
	f.Add([]byte("hello, dump"), 20, 3, 4, -1)
	f.Add([]byte{}, 0, 0, 0, 0)
	f.Add(bytes.Repeat([]byte{1}, 5000), 5000, -7, 1<<62, 4096)
	f.Fuzz(func(t *testing.T, b []byte, size, offset, length, from int) {
		if len(b) > 10_000 {
			return
		}
		d := newDump(b, size, offset, length, from)
		if len(d.Lines) > dumpBytes/dumpWidth {
			t.Fatalf("%d lines", len(d.Lines))
		}
		digits := ""
		for _, l := range d.Lines {
			hex, marked := "", false
			for _, p := range l.Hex {
				hex += p.Text
				marked = marked || p.Marked
			}
			if len(hex) != 3*dumpWidth+1 {
				t.Fatalf("line %q has %d characters", hex, len(hex))
			}
			if strings.ContainsAny(hex, "[]|") != l.Marked || marked && !l.Marked {
				t.Fatalf("line %q: marked %v", hex, l.Marked)
			}
			digits += strings.NewReplacer(" ", "", "[", "", "]", "", "|", "").Replace(hex)
		}
		want := ""
		if len(b) > 0 {
			want = hexOf(b[d.From:d.To])
		}
		if digits != want {
			t.Fatalf("the dump has %q, want %q", digits, want)
		}
	})
}

func hexOf(b []byte) string {
	const digits = "0123456789abcdef"
	var s strings.Builder
	for _, c := range b {
		s.WriteByte(digits[c>>4])
		s.WriteByte(digits[c&15])
	}
	return s.String()
}
