package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/hunt"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/verify"
	"github.com/ringfence/ringfence/wire"
)

// office is a data folder with persons who work on cases.
type office struct {
	*testing.T
	data string
	keys map[string]string
}

func newOffice(t *testing.T, roles ...string) *office {
	t.Helper()
	return newOfficeIn(t, filepath.Join(t.TempDir(), "data"), roles...)
}

func newOfficeIn(t *testing.T, data string, roles ...string) *office {
	t.Helper()
	o := &office{t, data, map[string]string{}}
	for _, role := range roles {
		key := filepath.Join(t.TempDir(), role+".key")
		o.ok("key", role+".one", "--out", key)
		o.ok("enroll", key+".pub", "--role", role)
		o.keys[role] = key
	}
	return o
}

func (o *office) run(args ...string) (string, string, int) {
	o.Helper()
	return commandLine(o.T, append([]string{"case"}, append(args, "--data", o.data)...)...)
}

// ok runs a command that must do as asked, and returns what it printed.
func (o *office) ok(args ...string) string {
	o.Helper()
	out, said, code := o.run(args...)
	if code != exitDone {
		o.Fatalf("case %v: exit %d: %s%s", args, code, out, said)
	}
	return strings.TrimSpace(out)
}

func (o *office) file(name, text string) string {
	o.Helper()
	path := filepath.Join(o.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		o.Fatal(err)
	}
	return path
}

func TestCase(t *testing.T) {
	o := newOffice(t)
	out, said, code := o.run("new", "Calls of May", "--json")
	var begun struct{ ID string }
	if err := json.Unmarshal([]byte(out), &begun); err != nil || code != exitDone || !caseID.MatchString(begun.ID) {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, said)
	}
	if !strings.Contains(said, "keys were made for you") {
		t.Errorf("nothing is said of the keys: %s", said)
	}
	o.ok("add", begun.ID, o.file("a.txt", "one"), o.file("b.txt", "two"), "--source", "phone of T-0001", "--basis", "consent:C-1")
	o.ok("record", begun.ID, "hours", o.file("h.json", `{"day":"2019-05-10","who":"engineer on call","task":"the patch","minutes":480}`), "--exhibit", "E-0001")
	for _, args := range [][]string{
		{"add", begun.ID, o.file("c.txt", "x"), "--source", "line\nline", "--basis", "b"},
		{"add", "K-2026-9999", o.file("d.txt", "x"), "--source", "s", "--basis", "b"},
		{"record", begun.ID, "hours", o.file("h.json", `{"day":"yesterday"}`)},
		{"record", begun.ID, "rumour", o.file("h.json", `{}`)},
		{"copy", begun.ID, "E-0009", "--reason", "r"},
		{"export", begun.ID, "--edition", "everybody", "--out", filepath.Join(t.TempDir(), "x.zip")},
		{"verify", o.file("x.zip", "no archive")},
	} {
		if out, said, code := o.run(args...); code == exitDone || said == "" {
			t.Errorf("case %v: exit %d: %s%s", args, code, out, said)
		}
	}
	zip := filepath.Join(t.TempDir(), "case.zip")
	o.ok("export", begun.ID, "--edition", "court", "--out", zip)
	if _, _, code := o.run("export", begun.ID, "--edition", "court", "--out", zip); code != exitFailed {
		t.Error("a file that was there was replaced")
	}
	var r verify.Report
	if err := json.Unmarshal([]byte(o.ok("verify", zip, "--json")), &r); err != nil || !r.Whole || r.Exhibits != 2 || r.Case != begun.ID {
		t.Errorf("%v: %+v", err, r)
	}
	if !strings.Contains(o.ok("list"), r.Key) {
		t.Error("the key of the service is not the one that it publishes")
	}
	o.ok("verify", zip, "--key", r.Key)
	if _, _, code := o.run("verify", zip, "--key", strings.Replace(r.Key, "ringfence-", "ringfence-0", 1)); code != exitFailed {
		t.Error("another key passes")
	}
	if out := o.ok("verify", begun.ID); strings.Contains(out, "WRONG") {
		t.Error(out)
	}
	if log := o.ok("log", begun.ID); !strings.Contains(log, "export court") || !strings.Contains(log, "acquire E-0002") {
		t.Error(log)
	}
	if show := o.ok("show", begun.ID); !strings.Contains(show, "last proved intact") || !strings.Contains(show, "W-0001") {
		t.Error(show)
	}
}

