package web_test
import ("testing";"time")
func TestDebugAfar(t *testing.T) {
	browser := chromium(t)
	s := serveAfar(t, 25*time.Millisecond)
	alice, bob := open(t, browser, "alice", 1280, 800), open(t, browser, "bob", 390, 844)
	alice.join(s.invite(""), "alice")
	bob.join(s.invite(""), "bob")
	alice.button("Find a person")
	alice.fill("#find-name", "bob")
	alice.button("Knock")
	for range 4 {
	time.Sleep(1500*time.Millisecond)
	t.Log("alice", eval[string](alice, `ringfence.contacts().then(JSON.stringify)`), eval[string](alice,"document.body.innerText"))
	t.Log("bob", eval[string](bob, `ringfence.contacts().then(JSON.stringify)`))
	t.Log(s.said(), alice.said, bob.said, bob.asked)
	}
}
