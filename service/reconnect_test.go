package service

import (
	"context"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// connected makes a call in which both ends have the other's parameters.
func (w *world) connected() (caller, callee *phone, id wire.ID) {
	w.t.Helper()
	caller, callee = w.register("alice").connect(), w.register("bob").connect()
	w.befriend(caller, callee)
	caller.write(caller.offer(callee.account, wire.Sound))
	id = caller.awaitMessage(call.TypeRinging).Call
	callee.write(callee.accept(id))
	caller.await(call.TypeAnswered)
	caller.write(withEnvelope(call.TypeJoin, id))
	callee.await(call.TypeJoined)
	return caller, callee, id
}

func withEnvelope(typ byte, id wire.ID) []byte {
	return call.Message{Type: typ, Call: id, Envelope: sealed()}.AppendTo(nil)
}

// stands waits until a call is in a state.
func (w *world) stands(id wire.ID, want guard.State) {
	w.t.Helper()
	var now guard.State
	for range 500 {
		if c, err := w.s.Store().Call(context.Background(), id); err == nil {
			if now = c.State; now == want {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	w.t.Fatalf("the call is %q, want %q", now, want)
}

// upTo returns the types of messages that came before one of a type.
func (p *phone) upTo(typ byte) (types []byte) {
	p.w.t.Helper()
	for {
		b := p.next()
		if b == nil {
			p.w.t.Fatalf("%s: no message of type %#x came after %x", p.name, typ, types)
		}
		if b[0] == typ {
			return types
		}
		types = append(types, b[0])
	}
}

// A party of a connected call loses its connection: the other side is told, what
// is sent meanwhile is kept, and the party gets it when it is back.
func TestAPartyLosesItsConnection(t *testing.T) {
	w := newWorld(t)
	alice, bob, id := w.connected()
	alice.socket.CloseNow()
	if m := bob.awaitMessage(call.TypeAway); m.Call != id {
		t.Errorf("bob is told of call %s", m.Call)
	}
	w.stands(id, guard.Joined.Without(guard.Caller))
	bob.write(withEnvelope(call.TypeRestart, id))
	last := withEnvelope(call.TypeRestart, id)
	bob.write(last)
	w.stands(id, guard.Restarting.Without(guard.Caller))
	alice.connect()
	alice.write(step(call.TypeResume, id))
	alice.await(call.TypeBack)
	if m := alice.awaitMessage(call.TypeRestarted); string(m.Envelope) != string(last[18:]) {
		t.Error("alice did not get the last restart that was sent while she was away")
	}
	bob.await(call.TypeBack)
	alice.write(withEnvelope(call.TypeRestart, id))
	bob.await(call.TypeRestarted)
	w.stands(id, guard.Joined)
	if w.media.Allocations() != 0 || len(w.verdicts()) != 0 {
		t.Errorf("%d allocations, verdicts %v", w.media.Allocations(), w.verdicts())
	}
}

// Both are away and come back one after the other; each learns how the other
// one stands.
func TestBothLoseTheirConnections(t *testing.T) {
	w := newWorld(t)
	alice, bob, id := w.connected()
	alice.socket.CloseNow()
	bob.await(call.TypeAway)
	bob.socket.CloseNow()
	w.stands(id, guard.Joined.Without(guard.Caller, guard.Callee))
	bob.connect()
	bob.write(step(call.TypeResume, id))
	bob.await(call.TypeAway)
	alice.connect()
	alice.write(step(call.TypeResume, id))
	alice.await(call.TypeBack)
	bob.await(call.TypeBack)
	w.stands(id, guard.Joined)
}

// A device that connects again before its old connection is found to be dead is
// away until it says that it is still in the call.
func TestADeviceIsReplacedByItself(t *testing.T) {
	w := newWorld(t)
	alice, bob, id := w.connected()
	alice.connect() // the old socket is still open
	bob.await(call.TypeAway)
	alice.write(step(call.TypeResume, id))
	alice.await(call.TypeBack)
	bob.await(call.TypeBack)
	w.stands(id, guard.Joined)
}

// Who comes back to the server, and not to the call, is not waited for longer
// than one who stays away.
func TestWhoDoesNotResume(t *testing.T) {
	w := newWorld(t)
	w.s.calls.grace = 300 * time.Millisecond
	alice, bob, id := w.connected()
	alice.connect()
	for _, p := range []*phone{alice, bob} {
		if m := p.awaitMessage(call.TypeEnded); m.Reason != call.Failed || m.Call != id {
			t.Errorf("%s: ended %v", p.name, m.Reason)
		}
	}
	alice.write(step(call.TypeResume, id)) // too late
	if m := alice.awaitMessage(call.TypeEnded); m.Call != id {
		t.Errorf("who resumes a call that is over is told of call %s", m.Call)
	}
	if got := records(t, w); got[len(got)-1].Outcome != "answered" {
		t.Errorf("the record is %+v", got[len(got)-1])
	}
}

// The side that is there can hang up, and so can the one that has just come back.
func TestHangUpWhileSomebodyIsAway(t *testing.T) {
	for _, lost := range []bool{true, false} {
		w := newWorld(t)
		alice, bob, id := w.connected()
		alice.socket.CloseNow()
		bob.await(call.TypeAway)
		if lost {
			alice.connect()
			alice.write(step(call.TypeHangUp, id))
		} else {
			bob.write(step(call.TypeHangUp, id))
		}
		if m := bob.awaitMessage(call.TypeEnded); m.Reason != call.HungUp {
			t.Errorf("ended %v", m.Reason)
		}
		w.s.calls.mu.Lock()
		if n := len(w.s.calls.timers) + len(w.s.calls.kept); n != 0 {
			t.Errorf("%d clocks and messages are left of a call that is over", n)
		}
		w.s.calls.mu.Unlock()
	}
}

// eventsOf is how often a rule has decided so far.
func (w *world) eventsOf(rule string) (n int) {
	w.t.Helper()
	w.s.Guard().Flush()
	time.Sleep(20 * time.Millisecond) // the ledger writes behind
	all, err := w.s.Tally(context.Background(), guard.Filter{})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, l := range all {
		if l.Rule == rule {
			n += l.Events
		}
	}
	return n
}

// An ICE restart goes through in a connected call, from its parties, each its
// own part; everything else is refused, recorded, and reaches nobody.
func TestRestartOutOfTurn(t *testing.T) {
	w := newWorld(t)
	eve := w.register("eve").connect()
	alice, bob, id := w.connected()
	for _, try := range []struct {
		who *phone
		msg []byte
	}{
		{eve, withEnvelope(call.TypeRestart, id)}, {eve, step(call.TypeAsk, id)}, {eve, step(call.TypeResume, id)},
		{alice, withEnvelope(call.TypeRestart, id)},          // an answer to nothing
		{bob, step(call.TypeAsk, id)},                        // not the callee's to ask
		{bob, withEnvelope(call.TypeRestart, wire.ID{0xee})}, // no such call
	} {
		before := w.eventsOf("R4")
		try.who.write(try.msg)
		refused := false
		for i := 0; i < 200 && !refused; i++ {
			refused = w.eventsOf("R4") > before
		}
		if !refused {
			t.Errorf("type %#x by %s was not refused by R4", try.msg[0], try.who.name)
		}
	}
	alice.write(step(call.TypeAsk, id))
	if seen := bob.upTo(call.TypeAsked); len(seen) != 0 {
		t.Errorf("before the honest request bob got messages of types %x", seen)
	}
	bob.write(withEnvelope(call.TypeRestart, id))
	if seen := alice.upTo(call.TypeRestarted); len(seen) != 0 {
		t.Errorf("before the honest restart alice got messages of types %x", seen)
	}
}

// Nothing of a restart reaches a callee who has not answered.
func TestRestartBeforeTheAnswer(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice").connect(), w.register("bob").connect()
	w.befriend(alice, bob)
	alice.write(alice.offer(bob.account, wire.Sound))
	id := alice.awaitMessage(call.TypeRinging).Call
	bob.await(call.TypeRing)
	for _, b := range [][]byte{withEnvelope(call.TypeRestart, id), step(call.TypeAsk, id), step(call.TypeResume, id)} {
		alice.write(b)
		bob.write(b)
	}
	alice.write(step(call.TypeCancel, id))
	if seen := bob.upTo(call.TypeEnded); len(seen) != 0 {
		t.Errorf("while it rang bob got messages of types %x", seen)
	}
	if !w.refusedBy("R4") {
		t.Error("no verdict of R4")
	}
}

func TestRestartsAreLimited(t *testing.T) {
	w := newWorld(t)
	alice, bob, id := w.connected()
	w.limits(func(l *guard.Limits) { l.RestartsPerMinute = 3 })
	for range 5 {
		alice.write(step(call.TypeAsk, id))
	}
	alice.write(step(call.TypeHangUp, id))
	if seen := bob.upTo(call.TypeEnded); string(seen) != string([]byte{call.TypeAsked, call.TypeAsked, call.TypeAsked}) {
		t.Errorf("of five requests %x reached bob, want three", seen)
	}
	if !w.refusedBy("R13") {
		t.Error("no verdict of R13")
	}
}
