package testrange

import (
	"bytes"
	"context"
	"errors"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/ring"
)

// What is smuggled into the set-up of a call.
var settingsText = []byte(`{"call_settings":{"relay":"192.0.2.66:3478","codec":"x"}}`)

func init() {
	Register(Case{
		ID: "ring.settings", Title: "Call settings smuggled into a ring, behind an honest offer",
		Rules: []string{"R2", "R3", "R5"}, Row: "1, 2, 5", Barriers: []string{"R2", "R3", "R5"},
		Run: func(ctx context.Context, s *Stage) (Outcome, error) {
			return s.offered(ctx, func(b []byte) []byte { return append(b, settingsText...) }, func(rung []byte) bool {
				return len(rung) != ring.Size || bytes.Contains(rung, settingsText)
			})
		},
	})
	Register(Case{
		ID: "ring.oversize", Title: "An offer of 4,000 bytes",
		Rules: []string{"R3", "R5"}, Row: "5, 6", Barriers: []string{"R3", "R5"},
		Run: func(ctx context.Context, s *Stage) (Outcome, error) {
			return s.offered(ctx, func(b []byte) []byte { return append(b, make([]byte, 4000-len(b))...) }, anything)
		},
	})
	Register(Case{
		ID: "ring.short", Title: "An offer cut short in its signature",
		Rules: []string{"R5", "R20"}, Row: "5, 6", Barriers: []string{"R5", "R20"},
		Run: func(ctx context.Context, s *Stage) (Outcome, error) {
			return s.offered(ctx, func(b []byte) []byte { return b[:60] }, anything)
		},
	})
	Register(Case{
		ID: "ring.media", Title: "An offer of a kind of media that does not exist",
		Rules: []string{"R7"}, Row: "8, 27, 44", Barriers: []string{"R7"},
		Run: func(ctx context.Context, s *Stage) (Outcome, error) { return s.offeredMedia(ctx, 77) },
	})
	Register(Case{
		ID: "ring.reserved", Title: "An offer with something in the byte that must be zero",
		Rules: []string{"R3"}, Row: "8, 27", Barriers: []string{"R3"},
		Run: func(ctx context.Context, s *Stage) (Outcome, error) {
			return s.offered(ctx, func(b []byte) []byte { b[19] = 1; return b }, anything)
		},
	})
}

func anything([]byte) bool { return true }

// offered sends an offer that was changed and signed anew where it can be, and
// looks at what reached the callee.
func (s *Stage) offered(ctx context.Context, change func([]byte) []byte, bad func(rung []byte) bool) (Outcome, error) {
	p, err := s.pair(ctx, 1)
	if err != nil {
		return Outcome{}, err
	}
	b, err := p.caller.offer(p.callee.Me().Account, wire.Sound, s.next())
	if err != nil {
		return Outcome{}, err
	}
	return s.watch(ctx, p, change(b), bad)
}

func (s *Stage) offeredMedia(ctx context.Context, media wire.Media) (Outcome, error) {
	p, err := s.pair(ctx, 1)
	if err != nil {
		return Outcome{}, err
	}
	b, err := p.caller.offer(p.callee.Me().Account, media, s.next())
	if err != nil {
		return Outcome{}, err
	}
	return s.watch(ctx, p, b, anything)
}

// watch sends a message as the caller and tells whether what the callee got is
// bad. A call that rings is taken back.
func (s *Stage) watch(ctx context.Context, p *pair, b []byte, bad func([]byte) bool) (Outcome, error) {
	mark := p.callee.tape.mark()
	if err := p.caller.raw(ctx, b); err != nil {
		return Outcome{}, err
	}
	got, err := s.heard(ctx, p.caller, p.caller, p.callee, mark)
	if err != nil {
		return Outcome{}, err
	}
	rung := first(got, ring.Type)
	if rung == nil {
		return refused("nothing reached the callee")
	}
	if len(rung) >= 18 {
		if err := p.cancel(ctx, wire.ID(rung[2:18])); err != nil {
			return Outcome{}, err
		}
	}
	if bad(rung) {
		return through("a ring of %d bytes reached the callee: %x", len(rung), clip(rung))
	}
	return refused("the callee got the server's own ring and nothing else")
}

func clip(b []byte) []byte { return b[:min(len(b), 120)] }

// ringsAgain tells whether an offer rings that should not, and takes it back.
// The friend is a contact of the callee.
func (s *Stage) ringsAgain(ctx context.Context, p *pair, friend *Person, b []byte) (bool, error) {
	mark := p.callee.tape.mark()
	if err := p.caller.raw(ctx, b); err != nil {
		return false, err
	}
	rung, ok := p.callee.tape.await(ctx, mark, quiet, isType(ring.Type))
	if !ok { // not yet, or not at all?
		got, err := s.heard(ctx, p.caller, friend, p.callee, mark)
		if rung = first(got, ring.Type); err != nil || rung == nil {
			return false, err
		}
	}
	if len(rung) != ring.Size {
		return true, errors.New("a ring of another size")
	}
	return true, p.cancel(ctx, wire.ID(rung[2:18]))
}
