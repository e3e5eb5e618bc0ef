package testrange

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/ring"
)

// bare is a device that consists of its keys and a socket: what it sends is the
// same each time, so that a seeded server draws the same numbers.
type bare struct {
	t       *testing.T
	url     string
	key     ed25519.PrivateKey
	account wire.ID
	token   string
	nonce   wire.ID
	conn    *websocket.Conn
	got     *tape[[]byte]
}

// request makes a signed-in request.
func (b *bare) request(method, path string, body []byte, kind string) (int, []byte) {
	b.t.Helper()
	req, err := http.NewRequest(method, b.url+path, bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	if b.token != "" {
		req.Header.Set("Authorization", "Bearer "+b.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return resp.StatusCode, out
}

func (b *bare) json(method, path string, in, out any) {
	b.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		b.t.Fatal(err)
	}
	code, answer := b.request(method, path, body, "application/json")
	if code/100 != 2 {
		b.t.Fatalf("%s %s: %d %s", method, path, code, answer)
	}
	if out != nil {
		if err := json.Unmarshal(answer, out); err != nil {
			b.t.Fatal(err)
		}
	}
}

func newBare(t *testing.T, url, invite, name string, seed byte) *bare {
	t.Helper()
	b := &bare{t: t, url: url, key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{seed}, 32)), got: newTape[[]byte]()}
	public, curve := b.key.Public().(ed25519.PublicKey), bytes.Repeat([]byte{seed + 1}, 32)
	signature := ed25519.Sign(b.key, append(append([]byte("ringfence device v1\x00"), public...), curve...))
	var out struct {
		Account wire.ID
		Token   string
	}
	b.json("POST", "/v1/register", map[string]any{"invite": invite, "name": name, "device": map[string]string{
		"ed25519": b64.EncodeToString(public), "curve25519": b64.EncodeToString(curve), "signature": b64.EncodeToString(signature),
	}}, &out)
	b.account, b.token = out.Account, out.Token
	return b
}

// connect opens the device socket and waits until all that was waiting is there.
func (b *bare) connect() {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.t.Context(), long)
	defer cancel()
	c, _, err := websocket.Dial(ctx, strings.Replace(b.url, "http", "ws", 1)+"/v1/device", nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { c.CloseNow() })
	c.SetReadLimit(1 << 20)
	token, err := b64.DecodeString(b.token)
	if err != nil {
		b.t.Fatal(err)
	}
	b.conn = c
	b.send(call.Message{Type: call.TypeHello, Build: 1, Token: token}.AppendTo(nil))
	go func() {
		for {
			_, m, err := c.Read(context.Background())
			if err != nil {
				return
			}
			b.got.add(m)
		}
	}()
	welcome, ok := b.got.await(ctx, 0, long, isType(call.TypeWelcome))
	if !ok {
		b.t.Fatal("no welcome")
	}
	b.nonce = wire.ID(welcome[2:18])
	if _, ok := b.got.await(ctx, 0, long, isType(call.TypeDrained)); !ok {
		b.t.Fatal("never drained")
	}
}

func (b *bare) send(m []byte) {
	b.t.Helper()
	if err := b.conn.Write(b.t.Context(), websocket.MessageBinary, m); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bare) offer(callee wire.ID, media wire.Media, counter uint64) []byte {
	m := call.Message{Type: call.TypeOffer, Callee: callee, Media: media, Counter: counter}
	text := append([]byte("ringfence offer v1\x00"), b.nonce[:]...)
	for i := 7; i >= 0; i-- {
		text = append(text, byte(counter>>(8*i)))
	}
	m.Signature = [64]byte(ed25519.Sign(b.key, append(append(text, callee[:]...), byte(media))))
	return m.AppendTo(nil)
}

// seeded is randomness that is the same each time.
func seeded() io.Reader { return rand.NewChaCha8([32]byte{7}) }

// scene plays the same scene on a seeded server, up to a call with the caller's
// own noise around the offer, and returns every byte that the callee's socket
// got from the beginning.
func scene(t *testing.T, noise func(caller, callee *bare) [][]byte) []byte {
	t.Helper()
	now := time.Unix(1_800_000_000, 0)
	h := build(t, seeded(), func() time.Time { return now })
	invites := h.invites(t, 2)
	callee, caller := newBare(t, h.url, invites[0], "callee", 1), newBare(t, h.url, invites[1], "caller", 3)
	callee.connect()
	caller.json("POST", "/v1/knock", map[string]string{"name": "callee"}, nil)
	if _, ok := callee.got.await(t.Context(), 0, long, isType(call.TypeNotice)); !ok {
		t.Fatal("the knock did not arrive")
	}
	if code, answer := callee.request("POST", "/v1/contacts/"+caller.account.String()+"/accept", bytes.Clone(fixedEnvelope()), "application/octet-stream"); code/100 != 2 {
		t.Fatalf("accepting: %d %s", code, answer)
	}
	caller.connect()
	for _, m := range noise(caller, callee) {
		caller.send(m)
	}
	if _, ok := callee.got.await(t.Context(), 0, long, isType(ring.Type)); !ok {
		return nil
	}
	time.Sleep(quiet)
	return bytes.Join(callee.got.since(0), []byte("|"))
}

