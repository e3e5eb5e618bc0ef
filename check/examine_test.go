package check

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/ringfence/ringfence/acquisition"
	"github.com/ringfence/ringfence/artifact"
	_ "github.com/ringfence/ringfence/artifact/android"
	_ "github.com/ringfence/ringfence/artifact/ios"
	"github.com/ringfence/ringfence/indicator"
)

// phone is a small androidqf folder with an intrusion log.
func phone(t testing.TB, files map[string]string) []*acquisition.Acquisition {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	all, err := acquisition.Open(context.Background(), dir, acquisition.Options{Want: Wants()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, a := range all {
			a.Close()
		}
	})
	return all
}

var ordinary = map[string]string{
	"acquisition.json": `{"uuid":"1"}`, "packages.json": `[{"name":"org.example.notes","installer":"com.android.vending","uid":10001}]`,
	"getprop.txt":             "[ro.product.model]: [Example 9]\n[ro.build.version.release]: [16]\n[persist.sys.timezone]: [Europe/Belgrade]\n",
	"intrusion_logs/il_0.txt": strings.Repeat(`{"dns_event":{"event_id":1,"event_time":1760000000000,"hostname":"news.example.org","ip_addresses":["/203.0.113.1"],"package_name":"org.example.browser"}}`+"\n", 1),
}

// signs is a set of one list.
func signs(t testing.TB, lines string) *indicator.Set {
	t.Helper()
	store, err := indicator.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Add("list.txt", []byte(lines)); err != nil {
		t.Fatal(err)
	}
	set, _ := store.Set()
	return set
}

func with(name, text string) map[string]string {
	files := map[string]string{}
	for k, v := range ordinary {
		files[k] = v
	}
	files[name] = text
	return files
}

func examined(t testing.TB, files map[string]string, o Options) *Result {
	t.Helper()
	r, err := Examine(context.Background(), phone(t, files), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestOrdinaryPhone(t *testing.T) {
	r := examined(t, ordinary, Options{Indicators: signs(t, "c2.example\n")})
	if r.Verdict != Nothing || r.Found() || r.Incomplete() {
		t.Errorf("verdict %s, findings %+v", r.Verdict, r.Findings)
	}
	read := map[string]State{}
	for _, c := range r.Coverage {
		read[c.Artifact] = c.State
	}
	if read["android.intrusion_dns"] != Read || read["android.aqf_packages"] != Read || read["android.aqf_files"] != Absent {
		t.Errorf("coverage %v", read)
	}
	if len(r.Inputs) == 0 || r.Acquisitions[0].SHA256 == "" {
		t.Error("no input has a sum")
	}
}

func TestIndicatorsAreFound(t *testing.T) {
	log := ordinary["intrusion_logs/il_0.txt"] + `{"dns_event":{"event_id":2,"event_time":1760000001000,"hostname":"a.c2.example","package_name":"org.example.browser"}}` + "\n"
	r := examined(t, with("intrusion_logs/il_0.txt", log), Options{Indicators: signs(t, "c2.example\n")})
	if r.Verdict != Traces || !r.Found() {
		t.Fatalf("verdict %s", r.Verdict)
	}
	i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Indicator != nil })
	if i < 0 {
		t.Fatal("no finding names an indicator")
	}
	f := r.Findings[i]
	if f.Severity != artifact.Critical || f.Act != artifact.Contacted || f.Where.Row != 2 || f.Time == nil || f.Indicator.Value != "c2.example" || f.Indicator.Matched != "a.c2.example" || len(f.Around) != 1 {
		t.Errorf("%+v", f)
	}
	if f.ID == "" || f.Explanation == "" || f.Next == "" {
		t.Errorf("a finding without words: %+v", f)
	}
}

