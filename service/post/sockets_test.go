package post

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/envelope"
	"github.com/ringfence/ringfence/wire/letter"
)

func TestOverHTTP(t *testing.T) {
	p := newPlace(t, nil)
	token, url := p.book.add(wire.ID{1}), p.server.URL+"/v1/envelopes"
	for _, c := range []struct {
		body []byte
		want int
	}{
		{append(bytes.Clone(token), sealed(0, 1)...), 204},
		{append(make([]byte, 32), sealed(0, 1)...), 403},
		{token, 422},
		{nil, 422},
		{append(bytes.Clone(token), make([]byte, envelope.MaxSize+1)...), 413},
		{append(bytes.Clone(token), make([]byte, 4*envelope.MaxSize)...), 413},
	} {
		r, err := http.Post(url, "application/octet-stream", bytes.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(r.Body)
		r.Body.Close()
		if r.StatusCode != c.want || (c.want != 204) != strings.Contains(string(b), `"error"`) {
			t.Errorf("%d bytes: %d %s, want %d", len(c.body), r.StatusCode, b, c.want)
		}
	}
}

// dial opens a hand-in socket.
func (p *place) dial(t *testing.T, header http.Header) (*websocket.Conn, *http.Response, error) {
	t.Helper()
	return websocket.Dial(context.Background(), "ws"+p.server.URL[4:]+"/v1/handin", &websocket.DialOptions{HTTPHeader: header})
}

func TestHandInSocket(t *testing.T) {
	p, d := newPlace(t, nil), wire.ID{1}
	token := p.book.add(d)
	c, _, err := p.dial(t, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	ctx := context.Background()
	const n = 500
	go func() {
		for i := range n {
			msg := letter.AppendHandIn(nil, uint32(i), token, sealed(byte(i%4), uint32(i)))
			switch i % 10 {
			case 3:
				msg[4] ^= 1 // another token
			case 4:
				msg = msg[:36+7]
			case 5:
				msg = msg[:4]
			case 6:
				msg = append(msg, make([]byte, letter.HandInSize-len(msg))...)
			}
			if c.Write(ctx, websocket.MessageBinary, msg) != nil {
				return
			}
		}
	}()
	want := map[uint32]int{3: 403, 4: 422, 5: 422, 6: 422}
	seen := map[uint32]bool{}
	for range n {
		_, msg, err := c.Read(ctx)
		if err != nil {
			t.Fatal(err)
		}
		sequence, status, err := letter.Answer(msg)
		expect := want[sequence%10]
		if expect == 0 {
			expect = 204
		}
		if err != nil || seen[sequence] || status != expect {
			t.Fatalf("answer %d: %d (%v), want %d, seen %v", sequence, status, err, expect, seen[sequence])
		}
		seen[sequence] = true
	}
	if got, _, err := p.Mailbox.Count(d); got != n*6/10 || err != nil {
		t.Fatalf("%d letters (%v), want %d", got, err, n*6/10)
	}
}

func TestHandInSocketRefuses(t *testing.T) {
	p := newPlace(t, nil)
	if _, r, err := p.dial(t, http.Header{"Origin": {"https://elsewhere.example"}}); err == nil || r.StatusCode != http.StatusForbidden {
		t.Fatalf("another origin: %v", err)
	}
	for name, send := range map[string]struct {
		kind websocket.MessageType
		size int
		want websocket.StatusCode
	}{
		"text":        {websocket.MessageText, 2000, websocket.StatusUnsupportedData},
		"too long":    {websocket.MessageBinary, letter.HandInSize + 1, websocket.StatusMessageTooBig},
		"much longer": {websocket.MessageBinary, 10 * letter.HandInSize, websocket.StatusMessageTooBig},
		"no sequence": {websocket.MessageBinary, 3, websocket.StatusInvalidFramePayloadData},
	} {
		c, _, err := p.dial(t, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		_ = c.Write(ctx, send.kind, make([]byte, send.size)) // may be cut off
		if _, _, err := c.Read(ctx); websocket.CloseStatus(err) != send.want {
			t.Errorf("%s: %v, want status %d", name, err, send.want)
		}
		c.CloseNow()
	}
}

// One network cannot take all hand-in sockets, and those that end are counted
// out again.
func TestHandInSocketsOfOneNetwork(t *testing.T) {
	p := newPlace(t, nil)
	p.Office.mu.Lock()
	p.networks[network("127.0.0.1:1")] = maxPerNetwork - 1
	p.Office.mu.Unlock()
	open := func() *websocket.Conn {
		c, _, err := p.dial(t, nil)
		if err != nil {
			return nil
		}
		return c
	}
	one := open()
	if one == nil || open() != nil {
		t.Fatal("want one more socket, and no other")
	}
	one.CloseNow()
	for began := time.Now(); ; time.Sleep(time.Millisecond) {
		if c := open(); c != nil {
			c.CloseNow()
			return
		}
		if time.Since(began) > time.Minute {
			t.Fatal("a socket that ended is still counted")
		}
	}
}

func TestNetworks(t *testing.T) {
	for remote, want := range map[string]string{
		"1.2.3.4:5":            "1.2.3.4/32",
		"[::ffff:1.2.3.4]:5":   "1.2.3.4/32",
		"[2001:db8:1:2::9]:80": "2001:db8:1:2::/64",
		"pipe":                 "invalid Prefix",
	} {
		if got := network(remote).String(); got != want {
			t.Errorf("%s: %s, want %s", remote, got, want)
		}
	}
}
