package testrange

import (
	"bytes"
	"context"
	"errors"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/ring"
)

func init() {
	Register(Case{
		ID: "call.interference", Title: "Whatever an accepted caller sends, the callee gets the same bytes before its answer",
		Rules: []string{"R2", "R3", "R5"}, Row: "1, 2, 5, 8, 27", Barriers: []string{"R2", "R3", "R5"}, Run: interference,
	})
}

// noises are what callers send around their offer. Each returns the offer as it
// is sent, and what goes before and behind it.
var noises = []func(offer []byte) (before [][]byte, sent []byte, behind [][]byte){
	func(b []byte) ([][]byte, []byte, [][]byte) {
		return [][]byte{{0x6f, 1, 2, 3}, append([]byte{call.TypeSettings}, settingsText...)}, b, [][]byte{{0xff}, {}, make([]byte, 3000)}
	},
	func(b []byte) ([][]byte, []byte, [][]byte) { // bytes behind it
		return nil, append(b, settingsText...), nil
	},
	func(b []byte) ([][]byte, []byte, [][]byte) { // steps of a call that is not there
		id := wire.ID{0xcc}
		return [][]byte{
			call.Message{Type: call.TypeJoin, Call: id, Envelope: sealedNothing()}.AppendTo(nil), call.Message{Type: call.TypeConnected, Call: id}.AppendTo(nil),
			restartOf(id), call.Message{Type: call.TypeAsk, Call: id}.AppendTo(nil), call.Message{Type: call.TypeResume, Call: id}.AppendTo(nil),
		}, b, [][]byte{call.Message{Type: call.TypeHangUp, Call: id}.AppendTo(nil)}
	},
}

// interference makes the same call with different noise around it, and compares
// what the callee's socket got. Only the ids, which the server draws, may differ.
func interference(ctx context.Context, s *Stage) (Outcome, error) {
	p, err := s.pair(ctx, 1+len(noises))
	if err != nil {
		return Outcome{}, err
	}
	silent := func(b []byte) ([][]byte, []byte, [][]byte) { return nil, b, nil }
	plain, err := s.observe(ctx, p, silent)
	if err != nil {
		return Outcome{}, err
	}
	if len(plain) == 0 {
		return Outcome{}, errors.New("an honest call did not ring")
	}
	for i, noise := range noises {
		got, err := s.observe(ctx, p, noise)
		if err != nil {
			return Outcome{}, err
		}
		if len(got) > 0 && !bytes.Equal(got, plain) {
			return through("with noise %d the callee got %x instead of %x", i+1, clip(got), clip(plain))
		}
	}
	return refused("%d calls with noise around them: what reached the callee was the same, or nothing", len(noises))
}

// observe makes a call and returns everything that reached the callee over the
// call path until it was taken back, with the call's id left out.
func (s *Stage) observe(ctx context.Context, p *pair, noise func([]byte) ([][]byte, []byte, [][]byte)) ([]byte, error) {
	offer, err := p.caller.offer(p.callee.Me().Account, wire.Video, s.next())
	if err != nil {
		return nil, err
	}
	before, sent, behind := noise(offer)
	mark := p.callee.tape.mark()
	for _, b := range append(append(before, sent), behind...) {
		if err := p.caller.raw(ctx, b); err != nil {
			return nil, err
		}
	}
	got, err := s.heard(ctx, p.caller, p.caller, p.callee, mark)
	if err != nil {
		return nil, err
	}
	if rung := first(got, ring.Type); len(rung) >= 18 {
		id := wire.ID(rung[2:18])
		if err := p.cancel(ctx, id); err != nil {
			return nil, err
		}
		if _, ok := p.callee.tape.await(ctx, mark, long, isEnd(id)); !ok {
			return nil, errors.New("the callee was not told that a call was taken back")
		}
	}
	var all []byte
	for _, b := range p.callee.tape.since(mark) {
		if elsewhere(b) {
			continue
		}
		b = bytes.Clone(b)
		if isType(ring.Type, call.TypeEnded)(b) && len(b) >= 18 {
			clear(b[2:18])
		}
		all = append(all, b...)
	}
	return all, nil
}
