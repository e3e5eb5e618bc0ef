package testrange

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/envelope"
	"github.com/ringfence/ringfence/wire/ring"
)

// next returns a counter for an offer that is greater than all before.
func (s *Stage) next() uint64 {
	s.counter++
	return s.counter
}

// ring lets the caller call, the ordinary way, and returns the call's id when
// it rings at the callee.
func (s *Stage) ring(ctx context.Context, p *pair) (wire.ID, error) {
	b, err := p.caller.offer(p.callee.Me().Account, wire.Video, s.next())
	if err != nil {
		return wire.ID{}, err
	}
	mark := p.callee.tape.mark()
	mine := p.caller.tape.mark()
	if err := p.caller.raw(ctx, b); err != nil {
		return wire.ID{}, err
	}
	rung, ok := p.callee.tape.await(ctx, mark, long, isType(ring.Type))
	if !ok {
		return wire.ID{}, fmt.Errorf("an honest call did not ring: the server said %s", reasons(p.caller.tape.since(mine)))
	}
	r, err := ring.Parse(rung)
	return r.Call, err
}

// reasons says why offers were refused.
func reasons(messages [][]byte) string {
	for _, b := range messages {
		if m, err := call.Parse(b); err == nil && (m.Type == call.TypeRefused || m.Type == call.TypeEnded) {
			return m.Reason.String()
		}
	}
	return "nothing"
}

// act sends a message about a call.
func (p *Person) act(ctx context.Context, kind byte, id wire.ID) error {
	return p.raw(ctx, call.Message{Type: kind, Call: id}.AppendTo(nil))
}

// cancel takes a ringing call back, and waits until it is over.
func (p *pair) cancel(ctx context.Context, id wire.ID) error {
	mark := p.caller.tape.mark()
	if err := p.caller.act(ctx, call.TypeCancel, id); err != nil {
		return err
	}
	if _, ok := p.caller.tape.await(ctx, mark, long, isEnd(id)); !ok {
		return errors.New("a cancelled call did not end")
	}
	return nil
}

// over ends a call, whatever an attack has made of it, and waits until it is.
func (p *pair) over(ctx context.Context, id wire.ID) error {
	mark := p.caller.tape.mark()
	if err := errors.Join(p.caller.act(ctx, call.TypeCancel, id), p.caller.act(ctx, call.TypeHangUp, id)); err != nil {
		return err
	}
	if _, ok := p.caller.tape.await(ctx, mark, quiet, isEnd(id)); ok {
		return nil
	}
	return p.caller.dealtWith(ctx) // the attack ended it
}

// isEnd matches the end of a call.
func isEnd(id wire.ID) func([]byte) bool {
	return func(b []byte) bool { return isType(call.TypeEnded)(b) && len(b) >= 18 && wire.ID(b[2:18]) == id }
}

// answeredCall is a call that the callee has answered, with the relay's
// credentials of both legs.
type answeredCall struct {
	*pair
	id                       wire.ID
	ours                     client.Local // the callee's parameters
	calleePass, callerPass   string
	calleeLeg, callerLeg     *turnClient
	calleeUser, callerUser   string
	calleeStart, callerStart int             // marks of the tapes when it rang
	honest                   map[string]bool // packets that were sent and are no attack
}

// answer lets the callee answer a call, the ordinary way.
func (s *Stage) answer(ctx context.Context, p *pair) (*answeredCall, error) {
	c := &answeredCall{pair: p, honest: map[string]bool{}, calleeStart: p.callee.tape.mark(), callerStart: p.caller.tape.mark()}
	events := p.callee.events.mark()
	var err error
	if c.id, err = s.ring(ctx, p); err != nil {
		return nil, err
	}
	if _, ok := p.callee.events.await(ctx, events, long, func(e client.Event) bool { return e.Kind == client.RingEvent && e.Call == c.id }); !ok {
		return nil, errors.New("the callee's client did not ring")
	}
	c.ours = local()
	granted, err := p.callee.Answer(ctx, c.id, c.ours)
	if err != nil {
		return nil, fmt.Errorf("answering: %w", err)
	}
	b, ok := p.caller.tape.await(ctx, c.callerStart, long, isType(call.TypeAnswered))
	if !ok {
		return nil, errors.New("the caller was not told that its call was answered")
	}
	m, err := call.Parse(b)
	if err != nil {
		return nil, err
	}
	c.calleePass, c.callerPass = granted.Credential, string(m.Password)
	c.calleeUser, c.callerUser = granted.Username, c.id.String()+"-"+string(rune(call.Caller))
	return c, nil
}