func TestCaseRoles(t *testing.T) {
	o := newOffice(t, "lead", "analyst")
	if _, said, code := o.run("new", "x"); code != exitUsage || !strings.Contains(said, "--as") {
		t.Errorf("nobody acts: exit %d: %s", code, said)
	}
	id := o.ok("new", "Calls of May", "--as", o.keys["analyst"])
	if _, said, code := o.run("export", id, "--edition", "court", "--out", filepath.Join(t.TempDir(), "x.zip"), "--as", o.keys["analyst"]); code != exitFailed || !strings.Contains(said, "role") {
		t.Errorf("an analyst exports: exit %d: %s", code, said)
	}
	o.ok("export", id, "--edition", "court", "--out", filepath.Join(t.TempDir(), "x.zip"), "--as", o.keys["lead"])
}

// A report of an examined phone becomes exhibits, a device and its findings.
func TestCaseImportsReport(t *testing.T) {
	o := newOffice(t)
	signsOf(t, o.data, "app-id,com.spy.example\n")
	report := filepath.Join(t.TempDir(), "report")
	if out, said, code := commandLine(t, "check", "--data", o.data, "--out", report, copyOfPhone(t, evilApp)); code != exitFound {
		t.Fatalf("exit %d: %s%s", code, out, said)
	}
	id := o.ok("new", "Calls of May")
	args := []string{"import", id, "--check", report, "--about", "T-0001", "--basis", "consent:C-1"}
	if _, said, code := o.run(args...); code != exitFailed || !strings.Contains(said, "T-0001") {
		t.Errorf("the phone of nobody: exit %d: %s", code, said)
	}
	o.ok("record", id, "person", o.file("t.json", `{"class":"civil society","known_by":"told us"}`))
	out := o.ok(args...)
	for _, s := range []string{"findings.json", "report.html", "1 device", "finding"} {
		if !strings.Contains(out, s) {
			t.Errorf("%q is not in %s", s, out)
		}
	}
	if show := o.ok("show", id, "--kind", "finding", "--json"); !strings.Contains(show, "com.spy.example") {
		t.Error(show)
	}
	own := filepath.Join(t.TempDir(), "own.zip")
	o.ok("export", id, "--edition", "person:T-0001", "--out", own)
	if b, err := os.ReadFile(own); err != nil || !strings.Contains(string(b), "com.spy.example") {
		t.Errorf("the person's own file has not what was found on the phone: %v", err)
	}
}

