package web_test

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/delay"
	"github.com/ringfence/ringfence/internal/loopback"
	"github.com/ringfence/ringfence/web"
)

// server is the program itself, as `ringfence serve` runs it.
type server struct {
	t      *testing.T
	binary string
	data   string
	base   string // http://localhost:PORT/
	host   string // localhost:PORT

	mu  sync.Mutex
	log bytes.Buffer
}

// serve builds the program, starts it on ports of its own, and stops it after
// the test.
func serve(t *testing.T) *server {
	t.Helper()
	return start(t, "--relay", "127.0.0.1:0")
}

// serveAfar is serve with a distance between the server and everybody else.
func serveAfar(t *testing.T, oneWay time.Duration) *server {
	t.Helper()
	relay := loopback.Free(t)
	s := start(t, "--relay", relay, "--external", link(t, relay, oneWay))
	s.host = "localhost" + strings.TrimPrefix(link(t, strings.Replace(s.host, "localhost", "127.0.0.1", 1), oneWay), "127.0.0.1")
	s.base = "http://" + s.host + "/"
	return s
}

func link(t *testing.T, target string, oneWay time.Duration) string {
	t.Helper()
	l, err := delay.Listen(target, oneWay)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l.Addr()
}

func start(t *testing.T, flags ...string) *server {
	t.Helper()
	if _, err := web.Hashes(); err != nil {
		t.Fatalf("%v", err)
	}
	folder := t.TempDir()
	s := &server{t: t, binary: filepath.Join(folder, "ringfence"), data: filepath.Join(folder, "data")}
	build := exec.Command("go", "build", "-o", s.binary, "../cmd/ringfence")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	run := exec.Command(s.binary, append([]string{"serve", "--data", s.data, "--listen", "127.0.0.1:0"}, flags...)...)
	run.Stderr = s
	out, err := run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		run.Process.Signal(os.Interrupt)
		gone := time.AfterFunc(20*time.Second, func() { run.Process.Kill() })
		run.Wait()
		gone.Stop()
		if t.Failed() {
			t.Logf("the server's log:\n%s", s.said())
		}
	})
	messenger := regexp.MustCompile(`messenger +(http://(localhost:\d+)/)`)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if m := messenger.FindStringSubmatch(lines.Text()); m != nil {
			s.base, s.host = m[1], m[2]
		}
		if strings.Contains(lines.Text(), "relay ") {
			break
		}
	}
	if s.base == "" {
		t.Fatalf("serve did not say where the messenger is: %v\n%s", lines.Err(), s.said())
	}
	go func() {
		for lines.Scan() {
			continue // the pipe must not fill up
		}
	}()
	return s
}

// Write keeps the server's log.
func (s *server) Write(b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.Write(b)
}

func (s *server) said() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// invite makes one more invite, for an account when it is named.
func (s *server) invite(account string) string {
	s.t.Helper()
	args := []string{"invite", "--data", s.data, "--url", s.base}
	if account != "" {
		args = append(args, "--for", account)
	}
	out, err := exec.Command(s.binary, args...).Output()
	if err != nil {
		s.t.Fatalf("ringfence %v: %v", args, err)
	}
	lines := strings.Fields(string(out))
	return lines[len(lines)-1]
}
