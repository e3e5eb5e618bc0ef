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
	if move == guard.Restart || move == guard.Ask {
		ev.Spends = restarts(s.guard.Limits(), m.Call, ev.Role)
	}
	if late(c, move, ev.Role) {
		return s.overAlready(d, c, move) // both hung up at once: nobody did anything wrong
	}
	if v := s.guard.Judge(&ev); !v.Passed() {
		return d.refused()
	}
	if c.ID.IsZero() {
		return nil
	}
	return s.take(ctx, d, c, m, move)
}

// late tells of moves that crossed the other side's on the way.
func late(c store.Call, move guard.Move, r guard.Role) bool {
	if r == guard.Nobody {
		return false
	}
	starting := move == guard.Accept || move == guard.Join
	return c.State == guard.Ended && !starting
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
func (s *Service) take(ctx context.Context, d *device, c store.Call, m call.Message, move guard.Move) error {
	switch move {
	case guard.Decline:
		return s.end(ctx, c, c.State, call.Declined, "declined")
	case guard.Cancel:
		return s.end(ctx, c, c.State, call.Cancelled, "cancelled")
	case guard.HangUp:
		s.finish(ctx, c.ID, call.HungUp)
		return nil
	case guard.Connected:
		return nil // a step that is allowed, and of which nothing follows
	}
	role := roleIn(c, d.account.ID)
	c, moved, err := s.moved(ctx, c, role, move)
	if err != nil {
		return err
	}
	if !moved {
		return d.refused() // somebody else was first
	}
	switch move {
	case guard.Join:
		s.tellParty(c, guard.Callee, call.Message{Type: call.TypeJoined, Call: c.ID, Envelope: m.Envelope})
	case guard.Resume:
		s.resumed(d, c, role)
	case guard.Ask:
		s.tellParty(c, guard.Callee, call.Message{Type: call.TypeAsked, Call: c.ID})
	case guard.Restart:
		s.tellParty(c, towards(role), call.Message{Type: call.TypeRestarted, Call: c.ID, Envelope: m.Envelope})
	default:
		return s.answered(ctx, d, c, m)
	}
	return nil
}

// moveTries is how often a state may move under a move before it is given up.
const moveTries = 5

// moved makes a move from the state in which the call stands by then, and
// returns the call as it stands afterwards. It is false when the state does not
// allow the move any more.
func (s *Service) moved(ctx context.Context, c store.Call, r guard.Role, move guard.Move) (store.Call, bool, error) {
	for range moveTries {
		next, ok := guard.Next(c.State, r, move)
		if !ok {
			next, ok = s.anyNext(move) // only in a build whose barriers are out
		}
		if !ok || next == c.State {
			return c, ok, nil
		}
		done, err := s.store.MoveCall(ctx, c.ID, c.State, next, s.config.Now())
		if done || err != nil {
			c.State = next
			return c, done, err
		}
		if c, err = s.store.Call(ctx, c.ID); err != nil {
			return c, false, err
		}
	}
	return c, false, nil
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
