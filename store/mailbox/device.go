package mailbox

import (
	"errors"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ringfence/ringfence/wire"
)

const (
	// numberBlock is how many numbers are reserved on disk at once.
	numberBlock = 1024
	// maxDevices is how many devices' counters are kept in memory, about 200
	// bytes each; the others are counted again when they are needed.
	maxDevices = 100_000
)

// Limits are the most that may wait for one device.
type Limits struct {
	Letters int
	Bytes   int
}

// device is what is known in memory of one device. It is held by Mailbox.mu,
// but for the counting, which happens once.
type device struct {
	id       wire.ID
	pins     int // users; while there is one the device stays in memory
	count    sync.Once
	countErr error
	removing sync.Mutex // one removal at a time

	next     uint64 // the number that the next letter gets
	reserved uint64 // numbers below it are reserved on disk
	durable  uint64 // the highest number that is on disk
	letters  int    // waiting, and reserved for those on their way
	bytes    int
	dropped  bool

	reserving int // reserved, and not yet on disk

	// recent holds the sizes of the newest letters of a device that is being
	// watched, so that taking them needs no look at the disk. Nil: not watched.
	recent   map[uint64]int32
	watchers int
}

// pin returns a device that stays in memory until it is unpinned, with its
// counters right.
func (m *Mailbox) pin(id wire.ID) (*device, error) {
	m.mu.Lock()
	if m.closed {
		m.mu.Unlock()
		return nil, ErrClosed
	}
	d := m.devices[id]
	if d == nil {
		m.forget()
		d = &device{id: id}
		m.devices[id] = d
	}
	d.pins++
	m.users.Add(1)
	m.mu.Unlock()
	d.count.Do(func() { d.countErr = m.countUp(d) })
	if d.countErr != nil {
		m.mu.Lock()
		defer m.mu.Unlock()
		m.letGo(d)
		delete(m.devices, id) // so that the next one tries again
		return nil, d.countErr
	}
	return d, nil
}

func (m *Mailbox) unpin(d *device) {
	m.mu.Lock()
	m.letGo(d)
	m.mu.Unlock()
}

// letGo is unpin for those who hold m.mu.
func (m *Mailbox) letGo(d *device) {
	d.pins--
	m.users.Done()
}

// forget makes room for another device in memory: some that nobody uses go,
// in the map's random order.
func (m *Mailbox) forget() {
	if len(m.devices) < maxDevices {
		return
	}
	looked := 0
	for id, d := range m.devices {
		if d.pins == 0 {
			delete(m.devices, id)
		}
		if looked++; looked == 64 {
			return
		}
	}
}

// countUp reads what is on disk of a device. Nothing of it is on its way to the
// disk: letters are only taken once it has been counted.
func (m *Mailbox) countUp(d *device) error {
	d.next = 1
	v, closer, err := m.db.Get(numberKey(nil, d.id))
	switch {
	case err == nil:
		if len(v) != 8 {
			return errors.Join(fmt.Errorf("%w: the numbers of device %s", ErrDamaged, d.id), closer.Close())
		}
		d.next = given(v)
		if err := closer.Close(); err != nil {
			return fmt.Errorf("mailbox of device %s: %w", d.id, err)
		}
	case !errors.Is(err, pebble.ErrNotFound):
		return fmt.Errorf("mailbox of device %s: %w", d.id, err)
	}
	d.reserved = d.next
	it, err := m.db.NewIter(&pebble.IterOptions{LowerBound: letterKey(nil, d.id, 0), UpperBound: after(d.id)})
	if err != nil {
		return fmt.Errorf("mailbox of device %s: %w", d.id, err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		_, n, err := splitLetterKey(it.Key())
		if err != nil {
			return errors.Join(err, it.Close())
		}
		value := it.LazyValue()
		d.letters, d.bytes, d.durable = d.letters+1, d.bytes+value.Len()-valueHead, n
	}
	if err := it.Close(); err != nil {
		return fmt.Errorf("mailbox of device %s: %w", d.id, err)
	}
	if d.durable >= d.reserved {
		return fmt.Errorf("%w: device %s has letter %d, and numbers are given up to %d", ErrDamaged, d.id, d.durable, d.reserved)
	}
	return nil
}

// Reserve takes room for a letter of size bytes, or answers ErrFull or
// ErrNoSpace. What was
// reserved must be submitted or released. Reserving and counting are one step:
// however many hand in at once, the limits hold.
func (m *Mailbox) Reserve(id wire.ID, size int, limits Limits) error {
	if m.full() {
		return ErrNoSpace
	}
	if err := m.refused(); err != nil {
		return err
	}
	d, err := m.pin(id)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case d.dropped:
		err = ErrDropped
	case d.letters+1 > limits.Letters || d.bytes+size > limits.Bytes:
		err = ErrFull
	}
	if err != nil {
		m.letGo(d)
		return err
	}
	d.letters++
	d.bytes += size
	d.reserving++
	return nil // still pinned, for the letter
}

// maxRecent bounds device.recent, about 20 bytes each.
const maxRecent = 256

// Watch is called when a device connects: letters that come from now on are
// expected to be taken soon. The function that it returns ends it.
func (m *Mailbox) Watch(id wire.ID) (done func(), err error) {
	d, err := m.pin(id)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d.watchers++
	return sync.OnceFunc(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if d.watchers--; d.watchers == 0 {
			d.recent = nil
		}
		m.letGo(d)
	}), nil
}

// forgetRecent takes letters out of recent and returns their sizes; the first
// one that is not there ends it.
func (m *Mailbox) forgetRecent(d *device, numbers []uint64) (size int, known int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, n := range numbers {
		s, ok := d.recent[n]
		if !ok {
			return size, known
		}
		delete(d.recent, n)
		size, known = size+int(s), known+1
	}
	return size, known
}

// Release gives back room that was reserved and is not needed.
func (m *Mailbox) Release(id wire.ID, size int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.release(m.devices[id], size)
}

func (m *Mailbox) release(d *device, size int) {
	d.letters--
	d.bytes -= size
	d.reserving--
	m.letGo(d)
}

// Count returns how many letters wait for a device, and their bytes; what is
// on its way to the disk counts.
func (m *Mailbox) Count(id wire.ID) (letters, bytes int, err error) {
	d, err := m.pin(id)
	if err != nil {
		return 0, 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.letGo(d)
	return d.letters, d.bytes, nil
}
