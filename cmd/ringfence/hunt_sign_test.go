package main

import (
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/hunt/approval"
	"github.com/ringfence/ringfence/hunt/archive"
	"github.com/ringfence/ringfence/service"
	"github.com/ringfence/ringfence/store"
)

// signed is what a hunt with a sign tells.
type signed struct {
	Case, Query       string
	Matches           int64
	Accounts, Targets []struct{ ID string }
}

func signedOf(t *testing.T, out string) (s signed) {
	t.Helper()
	if err := json.Unmarshal([]byte(out), &s); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return s
}

// Of files that were handed over nothing is asked.
func TestHuntWithASign(t *testing.T) {
	calls, data := callsOf(t, true), "--data="+t.TempDir()
	code, out, err := ask("hunt", calls, data, "--json", "--case", "K-2026-0001", "--rule", `caller_print == "fork" && outcome == "missed"`)
	if s := signedOf(t, out); code != exitFound || s.Case != "K-2026-0001" || s.Matches != 240 || len(s.Accounts) != 12 {
		t.Errorf("rule: exit %d %s%.400s", code, err, out)
	}
	for from, accounts := range map[string]int{"account:x3": 12, "print:fork": 12, "network:AS65500": 12} {
		code, out, err = ask("hunt", calls, data, "--json", "--from", from)
		if s := signedOf(t, out); code != exitFound || len(s.Accounts) != accounts || len(s.Targets) < 119 {
			t.Errorf("%s: exit %d %s%.400s", from, code, err, out)
		}
	}
	if code, out, _ := ask("hunt", calls, data, "--from", "account:x3"); code != exitFound || !strings.Contains(out, "x11") || !strings.Contains(out, "HOW") {
		t.Errorf("in words: exit %d\n%s", code, out)
	}
	if code, out, _ := ask("hunt", calls, data, "--rule", `caller_print == "none"`); code != exitDone || !strings.Contains(out, "0 of ") {
		t.Errorf("nothing fits: exit %d\n%s", code, out)
	}
	for _, args := range [][]string{
		{"--rule", "colour == 3"}, {"--from", "person:x"}, {"--rule", "true", "--from", "print:x"}, {"--case", "K-2026-0001"}, {"--depth", "2"},
		{"--from", "print:fork", "--depth", "99"}, {"--rule", "true", "--case", "mine"}, {"--rule", "true", "--report", "x.html"},
	} {
		if code, _, err := ask(append([]string{"hunt", calls, data, "--no-keep"}, args...)...); code != exitUsage {
			t.Errorf("%v: exit %d %s", args, code, err)
		}
	}
}

// ownService is the data folder of a service with call records, and persons.
func ownService(t *testing.T, names ...string) (dir string, keys []string) {
	t.Helper()
	dir = t.TempDir()
	if _, err := service.OpenKeys(dir, rand.Reader); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(callsOf(t, true), "*"))
	if err != nil {
		t.Fatal(err)
	}
	do(t, exitDone, append([]string{"calls", "import", "--data", dir}, files...)...)
	for _, name := range names {
		key := filepath.Join(t.TempDir(), name)
		var made struct{ Key string }
		if err := json.Unmarshal([]byte(do(t, exitDone, "hunt", "key", name, "--out", key, "--json")), &made); err != nil {
			t.Fatal(err)
		}
		do(t, exitDone, "hunt", "enroll", made.Key, "--data", dir)
		keys = append(keys, key)
	}
	return dir, keys
}

// do runs a command that must end with a code.
func do(t *testing.T, want int, args ...string) string {
	t.Helper()
	code, out, err := ask(args...)
	if code != want {
		t.Fatalf("%v: exit %d, want %d\n%s%s", args, code, want, out, err)
	}
	return out + err
}

