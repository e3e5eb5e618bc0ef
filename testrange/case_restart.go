package testrange

import (
	"context"
	"errors"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/content"
	"github.com/ringfence/ringfence/wire/envelope"
)

// ICE restarts: a way to send a callee new parameters, which may open only in a
// connected call, for its two ends, now and then.
func init() {
	Register(Case{
		ID: "restart.early", Title: "An ICE restart by the caller while it rings",
		Rules: []string{"R4"}, Row: "18, 19, 21", Barriers: []string{"R4"},
		Run: func(ctx context.Context, s *Stage) (Outcome, error) {
			return s.duringRing(ctx, func(p *pair, id wire.ID) (*Person, []byte, error) { return p.caller, restartOf(id), nil })
		},
	})
	Register(Case{
		ID: "restart.asked-early", Title: "The caller asks for an ICE restart while it rings",
		Rules: []string{"R4"}, Row: "18, 19", Barriers: []string{"R4"},
		Run: func(ctx context.Context, s *Stage) (Outcome, error) {
			return s.duringRing(ctx, func(p *pair, id wire.ID) (*Person, []byte, error) {
				return p.caller, call.Message{Type: call.TypeAsk, Call: id}.AppendTo(nil), nil
			})
		},
	})
	Register(Case{
		ID: "restart.stranger", Title: "An ICE restart in a connected call by somebody with no part in it",
		Rules: []string{"R4"}, Row: "15, 17", Barriers: []string{"R4"}, Run: strangersRestart,
	})
	Register(Case{
		ID: "restart.unasked", Title: "The caller answers an ICE restart that the callee has not begun",
		Rules: []string{"R4"}, Row: "18, 19", Barriers: []string{"R4"}, Run: unaskedRestart,
	})
	Register(Case{
		ID: "restart.flood", Title: "A hundred requests for an ICE restart in a row",
		Rules: []string{"R13"}, Row: "28, 55", Barriers: []string{"R13"}, Run: restartFlood,
	})
	Register(Case{
		ID: "parameters.restart-certificate", Title: "An ICE restart that puts another DTLS certificate in the place of the one at the answer",
		Rules: []string{"R16"}, Row: "42, 61", Barriers: []string{"R16"}, Run: restartWithAnotherCertificate,
	})
}

// restartOf is a restart that nobody can open.
func restartOf(id wire.ID) []byte {
	return call.Message{Type: call.TypeRestart, Call: id, Envelope: sealedNothing()}.AppendTo(nil)
}

// connectedCall is a call in which each end has the other's parameters, the
// ordinary way, and what the caller sent of its own.
func (s *Stage) connectedCall(ctx context.Context) (*answeredCall, call.Parameters, error) {
	p, err := s.pair(ctx, 1)
	if err != nil {
		return nil, call.Parameters{}, err
	}
	c, err := s.answer(ctx, p)
	if err != nil {
		return nil, call.Parameters{}, err
	}
	l := local()
	first := call.Parameters{Call: c.id, Leg: call.Caller, Media: wire.Video, Ufrag: l.Ufrag, Password: l.Password, Fingerprint: l.Fingerprint}
	sealed, err := c.seal(ctx, content.Content{Kind: content.Parameters, Call: first})
	if err != nil {
		return nil, first, err
	}
	mark := p.callee.events.mark()
	if err := p.caller.raw(ctx, call.Message{Type: call.TypeJoin, Call: c.id, Envelope: sealed}.AppendTo(nil)); err != nil {
		return nil, first, err
	}
	if _, ok := p.callee.events.await(ctx, mark, long, c.event(client.JoinedEvent)); !ok {
		return nil, first, errors.New("the callee's client did not take honest parameters")
	}
	return c, first, nil
}

// seal seals a content as the caller, for the callee.
func (c *answeredCall) seal(ctx context.Context, m content.Content) ([]byte, error) {
	return c.caller.SealRaw(ctx, c.callee.Me().Account, m.AppendTo(nil), envelope.CallClass)
}

// event matches events about the call.
func (c *answeredCall) event(kinds ...client.EventKind) func(client.Event) bool {
	return func(e client.Event) bool {
		for _, k := range kinds {
			if e.Kind == k && e.Call == c.id {
				return true
			}
		}
		return false
	}
}

