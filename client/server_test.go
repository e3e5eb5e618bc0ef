package client

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/letter"
	"github.com/ringfence/ringfence/wire/ring"
	"github.com/ringfence/ringfence/wire/settings"
)

// memory is a Keep that forgets when the test ends.
type memory struct {
	mu   sync.Mutex
	kept map[string][]byte
	fail error
}

func (m *memory) Load(context.Context) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.kept), nil
}

func (m *memory) Apply(_ context.Context, puts map[string][]byte, deletes []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	if m.kept == nil {
		m.kept = map[string][]byte{}
	}
	for _, d := range deletes {
		delete(m.kept, d)
	}
	maps.Copy(m.kept, puts)
	return nil
}

func (m *memory) Close() error { return nil }

// world is the smallest server that two devices can meet on, in memory: what the
// client does when a server misbehaves can only be tried with one that obeys
// the test. The real server is met in cmd/ringfence.
type world struct {
	t        *testing.T
	mu       sync.Mutex
	key      ed25519.PrivateKey
	serial   uint64
	people   map[wire.ID]*person
	tokens   map[string]wire.ID // hash -> recipient
	calls    map[wire.ID][2]wire.ID
	resumed  []wire.ID
	number   uint64
	lost     map[string]bool // paths that answer 500
	uploaded map[string]int  // one-time keys, how often each was uploaded
	office   *office         // nil: nobody approves notices
}

type person struct {
	id, device wire.ID
	name       string
	token      string
	keys       keysAnswer
	oneTime    []string
	relations  map[wire.ID]string // accepted, knocked
	mail       []letter.Letter
	socket     *memorySocket
}

func newWorld(t *testing.T) *world {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t: t, key: key, serial: 1, people: map[wire.ID]*person{}, tokens: map[string]wire.ID{}, calls: map[wire.ID][2]wire.ID{}, lost: map[string]bool{}, uploaded: map[string]int{}}
}

func newID() (id wire.ID) { rand.Read(id[:]); return id }

func (w *world) settings(key ed25519.PrivateKey) []byte {
	b, err := settings.Settings{Serial: w.serial, Issued: time.Unix(1, 0).UTC(), MinimumBuild: 1, Relay: []string{"turn:127.0.0.1:3478?transport=udp"}}.Sign(key)
	if err != nil {
		w.t.Fatal(err)
	}
	return b
}

func (w *world) Do(_ context.Context, r Request) (Response, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	path := strings.TrimPrefix(r.URL, "http://test")
	if w.lost[path] {
		return Response{}, errors.New("no route")
	}
	status, out := w.answer(r, path)
	b, err := json.Marshal(out)
	if out == nil {
		b = nil
	}
	return Response{status, b}, err
}

func (w *world) who(token string) *person {
	for _, p := range w.people {
		if p.token == token && token != "" {
			return p
		}
	}
	return nil
}

func (w *world) answer(r Request, path string) (int, any) {
	path, query, _ := strings.Cut(path, "?")
	parts := strings.Split(strings.TrimPrefix(path, "/v1/"), "/")
	if w.office != nil && strings.HasPrefix(parts[0], "security-") {
		return w.office.answer(r, parts)
	}
	switch r.Method + " " + parts[0] {
	case "GET server":
		return 200, serverAnswer{ServerID: b64.EncodeToString(w.key.Public().(ed25519.PublicKey)), Version: "t", Build: 1, Settings: b64.EncodeToString(w.settings(w.key))}
	case "POST register":
		var in struct {
			Invite, Name string
			Device       deviceUpload
		}
		json.Unmarshal(r.Body, &in)
		p := &person{id: newID(), name: in.Name, relations: map[wire.ID]string{}}
		for _, old := range w.people {
			if old.name == in.Invite { // an invite that replaces this one's device
				p = old
				for hash, id := range w.tokens {
					if id == p.id {
						delete(w.tokens, hash)
					}
				}
			}
		}
		p.device, p.oneTime, p.mail = newID(), nil, nil
		p.token = b64.EncodeToString(append(p.device[:], p.device[:]...))
		p.keys = keysAnswer{Account: p.id}
		p.keys.Device.ID, p.keys.Device.Ed25519, p.keys.Device.Curve25519, p.keys.Device.Signature = p.device, in.Device.Ed25519, in.Device.Curve25519, in.Device.Signature
		w.people[p.id] = p
		return 200, map[string]any{"account": p.id, "device": p.device, "token": p.token}
	case "POST envelopes":
		to, ok := w.tokens[hashed(r.Body[:32])]
		if !ok {
			return 403, nil
		}
		w.deliver(w.people[to], r.Body[32:])
		return 204, nil
	}
	p := w.who(r.Token)
	if p == nil {
		return 401, nil
	}
	return w.signedIn(p, r, parts, query)
}

