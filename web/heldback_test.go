package web_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/client/keep"
	"github.com/ringfence/ringfence/internal/browser"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// caller is somebody with a changed client, which calls whomever it likes and
// says nothing about calls of its own accord.
type caller struct {
	*client.Client
	client.Transport
	t      *testing.T
	socket atomic.Pointer[quiet]
}

// Dial opens the device socket.
func (c *caller) Dial(ctx context.Context, url string) (client.Socket, error) {
	s, err := c.Transport.Dial(ctx, url)
	if err != nil {
		return nil, err
	}
	q := &quiet{s}
	c.socket.Store(q)
	return q, nil
}

type quiet struct{ client.Socket }

// Write sends what is not about a call.
func (q *quiet) Write(ctx context.Context, b []byte) error {
	if len(b) > 0 && b[0] >= call.TypeOffer && b[0] <= call.TypeRestart {
		return nil
	}
	return q.Socket.Write(ctx, b)
}

func (s *server) caller(name string) *caller {
	s.t.Helper()
	k, err := keep.Open(s.t.TempDir(), nil)
	if err != nil {
		s.t.Fatal(err)
	}
	c := &caller{Transport: client.NewTransport(nil), t: s.t}
	if c.Client, err = client.Open(s.t.Context(), client.Options{Keep: k, Transport: c}); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	go func() {
		for range c.Events() {
			continue // nobody answers
		}
	}()
	base, code, _ := strings.Cut(s.invite(""), "#invite=")
	if err := c.Register(s.t.Context(), base, code, name); err != nil {
		s.t.Fatal(err)
	}
	if err := c.Connect(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// offer sends a genuine offer, whatever the client thinks of it.
func (c *caller) offer(to wire.ID, media wire.Media) {
	c.t.Helper()
	nonce, counter, err := c.SocketNonce()
	if err != nil {
		c.t.Fatal(err)
	}
	m := call.Message{Type: call.TypeOffer, Callee: to, Media: media, Counter: max(counter, uint64(time.Now().UnixNano()))}
	signed := append([]byte("ringfence offer v1\x00"), nonce[:]...)
	signed = append(append(binary.BigEndian.AppendUint64(signed, m.Counter), to[:]...), byte(media))
	if m.Signature, err = c.Sign(signed); err != nil {
		c.t.Fatal(err)
	}
	if err := c.socket.Load().Socket.Write(c.t.Context(), m.AppendTo(nil)); err != nil {
		c.t.Fatal(err)
	}
}

// rings counts the rings that come on a window's socket from now on.
func (w *window) rings() func() int {
	w.t.Helper()
	var mu sync.Mutex
	var watching sync.WaitGroup
	n := 0
	ctx, cancel := context.WithCancel(w.ctx)
	w.t.Cleanup(func() { cancel(); watching.Wait() })
	w.do(chromedp.Func(func(_ context.Context, target *chromedp.Target) error {
		watch(ctx, &watching, target, network.WebSocketFrameReceived, func(e network.EventWebSocketFrameReceived) {
			mu.Lock()
			defer mu.Unlock()
			if b := e.Response.PayloadData; len(b) > 0 && b[0] == call.TypeRing {
				n++
			}
		})
		return nil
	}))
	return func() int { mu.Lock(); defer mu.Unlock(); return n }
}

// The call of somebody who is no contact does not ring: nothing of it is shown
// but that it was held back, at once, and in the list afterwards. The same call
// rings as long as they are contacts.
func TestHeldBackCall(t *testing.T) {
	chromium := browser.Start(t)
	s := serve(t)
	mallory, bob := s.caller("mallory"), open(t, chromium, "bob", 390, 844)
	bob.join(s.invite(""), "bob")
	if err := mallory.Knock(t.Context(), "bob"); err != nil {
		t.Fatal(err)
	}
	bob.untilText("mallory would like to reach you")
	bob.button("Accept: mallory")
	var to wire.ID
	for range 600 {
		for _, c := range mallory.Contacts() {
			if c.State == client.Accepted {
				to = c.Account
			}
		}
		if !to.IsZero() {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	rings := bob.rings()
	mallory.offer(to, wire.Video)
	bob.rung("mallory")
	bob.button("Decline")
	bob.until("the call is over", `!document.querySelector("dialog.call")`)
	if n := rings(); n != 1 {
		t.Fatalf("a contact's call brought %d rings to the device", n)
	}

	bob.openChat("mallory")
	bob.click(".who")
	bob.button("Remove contact")
	bob.button("Remove contact")
	bob.until("mallory is no contact", `!document.querySelector("button.row[data-key]")`)
	// No page of a call shall be there at any moment, not only when we look.
	eval[bool](bob, `(window.rang = 0, new MutationObserver(() => { if (document.querySelector("dialog.call")) window.rang++ }).observe(document.body, {childList: true, subtree: true}), true)`)
	connections := eval[int](bob, "connections.length")
	mallory.offer(to, wire.Video)
	bob.untilText("A call of mallory was held back: not one of your contacts.")
	bob.shoot("40-held-back-toast")
	bob.click(".missed-row")
	const rows = `[...document.querySelectorAll("li.call-notice.held")]`
	bob.until("it is in the list", rows+`.length === 1`)
	said := eval[string](bob, rows+`[0].innerText.replace(/[\u2068\u2069]/g, "")`)
	for _, want := range []string{"mallory", "Video call held back", "They are not one of your contacts, so it did not ring. Nothing of it reached this device."} {
		if !strings.Contains(said, want) {
			t.Errorf("the list says %q, not %q", said, want)
		}
	}
	mallory.offer(to, wire.Video)
	bob.until("it is counted", rows+`.length === 1 && `+rows+`[0].innerText.includes("2")`)
	bob.until("nothing covers the page", `!document.querySelector(".toast")`)
	bob.readable("calls held back")
	bob.shoot("41-held-back-phone")
	bob.dark(true)
	bob.shoot("42-held-back-dark")
	if n := rings(); n != 1 {
		t.Errorf("%d rings reached the device of a call that was held back", n-1)
	}
	if rang := eval[int](bob, "window.rang"); rang != 0 {
		t.Error("a page of a call was shown")
	}
	if n := eval[int](bob, "connections.length"); n != connections {
		t.Errorf("%d media connections were made for calls that were held back", n-connections)
	}
	// It stands there for a page that is loaded anew too.
	bob.do(chromedp.Reload())
	bob.click(".missed-row")
	bob.until("it is in the list", fmt.Sprintf(`%s.length === 1`, rows))
	bob.clean(s.host)
}
