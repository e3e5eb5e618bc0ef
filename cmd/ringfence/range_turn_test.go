package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/loopback"
	"github.com/ringfence/ringfence/testrange"
)

// The range attacks our TURN server, which refuses everything, and no server that
// does not hold the secret.
func TestRangeTURN(t *testing.T) {
	secret, other := secretFile(t, "north\n"), secretFile(t, "south\n")
	at, said := loopback.Free(t), &lockedBuffer{}
	ctx, end := context.WithCancel(t.Context())
	done := make(chan int, 1)
	go func() {
		done <- run(&env{ctx: ctx, stdout: said, stderr: said, now: time.Now}, []string{"proxy", "turn", "--listen", at, "--secret-file", secret, "--relay-ip", "127.0.0.1"})
	}()
	for !strings.Contains(said.String(), notKnown) {
		time.Sleep(10 * time.Millisecond)
	}
	out, text, code := commandLine(t, "range", "--turn", at, "--secret-file", secret, "--json")
	var r testrange.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != exitDone || len(r.Cases) != len(testrange.TURNCases()) || r.Count(testrange.Refused) != len(r.Cases) {
		t.Errorf("%v, exit %d: %s %s", err, code, out, text)
	}
	if _, text, code = commandLine(t, "range", "--turn", at, "--secret-file", other); code == exitDone || !strings.Contains(text, "does not prove") {
		t.Errorf("with another secret: exit %d: %s", code, text)
	}
	for want, args := range map[string][]string{
		"it takes --secret-file":      {"--turn", at},
		"no --server":                 {"--turn", at, "--secret-file", secret, "--server", "http://127.0.0.1:1"},
		"there is no case ring.forge": {"--turn", at, "--secret-file", secret, "--case", "ring.forge"},
		"no such file":                {"--turn", at, "--secret-file", secret + "x"},
	} {
		if _, text, code := commandLine(t, append([]string{"range"}, args...)...); code == exitDone || !strings.Contains(text, want) {
			t.Errorf("%v: exit %d: %s", args, code, text)
		}
	}
	end()
	<-done
}
