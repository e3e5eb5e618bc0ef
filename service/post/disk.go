package post

import (
	"sync/atomic"
	"time"
)

const (
	lookEvery = time.Second
	lookAfter = 16 << 20 // bytes handed in since
)

// disk watches how much is free where the mailbox lies. Asking the system for
// every letter would cost more than the letter: it is asked each second and
// after each 16 MiB.
type disk struct {
	folder  string
	reserve uint64

	looked atomic.Int64 // when, Unix ns
	spent  atomic.Int64 // bytes handed in since
	full   atomic.Bool
}

// spend counts what is on its way to the disk.
func (d *disk) spend(n int) { d.spent.Add(int64(n)) }

// room tells whether there is more free than the reserve. Where the system does
// not say, there is: the mailbox's own writes will tell.
func (d *disk) room(now time.Time) bool {
	looked := d.looked.Load()
	if since := now.UnixNano() - looked; since < 0 || since > int64(lookEvery) || d.spent.Load() > lookAfter {
		if d.looked.CompareAndSwap(looked, now.UnixNano()) {
			d.spent.Store(0)
			free, err := freeSpace(d.folder)
			if err != nil {
				logged("the disk's free space is not known", err)
			}
			d.full.Store(err == nil && free < d.reserve)
		}
	}
	return !d.full.Load()
}
