package web_test

import (
	"testing"
	"time"

	"github.com/ringfence/ringfence/internal/browser"
)

// Two people with 50 ms of round trip between each of them and the server call
// each other. How long the first picture takes is in the log, and held against
// nothing: that is what `make bench` is for.
func TestTwoPeopleTalkFromAfar(t *testing.T) {
	chromium := browser.Start(t)
	s := serveAfar(t, 25*time.Millisecond)
	alice, bob := open(t, chromium, "alice", 1280, 800), open(t, chromium, "bob", 390, 844)
	alice.join(s.invite(""), "alice")
	bob.join(s.invite(""), "bob")
	befriend(alice, bob)
	alice.openChat("bob")
	bob.openChat("alice")
	talk(t, alice, bob)
}
