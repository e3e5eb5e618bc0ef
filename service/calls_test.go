package service

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/ring"
)

func TestCallFromRingToHangUp(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice").connect(), w.register("bob").connect()
	w.befriend(alice, bob)
	alice.write(alice.offer(bob.account, wire.Video))
	ringing := alice.awaitMessage(call.TypeRinging)
	r, err := ring.Parse(bob.await(call.TypeRing))
	if err != nil || r.Call != ringing.Call || r.Caller != alice.account || r.Media != wire.Video || r.TTL != ring.MaxTTL {
		t.Fatalf("ring %+v, %v", r, err)
	}
	if n := w.media.Allocations(); n != 0 {
		t.Fatalf("%d allocations while the phone rings", n)
	}
	bob.write(bob.accept(r.Call))
	granted, answered := bob.awaitMessage(call.TypeGranted), alice.awaitMessage(call.TypeAnswered)
	if bytes.Equal(granted.Password, answered.Password) || answered.Call != r.Call {
		t.Fatal("both legs have one password")
	}
	alice.write(call.Message{Type: call.TypeJoin, Call: r.Call, Envelope: sealed()}.AppendTo(nil))
	bob.awaitMessage(call.TypeJoined)
	alice.write(step(call.TypeConnected, r.Call))
	alice.write(step(call.TypeHangUp, r.Call))
	for _, p := range []*phone{alice, bob} {
		if m := p.awaitMessage(call.TypeEnded); m.Reason != call.HungUp || m.Call != r.Call {
			t.Errorf("%s: ended %v", p.name, m.Reason)
		}
	}
	if got := records(t, w); len(got) != 2 || got[1].Outcome != "answered" || got[0].Outcome != "blocked" || got[0].Rules[0] != "knock" {
		t.Errorf("records %+v; want the knock and the answered call", got)
	}
}

