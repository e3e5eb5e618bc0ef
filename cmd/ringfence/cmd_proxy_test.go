package main

import (
	"context"
	"encoding/json"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/loopback"
	"github.com/ringfence/ringfence/wire/stun"
)

func secretFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestProxyTurnSaysWhatIsWrong(t *testing.T) {
	good, empty := secretFile(t, "north\nan older one\n"), secretFile(t, "\n")
	for want, args := range map[string][]string{
		"there is no secret in it":      {"--secret-file", empty},
		"no such file":                  {"--secret-file", empty + "x"},
		"give both, or neither":         {"--secret-file", good, "--cert", good},
		"like 10.1.0.0/16":              {"--secret-file", good, "--allow-peer", "10.1"},
		"one address of this machine":   {"--secret-file", good, "--relay-ip", "0.0.0.0"},
		"external addresses for":        {"--secret-file", good, "--relay-ip", "127.0.0.1", "--external-ip", "198.51.100.1", "--external-ip", "198.51.100.2"},
		"not a range":                   {"--secret-file", good, "--relay-ip", "127.0.0.1", "--min-port", "5", "--max-port", "4"},
		"a limit is 0":                  {"--secret-file", good, "--relay-ip", "127.0.0.1", "--user-quota", "0"},
		"a realm of 41 characters":      {"--secret-file", good, "--relay-ip", "127.0.0.1", "--realm", strings.Repeat("x", 41)},
		"give a time up to 5ms":         {"--secret-file", good, "--hold", "1s"},
		"give a time like 1h":           {"--secret-file", good, "--max-lifetime", "long"},
		"tries the examples":            {"--secret-file", good, "--relay-ip", "127.0.0.1", "--own", empty},
		"missing flags: --secret-file":  {},
		"must be one of \"off\",\"reco": {"--secret-file", good, "--inspect-media", "some"},
	} {
		_, said, code := commandLine(t, append([]string{"proxy", "turn", "--listen", "127.0.0.1:0"}, args...)...)
		if code == exitDone || !strings.Contains(said, want) || strings.Contains(said, "north") {
			t.Errorf("%v: %d: %s, want %q", args, code, said, want)
		}
	}
}

// The proxy starts, refuses, says so as JSON lines, and ends with its counters.
func TestProxyTurn(t *testing.T) {
	for _, asJSON := range []bool{true, false} {
		at, said := loopback.Free(t), &lockedBuffer{}
		args := []string{"proxy", "turn", "--listen", at, "--secret-file", secretFile(t, "north"), "--relay-ip", "127.0.0.1"}
		if asJSON {
			args = append(args, "--json")
		}
		ctx, end := context.WithCancel(t.Context())
		done := make(chan int, 1)
		go func() { done <- run(&env{ctx: ctx, stdout: said, stderr: said, now: time.Now}, args) }()
		wait := func(what string) {
			for range 500 {
				if strings.Contains(said.String(), what) {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Fatalf("no %q in %s", what, said)
		}
		wait(notKnown)
		conn, err := net.Dial("udp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write(stun.Finish(stun.Begin(nil, stun.Request, stun.Connect, [12]byte{}), 0)); err != nil {
			t.Fatal(err)
		}
		wait("a TCP connection to a peer")
		end()
		if code := <-done; code != exitDone {
			t.Errorf("ended with %d: %s", code, said)
		}
		if !asJSON {
			if text := said.String(); !strings.Contains(text, "refused 1") || !strings.Contains(text, "drop    R12") {
				t.Error(text)
			}
			continue
		}
		last := ""
		for line := range strings.Lines(said.String()) {
			var x map[string]any
			if err := json.Unmarshal([]byte(line), &x); err != nil {
				t.Errorf("%s: %v", line, err)
			}
			last = line
		}
		if !strings.Contains(last, `"refused":1`) {
			t.Error(last)
		}
	}
}
