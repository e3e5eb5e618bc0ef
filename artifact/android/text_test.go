package android

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/ringfence/ringfence/artifact"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/internal/golden"
)

func TestLocal(t *testing.T) {
	zone := time.FixedZone("EET", 2*60*60)
	for _, c := range []struct {
		text, want string
		local      bool
	}{
		{"2022-03-29 18:37:30.315", "2022-03-29T16:37:30.315Z", false},
		{"2022-03-29 18:37:30.315 (-4h50m23s772ms)", "2022-03-29T16:37:30.315Z", false},
		{"2022-01-04-17-30-01", "2022-01-04T15:30:01Z", false},
		{"2023-04-12 12:32:40.518290770+0400", "2023-04-12T08:32:40.51829077Z", false},
		{"2023-13-12 12:32:40", "", false},
		{"2023-02-29 12:32:40", "", false},
		{"23-11-12 12:32:40", "", false},
		{"2023-11-12 12:32", "", false},
		{"", "", false},
	} {
		got := local(zone, c.text)
		want, _ := time.Parse(time.RFC3339Nano, c.want)
		if !got.Equal(want) || got.local != c.local {
			t.Errorf("%q is %v, want %v", c.text, got, want)
		}
	}
	if got := local(nil, "2022-03-29 18:37:30"); !got.local || got.Hour() != 18 {
		t.Errorf("without a zone: %v %v, want the device's own clock, marked", got, got.local)
	}
	if got := local(nil, "2022-03-29 18:37:30+0200"); got.local || got.Hour() != 16 {
		t.Errorf("with a zone of its own: %v %v", got, got.local)
	}
}

func TestPackageNames(t *testing.T) {
	for text, want := range map[string]string{
		"*walarm*:com.example.a/.B": "com.example.a", "com.example.a:remote": "com.example.a", "system_server": "",
		"*telephony-radio*": "", "1.2.3": "", "com.example.a/.B": "com.example.a", "com..a": "",
	} {
		if got := packageIn(text); got != want {
			t.Errorf("packageIn(%q) = %q, want %q", text, got, want)
		}
	}
	for text, want := range map[string]string{
		"com.a.b/.C": "com.a.b", "ComponentInfo{com.a.b/com.a.b.C}": "com.a.b", "com.a.b": "", "x/y": "",
	} {
		if got := packageOf(text); got != want {
			t.Errorf("packageOf(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestEntries(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string
		err  error
	}{
		{`[{"a":1},{"b":"}]"}]`, []string{`{"a":1}`, `{"b":"}]"}`}, nil},
		{"{\"a\":1}\n{\"a\":2}\n", []string{`{"a":1}`, `{"a":2}`}, nil},
		{`["x\"y", 12 ,null]`, []string{`"x\"y"`, "12", "null"}, nil},
		{`[{"a":[1,{"b":2}]}`, []string{`{"a":[1,{"b":2}]}`}, nil},
		{`[{"a":1},{"b":`, []string{`{"a":1}`, `{"b":`}, errCut},
		{"", nil, nil},
	} {
		var got []string
		var last error
		for e, err := range entries(iotest.OneByteReader(strings.NewReader(c.text))) {
			got, last = append(got, string(e.raw)), err
			if !strings.HasPrefix(c.text[e.offset:], string(e.raw)) {
				t.Errorf("%s: entry %d does not stand at %d", c.text, e.n, e.offset)
			}
		}
		if strings.Join(got, "|") != strings.Join(c.want, "|") || !errors.Is(last, c.err) {
			t.Errorf("%s: %q, %v", c.text, got, last)
		}
	}
}

// An entry that never ends is refused, and the memory that it takes is bounded.
func TestEndlessEntry(t *testing.T) {
	endless := io.MultiReader(strings.NewReader(`[{"a":"`), io.LimitReader(zeros{}, 1<<30))
	var last error
	for _, err := range entries(endless) {
		last = err
	}
	if !errors.Is(last, artifact.ErrLong) {
		t.Errorf("got %v, want ErrLong", last)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestWalk(t *testing.T) {
	w := walk{b: []byte(`{"n": -12, "f":1.5e3, "s":"a\u00e9\n", "t":true, "z":null, "o":{"x":[1,2,{}]}, "l":["a","b"], "e":{}}`)}
	got := map[string]any{}
	w.object(func(key []byte) {
		switch k := string(key); k {
		case "n", "f":
			got[k] = w.number()
		case "t":
			got[k] = w.yes()
		case "o": // not read: stepped over
		case "l":
			var l list
			w.list(func() { l.add(string(w.text())) })
			got[k] = l.String()
		default:
			got[k] = string(w.text())
		}
	})
	want := map[string]any{"n": int64(-12), "f": int64(1500), "s": "aé\n", "t": true, "z": "", "l": "a b", "e": "{}"}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s is %#v, want %#v", k, got[k], v)
		}
	}
	if w.bad || len(got) != len(want) {
		t.Errorf("bad %v, %d values", w.bad, len(got))
	}
	for _, text := range []string{`{`, `{"a"`, `{"a":`, `{"a":}`, `{"a":1,`, `{"a":1]`, `[1]`, `"x"`, `{"a":"x}`, `{1:{}`} {
		w := walk{b: []byte(text)}
		if w.object(func([]byte) {}); !w.bad {
			t.Errorf("%s passes as an object", text)
		}
	}
}

// A log's year is the one that puts it before the dump.
func TestLogYear(t *testing.T) {
	l := &logcat{dump: newDump(&artifact.Source{File: acquisition.File{Path: "/dumpstate/SYSTEM LOG"}, Device: acquisition.Device{Taken: &golden.Taken, Located: golden.Zone}}, nil)}
	for line, want := range map[string]string{
		"01-02 09:00:01.500  1000  1500 I Tag: x": "2026-01-02T07:00:01.5Z",
		"12-31 23:59:59.999  1000  1500 I Tag: x": "2025-12-31T21:59:59.999Z",
		"02-29 10:00:00.000  1000  1500 I Tag: x": "2024-02-29T08:00:00Z",
	} {
		if got := l.clock([]byte(line)).Format(time.RFC3339Nano); got != want {
			t.Errorf("%s is %s, want %s", line, got, want)
		}
	}
}
