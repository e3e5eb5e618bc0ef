package artifact

import (
	"encoding/json"
	"math"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/ringfence/ringfence/indicator"
)

func TestRecordJSON(t *testing.T) {
	r := &Record{
		Artifact: "ios.sms", Act: Received, Time: time.Date(2026, 1, 2, 3, 4, 5, 600, time.FixedZone("", 3600)), Local: true, Recovered: "free page",
		Where:       Where{File: "a\"b", Table: "message", Row: 7, Offset: 4096},
		Fields:      []Field{{"z", "tab\there \x00 \xff é"}, {"a", int64(-5)}, {"f", 1.5}, {"nan", math.NaN()}, {"yes", true}, {"at", time.Unix(0, 0)}, {"none", nil}},
		Observables: []indicator.Observable{{Type: indicator.URL, Value: "https://example.org/?a=<b>"}, {Type: indicator.Property, Value: "x"}},
		Unresolved:  []string{"https://short.example/a"},
	}
	want := `{"artifact":"ios.sms","act":"received","time":"2026-01-02T02:04:05.0000006Z","local":true,` +
		`"where":{"file":"a\"b","table":"message","row":7,"offset":4096},"recovered":"free page",` +
		`"fields":{"z":"tab\there \u0000 \ufffd é","a":-5,"f":1.5,"nan":null,"yes":true,"at":"1970-01-01T00:00:00Z","none":null},` +
		`"observables":[{"type":"url","value":"https://example.org/?a=<b>"},{"type":"android-property","value":"x"}],` +
		`"unresolved":["https://short.example/a"]}`
	if got := string(r.AppendJSON(nil)); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := string((&Record{}).AppendJSON(nil)); got != `{"artifact":"","act":"","time":null,"where":{"file":""},"fields":{},"observables":[]}` {
		t.Errorf("an empty record: %s", got)
	}
}

func FuzzRecordJSON(f *testing.F) {
	f.Add("a", "\x00\"\\\n\u2028\x80", 1.0, int64(3))
	f.Fuzz(func(t *testing.T, name, value string, number float64, at int64) {
		r := &Record{Time: time.Unix(at%253402300800, 0), Where: Where{File: value}, Fields: []Field{{name, value}, {"n", number}}}
		var back struct{ Where struct{ File string } }
		if err := json.Unmarshal(r.AppendJSON(nil), &back); err != nil {
			t.Fatalf("%q: %v", r.AppendJSON(nil), err)
		}
		if utf8.ValidString(value) && back.Where.File != value {
			t.Errorf("%q became %q", value, back.Where.File)
		}
	})
}

func BenchmarkRecordJSON(b *testing.B) {
	r := &Record{Artifact: "ios.sms", Act: Received, Time: time.Unix(1767225600, 5), Where: Where{File: "3d/3d0d7e5f", Table: "message", Row: 7},
		Fields: []Field{{"text", "see https://example.org/a"}, {"service", "iMessage"}}, Observables: []indicator.Observable{{Type: indicator.URL, Value: "https://example.org/a"}}}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		buf = r.AppendJSON(buf[:0])
	}
}
