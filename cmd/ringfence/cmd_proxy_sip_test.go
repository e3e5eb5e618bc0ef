package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestProxySIP(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	var out, errs bytes.Buffer
	time.AfterFunc(200*time.Millisecond, stop)
	e := &env{ctx: ctx, stdout: &out, stderr: &errs, now: time.Now}
	if code := run(e, []string{"proxy", "sip", "--listen", "udp:127.0.0.1:0,tcp:127.0.0.1:0", "--upstream", "127.0.0.1:9", "--json"}); code != exitDone {
		t.Fatalf("exit %d: %s", code, &errs)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], `"event":"listening"`) || !strings.Contains(lines[1], `"event":"counts"`) {
		t.Errorf("%s", out.String())
	}
}

func TestProxySIPUsage(t *testing.T) {
	list := filepath.Join(t.TempDir(), "contacts")
	if err := os.WriteFile(list, []byte("bob alice\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		exit int
		says string
	}{
		{[]string{"--listen", "sctp:5060"}, exitUsage, "sctp:5060"},
		{[]string{"--listen", "udp:port"}, exitUsage, "65535"},
		{[]string{"--listen", "udp:0"}, exitFailed, "--media"},
		{[]string{"--listen", "tls:127.0.0.1:0"}, exitFailed, "certificate"},
		{[]string{"--listen", "udp:127.0.0.1:0", "--media", "example.com"}, exitUsage, "--media example.com"},
		{[]string{"--listen", "udp:127.0.0.1:0", "--media-ports", "1"}, exitFailed, "media ports"},
		{[]string{"--listen", "udp:127.0.0.1:0", "--media-ports", "a-b"}, exitUsage, "20000-29999"},
		{[]string{"--listen", "udp:127.0.0.1:0", "--cert", "x"}, exitUsage, "--key"},
		{[]string{"--listen", "udp:127.0.0.1:0", "--contacts", list}, exitUsage, "line 1"},
		{[]string{"--listen", "udp:127.0.0.1:0", "--rules", "nowhere"}, exitUsage, "nowhere"},
		{[]string{"--listen", "udp:127.0.0.1:0", "--inside", "0.0.0.0:0"}, exitFailed, "inside"},
	} {
		var out, errs bytes.Buffer
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		e := &env{ctx: ctx, stdout: &out, stderr: &errs, now: time.Now}
		if code := run(e, append([]string{"proxy", "sip", "--upstream", "127.0.0.1:9"}, c.args...)); code != c.exit || !strings.Contains(errs.String(), c.says) {
			t.Errorf("%v: exit %d, want %d and %q: %s", c.args, code, c.exit, c.says, &errs)
		}
		stop()
	}
}
