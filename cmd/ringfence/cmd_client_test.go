package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/loopback"
)

// wiretap passes TCP connections on to the server and keeps what went through.
type wiretap struct {
	listener net.Listener
	to       string
	running  sync.WaitGroup

	mu   sync.Mutex
	seen bytes.Buffer
}

func tap(t *testing.T, to string) *wiretap {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wiretap{listener: l, to: to}
	w.running.Go(w.accept)
	t.Cleanup(func() { l.Close(); w.running.Wait() })
	return w
}

func (w *wiretap) accept() {
	for {
		c, err := w.listener.Accept()
		if err != nil {
			return
		}
		s, err := net.Dial("tcp", w.to)
		if err != nil {
			c.Close()
			continue
		}
		for _, pair := range [][2]net.Conn{{c, s}, {s, c}} {
			w.running.Go(func() {
				io.Copy(pair[1], io.TeeReader(pair[0], w))
				pair[0].Close()
				pair[1].Close()
			})
		}
	}
}

func (w *wiretap) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen.Write(b)
}

// town is a server in this process, and people's devices.
type town struct {
	t   *testing.T
	dir string
	url string
	tap *wiretap
}

func newTown(t *testing.T) *town {
	n := &town{t: t, dir: t.TempDir()}
	listen := loopback.Free(t)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan int, 1)
	var said lockedBuffer
	go func() {
		done <- run(&env{ctx: ctx, stdout: &said, stderr: &said, now: time.Now}, []string{"serve", "--data", filepath.Join(n.dir, "data"), "--listen", listen, "--relay", loopback.Free(t)})
	}()
	t.Cleanup(func() {
		stop()
		if code := <-done; code != exitDone {
			t.Errorf("serve ended with %d: %s", code, said.String())
		}
	})
	for range 600 {
		if resp, err := http.Get("http://" + listen + "/v1/server"); err == nil {
			resp.Body.Close()
			n.tap = tap(t, listen)
			n.url = "http://" + n.tap.listener.Addr().String()
			return n
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("serve does not answer: %s", said.String())
	return nil
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// asCommand in the environment makes this test binary the command itself: a
// device is a process of its own.
const asCommand = "RINGFENCE_TEST_AS_COMMAND"

func init() {
	if os.Getenv(asCommand) != "" {
		main()
	}
}

// try runs a command and returns what it printed and its exit code.
func (n *town) try(args ...string) (string, int) {
	cmd := exec.CommandContext(n.t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return out.String() + said.String() + err.Error(), cmd.ProcessState.ExitCode()
	}
	return out.String(), exitDone
}

// do runs a command of somebody's device, which must succeed.
func (n *town) do(who string, args ...string) string {
	n.t.Helper()
	out, code := n.device(who, args...)
	if code != exitDone {
		n.t.Fatalf("%s: %s: exit %d: %s", who, strings.Join(args, " "), code, out)
	}
	return out
}

func (n *town) device(who string, args ...string) (string, int) {
	return n.try(append([]string{"client", "--home", filepath.Join(n.dir, who)}, args...)...)
}

func (n *town) invite(args ...string) string {
	n.t.Helper()
	out, code := n.try(append([]string{"invite", "--data", filepath.Join(n.dir, "data"), "--json"}, args...)...)
	var v struct{ Code string }
	if err := json.Unmarshal([]byte(out), &v); err != nil || code != exitDone {
		n.t.Fatalf("invite: %s %v", out, err)
	}
	return v.Code
}

func (n *town) friends() {
	n.t.Helper()
	for _, who := range []string{"alice", "bob"} {
		n.do(who, "register", "--server", n.url, "--invite", n.invite(), "--name", who)
	}
	n.do("alice", "knock", "bob")
	n.do("bob", "accept", "alice")
}

func received(t *testing.T, out string) (texts []string) {
	t.Helper()
	for line := range strings.Lines(out) {
		var v struct{ From, Text, SentAt, ID string }
		d := json.NewDecoder(strings.NewReader(strings.Replace(line, "sent_at", "sentat", 1)))
		d.DisallowUnknownFields()
		if err := d.Decode(&v); err != nil || v.From == "" || len(v.ID) != 32 {
			t.Fatalf("%q: %v", line, err)
		}
		if _, err := time.Parse(time.RFC3339Nano, v.SentAt); err != nil {
			t.Error(err)
		}
		texts = append(texts, v.From+": "+v.Text)
	}
	return texts
}

// The commands against a real server: texts come once, receipts go back, and
// nothing readable is on the wire or on any disk.
func TestClientCommands(t *testing.T) {
	n := newTown(t)
	n.friends()
	const marker = "marker-nobody-may-read"
	for i := range 3 {
		n.do("alice", "send", "bob", fmt.Sprintf("%s %d", marker, i))
	}
	want := []string{"alice: " + marker + " 0", "alice: " + marker + " 1", "alice: " + marker + " 2"}
	if got := received(t, n.do("bob", "receive", "--wait", "5s", "--json")); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Fatalf("%q", got)
	}
	if got := n.do("bob", "receive", "--wait", "100ms", "--json"); got != "" {
		t.Errorf("printed twice: %s", got)
	}
	n.do("bob", "send", "alice", marker+" back")
	if got := received(t, n.do("alice", "receive", "--wait", "5s", "--json")); len(got) != 1 {
		t.Errorf("%q", got)
	}
	if a, b := n.do("alice", "safety", "bob"), n.do("bob", "safety", "alice"); a != b || len(strings.TrimSpace(a)) != 71 {
		t.Errorf("safety numbers %q and %q", a, b)
	}
	n.do("bob", "rename", "alice", "Ali from work")
	if out := n.do("bob", "contacts", "--json"); !strings.Contains(out, `"Ali from work"`) {
		t.Error(out)
	}
	n.do("bob", "rotate", "alice")
	n.do("alice", "send", "bob", marker+" with another token")
	n.nothingReadable(marker)
	if out, code := n.device("alice", "send", "nobody", "x"); code != exitFailed || !strings.Contains(out, "nobody") {
		t.Errorf("exit %d: %s", code, out)
	}
	n.do("bob", "remove", "alice")
	if _, code := n.device("alice", "send", "bob", "x"); code != exitFailed {
		t.Error("wrote to somebody who ended it")
	}
	n.do("bob", "sign-out")
	n.do("bob", "contacts") // signs in again
	n.do("bob", "delete-account", "--yes")
	if _, code := n.device("bob", "contacts"); code != exitFailed {
		t.Error("a deleted account still works")
	}
}

// nothingReadable looks for the marker in all traffic and in every file.
func (n *town) nothingReadable(marker string) {
	n.t.Helper()
	n.tap.mu.Lock()
	if n.tap.seen.Len() == 0 || bytes.Contains(n.tap.seen.Bytes(), []byte(marker)) {
		n.t.Errorf("%d bytes of traffic hold the text", n.tap.seen.Len())
	}
	n.tap.mu.Unlock()
	files := 0
	err := filepath.WalkDir(n.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		files++
		b, err := os.ReadFile(path)
		if err == nil && bytes.Contains(b, []byte(marker)) {
			n.t.Errorf("%s holds the text", path)
		}
		return err
	})
	if err != nil || files < 4 {
		n.t.Errorf("%d files searched, %v", files, err)
	}
}

