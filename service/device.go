package service

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/service/post"
	"github.com/ringfence/ringfence/service/socket"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/letter"
)

const (
	helloTime     = 10 * time.Second
	maxIncoming   = 1 + 8*call.MaxTaken // the longest message of a client: an acknowledgement
	maxQueue      = 256                 // messages that wait for one device, besides letters
	maxBad        = 32                  // messages that a socket may send wrong before it is closed
	maxPerAddress = 2000                // device sockets of one address
	pourAtOnce    = 64
)

// hub knows the devices that are connected to this node.
type hub struct {
	once sync.Once
	mux  *http.ServeMux

	mu         sync.Mutex
	closed     bool
	devices    map[wire.ID]*device // by account
	sockets    map[*device]bool    // all, also those that have not said hello
	perAddress map[string]int      // how many of them
	running    sync.WaitGroup
}

// device is one connected device.
type device struct {
	s       *Service
	conn    *socket.Conn
	from    string
	account store.Account
	build   uint32
	print   string // of the client, from the hello on
	origin  Origin
	printOf func(build uint32) string
	nonce   wire.ID // of this socket; offers are signed over it
	counter uint64  // of the last offer
	bad     int
	over    atomic.Bool // its session has ended
	offers  sync.Mutex  // one offer at a time
	lost    sync.Once   // its call has been told that it is gone

	mu    sync.Mutex
	queue [][]byte
	box   *post.Box
}

// serveDevice turns a request into a device socket.
func (s *Service) serveDevice(w http.ResponseWriter, r *http.Request) {
	d := &device{s: s, from: network(remote(r)), origin: s.originOf(remote(r).Addr())}
	headers := r.Clone(context.Background())
	d.printOf = func(build uint32) string { return printOf(headers, build) }
	if !s.hub.enters(d) {
		writeProblem(w, &problem{http.StatusServiceUnavailable, "too_many", "too many connections from this address", "close some"})
		return
	}
	conn, err := socket.Accept(w, r, socket.Options{Limit: maxIncoming, Fill: d.fill})
	if err != nil {
		s.hub.left(d)
		return // answered, by Accept
	}
	s.hub.mu.Lock()
	d.conn = conn
	closed := s.hub.closed
	if !closed {
		s.hub.running.Go(d.serve)
	}
	s.hub.mu.Unlock()
	if closed {
		conn.CloseNow()
		s.hub.left(d)
	}
}

// serve reads what the device sends until it goes.
func (d *device) serve() {
	err := d.conn.Read(helloTime, d.hello)
	for err == nil {
		err = d.conn.Read(0, d.receive)
	}
	d.conn.CloseNow()
	// In this order: whoever comes next finds the call told, or tells it.
	d.lost.Do(func() { d.s.lost(d) })
	d.s.hub.left(d)
}

// event begins an event of this device.
func (d *device) event(kind guard.Kind, b []byte) guard.Event {
	return guard.Event{
		Kind: kind, At: d.s.config.Now(), Account: d.account.ID, Addr: d.conn.Addr(), Build: d.build,
		Bytes: b, Authentic: true, Range: d.account.Run != "",
	}
}

var errNoHello = errors.New("the first message was not a hello of somebody who is signed in")

// hello is the first message: who is it?
func (d *device) hello(b []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			ev := d.event(guard.Message, nil)
			d.s.panicked(&ev, p)
			err = errNoHello
		}
	}()
	m, err := call.Parse(b)
	ev := d.event(guard.Message, b)
	if err == nil && m.Type != call.TypeHello {
		err = &wire.Refusal{Rule: "R4", Clause: "docs/protocol.md, Device socket", Reason: "the first message is not a hello"}
	}
	if errors.As(err, &ev.Refusal) {
		d.s.guard.Judge(&ev)
		d.conn.Close(websocket.StatusPolicyViolation, "hello first")
		return errNoHello
	}
	d.build, d.print = m.Build, d.printOf(m.Build)
	d.printOf = nil // the request is of no use any more
	session := sha256.Sum256(m.Token)
	d.account, err = d.s.bySession(context.Background(), session)
	if err != nil {
		ev = d.event(guard.SignIn, b[:6]) // the token goes into no verdict
		ev.Authentic, ev.Spends = false, []guard.Spend{d.s.tries(d.conn.Addr())}
		d.s.guard.Judge(&ev)
		d.conn.Close(4001, "signed out")
		return errNoHello
	}
	d.nonce = d.s.id()
	serial, signed := d.s.signed.current()
	// The welcome comes first, but leaves only when the device can be found: who
	// has it knows that nothing is missed from here on.
	d.queue = append(d.queue, call.Message{Type: call.TypeWelcome, Call: d.nonce}.AppendTo(nil), append([]byte{call.TypeSettings}, signed...))
	if old := d.s.hub.joined(d); old != nil {
		old.lost.Do(func() { d.s.lost(old) })
	}
	d.s.sighted(context.Background(), d) // where a ban that comes now finds it
	d.conn.Wake()
	// What changed before the device could be found did not reach it.
	if _, err := d.s.bySession(context.Background(), session); err != nil {
		d.conn.Close(4001, "signed out")
		return errNoHello
	}
	if now, signed := d.s.signed.current(); now != serial {
		d.push(append([]byte{call.TypeSettings}, signed...))
	}
	d.mu.Lock()
	d.box = d.s.office.Open(d.account.Device, d.conn.Wake)
	d.mu.Unlock()
	d.conn.Wake()
	return d.s.ringWaiting(d)
}

