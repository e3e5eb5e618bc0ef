package service

import (
	"context"
	"crypto/ed25519"
	"errors"
	"strconv"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// step is a move in a call: who may take it, and in which state, is the guard's
// call state machine. The state moves by compare-and-swap, so that of two
// accepts the first one wins.
func (s *Service) step(d *device, m call.Message, move guard.Move, b []byte) error {
	ctx := context.Background()
	c, err := s.store.Call(ctx, m.Call)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	ev := d.event(guard.Step, b)
	ev.Call, ev.State, ev.Step, ev.Role = m.Call, c.State, move, roleIn(c, d.account.ID)
	ev.Target = c.Callee
	if ev.Role == guard.Callee {
		ev.Target = c.Caller
	}
	ev.Signed = move != guard.Accept || acceptSigned(d, m)
	if late(c, move, ev.Role) {
		return nil // both hung up at once: nobody did anything wrong
	}
	if v := s.guard.Judge(&ev); !v.Passed() {
		return d.refused()
	}
	next, ok := guard.Next(c.State, ev.Role, move)
	if !ok {
		next, ok = s.anyNext(move) // only in a build whose barriers are out
	}
	if !ok || c.ID.IsZero() {
		return nil
	}
	return s.take(ctx, d, c, m, move, next)
}

// late tells of moves that crossed the other side's on the way.
func late(c store.Call, move guard.Move, r guard.Role) bool {
	if r == guard.Nobody {
		return false
	}
	ending := move == guard.HangUp || move == guard.Cancel || move == guard.Decline
	return c.State == guard.Ended && (ending || move == guard.Connected)
}

func roleIn(c store.Call, account wire.ID) guard.Role {
	switch {
	case c.ID.IsZero():
		return guard.Nobody
	case c.Caller == account:
		return guard.Caller
	case c.Callee == account:
		return guard.Callee
	}
	return guard.Nobody
}

func acceptSigned(d *device, m call.Message) bool {
	signed := append([]byte("ringfence accept v1\x00"), m.Call[:]...)
	return ed25519.Verify(d.account.Ed25519[:], append(signed, d.account.Device[:]...), m.Signature[:])
}

// take does what a move that is allowed means.
func (s *Service) take(ctx context.Context, d *device, c store.Call, m call.Message, move guard.Move, next guard.State) error {
	switch move {
	case guard.Decline:
		return s.end(ctx, c, c.State, call.Declined, "declined")
	case guard.Cancel:
		return s.end(ctx, c, c.State, call.Cancelled, "cancelled")
	case guard.HangUp:
		return s.end(ctx, c, c.State, call.HungUp, "answered")
	case guard.Connected:
		return nil // a step that is allowed, and of which nothing follows
	}
	moved, err := s.store.MoveCall(ctx, c.ID, c.State, next, s.config.Now())
	if err != nil {
		return err
	}
	if !moved {
		return d.refused() // somebody else was first
	}
	if move == guard.Join {
		s.hub.send(c.Callee, call.Message{Type: call.TypeJoined, Call: c.ID, Envelope: m.Envelope}.AppendTo(nil))
		return nil
	}
	return s.answered(ctx, d, c, m)
}

// parties is a relay that wants to know whose legs a call has, for the evidence.
type parties interface {
	Parties(id, callee, caller wire.ID)
}

// answered opens the relay, for the first time in a call, and gives each side
// its password and the caller the callee's parameters.
func (s *Service) answered(ctx context.Context, d *device, c store.Call, m call.Message) error {
	s.calls.cancel(clock{call: c.ID})
	if s.relay == nil {
		s.finish(ctx, c.ID, call.Failed)
		return nil
	}
	callee, caller, err := s.openRelay(c)
	if err != nil {
		s.config.Log.Error("the relay could not be opened for a call", "call", c.ID, "why", err)
		s.finish(ctx, c.ID, call.Failed)
		return nil
	}
	if p, ok := s.relay.(parties); ok {
		p.Parties(c.ID, c.Callee, c.Caller)
	}
	d.push(call.Message{Type: call.TypeGranted, Call: c.ID, Password: []byte(callee)}.AppendTo(nil))
	s.hub.send(c.Caller, call.Message{Type: call.TypeAnswered, Call: c.ID, Password: []byte(caller), Envelope: m.Envelope}.AppendTo(nil))
	return nil
}

func buildName(build uint32) string { return strconv.FormatUint(uint64(build), 10) }
