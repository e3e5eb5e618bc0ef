package testrange

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/ring"
)

func init() {
	Register(Case{
		ID: "campaign.tenth", Title: "A campaign that has tried nine strangers calls a tenth person, who had accepted the caller",
		Rules: []string{"R25"}, Row: "1, 7", Barriers: []string{"R25"}, Run: campaignRings,
	})
}

const (
	campaigners = 6 // accounts of the campaign
	strangers   = 9 // whom it tries before the tenth
)

// campaignRings lets some accounts with a client of their own call strangers,
// again and again, whose door holds them off. Then one of them calls somebody
// who had accepted it: nothing but the campaign speaks against that call. An
// ordinary call of the same minute rings.
func campaignRings(ctx context.Context, s *Stage) (Outcome, error) {
	own, err := s.another(ctx, campaigners+1)
	if err != nil {
		return Outcome{}, err
	}
	out, err := s.campaign(ctx, own)
	return out, errors.Join(err, own.Close(ctx))
}

func (s *Stage) campaign(ctx context.Context, own *Stage) (Outcome, error) {
	var gang []*Person
	build := oddBuild()
	for range campaigners {
		p, err := own.newPerson(ctx, manner{mute: true, build: &build})
		if err != nil {
			return Outcome{}, err
		}
		gang = append(gang, p)
	}
	honest, err := own.newPerson(ctx, manner{mute: true})
	if err != nil {
		return Outcome{}, err
	}
	targets, err := s.somePeople(ctx, strangers+1)
	if err != nil {
		return Outcome{}, err
	}
	tenth := targets[strangers]
	for _, p := range []*Person{gang[0], honest} {
		if err := befriend(ctx, p, tenth); err != nil {
			return Outcome{}, err
		}
	}
	for i, t := range targets[:strangers] {
		if err := s.tryTwice(ctx, gang[i%campaigners], t); err != nil {
			return Outcome{}, err
		}
	}
	b, err := gang[0].offer(tenth.Me().Account, wire.Video, s.next())
	if err != nil {
		return Outcome{}, err
	}
	switch rang, err := s.rangOnce(ctx, gang[0], tenth, b); {
	case err != nil:
		return Outcome{}, err
	case rang:
		return through("the campaign's call rang at the tenth person")
	}
	ordinary := &pair{caller: honest, callee: tenth}
	id, err := s.ring(ctx, ordinary)
	if err != nil {
		return Outcome{}, fmt.Errorf("nothing is proved: %w", err)
	}
	return Outcome{Seen: "the campaign's call did not ring at the tenth person, and an ordinary one did"}, ordinary.cancel(ctx, id)
}

// oddBuild is a build that nobody else has: what campaigns of other runs did
// speaks against this one's client, too.
func oddBuild() uint32 {
	var b [4]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint32(b[:]) | 1<<31
}

// tryTwice calls a stranger two times, and waits until the server has dealt with
// both.
func (s *Stage) tryTwice(ctx context.Context, caller, stranger *Person) error {
	for range 2 {
		b, err := caller.offer(stranger.Me().Account, wire.Video, s.next())
		if err != nil {
			return err
		}
		if err := caller.raw(ctx, b); err != nil {
			return err
		}
	}
	return caller.dealtWith(ctx)
}

// rangOnce tells whether an offer to a contact rings.
func (s *Stage) rangOnce(ctx context.Context, caller, callee *Person, offer []byte) (bool, error) {
	mark := callee.tape.mark()
	if err := caller.raw(ctx, offer); err != nil {
		return false, err
	}
	got, err := s.heard(ctx, caller, caller, callee, mark)
	rung := first(got, ring.Type)
	if err != nil || rung == nil {
		return false, err
	}
	return true, (&pair{caller: caller, callee: callee}).cancel(ctx, wire.ID(rung[2:18]))
}

// somePeople returns people of the stage, made where there are too few.
func (s *Stage) somePeople(ctx context.Context, n int) (some []*Person, err error) {
	for _, p := range s.people {
		if len(some) < n && p.Me().Registered() && p.tap.build == nil {
			some = append(some, p)
		}
	}
	for len(some) < n {
		p, err := s.newPerson(ctx, manner{})
		if err != nil {
			return nil, err
		}
		some = append(some, p)
	}
	return some, nil
}
