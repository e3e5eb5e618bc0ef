package sipguard

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/wire/sip"
)

// flow is where somebody is heard, and spoken to: a socket and an address, or a
// connection. What is said to somebody goes there, whatever Via or Contact say
// (R9).
type flow struct {
	inside    bool
	transport string // UDP, TCP, TLS
	remote    netip.AddrPort
	self      netip.AddrPort // how the guard is called there
	socket    *net.UDPConn
	stream    *stream
}

// send sends a message; false: there is nobody to send it to.
func (f *flow) send(b []byte) bool {
	if f.stream != nil {
		return f.stream.put(b)
	}
	_, err := f.socket.WriteToUDPAddrPort(b, f.remote)
	return err == nil || !errors.Is(err, net.ErrClosed)
}

// reliable tells whether what is sent arrives, RFC 3261 §17.1.1.2.
func (f *flow) reliable() bool { return f.stream != nil }

// key names the flow.
func (f *flow) key() string {
	if f.stream != nil {
		return f.stream.name
	}
	return f.transport + f.remote.String()
}

// like tells whether a message that came by another flow may be of the same
// party. The service may answer from another port, and a phone may connect anew;
// neither changes its address.
func (f *flow) like(other *flow) bool {
	return f.inside == other.inside && f.remote.Addr() == other.remote.Addr()
}

// host is an address as it stands in a URI or Via.
func host(a netip.Addr) []byte {
	if a.Is6() {
		return []byte("[" + a.WithZone("").String() + "]")
	}
	return []byte(a.String())
}

// contact is the guard's own Contact on this flow.
func (f *flow) contact(user []byte) sip.Address {
	return sip.Address{URI: f.uri(user)}
}

func (f *flow) uri(user []byte) sip.URI {
	u := sip.URI{Scheme: sip.SIP, User: user, Host: host(f.self.Addr()), Port: f.self.Port()}
	if f.transport != "UDP" {
		u.Params = sip.Params{param("transport", strings.ToLower(f.transport))}
	}
	return u
}

func param(name, value string) sip.Param {
	return sip.Param{Name: []byte(name), Value: []byte(value), Has: value != ""}
}

// openInside opens the socket that the service sees.
func (g *Guard) openInside() error {
	to, err := net.ResolveUDPAddr("udp", g.config.Upstream)
	if err != nil {
		return fmt.Errorf("the service at %s: %w; give HOST:PORT", g.config.Upstream, err)
	}
	g.upstream = unmap(to.AddrPort())
	local := g.config.Inside
	if local == "" { // the address that the system would choose
		probe, err := net.DialUDP("udp", nil, to)
		if err != nil {
			return fmt.Errorf("the service at %s: %w; is there a route to it?", g.config.Upstream, err)
		}
		local = net.JoinHostPort(probe.LocalAddr().(*net.UDPAddr).IP.String(), "0")
		probe.Close()
	}
	at, err := net.ResolveUDPAddr("udp", local)
	if err != nil || at.IP == nil || at.IP.IsUnspecified() {
		return fmt.Errorf("the inside address %s: %w; give the HOST:PORT that the service can reach", local, errors.Join(err, errors.New("no address of this machine")))
	}
	s, err := net.ListenUDP("udp", at)
	if err != nil {
		return fmt.Errorf("the inside address %s: %w", local, err)
	}
	g.sockets = append(g.sockets, s)
	g.inside = &flow{inside: true, transport: "UDP", remote: g.upstream, self: localOf(s), socket: s}
	return nil
}

func unmap(a netip.AddrPort) netip.AddrPort { return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()) }

func localOf(s *net.UDPConn) netip.AddrPort {
	return unmap(s.LocalAddr().(*net.UDPAddr).AddrPort())
}

// listen opens one place for phones.
func (g *Guard) listen(l Listener) error {
	name, _, _ := net.SplitHostPort(l.Addr)
	if a, err := netip.ParseAddr(name); !g.config.Media.IsValid() && (name == "" || err == nil && a.IsUnspecified()) {
		return errors.New("every address is listened on, and phones have to be told one; give it with --media, or in front of the port")
	}
	if l.Transport == "UDP" {
		at, err := net.ResolveUDPAddr("udp", l.Addr)
		if err != nil {
			return err
		}
		s, err := net.ListenUDP("udp", at)
		if err != nil {
			return err
		}
		g.sockets = append(g.sockets, s)
		g.outside = append(g.outside, Listener{"UDP", s.LocalAddr().String()})
		return nil
	}
	if l.Transport == "TLS" && g.config.TLS == nil {
		return errors.New("no certificate; give one with its key")
	}
	n, err := net.Listen("tcp", l.Addr)
	if err != nil {
		return err
	}
	if l.Transport == "TLS" {
		n = &secured{n, g.config.TLS}
	}
	g.accept = append(g.accept, n)
	g.outside = append(g.outside, Listener{l.Transport, n.Addr().String()})
	return nil
}

// face is how the guard is called by somebody outside who reaches it at a local
// address.
func (g *Guard) face(local netip.AddrPort) netip.AddrPort {
	if g.config.Media.IsValid() {
		return netip.AddrPortFrom(g.config.Media, local.Port())
	}
	return unmap(local)
}

// datagrams reads one UDP socket until it is closed.
func (g *Guard) datagrams(s *net.UDPConn) {
	inside := s == g.inside.socket
	self := localOf(s)
	if !inside {
		self = g.face(self)
	}
	buf := make([]byte, sip.MaxMessage+1)
	for {
		n, from, err := s.ReadFromUDPAddrPort(buf)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil || len(bytes.Trim(buf[:n], "\r\n\x00 ")) == 0 { // keep-alives: RFC 5626 §3.5
			continue
		}
		from = unmap(from)
		if inside && from.Addr() != g.upstream.Addr() {
			g.count.strangers.Add(1)
			continue
		}
		g.receive(bytes.Clone(buf[:n]), &flow{inside: inside, transport: "UDP", remote: from, self: self, socket: s})
	}
}

// ParseListener reads "udp:5060", "tcp:192.0.2.1:5060" or "tls:[2001:db8::1]:5061".
func ParseListener(s string) (Listener, error) {
	transport, addr, _ := strings.Cut(s, ":")
	transport = strings.ToUpper(transport)
	if transport != "UDP" && transport != "TCP" && transport != "TLS" {
		return Listener{}, fmt.Errorf("%q is no place to listen; give udp:PORT, tcp:PORT or tls:PORT, with the address in front of the port where it is not every address", s)
	}
	if !strings.Contains(addr, ":") {
		addr = ":" + addr
	}
	_, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return Listener{}, fmt.Errorf("%q has no port from 0 to 65535", s)
	}
	return Listener{transport, addr}, nil
}
