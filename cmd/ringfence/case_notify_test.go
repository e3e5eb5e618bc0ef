package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A notice is drafted, read, reviewed by somebody fluent, cut to what was reviewed and
// approved by two; until the helpline was told, nothing may be sent.
func TestCaseNotify(t *testing.T) {
	o := newOffice(t, "lead", "counsel")
	key := filepath.Join(t.TempDir(), "omar.key")
	o.ok("key", "omar", "--out", key)
	o.ok("enroll", key+".pub", "--role", "reviewer", "--languages", "en,ar")
	id := o.ok("new", "Calls of May", "--as", o.keys["lead"])
	as := func(who string, args ...string) []string {
		return append(append([]string{"notify", id}, args...), "--as", who)
	}
	if _, said, code := o.run(as(o.keys["lead"], "--draft")...); code != exitFailed || !strings.Contains(said, "notices.json") {
		t.Errorf("without a configuration: exit %d: %s", code, said)
	}
	if err := os.WriteFile(filepath.Join(o.data, "cases", "notices.json"), []byte(`{"issuer":"chat.example","page":"chat.example/notices","lead_hours":24}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, said, code := o.run(as(o.keys["lead"], "--draft")...); code != exitFailed || !strings.Contains(said, "campaign") {
		t.Errorf("without a campaign: exit %d: %s", code, said)
	}
	o.ok("record", id, "campaign", o.file("c.json", `{"from":"2026-11-01T00:00:00Z","until":"2026-11-09T00:00:00Z","summary":"calls","strength":"strong","calls":9,"held_back":9,"targets":1}`), "--as", o.keys["lead"])
	o.ok("record", id, "person", o.file("p.json", `{"class":"not known","country":"DE"}`), "--as", o.keys["lead"])
	o.ok(as(o.keys["lead"], "--draft")...)
	if text := o.ok(as(key, "--show", "ar")...); !strings.Contains(text, "chat.example") {
		t.Error(text)
	}
	o.ok(as(key, "--review", "ar")...)
	o.ok(as(key, "--review", "en")...)
	if _, said, code := o.run(as(key, "--review", "fr")...); code != exitFailed || !strings.Contains(said, "fluent") {
		t.Errorf("a language that the reviewer does not know: exit %d: %s", code, said)
	}
	o.ok(as(o.keys["lead"], "--keep")...)
	o.ok(as(o.keys["lead"], "--approve")...)
	if _, _, code := o.run(as(o.keys["lead"], "--approve")...); code != exitFailed {
		t.Error("one person approves twice")
	}
	o.ok(as(o.keys["counsel"], "--approve")...)
	var said struct {
		Notice struct {
			ID, Blocked string
			Approved    []string
			Reviews     map[string]any
		}
	}
	if err := json.Unmarshal([]byte(o.ok(as(key, "--json")...)), &said); err != nil || len(said.Notice.Approved) != 2 || len(said.Notice.Reviews) != 2 || said.Notice.Blocked == "" {
		t.Errorf("%v: %+v", err, said)
	}
	if _, _, code := o.run(as(key, "--approve", "--keep")...); code != exitUsage {
		t.Error("two things at once")
	}
	o.ok(as(o.keys["lead"], "--told", "Access Now Digital Security Helpline", "--from", "2027-01-01")...)
	o.ok(as(o.keys["counsel"], "--hold", "the court has asked for a delay")...)
	if out := o.ok(as(key)...); !strings.Contains(out, "HELD") {
		t.Error(out)
	}
}
