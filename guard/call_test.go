package guard

import (
	"slices"
	"strings"
	"testing"
)

// parties who may move, and everything that can be tried.
var (
	parties  = []Role{Nobody, Caller, Callee}
	allMoves = []Move{Accept, Join, Decline, Cancel, HangUp, Connected, Restart, Ask, Lose, Resume}
)

// walk follows every ordering of moves of both parties up to a length, and calls
// seen for each state that is reached, with the moves that led there.
func walk(s State, left int, path []string, seen func(State, []string)) {
	seen(s, path)
	if left == 0 {
		return
	}
	for _, r := range parties {
		for _, m := range allMoves {
			if next, ok := Next(s, r, m); ok {
				walk(next, left-1, append(slices.Clone(path), string(r)+" "+string(m)), seen)
			}
		}
	}
}

// In no ordering of moves does a call get further than its callee let it.
func TestNothingComesBeforeTheAnswer(t *testing.T) {
	reached := map[State]bool{}
	walk(Ringing, 6, nil, func(s State, path []string) {
		reached[s] = true
		if s != Ringing && s != Ended && path[0] != "callee accept" {
			t.Errorf("%q without an answer, by %v", s, path)
		}
		for i, step := range path {
			if strings.Contains(step, "ICE restart") && !slices.Contains(path[:i], "caller join") {
				t.Errorf("a restart in a call that was not connected: %v", path)
			}
		}
	})
	for _, s := range States() {
		if s != Idle && !reached[s] {
			t.Errorf("%q is never reached", s)
		}
	}
}

// Who has no part in a call moves it nowhere, and an ended one does not move.
func TestWhoAndWhatMovesNothing(t *testing.T) {
	for _, s := range append(States(), Idle) {
		for _, m := range allMoves {
			if next, ok := Next(s, Nobody, m); ok {
				t.Errorf("%s by a stranger: %q to %q", m, s, next)
			}
			for _, r := range parties {
				if next, ok := Next(s, r, m); ok && (s == Ended || s == Idle) {
					t.Errorf("%s by %s: %q to %q", m, r, s, next)
				}
			}
		}
	}
}

func TestRestartHasOneDirection(t *testing.T) {
	for _, c := range []struct {
		from State
		r    Role
		m    Move
		to   State // "" where it is refused
	}{
		{Ringing, Caller, Restart, ""}, {Ringing, Callee, Restart, ""}, {Ringing, Caller, Ask, ""},
		{Answered, Caller, Restart, ""}, {Answered, Callee, Restart, ""}, {Answered, Caller, Ask, ""},
		{Joined, Caller, Restart, ""}, // nobody has asked it
		{Joined, Callee, Ask, ""},     // it can begin itself
		{Joined, Caller, Ask, Joined}, {Joined, Callee, Restart, Restarting},
		{Restarting, Callee, Restart, Restarting}, {Restarting, Caller, Restart, Joined}, {Restarting, Caller, Ask, Restarting},
		{Restarting, Caller, Join, ""}, {Ended, Callee, Restart, ""},
	} {
		if to, ok := Next(c.from, c.r, c.m); ok != (c.to != "") || to != c.to {
			t.Errorf("%s by %s while %s: %q, %v; want %q", c.m, c.r, c.from, to, ok, c.to)
		}
	}
}

// Connections are lost and come back in any order, and what was being done goes
// on where it stood.
func TestLosingAndComingBack(t *testing.T) {
	for _, s := range []State{Joined, Restarting} {
		for _, order := range [][]Role{{Caller, Callee, Caller, Callee}, {Caller, Callee, Callee, Caller}, {Callee, Caller, Callee, Caller}, {Callee, Caller, Caller, Callee}} {
			at := s
			for i, r := range order {
				m := Lose
				if i > 1 {
					m = Resume
				}
				next, ok := Next(at, r, m)
				if !ok || next.Away(r) != (m == Lose) {
					t.Fatalf("%s: %s by %s: %q, %v", at, m, r, next, ok)
				}
				if again, ok := Next(next, r, m); !ok || again != next {
					t.Errorf("%s: %s by %s a second time: %q, %v", next, m, r, again, ok)
				}
				at = next
			}
			if at != s {
				t.Errorf("%s became %s by %v", s, at, order)
			}
		}
		away := s.Without(Caller)
		for _, m := range allMoves {
			if _, ok := Next(away, Caller, m); ok != (m == Lose || m == Resume || m == HangUp) {
				t.Errorf("%s by the lost caller: %v", m, ok)
			}
		}
		if to, ok := Next(away, Callee, HangUp); !ok || to != Ended {
			t.Errorf("the callee hangs up on a lost caller: %q, %v", to, ok)
		}
		if to, ok := Next(away, Callee, Restart); !ok || to != Restarting.Without(Caller) {
			t.Errorf("the callee restarts while the caller is lost: %q, %v", to, ok)
		}
	}
	if Answered.Away(Caller) || Ended.Without(Caller) != Ended || Joined.Away(Nobody) {
		t.Error("somebody is away who cannot be")
	}
}
