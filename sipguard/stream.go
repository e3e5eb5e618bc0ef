package sipguard

import (
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/sip"
)

// How long a connection is waited for: for the rest of a message, and for the
// next one.
const (
	streamPart = 20 * time.Second
	streamIdle = time.Hour
	streamAway = 10 * time.Second // a write that nobody takes
)

// stream is a connection of a phone.
type stream struct {
	conn  net.Conn
	name  string
	queue chan []byte // what is to be written; full: the phone is too slow, and is cut off
}

var streamNumber atomic.Int64

// secured makes TLS of a listener without a handshake in Accept, which one slow
// phone would hold up for all.
type secured struct {
	net.Listener
	config *tls.Config
}

// Accept returns the connection before its handshake.
func (s *secured) Accept() (net.Conn, error) {
	c, err := s.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return tls.Server(c, s.config), nil
}

// connections accepts them until the listener is closed.
func (g *Guard) connections(l net.Listener) {
	transport := "TCP"
	if _, ok := l.(*secured); ok {
		transport = "TLS"
	}
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // no descriptors left: others will become free
			time.Sleep(50 * time.Millisecond)
			continue
		}
		g.connected(c, transport)
	}
}

func (g *Guard) connected(c net.Conn, transport string) {
	remote := unmap(c.RemoteAddr().(*net.TCPAddr).AddrPort())
	s := &stream{conn: c, name: transport + strconv.FormatInt(streamNumber.Add(1), 10), queue: make(chan []byte, 64)}
	if !g.admit(s, remote.Addr()) {
		c.Close()
		return
	}
	f := &flow{transport: transport, remote: remote, self: g.face(c.LocalAddr().(*net.TCPAddr).AddrPort()), stream: s}
	done := make(chan struct{})
	go s.write(done)
	go func() {
		defer g.leave(s, remote.Addr())
		defer close(done)
		defer c.Close()
		g.read(f)
	}()
}

// admit counts a connection, unless there are as many as there may be.
func (g *Guard) admit(s *stream, from netip.Addr) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || len(g.streams) >= maxStreams || g.ofStream[from] >= maxStreamsOf {
		return false
	}
	g.streams[s] = true
	g.ofStream[from]++
	return true
}

func (g *Guard) leave(s *stream, from netip.Addr) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.streams, s)
	if g.ofStream[from]--; g.ofStream[from] <= 0 {
		delete(g.ofStream, from)
	}
}

// put has a message written; false: the connection is gone.
func (s *stream) put(b []byte) bool {
	select {
	case s.queue <- b:
		return true
	default:
		s.conn.Close()
		return false
	}
}

func (s *stream) write(done <-chan struct{}) {
	for {
		select {
		case <-done:
			s.drain()
			return
		case b := <-s.queue:
			s.conn.SetWriteDeadline(time.Now().Add(streamAway))
			if _, err := s.conn.Write(b); err != nil {
				s.conn.Close()
			}
		}
	}
}

// drain fills the queue of a connection that is gone, so that put says so.
func (s *stream) drain() {
	for {
		select {
		case s.queue <- nil:
		default:
			return
		}
	}
}

// read reads messages until the connection ends, or until nobody can tell any
// more where one ends.
func (g *Guard) read(f *flow) {
	conn, b, begun := f.stream.conn, []byte(nil), false
	buf := make([]byte, 8<<10)
	for {
		wait := streamPart // also for the handshake of TLS, and for the first word
		if begun && len(b) == 0 {
			wait = streamIdle
		}
		conn.SetReadDeadline(time.Now().Add(wait))
		n, err := conn.Read(buf)
		if err != nil {
			return
		}
		var whole bool
		if b, whole = g.cut(append(b, buf[:n]...), f); !whole {
			return
		}
		begun = begun || len(b) == 0
	}
}

// cut takes the messages that are whole off the front, and returns the rest;
// false: what is there is no SIP.
func (g *Guard) cut(b []byte, f *flow) ([]byte, bool) {
	for {
		if bytes.HasPrefix(b, []byte("\r\n\r\n")) { // a ping, RFC 5626 §4.4.1
			f.stream.put([]byte("\r\n"))
			b = b[4:]
			continue
		}
		if bytes.HasPrefix(b, []byte("\r\n")) && len(b) > 2 && b[2] != '\r' {
			b = b[2:]
		}
		if len(b) <= 4 && len(bytes.Trim(b, "\r\n")) == 0 {
			return b, true
		}
		size, err := sip.Frame(b)
		if err != nil {
			var r *wire.Refusal
			errors.As(err, &r)
			g.refuse(bytes.Clone(b), nil, f, r)
			return nil, false
		}
		if size == 0 || size > len(b) {
			return b, true
		}
		g.receive(bytes.Clone(b[:size]), f)
		b = b[size:]
	}
}
