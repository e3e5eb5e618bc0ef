package post

import (
	"sync"

	"github.com/ringfence/ringfence/store/mailbox"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/letter"
)

const (
	// maxWaiting and maxWaitingBytes bound what a box holds in memory for a
	// device that does not keep up; the rest waits on the disk.
	maxWaiting      = 128
	maxWaitingBytes = 256 << 10

	letterHead = 17 // docs/protocol.md, Device socket: letter
)

// Box is a connected device's view of its mailbox: the letters that were
// waiting, then drained, then letters as they come. A device has one at a time.
//
// A box has no goroutine of its own. When it has something it calls wake, and
// whoever writes to the device calls Next, or Pour, until that gives nothing.
// With a socket.Conn, whose Fill runs in a goroutine that is there only while
// there is something to write, an idle device costs the goroutine of its reader
// and no other: Open(device, conn.Wake), and in Fill
//
//	more, err := box.Pour(64, send)
//
// followed by conn.Wake when there is more, and the end of the connection when
// there is an error.
type Box struct {
	office *Office
	device wire.ID
	wake   func()
	leave  func() // ends the mailbox's watching

	taking sync.Mutex // one removal at a time, and none after the end

	mu      sync.Mutex
	queue   [][]byte // letters as they go on the wire, in order
	size    int      // their bytes
	last    uint64   // highest number that has been in the queue
	behind  bool     // there may be letters on disk beyond last
	missed  bool     // one came while the disk was being read
	drained bool     // the mark has been given
	err     error    // why the box ended
}

// Open returns the live box of a device and ends the one that it had. wake is
// called, never by Open itself and never twice at a time, when Next has
// something to give after it gave nothing, and when the box has ended; it must
// not block and not call the box. The first Next should be called at once.
func (o *Office) Open(device wire.ID, wake func()) *Box {
	b := &Box{office: o, device: device, wake: wake, leave: func() {}, behind: true}
	if leave, err := o.Mailbox.Watch(device); err == nil {
		b.leave = leave
	} else {
		b.err = err
		return b
	}
	o.mu.Lock()
	old, closed := o.boxes[device], o.closed
	if !closed {
		o.boxes[device] = b
	}
	o.mu.Unlock()
	if old != nil {
		old.end(ErrReplaced)
	}
	if closed {
		b.err = ErrClosed
		b.leave()
	}
	return b
}

// Connected tells whether a device has a live box.
func (o *Office) Connected(device wire.ID) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.boxes[device] != nil
}

// deliver hands a letter that is on disk to the device's box.
func (o *Office) deliver(p *parcel, number uint64) {
	o.mu.Lock()
	b := o.boxes[p.device]
	o.mu.Unlock()
	if b == nil {
		return
	}
	l := letter.Letter{Number: number, Received: p.received}
	head := p.frame[frameHead-letterHead:]
	l.AppendTo(head[:0]) // the envelope already stands behind it
	b.push(number, head)
}

// push queues a letter that has just come, or notes that there are some on
// disk.
func (b *Box) push(number uint64, frame []byte) {
	b.mu.Lock()
	wake := len(b.queue) == 0
	switch {
	case b.err != nil || number <= b.last:
		wake = false // it was read from the disk already
	case b.behind:
		b.missed = true
	case len(b.queue) == maxWaiting || b.size+len(frame) > maxWaitingBytes:
		b.behind, b.missed = true, true
	default:
		b.queue = append(b.queue, frame)
		b.size += len(frame)
		b.last = number
	}
	b.mu.Unlock()
	if wake {
		b.wake()
	}
}

// Next returns the next message for the device: a letter, or the mark that all
// that were waiting have been sent. It returns nil when there is nothing now.
// It never waits but for the disk. The message must not be changed.
func (b *Box) Next() ([]byte, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		if b.err != nil {
			return nil, b.err
		}
		if len(b.queue) > 0 {
			msg := b.queue[0]
			b.queue[0] = nil
			b.queue = b.queue[1:]
			b.size -= len(msg)
			return msg, nil
		}
		b.queue = nil
		if !b.behind {
			break
		}
		if err := b.load(); err != nil {
			b.err = err
			return nil, err
		}
	}
	if !b.drained {
		b.drained = true
		return []byte{call.TypeDrained}, nil
	}
	return nil, nil
}

// Pour sends up to max messages of those that there are now, and tells whether
// there may be more.
func (b *Box) Pour(max int, send func(msg []byte)) (more bool, err error) {
	for range max {
		msg, err := b.Next()
		if msg == nil || err != nil {
			return false, err
		}
		send(msg)
	}
	return true, nil
}

// load reads the next letters from the disk, with b.mu given up meanwhile. Only
// the one goroutine that calls Next does it.
func (b *Box) load() error {
	b.missed = false
	last := b.last
	b.mu.Unlock()
	var queue [][]byte
	size := 0
	err := b.office.Mailbox.Read(b.device, last+1, func(l letter.Letter) bool {
		if len(queue) == maxWaiting || size+letterHead+len(l.Envelope) > maxWaitingBytes {
			return false
		}
		queue = append(queue, l.AppendTo(make([]byte, 0, letterHead+len(l.Envelope))))
		size += letterHead + len(l.Envelope)
		last = l.Number
		return true
	})
	b.mu.Lock()
	if err != nil {
		return err
	}
	b.queue, b.size, b.last = queue, size, last
	if len(queue) == 0 && !b.missed {
		b.behind = false
	}
	return nil
}

// Taken deletes letters that the device has stored.
func (b *Box) Taken(numbers []uint64) error {
	b.taking.Lock()
	defer b.taking.Unlock()
	b.mu.Lock()
	err, last := b.err, b.last
	b.mu.Unlock()
	if err != nil {
		return err
	}
	sent := numbers[:0:0]
	for _, n := range numbers {
		if n <= last {
			sent = append(sent, n) // what it was never sent it cannot have taken
		}
	}
	return b.office.Mailbox.Remove(b.device, sent)
}

// Close ends the box; letters that were not taken stay in the mailbox.
func (b *Box) Close() {
	b.office.mu.Lock()
	if b.office.boxes[b.device] == b {
		delete(b.office.boxes, b.device)
	}
	b.office.mu.Unlock()
	b.end(ErrClosed)
}

// end ends the box once, after a removal that is under way, so that the next
// box of the device finds the mailbox as it left it.
func (b *Box) end(reason error) {
	b.taking.Lock()
	defer b.taking.Unlock()
	b.mu.Lock()
	first := b.err == nil
	if first {
		b.err, b.queue, b.size = reason, nil, 0
	}
	b.mu.Unlock()
	b.leave()
	if first {
		b.wake()
	}
}

var _ mailbox.Receiver = (*parcel)(nil)
