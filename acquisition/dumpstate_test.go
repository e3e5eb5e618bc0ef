package acquisition

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

func keepAll(budget *asideSpace) func(string) *aside {
	return func(string) *aside { return &aside{budget: budget} }
}

func text(t *testing.T, s dumpSection) string {
	t.Helper()
	b, err := io.ReadAll(io.NewSectionReader(s.content, 0, s.size))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

const smallDump = `== dumpstate: 2026-01-01 00:00:00
------ SYSTEM PROPERTIES (getprop) ------
[ro.a]: [b]
------ 0.034s was the duration of 'SYSTEM PROPERTIES' ------
------ SYSTEM LOG (logcat -v threadtime) ------
--------- beginning of main
a line
-------------------------------------------------------------------------------
DUMP OF SERVICE CRITICAL activity:
one
--------- 0.1s was the duration of dumpsys activity, ending at: 2026-01-01 00:00:00
-------------------------------------------------------------------------------
DUMP OF SERVICE activity:
two, again
-------------------------------------------------------------------------------
DUMP OF SERVICE HIGH ../../etc:
three`

func TestSplitDump(t *testing.T) {
	for name, r := range map[string]io.Reader{
		"whole":       strings.NewReader(smallDump),
		"one by one":  iotest.OneByteReader(strings.NewReader(smallDump)),
		"data, error": iotest.DataErrReader(strings.NewReader(smallDump)),
	} {
		t.Run(name, func(t *testing.T) {
			sections, err := splitDump(r, keepAll(&asideSpace{}))
			if err != nil {
				t.Fatal(err)
			}
			want := []struct{ path, begins string }{
				{"/dumpstate/header", "== dumpstate: 2026"},
				{"/dumpstate/SYSTEM PROPERTIES", "[ro.a]: [b]\n------ 0.034s"},
				{"/dumpstate/SYSTEM LOG", "--------- beginning of main\na line"},
				{"/dumpsys/activity", "one"},
				{"/dumpsys/activity#2", "two, again"},
				{"/dumpsys/.._.._etc", "three"},
			}
			if len(sections) != len(want) {
				t.Fatalf("%d sections: %+v", len(sections), sections)
			}
			for i, w := range want {
				s := sections[i]
				if s.path != w.path || !strings.HasPrefix(text(t, s), w.begins) {
					t.Errorf("section %d is %s %q, not %s %q", i, s.path, text(t, s), w.path, w.begins)
				}
				if at := smallDump[s.offset:][:s.size]; at != text(t, s) {
					t.Errorf("%s stands at %d with %q", s.path, s.offset, at)
				}
			}
			if sections[5].note == "" || sections[3].note != "" {
				t.Errorf("only the last section is cut: %+v", sections)
			}
		})
	}
}

// A mark that stands across two windows is found.
func TestSplitDumpAcrossWindows(t *testing.T) {
	for shift := range 40 {
		filler := strings.Repeat("x", dumpWindow-20-shift) + "\n"
		dump := filler + "DUMP OF SERVICE package:\nhere\n"
		sections, err := splitDump(strings.NewReader(dump), keepAll(&asideSpace{}))
		if err != nil || len(sections) != 2 || text(t, sections[1]) != "here\n" {
			t.Fatalf("shift %d: %v, %d sections", shift, err, len(sections))
		}
		if sections[0].size != int64(len(filler)-1) {
			t.Fatalf("shift %d: the first has %d bytes of %d", shift, sections[0].size, len(filler)-1)
		}
	}
}

func TestSplitDumpKeepsLargeSections(t *testing.T) {
	large := strings.Repeat("0123456789abcde\n", asideInMemory/8)
	budget := &asideSpace{}
	sections, err := splitDump(strings.NewReader("DUMP OF SERVICE large:\n"+large), keepAll(budget))
	if err != nil || len(sections) != 2 || text(t, sections[1]) != large {
		t.Fatalf("%v, %d sections", err, len(sections))
	}
	if sections[1].content.file == nil {
		t.Error("a large section stays in memory")
	}
	for _, s := range sections {
		if err := s.content.drop(); err != nil {
			t.Error(err)
		}
	}
	if n := budget.Load(); n != 0 {
		t.Errorf("%d bytes are still counted", n)
	}
}

func FuzzSplitDump(f *testing.F) {
	f.Add([]byte(smallDump))
	f.Add([]byte("------ ------\n\n------ a ------"))
	f.Fuzz(func(t *testing.T, b []byte) {
		sections, err := splitDump(bytes.NewReader(b), keepAll(&asideSpace{}))
		if err != nil {
			t.Fatal(err)
		}
		var n int64
		for i, s := range sections {
			if s.offset < n || s.offset+s.size > int64(len(b)) {
				t.Fatalf("section %d stands at %d, %d bytes, after %d of %d", i, s.offset, s.size, n, len(b))
			}
			n = s.offset + s.size
			if got := text(t, s); got != string(b[s.offset:n]) {
				t.Fatalf("section %d: %q", i, got)
			}
		}
		if n != int64(len(b)) && n != int64(len(b))-1 {
			t.Fatalf("%d of %d bytes belong to a section", n, len(b))
		}
	})
}

func BenchmarkSplitDump(b *testing.B) {
	line := []byte("01-01 00:00:00.000  1000  1234  1234 I ActivityManager: Start proc 12345:com.example/u0a123 for broadcast {com.example/x.y.z}\n")
	dump := append([]byte("------ SYSTEM LOG (logcat) ------\n"), bytes.Repeat(line, 1<<20)...)
	b.SetBytes(int64(len(dump)))
	for b.Loop() {
		if _, err := splitDump(bytes.NewReader(dump), func(string) *aside { return nil }); err != nil {
			b.Fatal(err)
		}
	}
}
