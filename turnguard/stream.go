package turnguard

import (
	"context"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/turn"
)

const (
	pendingTime = 10 * time.Second // to get an allocation, TLS handshake included
	writeTime   = 5 * time.Second
	maxUnsent   = 256 << 10      // bytes that wait for a slow client
	maxFrame    = maxData + 1024 // a message of a stream
)

// streams are the TCP connections. Those that do nothing, or do it slowly, cost a
// bounded number of sockets for a bounded time.
type streams struct {
	server *Server
	next   atomic.Uint32

	mu      sync.Mutex
	open    map[*stream]bool
	pending map[[16]byte]int
	waiting int
	turned  int64
	ended   bool
}

func newStreams(s *Server) *streams {
	return &streams{server: s, open: map[*stream]bool{}, pending: map[[16]byte]int{}}
}

func (s *streams) count() (open, turned int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(len(s.open)), s.turned
}

func (s *streams) accept(l net.Listener) {
	defer s.server.wait.Done()
	for {
		c, err := l.Accept()
		if err != nil {
			select {
			case <-s.server.stop:
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
		go conn.serve()
	}
}

// enter counts a new connection, or returns nil where there are too many.
func (s *streams) enter(c net.Conn) *stream {
	from, err := netip.ParseAddrPort(c.RemoteAddr().String())
	if err != nil {
		return nil
	}
	at, limits := endpointOf(from), &s.server.config.Limits
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended || len(s.open) >= limits.Streams || s.waiting >= limits.HalfOpen || s.pending[network(at.ip)] >= limits.HalfOpenOne {
		s.turned++
		return nil
	}
	shards := s.server.shards
	conn := &stream{
		raw: c, conn: c, streams: s, at: at, shard: shards[int(s.next.Add(1))%len(shards)],
		deadline: time.Now().Add(pendingTime), wake: make(chan struct{}, 1), done: make(chan struct{}),
	}
	s.open[conn] = true
	s.waiting++
	s.pending[network(at.ip)]++
	s.server.wait.Add(2)
	return conn
}

func (s *streams) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	for c := range s.open {
		c.raw.Close()
	}
}

// stream is one TCP or TLS connection.
type stream struct {
	raw       net.Conn
	conn      net.Conn // the same, or TLS on it
	streams   *streams
	shard     *shard
	at        endpoint
	deadline  time.Time // for getting an allocation
	allocated atomic.Bool
	settled   bool // guarded by streams.mu

	mu     sync.Mutex
	unsent []byte
	ending bool
	wake   chan struct{}
	done   chan struct{}
}

// settle is called when the connection has got an allocation or is gone: it no
// longer counts as half-open.
func (c *stream) settle() {
	s := c.streams
	s.mu.Lock()
	defer s.mu.Unlock()
	c.allocated.Store(true)
	if c.settled {
		return
	}
	c.settled = true
	s.waiting--
	ip := network(c.at.ip)
	if s.pending[ip]--; s.pending[ip] <= 0 {
		delete(s.pending, ip)
	}
}

// serve reads until the connection ends, and with it the allocation: RFC 8656 §3.1.
func (c *stream) serve() {
	defer c.streams.server.wait.Done()
	if err := c.greet(); err == nil {
		go c.writeAll()
		c.readAll()
	} else {
		c.streams.server.wait.Done()
	}
	c.shard.enter()
	if a := c.shard.streams[c]; a != nil {
		c.shard.delete(a)
	}
	c.shard.leave()
	close(c.done)
	c.raw.Close()
	c.settle()
	c.streams.mu.Lock()
	delete(c.streams.open, c)
	c.streams.mu.Unlock()
}

// greet does the TLS handshake with a client that begins with one: RFC 7983 §7 tells
// its first byte from STUN's.
func (c *stream) greet() error {
	if err := c.raw.SetReadDeadline(c.deadline); err != nil {
		return err
	}
	var first [1]byte
	if _, err := c.raw.Read(first[:]); err != nil {
		return err
	}
	whole := &peeked{Conn: c.raw, first: first[:]}
	c.conn = whole
	config := c.streams.server.config.TLS
	if first[0] != 22 || config == nil {
		return nil
	}
	ctx, cancel := context.WithDeadline(context.Background(), c.deadline)
	defer cancel()
	secure := tls.Server(whole, config)
	c.conn = secure
	return secure.HandshakeContext(ctx)
}

// peeked is a connection whose first bytes have been read.
type peeked struct {
	net.Conn
	first []byte
}

// Read gives the first bytes once more.
func (p *peeked) Read(b []byte) (int, error) {
	if len(p.first) == 0 {
		return p.Conn.Read(b)
	}
	n := copy(b, p.first)
	p.first = p.first[n:]
	return n, nil
}

func (c *stream) readAll() {
	var b [2 * maxFrame]byte
	o, have := origin{at: c.at, stream: c}, 0
	for {
		until := c.deadline
		if c.allocated.Load() {
			until = time.Time{} // the allocation's lifetime ends it
		}
		if c.conn.SetReadDeadline(until) != nil {
			return
		}
		n, err := c.conn.Read(b[have:])
		if err != nil {
			return
		}
		used, ok := c.messages(b[:have+n], &o)
		if !ok {
			return
		}
		have = copy(b[:], b[used:have+n])
	}
}

// messages handles all messages that are there as a whole: RFC 8656 §3.1, §12.5.
func (c *stream) messages(b []byte, o *origin) (used int, ok bool) {
	h := c.shard
	h.enter()
	defer h.leave()
	for !h.ended && len(b)-used >= turn.ChannelHeader {
		size, err := turn.Size(b[used:])
		if err != nil || size > maxFrame {
			o.allocation = h.streams[c]
			h.unreadable(b[used:used+4], o, &wire.Refusal{Rule: "R5", Offset: 2, Length: 2, Clause: "RFC 8656 §12.5", Reason: "a message of more than 10240 bytes, or none at all"})
			return used, false
		}
		if size > len(b)-used {
			return used, true
		}
		o.allocation = h.streams[c]
		h.message(b[used:used+size], o)
		used += size
	}
	return used, !h.ended
}

var zeros [4]byte

// write queues what goes to the client, and tells whether there was room.
func (c *stream) write(head, body []byte, pad int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ending || len(c.unsent)+len(head)+len(body) > maxUnsent {
		return false
	}
	c.unsent = append(append(append(c.unsent, head...), body...), zeros[:pad]...)
	c.signal()
	return true
}

func (c *stream) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// hangUp closes the connection once it has been sent what is queued.
func (c *stream) hangUp() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ending = true
	c.signal()
}

// writeAll sends what is queued. A client that does not read loses its connection.
func (c *stream) writeAll() {
	defer c.streams.server.wait.Done()
	defer c.raw.Close()
	var b []byte
	for {
		select {
		case <-c.wake:
		case <-c.done:
			return
		}
		c.mu.Lock()
		b, c.unsent = c.unsent, b[:0]
		ending := c.ending
		c.mu.Unlock()
		if len(b) > 0 {
			if c.conn.SetWriteDeadline(time.Now().Add(writeTime)) != nil {
				return
			}
			if _, err := c.conn.Write(b); err != nil {
				return
			}
		}
		if ending {
			return
		}
	}
}
