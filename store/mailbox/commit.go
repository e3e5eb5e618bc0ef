package mailbox

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ringfence/ringfence/wire"
)

// Entry is a letter to store.
type Entry struct {
	Device   wire.ID
	Received int64  // Unix milliseconds
	Envelope []byte // not to be changed before the letter is stored
}

// Receiver is told what became of a letter. Stored is called once, from one
// goroutine for all letters and in the order of their numbers; it must not
// block and must not call the mailbox's Submit or Append.
type Receiver interface {
	Stored(number uint64, err error)
}

// pending is a letter on its way to the disk.
type pending struct {
	Entry
	device   *device
	number   uint64
	receiver Receiver
}

func (p *pending) size() int64 { return int64(len(p.Envelope)) + 256 }

// batch is one synced write.
type batch struct {
	*pebble.Batch
	letters []pending
	size    int64
	applied bool // handed to Pebble
}

// Submit queues a letter for which room was reserved, and returns. When it
// returns nil, the receiver will be told what became of the letter; when it
// returns an error it will not, and the reservation is used up. It waits, as
// long as ctx allows, while too much is on its way to the disk.
func (m *Mailbox) Submit(ctx context.Context, e Entry, receiver Receiver) error {
	p := pending{Entry: e, receiver: receiver}
	if !m.room.TryAcquire(p.size()) {
		if err := m.room.Acquire(ctx, p.size()); err != nil {
			m.Release(e.Device, len(e.Envelope))
			return err
		}
	}
	m.mu.Lock()
	p.device = m.devices[e.Device] // pinned by the reservation
	err := m.ready()
	if err == nil && p.device.dropped {
		err = ErrDropped
	}
	if err != nil {
		m.release(p.device, len(e.Envelope))
		m.mu.Unlock()
		m.room.Release(p.size())
		return err
	}
	m.queue = append(m.queue, p)
	select {
	case m.wake <- struct{}{}:
	default:
	}
	m.mu.Unlock()
	return nil
}

// ready tells why nothing can be stored any more. m.mu is held.
func (m *Mailbox) ready() error {
	if m.closed {
		return ErrClosed
	}
	return m.refused()
}

// refused tells what the disk refused, once it has.
func (m *Mailbox) refused() error {
	if cause := m.broken.Load(); cause != nil {
		return fmt.Errorf("%w: %w", ErrClosed, *cause)
	}
	return nil
}

// commit writes what is queued, batch after batch, and leaves the waiting for
// the disk to finish. It ends when the mailbox is closed and the queue empty.
func (m *Mailbox) commit() {
	defer close(m.batches)
	var spare []pending
	for range m.wake {
		for {
			m.mu.Lock()
			queue := m.queue
			m.queue = spare[:0]
			m.mu.Unlock()
			if len(queue) == 0 {
				spare = queue
				break
			}
			for rest := queue; len(rest) > 0; {
				n := cut(rest)
				m.batches <- m.write(append([]pending(nil), rest[:n]...))
				rest = rest[n:]
			}
			clear(queue)
			spare = queue
		}
	}
}

// cut returns how many letters go into the next batch, one at least.
func cut(queue []pending) int {
	size := int64(0)
	for i := range queue {
		if size += queue[i].size(); size > maxBatch && i > 0 {
			return i
		}
	}
	return len(queue)
}

// write gives the letters their numbers and hands them to Pebble, which begins
// to sync them.
func (m *Mailbox) write(letters []pending) *batch {
	b := &batch{letters: letters}
	for i := range letters {
		b.size += letters[i].size()
	}
	b.Batch = m.db.NewBatchWithSize(int(b.size))
	m.mu.Lock()
	for i := range letters {
		p := &letters[i]
		d := p.device
		if d.next == d.reserved {
			d.reserved += numberBlock
			op := b.SetDeferred(numberKeySize, 8)
			numberKey(op.Key[:0], d.id)
			binary.BigEndian.PutUint64(op.Value, d.reserved)
			_ = op.Finish()
		}
		p.number = d.next
		d.next++
	}
	m.mu.Unlock()
	for i := range letters {
		p := &letters[i]
		op := b.SetDeferred(letterKeySize, valueHead+len(p.Envelope))
		letterKey(op.Key[:0], p.Device, p.number)
		putValue(op.Value, op.Key, p.Received, p.Envelope)
		_ = op.Finish() // only ever fails for indexed batches
	}
	if m.refused() != nil {
		return b
	}
	if err := m.db.ApplyNoSyncWait(b.Batch, pebble.Sync); err != nil {
		m.fail(err)
		return b
	}
	b.applied = true
	return b
}

// finish waits for the disk, batch after batch, and tells the receivers.
func (m *Mailbox) finish() {
	defer close(m.finished)
	for b := range m.batches {
		err := m.sync(b)
		m.settle(b, err)
		m.room.Release(b.size)
		for i := range b.letters {
			b.letters[i].receiver.Stored(b.letters[i].number, err)
		}
	}
}

// sync waits until a batch is on disk.
func (m *Mailbox) sync(b *batch) error {
	if b.applied {
		if err := b.SyncWait(); err != nil {
			m.fail(err)
		}
	}
	if err := m.refused(); err != nil {
		return err
	}
	_ = b.Close() // gives memory back; there is nothing to fail
	return nil
}

// settle brings the devices' counters up to date. A batch that the disk refused
// may be there or not after a restart: nobody was told that it is.
func (m *Mailbox) settle(b *batch, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range b.letters {
		p := &b.letters[i]
		if err != nil {
			m.release(p.device, len(p.Envelope))
			continue
		}
		p.device.durable = p.number
		p.device.reserving--
		p.device.remember(p.number, len(p.Envelope))
		m.letGo(p.device)
	}
}

// remember keeps a letter's size for a device that is being watched.
func (d *device) remember(number uint64, size int) {
	if d.watchers == 0 || len(d.recent) == maxRecent {
		return
	}
	if d.recent == nil {
		d.recent = map[uint64]int32{}
	}
	d.recent[number] = int32(size)
}

// fail notes the first refusal of the disk. Pebble writes nothing after it, so
// neither do we.
func (m *Mailbox) fail(err error) {
	err = unusable(m.dir, err)
	if m.broken.CompareAndSwap(nil, &err) {
		chatter{m.dir}.Errorf("nothing can be stored until the service is started again: %v", err)
	}
}
