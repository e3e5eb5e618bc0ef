package main

import (
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/bus"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
)

// What came at somebody is reported from the command line, against a real server:
// a knock, then a call that was declined. Nobody reports what was not at them.
func TestClientReports(t *testing.T) {
	n := newTown(t)
	for _, who := range []string{"alice", "mallory"} {
		n.do(who, "register", "--server", n.url, "--invite", n.invite(), "--name", who)
	}
	if out, code := n.device("alice", "report", "mallory"); code != exitFailed || !strings.Contains(out, "client notices") {
		t.Errorf("reported what was not there: exit %d: %s", code, out)
	}
	if out := n.knocks("mallory", "alice"); strings.Contains(out, `"reported":true`) {
		t.Errorf("reported before: %s", out)
	}
	if out := n.do("alice", "report", "mallory"); !strings.HasPrefix(out, "reported the knock of mallory;") {
		t.Errorf("said %q", out)
	}
	if out := n.do("alice", "contacts", "--json"); !strings.Contains(out, `"reported":true`) {
		t.Errorf("the knock is not shown as reported: %s", out)
	}
	n.do("alice", "accept", "mallory")
	declined := make(chan string)
	go func() { out, _ := n.device("alice", "answer", "--decline", "--wait", "60s"); declined <- out }()
	for out := "refused"; !strings.Contains(out, "declined"); { // until alice is there
		out, _ = n.device("mallory", "call", "alice")
		if t.Context().Err() != nil {
			t.Fatal(out)
		}
	}
	<-declined
	if out := n.do("alice", "notices", "--json"); strings.Count(out, `"declined"`) != 1 || strings.Contains(out, `"reported":true`) {
		t.Errorf("notices %s", out)
	}
	if out := n.do("alice", "report", "--json", "mallory"); !strings.Contains(out, `"kind":"declined"`) {
		t.Errorf("said %s", out)
	}
	if out := n.do("alice", "notices"); !strings.Contains(out, ", reported") {
		t.Errorf("the call is not shown as reported: %s", out)
	}
	if out, code := n.device("mallory", "report", "alice"); code != exitFailed {
		t.Errorf("a caller reports whom he called: exit %d: %s", code, out)
	}
}

// knocks lets somebody knock, and returns the contacts of the other once it has
// arrived, which is after its answer.
func (n *town) knocks(who, at string) (contacts string) {
	n.t.Helper()
	n.do(who, "knock", at)
	for range 100 {
		if contacts = n.do(at, "contacts", "--json"); strings.Contains(contacts, "knocked") {
			break
		}
	}
	return contacts
}

// A report reaches the live hunt, behind the record of its call.
func TestLiveHuntHearsReports(t *testing.T) {
	b, err := bus.Open(bus.Options{Name: "test", Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	h := newLiveHunt(slog.New(slog.NewTextHandler(io.Discard, nil)))
	stranger := false
	r := store.Record{Time: time.Now(), Call: wire.ID{1}, Caller: wire.ID{2}, Callee: wire.ID{3}, Outcome: "missed", Contact: &stranger}
	h.Saw(r)
	h.Reported("", r.Callee, r.Call)
	h.Reported("", r.Caller, r.Call) // whom it was not for: refused by the service before, and by the hunt
	if err := h.start(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	defer h.close()
	for range 600 {
		all, complete, err := h.runner.Load().Counts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if complete && all.Reports > 0 {
			if all.Reports != 1 || all.Records == 0 {
				t.Errorf("the hunt counts %+v", all)
			}
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Error("the report did not reach the hunt")
}
