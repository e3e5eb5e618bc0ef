package testrange

import (
	"context"
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

func init() {
	Register(Case{
		ID: "evasion.friend", Title: "A new account of a banned client calls somebody who has just accepted it",
		Rules: []string{"R26"}, Row: "1, 7", Barriers: []string{"R26"}, Run: evaderRings,
	})
}

// evaderRings lets a new account of the client that every server holds for banned,
// among the range's accounts, become somebody's contact and call. Nothing but the
// flag speaks against that call. An ordinary call of the same minute rings.
func evaderRings(ctx context.Context, s *Stage) (Outcome, error) {
	own, err := s.another(ctx, 3)
	if err != nil {
		return Outcome{}, err
	}
	out, err := own.evasion(ctx)
	return out, errors.Join(err, own.Close(ctx))
}

func (s *Stage) evasion(ctx context.Context) (Outcome, error) {
	build := guard.RangeEvader
	var people [3]*Person
	for i, m := range []manner{{mute: true, build: &build}, {mute: true}, {}} {
		p, err := s.newPerson(ctx, m)
		if err != nil {
			return Outcome{}, err
		}
		people[i] = p
	}
	evader, honest, callee := people[0], people[1], people[2]
	for _, p := range people[:2] {
		if err := befriend(ctx, p, callee); err != nil {
			return Outcome{}, err
		}
	}
	b, err := evader.offer(callee.Me().Account, wire.Video, s.next())
	if err != nil {
		return Outcome{}, err
	}
	switch rang, err := s.rangOnce(ctx, evader, callee, b); {
	case err != nil:
		return Outcome{}, err
	case rang:
		return through("the call of an account that may evade a ban rang")
	}
	ordinary := &pair{caller: honest, callee: callee}
	id, err := s.ring(ctx, ordinary)
	if err != nil {
		return Outcome{}, fmt.Errorf("nothing is proved: %w", err)
	}
	return Outcome{Seen: "the call of the new account did not ring, and an ordinary one did"}, ordinary.cancel(ctx, id)
}
