package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
)

// ban runs a ban command on the data folder of the running service.
func (n *town) ban(want int, args ...string) string {
	n.t.Helper()
	out, code := n.try(append(append([]string{"ban"}, args...), "--data", filepath.Join(n.dir, "data"))...)
	if code != want {
		n.t.Fatalf("ban %s: exit %d, want %d: %s", strings.Join(args, " "), code, want, out)
	}
	return out
}

func (n *town) banJSON(want int, into any, args ...string) {
	n.t.Helper()
	out := n.ban(want, append(args, "--json")...)
	out = out[:strings.LastIndex(out, "}")+1] // behind it stands how the command ended
	if err := json.Unmarshal([]byte(out), into); err != nil {
		n.t.Fatalf("ban %s: %v: %s", strings.Join(args, " "), err, out)
	}
}

// A person who is banned from the command line, while the service runs, is out,
// learns why, objects, and is in again when the appeal is granted.
func TestBanCommand(t *testing.T) {
	n := newTown(t)
	n.friends()
	var b guard.Ban
	n.banJSON(exitDone, &b, "add", "account", "alice", "--reason", "rang 400 strangers", "--case", "K-2026-0001", "--evidence", "E-0001", "--until", "90d", "--by", "mara")
	if b.ID == "" || b.Name != "alice" || b.Until.Sub(b.Since).Round(time.Hour) != 90*24*time.Hour {
		t.Fatalf("the ban: %+v", b)
	}
	eventually(t, "alice is out", func() bool { _, code := n.device("alice", "contacts"); return code != exitDone })
	out, _ := n.device("alice", "contacts")
	if !strings.Contains(out, b.ID) || !strings.Contains(out, "object") || strings.Contains(out, "strangers") {
		t.Errorf("alice is told: %s", out)
	}
	n.do("alice", "object", "I rang my cousins.")
	if out, code := n.device("alice", "object", "again"); code != exitDone && !strings.Contains(out, "received") {
		t.Errorf("objecting again: %d %s", code, out)
	}
	if out := n.ban(exitFound, "appeal"); !strings.Contains(out, b.ID) {
		t.Errorf("appeals: %s", out)
	}
	if out := n.ban(exitDone, "show", b.ID); !strings.Contains(out, "cousins") || !strings.Contains(out, "K-2026-0001 E-0001") {
		t.Errorf("the ban: %s", out)
	}
	n.ban(exitFailed, "appeal", b.ID, "--grant", "--by", "noor") // without a reason
	n.ban(exitDone, "appeal", b.ID, "--grant", "--by", "noor", "--reason", "they were cousins")
	n.do("alice", "contacts")
	n.ban(exitDone, "appeal")
	if out := n.ban(exitDone, "list"); strings.TrimSpace(out) != "" {
		t.Errorf("bans in force: %s", out)
	}
	if out := n.ban(exitDone, "list", "--all"); !strings.Contains(out, "lifted") {
		t.Errorf("all bans: %s", out)
	}
}

// A banned print flags a new account, which can knock; who was there is untouched.
func TestBanCommandFlags(t *testing.T) {
	n := newTown(t)
	n.friends()
	var seen struct{ Prints []printView }
	n.banJSON(exitDone, &seen, "prints", "alice")
	if len(seen.Prints) != 1 || seen.Prints[0].Kind != guard.BanPrint || seen.Prints[0].Shared != 2 {
		t.Fatalf("prints: %+v", seen)
	}
	var b guard.Ban
	n.banJSON(exitDone, &b, "add", "print", seen.Prints[0].Value, "--reason", "rings strangers", "--by", "mara")
	if out := n.ban(exitDone, "list"); !strings.Contains(out, "waiting") || !strings.Contains(out, "second person") {
		t.Errorf("a print banned by one person: %s", out)
	}
	n.ban(exitFailed, "second", b.ID, "--by", "Mara")
	n.ban(exitDone, "second", b.ID, "--by", "noor")
	time.Sleep(2 * time.Second) // the service sees it
	n.ban(exitDone, "flags")
	n.do("alice", "contacts")
	n.do("carol", "register", "--server", n.url, "--invite", n.invite(), "--name", "carol")
	n.do("carol", "knock", "bob")
	var list struct {
		Flags []guard.Evasion
		Open  int
	}
	n.banJSON(exitFound, &list, "flags")
	if list.Open != 1 || len(list.Flags) != 1 || list.Flags[0].Shared != 2 || !list.Flags[0].Holding {
		t.Fatalf("flags: %+v", list)
	}
	if out := n.do("carol", "standing"); !strings.Contains(out, b.ID) {
		t.Errorf("carol is told: %s", out)
	}
	if out := n.do("alice", "standing"); !strings.Contains(out, "nothing is held") {
		t.Errorf("alice is told: %s", out)
	}
	n.do("carol", "object", "a new phone")
	if out := n.ban(exitFound, "flags"); !strings.Contains(out, "a new phone") || !strings.Contains(out, "carol") {
		t.Errorf("flags: %s", out)
	}
	n.ban(exitDone, "decide", "1", "let-go", "--by", "mara", "--reason", "another person")
	n.ban(exitDone, "flags")
	if out := n.do("carol", "standing"); !strings.Contains(out, "nothing is held") {
		t.Errorf("carol is told then: %s", out)
	}
}