// A campaign and a verdict of the service are brought in under names of the case;
// no account of the service is in what the court gets.
func TestCaseImportsCampaign(t *testing.T) {
	o := newOffice(t)
	_, stop := serving(t, o.data)
	stop()
	st, err := store.Open(o.data, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	caller, target := wire.ID{1, 2, 3, 15: 9}, wire.ID{4, 5, 6, 15: 9}
	at := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	c := hunt.Campaign{Accounts: []string{caller.String()}, Targets: []hunt.Target{{ID: target.String(), Attempts: 2, First: at, Last: at.Add(time.Minute), Country: "MA"}}, From: at, To: at.Add(time.Minute), Strength: hunt.Strong,
		Why: []string{"they have one client print"}, Networks: []string{"AS64500"}, Attempts: []hunt.Attempt{{Time: at, Account: caller.String(), Target: target.String(), Outcome: "missed"}, {Time: at.Add(time.Minute), Account: caller.String(), Target: target.String(), Outcome: "blocked"}}}
	kept, err := st.KeepCampaign(context.Background(), string(c.Strength), c.Accounts, func(id string) ([]byte, error) { c.ID = id; return json.Marshal(c) })
	if err != nil {
		t.Fatal(err)
	}
	if err := st.AddVerdicts(context.Background(), []guard.Verdict{{At: at, Action: guard.Refuse, Severity: guard.High, Rules: []string{"R1"}, Kind: "offer", Account: caller, Target: target, Call: wire.ID{7, 15: 9}, Reason: "media before the answer", Bytes: []byte("stopped bytes"), Size: 13, SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte("stopped bytes"))), Count: 1}}); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	id := o.ok("new", "Calls of May")
	o.ok("import", id, "--campaign", kept)
	o.ok("import", id, "--campaign", kept) // grown since: the same persons
	o.ok("import", id, "--incident", "1")
	if _, _, code := o.run("import", id, "--campaign", "C-2026-0999"); code != exitFailed {
		t.Error("a campaign that there is not was brought in")
	}
	show := o.ok("show", id, "--json")
	for _, s := range []string{"T-0001", "A-0001", kept, "H-0001", "I-0001", "media before the answer"} {
		if !strings.Contains(show, s) {
			t.Errorf("%q is not in %s", s, show)
		}
	}
	if strings.Contains(show, "T-0002") || strings.Contains(show, "A-0002") {
		t.Errorf("the same person has two names: %s", show)
	}
	zip := filepath.Join(t.TempDir(), "court.zip")
	o.ok("export", id, "--edition", "court", "--out", zip)
	o.ok("verify", zip)
	b, err := os.ReadFile(zip)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{caller.String(), target.String()} {
		if strings.Contains(string(b), s) {
			t.Errorf("an account of the service is in what the court gets: %s", s)
		}
	}
	if out := o.ok("verify", id); strings.Contains(out, "WRONG") {
		t.Error(out)
	}
	o.changed(id)
}

// changed changes one byte of an exhibit: looking at the whole data folder finds it.
func (o *office) changed(id string) {
	o.Helper()
	if out, said, code := commandLine(o.T, "verify", "--data", o.data); code != exitDone {
		o.Errorf("exit %d: %s%s", code, out, said)
	}
	blobs, err := filepath.Glob(filepath.Join(o.data, "cases", id, "blobs", "*", "*.age"))
	if err != nil || len(blobs) == 0 {
		o.Fatalf("no blobs: %v", err)
	}
	b, err := os.ReadFile(blobs[0])
	if err != nil {
		o.Fatal(err)
	}
	b[len(b)-1] ^= 1
	if err := errors.Join(os.Chmod(blobs[0], 0o600), os.WriteFile(blobs[0], b, 0o600)); err != nil {
		o.Fatal(err)
	}
	if out, _, code := commandLine(o.T, "verify", "--data", o.data); code != exitFailed || !strings.Contains(out, id+": E-") {
		o.Errorf("a changed exhibit is not found: exit %d: %s", code, out)
	}
}

// Killed at any moment, a case has every exhibit that was acknowledged, and is
// whole.
func TestCaseKilled(t *testing.T) {
	o := newOffice(t)
	binary := built(t)
	id := o.ok("new", "Calls of May")
	var files []string
	for i := range 40 {
		files = append(files, o.file(fmt.Sprintf("f%d.txt", i), strings.Repeat("x", 1+i*5000)))
	}
	acknowledged := map[string]string{} // hash by exhibit
	for range 8 {
		cmd := exec.Command(binary, append([]string{"case", "add", id, "--data", o.data, "--source", "s", "--basis", "b"}, files...)...)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for n := 1 + rand.IntN(12); n > 0 && lines.Scan(); n-- {
			words := strings.Fields(lines.Text())
			acknowledged[words[0]] = words[4]
		}
		time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
		_ = cmd.Process.Kill()
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait()
	}
	if out := o.ok("verify", id); strings.Contains(out, "WRONG") {
		t.Error(out)
	}
	var show struct {
		Exhibits []struct{ ID, SHA256 string }
	}
	if err := json.Unmarshal([]byte(o.ok("show", id, "--json")), &show); err != nil {
		t.Fatal(err)
	}
	there := map[string]string{}
	for _, x := range show.Exhibits {
		there[x.ID] = x.SHA256
	}
	for x, sum := range acknowledged {
		if there[x] != sum {
			t.Errorf("%s was acknowledged with %s, and is %s", x, sum, there[x])
		}
	}
	if len(acknowledged) < 8 {
		t.Errorf("only %d exhibits were acknowledged", len(acknowledged))
	}
}