func strangersRestart(ctx context.Context, s *Stage) (Outcome, error) {
	c, _, err := s.connectedCall(ctx)
	if err != nil {
		return Outcome{}, err
	}
	third, err := s.stranger(ctx)
	if err != nil {
		return Outcome{}, err
	}
	return s.restartReaches(ctx, c, third)
}

func unaskedRestart(ctx context.Context, s *Stage) (Outcome, error) {
	c, _, err := s.connectedCall(ctx)
	if err != nil {
		return Outcome{}, err
	}
	return s.restartReaches(ctx, c, c.caller)
}

// restartReaches lets somebody send a restart in a connected call, and tells
// whether the callee got it.
func (s *Stage) restartReaches(ctx context.Context, c *answeredCall, who *Person) (Outcome, error) {
	mark := c.callee.tape.mark()
	if err := who.raw(ctx, restartOf(c.id)); err != nil {
		return Outcome{}, err
	}
	got, err := s.heard(ctx, who, c.caller, c.callee, mark)
	if err := errors.Join(err, c.hangUp(ctx)); err != nil {
		return Outcome{}, err
	}
	if first(got, call.TypeRestarted, call.TypeAsked) != nil {
		return through("the restart reached the callee")
	}
	return refused("nothing reached the callee, and the call went on")
}

func restartFlood(ctx context.Context, s *Stage) (Outcome, error) {
	c, _, err := s.connectedCall(ctx)
	if err != nil {
		return Outcome{}, err
	}
	const requests = 100
	for i := range requests {
		mark := c.callee.tape.mark()
		if err := c.caller.act(ctx, call.TypeAsk, c.id); err != nil {
			return Outcome{}, err
		}
		if _, ok := c.callee.tape.await(ctx, mark, quiet, isType(call.TypeAsked)); ok {
			continue
		}
		got, err := s.heard(ctx, c.caller, c.caller, c.callee, mark) // not yet, or not at all?
		if err != nil {
			return Outcome{}, errors.Join(err, c.hangUp(ctx))
		}
		if first(got, call.TypeAsked) == nil {
			return Outcome{false, "after some of them no more reached the callee"}, c.stopped(ctx, i)
		}
	}
	return Outcome{true, "all of them reached the callee"}, c.hangUp(ctx)
}

// stopped ends a call in which a flood was stopped, which had to let something
// honest through.
func (c *answeredCall) stopped(ctx context.Context, passed int) error {
	if passed == 0 {
		return errors.New("not even the first request came through: nothing is proved")
	}
	return c.hangUp(ctx)
}

// begun lets the callee begin an ICE restart, and waits until the caller is told.
func (c *answeredCall) begun(ctx context.Context) error {
	mine, l, mark := c.ours, local(), c.caller.tape.mark()
	mine.Ufrag, mine.Password = l.Ufrag, l.Password
	if err := c.callee.Restart(ctx, c.id, mine); err != nil {
		return err
	}
	if _, ok := c.caller.tape.await(ctx, mark, long, isType(call.TypeRestarted)); !ok {
		return errors.New("an honest restart did not reach the caller")
	}
	return nil
}

// restartWithAnotherCertificate lets the callee restart, and answers it with a
// certificate of somebody else.
func restartWithAnotherCertificate(ctx context.Context, s *Stage) (Outcome, error) {
	c, first, err := s.connectedCall(ctx)
	if err != nil {
		return Outcome{}, err
	}
	if err := c.begun(ctx); err != nil {
		return Outcome{}, err
	}
	l := local()
	first.Ufrag, first.Password, first.Fingerprint = l.Ufrag, l.Password, l.Fingerprint
	sealed, err := c.seal(ctx, content.Content{Kind: content.Restart, Restart: call.Restart{Number: 1, Parameters: first}})
	if err != nil {
		return Outcome{}, err
	}
	mark := c.callee.events.mark()
	if err := c.caller.raw(ctx, call.Message{Type: call.TypeRestart, Call: c.id, Envelope: sealed}.AppendTo(nil)); err != nil {
		return Outcome{}, err
	}
	e, ok := c.callee.events.await(ctx, mark, long, c.event(client.RestartEvent, client.EndedEvent))
	switch {
	case !ok:
		return Outcome{}, errors.New("the restart did not arrive at the callee's client")
	case e.Kind == client.RestartEvent:
		return Outcome{true, "the callee's client took another certificate"}, c.hangUp(ctx)
	}
	return Outcome{false, "the callee's client refused the restart and hung up"}, c.ended(ctx)
}
