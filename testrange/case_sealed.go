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

// What a contact seals into a call's parameters is seen by no server: the
// callee's own device has to refuse it.
func init() {
	Register(Case{
		ID: "parameters.sdp", Title: "Lines of a session description inside the typed fields of the parameters",
		Rules: []string{"R7"}, Row: "8, 10, 27, 41, 44, 58", Barriers: []string{"R7"},
		Run: sealedParameters(func(b []byte) []byte { copy(b[1+23:], "x\r\na=candidate:1 1 udp 1"); return b }),
	})
	Register(Case{
		ID: "parameters.no-fingerprint", Title: "Parameters without the fingerprint of a certificate",
		Rules: []string{"R16"}, Row: "42, 61", Barriers: []string{"R16"},
		Run: sealedParameters(func(b []byte) []byte { clear(b[1+47:]); return b }),
	})
	Register(Case{
		ID: "parameters.ufrag", Title: "Control characters in the user fragment of the parameters",
		Rules: []string{"R7"}, Row: "8, 53", Barriers: []string{"R7"},
		Run: sealedParameters(func(b []byte) []byte { copy(b[1+19:], "\x00\x01\x02\x03"); return b }),
	})
}

// sealedParameters makes a case in which the caller's parameters are changed
// before they are sealed.
func sealedParameters(change func([]byte) []byte) func(context.Context, *Stage) (Outcome, error) {
	return func(ctx context.Context, s *Stage) (Outcome, error) {
		p, err := s.pair(ctx, 1)
		if err != nil {
			return Outcome{}, err
		}
		c, err := s.answer(ctx, p)
		if err != nil {
			return Outcome{}, err
		}
		l := local()
		plain := append([]byte{byte(content.Parameters)}, call.Parameters{
			Call: c.id, Leg: call.Caller, Media: wire.Video, Ufrag: l.Ufrag, Password: l.Password, Fingerprint: l.Fingerprint,
		}.AppendTo(nil)...)
		sealed, err := p.caller.SealRaw(ctx, p.callee.Me().Account, change(plain), envelope.CallClass)
		if err != nil {
			return Outcome{}, err
		}
		mark := p.callee.events.mark()
		if err := p.caller.raw(ctx, call.Message{Type: call.TypeJoin, Call: c.id, Envelope: sealed}.AppendTo(nil)); err != nil {
			return Outcome{}, err
		}
		e, ok := p.callee.events.await(ctx, mark, long, func(e client.Event) bool {
			return e.Call == c.id && (e.Kind == client.JoinedEvent || e.Kind == client.EndedEvent)
		})
		switch {
		case !ok:
			return Outcome{}, errors.New("the parameters did not arrive at the callee's client")
		case e.Kind == client.JoinedEvent:
			return Outcome{true, "the callee's client took the parameters"}, c.hangUp(ctx)
		}
		return Outcome{false, "the callee's client refused the parameters and hung up"}, c.ended(ctx)
	}
}
