package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/service"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// simulated is a person with a device in this process: our own client, that keeps
// its state in memory.
type simulated struct {
	d       *demo
	name    string
	country string
	account wire.ID
	joined  time.Time
	program string // as which the client shows itself
	from    string // address that it connects from; "": any
	kept    *heldState

	mu      sync.Mutex
	device  *client.Client
	rings   chan wire.ID
	nonce   wire.ID // of the device socket
	counter uint64  // of the last offer on it
	sent    int     // offers
}

// heldState is a client.Keep that forgets when the story ends.
type heldState struct {
	mu   sync.Mutex
	kept map[string][]byte
}

// Load implements client.Keep.
func (k *heldState) Load(context.Context) (map[string][]byte, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return maps.Clone(k.kept), nil
}

// Apply implements client.Keep.
func (k *heldState) Apply(_ context.Context, puts map[string][]byte, deletes []string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, name := range deletes {
		delete(k.kept, name)
	}
	maps.Copy(k.kept, puts)
	return nil
}

// Close implements client.Keep.
func (k *heldState) Close() error { return nil }

// shownAs is a transport that shows itself as some program, from some address.
func shownAs(program, from string) *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConns, t.IdleConnTimeout = 2, 2*time.Second
	if addr := net.ParseIP(from); addr != nil {
		t.DialContext = (&net.Dialer{LocalAddr: &net.TCPAddr{IP: addr}}).DialContext
	}
	return &http.Client{Transport: userAgent{program, t}}
}

type userAgent struct {
	name string
	next http.RoundTripper
}

// RoundTrip implements http.RoundTripper.
func (u userAgent) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("User-Agent", u.name)
	return u.next.RoundTrip(r)
}

// open starts the person's device; one that has no account yet joins.
func (p *simulated) open(invite string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.device != nil {
		return nil
	}
	rules, err := guard.New(guard.DefaultConfig(), p.d.clock.now, func(guard.Verdict) {})
	if err != nil {
		return err
	}
	ctx := p.d.e.ctx
	c, err := client.Open(ctx, client.Options{Keep: p.kept, Transport: client.NewTransport(shownAs(p.program, p.from)), Now: p.d.clock.now, Guard: rules})
	if err != nil {
		return err
	}
	p.device, p.rings = c, make(chan wire.ID, 16)
	go func() {
		for e := range c.Events() {
			if e.Kind == client.RingEvent {
				p.rings <- e.Call
			}
		}
	}()
	if c.Me().Registered() {
		return nil
	}
	t, err := c.Terms(ctx, p.d.base)
	if err == nil {
		err = c.AcceptTerms(ctx, t)
	}
	if err == nil {
		err = c.Register(ctx, p.d.base, invite, p.name)
	}
	if err == nil {
		err = c.RefreshSecurity(ctx) // from its first day it knows whose notices are genuine
	}
	p.account, p.joined = c.Me().Account, p.d.clock.now().UTC()
	return err
}

func (p *simulated) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.device != nil {
		_ = p.device.Close()
		p.device = nil
	}
}

// Programs that clients show themselves as. The attackers' is one that nobody else
// has.
const (
	ordinaryProgram = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0"
	attackProgram   = "wamms-fork/2.19 (simulated)"
)

// countries of the simulated people: invented shares, of no meaning.
var demoCountries = []string{"MX", "IN", "BH", "AE", "ES", "MA", "RW", "GB", "FR", "TG", "KE", "PL", "JO", "TH", "ID", "BR", "HU", "PH", "SN", "US"}

// join registers people, several at a time.
func (d *demo) join(all []*simulated) error {
	st, err := store.Open(d.Data, d.clock.now)
	if err != nil {
		return err
	}
	defer st.Close()
	return several(len(all), func(i int) error {
		defer all[i].close()
		invite, err := service.AddInvite(d.e.ctx, st, "", d.clock.now())
		if err == nil {
			err = all[i].open(invite)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", all[i].name, err)
		}
		return nil
	})
}

func (d *demo) simulated(name, program, from string, country string) *simulated {
	return &simulated{d: d, name: name, program: program, from: from, country: country, kept: &heldState{kept: map[string][]byte{}}}
}

