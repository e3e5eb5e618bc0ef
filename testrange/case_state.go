package testrange

import (
	"context"
	"crypto/rand"
	"errors"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

func init() {
	Register(Case{
		ID: "state.caller-accepts", Title: "The caller accepts its own call, for the callee",
		Rules: []string{"R4", "R20"}, Row: "15, 17, 19, 21, 22", Barriers: []string{"R4", "R20"},
		Run: func(ctx context.Context, s *Stage) (Outcome, error) { return s.forgedAccept(ctx, false) },
	})
	Register(Case{
		ID: "state.accept-unsigned", Title: "An accept on the callee's connection, without the callee's device key",
		Rules: []string{"R20"}, Row: "17", Barriers: []string{"R20"},
		Run: func(ctx context.Context, s *Stage) (Outcome, error) { return s.forgedAccept(ctx, true) },
	})
	Register(Case{
		ID: "state.join-early", Title: "The caller sends its parameters before the callee has answered",
		Rules: []string{"R4"}, Row: "18, 19, 21", Barriers: []string{"R4"},
		Run: func(ctx context.Context, s *Stage) (Outcome, error) {
			return s.duringRing(ctx, func(p *pair, id wire.ID) (*Person, []byte, error) {
				return p.caller, call.Message{Type: call.TypeJoin, Call: id, Envelope: sealedNothing()}.AppendTo(nil), nil
			})
		},
	})
	Register(Case{
		ID: "state.stranger-declines", Title: "Somebody with no part in a call declines it for the callee",
		Rules: []string{"R4"}, Row: "15", Barriers: []string{"R4"},
		Run: func(ctx context.Context, s *Stage) (Outcome, error) {
			return s.duringRing(ctx, func(_ *pair, id wire.ID) (*Person, []byte, error) {
				third, err := s.stranger(ctx)
				return third, call.Message{Type: call.TypeDecline, Call: id}.AppendTo(nil), err
			})
		},
	})
	Register(Case{
		ID: "offer.replayed", Title: "A recorded offer, sent again on its own socket",
		Rules: []string{"R11"}, Row: "ReVoLTE", Barriers: []string{"R11"}, Run: replayedOffer,
	})
	Register(Case{
		ID: "offer.replayed-elsewhere", Title: "A recorded offer, sent on another socket of the same device",
		Rules: []string{"R20"}, Row: "ReVoLTE", Barriers: []string{"R20"}, Run: offerOfAnotherSocket,
	})
	Register(Case{
		ID: "offer.unsigned", Title: "An offer with a stolen session, without the caller's device key",
		Rules: []string{"R20"}, Row: "55", Barriers: []string{"R20"},
		Run: func(ctx context.Context, s *Stage) (Outcome, error) {
			return s.offered(ctx, func(b []byte) []byte { rand.Read(b[len(b)-64:]); return b }, anything)
		},
	})
	Register(Case{
		ID: "offer.stranger", Title: "A call by somebody whom the callee has not accepted",
		Rules: []string{"R15"}, Row: "1, 7", Barriers: []string{"R15"}, Run: strangersCall,
	})
	Register(Case{
		ID: "offer.flood", Title: "Thirty calls in a row, each taken back at once",
		Rules: []string{"R13"}, Row: "28, 55", Barriers: []string{"R13"}, Run: ringFlood,
	})
	Register(Case{
		ID: "offer.old-build", Title: "A call by a client that does not say which build it is",
		Rules: []string{"R14"}, Row: "1, emulated client", Barriers: []string{"R14"}, Run: oldBuild,
	})
}

// forgedAccept accepts a call with a signature that is not the callee's
// device's: as the caller, or on the callee's own connection.
func (s *Stage) forgedAccept(ctx context.Context, asCallee bool) (Outcome, error) {
	p, err := s.pair(ctx, 1)
	if err != nil {
		return Outcome{}, err
	}
	id, err := s.ring(ctx, p)
	if err != nil {
		return Outcome{}, err
	}
	text := append(append([]byte("ringfence accept v1\x00"), id[:]...), make([]byte, 16)...)
	signature, err := p.caller.Sign(text)
	if err != nil {
		return Outcome{}, err
	}
	who := p.caller
	if asCallee {
		who = p.callee
	}
	mark := p.caller.tape.mark()
	if err := who.raw(ctx, call.Message{Type: call.TypeAccept, Call: id, Signature: signature, Envelope: sealedNothing()}.AppendTo(nil)); err != nil {
		return Outcome{}, err
	}
	got, err := s.heard(ctx, who, p.callee, p.caller, mark)
	if err != nil {
		return Outcome{}, err
	}
	if first(got, call.TypeAnswered, call.TypeGranted) != nil {
		return Outcome{true, "the call was answered, and the relay opened, without the callee"}, p.over(ctx, id)
	}
	if err := p.cancel(ctx, id); err != nil {
		return Outcome{}, err
	}
	return refused("the call went on ringing")
}

// duringRing lets it ring, lets somebody send something, and tells whether the
// callee noticed.
func (s *Stage) duringRing(ctx context.Context, attack func(*pair, wire.ID) (*Person, []byte, error)) (Outcome, error) {
	p, err := s.pair(ctx, 1)
	if err != nil {
		return Outcome{}, err
	}
	id, err := s.ring(ctx, p)
	if err != nil {
		return Outcome{}, err
	}
	mark := p.callee.tape.mark()
	who, b, err := attack(p, id)
	if err != nil {
		return Outcome{}, err
	}
	if err := who.raw(ctx, b); err != nil {
		return Outcome{}, err
	}
	got, err := s.heard(ctx, who, p.caller, p.callee, mark)
	if err := errors.Join(err, p.over(ctx, id)); err != nil {
		return Outcome{}, err
	}
	if len(got) > 0 {
		return through("%d bytes reached the callee before its answer: %x", len(got[0]), clip(got[0]))
	}
	return refused("nothing reached the callee, and it went on ringing")
}

// stranger returns somebody who is nobody's contact.
func (s *Stage) stranger(ctx context.Context) (*Person, error) {
	if s.third == nil {
		p, err := s.newPerson(ctx, manner{mute: true})
		if err != nil {
			return nil, err
		}
		s.third = p
	}
	return s.third, nil
}

func replayedOffer(ctx context.Context, s *Stage) (Outcome, error) {
	p, err := s.pair(ctx, 2)
	if err != nil {
		return Outcome{}, err
	}
	b, err := p.caller.offer(p.callee.Me().Account, wire.Sound, s.next())
	if err != nil {
		return Outcome{}, err
	}
	if ok, err := s.ringsAgain(ctx, p, p.caller, b); err != nil || !ok {
		return Outcome{}, orElse(err, "an honest offer did not ring")
	}
	switch again, err := s.ringsAgain(ctx, p, p.caller, b); {
	case err != nil:
		return Outcome{}, err
	case again:
		return through("the recorded offer rang a second time")
	}
	return refused("the recorded offer did not ring again")
}

func offerOfAnotherSocket(ctx context.Context, s *Stage) (Outcome, error) {
	p, err := s.pair(ctx, 1)
	if err != nil {
		return Outcome{}, err
	}
	b, err := p.caller.offer(p.callee.Me().Account, wire.Sound, s.next())
	if err != nil {
		return Outcome{}, err
	}
	if err := p.caller.reconnect(ctx); err != nil {
		return Outcome{}, err
	}
	switch rang, err := s.ringsAgain(ctx, p, p.caller, b); {
	case err != nil:
		return Outcome{}, err
	case rang:
		return through("an offer signed for another socket rang")
	}
	return refused("an offer signed for another socket did not ring")
}

func strangersCall(ctx context.Context, s *Stage) (Outcome, error) {
	p, err := s.pair(ctx, 0)
	if err != nil {
		return Outcome{}, err
	}
	third, err := s.stranger(ctx)
	if err != nil {
		return Outcome{}, err
	}
	b, err := third.offer(p.callee.Me().Account, wire.Sound, s.next())
	if err != nil {
		return Outcome{}, err
	}
	switch rang, err := s.ringsAgain(ctx, &pair{caller: third, callee: p.callee}, p.caller, b); {
	case err != nil:
		return Outcome{}, err
	case rang:
		return through("a stranger's call rang")
	}
	return refused("a stranger's call did not ring")
}

// ringFlood makes more calls than anybody is allowed to.
func ringFlood(ctx context.Context, s *Stage) (Outcome, error) {
	p, err := s.freshPair(ctx, manner{mute: true})
	if err != nil {
		return Outcome{}, err
	}
	const calls = 30
	rang := 0
	for range calls {
		b, err := p.caller.offer(p.callee.Me().Account, wire.Sound, s.next())
		if err != nil {
			return Outcome{}, err
		}
		ok, err := s.ringsAgain(ctx, p, p.caller, b)
		if err != nil {
			return Outcome{}, err
		}
		if !ok && rang == 0 {
			return Outcome{}, errors.New("not even the first call rang: nothing is proved")
		}
		if !ok {
			return refused("after %d of %d calls it did not ring any more", rang, calls)
		}
		rang++
	}
	return through("all %d calls rang", rang)
}

func oldBuild(ctx context.Context, s *Stage) (Outcome, error) {
	none := uint32(0)
	p, err := s.freshPair(ctx, manner{mute: true, build: &none})
	if err != nil {
		return Outcome{}, err
	}
	b, err := p.caller.offer(p.callee.Me().Account, wire.Sound, s.next())
	if err != nil {
		return Outcome{}, err
	}
	switch rang, err := s.ringsAgain(ctx, p, p.caller, b); {
	case err != nil:
		return Outcome{}, err
	case rang:
		return through("a client of no build rang")
	}
	return refused("a client of no build could not call")
}
