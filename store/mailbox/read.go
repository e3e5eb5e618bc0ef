package mailbox

import (
	"errors"
	"fmt"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/letter"
)

// Read gives the letters that wait for a device, in order, from a number on,
// until visit returns false. Only what is on disk is given. The envelope is
// the mailbox's own and holds until visit returns.
func (m *Mailbox) Read(id wire.ID, from uint64, visit func(letter.Letter) bool) error {
	d, err := m.pin(id)
	if err != nil {
		return err
	}
	defer m.unpin(d)
	m.mu.Lock()
	durable := d.durable
	m.mu.Unlock()
	if from > durable {
		return nil
	}
	it, err := m.db.NewIter(&pebble.IterOptions{
		LowerBound: letterKey(nil, id, from),
		UpperBound: append(letterKey(nil, id, durable), 0),
	})
	if err != nil {
		return fmt.Errorf("mailbox of device %s: %w", id, err)
	}
	for ok := it.First(); ok; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return errors.Join(fmt.Errorf("mailbox of device %s: %w", id, err), it.Close())
		}
		_, l, err := parseLetter(it.Key(), value)
		if err != nil {
			return errors.Join(err, it.Close())
		}
		if !visit(l) {
			break
		}
	}
	if err := it.Close(); err != nil {
		return fmt.Errorf("mailbox of device %s: %w", id, err)
	}
	return nil
}

// Remove deletes letters that the device has taken; numbers that are not there
// are passed over. It does not wait for the disk: a letter that comes back
// after a crash is sent again under the number that the device knows.
func (m *Mailbox) Remove(id wire.ID, taken []uint64) error {
	d, err := m.pin(id)
	if err != nil {
		return err
	}
	defer m.unpin(d)
	d.removing.Lock()
	defer d.removing.Unlock()
	taken = slices.Compact(slices.Sorted(slices.Values(taken)))
	if len(taken) == 0 {
		return nil
	}
	b := m.db.NewBatch()
	defer b.Close()
	size, count := m.forgetRecent(d, taken)
	for _, n := range taken[:count] {
		op := b.DeleteDeferred(letterKeySize)
		letterKey(op.Key[:0], id, n)
		_ = op.Finish() // only ever fails for indexed batches
	}
	if rest := taken[count:]; len(rest) > 0 {
		n, bytes, err := m.removeOld(b, id, rest)
		if err != nil {
			return fmt.Errorf("mailbox of device %s: %w", id, err)
		}
		count, size = count+n, size+bytes
	}
	return m.delete(d, b, count, size)
}

// removeOld adds to a batch the deletion of those letters that are on disk, and
// returns how many they are, and their bytes.
func (m *Mailbox) removeOld(b *pebble.Batch, id wire.ID, taken []uint64) (count, size int, err error) {
	it, err := m.db.NewIter(&pebble.IterOptions{LowerBound: letterKey(nil, id, taken[0]), UpperBound: after(id)})
	if err != nil {
		return 0, 0, err
	}
	key := make([]byte, 0, letterKeySize)
	for _, n := range taken {
		key = letterKey(key[:0], id, n)
		if !seek(it, key) {
			continue
		}
		value := it.LazyValue()
		count, size = count+1, size+value.Len()-valueHead
		if err := b.Delete(key, nil); err != nil {
			return 0, 0, errors.Join(err, it.Close())
		}
	}
	return count, size, it.Close()
}

// seek puts the iterator on a key, and tells whether it is there. The next one
// is tried first: letters are mostly taken in the order in which they came.
func seek(it *pebble.Iterator, key []byte) bool {
	if it.Valid() && it.Next() && string(it.Key()) == string(key) {
		return true
	}
	return it.SeekGE(key) && string(it.Key()) == string(key)
}

// delete applies a batch of deletions and takes them off the counters.
func (m *Mailbox) delete(d *device, b *pebble.Batch, count, size int) error {
	if count == 0 {
		return nil
	}
	if err := m.refused(); err != nil {
		return err
	}
	if err := m.db.Apply(b, pebble.NoSync); err != nil {
		return fmt.Errorf("mailbox of device %s: %w", d.id, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d.letters -= count
	d.bytes -= size
	return nil
}
