// Package post hands letters in and delivers them.
//
// Whoever holds a delivery token may hand in an envelope without signing in;
// the office knows from the token whose mailbox it is for and keeps nothing of
// the sender. A letter is on disk before its sender is told so, goes to the
// recipient's device at once when that is connected, and is deleted after the
// device has taken it. A device that is connected is sent what was committed
// straight from memory; one that falls behind is sent it from the disk, in the
// same order.
package post

import (
	"context"
	"errors"
	"log/slog"
	"net/netip"
	"sync"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/service/socket"
	"github.com/ringfence/ringfence/store/mailbox"
	"github.com/ringfence/ringfence/wire"
)

// Tokens knows whose delivery token it is. It is asked for every letter, so it
// should answer from memory; it must know at once when a token is revoked.
type Tokens interface {
	// Recipient returns the account and device that a token delivers to, by the
	// SHA-256 of the token.
	Recipient(hash [32]byte) (account, device wire.ID, ok bool)
}

// Options are what an office is made of.
type Options struct {
	Mailbox *mailbox.Mailbox
	Guard   *guard.Set
	Tokens  Tokens
	// Folder is on the disk whose free space is watched.
	Folder string
	// Reserve is how much of the disk is left to others, for the ledger of
	// verdicts above all, in bytes; 0: DiskReserve.
	Reserve uint64
	// Tagged tells of an account whether the test range made it; nil: none.
	Tagged func(account wire.ID) bool
	// Now is the clock; nil: the real one.
	Now func() time.Time
}

// DiskReserve is what hand-ins leave free on the disk unless told otherwise:
// 64 MiB for the ledger of verdicts, and 64 MiB for what the mailbox still has
// to write of what it has accepted.
const DiskReserve = 128 << 20

// Office is where letters are handed in and delivered. Its methods may be used
// from several goroutines.
type Office struct {
	Options
	disk disk
	life context.Context // ends with the office
	end  context.CancelFunc

	mu      sync.Mutex // holds what follows
	boxes   map[wire.ID]*Box
	streams map[*stream]struct{}
	tags    map[wire.ID]bool // what Tagged said, which never changes
	closed  bool
	running sync.WaitGroup // one for each stream

	networks map[netip.Prefix]int // streams of each
}

// New returns an office. It must be closed before its mailbox.
func New(o Options) *Office {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Reserve == 0 {
		o.Reserve = DiskReserve
	}
	life, end := context.WithCancel(context.Background())
	return &Office{
		Options: o, disk: disk{folder: o.Folder, reserve: o.Reserve}, life: life, end: end,
		boxes: map[wire.ID]*Box{}, streams: map[*stream]struct{}{},
		tags: map[wire.ID]bool{}, networks: map[netip.Prefix]int{},
	}
}

// maxTags is how many accounts' tags are kept in memory, about 40 bytes each.
const maxTags = 100_000

// tagged tells whether the test range made an account. It asks once for each.
func (o *Office) tagged(account wire.ID) bool {
	if o.Tagged == nil {
		return false
	}
	o.mu.Lock()
	tag, known := o.tags[account]
	o.mu.Unlock()
	if known {
		return tag
	}
	tag = o.Tagged(account)
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.tags) >= maxTags {
		clear(o.tags)
	}
	o.tags[account] = tag
	return tag
}

// Close ends all boxes and hand-in sockets and waits for them. Letters that
// were acknowledged are on disk.
func (o *Office) Close() {
	o.mu.Lock()
	o.closed = true
	o.end()
	boxes := o.boxes
	o.boxes = map[wire.ID]*Box{}
	var open []*socket.Conn
	for s := range o.streams {
		if s.conn != nil {
			open = append(open, s.conn)
		}
	}
	o.mu.Unlock()
	for _, b := range boxes {
		b.end(ErrClosed)
	}
	for _, c := range open {
		c.CloseNow()
	}
	o.running.Wait()
}

// HandIn takes an envelope for whom the delivery token names, and returns the
// status of docs/protocol.md, HTTP: 204 when it is on disk. Everything else
// than 204 means that it was not stored; when ctx ends before the outcome is
// known the answer is 503. The bytes are copied.
func (o *Office) HandIn(ctx context.Context, from netip.AddrPort, token, sealed []byte) int {
	if len(token) != frameHead-4 {
		token, sealed = nil, token // not even a token: refused as too short
	}
	frame := make([]byte, 4, frameHead+len(sealed))
	frame = append(frame, token...)
	w := make(waiter, 1)
	if status := o.take(ctx, from, append(frame, sealed...), w); status != pending {
		return status
	}
	select {
	case err := <-w:
		return o.statusOf(err)
	case <-ctx.Done():
		return 503
	}
}

// Introduce stores an envelope for a device without a delivery token: the
// caller has made sure that the sender may, and has checked its layout. An
// error that Is mailbox.ErrFull or ErrDiskFull is answered with 507.
func (o *Office) Introduce(ctx context.Context, device wire.ID, sealed []byte) error {
	if !o.disk.room(o.Now()) {
		return ErrDiskFull
	}
	w := make(waiter, 1)
	if err := o.submit(ctx, device, append(make([]byte, frameHead, frameHead+len(sealed)), sealed...), w); err != nil {
		return err
	}
	select {
	case err := <-w:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// What the office answers besides the errors of the mailbox.
var (
	// ErrDiskFull: the disk has no more than what is reserved for others.
	ErrDiskFull = errors.New("the server's disk is full")
	// ErrClosed: the office, or the box, was closed.
	ErrClosed = errors.New("closed")
	// ErrReplaced: the device has connected again, elsewhere.
	ErrReplaced = errors.New("the device has connected again")
)

// Drop deletes a device's letters for good, with its account, and closes its
// box.
func (o *Office) Drop(device wire.ID) error {
	o.mu.Lock()
	b := o.boxes[device]
	delete(o.boxes, device)
	o.mu.Unlock()
	if b != nil {
		b.end(mailbox.ErrDropped)
	}
	return o.Mailbox.Drop(device)
}

// outcome is who learns what became of a letter.
type outcome interface{ done(err error) }

type waiter chan error

func (w waiter) done(err error) { w <- err }

// parcel is a letter on its way to the disk. Its frame begins with the 36 bytes
// of hand-in (sequence and token) before the envelope; when the letter is on
// disk, the last 17 of them become the head under which it is delivered.
type parcel struct {
	office   *Office
	device   wire.ID
	received int64
	frame    []byte
	outcome  outcome
}

// submit reserves room for a letter and sends it to the disk. The outcome is
// told only when no error is returned.
func (o *Office) submit(ctx context.Context, device wire.ID, frame []byte, out outcome) error {
	limits := o.Guard.Config().Limits
	sealed := frame[frameHead:]
	if err := o.Mailbox.Reserve(device, len(sealed), mailbox.Limits{Letters: limits.LettersPerMailbox, Bytes: limits.BytesPerMailbox}); err != nil {
		return err
	}
	p := &parcel{office: o, device: device, received: o.Now().UnixMilli(), frame: frame, outcome: out}
	o.disk.spend(len(sealed))
	return o.Mailbox.Submit(ctx, mailbox.Entry{Device: device, Received: p.received, Envelope: sealed}, p)
}

// Stored implements mailbox.Receiver: the letter goes to the device, if that is
// there, and its sender is told.
func (p *parcel) Stored(number uint64, err error) {
	if err == nil {
		p.office.deliver(p, number)
	}
	p.outcome.done(err)
}

// logged says of an error that is ours, not the sender's, that it happened.
func logged(what string, err error) {
	slog.Error("post: "+what, "error", err)
}
