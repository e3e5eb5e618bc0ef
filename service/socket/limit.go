package socket

import (
	"net"
	"net/netip"
	"sync"
)

// Limit bounds how many connections of a listener are open at a time: in all,
// and of one network, which is an IPv4 address or an IPv6 /64. What is too many
// is closed at once, before it costs more than that.
func Limit(l net.Listener, all, each int) net.Listener {
	return &limited{Listener: l, all: all, each: each, of: map[netip.Prefix]int{}}
}

type limited struct {
	net.Listener
	all, each int

	mu   sync.Mutex
	open int
	of   map[netip.Prefix]int
}

// Accept implements net.Listener.
func (l *limited) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from := networkOf(c.RemoteAddr())
		if l.enter(from) {
			return &counted{Conn: c, leave: func() { l.leave(from) }}, nil
		}
		_ = c.Close() // there is nobody to tell
	}
}

func (l *limited) enter(from netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open >= l.all || l.of[from] >= l.each {
		return false
	}
	l.open++
	l.of[from]++
	return true
}

func (l *limited) leave(from netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open--
	if l.of[from]--; l.of[from] == 0 {
		delete(l.of, from)
	}
}

// networkOf is what of an address is one subscriber's. Addresses that are none
// of the internet's are one network.
func networkOf(a net.Addr) netip.Prefix {
	from, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Prefix{}
	}
	ip, bits := from.Addr().Unmap().WithZone(""), 64
	if ip.Is4() {
		bits = 32
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

type counted struct {
	net.Conn
	once  sync.Once
	leave func()
}

// Close implements net.Conn.
func (c *counted) Close() error {
	c.once.Do(c.leave)
	return c.Conn.Close()
}
