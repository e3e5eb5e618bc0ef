package media

import (
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/internal/delay"
	"github.com/ringfence/ringfence/relay"
	"github.com/ringfence/ringfence/service"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// memory is a client.Keep that forgets when the test ends.
type memory struct {
	mu   sync.Mutex
	kept map[string][]byte
}

func (m *memory) Load(context.Context) (map[string][]byte, error) { return map[string][]byte{}, nil }

func (m *memory) Apply(_ context.Context, puts map[string][]byte, deletes []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	maps.Copy(m.kept, puts)
	for _, d := range deletes {
		delete(m.kept, d)
	}
	return nil
}

func (m *memory) Close() error { return nil }

// house is the real service with the real relay.
type house struct {
	t     *testing.T
	s     *service.Service
	media *relay.Relay
	url   string
}

func build(t *testing.T) *house {
	t.Helper()
	h := &house{t: t}
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	var err error
	h.s, err = service.New(service.Config{Data: t.TempDir(), Version: "test", Log: quiet, Relay: func(g *guard.Set) (service.Relay, error) {
		h.media, err = relay.Listen(relay.Config{Addr: "127.0.0.1:0", Guard: g, Log: quiet})
		return h.media, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	h.media.OnSilent(h.s.Silent)
	server := httptest.NewServer(h.s)
	h.url = server.URL
	t.Cleanup(func() {
		h.s.Close()
		h.media.Stop()
		server.CloseClientConnections()
		server.Close()
	})
	return h
}

// end is one end of a call, with a way to the server and one to the relay that
// can be cut.
type end struct {
	*client.Client
	t       *testing.T
	name    string
	toHouse *delay.Link
	toRelay *delay.Link
	session *Session
	events  chan client.Event

	mu   sync.Mutex
	seen []client.EventKind
}

func (h *house) end(name string) *end {
	h.t.Helper()
	e := &end{t: h.t, name: name, toHouse: h.link(strings.TrimPrefix(h.url, "http://")), toRelay: h.link(h.media.Addr()), events: make(chan client.Event, 100)}
	var err error
	if e.Client, err = client.Open(h.t.Context(), client.Options{Keep: &memory{kept: map[string][]byte{}}}); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { e.Client.Close() })
	invite, err := service.AddInvite(h.t.Context(), h.s.Store(), "", time.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	if err := e.Register(h.t.Context(), "http://"+e.toHouse.Addr(), invite, name); err != nil {
		h.t.Fatal(err)
	}
	if err := e.Connect(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	if e.session, err = New(wire.Video); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { e.session.Close() })
	return e
}

func (h *house) link(target string) *delay.Link {
	h.t.Helper()
	l, err := delay.Listen(target, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(l.Close)
	return l
}

// relay is the relay as this end reaches it, by UDP.
func (e *end) relay(r client.Relay) client.Relay {
	r.URLs = []string{"turn:" + e.toRelay.Addr() + "?transport=udp"}
	return r
}

func (e *end) until(kind client.EventKind) client.Event {
	e.t.Helper()
	limit := time.After(30 * time.Second)
	for {
		select {
		case ev := <-e.Events():
			if ev.Kind == kind {
				return ev
			}
		case <-limit:
			e.t.Fatalf("%s: no %s", e.name, kind)
		}
	}
}

func (e *end) state(of *end) (c client.Contact) {
	for _, c = range e.Contacts() {
		if c.Account == of.Me().Account || c.Username == of.name {
			return c
		}
	}
	return client.Contact{}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 3000 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}

// talking is a call between two ends, with packets flowing both ways.
func (h *house) talking() (caller, callee *end, id wire.ID) {
	h.t.Helper()
	t := h.t
	caller, callee = h.end("alice"), h.end("bob")
	if err := caller.Knock(t.Context(), "bob"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a knock", func() bool { callee.Refresh(t.Context()); return callee.state(caller).State == client.Knocked })
	if err := callee.Accept(t.Context(), caller.Me().Account); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a contact", func() bool { return caller.state(callee).CanWrite && callee.state(caller).CanWrite })
	id, err := caller.Call(t.Context(), callee.Me().Account, wire.Video)
	if err != nil {
		t.Fatal(err)
	}
	callee.until(client.RingEvent)
	granted, err := callee.Answer(t.Context(), id, callee.session.Local())
	if err != nil {
		t.Fatal(err)
	}
	if err := callee.session.Offer(callee.relay(granted)); err != nil {
		t.Fatal(err)
	}
	answered := caller.until(client.AnsweredEvent)
	if err := caller.Join(t.Context(), id, caller.session.Local()); err != nil {
		t.Fatal(err)
	}
	if err := caller.session.Answer(caller.relay(answered.Relay), answered.Remote); err != nil {
		t.Fatal(err)
	}
	if err := callee.session.Join(callee.until(client.JoinedEvent).Remote); err != nil {
		t.Fatal(err)
	}
	for _, e := range []*end{caller, callee} {
		go e.keep(id)
	}
	h.flows(caller, callee)
	return caller, callee, id
}

// keep does what the command line does in a call.
func (e *end) keep(id wire.ID) {
	go e.session.Keep(e.t.Context(), e.Client, id, e.events)
	for ev := range e.Events() {
		e.mu.Lock()
		e.seen = append(e.seen, ev.Kind)
		e.mu.Unlock()
		if ev.Call == id {
			e.events <- ev
		}
	}
}

func (e *end) saw(kind client.EventKind) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Contains(e.seen, kind)
}

// flows waits until more packets have come to both ends.
func (h *house) flows(ends ...*end) {
	h.t.Helper()
	for _, e := range ends {
		_, before := e.session.Packets()
		eventually(h.t, "packets at "+e.name, func() bool { _, now := e.session.Packets(); return now > before+50 })
	}
}

// stands waits until the server has a call in a state.
func (h *house) stands(id wire.ID, want guard.State) {
	h.t.Helper()
	eventually(h.t, "the call is "+string(want), func() bool {
		c, err := h.s.Store().Call(h.t.Context(), id)
		return err == nil && c.State == want
	})
}

// The sockets of both ends are cut: the media goes on, and so does the call.
func TestTheSocketIsCut(t *testing.T) {
	h := build(t)
	caller, callee, id := h.talking()
	caller.toHouse.Cut()
	callee.toHouse.Cut()
	for _, e := range []*end{caller, callee} {
		eventually(t, e.name+" is back", func() bool { return e.saw(client.ReconnectingEvent) && e.saw(client.ReconnectedEvent) })
	}
	h.stands(id, guard.Joined)
	h.flows(caller, callee)
	if err := caller.HangUp(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the callee hears of the end", func() bool { return callee.saw(client.EndedEvent) })
}

// The media path is cut, of one end or of both, with the socket or without: ICE
// restarts, and packets flow again.
func TestTheMediaIsCut(t *testing.T) {
	for name, cut := range map[string]func(caller, callee *end){
		"the caller's":             func(caller, _ *end) { caller.toRelay.Cut() },
		"the callee's":             func(_, callee *end) { callee.toRelay.Cut() },
		"both":                     func(caller, callee *end) { caller.toRelay.Cut(); callee.toRelay.Cut() },
		"with the caller's socket": func(caller, _ *end) { caller.toRelay.Cut(); caller.toHouse.Cut() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := build(t)
			caller, callee, id := h.talking()
			certificates := [2]string{fingerprint(caller), fingerprint(callee)}
			cut(caller, callee)
			for _, e := range []*end{caller, callee} {
				eventually(t, e.name+" restarts", func() bool { return e.saw(client.RestartEvent) })
			}
			h.stands(id, guard.Joined)
			h.flows(caller, callee)
			if now := [2]string{fingerprint(caller), fingerprint(callee)}; now != certificates || now[0] == "" || now[0] == now[1] {
				t.Errorf("the certificates changed: %x, %x", certificates, now)
			}
			for _, e := range []*end{caller, callee} {
				select {
				case <-e.session.Failed():
					t.Errorf("%s: failed", e.name)
				default:
				}
			}
			if n := h.refusals(); n != 0 {
				t.Errorf("the guard refused %d honest events", n)
			}
		})
	}
}

func (h *house) refusals() (n int) {
	h.s.Guard().Flush()
	all, err := h.s.Tally(h.t.Context(), guard.Filter{})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, l := range all {
		h.t.Logf("%+v", l)
		n += l.Events
	}
	return n
}

// fingerprint is of the certificate that an end sees at the other one.
func fingerprint(e *end) string {
	e.session.mu.Lock()
	defer e.session.mu.Unlock()
	return string(e.session.pc.SCTP().Transport().GetRemoteCertificate())
}

// The library keeps its credentials where setCredentials writes them.
func TestCredentialsAreRenewed(t *testing.T) {
	s, err := New(wire.Sound)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	pc, err := s.connection(client.Relay{URLs: []string{"turn:127.0.0.1:9?transport=udp"}, Username: "u", Credential: "c"}, call.Callee)
	if err != nil {
		t.Fatal(err)
	}
	for _, restart := range []bool{false, true} {
		want := s.Local()
		if restart {
			if _, want, err = s.renewed(); err != nil {
				t.Fatal(err)
			}
		}
		offer, err := pc.CreateOffer(&webrtc.OfferOptions{ICERestart: restart})
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(offer.SDP, "a=ice-ufrag:"+string(want.Ufrag[:])+"\r\n") || !strings.Contains(offer.SDP, "a=ice-pwd:"+string(want.Password[:])+"\r\n") {
			t.Errorf("restart %v: not the credentials %s in\n%s", restart, want.Ufrag, offer.SDP)
		}
	}
}
