package socket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// serve runs a server whose connections are handed to handle, in a goroutine of
// their own.
func serve(t *testing.T, o Options, handle func(c *Conn)) (url string) {
	t.Helper()
	var running sync.WaitGroup
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := Accept(w, r, o)
		if err != nil {
			return
		}
		running.Go(func() { defer c.CloseNow(); handle(c) })
	}))
	t.Cleanup(func() { s.Close(); running.Wait() })
	return s.URL
}

func dial(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(context.Background(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	c.SetReadLimit(1 << 20)
	return c
}

func echo(c *Conn) {
	for c.Read(0, func(msg []byte) error { return c.Write(msg) }) == nil {
	}
}

func TestEcho(t *testing.T) {
	url := serve(t, Options{Limit: 200 << 10}, echo)
	c, ctx := dial(t, url), context.Background()
	for _, n := range []int{0, 1, 125, 126, 127, 128, 511, 513, 65535, 65536, 65537, 200 << 10} {
		msg := bytes.Repeat([]byte{0x88}, n)
		if err := c.Write(ctx, websocket.MessageBinary, msg); err != nil {
			t.Fatal(err)
		}
		kind, got, err := c.Read(ctx)
		if err != nil || kind != websocket.MessageBinary || !bytes.Equal(got, msg) {
			t.Fatalf("%d bytes: %d came back (%v)", n, len(got), err)
		}
	}
	if err := c.Ping(c.CloseRead(ctx)); err != nil {
		t.Fatal("ping: ", err)
	}
}

// What a client sends together with its request is not lost.
func TestEarlyBytes(t *testing.T) {
	url := serve(t, Options{Limit: 4 << 10}, echo)
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request := "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
	frame := append([]byte{0x82, 0x80 | 126, 2000 >> 8, 2000 & 0xff, 0, 0, 0, 0}, bytes.Repeat([]byte{7}, 2000)...)
	if _, err := conn.Write(append([]byte(request), frame...)); err != nil {
		t.Fatal(err)
	}
	all := make([]byte, 0, 4096)
	for !bytes.HasSuffix(all, frame[8:]) {
		b := make([]byte, 4096)
		n, err := conn.Read(b)
		if err != nil {
			t.Fatalf("%v after %d bytes", err, len(all))
		}
		all = append(all, b[:n]...)
	}
}

// Fill runs for each Wake, never twice at a time, and all arrives in order.
func TestWake(t *testing.T) {
	var n, at, inside atomic.Int64
	conns := make(chan *Conn, 1)
	url := serve(t, Options{Limit: 100, Fill: func(send func([]byte)) {
		if inside.Add(1) != 1 {
			t.Error("fill runs twice at a time")
		}
		for ; at.Load() < n.Load(); at.Add(1) {
			send(fmt.Appendf(nil, "%d", at.Load()))
		}
		inside.Add(-1)
	}}, func(c *Conn) {
		conns <- c
		echo(c)
	})
	c := dial(t, url)
	server := <-conns
	const all = 5000
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for n.Load() < all {
				n.Add(1)
				server.Wake()
			}
		})
	}
	for i := range all {
		_, msg, err := c.Read(context.Background())
		if err != nil || string(msg) != fmt.Sprint(i) {
			t.Fatalf("message %d: %q (%v)", i, msg, err)
		}
	}
	wg.Wait()
}

func TestRefusals(t *testing.T) {
	ended := make(chan error, 1)
	url := serve(t, Options{Limit: 1000}, func(c *Conn) {
		var err error
		for err == nil {
			err = c.Read(0, func([]byte) error { return nil })
		}
		ended <- err
	})
	for _, send := range []struct {
		kind websocket.MessageType
		size int
		want websocket.StatusCode
	}{
		{websocket.MessageText, 10, websocket.StatusUnsupportedData},
		{websocket.MessageBinary, 1001, websocket.StatusMessageTooBig},
		{websocket.MessageBinary, 1 << 20, websocket.StatusMessageTooBig},
	} {
		c, ctx := dial(t, url), context.Background()
		_ = c.Write(ctx, send.kind, make([]byte, send.size)) // may be cut off
		if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != send.want {
			t.Errorf("%v of %d bytes: %v, want %v", send.kind, send.size, err, send.want)
		}
		<-ended
	}
	if _, r, err := websocket.Dial(context.Background(), url, &websocket.DialOptions{HTTPHeader: http.Header{"Origin": {"http://elsewhere"}}}); err == nil || r.StatusCode != http.StatusForbidden {
		t.Errorf("another origin: %v", err)
	}
}

// A peer that says nothing, begins a frame and stops, or does not read what is
// written to it, is let go.
func TestSlowPeers(t *testing.T) {
	ended := make(chan error, 1)
	url := serve(t, Options{Limit: 1000}, func(c *Conn) {
		ended <- c.Read(50*time.Millisecond, func([]byte) error { return nil })
	})
	c := dial(t, url)
	if err := <-ended; !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
		t.Fatalf("a silent peer: %v", err)
	}
	c.CloseNow()

	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n\x82\xfe\x01")
	if err := <-ended; !isTimeout(err) {
		t.Fatalf("half a frame: %v", err)
	}
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

// A corked connection that nobody reads fails after its deadline, and Wake on
// it does no harm.
func TestWritesToADeadPeer(t *testing.T) {
	a, b := net.Pipe()
	b.Close()
	c := &corked{Conn: a}
	c.cork()
	if _, err := c.Write([]byte{1}); err != nil {
		t.Fatal("a corked write is kept: ", err)
	}
	if c.uncork() == nil {
		t.Fatal("a write to a closed pipe did not fail")
	}
	if _, err := c.Write([]byte{1}); err == nil {
		t.Fatal("the connection forgot that it failed")
	}
}