// people lets everybody join who is called later, and some who call each other.
func (d *demo) people() error {
	for i := range d.Targets {
		d.targets = append(d.targets, d.simulated(fmt.Sprintf("person_%04d", i+1), ordinaryProgram, "", demoCountries[weighted(d.random, len(demoCountries))]))
	}
	if err := d.join(d.targets); err != nil {
		return err
	}
	d.clock.pass(24 * time.Hour)
	err := several(min(150, len(d.targets)/4), func(i int) error {
		defer d.clock.pass(10 * time.Minute)
		return d.ordinaryCall(d.targets[2*i], d.targets[2*i+1])
	})
	d.clock.pass(24 * time.Hour)
	return err
}

// several does something n times, a few at a time, and returns what went wrong first.
func several(n int, do func(i int) error) error {
	work, wrong := make(chan int), make(chan error, n)
	var running sync.WaitGroup
	for range max(2, runtime.GOMAXPROCS(0)) {
		running.Go(func() {
			for i := range work {
				if err := do(i); err != nil {
					wrong <- err
				}
			}
		})
	}
	for i := range n {
		work <- i
	}
	close(work)
	running.Wait()
	close(wrong)
	return <-wrong
}

// weighted is a number below n, small ones more often.
func weighted(r *rand.Rand, n int) int { return min(r.IntN(n), r.IntN(n)) }

// ordinaryCall makes two people contacts of each other, and lets one ring the other.
func (d *demo) ordinaryCall(a, b *simulated) error {
	defer a.close()
	defer b.close()
	ctx, cancel := context.WithTimeout(d.e.ctx, time.Minute)
	defer cancel()
	for _, p := range []*simulated{a, b} {
		if err := p.open(""); err != nil {
			return err
		}
		if err := p.device.Connect(ctx); err != nil {
			return err
		}
	}
	if err := a.device.Knock(ctx, b.name); err != nil {
		return err
	}
	if err := until(ctx, func() bool { return b.contact(ctx, a).State == client.Knocked }); err != nil {
		return err
	}
	if err := b.device.Accept(ctx, a.account); err != nil {
		return err
	}
	if err := until(ctx, func() bool { return a.contact(ctx, b).CanWrite }); err != nil {
		return err
	}
	id, err := a.device.Call(ctx, b.account, wire.Sound)
	if err != nil {
		return err
	}
	select {
	case <-b.rings:
	case <-ctx.Done():
		return errors.New("the call did not ring")
	}
	return a.device.Cancel(ctx, id)
}

func (p *simulated) contact(ctx context.Context, who *simulated) client.Contact {
	_ = errors.Join(p.device.Refresh(ctx), p.device.Sync(ctx)) // asked again until it is there
	for _, c := range p.device.Contacts() {
		if c.Account == who.account {
			return c
		}
	}
	return client.Contact{}
}

func until(ctx context.Context, holds func() bool) error {
	for !holds() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(25 * time.Millisecond):
		}
	}
	return nil
}

// offersOnce is how many refused offers a connection is used for: the service closes
// one on which it had to refuse more.
const offersOnce = 24

// tries rings somebody whom the account does not know, as no client of ours would:
// an offer with nothing in it but whom it is for.
func (p *simulated) tries(whom *simulated) error {
	if p.sent++; p.sent%offersOnce == 0 {
		time.Sleep(200 * time.Millisecond) // the service reads what is under way
		p.close()
		if err := p.open(""); err != nil {
			return err
		}
		if err := p.device.Connect(p.d.e.ctx); err != nil {
			return err
		}
	}
	nonce, counter, err := p.device.SocketNonce()
	if err != nil {
		return err
	}
	if nonce != p.nonce {
		p.nonce, p.counter = nonce, counter
	}
	p.counter++
	m := call.Message{Type: call.TypeOffer, Callee: whom.account, Media: wire.Video, Counter: p.counter}
	text := binary.BigEndian.AppendUint64(append([]byte("ringfence offer v1\x00"), nonce[:]...), p.counter)
	if m.Signature, err = p.device.Sign(append(append(text, m.Callee[:]...), byte(m.Media))); err != nil {
		return err
	}
	return p.device.SendRaw(p.d.e.ctx, m.AppendTo(nil))
}
