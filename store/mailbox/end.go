package mailbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/letter"
)

// maxExpired is how many letters of one device expire in one write.
const maxExpired = 4096

// Drop deletes everything of a device for good, because its account was
// deleted; it returns when that is on disk. Letters on their way are refused
// or deleted too.
func (m *Mailbox) Drop(id wire.ID) error {
	d, err := m.pin(id)
	if err != nil {
		return err
	}
	m.mu.Lock()
	again := d.dropped
	if !again {
		d.dropped = true
		d.pins++ // it stays in memory, so that nothing comes in behind
	}
	m.mu.Unlock()
	defer m.unpin(d)
	d.removing.Lock()
	defer d.removing.Unlock()
	if again {
		return nil
	}
	if err := m.settled(d); err != nil {
		return err
	}
	b := m.db.NewBatch()
	defer b.Close()
	err = errors.Join(
		b.DeleteRange(letterKey(nil, id, 0), after(id), nil),
		b.Delete(numberKey(nil, id), nil))
	if err == nil {
		err = m.db.Apply(b, pebble.Sync)
	}
	if err != nil {
		return fmt.Errorf("mailbox of device %s: %w", id, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	d.letters, d.bytes, d.durable = 0, 0, 0
	return nil
}

// settled waits until no letter of a dropped device is on its way to the disk.
func (m *Mailbox) settled(d *device) error {
	for {
		m.mu.Lock()
		busy, err := d.reserving > 0, m.ready()
		m.mu.Unlock()
		if err != nil || !busy {
			return err
		}
		time.Sleep(time.Millisecond)
	}
}

// Expire deletes the letters that came before a time and returns how many went
// of each device. Letters stand in the order in which they came, so that those
// that are older are in front.
func (m *Mailbox) Expire(before time.Time) (map[wire.ID]int, error) {
	if err := m.enter(); err != nil {
		return nil, err
	}
	defer m.users.Done()
	it, err := m.db.NewIter(&pebble.IterOptions{LowerBound: []byte{kindLetter}, UpperBound: []byte{kindLetter + 1}})
	if err != nil {
		return nil, fmt.Errorf("mailbox in %s: %w", m.dir, err)
	}
	gone := map[wire.ID]int{}
	for ok := it.First(); ok; {
		id, _, err := splitLetterKey(it.Key())
		if err != nil {
			return gone, errors.Join(err, it.Close())
		}
		n, err := m.expire(id, before)
		if n > 0 {
			gone[id] = n
		}
		if err != nil {
			return gone, errors.Join(err, it.Close())
		}
		ok = it.SeekGE(after(id))
	}
	if err := it.Close(); err != nil {
		return gone, fmt.Errorf("mailbox in %s: %w", m.dir, err)
	}
	return gone, nil
}

// expire deletes the old letters of one device.
func (m *Mailbox) expire(id wire.ID, before time.Time) (count int, err error) {
	for {
		var old []uint64
		err := m.Read(id, 0, func(l letter.Letter) bool {
			if l.Received >= before.UnixMilli() || len(old) == maxExpired {
				return false
			}
			old = append(old, l.Number)
			return true
		})
		if err != nil || len(old) == 0 {
			return count, err
		}
		if err := m.Remove(id, old); err != nil {
			return count, err
		}
		count += len(old)
	}
}

// Verify reads everything and checks that it is whole: the layout and the
// checksum of each letter, that no number is beyond those that were given, and
// Pebble's own tables. It returns how many letters there are.
func (m *Mailbox) Verify(ctx context.Context) (count int, err error) {
	if err := m.enter(); err != nil {
		return 0, err
	}
	defer m.users.Done()
	it, err := m.db.NewIter(nil)
	if err != nil {
		return 0, fmt.Errorf("mailbox in %s: %w", m.dir, err)
	}
	// Numbers are reserved before they are given, and "l" sorts before "n": a
	// map of the highest number of each device is all that must be kept.
	highest := map[wire.ID]uint64{}
	for ok := it.First(); ok && ctx.Err() == nil; ok = it.Next() {
		value, err := it.ValueAndErr()
		if err == nil {
			err = checkRecord(it.Key(), value, highest)
		} else if pebble.IsCorruptionError(err) {
			err = fmt.Errorf("%w: %s", ErrDamaged, firstLine(err))
		}
		if err != nil {
			return count, errors.Join(fmt.Errorf("mailbox in %s: %w", m.dir, err), it.Close())
		}
		if it.Key()[0] == kindLetter {
			count++
		}
	}
	if err := errors.Join(ctx.Err(), it.Close()); pebble.IsCorruptionError(err) {
		return count, fmt.Errorf("mailbox in %s: %w: %s", m.dir, ErrDamaged, firstLine(err))
	} else if err != nil {
		return count, fmt.Errorf("mailbox in %s: %w", m.dir, err)
	}
	for id := range highest {
		return count, fmt.Errorf("mailbox in %s: %w: device %s has letters and no numbers", m.dir, ErrDamaged, id)
	}
	if err := m.db.CheckLevels(nil); err != nil {
		return count, fmt.Errorf("mailbox in %s: %w: %s", m.dir, ErrDamaged, firstLine(err))
	}
	return count, nil
}

// checkRecord checks one record; highest holds the devices whose record of
// numbers is still to come.
func checkRecord(key, value []byte, highest map[wire.ID]uint64) error {
	switch {
	case string(key) == string(formatKey):
		return nil
	case len(key) == numberKeySize && key[0] == kindNumbers && len(value) == 8:
		id := wire.ID(key[1:])
		if h := highest[id]; h >= given(value) {
			return fmt.Errorf("%w: device %s has letter %d, and numbers are given up to %d", ErrDamaged, id, h, given(value))
		}
		delete(highest, id)
		return nil
	}
	id, l, err := parseLetter(key, value)
	highest[id] = l.Number
	return err
}

// enter keeps the mailbox open until users.Done.
func (m *Mailbox) enter() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return ErrClosed
	}
	m.users.Add(1)
	return nil
}
