//go:build weakened

package service

import (
	"context"
	"errors"
	"sync"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/ring"
)

// composeRing, with R2 out, lets behind the ring what the caller sent behind
// its offer.
func (s *Service) composeRing(c store.Call, ttl uint32, offer []byte) []byte {
	b := ring.Ring{Call: c.ID, Caller: c.Caller, Media: c.Media, TTL: ttl}.AppendTo(nil)
	if s.guard.Weak("R2") && len(offer) > call.OfferSize {
		b = append(b, offer[call.OfferSize:]...)
	}
	return b
}

// stumbles is the type of message over which the parser of a weakened build
// stumbles.
const stumbles = 0x7e

// parse, with R3, R5 or R7 out, reads offers as a lenient server would.
func (s *Service) parse(b []byte) (call.Message, error) {
	if len(b) > 0 && b[0] == stumbles {
		panic("the parser stumbled")
	}
	m, err := call.Parse(b)
	if err == nil || len(b) < 30 || b[0] != call.TypeOffer {
		return m, err
	}
	b = append([]byte(nil), b...)
	if s.guard.Weak("R5") && len(b) != call.OfferSize {
		if extra := len(b) - call.OfferSize; extra > 0 && !s.guard.Weak("R3") {
			return m, &wire.Refusal{Rule: "R3", Offset: call.OfferSize, Length: extra, Clause: "docs/protocol.md, Device socket", Reason: "unknown bytes behind an offer"}
		}
		b = append(b, make([]byte, call.OfferSize)...)[:call.OfferSize]
	}
	if s.guard.Weak("R3") {
		b[19] = 0
	}
	media := wire.Media(b[18])
	if s.guard.Weak("R7") && !media.Valid() {
		b[18] = byte(wire.Sound)
	}
	m, err = call.Parse(b)
	m.Media = media
	return m, err
}

// passOn, with R3, R22 or R23 out, hands what was not read to the other side of
// the sender's call, as servers did that forwarded what they did not know.
func (s *Service) passOn(d *device, b []byte) error {
	c, err := s.store.LiveCall(context.Background(), d.account.ID)
	if err == nil && len(b) > 0 && b[0] <= stumbles {
		s.hub.send(c.Callee, b)
	}
	return d.refused()
}

// revealing, with R21 out, tells who knocks that there is nobody of the name.
func (s *Service) revealing(r *request, name string) error {
	if !s.guard.Weak("R21") {
		return nil
	}
	_, err := s.store.AccountByName(r.Context(), name)
	if errors.Is(err, store.ErrNotFound) {
		return errNoSuch
	}
	return err
}

// opened keeps the passwords of relays that were opened early.
var opened sync.Map // wire.ID -> [2]string

// early, with the barrier "credentials" out, opens the relay while the phone
// rings and gives the caller its password with an answer that nobody gave.
func (s *Service) early(d *device, c store.Call) error {
	if !s.guard.Weak("credentials") || s.relay == nil {
		return nil
	}
	callee, caller, err := s.relay.Open(c.ID, c.Range)
	if err != nil {
		return err
	}
	opened.Store(c.ID, [2]string{callee, caller})
	d.push(call.Message{Type: call.TypeGranted, Call: c.ID, Password: []byte(caller)}.AppendTo(nil))
	s.hub.send(c.Callee, call.Message{Type: call.TypeGranted, Call: c.ID, Password: []byte(callee)}.AppendTo(nil))
	return context.Background().Err()
}

func (s *Service) openRelay(c store.Call) (callee, caller string, err error) {
	if p, ok := opened.LoadAndDelete(c.ID); ok {
		both := p.([2]string)
		return both[0], both[1], nil
	}
	return s.relay.Open(c.ID, c.Range)
}

// anyNext, with R4 out, moves a call on whoever asks for it.
func (s *Service) anyNext(move guard.Move) (guard.State, bool) {
	if !s.guard.Weak("R4") {
		return "", false
	}
	switch move {
	case guard.Accept:
		return guard.Answered, true
	case guard.Join, guard.Ask:
		return guard.Joined, true
	case guard.Restart:
		return guard.Restarting, true
	case guard.Lose, guard.Resume:
		return "", false
	}
	return guard.Ended, true
}
