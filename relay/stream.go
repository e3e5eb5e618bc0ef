package relay

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/turn"
)

const (
	maxStreams    = 8192             // TCP connections at a time
	maxPending    = 1024             // of them, those without an allocation
	maxPendingOne = 64               // of one address
	pendingTime   = 10 * time.Second // to get an allocation, TLS handshake included
	streamIdle    = 2 * time.Minute  // with an allocation; consent checks come every few seconds
	writeTime     = 5 * time.Second
)

// streams is the TCP listener, as the TURN server sees it. Connections that do
// nothing, or do it slowly, cost a bounded number of sockets for a bounded time.
type streams struct {
	net.Listener
	relay *Relay
	ready chan net.Conn
	done  chan struct{}
	once  sync.Once

	mu      sync.Mutex
	open    map[*stream]bool
	byKey   map[flowKey]*stream
	pending map[netip.Addr]int
	waiting int
}

func newStreams(r *Relay, l net.Listener) *streams {
	s := &streams{
		Listener: l, relay: r, ready: make(chan net.Conn), done: make(chan struct{}),
		open: map[*stream]bool{}, byKey: map[flowKey]*stream{}, pending: map[netip.Addr]int{},
	}
	r.wait.Add(1)
	go s.accept()
	return s
}

func (s *streams) accept() {
	defer s.relay.wait.Done()
	for {
		c, err := s.Listener.Accept()
		if err != nil {
			select {
			case <-s.done:
				return
			case <-time.After(10 * time.Millisecond): // out of descriptors: they come back
				continue
			}
		}
		conn := s.enter(c)
		if conn == nil {
			c.Close()
			continue
		}
		s.relay.wait.Add(1)
		go s.greet(conn)
	}
}

// enter counts a new connection, or returns nil where there are too many.
func (s *streams) enter(c net.Conn) *stream {
	key := flowKey{true, source(addrPort(c.RemoteAddr()))}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.open) >= maxStreams || s.waiting >= maxPending || s.pending[key.addr.Addr()] >= maxPendingOne {
		return nil
	}
	conn := &stream{Conn: c, streams: s, key: key, deadline: time.Now().Add(pendingTime)}
	s.open[conn], s.byKey[key] = true, conn
	s.waiting++
	s.pending[key.addr.Addr()]++
	return conn
}

// settle is called once for a connection, when it has got an allocation or is
// gone: it no longer counts as pending.
func (s *streams) settle(c *stream) {
	if c.settled {
		return
	}
	c.settled = true
	s.waiting--
	a := c.key.addr.Addr()
	if s.pending[a]--; s.pending[a] <= 0 {
		delete(s.pending, a)
	}
}

// greet does the TLS handshake, if there is one, and hands the connection on.
func (s *streams) greet(c *stream) {
	defer s.relay.wait.Done()
	if config := s.relay.config.TLS; config != nil {
		ctx, cancel := context.WithDeadline(context.Background(), c.deadline)
		defer cancel()
		t := tls.Server(c.Conn, config)
		if err := t.HandshakeContext(ctx); err != nil {
			c.Close()
			return
		}
		c.secure.Store(t)
	}
	select {
	case s.ready <- c:
	case <-s.done:
		c.Close()
	}
}

// Accept returns the next connection that is ready for TURN.
func (s *streams) Accept() (net.Conn, error) {
	select {
	case c := <-s.ready:
		return c, nil
	case <-s.done:
		return nil, net.ErrClosed
	}
}

// Close stops listening. Connections that are open stay so until closeAll.
func (s *streams) Close() error {
	s.once.Do(func() { close(s.done) })
	return s.Listener.Close()
}

func (s *streams) closeAll() {
	s.mu.Lock()
	all := make([]*stream, 0, len(s.open))
	for c := range s.open {
		all = append(all, c)
	}
	s.mu.Unlock()
	for _, c := range all {
		c.Close()
	}
}

// closer settles the connection of a client that has got an allocation, and
// returns what closes it; nil for a client that came over UDP.
func (s *streams) closer(key flowKey) func() {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.byKey[key]
	if c == nil {
		return nil
	}
	s.settle(c)
	c.allocated.Store(true)
	return func() { c.Close() }
}

// stream is one TCP or TLS connection. It gives the TURN server whole messages
// that were admitted, and nothing else.
type stream struct {
	net.Conn
	secure    atomic.Pointer[tls.Conn]
	streams   *streams
	key       flowKey
	deadline  time.Time // for getting an allocation
	allocated atomic.Bool
	settled   bool // guarded by streams.mu

	frame [maxFrame + 3]byte
	left  []byte // of the frame, not read yet
}

func (c *stream) transport() net.Conn {
	if t := c.secure.Load(); t != nil {
		return t
	}
	return c.Conn
}

// Read gives bytes of messages that were admitted.
func (c *stream) Read(b []byte) (int, error) {
	for len(c.left) == 0 {
		frame, err := c.next()
		if err != nil {
			c.Close()
			return 0, err
		}
		r := c.streams.relay
		if r.admit(frame, c.key, r.flow(c.key)) {
			c.left = frame
		}
	}
	n := copy(b, c.left)
	c.left = c.left[n:]
	return n, nil
}

// next reads one message, RFC 8656 §3.1, §12.5: STUN has its length in its
// header, ChannelData too and is padded to four bytes.
func (c *stream) next() ([]byte, error) {
	until := c.deadline
	if c.allocated.Load() {
		until = time.Now().Add(streamIdle)
	}
	t := c.transport()
	if err := t.SetReadDeadline(until); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(t, c.frame[:4]); err != nil {
		return nil, err
	}
	size, err := turn.Size(c.frame[:4])
	if err != nil || size > maxFrame {
		r := c.streams.relay
		r.unreadable(c.frame[:4], c.key, r.flow(c.key), &wire.Refusal{Rule: "R5", Offset: 2, Length: 2, Clause: "RFC 8656 §12.5", Reason: "a message of more than 2047 bytes, or none at all"})
		return nil, net.ErrClosed
	}
	_, err = io.ReadFull(t, c.frame[4:size])
	return c.frame[:size], err
}

// Write sends a message to the client. A client that does not read loses its
// connection.
func (c *stream) Write(b []byte) (int, error) {
	if carries(b) && c.streams.relay.flow(c.key) == nil {
		return len(b), nil
	}
	t := c.transport()
	if err := t.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return 0, err
	}
	n, err := t.Write(b)
	if err != nil {
		c.Close()
	}
	return n, err
}

// Close ends the connection.
func (c *stream) Close() error {
	s := c.streams
	s.mu.Lock()
	s.settle(c)
	delete(s.open, c)
	if s.byKey[c.key] == c {
		delete(s.byKey, c.key)
	}
	s.mu.Unlock()
	return c.Conn.Close()
}
