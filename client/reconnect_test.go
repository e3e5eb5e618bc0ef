package client

import (
	"errors"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/content"
)

// again is what an end has after a restart: other credentials, one certificate.
func again(l Local, letter byte) Local {
	for i := range l.Ufrag {
		l.Ufrag[i] = letter
	}
	for i := range l.Password {
		l.Password[i] = letter
	}
	return l
}

// connected brings a call to where each end has the other's parameters.
func (w *world) connected() (caller, callee *Client, id wire.ID) {
	w.t.Helper()
	t := w.t
	caller, callee = w.friends()
	id, err := caller.Call(t.Context(), callee.Me().Account, wire.Video)
	if err != nil {
		t.Fatal(err)
	}
	until(t, callee, RingEvent)
	if _, err := callee.Answer(t.Context(), id, localA); err != nil {
		t.Fatal(err)
	}
	until(t, caller, AnsweredEvent)
	if err := caller.Join(t.Context(), id, localC); err != nil {
		t.Fatal(err)
	}
	until(t, callee, JoinedEvent)
	return caller, callee, id
}

// cut takes a device's socket away.
func (w *world) cut(c *Client) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.people[c.Me().Account].socket.Close()
}

func TestRestart(t *testing.T) {
	w := newWorld(t)
	caller, callee, id := w.connected()
	if err := caller.AskRestart(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	until(t, callee, RestartAskedEvent)
	if err := caller.Restart(t.Context(), id, again(localC, 'x')); err == nil {
		t.Error("the caller answered a restart that was not begun")
	}
	for i := range 2 { // the first one comes to nothing
		if err := callee.Restart(t.Context(), id, again(localA, byte('d'+i))); err != nil {
			t.Fatal(err)
		}
		if e := until(t, caller, RestartEvent); e.Remote.Ufrag != again(localA, byte('d'+i)).Ufrag || e.Remote.Fingerprint != localA.Fingerprint || e.Remote.Leg != call.Callee {
			t.Errorf("the caller is told %+v", e.Remote)
		}
	}
	if err := caller.Restart(t.Context(), id, again(localC, 'f')); err != nil {
		t.Fatal(err)
	}
	if e := until(t, callee, RestartEvent); e.Remote.Ufrag != again(localC, 'f').Ufrag || e.Remote.Leg != call.Caller {
		t.Errorf("the callee is told %+v", e.Remote)
	}
	if err := caller.Restart(t.Context(), id, again(localC, 'g')); err == nil {
		t.Error("the caller answered a restart twice")
	}
	var e *Error
	if err := callee.Restart(t.Context(), id, Local{Ufrag: [4]byte([]byte("hhhh")), Password: again(localA, 'h').Password, Fingerprint: [32]byte{9}}); !errors.As(err, &e) || e.Code != "usage" {
		t.Errorf("a restart with another certificate of our own: %v", err)
	}
	if err := callee.Restart(t.Context(), id, localA); !errors.As(err, &e) || e.Code != "usage" {
		t.Errorf("a restart with the credentials of the answer: %v", err)
	}
}

func TestNoRestartBeforeTheCallIsConnected(t *testing.T) {
	w := newWorld(t)
	caller, callee := w.friends()
	id, err := caller.Call(t.Context(), callee.Me().Account, wire.Video)
	if err != nil {
		t.Fatal(err)
	}
	until(t, callee, RingEvent)
	if callee.Restart(t.Context(), id, localA) == nil || caller.AskRestart(t.Context(), id) == nil || caller.Restart(t.Context(), id, localC) == nil {
		t.Error("a restart while it rings")
	}
}

// What the other end seals into a restart is hostile: anything but new ICE
// credentials of this call's other end ends the call.
func TestHostileRestart(t *testing.T) {
	honest := func(id wire.ID) call.Restart {
		l := again(localC, 'x')
		return call.Restart{Number: 1, Parameters: call.Parameters{Call: id, Leg: call.Caller, Media: wire.Video, Ufrag: l.Ufrag, Password: l.Password, Fingerprint: l.Fingerprint}}
	}
	for name, c := range map[string]struct {
		change func(*call.Restart)
		kind   content.Kind
	}{
		"another certificate": {func(r *call.Restart) { r.Parameters.Fingerprint[0]++ }, content.Restart},
		"no certificate":      {func(r *call.Restart) { r.Parameters.Fingerprint = [32]byte{} }, content.Restart},
		"another call":        {func(r *call.Restart) { r.Parameters.Call[0]++ }, content.Restart},
		"the other leg":       {func(r *call.Restart) { r.Parameters.Leg = call.Callee }, content.Restart},
		"other media":         {func(r *call.Restart) { r.Parameters.Media = wire.Sound }, content.Restart},
		"a line break":        {func(r *call.Restart) { r.Parameters.Ufrag[1] = '\n' }, content.Restart},
		"number 0":            {func(r *call.Restart) { r.Number = 0 }, content.Restart},
		"the old credentials": {func(r *call.Restart) { r.Parameters.Ufrag, r.Parameters.Password = localC.Ufrag, localC.Password }, content.Restart},
		"first parameters":    {func(*call.Restart) {}, content.Parameters},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			caller, callee, id := w.connected()
			if err := callee.Restart(t.Context(), id, again(localA, 'd')); err != nil {
				t.Fatal(err)
			}
			r := honest(id)
			c.change(&r)
			plain := content.Content{Kind: c.kind, Restart: r, Call: r.Parameters}.AppendTo(nil)
			sealed, err := caller.SealRaw(t.Context(), callee.Me().Account, plain, 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := caller.SendRaw(t.Context(), call.Message{Type: call.TypeRestart, Call: id, Envelope: sealed}.AppendTo(nil)); err != nil {
				t.Fatal(err)
			}
			for {
				e := <-callee.Events()
				if e.Kind == RestartEvent {
					t.Fatalf("taken: %+v", e.Remote)
				}
				if e.Kind == EndedEvent {
					break
				}
			}
		})
	}
}