func (w *world) signedIn(p *person, r Request, parts []string, query string) (int, any) {
	switch r.Method + " " + parts[0] {
	case "GET account":
		return 200, accountAnswer{p.id, p.name, p.device, len(p.oneTime)}
	case "POST keys":
		var in keysUpload
		json.Unmarshal(r.Body, &in)
		for _, k := range in.OneTimeKeys {
			w.uploaded[k]++
		}
		p.oneTime = append(p.oneTime, in.OneTimeKeys...)
		if in.FallbackKey != nil {
			p.keys.FallbackKey = *in.FallbackKey
		}
		if in.EnvelopeKey != nil {
			p.keys.EnvelopeKey = *in.EnvelopeKey
		}
		return 200, map[string]int{"one_time_keys": len(p.oneTime)}
	case "GET accounts":
		id, _ := wire.ParseID(parts[1])
		other := w.people[id]
		k := other.keys
		if strings.Contains(query, "one_time") && len(other.oneTime) > 0 {
			k.OneTimeKey, other.oneTime = other.oneTime[0], other.oneTime[1:]
		}
		return 200, k
	case "POST tokens":
		var in struct{ Hash string }
		json.Unmarshal(r.Body, &in)
		w.tokens[in.Hash] = p.id
		return 204, nil
	case "DELETE tokens":
		if _, err := hex.DecodeString(parts[1]); err != nil {
			return 422, nil
		}
		delete(w.tokens, parts[1])
		return 204, nil
	case "POST knock":
		var in struct{ Name string }
		json.Unmarshal(r.Body, &in)
		for _, other := range w.people {
			if other.name == in.Name {
				other.relations[p.id] = "knocked"
				w.notice(other, "knock", p)
			}
		}
		return 202, nil
	case "GET contacts":
		var list contactsAnswer
		for id, st := range p.relations {
			list.Contacts = append(list.Contacts, listed{Account: id, Name: w.people[id].name, State: st})
		}
		return 200, list
	case "POST contacts":
		id, _ := wire.ParseID(parts[1])
		other := w.people[id]
		if parts[2] == "accept" {
			p.relations[id], other.relations[p.id] = "accepted", "accepted"
			w.notice(other, "accepted", p)
		}
		w.deliver(other, r.Body)
		return 204, nil
	case "DELETE contacts":
		id, _ := wire.ParseID(parts[1])
		delete(p.relations, id)
		delete(w.people[id].relations, p.id)
		w.notice(w.people[id], "removed", p)
		return 204, nil
	}
	return 404, nil
}

func (w *world) notice(to *person, kind string, from *person) {
	b, _ := json.Marshal(told{Kind: kind, Account: from.id, Name: from.name})
	to.push(append([]byte{call.TypeNotice}, b...))
}

func (w *world) deliver(to *person, sealed []byte) {
	w.number++
	l := letter.Letter{Number: w.number, Received: 1, Envelope: append([]byte(nil), sealed...)}
	to.mail = append(to.mail, l)
	to.push(l.AppendTo(nil))
}

func (p *person) push(b []byte) {
	if p.socket != nil {
		p.socket.in <- b
	}
}

type memorySocket struct {
	w    *world
	p    *person
	in   chan []byte
	done chan struct{}
	once sync.Once
}

func (w *world) Dial(context.Context, string) (Socket, error) {
	return &memorySocket{w: w, in: make(chan []byte, 10000), done: make(chan struct{})}, nil
}

