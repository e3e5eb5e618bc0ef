//go:build !linux || portable

package turnguard

import (
	"errors"
	"net"
	"net/netip"
	"time"
)

// socket is a UDP socket: of clients, or of one allocation.
type socket struct {
	conn  *net.UDPConn
	owner *allocation
}

// sockaddr is an address to send to.
type sockaddr struct{ addr netip.AddrPort }

func sockaddrOf(e endpoint, _ *socket) sockaddr { return sockaddr{e.addrPort()} }

// loop is what a shard needs here to wait for packets: a goroutine for each socket
// reads it, and takes the shard's lock.
type loop struct{ scratch []byte }

func (l *loop) open(*shard) error { return nil }
func (h *shard) halt()            { h.clients.conn.Close() }
func (h *shard) flush()           {}

// listen opens TCP and one UDP socket on an address.
func listen(at string, _ int) (net.Listener, []*socket, error) {
	var last error
	for range 20 {
		tcp, a, err := listenTCP(at)
		if err != nil {
			return nil, nil, err
		}
		udp, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(a))
		if err == nil {
			_ = udp.SetReadBuffer(4 << 20) // best effort: the system may allow less
			_ = udp.SetWriteBuffer(4 << 20)
			return tcp, []*socket{{conn: udp}}, nil
		}
		last = errors.Join(err, tcp.Close())
	}
	return nil, nil, last
}

func openRelay(a netip.AddrPort) (*socket, error) {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(a))
	if err != nil {
		return nil, err
	}
	return &socket{conn: c}, nil
}

func (h *shard) run() {
	h.server.wait.Add(1)
	go h.read(h.clients)
}

// add starts to read the socket of an allocation.
func (h *shard) add(s *socket, a *allocation) error {
	s.owner = a
	h.server.wait.Add(1)
	go h.read(s)
	return nil
}

func (h *shard) remove(s *socket) { s.conn.Close() }

func (h *shard) release() {}

// read reads a socket until it is closed. An error of one datagram is not the end:
// on some systems anybody can cause it.
func (h *shard) read(s *socket) {
	defer h.server.wait.Done()
	b := make([]byte, 64<<10)
	for {
		n, from, err := s.conn.ReadFromUDPAddrPort(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(time.Millisecond)
			continue
		}
		h.enter()
		h.receive(s, b[:n], from)
		h.leave()
	}
}

func (h *shard) receive(s *socket, b []byte, from netip.AddrPort) {
	at := endpointOf(from)
	if a := s.owner; a != nil {
		if !a.gone {
			h.toClient(b, a, &at)
		}
		return
	}
	h.client = origin{at: at, sock: s, to: &sockaddr{from}, allocation: h.byClient[at]}
	h.message(b, &h.client)
}

// put sends a datagram.
func (h *shard) put(s *socket, head, body []byte, pad int, to *sockaddr) {
	h.loop.scratch = append(append(append(h.loop.scratch[:0], head...), body...), zeros[:pad]...)
	if _, err := s.conn.WriteToUDPAddrPort(h.loop.scratch, to.addr); err != nil {
		h.counters.Lost++
	}
}
