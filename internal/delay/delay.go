// Package delay is a link with a distance: it forwards TCP and UDP on loopback
// and hands everything on a fixed time later, in each direction. With it the
// time that a call takes to connect is measured as it would be between people
// who are not in the same room, also where the kernel has no netem.
package delay

import (
	"errors"
	"net"
	"sync"
	"time"
)

// queue bounds what is on the way in one direction, in chunks or datagrams.
const queue = 4096

// Link forwards from an address of its own to a target.
type Link struct {
	oneWay time.Duration
	target string
	tcp    net.Listener
	udp    net.PacketConn

	mu     sync.Mutex
	open   map[interface{ Close() error }]bool
	closed bool
	wait   sync.WaitGroup
}

type parcel struct {
	due  time.Time
	data []byte
}

// Listen opens a link on one loopback port, for TCP and UDP alike.
func Listen(target string, oneWay time.Duration) (*Link, error) {
	for range 20 {
		tcp, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		udp, err := net.ListenPacket("udp", tcp.Addr().String())
		if err != nil {
			tcp.Close()
			continue
		}
		l := &Link{oneWay: oneWay, target: target, tcp: tcp, udp: udp, open: map[interface{ Close() error }]bool{}}
		l.wait.Add(2)
		go l.acceptTCP()
		go l.acceptUDP()
		return l, nil
	}
	return nil, errors.New("no loopback port is free for both TCP and UDP")
}

// Addr is where the link listens.
func (l *Link) Addr() string { return l.tcp.Addr().String() }

// Cut ends every connection and flow that there is, as when a device changes its
// network: what still comes from the same port is lost, and what comes from
// another one goes through.
func (l *Link) Cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.open {
		c.Close()
	}
	clear(l.open)
}

// Close ends the link and everything on the way.
func (l *Link) Close() {
	l.mu.Lock()
	l.closed = true
	for c := range l.open {
		c.Close()
	}
	l.mu.Unlock()
	l.tcp.Close()
	l.udp.Close()
	l.wait.Wait()
}

// keep remembers a connection so that Close ends it; it is false when the link
// is closed already.
func (l *Link) keep(c interface{ Close() error }) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		c.Close()
		return false
	}
	l.open[c] = true
	return true
}

func (l *Link) drop(c interface{ Close() error }) {
	l.mu.Lock()
	delete(l.open, c)
	l.mu.Unlock()
	c.Close()
}

func (l *Link) acceptTCP() {
	defer l.wait.Done()
	for {
		near, err := l.tcp.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", l.target)
		if err != nil {
			near.Close()
			continue
		}
		if !l.keep(near) || !l.keep(far) {
			return
		}
		l.pipe(near.Read, far.Write, func() { l.drop(far) })
		l.pipe(far.Read, near.Write, func() { l.drop(near) })
	}
}

func (l *Link) acceptUDP() {
	defer l.wait.Done()
	far := map[string]chan parcel{}
	defer func() {
		for _, c := range far {
			close(c)
		}
	}()
	buffer := make([]byte, 65536)
	for {
		n, from, err := l.udp.ReadFrom(buffer)
		if err != nil {
			return
		}
		out, ok := far[from.String()]
		if !ok {
			conn, err := net.Dial("udp", l.target)
			if err != nil || !l.keep(conn) {
				continue
			}
			out = make(chan parcel, queue)
			far[from.String()] = out
			l.deliver(out, conn.Write, func() { l.drop(conn) })
			l.pipe(conn.Read, func(b []byte) (int, error) { return l.udp.WriteTo(b, from) }, func() {})
		}
		select {
		case out <- parcel{time.Now().Add(l.oneWay), append([]byte(nil), buffer[:n]...)}:
		default: // a full queue loses datagrams, as a router does
		}
	}
}

// pipe reads until the end, and writes each piece when its time has come.
func (l *Link) pipe(read, write func([]byte) (int, error), end func()) {
	on := make(chan parcel, queue)
	l.deliver(on, write, end)
	l.wait.Add(1)
	go func() {
		defer l.wait.Done()
		defer close(on)
		for {
			b := make([]byte, 16384)
			n, err := read(b)
			if n > 0 {
				on <- parcel{time.Now().Add(l.oneWay), b[:n]}
			}
			if err != nil {
				return
			}
		}
	}()
}

func (l *Link) deliver(on <-chan parcel, write func([]byte) (int, error), end func()) {
	l.wait.Add(1)
	go func() {
		defer l.wait.Done()
		defer end()
		broken := false
		for p := range on {
			time.Sleep(time.Until(p.due))
			if !broken {
				_, err := write(p.data)
				broken = err != nil
			}
		}
	}()
}
