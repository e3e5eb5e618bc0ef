//go:build !js

package media

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"time"
	"unsafe"

	"github.com/pion/webrtc/v4"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/client/sdp"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

const (
	mendAfter = time.Second     // after the path went silent; many come back by themselves
	mendAgain = 6 * time.Second // when a restart came to nothing
	mendFor   = 30 * time.Second
)

// Signals are how the two ends of a call tell each other of an ICE restart:
// client.Client.
type Signals interface {
	Restart(ctx context.Context, id wire.ID, local client.Local) error
	AskRestart(ctx context.Context, id wire.ID) error
}

// Keep keeps the media of a call going until ctx ends or the session is closed:
// when the path breaks it restarts ICE, or asks the callee to, until the two ends
// reach each other again. When they do not for half a minute the session has
// failed. What the client tells of the call, RestartAskedEvent and RestartEvent
// above all, goes in by events.
func (s *Session) Keep(ctx context.Context, c Signals, id wire.ID, events <-chan client.Event) {
	var again, giveUp <-chan time.Time
	var begun time.Time // of the last restart: one that follows at once would cross its answer
	mend := func() {
		if wait := mendAgain - time.Since(begun); wait > 0 {
			again = time.After(wait)
			return
		}
		begun, again = time.Now(), time.After(mendAgain)
		if s.mend(ctx, c, id) != nil {
			begun, again = time.Time{}, time.After(mendAfter)
		}
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.ctx.Done():
			return
		case whole := <-s.path:
			switch {
			case whole:
				again, giveUp = nil, nil
			case giveUp == nil:
				again, giveUp = time.After(mendAfter), time.After(mendFor)
			}
		case <-again:
			if giveUp != nil {
				mend()
			}
		case <-giveUp:
			s.failOnce.Do(func() { close(s.failed) })
			return
		case e := <-events:
			switch e.Kind {
			case client.RestartAskedEvent:
				mend()
			case client.RestartEvent:
				// What came to nothing the other end begins anew.
				_ = s.take(ctx, c, id, e.Remote)
			}
		}
	}
}

// mend begins an ICE restart, as far as it is this end's to begin.
func (s *Session) mend(ctx context.Context, c Signals, id wire.ID) error {
	if s.leg == call.Caller {
		return c.AskRestart(ctx, id)
	}
	pc, local, err := s.renewed()
	if err != nil {
		return err
	}
	offer, err := pc.CreateOffer(&webrtc.OfferOptions{ICERestart: true})
	if err != nil {
		return err
	}
	// The offer of a restart that came to nothing still stands, and says nothing
	// that matters: the other end is told the credentials only.
	if pc.SignalingState() == webrtc.SignalingStateStable {
		if err := pc.SetLocalDescription(offer); err != nil {
			return err
		}
	}
	return c.Restart(ctx, id, local)
}

// take takes the other end's part of a restart, and answers it where it is the
// callee's.
func (s *Session) take(ctx context.Context, c Signals, id wire.ID, remote call.Parameters) error {
	if s.leg == call.Callee {
		return s.Join(remote)
	}
	return s.follow(ctx, c, id, remote)
}

// follow is the caller's part of a restart.
func (s *Session) follow(ctx context.Context, c Signals, id wire.ID, remote call.Parameters) error {
	pc, local, err := s.renewed()
	if err != nil {
		return err
	}
	if err := s.remote(pc, remote, sdp.Offer); err != nil {
		return err
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	if err := pc.SetLocalDescription(answer); err != nil {
		return err
	}
	return c.Restart(ctx, id, local)
}

// renewed gives the connection other ICE credentials for its next restart.
func (s *Session) renewed() (*webrtc.PeerConnection, client.Local, error) {
	s.mu.Lock()
	pc := s.pc
	s.mu.Unlock()
	if pc == nil {
		return nil, client.Local{}, errors.New("there is no connection to restart")
	}
	local := s.local
	copy(local.Ufrag[:], letters(len(local.Ufrag)))
	copy(local.Password[:], letters(len(local.Password)))
	return pc, local, setCredentials(pc, string(local.Ufrag[:]), string(local.Password[:]))
}

// setCredentials sets the ICE credentials that a connection's next restart uses.
//
// The library reads them, at that moment and in the goroutine that asks for the
// restart, from the settings that the connection was made with, and offers no way
// to change these; without them it makes some of lengths that are not this
// protocol's. So they are set where they stand. A library in which they do not
// stand there any more is an error here, and fails the tests of this package.
func setCredentials(pc *webrtc.PeerConnection, ufrag, password string) error {
	v := reflect.ValueOf(pc).Elem()
	for _, name := range []string{"api", "settingEngine", "candidates"} {
		if v = v.FieldByName(name); v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		if v.Kind() != reflect.Struct {
			return fmt.Errorf("ICE restart: the WebRTC library has no settings %q", name)
		}
	}
	for name, value := range map[string]string{"UsernameFragment": ufrag, "Password": password} {
		f := v.FieldByName(name)
		if f.Kind() != reflect.String || !f.CanAddr() {
			return fmt.Errorf("ICE restart: the WebRTC library has no setting %q", name)
		}
		*(*string)(unsafe.Pointer(f.UnsafeAddr())) = value
	}
	return nil
}
