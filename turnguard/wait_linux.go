//go:build linux && !portable

package turnguard

import (
	"errors"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	maxEvents = 128                  // sockets that are looked at in one round
	lull      = 2 * time.Millisecond // without a packet: there is no load
)

// waiter waits for the sockets of a shard. Waking up costs more than a packet does.
// So the goroutine of a shard under load does not wait for the next packet: it
// sleeps for a fixed short time, and takes what has come meanwhile.
//
// Sleeping and looking are system calls that the runtime is not told of: telling it
// wakes a thread of its own each time. They are short, and the runtime should have a
// processor more than there are shards. Where there is no load it is told.
type waiter struct {
	epoll  int
	hold   unix.Timespec
	events [maxEvents]unix.EpollEvent
	last   time.Time // when there was a packet
}

func newWaiter(epoll int, hold time.Duration) *waiter {
	return &waiter{epoll: epoll, hold: unix.NsecToTimespec(int64(hold))}
}

// wait returns the sockets that have packets.
func (w *waiter) wait() ([]unix.EpollEvent, error) {
	for w.hold.Nsec > 0 && time.Since(w.last) < lull {
		_, _, _ = unix.RawSyscall(unix.SYS_NANOSLEEP, uintptr(unsafe.Pointer(&w.hold)), 0, 0)
		n, _, err := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(w.epoll), uintptr(unsafe.Pointer(&w.events)), maxEvents, 0, 0, 0)
		if err == 0 && n > 0 {
			w.last = time.Now()
			return w.events[:n], nil
		}
	}
	n, err := unix.EpollWait(w.epoll, w.events[:], -1)
	if err != nil && !errors.Is(err, unix.EINTR) {
		return nil, err
	}
	w.last = time.Now()
	return w.events[:max(n, 0)], nil
}
