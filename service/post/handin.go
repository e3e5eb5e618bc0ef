package post

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store/mailbox"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/envelope"
	"github.com/ringfence/ringfence/wire/letter"
)

const (
	// frameHead is what stands before the envelope in a message of the hand-in
	// socket: sequence (4) and token (32).
	frameHead = 4 + letter.TokenSize
	// pending is the status of a letter that is on its way to the disk.
	pending = 0
	// budget names what a delivery token may be used for.
	budget = "hand-ins with one delivery token"
)

// take judges a message of the hand-in socket and sends its envelope to the
// disk. It returns pending when the outcome will be told, else the status. The
// frame is kept.
func (o *Office) take(ctx context.Context, from netip.AddrPort, frame []byte, out outcome) int {
	ev := guard.Event{Kind: guard.HandIn, At: o.Now(), Addr: from, Bytes: frame}
	var device wire.ID
	var hash [sha256.Size]byte
	var err error
	if len(frame) < frameHead {
		_, _, _, err = letter.HandIn(frame)
	} else {
		hash = sha256.Sum256(frame[4:frameHead])
		ev.Target, device, ev.Authentic = o.Tokens.Recipient(hash)
		// What is recorded is the envelope: a token is a secret of two people
		// and has no place in a ledger.
		ev.Bytes = frame[frameHead:]
		_, err = envelope.Parse(ev.Bytes)
	}
	errors.As(err, &ev.Refusal)
	if ev.Authentic {
		limit := o.Guard.Config().Limits.HandInsPerTokenMinute
		ev.Spends = []guard.Spend{{Name: budget, Key: string(hash[:]), Limit: limit, Per: time.Minute}}
		ev.Range = o.tagged(ev.Target)
	}
	if status := o.judge(&ev, len(ev.Bytes)); status != pending {
		return status
	}
	if !o.disk.room(ev.At) {
		return http.StatusInsufficientStorage
	}
	if err := o.submit(ctx, device, frame, out); err != nil {
		return o.statusOf(err)
	}
	return pending
}

// judge asks the guard, and returns pending for what may pass. What no parser
// can read and what names no recipient does not pass, whatever the guard says,
// unless a test build has taken that very barrier out.
func (o *Office) judge(ev *guard.Event, size int) int {
	passed := o.Guard.Judge(ev).Passed()
	switch {
	case ev.Refusal != nil && size > envelope.MaxSize:
		return http.StatusRequestEntityTooLarge
	case ev.Refusal != nil && (!passed || size < envelope.MinSize || !o.Guard.Weak(ev.Refusal.Rule)):
		return http.StatusUnprocessableEntity
	case !ev.Authentic:
		return http.StatusForbidden
	case !passed:
		return http.StatusTooManyRequests
	}
	return pending
}

// statusOf is the status of docs/protocol.md for what became of a letter.
func (o *Office) statusOf(err error) int {
	switch {
	case err == nil:
		return http.StatusNoContent
	case errors.Is(err, mailbox.ErrFull), errors.Is(err, ErrDiskFull),
		errors.Is(err, mailbox.ErrNoSpace), errors.Is(err, syscall.ENOSPC):
		return http.StatusInsufficientStorage
	case errors.Is(err, mailbox.ErrDropped):
		return http.StatusForbidden
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, mailbox.ErrClosed):
		return http.StatusServiceUnavailable
	}
	logged("a letter could not be stored", err)
	return http.StatusInternalServerError
}
