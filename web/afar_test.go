package web_test

import (
	"testing"
	"time"
)

// Two people with 50 ms of round trip between each of them and the server call
// each other. How long the first picture takes is in the log, and held against
// nothing: that is what `make bench` is for.
func TestTwoPeopleTalkFromAfar(t *testing.T) {
	browser := chromium(t)
	s := serveAfar(t, 25*time.Millisecond)
	alice, bob := open(t, browser, "alice", 1280, 800), open(t, browser, "bob", 390, 844)
	alice.join(s.invite(""), "alice")
	bob.join(s.invite(""), "bob")
	befriend(alice, bob)
	alice.openChat("bob")
	bob.openChat("alice")
	talk(t, alice, bob)
}
