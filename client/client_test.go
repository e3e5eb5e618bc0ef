package client

import (
	"testing"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

func TestKnockAcceptWrite(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.friends()
	a, b := alice.Me().Account, bob.Me().Account
	m, err := alice.Send(t.Context(), b, "good evening")
	if err != nil || m.State != Sent {
		t.Fatalf("%+v, %v", m, err)
	}
	eventually(t, "delivered", func() bool { return alice.Messages(b, 0, 1)[0].State == Delivered })
	if got := bob.Messages(a, 0, 10); len(got) != 1 || got[0].Text != "good evening" || got[0].State != Received {
		t.Fatalf("%+v", got)
	}
	if known(bob, "alice").Unread != 1 {
		t.Error("not unread")
	}
	if err := bob.MarkRead(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	eventually(t, "read", func() bool { return alice.Messages(b, 0, 1)[0].State == Read })
	if _, err := bob.Send(t.Context(), a, "and to you"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "an answer", func() bool { return known(alice, "bob").Unread == 1 })
	sa, err := alice.Safety(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	sb, err := bob.Safety(t.Context(), a)
	if err != nil || sa.Digits != sb.Digits || len(sa.Digits) != 71 {
		t.Fatalf("%q %q %v", sa.Digits, sb.Digits, err)
	}
}

var (
	localA = Local{Ufrag: [4]byte([]byte("abcd")), Password: [24]byte([]byte("abcdefghijklmnopqrstuvwx")), Fingerprint: [32]byte{1}}
	localC = Local{Ufrag: [4]byte([]byte("ABCD")), Password: [24]byte([]byte("ABCDEFGHIJKLMNOPQRSTUVWX")), Fingerprint: [32]byte{2}}
)

func TestCall(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.friends()
	if err := bob.Rename(t.Context(), alice.Me().Account, "Ali from work"); err != nil {
		t.Fatal(err)
	}
	id, err := alice.Call(t.Context(), bob.Me().Account, wire.Video)
	if err != nil {
		t.Fatal(err)
	}
	ring := until(t, bob, RingEvent)
	if ring.Call != id || ring.Name != "Ali from work" || ring.Media != wire.Video {
		t.Fatalf("%+v", ring)
	}
	relay, err := bob.Answer(t.Context(), id, localA)
	if err != nil || relay.Username != id.String()+"-a" || len(relay.URLs) != 1 {
		t.Fatalf("%+v %v", relay, err)
	}
	answered := until(t, alice, AnsweredEvent)
	if answered.Remote.Ufrag != localA.Ufrag || answered.Remote.Leg != call.Callee || answered.Relay.Username != id.String()+"-c" {
		t.Fatalf("%+v", answered)
	}
	if err := alice.Join(t.Context(), id, localC); err != nil {
		t.Fatal(err)
	}
	if joined := until(t, bob, JoinedEvent); joined.Remote.Fingerprint != localC.Fingerprint {
		t.Fatalf("%+v", joined)
	}
	if err := alice.Connected(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := bob.HangUp(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if ended := until(t, alice, EndedEvent); ended.Reason != call.HungUp {
		t.Fatalf("%+v", ended)
	}
	// A move that the state machine does not have is not made.
	if _, err := bob.Answer(t.Context(), id, localA); err == nil {
		t.Error("answered a call that is over")
	}
}

func TestStateSurvivesTheProcess(t *testing.T) {
	w := newWorld(t)
	alice, am := w.device("alice", "")
	bob, bm := w.device("bob", "")
	w.befriend(alice, bob)
	if _, err := alice.Send(t.Context(), bob.Me().Account, "one"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "one", func() bool { return known(bob, "alice").Unread == 1 })
	alice.Close()
	bob.Close()
	alice, err := Open(t.Context(), Options{Keep: am, Transport: w})
	if err != nil {
		t.Fatal(err)
	}
	defer alice.Close()
	bob, err = Open(t.Context(), Options{Keep: bm, Transport: w})
	if err != nil {
		t.Fatal(err)
	}
	defer bob.Close()
	sync_(t, alice, bob)
	if _, err := alice.Send(t.Context(), bob.Me().Account, "two"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "two", func() bool { return known(bob, "alice").Unread == 2 })
}

func TestReplacedDeviceIsConfirmed(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.friends()
	a, b := alice.Me().Account, bob.Me().Account
	alice.Close()
	again, _ := w.device("", "alice")
	if again.Me().Account != a || again.Me().Name != "alice" {
		t.Fatalf("%+v", again.Me())
	}
	sync_(t, again)
	bob.mu.Lock()
	clear(bob.fresh)
	bob.mu.Unlock()
	if _, err := bob.Send(t.Context(), a, "are you there?"); err == nil {
		t.Fatal("wrote to keys that nobody confirmed")
	}
	if !known(bob, "alice").KeysChanged {
		t.Fatal("the change was not marked")
	}
	s, err := bob.Safety(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	if err := bob.ConfirmKeys(t.Context(), a, true); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both can write again", func() bool { return known(bob, "alice").CanWrite && known(again, "bob").CanWrite })
	s2, err := again.Safety(t.Context(), b)
	if err != nil || s2.Digits != s.Digits {
		t.Fatalf("%q %q %v", s.Digits, s2.Digits, err)
	}
	if _, err := bob.Send(t.Context(), a, "are you there?"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it arrives", func() bool { return known(again, "bob").Unread == 1 })
	if _, err := again.Send(t.Context(), b, "yes"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the answer arrives", func() bool { return known(bob, "alice").Unread == 1 })
}
