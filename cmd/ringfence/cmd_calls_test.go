package main

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/hunt/archive"
	"github.com/ringfence/ringfence/store"
)

// callsJSON runs a command about calls and reads what it says.
func callsJSON(t *testing.T, want int, args ...string) map[string]any {
	t.Helper()
	out, said, code := commandLine(t, append([]string{"calls"}, append(args, "--json")...)...)
	var v map[string]any
	if err := json.Unmarshal([]byte(out), &v); err != nil || code != want {
		t.Fatalf("calls %s: exit %d, %v: %s%s", strings.Join(args, " "), code, err, out, said)
	}
	return v
}

// texts returns what is in all files below a folder.
func texts(t *testing.T, dir string) (all string, files int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		all += string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, files
}

func TestCallsImport(t *testing.T) {
	dir, data := t.TempDir(), t.TempDir()
	at := time.Now().UTC().Truncate(time.Hour).Add(-48 * time.Hour)
	kamailio := filepath.Join(dir, "acc.csv")
	ours := filepath.Join(dir, "ours.jsonl")
	line := func(d time.Duration, caller string) string {
		return `{"time":"` + at.Add(d).Format(time.RFC3339) + `","call_id":"c-17","caller":"` + caller + `","callee":"Bob","outcome":"missed","rules":["R23"]}` + "\n"
	}
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(ours, line(0, "Alice")+line(time.Hour, "Alice")+line(time.Hour, "")+line(-30*24*time.Hour, "Alice"))
	got := callsJSON(t, exitIncomplete, "import", ours, "--data", data)
	if got["records"] != 3.0 || got["rejected"] != 1.0 || got["files"] != 3.0 || got["old"] != 1.0 || got["reasons"].(map[string]any)["no caller"] != 1.0 {
		t.Errorf("import: %v", got)
	}
	callsJSON(t, exitIncomplete, "import", ours, "--data", data) // changes nothing
	out := filepath.Join(dir, "out")
	got = callsJSON(t, exitDone, "export", "--data", data, "--out", out, "--format", "jsonl", "--from", at.Format(time.RFC3339), "--to", at.Add(90*time.Minute).Format(time.RFC3339))
	all, files := texts(t, out)
	if got["records"] != 2.0 || files != 2 || strings.Count(all, "\n") != 2 || strings.Contains(all, "Alice") || strings.Contains(all, "c-17") || !strings.Contains(all, "R23") {
		t.Errorf("export: %v, %d files: %s", got, files, all)
	}
	key, err := archive.ReadKey(data)
	if err != nil || strings.Count(all, key.Account("Alice")) != 2 {
		t.Errorf("%v: the pseudonym of Alice is not in %s", err, all)
	}
	if _, _, code := commandLine(t, "calls", "export", "--data", data, "--out", out); code != exitUsage {
		t.Errorf("export to a folder in use: exit %d", code)
	}
	got = callsJSON(t, exitDone, "expire", "--data", data, "--dry-run")
	if got["files"] != 1.0 || got["deleted"] != false {
		t.Errorf("expire --dry-run: %v", got)
	}
	callsJSON(t, exitDone, "expire", "--data", data)
	got = callsJSON(t, exitDone, "list", "--data", data)
	if hours := got["hours"].([]any); len(hours) != 2 || hours[0].(map[string]any)["records"] != 1.0 {
		t.Errorf("list: %v", got)
	}

	// The fields of Kamailio's acc, as docs/records.md has them.
	sip := "id,method,from_tag,to_tag,callid,sip_code,sip_reason,time,src_user,src_domain,dst_ouser,dst_user,dst_domain\n" +
		"1,INVITE,a1,b1,c1@192.0.2.1,200,OK," + at.Format(time.DateTime) + ",alice,a.example,bob,bob,b.example\n" +
		"2,BYE,a1,b1,c1@192.0.2.1,200,OK," + at.Format(time.DateTime) + ",alice,a.example,bob,bob,b.example\n"
	write(kamailio, sip)
	own := filepath.Join(dir, "own")
	got = callsJSON(t, exitDone, "import", kamailio, "--map", "kamailio-acc", "--data", data, "--calls", own, "--keep-ids")
	if got["records"] != 1.0 || got["left_out"] != 1.0 {
		t.Errorf("import of Kamailio's: %v", got)
	}
	out = filepath.Join(dir, "kept")
	callsJSON(t, exitDone, "export", "--data", data, "--calls", own, "--out", out, "--format", "csv")
	if all, _ := texts(t, out); !strings.Contains(all, "alice@a.example") {
		t.Errorf("ids are not kept: %s", all)
	}
	for _, args := range [][]string{
		{"import", kamailio, "--map", "nothing"}, {"export", "--out", filepath.Join(dir, "x"), "--from", "soon"},
		{"expire", "--before", "soon"}, {"export", "--out", filepath.Join(dir, "x"), "--format", "xls"},
	} {
		if _, said, code := commandLine(t, append(append([]string{"calls"}, args...), "--data", data)...); code != exitUsage {
			t.Errorf("calls %v: exit %d: %s", args, code, said)
		}
	}
}

// TestServeArchives has the service move an hour that is over, while commands
// look on.
func TestServeArchives(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	_, stop := serving(t, data)
	stop() // there is a store now
	s, err := store.Open(data, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	old := store.Record{Time: time.Now().Add(-3 * time.Hour), Outcome: "missed", Rules: []string{}}
	fresh := old
	rand.Read(old.Caller[:])
	rand.Read(old.Callee[:])
	fresh.Time, fresh.Caller, fresh.Callee = time.Now(), old.Caller, old.Callee
	gone := old
	gone.Time = time.Now().Add(-50 * time.Hour)
	for _, r := range []store.Record{old, fresh, gone} {
		if err := s.AddRecord(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	calls, lines := filepath.Join(t.TempDir(), "calls"), filepath.Join(t.TempDir(), "old.csv")
	if err := os.WriteFile(lines, []byte("time,caller,callee,outcome\n"+time.Now().UTC().Add(-60*time.Hour).Format(time.RFC3339)+",a,b,missed\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	callsJSON(t, exitDone, "import", lines, "--data", data, "--calls", calls)
	said, _ := serving(t, data, "--calls", calls, "--keep-calls", "2d")
	for range 500 {
		if strings.Contains(said.String(), "were archived") && strings.Contains(said.String(), "were deleted") {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	// The commands learn from the data folder where the records are.
	got := callsJSON(t, exitDone, "list", "--data", data)
	if hours := got["hours"].([]any); len(hours) != 1 || got["store_records"] != 1.0 || got["place"] != calls || got["keep_seconds"] != 2*24*3600.0 {
		t.Errorf("list: %v; %s", got, said)
	}
	out := filepath.Join(t.TempDir(), "out")
	callsJSON(t, exitDone, "export", "--data", data, "--out", out, "--format", "jsonl")
	key, err := archive.ReadKey(data)
	if err != nil {
		t.Fatal(err)
	}
	if all, _ := texts(t, out); strings.Count(all, `"caller":"`+key.Account(old.Caller.String())) != 2 {
		t.Errorf("not both records, and those alone: %s", all)
	}
	if _, said, code := commandLine(t, "serve", "--data", data, "--keep-calls", "soon"); code != exitUsage {
		t.Errorf("--keep-calls soon: exit %d: %s", code, said)
	}
}