// The records of a service are its own also in an archive elsewhere.
func TestHuntInAnArchiveElsewhere(t *testing.T) {
	dir, calls := t.TempDir(), callsOf(t, true)
	if _, err := service.OpenKeys(dir, rand.Reader); err != nil {
		t.Fatal(err)
	}
	do(t, exitFound, "hunt", calls, "--data", dir, "--from", "account:x3")
	st, err := store.Open(dir, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = st.SetArchive(t.Context(), calls, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	do(t, exitUsage, "hunt", calls, "--data", dir, "--from", "account:x3")
	do(t, exitUsage, "hunt", filepath.Join(calls, "calls-00.jsonl"), "--data", dir, "--rule", "true")
	do(t, exitFound, "hunt", callsOf(t, true), "--data", dir, "--from", "account:x3")
}

func TestHuntInOwnRecordsNeedsTwoPersons(t *testing.T) {
	dir, keys := ownService(t, "amal", "basil")
	key, err := archive.ReadKey(dir)
	if err != nil {
		t.Fatal(err)
	}
	from := "account:" + key.Account("x3")
	query := []string{"hunt", "--data", dir, "--from", from, "--case", "K-2026-0001", "--as", keys[0]}
	do(t, exitUsage, "hunt", "--data", dir, "--from", from)
	do(t, exitUsage, "hunt", filepath.Join(dir, "calls"), "--from", from) // the same records by their place
	if said := do(t, exitFailed, query...); !strings.Contains(said, "Q-2") || strings.Contains(said, key.Account("x4")) {
		t.Errorf("before the approval: %s", said)
	}
	id := "Q-" + strings.Split(do(t, exitFailed, query...), "Q-")[1][:9]
	if said := do(t, exitDone, "hunt", "approve", id, "--as", keys[0], "--data", dir); !strings.Contains(said, from) || !strings.Contains(said, "1 more") {
		t.Errorf("first approval: %s", said)
	}
	do(t, exitFailed, "hunt", "approve", id, "--as", keys[0], "--data", dir)
	do(t, exitFailed, query...)
	text, note := filepath.Join(t.TempDir(), "query"), filepath.Join(t.TempDir(), "note") // the other on a machine of his own
	write := func(path, what string) {
		if err := os.WriteFile(path, []byte(what), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(text, do(t, exitDone, "hunt", "queries", id, "--data", dir))
	_, out, _ := ask("hunt", "sign", text, "--as", keys[1])
	write(note, strings.Replace(out, "K-2026-0001", "K-2026-0002", 1))
	do(t, exitFailed, "hunt", "approve", id, "--note", note, "--data", dir)
	write(note, out)
	do(t, exitDone, "hunt", "approve", id, "--note", note, "--data", dir)
	do(t, exitFailed, "hunt", "sign", note, "--as", keys[1])
	do(t, exitFailed, "hunt", "--data", dir, "--from", from, "--case", "K-2026-0002", "--as", keys[0]) // of another case
	if s := signedOf(t, do(t, exitFound, append(query, "--json")...)); s.Query != id || len(s.Accounts) != 12 || len(s.Targets) < 119 {
		t.Errorf("once approved: %+v", s)
	}
	do(t, exitFailed, query...) // it was for once
	if shown := do(t, exitDone, "hunt", "queries", "--data", dir); !strings.Contains(shown, "approved by amal and basil, ran") {
		t.Errorf("the log: %s", shown)
	}
	var log struct{ Queries []approval.Pending }
	if err := json.Unmarshal([]byte(do(t, exitDone, "hunt", "queries", "--data", dir, "--json")), &log); err != nil || len(log.Queries) != 3 || log.Queries[2].Results < 130 {
		t.Errorf("%v %+v", err, log)
	}
	if index, err := filepath.Glob(filepath.Join(dir, "calls", "*index*")); err != nil || len(index) > 0 {
		t.Errorf("an index is left beside a service's records: %v %v", index, err)
	}
}

func TestHuntInOwnRecordsIsLogged(t *testing.T) {
	dir, keys := ownService(t, "amal")
	rule := []string{"hunt", "--data", dir, "--case", "K-2026-0001", "--json", "--as", keys[0], "--rule"}
	if s := signedOf(t, do(t, exitFound, append(rule, `caller_print == "fork"`)...)); s.Matches != 240 || s.Query == "" {
		t.Errorf("%+v", s)
	}
	do(t, exitFailed, append(rule, `caller == "x3"`)...) // a person all the same
	stranger := filepath.Join(t.TempDir(), "stranger")
	do(t, exitDone, "hunt", "key", "stranger", "--out", stranger)
	do(t, exitFailed, "hunt", "--data", dir, "--case", "K-2026-0001", "--rule", "true", "--as", stranger)
	do(t, exitFailed, "hunt", "key", "again", "--out", stranger)
	do(t, exitDone, "verify", "--data", dir)
	db, err := sql.Open("sqlite", filepath.Join(dir, "ringfence.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"DROP TRIGGER queries_are", "UPDATE queries SET results = 1 WHERE what = 'run'"} {
		if _, err := db.Exec(q); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if said := do(t, exitFailed, "verify", "--data", dir); !strings.Contains(said, "log of queries") {
		t.Errorf("verify: %s", said)
	}
	do(t, exitFailed, append(rule, `caller_print == "fork"`)...)
	do(t, exitFailed, "hunt", "queries", "--data", dir)
}