func records(t *testing.T, w *world) (all []store.Record) {
	t.Helper()
	time.Sleep(100 * time.Millisecond)
	if err := w.s.Store().Records(context.Background(), func(r store.Record) error { all = append(all, r); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestStrangerDoesNotRing(t *testing.T) {
	w := newWorld(t)
	eve, bob := w.register("eve").connect(), w.register("bob").connect()
	eve.write(eve.offer(bob.account, wire.Sound))
	stranger := eve.awaitMessage(call.TypeRefused)
	eve.write(eve.offer(w.s.id(), wire.Sound))
	nobody := eve.awaitMessage(call.TypeRefused)
	if stranger.Reason != call.Refused || nobody.Reason != call.Refused {
		t.Errorf("a stranger is told %v, and of nobody %v; want the same", stranger.Reason, nobody.Reason)
	}
	if b := bob.next(); b[0] != call.TypeNotice || !bytes.Contains(b, []byte(`"held_back"`)) {
		t.Errorf("bob got %q first, want the notice of a call held back", b)
	}
	if !w.refusedBy("R15") {
		t.Error("no verdict of R15")
	}
}

func TestStepsThatAreNotTheirs(t *testing.T) {
	w := newWorld(t)
	alice, bob, eve := w.register("alice").connect(), w.register("bob").connect(), w.register("eve").connect()
	w.befriend(alice, bob)
	alice.write(alice.offer(bob.account, wire.Sound))
	id := alice.awaitMessage(call.TypeRinging).Call
	alice.write(alice.accept(id)) // the caller answers for the callee
	eve.write(eve.accept(id))     // somebody else does
	forged := bob.accept(id)
	forged[20] ^= 1
	bob.write(forged) // without the device's signature
	alice.write(call.Message{Type: call.TypeJoin, Call: id, Envelope: sealed()}.AppendTo(nil))
	time.Sleep(200 * time.Millisecond)
	c, err := w.s.Store().Call(context.Background(), id)
	if err != nil || c.State != guard.Ringing || w.media.Allocations() != 0 {
		t.Fatalf("the call is %q, %v", c.State, err)
	}
	if !w.refusedBy("R4") || !w.refusedBy("R20") {
		t.Error("no verdicts of R4 and R20")
	}
	alice.write(step(call.TypeCancel, id))
	if m := bob.awaitMessage(call.TypeEnded); m.Reason != call.Cancelled {
		t.Errorf("ended %v", m.Reason)
	}
}

func TestDeclineBusyGlareReplay(t *testing.T) {
	w := newWorld(t)
	alice, bob, carol := w.register("alice").connect(), w.register("bob").connect(), w.register("carol").connect()
	w.befriend(alice, bob)
	w.befriend(carol, bob)
	offer := alice.offer(bob.account, wire.Sound)
	alice.write(offer)
	id := alice.awaitMessage(call.TypeRinging).Call
	bob.await(call.TypeRing)
	bob.write(bob.offer(alice.account, wire.Sound))
	if m := bob.awaitMessage(call.TypeRefused); m.Reason != call.Glare {
		t.Errorf("both call: %v, want glare", m.Reason)
	}
	carol.write(carol.offer(bob.account, wire.Sound))
	if m := carol.awaitMessage(call.TypeRefused); m.Reason != call.Busy {
		t.Errorf("a third calls: %v, want busy", m.Reason)
	}
	bob.write(step(call.TypeDecline, id))
	if m := alice.awaitMessage(call.TypeEnded); m.Reason != call.Declined {
		t.Errorf("ended %v, want declined", m.Reason)
	}
	alice.write(offer)
	alice.awaitMessage(call.TypeRefused)
	if !w.refusedBy("R11") {
		t.Error("an offer counted twice")
	}
}

func TestFirstAcceptWins(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice").connect(), w.register("bob").connect()
	w.befriend(alice, bob)
	alice.write(alice.offer(bob.account, wire.Sound))
	id := alice.awaitMessage(call.TypeRinging).Call
	bob.write(bob.accept(id))
	bob.write(bob.accept(id))
	alice.await(call.TypeAnswered)
	alice.write(step(call.TypeHangUp, id))
	for {
		b := alice.next()
		if b == nil || b[0] == call.TypeAnswered {
			t.Fatal("answered twice")
		}
		if b[0] == call.TypeEnded {
			break
		}
	}
}

func TestRestartEndsCallsAndKeepsAccounts(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice").connect(), w.register("bob").connect()
	w.befriend(alice, bob)
	alice.write(alice.offer(bob.account, wire.Sound))
	alice.await(call.TypeRinging)
	server := w.s.ServerID()
	w.stop()
	w.start()
	if !bytes.Equal(server, w.s.ServerID()) {
		t.Error("the server has another key")
	}
	live, err := w.s.Store().LiveCalls(context.Background())
	if err != nil || len(live) != 0 {
		t.Errorf("%d calls go on, %v", len(live), err)
	}
	alice.connect()
	bob.connect()
	alice.write(alice.offer(bob.account, wire.Sound))
	bob.await(call.TypeRing)
}

func TestRingWaitsForADeviceThatConnects(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice").connect(), w.register("bob")
	w.befriend(alice, bob)
	alice.write(alice.offer(bob.account, wire.Sound))
	alice.await(call.TypeRinging)
	bob.dial()
	token, _ := b64.DecodeString(bob.token)
	bob.write(call.Message{Type: call.TypeHello, Build: 1, Token: token}.AppendTo(nil))
	r, err := ring.Parse(bob.await(call.TypeRing))
	if err != nil || r.TTL == 0 || r.TTL > ring.MaxTTL || r.TTL%1000 != 0 {
		t.Errorf("ring %+v, %v", r, err)
	}
}

func TestFloodOfCallsIsLimited(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice").connect(), w.register("bob").connect()
	w.befriend(alice, bob)
	w.limits(func(l *guard.Limits) { l.OffersPerPairMinute = 2 })
	for i := range 3 {
		alice.write(alice.offer(bob.account, wire.Sound))
		if i == 2 {
			if m := alice.awaitMessage(call.TypeRefused); m.Reason != call.TooMany {
				t.Errorf("the third call is %v, want too many", m.Reason)
			}
			return
		}
		id := alice.awaitMessage(call.TypeRinging).Call
		alice.write(step(call.TypeCancel, id))
		alice.await(call.TypeEnded)
	}
}

// A call that nobody answers ends, for both, and is in the list of missed ones;
// also when the caller was gone meanwhile and came back.
func TestNobodyAnswers(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice").connect(), w.register("bob").connect()
	w.befriend(alice, bob)
	w.s.calls.ringing, w.s.calls.grace = 600*time.Millisecond, 200*time.Millisecond
	alice.write(alice.offer(bob.account, wire.Sound))
	alice.await(call.TypeRinging)
	bob.await(call.TypeRing)
	alice.socket.CloseNow()
	alice.connect()
	for _, p := range []*phone{alice, bob} {
		if m := p.awaitMessage(call.TypeEnded); m.Reason != call.Missed {
			t.Errorf("%s: ended %v, want missed", p.name, m.Reason)
		}
	}
	bob.await(call.TypeNotice)
	notices := w.want(200, "GET", "/v1/notices", bob.token, nil)["notices"].([]any)
	if len(notices) != 1 || notices[0].(map[string]any)["kind"] != "missed" {
		t.Errorf("bob's notices are %v", notices)
	}
	if r := records(t, w); r[len(r)-1].Outcome != "missed" || r[len(r)-1].RingMS < 600 {
		t.Errorf("the record is %+v", r[len(r)-1])
	}
	alice.write(alice.offer(bob.account, wire.Sound)) // neither is busy any more
	bob.await(call.TypeRing)
}

// Of an answered call, each side is waited for when its connection is lost, and
// not for ever.
func TestALostPartyIsWaitedFor(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice").connect(), w.register("bob").connect()
	w.befriend(alice, bob)
	w.s.calls.grace = 400 * time.Millisecond
	alice.write(alice.offer(bob.account, wire.Sound))
	id := alice.awaitMessage(call.TypeRinging).Call
	bob.write(bob.accept(id))
	alice.await(call.TypeAnswered)
	bob.socket.CloseNow()
	time.Sleep(100 * time.Millisecond)
	bob.connect()
	time.Sleep(2 * w.s.calls.grace)
	if c, err := w.s.Store().LiveCall(context.Background(), alice.account); err != nil || c.State != guard.Answered {
		t.Fatalf("bob came back, and the call is %+v, %v", c, err)
	}
	bob.socket.CloseNow()
	alice.socket.CloseNow() // both are gone, and only one comes back
	time.Sleep(100 * time.Millisecond)
	bob.connect()
	if m := bob.awaitMessage(call.TypeEnded); m.Reason != call.Failed {
		t.Errorf("ended %v, want failed", m.Reason)
	}
}

// A caller that goes away for good stops the ringing.
func TestACallerThatVanishes(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.register("alice").connect(), w.register("bob").connect()
	w.befriend(alice, bob)
	w.s.calls.grace = 200 * time.Millisecond
	alice.write(alice.offer(bob.account, wire.Sound))
	bob.await(call.TypeRing)
	alice.socket.CloseNow()
	bob.await(call.TypeEnded)
	if r := records(t, w); r[len(r)-1].Outcome != "cancelled" {
		t.Errorf("the record is %+v", r[len(r)-1])
	}
}