// A restart that nobody is in the state for, or that a newer one has overtaken,
// changes nothing.
func TestStaleRestart(t *testing.T) {
	w := newWorld(t)
	caller, callee, id := w.connected()
	for i := range 2 {
		if err := callee.Restart(t.Context(), id, again(localA, byte('d'+i))); err != nil {
			t.Fatal(err)
		}
		until(t, caller, RestartEvent)
	}
	l := again(localC, 'x')
	send := func(number uint16) {
		t.Helper()
		r := call.Restart{Number: number, Parameters: call.Parameters{Call: id, Leg: call.Caller, Media: wire.Video, Ufrag: l.Ufrag, Password: l.Password, Fingerprint: l.Fingerprint}}
		sealed, err := caller.SealRaw(t.Context(), callee.Me().Account, content.Content{Kind: content.Restart, Restart: r}.AppendTo(nil), 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := caller.SendRaw(t.Context(), call.Message{Type: call.TypeRestart, Call: id, Envelope: sealed}.AppendTo(nil)); err != nil {
			t.Fatal(err)
		}
	}
	send(1) // of the first restart: late
	l = again(localC, 'y')
	send(2)
	if e := until(t, callee, RestartEvent); e.Remote.Ufrag != l.Ufrag {
		t.Errorf("the callee took the answer to an older restart: %q", e.Remote.Ufrag)
	}
}

// A connected call survives the loss of our socket; one that is being answered
// does not, and the server is told when it can be.
func TestACallOutlivesItsSocket(t *testing.T) {
	w := newWorld(t)
	caller, callee, id := w.connected()
	w.cut(caller)
	if e := until(t, caller, ReconnectingEvent); e.Call != id || e.Account != caller.Me().Account {
		t.Errorf("the event is %+v", e)
	}
	until(t, caller, ReconnectedEvent)
	w.mu.Lock()
	if len(w.resumed) != 1 || w.resumed[0] != id {
		t.Errorf("resumed: %v", w.resumed)
	}
	w.people[callee.Me().Account].push(callMessage(call.TypeAway, id))
	w.mu.Unlock()
	if e := until(t, callee, ReconnectingEvent); e.Account != caller.Me().Account {
		t.Errorf("the event is %+v", e)
	}
	if err := callee.Restart(t.Context(), id, again(localA, 'd')); err != nil {
		t.Errorf("a restart while the other end is away: %v", err)
	}
	until(t, caller, RestartEvent)
	if err := caller.HangUp(t.Context(), id); err != nil {
		t.Error(err)
	}
	until(t, callee, EndedEvent)
}

// Hanging up needs no connection; the server learns of it with the next one.
func TestHangUpWithoutAConnection(t *testing.T) {
	w := newWorld(t)
	caller, callee, id := w.connected()
	w.mu.Lock()
	w.lost["/v1/server"] = true
	w.mu.Unlock()
	w.cut(caller)
	until(t, caller, ReconnectingEvent)
	if err := caller.HangUp(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if e := until(t, caller, EndedEvent); e.Reason != call.HungUp {
		t.Errorf("ended: %v", e.Reason)
	}
	w.mu.Lock()
	delete(w.lost, "/v1/server")
	w.mu.Unlock()
	until(t, callee, EndedEvent)
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.resumed) != 0 {
		t.Errorf("a call that was left was resumed: %v", w.resumed)
	}
}

func TestACallThatIsNotConnectedEndsWithItsSocket(t *testing.T) {
	w := newWorld(t)
	caller, callee := w.friends()
	id, err := caller.Call(t.Context(), callee.Me().Account, wire.Video)
	if err != nil {
		t.Fatal(err)
	}
	until(t, callee, RingEvent)
	if _, err := callee.Answer(t.Context(), id, localA); err != nil {
		t.Fatal(err)
	}
	until(t, caller, AnsweredEvent)
	w.cut(callee)
	if e := until(t, callee, EndedEvent); e.Reason != call.Failed {
		t.Errorf("ended: %v", e.Reason)
	}
	until(t, caller, EndedEvent) // the callee hung up as soon as it was back
}

// Our connection is waited for, and not for ever.
func TestWaitingForOurConnectionEnds(t *testing.T) {
	c := &Client{options: Options{Now: time.Now}, state: newState(), events: newQueue(), calls: map[wire.ID]*liveCall{}}
	c.ctx, c.stop = t.Context(), func() {}
	lc := newCall(newID(), newID(), guard.Callee, wire.Sound)
	lc.state = guard.Joined
	c.calls[lc.id] = lc
	c.mu.Lock()
	c.loseConnection(lc)
	lc.expiry.Reset(time.Millisecond)
	c.mu.Unlock()
	if e := until(t, c, EndedEvent); e.Reason != call.Failed {
		t.Errorf("ended: %v", e.Reason)
	}
}
