package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/internal/loopback"
	"github.com/ringfence/ringfence/verify"
)

// The whole story, told on fewer people than in 2019: a campaign is stopped, found,
// shown, and told to those it was aimed at; a case is written, exported and verified;
// and the ban is in force.
func TestDemo(t *testing.T) {
	data := filepath.Join(t.TempDir(), "demo")
	out, said, code := commandLine(t, "demo", "--once", "--json", "--targets", "150", "--civil", "10", "--listen", loopback.Free(t), "--data", data)
	if code != exitDone {
		t.Fatalf("exit %d: %s%s", code, out, said)
	}
	var r demoReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if r.Targets != 150 || r.Found < 140 || r.Stopped != r.Calls || r.Calls < 150 || r.Told != r.Found || r.Read < 30 || r.Evasion != 1 || r.Phone != "infected" || r.Judgement != "not attributed" {
		t.Errorf("the story: %+v", r)
	}
	if len(r.Editions) != 2 {
		t.Fatalf("editions: %+v", r.Editions)
	}
	for _, x := range r.Editions {
		checked, err := verify.File(x.Path, verify.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range checked.Checks {
			if len(c.Faults) > 0 {
				t.Errorf("%s: %s: %v", x.Edition, c.Name, c.Faults)
			}
		}
	}
	if _, said, code := commandLine(t, "demo", "--once", "--data", data); code != exitUsage || !strings.Contains(said, "folder of its own") {
		t.Errorf("in a folder that is in use: exit %d: %s", code, said)
	}
	if _, said, code := commandLine(t, "demo", "--listen", "0.0.0.0:8080"); code != exitUsage || !strings.Contains(said, "this machine only") {
		t.Errorf("for everybody to reach: exit %d: %s", code, said)
	}
}
