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

// parse, with R3, R5 or R7 out, reads offers as a lenient server would.
func (s *Service) parse(b []byte) (call.Message, error) {
	m, err := call.Parse(b)
	if err == nil || len(b) < call.OfferSize || b[0] != call.TypeOffer {
		return m, err
	}
	b = append([]byte(nil), b...)
	if len(b) > call.OfferSize && s.guard.Weak("R5") {
		if !s.guard.Weak("R3") {
			return m, &wire.Refusal{Rule: "R3", Offset: call.OfferSize, Length: len(b) - call.OfferSize, Clause: "docs/protocol.md, Device socket", Reason: "unknown bytes behind an offer"}
		}
		b = b[:call.OfferSize]
	}
	if s.guard.Weak("R3") {
		b[19] = 0
	}
	if s.guard.Weak("R7") && !wire.Media(b[18]).Valid() {
		b[18] = byte(wire.Sound)
	}
	return call.Parse(b)
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
	case guard.Join:
		return guard.Joined, true
	}
	return guard.Ended, true
}
