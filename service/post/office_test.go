package post

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store/mailbox"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/envelope"
	"github.com/ringfence/ringfence/wire/letter"
)

// book is a register of tokens.
type book struct {
	mu     sync.Mutex
	tokens map[[32]byte]wire.ID
}

func (b *book) Recipient(hash [32]byte) (account, device wire.ID, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	device, ok = b.tokens[hash]
	return device, device, ok
}

func (b *book) add(device wire.ID) []byte {
	token := make([]byte, letter.TokenSize)
	rand.Read(token)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tokens[sha256.Sum256(token)] = device
	return token
}

type place struct {
	*Office
	book     *book
	server   *httptest.Server
	mu       sync.Mutex
	verdicts []guard.Verdict
}

func newPlace(t *testing.T, change func(*guard.Limits)) *place {
	t.Helper()
	p := &place{book: &book{tokens: map[[32]byte]wire.ID{}}}
	config := guard.DefaultConfig()
	config.Limits.HandInsPerTokenMinute = 1 << 20
	if change != nil {
		change(&config.Limits)
	}
	set, err := guard.New(config, time.Now, func(v guard.Verdict) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.verdicts = append(p.verdicts, v)
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	m, err := mailbox.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	p.Office = New(Options{Mailbox: m, Guard: set, Tokens: p.book, Folder: dir})
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/envelopes", p.ServeEnvelope)
	mux.HandleFunc("GET /v1/handin", p.ServeStream)
	p.server = httptest.NewServer(mux)
	t.Cleanup(func() {
		p.server.Close()
		p.Close()
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// sealed is an envelope of a size class whose ciphertext begins with a mark.
func sealed(class byte, mark uint32) []byte {
	e := envelope.Envelope{Class: class, Key: 1, Enc: make([]byte, envelope.KeySize), Ciphertext: make([]byte, envelope.PlainSize(class)+envelope.TagSize)}
	binary.BigEndian.PutUint32(e.Ciphertext, mark)
	return e.AppendTo(nil)
}

func markOf(t *testing.T, l letter.Letter) uint32 {
	t.Helper()
	e, err := envelope.Parse(l.Envelope)
	if err != nil {
		t.Fatal(err)
	}
	return binary.BigEndian.Uint32(e.Ciphertext)
}

var here = netip.MustParseAddrPort("127.0.0.1:1")

func (p *place) handIn(t *testing.T, token, sealed []byte, want int) {
	t.Helper()
	if got := p.HandIn(context.Background(), here, token, sealed); got != want {
		t.Fatalf("hand-in: %d, want %d", got, want)
	}
}

// bell is a wake that a test can wait for.
type bell chan struct{}

func (b bell) ring() {
	select {
	case b <- struct{}{}:
	default:
	}
}

// next waits for a message of a box.
func next(t *testing.T, b *Box, rung bell) []byte {
	t.Helper()
	for {
		msg, err := b.Next()
		if err != nil {
			t.Fatal(err)
		}
		if msg != nil {
			return msg
		}
		select {
		case <-rung:
		case <-time.After(time.Minute):
			t.Fatal("nothing came")
		}
	}
}

func nextLetter(t *testing.T, b *Box, rung bell) letter.Letter {
	t.Helper()
	l, err := letter.Parse(next(t, b, rung))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestWaitingThenDrainedThenLive(t *testing.T) {
	p, d := newPlace(t, nil), wire.ID{1}
	token := p.book.add(d)
	before := time.Now().UnixMilli()
	p.handIn(t, token, sealed(0, 1), 204)
	p.handIn(t, token, sealed(7, 2), 204)
	rung := make(bell, 1)
	box := p.Open(d, rung.ring)
	defer box.Close()
	one, two := nextLetter(t, box, rung), nextLetter(t, box, rung)
	if markOf(t, one) != 1 || markOf(t, two) != 2 || one.Number >= two.Number || one.Received < before || one.Received > time.Now().UnixMilli() {
		t.Fatalf("letters %d and %d", one.Number, two.Number)
	}
	if msg := next(t, box, rung); !bytes.Equal(msg, []byte{call.TypeDrained}) {
		t.Fatalf("%x, want drained", msg)
	}
	p.handIn(t, token, sealed(1, 3), 204)
	three := nextLetter(t, box, rung)
	if markOf(t, three) != 3 || three.Number <= two.Number {
		t.Fatal("the live letter is another")
	}
	if err := box.Taken([]uint64{one.Number, three.Number, three.Number + 100}); err != nil {
		t.Fatal(err)
	}
	if n, size, err := p.Mailbox.Count(d); n != 1 || size != len(two.Envelope) || err != nil {
		t.Fatalf("%d letters of %d bytes left (%v)", n, size, err)
	}
	// What was not taken comes again, under its number.
	again := p.Open(d, rung.ring)
	defer again.Close()
	if l := nextLetter(t, again, rung); l.Number != two.Number || !bytes.Equal(l.Envelope, two.Envelope) {
		t.Fatal("the letter that was not taken came otherwise")
	}
	if _, err := box.Next(); !errors.Is(err, ErrReplaced) {
		t.Fatalf("the box that was replaced: %v", err)
	}
	if err := box.Taken([]uint64{two.Number}); !errors.Is(err, ErrReplaced) {
		t.Fatalf("taken on the box that was replaced: %v", err)
	}
}

// A device that does not read is not held in memory, loses nothing, and gets
// all in order.
func TestADeviceThatFallsBehind(t *testing.T) {
	p, d := newPlace(t, nil), wire.ID{1}
	token := p.book.add(d)
	rung := make(bell, 1)
	box := p.Open(d, rung.ring)
	defer box.Close()
	if msg := next(t, box, rung); msg[0] != call.TypeDrained {
		t.Fatal("not drained")
	}
	const senders, each = 8, 200
	var wg sync.WaitGroup
	for s := range senders {
		wg.Go(func() {
			for k := range each {
				p.handIn(t, token, sealed(byte(k%3), uint32(s<<16|k)), 204)
			}
		})
	}
	seen, last := map[int]int{}, uint64(0)
	check := func() {
		l := nextLetter(t, box, rung)
		mark := int(markOf(t, l))
		if l.Number <= last || seen[mark>>16] != mark&0xffff {
			t.Fatalf("letter %d after %d; sender %d: %d, want %d", l.Number, last, mark>>16, mark&0xffff, seen[mark>>16])
		}
		last = l.Number
		seen[mark>>16]++
	}
	for range 50 {
		check() // some while they come
	}
	wg.Wait()
	box.mu.Lock()
	if len(box.queue) > maxWaiting || box.size > maxWaitingBytes || !box.behind {
		t.Errorf("%d letters of %d bytes in memory", len(box.queue), box.size)
	}
	box.mu.Unlock()
	for range senders*each - 50 {
		check()
	}
	if msg, err := box.Next(); msg != nil || err != nil {
		t.Fatalf("something more: %x %v", msg, err)
	}
	p.handIn(t, token, sealed(0, 0), 204)
	if l := nextLetter(t, box, rung); l.Number <= last {
		t.Fatal("live again, and not in order")
	}
}

func TestStatuses(t *testing.T) {
	p := newPlace(t, func(l *guard.Limits) { l.LettersPerMailbox = 3; l.HandInsPerTokenMinute = 5 })
	token, other := p.book.add(wire.ID{1}), p.book.add(wire.ID{2})
	good := sealed(0, 1)
	bad := func(at int, b byte) []byte {
		e := bytes.Clone(good)
		e[at] = b
		return e
	}
	for name, c := range map[string]struct {
		token, sealed []byte
		want          int
	}{
		"unknown token":  {make([]byte, 32), good, 403},
		"short token":    {token[:31], good, 422},
		"no token":       {nil, nil, 422},
		"no envelope":    {token, nil, 422},
		"version":        {token, bad(0, 9), 422},
		"class":          {token, bad(1, 8), 422},
		"another length": {token, good[:len(good)-1], 422},
		"class too big":  {token, bad(1, 3), 422},
		"oversize":       {token, make([]byte, envelope.MaxSize+1), 413},
	} {
		p.mu.Lock()
		before := len(p.verdicts)
		p.mu.Unlock()
		if got := p.HandIn(context.Background(), here, c.token, c.sealed); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
		p.mu.Lock()
		if len(p.verdicts) != before+1 {
			t.Errorf("%s: %d verdicts, want one", name, len(p.verdicts)-before)
		} else if v := p.verdicts[before]; len(c.sealed) > 0 && len(c.token) == 32 && !bytes.Equal(v.Bytes, c.sealed[:min(len(c.sealed), guard.MaxBytes)]) {
			t.Errorf("%s: the verdict holds other bytes than were handed in", name)
		}
		p.mu.Unlock()
	}
	token = p.book.add(wire.ID{3})
	for range 3 {
		p.handIn(t, token, good, 204)
	}
	p.handIn(t, token, good, 507)
	p.handIn(t, token, good, 507)
	p.handIn(t, token, good, 429)
	p.handIn(t, other, good, 204)
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, v := range p.verdicts {
		if bytes.Contains(v.Bytes, token) || bytes.Contains(v.Bytes, other) {
			t.Error("a delivery token stands in a verdict")
		}
	}
}

func TestDiskReserve(t *testing.T) {
	p, d := newPlace(t, nil), wire.ID{1}
	token := p.book.add(d)
	p.disk.reserve = 1 << 62
	p.handIn(t, token, sealed(0, 1), 507)
	if err := p.Introduce(context.Background(), d, sealed(0, 1)); !errors.Is(err, ErrDiskFull) {
		t.Fatalf("introduce on a full disk: %v", err)
	}
	p.disk.reserve = 1
	p.disk.looked.Store(0) // as a second later
	p.handIn(t, token, sealed(0, 1), 204)
	if err := p.Introduce(context.Background(), d, sealed(0, 1)); err != nil {
		t.Fatal(err)
	}
}

func TestDropEndsTheBox(t *testing.T) {
	p, d := newPlace(t, nil), wire.ID{1}
	token := p.book.add(d)
	p.handIn(t, token, sealed(0, 1), 204)
	rung := make(bell, 1)
	box := p.Open(d, rung.ring)
	if err := p.Drop(d); err != nil {
		t.Fatal(err)
	}
	<-rung
	if _, err := box.Next(); !errors.Is(err, mailbox.ErrDropped) {
		t.Fatalf("the box of a deleted device: %v", err)
	}
	p.handIn(t, token, sealed(0, 1), 403)
}

func FuzzHandIn(f *testing.F) {
	b := &book{tokens: map[[32]byte]wire.ID{}}
	set, err := guard.New(guard.DefaultConfig(), time.Now, func(guard.Verdict) {})
	if err != nil {
		f.Fatal(err)
	}
	dir := f.TempDir()
	m, err := mailbox.Open(dir)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { m.Close() })
	o := New(Options{Mailbox: m, Guard: set, Tokens: b, Folder: dir})
	f.Cleanup(o.Close)
	token := b.add(wire.ID{1})
	f.Add(letter.AppendHandIn(nil, 1, token, sealed(0, 1)))
	f.Add([]byte{1, 2, 3, 4})
	f.Fuzz(func(t *testing.T, msg []byte) {
		if len(msg) < 4 {
			return
		}
		w := make(waiter, 1)
		status := o.take(context.Background(), here, bytes.Clone(msg), w)
		if status == pending {
			status = o.statusOf(<-w)
		}
		_, _, _, err := letter.HandIn(msg)
		if (status == 204 || status == 429 || status == 507) && err != nil {
			t.Fatalf("%d for what no parser takes: %v", status, err)
		}
		if answers[status].code == "" && status != 204 {
			t.Fatalf("status %d is not in the protocol", status)
		}
	})
}
