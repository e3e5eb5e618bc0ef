package client

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/content"
	"github.com/ringfence/ringfence/wire/letter"
	"github.com/ringfence/ringfence/wire/ring"
)

var stampTime = time.Unix(1_800_000_000, 0)

// A letter of somebody who is no contact, and forged letters of one who is,
// change nothing, and are acknowledged so that they do not come again.
func TestForgedLetters(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.friends()
	b := bob.Me().Account
	stranger, _ := w.device("mallory", "")
	bob.mu.Lock()
	to := address{b, bob.state.device.Me.Device, bob.state.device.Envelopes[0].ID}
	public, err := bob.state.device.Envelopes[0].public()
	bob.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	for _, sender := range []wire.ID{stranger.Me().Account, alice.Me().Account, newID()} {
		sealed, err := seal(to, public, inside{sender, olmMessage, []byte("\x03nothing of the kind")}, -1)
		if err != nil {
			t.Fatal(err)
		}
		if err := alice.handIn(t.Context(), alice.DeliveryToken(b), sealed); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := alice.Send(t.Context(), b, "genuine"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the genuine one", func() bool { return known(bob, "alice").Unread == 1 })
	eventually(t, "all acknowledged", func() bool {
		w.mu.Lock()
		defer w.mu.Unlock()
		return len(w.people[b].mail) == 0
	})
}

// A letter that comes again is acknowledged again, and shown once.
func TestRepeatedLetter(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.friends()
	b := bob.Me().Account
	bob.Close()
	if _, err := alice.Send(t.Context(), b, "once"); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	again := w.people[b].mail[len(w.people[b].mail)-1]
	copied := letter.Letter{Number: again.Number + 1000, Received: again.Received, Envelope: again.Envelope}
	w.people[b].mail = append(w.people[b].mail, again, copied)
	w.mu.Unlock()
	bob, err := Open(t.Context(), Options{Keep: bob.options.Keep, Transport: w})
	if err != nil {
		t.Fatal(err)
	}
	defer bob.Close()
	sync_(t, bob)
	if got := bob.Messages(alice.Me().Account, 0, 10); len(got) != 1 {
		t.Fatalf("%+v", got)
	}
}

// What cannot be written is not acknowledged.
func TestNothingIsAcknowledgedBeforeItIsOnDisk(t *testing.T) {
	w := newWorld(t)
	alice, _ := w.device("alice", "")
	bob, bm := w.device("bob", "")
	w.befriend(alice, bob)
	bm.mu.Lock()
	bm.fail = errors.New("disk full")
	bm.mu.Unlock()
	if _, err := alice.Send(t.Context(), bob.Me().Account, "keep me"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the failure", func() bool {
		bob.mu.Lock()
		defer bob.mu.Unlock()
		return bob.broken != nil
	})
	w.mu.Lock()
	if len(w.people[bob.Me().Account].mail) == 0 {
		t.Error("acknowledged without being on disk")
	}
	w.mu.Unlock()
	bob.Close()
	bm.mu.Lock()
	bm.fail = nil
	bm.mu.Unlock()
	again, err := Open(t.Context(), Options{Keep: bm, Transport: w})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	sync_(t, again)
	if got := again.Messages(alice.Me().Account, 0, 10); len(got) != 1 || got[0].Text != "keep me" {
		t.Fatalf("%+v", got)
	}
}

// Nothing readable is in what a device keeps or hands in but what must be.
func TestNoPlaintextLeaves(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.friends()
	bob.Close()
	if _, err := alice.Send(t.Context(), bob.Me().Account, "marker-in-the-clear"); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	id := alice.Me().Account
	for _, l := range w.people[bob.Me().Account].mail {
		if strings.Contains(string(l.Envelope), "marker") || strings.Contains(string(l.Envelope), string(id[:])) {
			t.Error("text or sender in the clear")
		}
	}
}

func TestOneTimeKeysAreNeverOfferedTwice(t *testing.T) {
	w := newWorld(t)
	alice, _ := w.device("alice", "")
	w.mu.Lock()
	w.people[alice.Me().Account].oneTime = nil // they were all handed out
	w.lost["/v1/keys"] = true
	w.mu.Unlock()
	if err := alice.maintainKeys(t.Context()); err == nil {
		t.Fatal("the upload was lost and nobody noticed")
	}
	w.mu.Lock()
	w.lost["/v1/keys"] = false
	w.mu.Unlock()
	if err := alice.maintainKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if n := len(w.people[alice.Me().Account].oneTime); n != wantedOneTime {
		t.Errorf("%d one-time keys after the refill", n)
	}
	for k, n := range w.uploaded {
		if n != 1 {
			t.Errorf("%s was uploaded %d times", k, n)
		}
	}
}

func TestKeysRotateWeekly(t *testing.T) {
	w := newWorld(t)
	alice, _ := w.device("alice", "")
	now := time.Now()
	alice.options.Now = func() time.Time { return now }
	first := alice.state.device.Envelopes[0]
	w.mu.Lock()
	fallback := w.people[alice.Me().Account].keys.FallbackKey
	w.mu.Unlock()
	for range 3 {
		now = now.Add(keyLife + time.Minute)
		if err := alice.maintainKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	d := alice.state.device
	if len(d.Envelopes) != keptEnvelopes || d.private(first.ID) == nil {
		t.Errorf("%d envelope keys kept, the first one: %v", len(d.Envelopes), d.private(first.ID) != nil)
	}
	now = now.Add(keyLife + time.Minute)
	if err := alice.maintainKeys(t.Context()); err != nil {
		t.Fatal(err)
	}
	if alice.state.device.private(first.ID) != nil {
		t.Error("a key of five weeks ago is still there")
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.people[alice.Me().Account].keys.FallbackKey == fallback {
		t.Error("the fallback key was not rotated")
	}
}

// R23: settings of another key, or older ones, are not taken, and another
// server is not the one we registered with.
func TestForgedSettings(t *testing.T) {
	w := newWorld(t)
	alice, _ := w.device("alice", "")
	_, other, _ := ed25519.GenerateKey(nil)
	if err := alice.takeSettings(t.Context(), w.settings(other)); err == nil {
		t.Error("settings of another key were taken")
	}
	w.serial = 5
	if err := alice.takeSettings(t.Context(), w.settings(w.key)); err != nil {
		t.Fatal(err)
	}
	w.serial = 4
	if err := alice.takeSettings(t.Context(), w.settings(w.key)); err == nil {
		t.Error("older settings were taken")
	}
	w.serial = 6
	w.key = other
	var e *Error
	if err := alice.Connect(t.Context()); !errors.As(err, &e) || e.Code != "server_changed" {
		t.Errorf("another server: %v", err)
	}
}

// Keys that the contact's device did not sign are not used.
func TestKeysWithoutSignature(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.friends()
	b := bob.Me().Account
	genuine := w.people[b].keys
	spoil := map[string]func(*keysAnswer){
		"identity":      func(k *keysAnswer) { k.Device.Curve25519 = genuine.Device.Ed25519 },
		"envelope key":  func(k *keysAnswer) { k.EnvelopeKey.ID++ },
		"fallback key":  func(k *keysAnswer) { k.FallbackKey.Key = genuine.Device.Curve25519 },
		"another's":     func(k *keysAnswer) { k.Account = newID() },
		"no device":     func(k *keysAnswer) { k.Device.ID = wire.ID{} },
		"short":         func(k *keysAnswer) { k.Device.Ed25519 = "AAAA" },
		"not base64url": func(k *keysAnswer) { k.Device.Signature = "!" },
	}
	for name, f := range spoil {
		k := genuine
		f(&k)
		if _, err := k.verify(b); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := genuine.verify(b); err != nil {
		t.Error(err)
	}
	_ = alice
}

// After the answer the other end may send parameters of its choosing; what is
// not exactly this call's ends the call.
func TestHostileParameters(t *testing.T) {
	good := func(id wire.ID) content.Content {
		return content.Content{Kind: content.Parameters, Call: call.Parameters{Call: id, Leg: call.Callee, Media: wire.Video, Ufrag: localA.Ufrag, Password: localA.Password, Fingerprint: localA.Fingerprint}}
	}
	cases := map[string]func(id wire.ID) []byte{
		"another call": func(wire.ID) []byte { return good(newID()).AppendTo(nil) },
		"the other leg": func(id wire.ID) []byte {
			c := good(id)
			c.Call.Leg = call.Caller
			return c.AppendTo(nil)
		},
		"other media": func(id wire.ID) []byte {
			c := good(id)
			c.Call.Media = wire.Sound
			return c.AppendTo(nil)
		},
		"a line break in the ufrag": func(id wire.ID) []byte {
			c := good(id)
			c.Call.Ufrag[0] = '\n'
			return c.AppendTo(nil)
		},
		"no fingerprint": func(id wire.ID) []byte {
			c := good(id)
			c.Call.Fingerprint = [32]byte{}
			return c.AppendTo(nil)
		},
		"a text": func(wire.ID) []byte {
			return content.Content{Kind: content.Text, ID: newID(), Text: "v=0"}.AppendTo(nil)
		},
		"too long": func(id wire.ID) []byte { return append(good(id).AppendTo(nil), 0) },
	}
	for name, make := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			alice, bob := w.friends()
			id, err := alice.Call(t.Context(), bob.Me().Account, wire.Video)
			if err != nil {
				t.Fatal(err)
			}
			until(t, bob, RingEvent)
			sealed, err := bob.SealRaw(t.Context(), alice.Me().Account, make(id), 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := bob.SendRaw(t.Context(), call.Message{Type: call.TypeAccept, Call: id, Envelope: sealed}.AppendTo(nil)); err != nil {
				t.Fatal(err)
			}
			for {
				e := <-alice.Events()
				if e.Kind == AnsweredEvent {
					t.Fatalf("taken: %+v", e.Remote)
				}
				if e.Kind == EndedEvent {
					break
				}
			}
		})
	}
}

// A stranger's ring, one of a contact whose keys changed, and a second ring
// during a call do not ring.
func TestWhatDoesNotRing(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.friends()
	quiet := func(why string) {
		t.Helper()
		for {
			select {
			case e := <-bob.Events():
				if e.Kind == RingEvent {
					t.Errorf("%s: rang", why)
				}
			case <-time.After(50 * time.Millisecond):
				return
			}
		}
	}
	bob.ring(ring.Ring{Call: newID(), Caller: newID(), Media: wire.Sound, TTL: 1000})
	quiet("a stranger")
	bob.ring(ring.Ring{Call: newID(), Caller: alice.Me().Account, Media: wire.Sound, TTL: 60000})
	until(t, bob, RingEvent)
	bob.ring(ring.Ring{Call: newID(), Caller: alice.Me().Account, Media: wire.Sound, TTL: 60000})
	quiet("a second ring")
}

func TestRemovedContact(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.friends()
	if _, err := alice.Send(t.Context(), bob.Me().Account, "before"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the text", func() bool { return known(bob, "alice").Unread == 1 })
	token := alice.DeliveryToken(bob.Me().Account)
	if err := bob.Remove(t.Context(), alice.Me().Account); err != nil {
		t.Fatal(err)
	}
	w.mu.Lock()
	if _, valid := w.tokens[hashed(token)]; valid {
		t.Error("the delivery token of a removed contact is still valid")
	}
	w.mu.Unlock()
	eventually(t, "alice learns", func() bool { return known(alice, "bob").State == Ended })
	if len(bob.Contacts()) != 0 || len(alice.Messages(bob.Me().Account, 0, 9)) != 1 {
		t.Error("the remover keeps nothing, the removed keeps what was written")
	}
	if _, err := alice.Send(t.Context(), bob.Me().Account, "after"); err == nil {
		t.Error("wrote to somebody who ended it")
	}
}

func TestRotatedToken(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.friends()
	b := bob.Me().Account
	old := alice.DeliveryToken(b)
	if err := bob.RotateToken(t.Context(), alice.Me().Account); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another token", func() bool { return string(alice.DeliveryToken(b)) != string(old) })
	w.mu.Lock()
	if _, valid := w.tokens[hashed(old)]; valid {
		t.Error("the old token is still valid")
	}
	w.mu.Unlock()
	if _, err := alice.Send(t.Context(), b, "with the new one"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it arrives", func() bool { return known(bob, "alice").Unread == 1 })
}

func FuzzNotice(f *testing.F) {
	f.Add([]byte(`{"kind":"missed","account":"","name":"x","media":"video","at":1,"count":1}`))
	w := newWorld(&testing.T{})
	c := &Client{options: Options{Now: time.Now}, state: newState(), events: newQueue(), fresh: map[wire.ID]bool{}}
	c.ctx, c.stop = f.Context(), func() {}
	_ = w
	f.Fuzz(func(t *testing.T, b []byte) {
		var n told
		if strict(b, &n) != nil {
			return
		}
		v := c.noticeView(n)
		if len(v.Name) > maxName {
			t.Fatal("a name longer than any")
		}
	})
}

func FuzzKeysAnswer(f *testing.F) {
	b, _ := json.Marshal(keysAnswer{})
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var k keysAnswer
		if strict(b, &k) == nil {
			if _, err := k.verify(wire.ID{1}); err == nil {
				t.Fatal("keys without signatures were taken")
			}
		}
	})
}