func TestBanRefuses(t *testing.T) {
	n := newTown(t)
	for _, c := range []struct {
		want int
		args string
	}{
		{exitUsage, "add person x --reason y"},
		{exitUsage, "add account x"},
		{exitUsage, "add account x --reason y --until soon"},
		{exitFailed, "add account nobody --reason y"},
		{exitFailed, "add network 0.0.0.0/0 --reason y --by a --and b --although-shared"},
		{exitFailed, "add network 203.0.113.0/24 --reason y --by a --and b"}, // how many share it is not known
		{exitFailed, "add network AS64500 --reason y --by a --and a"},
		{exitFailed, "add network AS64500 --reason y --by a --and b --until never"},
		{exitFailed, "add print c1-abc --reason y --by a --and b --until 3000d"},
		{exitFailed, "add terms Vendor --reason y"},
		{exitFailed, "lift B-2026-0001 --reason y"},
		{exitFailed, "show B-2026-0001"},
		{exitFailed, "decide 1 ban --reason y"},
		{exitUsage, "appeal B-2026-0001"},
		{exitDone, "add network 203.0.113.0/24 --reason y --by a --and b --although-shared"},
		{exitDone, "add terms Vendor --reason y --terms 2026-11"},
	} {
		n.ban(c.want, strings.Fields(c.args)...)
	}
}

// A new account accepts the terms of service that it has read.
func TestServeTerms(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "terms.txt")
	if _, said, code := commandLine(t, "serve", "--data", dir, "--terms", file); code != exitFailed || !strings.Contains(said, "check the path") {
		t.Errorf("terms that are not there: %d %s", code, said)
	}
	if err := os.WriteFile(file, []byte("Version 2026-11\nDo not attack anybody.\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	said, _ := serving(t, filepath.Join(dir, "data"), "--open", "--terms", file)
	url := "http://127.0.0.1:" + portOf(said.String())
	device := func(args ...string) (string, int) {
		out, said, code := commandLine(t, append([]string{"client", "--home", filepath.Join(dir, "alice")}, args...)...)
		return out + said, code
	}
	if out, code := device("register", "--server", url, "--name", "alice"); code != exitFailed || !strings.Contains(out, "terms") {
		t.Errorf("without accepting: %d %s", code, out)
	}
	if out, code := device("terms", "--server", url); code != exitDone || !strings.Contains(out, "Do not attack") {
		t.Errorf("the terms: %d %s", code, out)
	}
	if out, code := device("register", "--server", url, "--name", "alice", "--accept-terms", "2026-10"); code != exitFailed || !strings.Contains(out, "2026-11") {
		t.Errorf("accepting others: %d %s", code, out)
	}
	if out, code := device("register", "--server", url, "--name", "alice", "--accept-terms", "2026-11"); code != exitDone {
		t.Errorf("accepting: %d %s", code, out)
	}
	if out, _ := device("standing"); strings.Contains(out, "not been accepted") {
		t.Errorf("after accepting: %s", out)
	}
}

// portOf is the port in what serve says of the messenger's address.
func portOf(said string) string {
	_, rest, _ := strings.Cut(said, "localhost:")
	port, _, _ := strings.Cut(rest, "/")
	return port
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for range 100 {
		if is() {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%s: it did not come to pass", what)
}
