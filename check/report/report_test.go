package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/check"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// hostile is what a phone may hold to deceive whoever reads the report.
const hostile = `<script>alert(1)</script> https://c2.example/x \u202e ` + "\u202egpj.exe \x1b[2J \x00 \xff {{.}}"

// sample is a result with one of everything.
func sample() *check.Result {
	at := func(days int) *time.Time { t := noon.AddDate(0, 0, days); return &t }
	r := &check.Result{
		Version: 1, Tool: check.Tool{Version: "1.0", Commit: "abc"}, Verdict: check.Traces, Started: noon, Records: 123456, Seconds: 2.1,
		Acquisitions: []check.Examined{{Path: "backup", Kind: acquisition.IOSBackup, Encrypted: true, SHA256: strings.Repeat("ab", 32),
			Device: acquisition.Device{Name: "Phone of Nour", Model: "iPhone14,5", System: "iOS 17.5.1", Build: "21F90", Taken: at(-1)}}},
		Findings: []check.Finding{
			{ID: "F-1", Severity: artifact.Critical, Kind: "indicator", Artifact: "ios.data_usage", Act: artifact.Ran, Title: "fservernetd ran on the phone, which is a published sign of Example Spyware",
				Explanation: "The phone's own records say that a program of this name was running.", Next: "Do not reset the phone.", Time: at(-30), Where: artifact.Where{File: "0d/0d609c54856a9bb2d56729df1d68f2958a88426b", Device: "/private/var/wireless/Library/Databases/DataUsage.sqlite", Table: "ZPROCESS", Row: 77},
				Indicator: &check.Sign{Type: "process", Value: "fservernetd", Source: "example.stix2", Malware: "Example Spyware", Matched: "fservernetd"}, Shows: check.Traces,
				Record: check.Fields{{Name: "process", Value: "fservernetd"}, {Name: "wwan_in", Value: 12345.0}, {Name: "first", Value: noon}},
				Around: []check.Beside{{Time: at(-31), Record: check.Fields{{Name: "process", Value: "mDNSResponder"}}}}},
			{ID: "F-2", Severity: artifact.High, Kind: "indicator", Artifact: "ios.sms", Act: artifact.Received, Title: "A message that names c2.example came in", Explanation: "Somebody sent this to the phone. " + hostile,
				Next: "Do not open the link.", Time: at(-60), Where: artifact.Where{File: "3d/3d0d7e5fb2ce288813306e4d4636395e047a3d28", Table: "message", Row: 4711, Offset: 81920}, Recovered: "free page", Repeats: 7,
				Indicator: &check.Sign{Type: "domain-name", Value: "c2.example", Source: "example.stix2", Matched: "https://c2.example/x", How: "sub-domain of the indicator"}, Shows: check.Attempted,
				Record: check.Fields{{Name: "text", Value: hostile + strings.Repeat(" long", 400)}, {Name: "from", Value: "+15550001111"}}},
			{ID: "F-3", Severity: artifact.Medium, Kind: "heuristic", Heuristic: "h.usage_manipulated", Artifact: "ios.data_usage", AntiForensic: true, Title: "The usage of a process stands, and the process is gone", Explanation: "A row was removed.", Next: "Ask an expert.",
				Refs: []string{"https://example.org/analysis"}, Shows: check.Suspicious},
			{ID: "F-4", Severity: artifact.Low, Kind: "heuristic", Heuristic: "h.sms_gaps", Artifact: "ios.sms", Title: "12 messages were deleted", Explanation: "People delete messages.", Next: "Nothing.", Shows: check.Nothing},
		},
		Coverage: []check.Coverage{
			{Artifact: "ios.sms", Title: "Messages (SMS, iMessage)", State: check.Read, Records: 200000, Recovered: 3, Files: 1},
			{Artifact: "ios.safari_history", Title: "Safari history", State: check.Damaged, Records: 1200, Files: 1, Note: "e7/e74113: page 17: a cell points outside of its page"},
			{Artifact: "ios.whatsapp", Title: "WhatsApp", State: check.Empty, Files: 1},
			{Artifact: "ios.tcc", Title: "Permissions", State: check.Unreadable, Files: 1, Note: "no SQLite database"},
			{Artifact: "ios.firefox_history", Title: "Firefox history", State: check.Absent},
		},
		Indicators: []check.Collection{{Name: "example.stix2", Count: 1543, Updated: "2026-01-01T00:00:00Z"}},
		Unresolved: check.Unresolved{Count: 12, Examples: []string{"https://bit.ly/xyz"}},
		Inputs:     []check.Input{{Path: "Manifest.db", Size: 4096, SHA256: strings.Repeat("cd", 32)}},
	}
	return r
}

// quiet is the same phone with nothing found.
func quiet() *check.Result {
	r := sample()
	r.Findings, r.Verdict, r.Unresolved = []check.Finding{}, check.Nothing, check.Unresolved{}
	r.Coverage = r.Coverage[:1]
	return r
}

// crowded is one with thousands of findings.
func crowded() *check.Result {
	r := sample()
	f := r.Findings[1]
	for i := range 2000 {
		at := noon.Add(-time.Duration(i) * 7 * time.Hour)
		f.ID, f.Time, f.Where.Row = fmt.Sprint("F-x", i), &at, int64(i)
		if i%3 != 0 { // a third are of one sign
			sign := *f.Indicator
			sign.Value = fmt.Sprintf("c%d.example", i)
			f.Indicator = &sign
		}
		r.Findings = append(r.Findings, f)
	}
	slices.SortStableFunc(r.Findings, func(a, b check.Finding) int { return int(b.Severity - a.Severity) })
	return r
}

