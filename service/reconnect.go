package service

import (
	"context"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// Calls whose parties lose their connection and come back, and the restarts of
// ICE that mend their media. The media itself goes on meanwhile: the relay is
// open until the call ends.

// lost is told of a device whose connection is gone. Its call waits for it a
// while, and the other side is told so. A phone that rings may come back until
// the ring ends; it has no part in a call yet.
func (s *Service) lost(d *device) {
	ctx := context.Background()
	c, err := s.store.LiveCall(ctx, d.account.ID)
	if err != nil {
		return // no call, or no account either
	}
	id, role := c.ID, roleIn(c, d.account.ID)
	if c.State == guard.Ringing && (role == guard.Callee || s.there(d)) {
		return
	}
	s.calls.after(clock{id, d.account.ID}, s.calls.grace, s.isolated(eventOf(c), func() {
		then, err := s.store.Call(ctx, id)
		if err == nil && !then.State.Away(role) && s.there(d) {
			return // it came back before its call was connected
		}
		s.finish(ctx, id, call.Failed)
	}))
	now, moved, err := s.moved(ctx, c, role, guard.Lose)
	if err != nil {
		s.config.Log.Error("a call could not be told of a lost connection", "call", id, "why", err)
	}
	if moved {
		s.tellParty(now, role.Other(), call.Message{Type: call.TypeAway, Call: id})
	}
}

// there tells whether an account is reached on another device socket than this.
func (s *Service) there(d *device) bool {
	now := s.hub.of(d.account.ID)
	return now != nil && now != d
}

// resumed is told of a party that is back in its call: it gets what it missed,
// and each side learns how the other one stands.
func (s *Service) resumed(d *device, c store.Call, r guard.Role) {
	missed := s.calls.back(clock{c.ID, d.account.ID})
	about := call.Message{Type: call.TypeBack, Call: c.ID}
	if c.State.Away(r.Other()) {
		about.Type = call.TypeAway
	}
	d.push(about.AppendTo(nil))
	if missed != nil {
		d.push(missed)
	}
	if about.Type == call.TypeBack {
		s.hub.send(partyOf(c, r.Other()), about.AppendTo(nil))
	}
}

// overAlready answers who resumes a call that has ended meanwhile; what else
// crossed the end of its call is nothing to speak of.
func (s *Service) overAlready(d *device, c store.Call, move guard.Move) error {
	if move == guard.Resume {
		d.push(call.Message{Type: call.TypeEnded, Call: c.ID, Reason: call.HungUp}.AppendTo(nil))
	}
	return nil
}

// restarts are the budgets of ICE restarts.
func restarts(l *guard.Limits, id wire.ID, r guard.Role) []guard.Spend {
	key := id.String() + string(r)
	return []guard.Spend{
		{Name: "ICE restarts of a party in a minute", Key: key, Limit: l.RestartsPerMinute, Per: time.Minute},
		{Name: "ICE restarts of a party in an hour", Key: key, Limit: l.RestartsPerHour, Per: time.Hour},
	}
}

// towards returns who is told of what a party sends.
func towards(r guard.Role) guard.Role {
	if r == guard.Callee {
		return guard.Caller
	}
	return guard.Callee
}

func partyOf(c store.Call, r guard.Role) wire.ID {
	if r == guard.Caller {
		return c.Caller
	}
	return c.Callee
}

// tellParty sends a message about a call to one of its parties, or keeps it
// until that party is back.
func (s *Service) tellParty(c store.Call, r guard.Role, m call.Message) {
	to := partyOf(c, r)
	if !c.State.Away(r) && s.hub.send(to, m.AppendTo(nil)) {
		return
	}
	if m.Type != call.TypeAway { // of that it is told anew
		s.calls.keep(clock{c.ID, to}, m.AppendTo(nil))
	}
}

// keep keeps a message for a lost party; one that was kept before is overtaken
// by it.
func (c *calls) keep(k clock, msg []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.timers[k] != nil { // else the call is over, and nobody comes for it
		c.kept[k] = msg
	}
}

// back stops the clock of a lost party and returns what was kept for it, or nil.
func (c *calls) back(k clock) []byte {
	c.mu.Lock()
	msg := c.kept[k]
	c.mu.Unlock()
	c.cancel(k)
	return msg
}
