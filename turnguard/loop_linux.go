//go:build linux && !portable

package turnguard

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	slots     = 128      // datagrams that are received before those they lead to are sent
	batch     = 64       // datagrams of one socket at a time
	slotSize  = 64 << 10 // the most that the system puts together of one sender; pages that are not used cost nothing
	maxItems  = 1024     // datagrams to send at a time
	maxJoined = 60       // datagrams that are handed over as one, below the system's 64
	maxWhole  = 60 << 10 // and their bytes
	maxPiece  = 1452     // larger ones are not joined: they may need fragments
	space     = 4 * 8    // of control messages
)

type mmsghdr struct {
	hdr unix.Msghdr
	n   uint32
}

// slot is room for a datagram, or for several of one sender that the system has put
// together (UDP_GRO).
type slot struct {
	from    sockaddr
	iov     unix.Iovec
	control [space]byte
	b       []byte
}

// item is a datagram to send.
type item struct {
	iov  [3]unix.Iovec
	to   sockaddr
	head [headSize]byte
	size int32
	next int32 // to send from the same socket
	n    int8  // of iov
}

// loop is what a shard needs here to wait for packets: one goroutine waits for all
// of its sockets, receives and sends many datagrams with one call, and allocates
// nothing for them.
type loop struct {
	epoll, event int
	sockets      []*socket // by descriptor

	in    []mmsghdr
	slots []slot
	next  int

	items   []item
	touched []*socket
	out     []mmsghdr
	iovs    []unix.Iovec
	firsts  []int32 // the first item of each of out
	control [][24]byte
}

func (l *loop) open(h *shard) (err error) {
	if l.epoll, err = unix.EpollCreate1(unix.EPOLL_CLOEXEC); err != nil {
		return err
	}
	if l.event, err = unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK); err != nil {
		return errors.Join(err, unix.Close(l.epoll))
	}
	l.in, l.slots = make([]mmsghdr, slots), make([]slot, slots)
	for i := range l.in {
		s, m := &l.slots[i], &l.in[i].hdr
		s.b = make([]byte, slotSize)
		s.iov.Base = &s.b[0]
		s.iov.SetLen(slotSize)
		m.Name, m.Iov, m.Control = &s.from.raw[0], &s.iov, &s.control[0]
		m.SetIovlen(1)
		l.again(i)
	}
	l.items, l.iovs = make([]item, 0, maxItems), make([]unix.Iovec, 3*maxItems)
	l.out, l.control, l.firsts = make([]mmsghdr, maxItems), make([][24]byte, maxItems), make([]int32, maxItems)
	l.touched = make([]*socket, 0, maxItems)
	if err := l.watch(l.event); err != nil {
		return err
	}
	return h.add(h.clients, nil)
}

func (l *loop) watch(fd int) error {
	return unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
}

// again makes a slot ready to receive.
func (l *loop) again(i int) {
	m := &l.in[i].hdr
	m.Namelen = uint32(len(l.slots[i].from.raw))
	m.SetControllen(space)
	m.Flags = 0
}

// add starts to watch a socket.
func (h *shard) add(s *socket, a *allocation) error {
	s.owner = a
	l := &h.loop
	for len(l.sockets) <= s.fd {
		l.sockets = append(l.sockets, nil)
	}
	l.sockets[s.fd] = s
	return l.watch(s.fd)
}

// remove closes a socket. It has no packets on their way: see leave.
func (h *shard) remove(s *socket) {
	if s.fd < len(h.loop.sockets) {
		h.loop.sockets[s.fd] = nil
	}
	unix.Close(s.fd)
}

func (h *shard) run() {
	h.server.wait.Add(1)
	go h.poll()
}

// halt wakes the goroutine, which finds that the shard has ended.
func (h *shard) halt() { _, _ = unix.Write(h.loop.event, []byte{7: 1}) }

func (h *shard) release() {
	unix.Close(h.clients.fd)
	unix.Close(h.loop.event)
	unix.Close(h.loop.epoll)
}

func (h *shard) poll() {
	defer h.server.wait.Done()
	w := newWaiter(h.loop.epoll, h.server.config.Hold)
	for {
		events, err := w.wait()
		if err != nil {
			return
		}
		h.enter()
		if h.ended {
			h.leave()
			return
		}
		for i := range events {
			if s := h.loop.sockets[events[i].Fd]; s != nil {
				h.receive(s)
			}
		}
		h.leave()
		h.loop.next = 0
	}
}

// receive takes datagrams of a socket.
func (h *shard) receive(s *socket) {
	l := &h.loop
	if slots-l.next < batch/4 {
		h.flush() // what is to be sent lies in the slots
		l.next = 0
	}
	room := min(batch, slots-l.next)
	n, _, err := unix.RawSyscall6(unix.SYS_RECVMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&l.in[l.next])), uintptr(room), unix.MSG_DONTWAIT, 0, 0)
	if err != 0 {
		return // nothing there, or an error that belongs to one datagram
	}
	first := l.next
	l.next += int(n)
	for i := first; i < first+int(n); i++ {
		m, p := &l.in[i], &l.slots[i]
		size, piece := int(m.n), int(m.n)
		p.from.n = m.hdr.Namelen
		if m.hdr.Controllen > 0 {
			piece = joined(p.control[:m.hdr.Controllen], piece)
		}
		if m.hdr.Flags&unix.MSG_TRUNC != 0 {
			size = 0
			h.counters.Lost++
		}
		l.again(i)
		h.taken(s, p, p.b[:size], piece)
	}
}

// joined returns how long each of the datagrams is that the system has put together.
func joined(control []byte, whole int) int {
	m := (*unix.Cmsghdr)(unsafe.Pointer(&control[0]))
	if len(control) >= unix.CmsgSpace(4) && m.Level == unix.IPPROTO_UDP && m.Type == unix.UDP_GRO {
		return int(*(*int32)(unsafe.Pointer(&control[unix.CmsgLen(0)])))
	}
	return whole
}

// taken handles the datagrams of one slot.
func (h *shard) taken(s *socket, p *slot, b []byte, piece int) {
	var at endpoint
	p.from.endpoint(&at)
	for first := true; first || len(b) > 0; first = false {
		one := b[:min(max(piece, 0), len(b))]
		b = b[len(one):]
		if len(one) == 0 {
			b = nil
		}
		if s.owner == nil {
			h.client.at, h.client.sock, h.client.to, h.client.allocation = at, s, &p.from, h.byClient[at]
			h.message(one, &h.client)
			continue
		}
		if s.owner.gone {
			return
		}
		h.toClient(one, s.owner, &at)
	}
}
