package testrange

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// Person is an account of the range with its client.
type Person struct {
	*client.Client
	Name   string
	tape   *tape[[]byte]       // every message that came on its device socket
	events *tape[client.Event] // what its client made of them
	tap    *tap
}

// manner is how an emulated client differs from an honest one.
type manner struct {
	mute  bool    // sends nothing about calls of its own accord
	build *uint32 // says that it is of another build
}

// memory is a client.Keep that is gone when the range is.
type memory struct {
	mu   sync.Mutex
	kept map[string][]byte
}

// Load returns all there is.
func (m *memory) Load(context.Context) (map[string][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.kept), nil
}

// Apply writes and deletes.
func (m *memory) Apply(_ context.Context, puts map[string][]byte, deletes []string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range deletes {
		delete(m.kept, d)
	}
	maps.Copy(m.kept, puts)
	return nil
}

// Close does nothing.
func (m *memory) Close() error { return nil }

// tap is the transport of a person of the range: the ordinary one, in which an
// emulated client's messages can be held back and changed.
type tap struct {
	client.Transport
	manner
	late    time.Duration // how long what comes is on its way, on top
	current atomic.Pointer[tapped]
}

// Dial opens the device socket.
func (t *tap) Dial(ctx context.Context, url string) (client.Socket, error) {
	s, err := t.Transport.Dial(ctx, url)
	if err != nil {
		return nil, err
	}
	w := &tapped{s, t}
	t.current.Store(w)
	return w, nil
}

type tapped struct {
	client.Socket
	tap *tap
}

// Read waits for the next message.
func (t *tapped) Read(ctx context.Context) ([]byte, error) {
	b, err := t.Socket.Read(ctx)
	time.Sleep(t.tap.late)
	return b, err
}

// Write sends what the client wants to send, as far as its manner goes.
func (t *tapped) Write(ctx context.Context, b []byte) error {
	if t.tap.mute && len(b) > 0 && b[0] >= call.TypeOffer && b[0] <= call.TypeRestart {
		return nil
	}
	if t.tap.build != nil && len(b) == call.HelloSize && b[0] == call.TypeHello {
		m, err := call.Parse(b)
		if err != nil {
			return err
		}
		m.Build = *t.tap.build
		b = m.AppendTo(nil)
	}
	return t.Socket.Write(ctx, b)
}

// newPerson makes an account and connects it.
func (s *Stage) newPerson(ctx context.Context, m manner) (*Person, error) {
	invite, err := s.invite()
	if err != nil {
		return nil, err
	}
	var tail [6]byte
	rand.Read(tail[:])
	p := &Person{Name: "range_" + hex.EncodeToString(tail[:]), tape: newTape[[]byte](), events: newTape[client.Event]()}
	p.tap = &tap{Transport: client.NewTransport(nil), manner: m, late: s.late}
	p.Client, err = client.Open(ctx, client.Options{
		Keep: &memory{kept: map[string][]byte{}}, Transport: p.tap, Guard: s.device,
		Observe: func(raw []byte) { p.tape.add(append([]byte(nil), raw...)) },
	})
	if err != nil {
		return nil, err
	}
	go func() {
		for e := range p.Events() {
			p.events.add(e)
		}
	}()
	s.adopt(p)
	if err := s.patiently(ctx, func() error { return p.Register(ctx, s.server, invite, p.Name) }); err != nil {
		return nil, fmt.Errorf("making an account: %w", err)
	}
	return p, s.patiently(ctx, func() error { return p.Connect(ctx) })
}

// patiently waits out the server's limits: they are not lifted for the range.
func (s *Stage) patiently(ctx context.Context, try func() error) error {
	for {
		err := try()
		var e *client.Error
		if !errors.As(err, &e) || e.Status != 429 {
			return err
		}
		select {
		case <-time.After(3 * time.Second):
		case <-ctx.Done():
			return err
		}
	}
}

// raw sends any bytes on the device socket.
func (p *Person) raw(ctx context.Context, b []byte) error {
	w := p.tap.current.Load()
	if w == nil {
		return errors.New(p.Name + " is not connected")
	}
	return w.Socket.Write(ctx, b)
}

