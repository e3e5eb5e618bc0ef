package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/casefile"
	"github.com/ringfence/ringfence/casefile/fact"
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

// sealedPerson records a target whose account is sealed, as an import does.
func sealedPerson(t *testing.T, o *office, id, account string) {
	t.Helper()
	room, err := casefile.Open(filepath.Join(o.data, "cases"), "test", time.Now)
	must(t, err)
	defer room.Close()
	key, err := os.ReadFile(o.keys["lead"])
	must(t, err)
	h, err := casefile.ReadHand(key)
	must(t, err)
	c, err := room.Case(t.Context(), id)
	must(t, err)
	defer c.Close()
	b, err := json.Marshal(fact.Identity{Account: account})
	must(t, err)
	sealed, err := c.Seal(b)
	must(t, err)
	r, err := casefile.NewRecord(fact.Person{Class: "not known", Country: "DE", Sealed: sealed})
	must(t, err)
	_, err = c.Put(t.Context(), h, r)
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A notice goes from the case to a person's device, which finds it genuine; what the
// person answers comes back into the case, and anybody can look the wording up.
func TestCaseNotifySent(t *testing.T) {
	n := newTown(t)
	o := newOfficeIn(t, filepath.Join(n.dir, "data"), "lead", "counsel")
	key := filepath.Join(t.TempDir(), "omar.key")
	o.ok("key", "omar", "--out", key)
	o.ok("enroll", key+".pub", "--role", "reviewer", "--languages", "en,ar")
	n.friends()
	must(t, os.WriteFile(filepath.Join(o.data, "cases", "notices.json"), []byte(`{"issuer":"chat.example","page":"chat.example/notices","lead_hours":0,"helplines":[{"name":"Example Helpline","region":"world","daily":100}]}`), 0o600))
	id := o.ok("new", "Calls of May", "--as", o.keys["lead"])
	today := time.Now().UTC()
	o.ok("record", id, "campaign", o.file("c.json", `{"from":"`+today.AddDate(0, 0, -9).Format(time.RFC3339)+`","until":"`+today.AddDate(0, 0, -1).Format(time.RFC3339)+`","summary":"calls","strength":"strong","calls":9,"held_back":9,"targets":1}`), "--as", o.keys["lead"])
	var people struct{ Contacts []struct{ Account string } }
	must(t, json.Unmarshal([]byte(n.do("bob", "contacts", "--json")), &people))
	alice := people.Contacts[0].Account
	sealedPerson(t, o, id, alice)
	notify := func(who string, args ...string) string {
		return o.ok(append(append([]string{"notify", id}, args...), "--as", who)...)
	}
	notify(o.keys["lead"], "--draft")
	notify(key, "--review", "en")
	notify(key, "--review", "ar")
	notify(o.keys["lead"], "--keep")
	notify(o.keys["lead"], "--approve")
	if _, said, code := o.run("notify", id, "--send", "--as", o.keys["lead"]); code != exitFailed || !strings.Contains(said, "1 of 2") {
		t.Errorf("sent with one approval: exit %d: %s", code, said)
	}
	notify(o.keys["counsel"], "--approve")
	notify(o.keys["lead"], "--told", "Example Helpline", "--from", today.Format(time.DateOnly))
	if _, said, code := o.run("notify", id, "--send", "--as", key); code != exitFailed {
		t.Errorf("a reviewer, who may not know who the people are, sends: %s", said)
	}
	for range 2 { // again is once
		if out := notify(o.keys["lead"], "--send", "--every", "0s", "--spread", "0s", "--json"); !strings.Contains(out, `"undelivered":0`) {
			t.Error(out)
		}
	}

	var s struct {
		Notices []struct {
			Code string   `json:"code"`
			By   []string `json:"By"`
		}
		Forged int
	}
	must(t, json.Unmarshal([]byte(n.do("alice", "security", "--json")), &s))
	if len(s.Notices) != 1 || s.Forged != 0 || len(s.Notices[0].By) != 2 {
		t.Fatalf("alice has %+v", s)
	}
	code := s.Notices[0].Code
	if out := n.do("alice", "security", code, "--language", "ar", "--give", "examination"); !strings.Contains(out, "chat.example") {
		t.Error(out)
	}
	n.do("alice", "security", code, "--give", "counted")
	n.do("alice", "security", code, "--withdraw", "counted")
	if out := n.do("bob", "security"); !strings.Contains(out, "no security notice") {
		t.Error(out)
	}
	if _, exit := n.device("bob", "security", code, "--give", "counted"); exit != exitFailed {
		t.Error("bob answers for alice")
	}
	if out := notify(o.keys["lead"], "--collect", "--json"); !strings.Contains(out, `{"read":1,"answered":1,`) {
		t.Error(out)
	}
	if out := notify(o.keys["lead"], "--collect", "--json"); !strings.Contains(out, `{"read":0,"answered":0,`) {
		t.Errorf("what was collected is collected again: %s", out)
	}
	if out := notify(key); !strings.Contains(out, "1 read it; 1 agree to an examination, 0 to be counted") {
		t.Error(out)
	}
	n.do("alice", "security", code, "--give", "opt_out")
	n.do("alice", "security", code, "--withdraw", "examination")
	if out := notify(o.keys["lead"], "--collect", "--json"); !strings.Contains(out, `"answered":1,"opted_out":1`) {
		t.Error(out)
	}
	n.do("alice", "security", code, "--withdraw", "opt_out")
	if out := notify(o.keys["lead"], "--collect", "--json"); !strings.Contains(out, `"opted_in":1`) {
		t.Error(out)
	}
	page := n.page((&http.Client{Transport: asHost("localhost")}).Get(n.url + "/notices"))
	if !strings.Contains(page, "counsel.one") || strings.Contains(page, code) || strings.Contains(page, alice) {
		t.Error(page)
	}
	o.ok("verify", id)
}
