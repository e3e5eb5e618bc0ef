package relay

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringfence/ringfence/guard"
)

const (
	queue   = 256 // packets on their way to one allocation
	idle    = 5 * time.Second
	maxPack = 2048
)

// packet is on its way to an allocation.
type packet struct {
	n    int
	from *net.UDPAddr
	data [maxPack]byte
}

var packets = sync.Pool{New: func() any { return new(packet) }}

// port is an allocation: a net.PacketConn without a socket. What is written to
// it is judged, and comes out at the other leg.
type port struct {
	leg   *leg
	addr  *net.UDPAddr // the relayed address; the pointer tells allocations apart
	in    chan *packet
	done  chan struct{}
	close sync.Once
	used  atomic.Int64 // when it last sent, Unix ns
	flow  atomic.Pointer[flow]

	mu     sync.Mutex
	event  guard.Event // used again for each packet, so that none is allocated
	spends [1]guard.Spend
}

func newPort(l *leg) *port {
	p := &port{leg: l, addr: net.UDPAddrFromAddrPort(l.self), in: make(chan *packet, queue), done: make(chan struct{})}
	p.used.Store(l.session.relay.config.Now().UnixNano())
	p.spends[0] = guard.Spend{Name: "packets of a leg", Key: l.name, Per: time.Second}
	p.event = guard.Event{Kind: guard.Packet, Call: l.session.id, Other: l.far, Range: l.session.tagged, Spends: p.spends[:]}
	return p
}

// WriteTo sends a packet that came from the client to another leg. What is
// refused is gone without a word.
func (p *port) WriteTo(b []byte, to net.Addr) (int, error) {
	select {
	case <-p.done:
		return 0, net.ErrClosed
	default:
	}
	if !p.judge(b, to) || len(b) == 0 || len(b) > maxPack {
		return len(b), nil
	}
	now := p.leg.session.relay.config.Now().UnixNano()
	p.used.Store(now)
	p.leg.heard.Store(now)
	if b[0] > 3 && p.leg.active.Load() != p {
		p.leg.active.Store(p)
	}
	if !p.leg.protected.Load() && guard.Protected(b) {
		p.leg.protected.Store(true)
	}
	p.leg.other().deliver(b, p.leg.addr)
	return len(b), nil
}

// judge asks the guard about one packet.
func (p *port) judge(b []byte, to net.Addr) bool {
	r := p.leg.session.relay
	p.mu.Lock()
	defer p.mu.Unlock()
	ev := &p.event
	ev.At, ev.Bytes, ev.Peer = r.config.Now(), b, addrPort(to)
	ev.Answered, ev.Secured = !p.leg.session.closed.Load(), p.leg.secured()
	ev.Account, ev.Target = p.leg.accounts()
	p.spends[0].Limit = r.config.Guard.Limits().PacketsPerSecond
	passed := r.config.Guard.Judge(ev).Passed()
	ev.Bytes = nil
	return passed
}

// put queues a packet for the client. A full queue loses it, as a router does.
func (p *port) put(b []byte, from *net.UDPAddr) {
	k := packets.Get().(*packet)
	k.n, k.from = copy(k.data[:], b), from
	select {
	case p.in <- k:
	default:
		packets.Put(k)
	}
}

// ReadFrom gives the next packet for the client, and nothing any more once the
// call is over, whatever is still queued.
func (p *port) ReadFrom(b []byte) (int, net.Addr, error) {
	select {
	case <-p.done:
		return 0, nil, net.ErrClosed
	case k := <-p.in:
		n, from := copy(b, k.data[:k.n]), k.from
		packets.Put(k)
		select {
		case <-p.done:
			return 0, nil, net.ErrClosed
		default:
			return n, from, nil
		}
	}
}

// Close ends the allocation at once.
func (p *port) Close() error {
	p.close.Do(func() {
		close(p.done)
		p.leg.remove(p)
		if f := p.flow.Load(); f != nil {
			p.leg.session.relay.forget(f)
		}
	})
	return nil
}

// LocalAddr is the relayed address.
func (p *port) LocalAddr() net.Addr { return p.addr }

// SetDeadline does nothing: an allocation ends by Close.
func (p *port) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing: an allocation ends by Close.
func (p *port) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing: writing never waits.
func (p *port) SetWriteDeadline(time.Time) error { return nil }
