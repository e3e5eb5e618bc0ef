package sipguard

import (
	"bytes"
	"testing"
)

func TestCall(t *testing.T) {
	b := newBench(t, nil)
	alice, bob := b.two()
	a := alice.call("bob")
	k := bob.ring()
	alice.expect("180")
	k.pickUp()
	a.connected()
	bob.expect("ACK")
	a.speak(3)
	wait(t, "bob hears alice", func() bool { _, n := bob.heard(); return n == 3 })
	k.speak(2)
	wait(t, "alice hears bob", func() bool { _, n := alice.heard(); return n == 2 })
	if !bytes.Contains(bob.last, []byte("sound of alice")) {
		t.Errorf("bob heard %q", bob.last)
	}
	a.request("BYE", "", "")
	bob.send(bob.answer(bob.expect("BYE"), 200, "", "", ""))
	alice.expect("200")
	wait(t, "both calls are over: "+b.dump(), func() bool {
		b.Guard.mu.Lock()
		defer b.Guard.mu.Unlock()
		return len(b.calls) == 0 && len(b.legs) == 0 && len(b.ofFlow) == 0
	})
}