func (s *memorySocket) Read(ctx context.Context) ([]byte, error) {
	select {
	case b := <-s.in:
		return b, nil
	case <-s.done:
		return nil, errors.New("closed")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *memorySocket) Write(_ context.Context, b []byte) error {
	s.w.mu.Lock()
	defer s.w.mu.Unlock()
	switch b[0] {
	case call.TypeHello:
		m, err := call.Parse(b)
		if err != nil {
			return err
		}
		s.p = s.w.who(b64.EncodeToString(m.Token))
		if s.p == nil {
			s.Close()
			return nil
		}
		s.p.socket = s
		s.in <- call.Message{Type: call.TypeWelcome, Call: newID()}.AppendTo(nil)
		s.in <- append([]byte{call.TypeSettings}, s.w.settings(s.w.key)...)
		for _, l := range s.p.mail {
			s.in <- l.AppendTo(nil)
		}
		s.in <- []byte{call.TypeDrained}
	case call.TypeTaken:
		numbers, err := letter.Taken(b)
		if err != nil {
			return err
		}
		s.p.mail = slices.DeleteFunc(s.p.mail, func(l letter.Letter) bool { return slices.Contains(numbers, l.Number) })
	default:
		return s.w.call(s.p, b)
	}
	return nil
}

// call is the server's side of a call, without any of its checks.
func (w *world) call(p *person, b []byte) error {
	m, err := call.Parse(b)
	if err != nil {
		return err
	}
	ends := w.calls[m.Call]
	password := []byte(strings.Repeat("p", call.PasswordSize))
	switch m.Type {
	case call.TypeOffer:
		id := newID()
		w.calls[id] = [2]wire.ID{p.id, m.Callee}
		w.people[m.Callee].push(ring.Ring{Call: id, Caller: p.id, Media: m.Media, TTL: 60000}.AppendTo(nil))
		p.push(call.Message{Type: call.TypeRinging, Counter: m.Counter, Call: id}.AppendTo(nil))
	case call.TypeAccept:
		w.people[ends[0]].push(call.Message{Type: call.TypeAnswered, Call: m.Call, Password: password, Envelope: m.Envelope}.AppendTo(nil))
		p.push(call.Message{Type: call.TypeGranted, Call: m.Call, Password: password}.AppendTo(nil))
	case call.TypeJoin:
		w.people[ends[1]].push(call.Message{Type: call.TypeJoined, Call: m.Call, Envelope: m.Envelope}.AppendTo(nil))
	case call.TypeHangUp, call.TypeCancel, call.TypeDecline:
		other := ends[0]
		if other == p.id {
			other = ends[1]
		}
		w.people[other].push(call.Message{Type: call.TypeEnded, Call: m.Call, Reason: call.HungUp}.AppendTo(nil))
	case call.TypeAsk:
		w.people[ends[1]].push(callMessage(call.TypeAsked, m.Call))
	case call.TypeRestart:
		other := ends[0]
		if other == p.id {
			other = ends[1]
		}
		w.people[other].push(call.Message{Type: call.TypeRestarted, Call: m.Call, Envelope: m.Envelope}.AppendTo(nil))
	case call.TypeResume:
		w.resumed = append(w.resumed, m.Call)
		p.push(callMessage(call.TypeBack, m.Call))
	case call.TypeConnected:
	default:
		return fmt.Errorf("type %#x", m.Type)
	}
	return nil
}

func (s *memorySocket) Close() error {
	s.once.Do(func() { close(s.done) })
	return nil
}

// device opens a client of the world and registers it.
func (w *world) device(name, invite string) (*Client, *memory) {
	w.t.Helper()
	m := &memory{}
	c, err := Open(context.Background(), Options{Keep: m, Transport: w})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { c.Close() })
	if err := c.Register(w.t.Context(), "http://test", invite, name); err != nil {
		w.t.Fatal(err)
	}
	return c, m
}

func sync_(t *testing.T, cs ...*Client) {
	t.Helper()
	for _, c := range cs {
		if err := c.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// until waits for an event of a kind.
func until(t *testing.T, c *Client, kind EventKind) Event {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		select {
		case e := <-c.Events():
			if e.Kind == kind {
				return e
			}
		case <-limit:
			t.Fatalf("no %s in 20 s", kind)
		}
	}
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 2000 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("never: %s", what)
}

func known(c *Client, name string) Contact {
	for _, ct := range c.Contacts() {
		if ct.Username == name {
			return ct
		}
	}
	return Contact{}
}

// friends returns two devices that may write to each other.
func (w *world) friends() (alice, bob *Client) {
	w.t.Helper()
	alice, _ = w.device("alice", "")
	bob, _ = w.device("bob", "")
	w.befriend(alice, bob)
	return alice, bob
}

func (w *world) befriend(alice, bob *Client) {
	w.t.Helper()
	t := w.t
	if err := alice.Knock(t.Context(), bob.Me().Name); err != nil {
		t.Fatal(err)
	}
	sync_(t, bob)
	eventually(t, "a knock", func() bool { return known(bob, alice.Me().Name).State == Knocked })
	if err := bob.Accept(t.Context(), alice.Me().Account); err != nil {
		t.Fatal(err)
	}
	sync_(t, alice)
	eventually(t, "both can write", func() bool { return known(alice, bob.Me().Name).CanWrite && known(bob, alice.Me().Name).CanWrite })
}