// fixedEnvelope is an envelope that is the same each time; nobody can open it.
func fixedEnvelope() []byte {
	b := make([]byte, len(sealedNothing()))
	copy(b, sealedNothing()[:2])
	return b
}

// invites gets invites from the operator's side.
func (h *house) invites(t *testing.T, n int) (codes []string) {
	t.Helper()
	for range n {
		codes = append(codes, h.addInvite(t))
	}
	return codes
}

// Non-interference: on a seeded server, any two inputs of an accepted caller with
// the same account and kind of media give the callee the same bytes over the
// call path before its answer. Every byte is compared, ids and all.
func TestNonInterference(t *testing.T) {
	honest := func(caller, callee *bare) [][]byte {
		return [][]byte{caller.offer(callee.account, wire.Video, 1)}
	}
	plain := scene(t, honest)
	if len(plain) == 0 {
		t.Fatal("an honest call did not ring")
	}
	if other := scene(t, func(caller, callee *bare) [][]byte { return [][]byte{caller.offer(callee.account, wire.Sound, 1)} }); bytes.Equal(other, plain) {
		t.Error("sound and video look the same: the comparison sees nothing")
	}
	around := func(before, behind [][]byte) func(caller, callee *bare) [][]byte {
		return func(caller, callee *bare) [][]byte {
			return append(append(before, caller.offer(callee.account, wire.Video, 1)), behind...)
		}
	}
	id := wire.ID{0xcc}
	join := call.Message{Type: call.TypeJoin, Call: id, Envelope: sealedNothing()}.AppendTo(nil)
	for name, noise := range map[string]func(caller, callee *bare) [][]byte{
		"another counter": func(caller, callee *bare) [][]byte {
			return [][]byte{caller.offer(callee.account, wire.Video, 1<<63)}
		},
		"garbage around it":       around([][]byte{{0xff}, {}, make([]byte, 3000), {0x20}}, [][]byte{{0x6f, 1}, {0x03}, bytes.Repeat([]byte{0x40}, 92)}),
		"steps of no call":        around([][]byte{join, call.Message{Type: call.TypeConnected, Call: id}.AppendTo(nil)}, [][]byte{join, join}),
		"restarts of no call":     around([][]byte{restartOf(id), call.Message{Type: call.TypeAsk, Call: id}.AppendTo(nil)}, [][]byte{restartOf(id), call.Message{Type: call.TypeResume, Call: id}.AppendTo(nil)}),
		"forged settings":         around([][]byte{append([]byte{call.TypeSettings}, settingsText...)}, [][]byte{append([]byte{call.TypeSettings}, settingsText...)}),
		"a forged ring behind it": around(nil, [][]byte{ring.Ring{Call: id, Caller: id, Media: wire.Sound, TTL: 1}.AppendTo(nil)}),
		"the same offer again": func(caller, callee *bare) [][]byte {
			b := caller.offer(callee.account, wire.Video, 1)
			return [][]byte{b, b}
		},
		"a second offer behind it": func(caller, callee *bare) [][]byte {
			return [][]byte{caller.offer(callee.account, wire.Video, 1), caller.offer(callee.account, wire.Sound, 2)}
		},
		"connected, joined and answered by itself": func(caller, callee *bare) [][]byte {
			return [][]byte{caller.offer(callee.account, wire.Video, 1), call.Message{Type: call.TypeAccept, Call: id, Envelope: sealedNothing()}.AppendTo(nil)}
		},
	} {
		if got := scene(t, noise); !bytes.Equal(got, plain) {
			t.Errorf("%s:\nthe callee got %s\ninstead of     %s", name, abridged(got), abridged(plain))
		}
	}
	// Offers that are refused draw call ids of their own, for the record: after
	// them the ring has the next one, which tells nothing.
	refused := scene(t, func(caller, callee *bare) [][]byte {
		bad := caller.offer(callee.account, wire.Video, 1)
		bad[len(bad)-1] ^= 1
		return [][]byte{append(bytes.Clone(bad), settingsText...), bad[:60], bad, caller.offer(callee.account, wire.Video, 1)}
	})
	if a, b := withoutID(refused), withoutID(plain); !bytes.Equal(a, b) {
		t.Errorf("after refused offers:\nthe callee got %s\ninstead of     %s", abridged(a), abridged(b))
	}
}

// withoutID leaves the call id out of the ring at the end of what was got.
func withoutID(b []byte) []byte {
	if len(b) < ring.Size {
		return b
	}
	b = bytes.Clone(b)
	clear(b[len(b)-ring.Size+2 : len(b)-ring.Size+18])
	return b
}

func abridged(b []byte) string {
	if len(b) > 600 {
		b = b[len(b)-600:]
	}
	return fmt.Sprintf("%x", b)
}
