//go:build linux && !portable

package turnguard

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// put queues a datagram until the batch at hand ends. head is copied, body is not.
func (h *shard) put(s *socket, head, body []byte, pad int, to *sockaddr) {
	l := &h.loop
	if len(l.items) == maxItems {
		h.flush()
	}
	n := int32(len(l.items))
	l.items = l.items[:n+1]
	it := &l.items[n]
	it.to, it.next, it.n = *to, -1, 0
	it.size = int32(len(head) + len(body) + pad)
	if len(head) > 0 {
		copy(it.head[:], head)
		it.add(&it.head[0], len(head))
	}
	if len(body) > 0 {
		it.add(&body[0], len(body))
	}
	if pad > 0 {
		it.add(&zeros[0], pad)
	}
	if s.queued == 0 {
		s.first = n
		l.touched = append(l.touched, s)
	} else {
		l.items[s.last].next = n
	}
	s.last = n
	s.queued++
}

func (it *item) add(p *byte, n int) {
	it.iov[it.n].Base = p
	it.iov[it.n].SetLen(n)
	it.n++
}

// flush sends what is queued: one call for a socket with one datagram, one for all
// of a socket with several, and several to one peer at once (UDP_SEGMENT).
func (h *shard) flush() {
	l := &h.loop
	for i, s := range l.touched {
		l.touched[i] = nil
		if s.queued == 1 {
			h.sendOne(s, &l.items[s.first])
		} else {
			h.sendAll(s)
		}
		s.first, s.last, s.queued = -1, -1, 0
	}
	l.touched, l.items = l.touched[:0], l.items[:0]
}

func (h *shard) sendOne(s *socket, it *item) {
	var err unix.Errno
	if it.n == 1 {
		_, _, err = unix.RawSyscall6(unix.SYS_SENDTO, uintptr(s.fd), uintptr(unsafe.Pointer(it.iov[0].Base)), uintptr(it.size), unix.MSG_DONTWAIT, uintptr(unsafe.Pointer(&it.to.raw)), uintptr(it.to.n))
	} else {
		m := unix.Msghdr{Name: &it.to.raw[0], Namelen: it.to.n, Iov: &it.iov[0]}
		m.SetIovlen(int(it.n))
		_, _, err = unix.RawSyscall(unix.SYS_SENDMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&m)), unix.MSG_DONTWAIT)
	}
	if err != 0 {
		h.counters.Lost++
	}
}

// sendAll sends all datagrams of a socket.
func (h *shard) sendAll(s *socket) {
	l := &h.loop
	n, iovs := 0, 0
	for i := s.first; i >= 0; n++ {
		it := &l.items[i]
		m := &l.out[n].hdr
		*m = unix.Msghdr{Name: &it.to.raw[0], Namelen: it.to.n, Iov: &l.iovs[iovs]}
		l.firsts[n] = i
		begin := iovs
		count := 0
		i, iovs, count = l.join(i, iovs, s.plain)
		m.SetIovlen(iovs - begin)
		if count > 1 {
			l.segment(m, n, it.size)
		}
	}
	for at := 0; at < n; {
		sent, _, err := unix.RawSyscall6(unix.SYS_SENDMMSG, uintptr(s.fd), uintptr(unsafe.Pointer(&l.out[at])), uintptr(n-at), unix.MSG_DONTWAIT, 0, 0)
		if err == 0 {
			at += int(sent)
			continue
		}
		h.unsent(s, at, n, err)
		at++
	}
}

// join puts datagrams into one message, as long as they go to the same peer and are
// of one size; the last may be shorter. It returns which item comes next.
func (l *loop) join(i int32, iovs int, plain bool) (next int32, end, count int) {
	first := &l.items[i]
	total := int32(0)
	for i >= 0 {
		it := &l.items[i]
		if count > 0 && (plain || it.to != first.to || it.size > first.size || it.size == 0 || first.size > maxPiece || count == maxJoined || total+it.size > maxWhole) {
			break
		}
		iovs += copy(l.iovs[iovs:], it.iov[:it.n])
		total += it.size
		count++
		i = it.next
		if it.size < first.size {
			break
		}
	}
	return i, iovs, count
}

// segment has the system cut a message into datagrams of a size.
func (l *loop) segment(m *unix.Msghdr, n int, size int32) {
	c := (*unix.Cmsghdr)(unsafe.Pointer(&l.control[n]))
	c.Level, c.Type = unix.IPPROTO_UDP, unix.UDP_SEGMENT
	c.SetLen(unix.CmsgLen(2))
	*(*uint16)(unsafe.Pointer(&l.control[n][unix.CmsgLen(0)])) = uint16(size)
	m.Control = &l.control[n][0]
	m.SetControllen(unix.CmsgSpace(2))
}

// unsent deals with a message that the system did not take. Several at once it may
// not be able to send on this way; then they are sent one by one, now and later.
func (h *shard) unsent(s *socket, at, n int, err unix.Errno) {
	l := &h.loop
	if l.out[at].hdr.Controllen == 0 || err == unix.EAGAIN {
		h.counters.Lost++
		return
	}
	s.plain = true
	end := int32(-1)
	if at+1 < n {
		end = l.firsts[at+1]
	}
	for i := l.firsts[at]; i >= 0 && i != end; i = l.items[i].next {
		h.sendOne(s, &l.items[i])
	}
}
