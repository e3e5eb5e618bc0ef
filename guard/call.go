package guard

// State is where a call stands. The server holds it; so does the client.
type State string

// The states of a call.
const (
	Idle     State = ""         // no such call
	Ringing  State = "ringing"  // the callee's phone rings
	Answered State = "answered" // the callee accepted; the relay is open for both legs
	Joined   State = "joined"   // the caller's parameters are with the callee
	Ended    State = "ended"
)

// Role is what somebody is in a call.
type Role string

// The roles in a call.
const (
	Nobody Role = "" // has no part in the call
	Caller Role = "caller"
	Callee Role = "callee"
)

// Move is a step that a client takes in a call.
type Move string

// The moves in a call.
const (
	Accept    Move = "accept"
	Join      Move = "join"
	Decline   Move = "decline"
	Cancel    Move = "cancel"
	HangUp    Move = "hang up"
	Connected Move = "connected"
)

type turn struct {
	state State
	role  Role
	move  Move
}

// moves is the whole call state machine: what is not in it may not happen. Each
// move belongs to one role in one state, once.
var moves = map[turn]State{
	{Ringing, Callee, Accept}:   Answered,
	{Ringing, Callee, Decline}:  Ended,
	{Ringing, Caller, Cancel}:   Ended,
	{Answered, Caller, Join}:    Joined,
	{Answered, Caller, HangUp}:  Ended,
	{Answered, Callee, HangUp}:  Ended,
	{Joined, Caller, Connected}: Joined,
	{Joined, Callee, Connected}: Joined,
	{Joined, Caller, HangUp}:    Ended,
	{Joined, Callee, HangUp}:    Ended,
}

// Next returns the state after a move, or false where the move is not allowed.
func Next(s State, r Role, m Move) (State, bool) {
	next, ok := moves[turn{s, r, m}]
	return next, ok
}
