package service

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/relay"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/envelope"
)

// world is a real service with its relay, on loopback, and a way to restart it.
type world struct {
	t      *testing.T
	folder string
	s      *Service
	media  *relay.Relay
	web    *httptest.Server
	watch  Watch

	cluster, terms string
}

func newWorld(t *testing.T) *world { return newWatchedWorld(t, nil) }

func newWatchedWorld(t *testing.T, watch Watch) *world {
	w := &world{t: t, folder: t.TempDir(), watch: watch}
	w.start()
	t.Cleanup(w.stop)
	return w
}

func (w *world) start() {
	w.t.Helper()
	var err error
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	w.s, err = New(Config{Data: w.folder, Version: "test", Log: quiet, Watch: w.watch, Cluster: w.cluster, Terms: w.terms, Relay: func(g *guard.Set) (Relay, error) {
		w.media, err = relay.Listen(relay.Config{Addr: "127.0.0.1:0", Guard: g, Log: quiet})
		return w.media, err
	}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.web = httptest.NewServer(w.s)
}

func (w *world) stop() {
	if w.s == nil {
		return
	}
	w.web.CloseClientConnections()
	w.s.Close()
	w.media.Stop()
	w.web.Close()
	w.s = nil
}

// limits changes the guard's limits of a running service.
func (w *world) limits(change func(*guard.Limits)) {
	c := w.s.Guard().Config()
	change(&c.Limits)
	if err := w.s.Guard().Configure(c); err != nil {
		w.t.Fatal(err)
	}
}

// phone is a device that speaks the protocol with keys of its own, without the
// encryption that the client adds.
type phone struct {
	w       *world
	key     ed25519.PrivateKey
	name    string
	account wire.ID
	device  wire.ID
	token   string
	socket  *websocket.Conn
	nonce   wire.ID
	counter uint64
}

func (w *world) do(method, path, token string, in any) (int, map[string]any) {
	w.t.Helper()
	var body io.Reader
	switch v := in.(type) {
	case nil:
	case []byte:
		body = bytes.NewReader(v)
	default:
		b, err := json.Marshal(v)
		if err != nil {
			w.t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, w.web.URL+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer resp.Body.Close()
	out := map[string]any{}
	b, _ := io.ReadAll(resp.Body)
	if len(b) > 0 {
		if err := json.Unmarshal(b, &out); err != nil {
			w.t.Fatalf("%s %s: %q is no JSON", method, path, b)
		}
	}
	return resp.StatusCode, out
}

func (w *world) invite(forName string) string {
	w.t.Helper()
	code, err := AddInvite(context.Background(), w.s.Store(), forName, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

func newKey() ed25519.PrivateKey {
	_, key, _ := ed25519.GenerateKey(rand.Reader)
	return key
}

func registration(key ed25519.PrivateKey, invite, name string) map[string]any {
	public, curve := key.Public().(ed25519.PublicKey), make([]byte, 32)
	rand.Read(curve)
	signed := append(append([]byte("ringfence device v1\x00"), public...), curve...)
	return map[string]any{"invite": invite, "name": name, "device": map[string]string{
		"ed25519": b64.EncodeToString(public), "curve25519": b64.EncodeToString(curve), "signature": b64.EncodeToString(ed25519.Sign(key, signed)),
	}}
}

func (w *world) register(name string) *phone {
	w.t.Helper()
	p := &phone{w: w, key: newKey(), name: name}
	status, out := w.do("POST", "/v1/register", "", registration(p.key, w.invite(""), name))
	if status != 200 {
		w.t.Fatalf("register %s: %d %v", name, status, out)
	}
	p.take(out)
	return p
}

func (p *phone) take(out map[string]any) {
	p.account, _ = wire.ParseID(out["account"].(string))
	p.device, _ = wire.ParseID(out["device"].(string))
	p.token = out["token"].(string)
}

// befriend makes two phones contacts of each other.
func (w *world) befriend(a, b *phone) {
	w.t.Helper()
	if status, out := w.do("POST", "/v1/knock", a.token, map[string]string{"name": b.name}); status != 202 {
		w.t.Fatalf("knock: %d %v", status, out)
	}
	for range 500 {
		if _, knocked, _ := w.s.Store().Related(context.Background(), b.account, a.account); knocked {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if status, out := w.do("POST", "/v1/contacts/"+a.account.String()+"/accept", b.token, sealed()); status != 204 {
		w.t.Fatalf("accept: %d %v", status, out)
	}
}

// sealed is an envelope of the size that call parameters have.
func sealed() []byte {
	b := make([]byte, envelope.CallSize)
	rand.Read(b)
	b[0], b[1] = 1, envelope.CallClass
	return b
}

// connect opens the device socket and says hello.
func (p *phone) connect() *phone {
	p.w.t.Helper()
	p.dial()
	token, _ := b64.DecodeString(p.token)
	p.write(call.Message{Type: call.TypeHello, Build: 1, Token: token}.AppendTo(nil))
	welcome := p.await(call.TypeWelcome)
	copy(p.nonce[:], welcome[2:])
	p.await(call.TypeDrained)
	return p
}

func (p *phone) dial() {
	p.w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	c, _, err := websocket.Dial(ctx, strings.Replace(p.w.web.URL, "http", "ws", 1)+"/v1/device", nil)
	if err != nil {
		p.w.t.Fatal(err)
	}
	c.SetReadLimit(1 << 20)
	p.socket, p.counter = c, 0
	p.w.t.Cleanup(func() { c.CloseNow() })
}

func (p *phone) write(b []byte) {
	p.w.t.Helper()
	if err := p.socket.Write(context.Background(), websocket.MessageBinary, b); err != nil {
		p.w.t.Fatal(err)
	}
}

// next returns the next message, or nil when the socket has ended.
func (p *phone) next() []byte {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, b, err := p.socket.Read(ctx)
	if err != nil {
		return nil
	}
	return b
}

// await reads until a message of the type comes.
func (p *phone) await(typ byte) []byte {
	p.w.t.Helper()
	for range 50 {
		b := p.next()
		if b == nil {
			break
		}
		if b[0] == typ {
			return b
		}
	}
	p.w.t.Fatalf("%s: no message of type %#x came", p.name, typ)
	return nil
}

func (p *phone) awaitMessage(typ byte) call.Message {
	p.w.t.Helper()
	m, err := call.Parse(p.await(typ))
	if err != nil {
		p.w.t.Fatal(err)
	}
	return m
}

// offer builds a genuine offer.
func (p *phone) offer(callee wire.ID, media wire.Media) []byte {
	p.counter++
	m := call.Message{Type: call.TypeOffer, Callee: callee, Media: media, Counter: p.counter}
	signed := append([]byte("ringfence offer v1\x00"), p.nonce[:]...)
	signed = binary.BigEndian.AppendUint64(signed, m.Counter)
	signed = append(append(signed, callee[:]...), byte(media))
	copy(m.Signature[:], ed25519.Sign(p.key, signed))
	return m.AppendTo(nil)
}

func (p *phone) accept(id wire.ID) []byte {
	m := call.Message{Type: call.TypeAccept, Call: id, Envelope: sealed()}
	signed := append([]byte("ringfence accept v1\x00"), id[:]...)
	copy(m.Signature[:], ed25519.Sign(p.key, append(signed, p.device[:]...)))
	return m.AppendTo(nil)
}

func step(typ byte, id wire.ID) []byte { return call.Message{Type: typ, Call: id}.AppendTo(nil) }

// verdicts returns what the guard has refused so far, newest first.
func (w *world) verdicts() []guard.Verdict {
	w.t.Helper()
	w.s.Guard().Flush()
	time.Sleep(50 * time.Millisecond) // the ledger writes behind
	all, err := w.s.Verdicts(context.Background(), guard.Filter{}, guard.Newest(200))
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func (w *world) refusedBy(rule string) bool {
	for _, v := range w.verdicts() {
		for _, r := range v.Rules {
			if r == rule {
				return true
			}
		}
	}
	return false
}
