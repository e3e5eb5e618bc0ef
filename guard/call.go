package guard

import (
	"maps"
	"slices"
)

// State is where a call stands. The server holds it; so does the client.
type State string

// The states of a call in which nobody's connection is missing; Without makes
// the others.
const (
	Idle       State = ""           // no such call
	Ringing    State = "ringing"    // the callee's phone rings
	Answered   State = "answered"   // the callee accepted; the relay is open for both legs
	Joined     State = "joined"     // connected: each end has the other's parameters
	Restarting State = "restarting" // connected, and the callee has sent new ICE credentials that the caller has not answered
	Ended      State = "ended"
)

// Role is what somebody is in a call.
type Role string

// The roles in a call.
const (
	Nobody Role = "" // has no part in the call
	Caller Role = "caller"
	Callee Role = "callee"
)

// Other returns the other party of a call.
func (r Role) Other() Role {
	switch r {
	case Caller:
		return Callee
	case Callee:
		return Caller
	}
	return Nobody
}

// Move is a step that a client takes in a call.
type Move string

// The moves in a call. Lose is nobody's message: the server makes it for a party
// whose connection it lost.
const (
	Accept    Move = "accept"
	Join      Move = "join"
	Decline   Move = "decline"
	Cancel    Move = "cancel"
	HangUp    Move = "hang up"
	Connected Move = "connected"
	Restart   Move = "ICE restart"
	Ask       Move = "ask for an ICE restart"
	Lose      Move = "lose the connection"
	Resume    Move = "resume"
)

type turn struct {
	state State
	role  Role
	move  Move
}

// moves is the whole call state machine: what is not in it may not happen. Each
// move belongs to one role in one state.
//
// Of an ICE restart (RFC 8445 §9) the callee sends its part first and the caller
// answers it, as at the beginning of the call, so that two that begin at the same
// moment are one. A caller that needs one asks for it.
var moves = reconnecting(map[turn]State{
	{Ringing, Callee, Accept}:       Answered,
	{Ringing, Callee, Decline}:      Ended,
	{Ringing, Caller, Cancel}:       Ended,
	{Answered, Caller, Join}:        Joined,
	{Answered, Caller, HangUp}:      Ended,
	{Answered, Callee, HangUp}:      Ended,
	{Answered, Caller, Resume}:      Answered,
	{Answered, Callee, Resume}:      Answered,
	{Joined, Caller, Connected}:     Joined,
	{Joined, Callee, Connected}:     Joined,
	{Joined, Caller, HangUp}:        Ended,
	{Joined, Callee, HangUp}:        Ended,
	{Joined, Caller, Ask}:           Joined,
	{Joined, Callee, Restart}:       Restarting,
	{Restarting, Caller, Connected}: Restarting,
	{Restarting, Callee, Connected}: Restarting,
	{Restarting, Caller, HangUp}:    Ended,
	{Restarting, Callee, HangUp}:    Ended,
	{Restarting, Caller, Ask}:       Restarting,
	{Restarting, Callee, Restart}:   Restarting, // the one before came to nothing
	{Restarting, Caller, Restart}:   Joined,
})

// gone are the parties whose connections can be lost, and how the states are
// called then.
var gone = map[string][]Role{
	", caller reconnecting": {Caller},
	", callee reconnecting": {Callee},
	", both reconnecting":   {Caller, Callee},
}

// reconnecting adds to the moves of a connected call those in which a party's
// connection is lost. Whoever is there goes on as before; who is not can come
// back, or hang up.
func reconnecting(whole map[turn]State) map[turn]State {
	all := maps.Clone(whole)
	for t, next := range whole {
		if t.state != Joined && t.state != Restarting {
			continue
		}
		for _, roles := range gone {
			s := t.state.Without(roles...)
			if t.move == HangUp || !s.Away(t.role) {
				all[turn{s, t.role, t.move}] = next.Without(roles...)
			}
		}
	}
	for _, s := range []State{Joined, Restarting} {
		for _, r := range []Role{Caller, Callee} {
			one, both := s.Without(r), s.Without(Caller, Callee)
			all[turn{s, r, Lose}], all[turn{one, r, Lose}], all[turn{both, r, Lose}] = one, one, both
			all[turn{s.Without(r.Other()), r, Lose}] = both
			all[turn{s, r, Resume}], all[turn{one, r, Resume}] = s, s
			all[turn{both, r, Resume}] = s.Without(r.Other())
			all[turn{s.Without(r.Other()), r, Resume}] = s.Without(r.Other())
		}
	}
	return all
}

// Without returns the state in which the connections of these parties, and of
// nobody else, are lost. A call that has ended misses nobody.
func (s State) Without(roles ...Role) State {
	if s == Ended {
		return s
	}
	for name, lost := range gone {
		if len(lost) == len(roles) && lost[0] == roles[0] {
			return s + State(name)
		}
	}
	return s
}

// Away tells whether the connection of a party is lost, and waited for.
func (s State) Away(r Role) bool {
	for _, both := range []State{Joined, Restarting} {
		if s == both.Without(r) || s == both.Without(Caller, Callee) {
			return r != Nobody
		}
	}
	return false
}

// States returns all states that a call can be in.
func States() []State {
	all := map[State]bool{}
	for t, next := range moves {
		all[t.state], all[next] = true, true
	}
	return slices.Sorted(maps.Keys(all))
}

// Next returns the state after a move, or false where the move is not allowed.
func Next(s State, r Role, m Move) (State, bool) {
	next, ok := moves[turn{s, r, m}]
	return next, ok
}
