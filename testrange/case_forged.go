package testrange

import (
	"context"
	"errors"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/ring"
)

// What only the server may say, said by a caller.
func init() {
	Register(Case{
		ID: "ring.forged", Title: "A ring composed by the caller, sent as if the server had made it",
		Rules: []string{"R23"}, Row: "2, 23", Barriers: []string{"R23"},
		Run: func(ctx context.Context, s *Stage) (Outcome, error) {
			return s.passedOn(ctx, func(p *pair) []byte {
				return ring.Ring{Call: wire.ID{0xbb}, Caller: p.caller.Me().Account, Media: wire.Video, TTL: 60000}.AppendTo(nil)
			})
		},
	})
	Register(Case{
		ID: "settings.forged", Title: "The server's instructions, sent by a caller to change the callee's relay",
		Rules: []string{"R23"}, Row: "2, 14, 24", Barriers: []string{"R23"},
		Run: func(ctx context.Context, s *Stage) (Outcome, error) {
			return s.passedOn(ctx, func(*pair) []byte {
				return append(append([]byte{call.TypeSettings}, make([]byte, 64)...), `{"serial":9,"issued":"2026-01-01T00:00:00Z","minimum_build":0,"relay":["turn:192.0.2.66:3478?transport=udp"]}`...)
			})
		},
	})
	Register(Case{
		ID: "message.unknown", Title: "A message of a type that does not exist, sent while it rings",
		Rules: []string{"R3"}, Row: "19, 27", Barriers: []string{"R3"},
		Run: func(ctx context.Context, s *Stage) (Outcome, error) {
			return s.passedOn(ctx, func(*pair) []byte { return append([]byte{0x6f, 1}, settingsText...) })
		},
	})
	Register(Case{
		ID: "message.stumble", Title: "A message that makes a parser stumble, in a build that has such a parser; garbage of every type otherwise",
		Rules: []string{"R22", "R3", "R5"}, Row: "25, 26", Barriers: []string{"R22"},
		Run: func(ctx context.Context, s *Stage) (Outcome, error) {
			return s.passedOn(ctx, func(*pair) []byte { return append([]byte{stumble, 1}, settingsText...) })
		},
	})
}

// stumble is the type of message that a weakened build stumbles over.
const stumble = 0x7e

// passedOn lets it ring, sends a message, and tells whether the callee got
// anything of it.
func (s *Stage) passedOn(ctx context.Context, message func(*pair) []byte) (Outcome, error) {
	p, err := s.pair(ctx, 1)
	if err != nil {
		return Outcome{}, err
	}
	id, err := s.ring(ctx, p)
	if err != nil {
		return Outcome{}, err
	}
	mark := p.callee.tape.mark()
	if err := p.caller.raw(ctx, message(p)); err != nil {
		return Outcome{}, err
	}
	got, err := s.heard(ctx, p.caller, p.caller, p.callee, mark)
	err = errors.Join(err, p.over(ctx, id))
	switch {
	case first(got, call.TypeEnded) != nil:
		return through("the callee's ring was ended by it")
	case len(got) > 0: // even if the callee lost its socket over it
		return through("%d bytes reached the callee: %x", len(got[0]), clip(got[0]))
	case err != nil:
		return Outcome{}, err
	}
	return refused("nothing reached the callee")
}
