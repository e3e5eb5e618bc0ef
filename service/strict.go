//go:build !weakened

package service

import (
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/ring"
)

// The functions of this file are the barriers that hold by construction. They
// have a twin in weakened.go, for the test range's own tests, in which each can
// be taken out to show that the others hold.

// composeRing makes the ring from what the server knows; what the caller sent
// has no way in (R2).
func (s *Service) composeRing(c store.Call, ttl uint32, _ []byte) []byte {
	return ring.Ring{Call: c.ID, Caller: c.Caller, Media: c.Media, TTL: ttl}.AppendTo(nil)
}

// parse reads a message of a device, strictly (R3, R5, R7).
func (s *Service) parse(b []byte) (call.Message, error) { return call.Parse(b) }

// revealing would tell who knocks whether there is such a person (R21).
func (s *Service) revealing(*request, string) error { return nil }

// early would open the relay while the phone still rings.
func (s *Service) early(*device, store.Call) error { return nil }

// openRelay opens the relay for an answered call.
func (s *Service) openRelay(c store.Call) (callee, caller string, err error) {
	return s.relay.Open(c.ID, c.Range)
}

// anyNext would move a call on against the state machine (R4).
func (s *Service) anyNext(guard.Move) (guard.State, bool) { return "", false }

// passOn would hand what could not be read to the other side of a call (R3,
// R22, R23).
func (s *Service) passOn(d *device, _ []byte) error { return d.refused() }