// A device that is lost is replaced by an invite; the contact is warned, and
// writes again only after confirming.
func TestClientReplacesADevice(t *testing.T) {
	n := newTown(t)
	n.friends()
	n.do("alice", "contacts")
	n.do("bob", "contacts")
	n.do("alice-again", "register", "--server", n.url, "--invite", n.invite("--for", "alice"))
	out, code := n.device("bob", "send", "alice", "are you there?")
	if code != exitFailed || !strings.Contains(out, "keys") {
		t.Fatalf("exit %d: %s", code, out)
	}
	if out := n.do("bob", "contacts", "--json"); !strings.Contains(out, `"keys_changed":true`) {
		t.Error(out)
	}
	b := n.do("bob", "safety", "alice")
	n.do("bob", "confirm", "alice", "--compared")
	if a := n.do("alice-again", "safety", "bob"); a != b {
		t.Errorf("safety numbers %q and %q", a, b)
	}
	n.do("bob", "send", "alice", "are you there?")
	if got := received(t, n.do("alice-again", "receive", "--wait", "5s", "--json")); len(got) != 1 {
		t.Errorf("%q", got)
	}
	n.do("alice-again", "send", "bob", "yes")
	if out, code := n.device("alice", "contacts"); code != exitFailed {
		t.Errorf("the lost device still works: %s", out)
	}
}

func TestClientCalls(t *testing.T) {
	n := newTown(t)
	n.friends()
	n.do("alice", "contacts")
	n.do("bob", "contacts")
	for _, c := range []struct {
		name     string
		call     []string
		answer   []string
		state    string
		answered bool
	}{
		{"video", []string{"call", "bob", "--video", "--for", "2s", "--json"}, []string{"answer", "--wait", "20s", "--for", "5s", "--json"}, "answered", true},
		{"sound", []string{"call", "bob", "--for", "5s", "--json"}, []string{"answer", "--wait", "20s", "--for", "2s", "--json"}, "answered", true},
		{"declined", []string{"call", "bob", "--json"}, []string{"answer", "--wait", "20s", "--decline", "--json"}, "declined", false},
	} {
		t.Run(c.name, func(t *testing.T) { n.call(t, c.call, c.answer, c.state, c.answered) })
	}
}

func (n *town) call(t *testing.T, call, answer []string, state string, answered bool) {
	callee := make(chan string, 1)
	go func() {
		out, code := n.device("bob", answer...)
		callee <- fmt.Sprintf("%s\x00%d", out, code)
	}()
	out := ""
	for range 100 { // until the callee is there
		var code int
		if out, code = n.device("alice", call...); code != exitDone {
			t.Fatalf("exit %d: %s", code, out)
		}
		if !strings.Contains(out, `"refused"`) && !strings.Contains(out, `"missed"`) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	theirs, code, _ := strings.Cut(<-callee, "\x00")
	if code != "0" {
		t.Fatalf("callee: exit %s: %s", code, theirs)
	}
	for who, said := range map[string]string{"caller": out, "callee": theirs} {
		var o outcome
		if err := json.Unmarshal([]byte(said), &o); err != nil || o.State != state {
			t.Fatalf("%s: %s: %v", who, said, err)
		}
		if answered && (o.FirstFrameMS == nil || o.PacketsSent == 0 || o.PacketsReceived == 0 || o.RingMS == nil) {
			t.Errorf("%s: %s", who, said)
		}
		t.Logf("%s: %s", who, strings.TrimSpace(said))
	}
}
