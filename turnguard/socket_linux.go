//go:build linux && !portable

package turnguard

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socket is a UDP socket: of clients, or of one allocation.
type socket struct {
	fd    int
	six   bool // IPv6, and IPv4 as IPv4-mapped addresses where it is of clients
	plain bool // the system did not take several packets at once
	owner *allocation

	first, last, queued int32 // packets on their way out, in loop.items
}

// sockaddr is an address as the system has it.
type sockaddr struct {
	raw [unix.SizeofSockaddrInet6]byte
	n   uint32
}

// sockaddrOf writes an address for a socket. The family is in the machine's order,
// the port in the network's.
func sockaddrOf(e endpoint, s *socket) (a sockaddr) {
	if s.six {
		*(*uint16)(unsafe.Pointer(&a.raw)) = unix.AF_INET6
		copy(a.raw[8:24], e.ip[:])
		a.n = unix.SizeofSockaddrInet6
	} else {
		*(*uint16)(unsafe.Pointer(&a.raw)) = unix.AF_INET
		copy(a.raw[4:8], e.ip[12:])
		a.n = unix.SizeofSockaddrInet4
	}
	binary.BigEndian.PutUint16(a.raw[2:], e.port)
	return a
}

// endpoint reads an address.
func (a *sockaddr) endpoint(e *endpoint) {
	e.port = binary.BigEndian.Uint16(a.raw[2:])
	if *(*uint16)(unsafe.Pointer(&a.raw)) == unix.AF_INET6 {
		copy(e.ip[:], a.raw[8:24])
		return
	}
	e.ip = [16]byte{10: 0xff, 11: 0xff}
	copy(e.ip[12:], a.raw[4:8])
}

// bind opens a UDP socket on an address; many of them share it, and each gets the
// packets of some clients.
func bind(a netip.AddrPort, many bool) (*socket, error) {
	s := &socket{six: a.Addr().Is6(), first: -1, last: -1}
	kind, at := unix.AF_INET, unix.Sockaddr(nil)
	if s.six {
		kind = unix.AF_INET6
		at = &unix.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16()}
	} else {
		at = &unix.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	var err error
	if s.fd, err = unix.Socket(kind, unix.SOCK_DGRAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0); err != nil {
		return nil, err
	}
	if many {
		err = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		for _, option := range []int{unix.SO_RCVBUF, unix.SO_SNDBUF} {
			_ = unix.SetsockoptInt(s.fd, unix.SOL_SOCKET, option, 4<<20) // best effort: the system may allow less
		}
	}
	if s.six && err == nil {
		only := 1
		if many && a.Addr().IsUnspecified() {
			only = 0
		}
		err = unix.SetsockoptInt(s.fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only)
	}
	_ = unix.SetsockoptInt(s.fd, unix.IPPROTO_UDP, unix.UDP_GRO, 1) // without it packets come one by one
	if err == nil {
		err = unix.Bind(s.fd, at)
	}
	if err != nil {
		return nil, errors.Join(err, unix.Close(s.fd))
	}
	return s, nil
}

// listen opens TCP and n UDP sockets on an address.
func listen(at string, n int) (net.Listener, []*socket, error) {
	var last error
	for range 20 {
		tcp, a, err := listenTCP(at)
		if err != nil {
			return nil, nil, err
		}
		var all []*socket
		for err == nil && len(all) < n {
			var s *socket
			if s, err = bind(a, true); err == nil {
				all = append(all, s)
			}
		}
		if err == nil {
			return tcp, all, nil
		}
		last = errors.Join(err, tcp.Close())
		for _, s := range all {
			unix.Close(s.fd)
		}
	}
	return nil, nil, last
}

func openRelay(a netip.AddrPort) (*socket, error) { return bind(a, false) }
