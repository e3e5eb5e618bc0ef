package service

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// nothingLeft waits until there are no more goroutines than before.
func nothingLeft(t *testing.T, before int) {
	t.Helper()
	var now int
	for range 300 {
		http.DefaultClient.CloseIdleConnections()
		if now = runtime.NumGoroutine(); now <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	stacks := make([]byte, 1<<20)
	t.Errorf("%d goroutines, %d before:\n%s", now, before, stacks[:runtime.Stack(stacks, true)])
}

// Whatever stands in a body, it is refused in words, recorded, and nothing is
// left behind.
func TestGarbageOverHTTP(t *testing.T) {
	w := newWorld(t)
	alice := w.register("alice")
	w.limits(func(l *guard.Limits) { l.TriesPerMinute, l.RequestsPerMinute = 1_000_000, 1_000_000 })
	before := runtime.NumGoroutine()
	bodies := [][]byte{
		nil, []byte("{"), []byte("null"), []byte("[]"), []byte(`""`), []byte(`{"nonsense":1}`), []byte(`{"name":"bob"}{}`), []byte(`{"name":"bob","name":"eve"}`),
		[]byte(`{"NAME":"bob"}`), bytes.Repeat([]byte("["), 20_000), bytes.Repeat([]byte{0xff}, 1000), bytes.Repeat([]byte(" "), maxBody+10), []byte(`{"name":"` + strings.Repeat("a", maxBody) + `"}`),
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		b := make([]byte, r.IntN(200))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		bodies = append(bodies, b)
	}
	id := alice.account.String()
	for _, path := range []string{
		"/v1/register", "/v1/session/challenge", "/v1/session", "/v1/keys", "/v1/tokens", "/v1/knock", "/v1/reports", "/v1/envelopes", "/v1/range/challenge", "/v1/range/open", "/v1/verify",
		"/v1/contacts/" + id + "/accept", "/v1/contacts/" + id + "/introduce", "/v1/contacts/x/accept", "/v1/nothing",
	} {
		for _, b := range bodies {
			status, out := w.do("POST", path, alice.token, b)
			harmless := status == 200 && (path == "/v1/keys" || path == "/v1/session/challenge") && bytes.Equal(b, []byte("null"))
			if (status < 400 || status >= 500) && !harmless {
				t.Errorf("POST %s %.40q: %d %v", path, b, status, out)
			}
		}
	}
	if status, out := w.do("DELETE", "/v1/tokens/..%2f..%2fserver.key", alice.token, nil); status != 422 {
		t.Errorf("a path for a hash: %d %v", status, out)
	}
	for _, rule := range []string{"R3", "R5"} {
		if !w.refusedBy(rule) {
			t.Errorf("no verdict of %s", rule)
		}
	}
	nothingLeft(t, before)
}

// A device that sends nonsense is refused message by message, and then closed.
func TestGarbageOverTheDeviceSocket(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice"), w.register("bob").connect()
	w.befriend(alice, bob)
	before := runtime.NumGoroutine()
	r := rand.New(rand.NewPCG(3, 4))
	alice.connect()
	for range maxBad + 1 {
		b := make([]byte, r.IntN(300))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		alice.write(b)
	}
	var closed websocket.CloseError
	for {
		_, _, err := alice.socket.Read(context.Background())
		if err != nil {
			errors.As(err, &closed)
			break
		}
	}
	if closed.Code != websocket.StatusPolicyViolation {
		t.Errorf("closed with %v, want 1008", closed)
	}
	alice.connect()
	alice.write(make([]byte, maxIncoming+1))
	for alice.next() != nil {
	}
	alice.connect()
	if err := alice.socket.Write(context.Background(), websocket.MessageText, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	for alice.next() != nil {
	}
	alice.connect()
	alice.write(alice.offer(bob.account, wire.Sound))
	bob.await(call.TypeRing) // and nothing but that
	alice.socket.CloseNow()
	nothingLeft(t, before)
}

// The first message must be a hello of somebody who is signed in.
func TestHello(t *testing.T) {
	w := newWorld(t)
	alice := w.register("alice")
	token, _ := b64.DecodeString(alice.token)
	for name, first := range map[string][]byte{
		"nothing": {}, "an offer": alice.offer(w.s.id(), wire.Sound), "another's token": call.Message{Type: call.TypeHello, Build: 1, Token: make([]byte, 32)}.AppendTo(nil),
		"too long": append(call.Message{Type: call.TypeHello, Build: 1, Token: token}.AppendTo(nil), 0), "a later version": append([]byte{call.TypeHello, 2, 0, 0, 0, 1}, token...),
	} {
		alice.dial()
		alice.write(first)
		if b := alice.next(); b != nil {
			t.Errorf("%s was answered with %x", name, b)
		}
	}
	req, _ := http.NewRequest("GET", w.web.URL+"/v1/device", nil)
	for k, v := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==", "Origin": "https://evil.example"} {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a page of another origin: %s", resp.Status)
	}
}

// Connections that say nothing hold no more than themselves, and do not keep
// the service from closing.
func TestSilentSocketsEndWithTheService(t *testing.T) {
	before := runtime.NumGoroutine()
	w := newWorld(t)
	alice := w.register("alice")
	for range 50 {
		alice.dial()
	}
	began := time.Now()
	w.stop()
	if took := time.Since(began); took > helloTime/2 {
		t.Errorf("the service took %v to close", took)
	}
	nothingLeft(t, before)
}

// One address has so many sockets and no more; those that end make room.
func TestSocketsOfOneAddress(t *testing.T) {
	h := hub{devices: map[wire.ID]*device{}, sockets: map[*device]bool{}, perAddress: map[string]int{}}
	all := make([]*device, maxPerAddress)
	for i := range all {
		all[i] = &device{from: "192.0.2.1"}
		if !h.enters(all[i]) {
			t.Fatalf("socket %d was refused", i)
		}
	}
	if h.enters(&device{from: "192.0.2.1"}) {
		t.Error("one more than there may be")
	}
	if !h.enters(&device{from: "192.0.2.2"}) {
		t.Error("another address was refused")
	}
	h.left(all[0])
	if !h.enters(&device{from: "192.0.2.1"}) {
		t.Error("one that ended made no room")
	}
}

// A body that comes byte by byte, or never, is cut off by the server's own
// limits, whatever handler waits for it; and so is a header.
func TestSlowloris(t *testing.T) {
	w := newWorld(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := Server(w.s, slog.New(slog.DiscardHandler))
	server.ReadHeaderTimeout, server.ReadTimeout = 300*time.Millisecond, 600*time.Millisecond
	before := runtime.NumGoroutine()
	go func() { _ = server.Serve(l) }()
	for _, head := range []string{
		"GET /v1/server HTTP/1.1\r\nHost: x\r\nX-Slow: ",
		"POST /v1/register HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
		"",
	} {
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		fmt.Fprint(c, head)
		began := time.Now()
		_ = c.SetDeadline(began.Add(20 * time.Second))
		go func() {
			for head != "" { // and else it never says a word
				if _, err := c.Write([]byte("a")); err != nil {
					return
				}
				time.Sleep(50 * time.Millisecond)
			}
		}()
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%.20q: still open after %v", head, time.Since(began))
		}
		c.Close()
	}
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	nothingLeft(t, before)
}