// reconnect gives the person another device socket.
func (p *Person) reconnect(ctx context.Context) error {
	old := p.tap.current.Load()
	mark := p.tape.mark()
	old.Close()
	_, ok := p.tape.await(ctx, mark, long, func(b []byte) bool { return len(b) > 0 && b[0] == call.TypeWelcome })
	if !ok {
		return errors.New(p.Name + " did not come back after its socket was closed")
	}
	return nil
}

// pair is two people, the second of whom has accepted the first.
type pair struct {
	caller, callee *Person
	offers         int // that the caller has made, of its budget
}

const (
	offersOfPair = 4 // one less than the default budget of a pair in a minute
	long         = 8 * time.Second
	quiet        = 200 * time.Millisecond // how long nothing must come, before something honest does
)

// pair returns two contacts who may still make so many offers. The caller is an
// emulated client.
func (s *Stage) pair(ctx context.Context, offers int) (*pair, error) {
	for _, p := range s.pairs {
		if p.offers+offers <= offersOfPair {
			p.offers += offers
			s.used[p] = true
			return p, nil
		}
	}
	p, err := s.freshPair(ctx, manner{mute: true})
	if err == nil {
		p.offers = offers
		s.pairs = append(s.pairs, p)
	}
	return p, err
}

// freshPair makes two contacts whom no other case uses.
func (s *Stage) freshPair(ctx context.Context, m manner) (*pair, error) {
	callee, err := s.newPerson(ctx, manner{})
	if err != nil {
		return nil, err
	}
	caller, err := s.newPerson(ctx, m)
	if err != nil {
		return nil, err
	}
	p := &pair{caller: caller, callee: callee}
	s.used[p] = true
	return p, befriend(ctx, caller, callee)
}

// befriend makes two people contacts, the ordinary way.
func befriend(ctx context.Context, knocker, accepter *Person) error {
	if err := knocker.Knock(ctx, accepter.Name); err != nil {
		return fmt.Errorf("knocking: %w", err)
	}
	if err := until(ctx, func() error { return accepter.Refresh(ctx) }, func() bool { return state(accepter, knocker) == client.Knocked }); err != nil {
		return fmt.Errorf("waiting for a knock: %w", err)
	}
	if err := accepter.Accept(ctx, knocker.Me().Account); err != nil {
		return fmt.Errorf("accepting a knock: %w", err)
	}
	err := until(ctx, func() error { return errors.Join(knocker.Refresh(ctx), knocker.Sync(ctx)) }, func() bool { return state(knocker, accepter) == client.Accepted && canWrite(knocker, accepter) })
	if err != nil {
		return fmt.Errorf("waiting to be accepted: %w", err)
	}
	return nil
}

func find(who, whom *Person) (client.Contact, bool) {
	for _, c := range who.Contacts() {
		if c.Account == whom.Me().Account {
			return c, true
		}
	}
	return client.Contact{}, false
}

func state(who, whom *Person) client.ContactState {
	c, _ := find(who, whom)
	return c.State
}

func canWrite(who, whom *Person) bool {
	c, _ := find(who, whom)
	return c.CanWrite
}

// until does something again and again until something holds.
func until(ctx context.Context, do func() error, holds func() bool) error {
	for end := time.Now().Add(long); ; {
		if err := do(); err != nil {
			return err
		}
		if holds() {
			return nil
		}
		if time.Now().After(end) || ctx.Err() != nil {
			return errors.New("it did not come about")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// offer makes an offer that is signed for the caller's socket.
func (p *Person) offer(callee wire.ID, media wire.Media, counter uint64) ([]byte, error) {
	nonce, _, err := p.SocketNonce()
	if err != nil {
		return nil, err
	}
	text := append([]byte("ringfence offer v1\x00"), nonce[:]...)
	for i := 7; i >= 0; i-- {
		text = append(text, byte(counter>>(8*i)))
	}
	signature, err := p.Sign(append(append(text, callee[:]...), byte(media)))
	if err != nil {
		return nil, err
	}
	return call.Message{Type: call.TypeOffer, Callee: callee, Media: media, Counter: counter, Signature: signature}.AppendTo(nil), nil
}

// deviceRules are the rules on the devices of the range's people.
func deviceRules() (*guard.Set, error) {
	return guard.New(guard.DefaultConfig(), time.Now, func(guard.Verdict) {})
}
