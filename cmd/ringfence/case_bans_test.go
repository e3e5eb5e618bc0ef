package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Bans that name a case stand in its ledger, and its accounts have the day; who was
// let go has none, and a ban for another case brings nobody in.
func TestCaseImportsBans(t *testing.T) {
	n := newTown(t)
	n.friends()
	o := newOfficeIn(t, filepath.Join(n.dir, "data"))
	id := o.ok("new", "Calls of May")
	if _, said, code := o.run("import", id, "--bans"); code != exitFailed || !strings.Contains(said, "--case "+id) {
		t.Errorf("without a ban: exit %d: %s", code, said)
	}
	ban := func(args ...string) {
		t.Helper()
		if out, said, code := commandLine(t, append(append([]string{"ban"}, args...), "--data", o.data, "--by", "mara", "--reason", "a reason of its own")...); code != exitDone {
			t.Fatalf("ban %v: exit %d: %s%s", args, code, out, said)
		}
	}
	ban("add", "account", "alice", "--case", id, "--evidence", "E-0001")
	ban("add", "account", "bob", "--case", "K-2026-0999")
	o.ok("import", id, "--bans")
	if day := o.bannedDay(id); day != time.Now().UTC().Format(time.DateOnly) {
		t.Errorf("banned on %q", day)
	}
	zip := filepath.Join(t.TempDir(), "court.zip")
	o.ok("export", id, "--edition", "court", "--out", zip)
	o.ok("verify", zip)
	ban("lift", "B-2026-0001")
	o.ok("import", id, "--bans")
	if day := o.bannedDay(id); day != "" {
		t.Errorf("the ban was lifted, and the case says banned on %q", day)
	}
	if log := o.ok("log", id); !strings.Contains(log, "acquire E-0002") {
		t.Error(log)
	}
}

// bannedDay is the day on which the one account of a case was banned.
func (o *office) bannedDay(id string) string {
	o.Helper()
	var shown struct {
		Records map[string][]struct {
			Body struct{ Banned time.Time }
		}
	}
	if err := json.Unmarshal([]byte(o.ok("show", id, "--json")), &shown); err != nil {
		o.Fatal(err)
	}
	accounts := shown.Records["account"]
	if len(accounts) != 1 {
		o.Fatalf("%d accounts in the case", len(accounts))
	}
	if at := accounts[0].Body.Banned; !at.IsZero() {
		return at.Format(time.DateOnly)
	}
	return ""
}
