package relay

import (
	"errors"
	"net"
	"time"
)

// datagrams is the UDP socket, as the TURN server sees it: only what was
// admitted comes in, and packets of a call go out only while it lasts.
type datagrams struct {
	*net.UDPConn
	relay *Relay
}

func newDatagrams(r *Relay, c *net.UDPConn) *datagrams { return &datagrams{c, r} }

// ReadFrom returns the next message that was admitted. An error of one datagram
// is not the end: on some systems anybody can cause it.
func (d *datagrams) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		n, from, err := d.ReadFromUDPAddrPort(b)
		if errors.Is(err, net.ErrClosed) {
			return 0, nil, err
		}
		if err != nil {
			time.Sleep(time.Millisecond)
			continue
		}
		key := flowKey{addr: source(from)}
		f := d.relay.flow(key)
		if !d.relay.admit(b[:n], key, f) {
			continue
		}
		if f != nil {
			return n, f.remote, nil
		}
		return n, net.UDPAddrFromAddrPort(key.addr), nil
	}
}

// WriteTo sends a message to a client.
func (d *datagrams) WriteTo(b []byte, to net.Addr) (int, error) {
	if carries(b) && d.relay.flow(keyOf(to)) == nil {
		return len(b), nil
	}
	return d.UDPConn.WriteTo(b, to)
}

// carries tells whether a message of the relay carries a packet of a call:
// ChannelData or a Data indication, RFC 8656 §11.4, §12.7.
func carries(b []byte) bool {
	return len(b) > 1 && (b[0]>>6 == 1 || b[0] == 0x00 && b[1] == 0x17)
}