func TestWriteAndLoad(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "report")
	if err := Ready(dir, false); err != nil {
		t.Fatal(err)
	}
	want := sample()
	if err := Write(dir, want, Options{Consent: &Consent{"Nour, today, for the helpline", noon}, Facts: true}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{page, findings, stix, coverage, manifest} {
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	got, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var once check.Result
	a, _ := json.Marshal(want)
	if err := json.Unmarshal(a, &once); err != nil { // bytes that are no UTF-8 are replaced
		t.Fatal(err)
	}
	a, _ = json.Marshal(&once)
	b, _ := json.Marshal(got)
	if !bytes.Equal(a, b) {
		t.Errorf("written and read again:\n%s\nnot\n%s", b, a)
	}
	if !slices.Equal(got.Inputs, want.Inputs) {
		t.Errorf("inputs %v", got.Inputs)
	}
	if err := Ready(dir, false); !errors.Is(err, ErrHolds) {
		t.Errorf("another report is overwritten: %v", err)
	}
	if err := Ready(dir, true); err != nil {
		t.Error(err)
	}
	os.WriteFile(filepath.Join(dir, "diary.txt"), nil, 0o600)
	if err := Ready(dir, true); !errors.Is(err, ErrHolds) {
		t.Errorf("a folder with something else is used: %v", err)
	}
}

// What a phone holds can neither run in the report nor be followed from it nor
// hide in it.
func TestHostileValues(t *testing.T) {
	b, err := render(sample(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, bad := range []string{"<script", "https://c2.example", "href=", "src=", "\u202e", "\x1b", "\x00"} {
		if strings.Contains(text, bad) {
			t.Errorf("the page holds %q", bad)
		}
	}
	for _, good := range []string{"&lt;script&gt;", "hxxps://c2[.]example/x", `\u{202e}`, `\u{1b}`, `\xff`, "more bytes"} {
		if !strings.Contains(text, good) {
			t.Errorf("the page does not show %q", good)
		}
	}
	var out bytes.Buffer
	if err := Terminal(&out, sample(), Options{}); err != nil {
		t.Fatal(err)
	}
	if i := bytes.IndexAny(out.Bytes(), "\x1b\x00"); i >= 0 {
		t.Errorf("the terminal gets a control character: %q", out.Bytes()[max(0, i-20):i+5])
	}
}

func TestPageSaysInWhat(t *testing.T) {
	b, err := render(quiet(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"Nothing was found in what could be read", "Messages (SMS, iMessage)", "200000"} {
		if !strings.Contains(string(b), s) {
			t.Errorf("the page does not say %q", s)
		}
	}
	b, err = render(crowded(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(b), "findings.json") || len(b) > 4<<20 {
		t.Errorf("a page of %d bytes", len(b))
	}
}

// Both languages have every text that the page asks for.
func TestWords(t *testing.T) {
	asked := regexp.MustCompile(`index \$?\.W "(\w+)"`).FindAllStringSubmatch(pageText, -1)
	if len(asked) < 20 {
		t.Fatal("the page asks for no words")
	}
	for code, w := range languages {
		for _, m := range asked {
			if w.W[m[1]] == "" {
				t.Errorf("%s has no text %q", code, m[1])
			}
		}
		for name := range english.W {
			if w.W[name] == "" {
				t.Errorf("%s has no text %q", code, name)
			}
		}
		for _, v := range []check.Verdict{check.Traces, check.Attempted, check.Suspicious, check.Nothing, check.Inconclusive} {
			if w.Verdict[v].Says == "" || w.Verdict[v].Means == "" {
				t.Errorf("%s does not say %q", code, v)
			}
		}
		for _, k := range acquisition.Kinds {
			if w.Kind[k] == "" {
				t.Errorf("%s does not name %s", code, k)
			}
		}
	}
}

func TestTerminal(t *testing.T) {
	var out bytes.Buffer
	if err := Terminal(&out, sample(), Options{Width: 70}); err != nil {
		t.Fatal(err)
	}
	text := out.String()
	if !strings.HasPrefix(text, "TRACES OF SPYWARE WERE FOUND.") {
		t.Errorf("the verdict does not come first:\n%s", text)
	}
	for _, s := range []string{"CRITICAL: fservernetd ran", "row 77", "ZPROCESS", "DataUsage.sqlite", "1 partly damaged", "12 short links"} {
		if !strings.Contains(strings.Join(strings.Fields(text), " "), s) {
			t.Errorf("the terminal does not say %q:\n%s", s, text)
		}
	}
}

func FuzzShown(f *testing.F) {
	f.Add(hostile)
	f.Add("HTTPS://User@a.b.example:8443/x?y=.z")
	f.Fuzz(func(t *testing.T, s string) {
		out := shown(s)
		if strings.ContainsAny(out, "\x1b\x00\u202e\u2066\r") || strings.Contains(strings.ToLower(out), "http://") || strings.Contains(strings.ToLower(out), "https://") {
			t.Errorf("%q is shown as %q", s, out)
		}
	})
}