// receive takes one message. A message that may not be sent ends nothing, but
// many do.
func (d *device) receive(b []byte) (err error) {
	defer func() {
		if p := recover(); p != nil {
			ev := d.event(guard.Message, b)
			if err = d.refused(); d.s.panicked(&ev, p) {
				err = d.s.passOn(d, b)
			}
		}
	}()
	if d.over.Load() {
		return errOver
	}
	if len(b) > 0 && b[0] == call.TypeTaken {
		return d.taken(b)
	}
	m, err := call.Message{}, ofServer(b)
	if err == nil {
		m, err = d.s.parse(b)
	}
	ev := d.event(guard.Message, b)
	errors.As(err, &ev.Refusal)
	limits := d.s.guard.Limits()
	ev.Spends = []guard.Spend{{Name: "messages of a device", Key: d.account.ID.String(), Limit: limits.RequestsPerMinute, Per: time.Minute}}
	if v := d.s.guard.Judge(&ev); !v.Passed() {
		if m.Type == call.TypeOffer {
			d.push(call.Message{Type: call.TypeRefused, Counter: m.Counter, Reason: call.TooMany}.AppendTo(nil))
		}
		return d.refused()
	}
	if m.Type == call.TypeOffer {
		return d.s.offer(d, m, b)
	}
	if move, ok := moveOf[m.Type]; ok {
		return d.s.step(d, m, move, b)
	}
	return d.s.passOn(d, b) // only in a build whose barriers are out
}

// ofServer refuses what only the server may send: its instructions, a ring, what
// becomes of a call (R23). A hello comes once, and first (R4).
func ofServer(b []byte) error {
	switch {
	case len(b) == 0:
		return nil
	case b[0] == call.TypeHello:
		return &wire.Refusal{Rule: "R4", Length: 1, Clause: "docs/protocol.md, Device socket", Reason: "a second hello"}
	case b[0] < call.TypeOffer && b[0] != call.TypeTaken:
		return &wire.Refusal{Rule: "R23", Length: 1, Clause: "docs/protocol.md, Device socket", Reason: "a message that only the server sends"}
	}
	return nil
}

var (
	errTooBad = errors.New("too many messages that may not be sent")
	errOver   = errors.New("the session has ended")
)

// refused counts what was refused, and closes the socket in the end.
func (d *device) refused() error {
	if d.bad++; d.bad > maxBad {
		d.conn.Close(websocket.StatusPolicyViolation, "too many messages that may not be sent")
		return errTooBad
	}
	return nil
}

func (d *device) taken(b []byte) error {
	numbers, err := letter.Taken(b)
	if err != nil {
		ev := d.event(guard.Message, b)
		errors.As(err, &ev.Refusal)
		d.s.guard.Judge(&ev)
		return d.refused()
	}
	return d.box.Taken(numbers)
}

// push queues a message. A device that does not read loses its connection, not
// the server its memory; what matters is in the store.
func (d *device) push(msg []byte) {
	d.mu.Lock()
	full := len(d.queue) >= maxQueue
	if !full {
		d.queue = append(d.queue, msg)
	}
	d.mu.Unlock()
	if full {
		d.conn.CloseNow()
		return
	}
	d.conn.Wake()
}

// fill writes what waits: messages of calls first, letters behind them.
func (d *device) fill(send func([]byte)) {
	d.mu.Lock()
	queue, box := d.queue, d.box
	d.queue = nil
	d.mu.Unlock()
	for _, m := range queue {
		send(m)
	}
	if box == nil {
		return
	}
	more, err := box.Pour(pourAtOnce, send)
	switch {
	case err != nil:
		d.conn.CloseNow()
	case more:
		d.conn.Wake()
	}
}

// enters counts a socket, unless its address has too many.
func (h *hub) enters(d *device) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || h.perAddress[d.from] >= maxPerAddress {
		return false
	}
	h.sockets[d] = true
	h.perAddress[d.from]++
	return true
}

// joined makes a device the one that its account is reached on, and returns the
// one that was there before, which has been replaced, or nil.
func (h *hub) joined(d *device) (old *device) {
	h.mu.Lock()
	old = h.devices[d.account.ID]
	h.devices[d.account.ID] = d
	h.mu.Unlock()
	if old != nil {
		go old.conn.Close(4002, "connected again")
	}
	return old
}

// left forgets a device.
func (h *hub) left(d *device) {
	d.mu.Lock()
	box := d.box
	d.mu.Unlock()
	if box != nil {
		box.Close()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.devices[d.account.ID] == d {
		delete(h.devices, d.account.ID)
	}
	delete(h.sockets, d)
	if h.perAddress[d.from]--; h.perAddress[d.from] <= 0 {
		delete(h.perAddress, d.from)
	}
}

// of returns the device that an account is reached on, or nil.
func (h *hub) of(account wire.ID) *device {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.devices[account]
}

// send sends to an account's device, if it is connected.
func (h *hub) send(account wire.ID, msg []byte) bool {
	d := h.of(account)
	if d != nil {
		d.push(msg)
	}
	return d != nil
}

// all sends to every device.
func (h *hub) all(msg []byte) {
	h.mu.Lock()
	devices := make([]*device, 0, len(h.devices))
	for _, d := range h.devices {
		devices = append(devices, d)
	}
	h.mu.Unlock()
	for _, d := range devices {
		d.push(msg)
	}
}

// end closes an account's connection for good: its session is over.
func (h *hub) end(account wire.ID, why string) {
	if d := h.of(account); d != nil {
		d.over.Store(true)
		go d.conn.Close(4001, why)
	}
}

// close ends all connections and waits for them.
func (h *hub) close() {
	h.mu.Lock()
	h.closed = true
	open := make([]*socket.Conn, 0, len(h.sockets))
	for d := range h.sockets {
		if d.conn != nil {
			open = append(open, d.conn)
		}
	}
	h.mu.Unlock()
	for _, c := range open {
		c.CloseNow()
	}
	h.running.Wait()
}