// local makes the parameters of an honest client.
func local() (l client.Local) {
	copy(l.Ufrag[:], rand.Text())
	copy(l.Password[:], rand.Text())
	rand.Read(l.Fingerprint[:])
	return l
}

// connect gives both legs of an answered call an allocation, and lets them
// reach each other.
func (s *Stage) connect(ctx context.Context, c *answeredCall) (err error) {
	for _, leg := range []struct {
		client     **turnClient
		user, pass string
		peer       netip.AddrPort
	}{{&c.calleeLeg, c.calleeUser, c.calleePass, callerAddr}, {&c.callerLeg, c.callerUser, c.callerPass, calleeAddr}} {
		if *leg.client, err = s.relayClient(leg.user, leg.pass); err != nil {
			return err
		}
		code, err := (*leg.client).allocate(udp)
		if err != nil || code != success {
			return fmt.Errorf("an honest allocation: code %d, %w", code, orNil(err))
		}
		if code, err = (*leg.client).permit(leg.peer); err != nil || code != success {
			return fmt.Errorf("an honest permission: code %d, %w", code, orNil(err))
		}
	}
	return nil
}

var errCode = errors.New("see the code")

func orNil(err error) error {
	if err == nil {
		return errCode
	}
	return err
}

// answered makes a call that is answered, with allocations for both legs.
func (s *Stage) answered(ctx context.Context) (*answeredCall, error) {
	p, err := s.pair(ctx, 1)
	if err != nil {
		return nil, err
	}
	c, err := s.answer(ctx, p)
	if err != nil {
		return nil, err
	}
	return c, s.connect(ctx, c)
}

// hangUp ends an answered call, and waits until the caller knows.
func (c *answeredCall) hangUp(ctx context.Context) error {
	mark := c.caller.tape.mark()
	if err := c.callee.HangUp(ctx, c.id); err != nil {
		return err
	}
	if _, ok := c.caller.tape.await(ctx, mark, long, isEnd(c.id)); !ok {
		return errors.New("the caller was not told that the call ended")
	}
	return nil
}

// ended waits until the caller knows that the callee has hung up.
func (c *answeredCall) ended(ctx context.Context) error {
	if _, ok := c.caller.tape.await(ctx, c.callerStart, long, isEnd(c.id)); !ok {
		return errors.New("the caller was not told that the call ended")
	}
	return nil
}

// binding is a STUN request as an honest client sends it between the legs, with
// a transaction to know it by.
func binding(transaction ...byte) []byte {
	b := make([]byte, 20)
	copy(b, []byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42})
	copy(b[8:], transaction)
	return b
}

// arrives sends packets from the caller's leg to addresses, and then an honest
// packet, and tells whether any but the honest one came out at the callee's leg.
func (c *answeredCall) arrives(ctx context.Context, to netip.AddrPort, packets ...[]byte) ([][]byte, error) {
	honest := binding([]byte(rand.Text())...)
	c.honest[string(honest)] = true
	for _, b := range packets {
		if err := c.callerLeg.send(to, b); err != nil {
			return nil, err
		}
	}
	for range tries {
		if err := c.callerLeg.send(calleeAddr, honest); err != nil {
			return nil, err
		}
		got, ended, err := c.calleeLeg.receive(ctx, time.Second, func(b []byte) bool { return bytes.Equal(b, honest) })
		if err != nil {
			return nil, err
		}
		// What was sent before and took its time is no attack.
		got = slices.DeleteFunc(got, func(b []byte) bool { return c.honest[string(b)] })
		if ended || len(got) > 0 {
			return got, nil
		}
	}
	return nil, errors.New("an honest packet did not come through the relay either: nothing is proved")
}

// sealedNothing is an envelope that nobody can open, of the size of parameters.
func sealedNothing() []byte {
	b := make([]byte, envelope.CallSize)
	rand.Read(b)
	b[0], b[1] = 1, envelope.CallClass
	return b
}

// orElse returns the error, or one that says what is wrong where there is none.
func orElse(err error, otherwise string) error {
	if err != nil {
		return err
	}
	return errors.New(otherwise)
}