// What was observed then is compared with the indicators of today, and gives
// what an examination of the phone itself would give.
func TestAgain(t *testing.T) {
	log := ordinary["intrusion_logs/il_0.txt"] + `{"dns_event":{"event_id":2,"event_time":1760000001000,"hostname":"a.c2.example","package_name":"org.example.browser"}}` + "\n"
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	var sealed bytes.Buffer
	facts, err := NewFacts(&sealed, id.Recipient())
	if err != nil {
		t.Fatal(err)
	}
	files := with("intrusion_logs/il_0.txt", log)
	then := examined(t, files, Options{Facts: facts})
	if err := facts.Close(); err != nil {
		t.Fatal(err)
	}
	if then.Verdict != Nothing {
		t.Fatalf("verdict %s without indicators", then.Verdict)
	}
	if bytes.Contains(sealed.Bytes(), []byte("c2.example")) {
		t.Error("the facts can be read by anybody")
	}
	set := signs(t, "c2.example\n")
	now, err := Again(context.Background(), then, bytes.NewReader(sealed.Bytes()), set, id)
	if err != nil {
		t.Fatal(err)
	}
	direct := examined(t, files, Options{Indicators: set})
	if now.Verdict != direct.Verdict || len(now.Findings) != len(direct.Findings) || now.Again == nil {
		t.Fatalf("again: %s, %d findings; directly: %s, %d", now.Verdict, len(now.Findings), direct.Verdict, len(direct.Findings))
	}
	for i := range now.Findings {
		a, b := now.Findings[i], direct.Findings[i]
		if a.ID != b.ID || a.Severity != b.Severity || a.Where.Row != b.Where.Row {
			t.Errorf("again %+v, directly %+v", a, b)
		}
	}
	other, _ := age.GenerateX25519Identity()
	if _, err := Again(context.Background(), then, bytes.NewReader(sealed.Bytes()), set, other); err == nil {
		t.Error("somebody else's key opens the facts")
	}
	for _, cut := range []int{0, 10, sealed.Len() / 2, sealed.Len() - 1} {
		if _, err := Again(context.Background(), then, bytes.NewReader(sealed.Bytes()[:cut]), set, id); err == nil {
			t.Errorf("facts cut at %d of %d bytes are taken", cut, sealed.Len())
		}
	}
}

func TestTimeline(t *testing.T) {
	dir := t.TempDir()
	line := NewTimeline(dir)
	log := `{"dns_event":{"event_id":2,"event_time":1760000009000,"hostname":"late.example.org","package_name":"org.example.browser"}}` + "\n" +
		`{"dns_event":{"event_id":1,"event_time":1760000001000,"hostname":"=early.example.org","package_name":"org.example.browser"}}` + "\n"
	r := examined(t, with("intrusion_logs/il_0.txt", log), Options{Timeline: line})
	if err := line.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "timeline.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	if len(lines) != r.Records {
		t.Errorf("%d lines for %d records", len(lines), r.Records)
	}
	last := ""
	for _, l := range lines {
		var rec struct {
			Time *string `json:"time"`
		}
		if err := json.Unmarshal(l, &rec); err != nil {
			t.Fatalf("%s: %v", l, err)
		}
		if rec.Time != nil {
			if *rec.Time < last {
				t.Errorf("%s comes after %s", *rec.Time, last)
			}
			last = *rec.Time
		}
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 2 {
		t.Errorf("files are left behind: %v", entries)
	}
}

// One file that cannot be read is named, and the rest is examined.
func TestDamageIsCovered(t *testing.T) {
	r := examined(t, with("packages.json", `[{"name":"org.example.notes","inst`), Options{})
	i := slices.IndexFunc(r.Coverage, func(c Coverage) bool { return c.Artifact == "android.aqf_packages" })
	if c := r.Coverage[i]; (c.State != Damaged && c.State != Unreadable) || !strings.Contains(c.Note, "packages.json") {
		t.Errorf("coverage %+v", c)
	}
	if !r.Incomplete() {
		t.Error("nothing is missing")
	}
}

// A heuristic or an artifact that breaks does not end the examination.
func TestIsolation(t *testing.T) {
	a := artifact.Artifact{Name: "ios.x", Parse: func(*artifact.Source, *artifact.Sink) error { panic("broken") }}
	all := phone(t, ordinary)
	e := &examination{acquisition: all[0], collected: newCollector(0, nil), covered: map[string]*Coverage{"ios.x": {}}, notes: map[string][]string{}}
	var file acquisition.File
	all[0].Each(func(f acquisition.File) bool { file = f; return false })
	e.parse(task{a, file})
	if c := e.covered["ios.x"]; c.State != Unreadable || !strings.Contains(strings.Join(e.notes["ios.x"], ""), "broken") {
		t.Errorf("coverage %+v, notes %v", c, e.notes)
	}
}

func FuzzReadFacts(f *testing.F) {
	r := &artifact.Record{Act: artifact.Ran, Artifact: "ios.ps", Observables: []indicator.Observable{{Type: indicator.Process, Value: "x"}}}
	w := &FactsWriter{told: map[string]uint64{}}
	f.Add(w.encode(3, r))
	f.Fuzz(func(t *testing.T, b []byte) {
		in := facts{told: []string{""}, b: b}
		if in.read() {
			again := &FactsWriter{told: map[string]uint64{}}
			back := facts{told: []string{""}, b: again.encode(in.acquisition, &in.record)}
			if !back.read() || back.acquisition != in.acquisition || back.record.Where != in.record.Where || !slices.Equal(back.record.Observables, in.record.Observables) {
				t.Errorf("%+v is written and read as %+v", in.record, back.record)
			}
		}
	})
}
