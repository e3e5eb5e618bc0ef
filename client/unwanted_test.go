package client

import (
	"testing"

	"github.com/ringfence/ringfence/wire"
)

// A server that says of a stranger that they are a contact, without a knock or
// an acceptance of ours, is not believed: a contact may ring.
func TestServerMakesNoContacts(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.friends()
	sync_(t, alice, bob)
	mallory, _ := w.device("mallory", "")
	m := mallory.Me().Account
	w.mu.Lock()
	w.people[alice.Me().Account].relations[m] = "accepted"
	w.mu.Unlock()
	if err := alice.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c := known(alice, "mallory"); c.State == Accepted || c.Account != (wire.ID{}) {
		t.Errorf("the server's word made a contact: %+v", c)
	}
	if c := known(alice, "bob"); c.State != Accepted {
		t.Errorf("a real contact is gone: %+v", c)
	}
}
