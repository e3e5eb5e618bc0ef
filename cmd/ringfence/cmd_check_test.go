package main

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/check"
)

// copyOfPhone is a small bugreport; what is given beside the package stands in
// its list of installed apps.
func copyOfPhone(t *testing.T, more string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range map[string]string{
		"main_entry.txt": "dumpstate.txt",
		"dumpstate.txt": "== dumpstate: 2026-01-01 13:00:00\n------ SYSTEM PROPERTIES (getprop) ------\n[ro.product.model]: [Example 9]\n[ro.build.version.release]: [14]\n[ro.build.version.security_patch]: [2025-12-05]\n[persist.sys.timezone]: [Europe/Belgrade]\n" +
			"------ 0.1s was the duration of 'SYSTEM PROPERTIES' ------\nDUMP OF SERVICE package:\nPackages:\n  Package [org.example.notes] (a1):\n    userId=10001\n    installerPackageName=com.android.vending\n" + more +
			"--------- 0.1s was the duration of dumpsys package, ending at: 2026-01-01 13:00:00\n",
	} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte(text))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "bugreport.zip")
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const evilApp = "  Package [com.spy.example] (a2):\n    userId=10002\n    installerPackageName=com.android.vending\n"

// signsOf keeps a list of indicators in a data folder.
func signsOf(t *testing.T, data, list string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(file, []byte(list), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, said, code := commandLine(t, "indicators", "add", "--data", data, file); code != exitDone {
		t.Fatalf("exit %d: %s%s", code, out, said)
	}
}

func resultOf(t *testing.T, out string) (r check.Result) {
	t.Helper()
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v: %.300s", err, out)
	}
	return r
}

// Examined today and nothing found; examined again without the phone when the
// sign is published, and found.
func TestCheckAndAgain(t *testing.T) {
	data, report := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "report")
	phone := copyOfPhone(t, evilApp)
	signsOf(t, data, "app-id,com.other.example\n")
	out, said, code := commandLine(t, "check", "--data", data, "--json", "--out", report, phone)
	r := resultOf(t, out)
	if code != exitDone || r.Verdict != check.Nothing || r.Version != 1 || len(r.Indicators) != 1 {
		t.Fatalf("exit %d, %s: %s", code, r.Verdict, said)
	}
	for _, name := range []string{"report.html", "findings.json", "stix.json", "coverage.json", "manifest.json", "facts.age"} {
		if info, err := os.Stat(filepath.Join(report, name)); err != nil || info.Size() == 0 || info.Mode().Perm()&0o077 != 0 && os.PathSeparator == '/' {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	for _, name := range []string{"timeline.csv", "timeline.jsonl"} {
		if _, err := os.Stat(filepath.Join(report, name)); err == nil {
			t.Errorf("%s was written without consent", name)
		}
	}
	if err := os.Remove(phone); err != nil {
		t.Fatal(err)
	}
	signsOf(t, data, "app-id,com.spy.example\n")
	out, said, code = commandLine(t, "check", "--data", data, "--json", "--again", report)
	r = resultOf(t, out)
	if code != exitFound || r.Verdict != check.Traces || len(r.Findings) != 1 || r.Findings[0].Indicator.Value != "com.spy.example" || r.Again == nil {
		t.Fatalf("exit %d, %s, %+v: %s", code, r.Verdict, r.Findings, said)
	}
	_, said, code = commandLine(t, "check", "--data", filepath.Join(t.TempDir(), "another"), "--again", report)
	if code != exitFailed || !strings.Contains(said, "sealed to the one who examined then") {
		t.Errorf("somebody else examines it again: exit %d, %s", code, said)
	}
}

func TestCheckFinds(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	signsOf(t, data, "app-id,com.spy.example\n")
	out, said, code := commandLine(t, "check", "--data", data, copyOfPhone(t, evilApp))
	if code != exitFound || !strings.HasPrefix(out, "TRACES OF SPYWARE WERE FOUND.") || !strings.Contains(out, "com.spy.example was installed on the phone") {
		t.Errorf("exit %d: %s%s", code, out, said)
	}
}

func TestCheckTimelineNeedsConsent(t *testing.T) {
	data, report := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "report")
	phone := copyOfPhone(t, "")
	if _, said, code := commandLine(t, "check", "--data", data, "--out", report, "--timeline", phone); code != exitUsage || !strings.Contains(said, "--consent") {
		t.Errorf("exit %d: %s", code, said)
	}
	if _, said, code := commandLine(t, "check", "--data", data, "--out", report, "--timeline", "--consent", "Nour, today, for the helpline", phone); code != exitDone {
		t.Fatalf("exit %d: %s", code, said)
	}
	b, err := os.ReadFile(filepath.Join(report, "manifest.json"))
	if err != nil || !bytes.Contains(b, []byte("Nour, today, for the helpline")) {
		t.Errorf("the manifest does not say who consented: %v", err)
	}
	table, err := os.ReadFile(filepath.Join(report, "timeline.csv"))
	if err != nil || bytes.Count(table, []byte("\n")) < 3 {
		t.Errorf("the timeline: %s, %v", table, err)
	}
}

// What cannot be examined is one clear error, never a verdict.
func TestCheckRefuses(t *testing.T) {
	data, dir := filepath.Join(t.TempDir(), "data"), t.TempDir()
	put := func(name string, b []byte) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole, err := os.ReadFile(copyOfPhone(t, ""))
	if err != nil {
		t.Fatal(err)
	}
	test := func(name string, want int, says string, args ...string) {
		t.Run(name, func(t *testing.T) {
			out, said, code := commandLine(t, append([]string{"check", "--data", data}, args...)...)
			if code != want || !strings.Contains(out+said, says) || strings.Contains(said, "panic") {
				t.Errorf("exit %d: %s%s", code, out, said)
			}
		})
	}
	test("nothing given", exitUsage, "needs an acquisition")
	test("both given", exitUsage, "needs an acquisition", "--again", dir, dir)
	test("no such file", exitFailed, "no such file", filepath.Join(dir, "none"))
	test("an empty folder", exitFailed, "looked for", t.TempDir())
	test("a folder of garbage", exitFailed, "looked for", filepath.Dir(put("garbage/x.bin", []byte("\x00\x01\x02garbage"))))
	test("a file of garbage", exitFailed, "damaged zip file", put("x.zip", []byte("PK\x03\x04garbage")))
	test("no report", exitFailed, "reading the report", "--again", dir)
	put("taken/diary.txt", []byte("x"))
	test("a folder in use", exitFailed, "holds something else", "--out", filepath.Join(dir, "taken"), put("bugreport.zip", whole))
	test("a cut archive", exitIncomplete, "cut short", put("cut.zip", whole[:len(whole)-30]))
	test("a wrong recipient", exitUsage, "age1", "--recipient", "age1nonsense", "--out", filepath.Join(dir, "r"), filepath.Join(dir, "bugreport.zip"))
	if out, _, code := commandLine(t, "check", "--json", filepath.Join(dir, "none")); code != exitFailed || !strings.Contains(out, `"error":{"code":`) {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestArtifactsCommand(t *testing.T) {
	out, _, code := commandLine(t, "artifacts", "--json")
	var list struct{ Artifacts, Heuristics []struct{ Name string } }
	if err := json.Unmarshal([]byte(out), &list); err != nil || code != exitDone || len(list.Artifacts) < 50 || len(list.Heuristics) < 20 {
		t.Errorf("exit %d, %d artifacts, %d heuristics, %v", code, len(list.Artifacts), len(list.Heuristics), err)
	}
}
