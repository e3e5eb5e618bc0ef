package client

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/content"
)

// maxName bounds the name that a person gives a contact, in bytes.
const maxName = 100

type contactsAnswer struct {
	Contacts []listed `json:"contacts"`
}

type listed struct {
	Account  wire.ID `json:"account"`
	Name     string  `json:"name"`
	State    string  `json:"state"`
	Since    int64   `json:"since"`
	Reported bool    `json:"reported"`
}

// Contacts returns everybody this person has to do with, by name.
func (c *Client) Contacts() []Contact {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []Contact
	for _, ct := range c.state.contacts {
		all = append(all, ct.view())
	}
	for name := range c.state.waiting {
		all = append(all, Contact{Name: name, Username: name, State: Waiting})
	}
	slices.SortFunc(all, func(a, b Contact) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Account.String(), b.Account.String()))
	})
	return all
}

func (ct *contact) view() Contact {
	v := Contact{
		Account: ct.Account, Name: ct.Name, Username: ct.Username, State: ct.State,
		KeysChanged: ct.KeysChanged, Verified: ct.Verified, CanWrite: ct.canWrite(), Reported: ct.State == Knocked && ct.Reported,
	}
	for _, m := range ct.messages {
		if !m.Mine && !m.Seen {
			v.Unread++
		}
	}
	if n := len(ct.messages); n > 0 {
		last := ct.messages[n-1]
		v.Last = &last
	}
	return v
}

func (ct *contact) canWrite() bool {
	return ct.State == Accepted && !ct.KeysChanged && len(ct.Theirs) > 0 && len(ct.Sessions) > 0
}

// Refresh asks the server who the contacts are.
func (c *Client) Refresh(ctx context.Context) error {
	c.people.Lock()
	defer c.people.Unlock()
	return c.refresh(ctx)
}

func (c *Client) refresh(ctx context.Context) error {
	var list contactsAnswer
	if err := c.api(ctx, get, "/v1/contacts", nil, &list); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := newChange()
	there := map[wire.ID]bool{}
	for _, l := range list.Contacts {
		if !l.Account.IsZero() && l.Account != c.state.device.Me.Account {
			there[l.Account] = true
			c.reconcile(ch, l)
		}
	}
	for id, ct := range c.state.contacts {
		if !there[id] && ct.State != Ended {
			c.end(ch, ct)
		}
	}
	if !c.state.device.Recovered {
		c.state.device.Recovered = true
		ch.device(&c.state.device)
	}
	return c.commit(ctx, ch)
}

// reconcile takes over what the server says of one contact.
func (c *Client) reconcile(ch *change, l listed) {
	ct := c.state.contacts[l.Account]
	st := ContactState(l.State)
	if ct != nil && ct.Reported != l.Reported {
		ct.Reported = l.Reported
		ch.contact(ct)
		ch.emit(Event{Kind: ContactsEvent})
	}
	if st != Accepted && st != Knocked || ct != nil && ct.State == st || st == Accepted && !c.wanted(ct, l.Name) {
		return
	}
	if ct == nil {
		ct = c.state.newContact(l.Account, clean(l.Name, maxName), st)
	}
	ct.State, ct.Reported = st, l.Reported
	if c.state.waiting[ct.Username] && st == Accepted {
		delete(c.state.waiting, ct.Username)
		ch.drop(waitingPrefix + ct.Username)
	}
	// A contact that is there before this device knew anybody is one of the
	// device that this one replaced: it must learn of us.
	ct.Introduce = st == Accepted && !c.state.device.Recovered
	ch.contact(ct)
	ch.emit(Event{Kind: ContactsEvent})
}

// wanted tells whether this person had a part in a relationship that the server
// says exists: a knock at that name, an acceptance that was on its way, or the
// contacts of the device that this one replaced. Without one, somebody who has
// taken the server over could make anybody a contact, who rings.
func (c *Client) wanted(ct *contact, name string) bool {
	return c.state.waiting[name] || ct != nil && len(ct.Ours) > 0 || !c.state.device.Recovered
}

// end closes a relationship that the other side ended. What was written stays;
// a knock that was taken back, and that nothing was written with, is forgotten.
func (c *Client) end(ch *change, ct *contact) {
	c.revoke(ch, ct)
	ch.emit(Event{Kind: ContactsEvent})
	if len(ct.messages) == 0 {
		delete(c.state.contacts, ct.Account)
		delete(ch.puts, contactName(ct.Account))
		ch.drop(contactName(ct.Account))
		return
	}
	*ct = contact{Account: ct.Account, Username: ct.Username, Name: ct.Name, State: Ended, messages: ct.messages, index: ct.index}
	ch.contact(ct)
}

// revoke takes back the delivery token that the contact was given; the server
// is told with the next flush.
func (c *Client) revoke(ch *change, ct *contact) {
	if len(ct.Ours) > 0 {
		ct.Retired = append(ct.Retired, hashed(ct.Ours))
	}
	if len(ct.Retired) == 0 {
		return
	}
	c.state.device.Revoke = append(c.state.device.Revoke, ct.Retired...)
	ct.Ours, ct.Retired = nil, nil
	ch.device(&c.state.device)
}

func newToken() []byte {
	token := make([]byte, 32)
	rand.Read(token)
	return token
}

func hashed(token []byte) string {
	sum := sha256.Sum256(token)
	return hex.EncodeToString(sum[:])
}

// Knock asks somebody to become a contact. Whether there is anybody of that
// name, nobody is told.
func (c *Client) Knock(ctx context.Context, name string) error {
	name = strings.TrimSpace(name)
	if err := c.api(ctx, post, "/v1/knock", map[string]string{"name": name}, nil); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, ct := range c.state.contacts {
		if ct.Username == name && ct.State == Accepted {
			return nil
		}
	}
	ch := newChange()
	c.state.waiting[name] = true
	ch.waiting(name)
	ch.emit(Event{Kind: ContactsEvent})
	return c.commit(ctx, ch)
}

// Accept answers a knock. The first envelope rides on it, with the delivery
// token that the contact may write to us with.
func (c *Client) Accept(ctx context.Context, id wire.ID) error {
	c.people.Lock()
	defer c.people.Unlock()
	ct, err := c.find(id)
	if err != nil {
		return err
	}
	if ct.State != Knocked {
		return &Error{Code: "no_knock", What: "accepting " + ct.Name, Why: errors.New("there is no knock of theirs"), Hint: "they may be a contact already"}
	}
	if err := c.greet(ctx, id, "accept", nil, func(ct *contact) { ct.State = Accepted }); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := newChange()
	delete(c.state.waiting, ct.Username)
	ch.drop(waitingPrefix + ct.Username)
	ch.emit(Event{Kind: ContactsEvent})
	return c.commit(ctx, ch)
}

// greet looks up a contact's keys, pins them, begins a session and hands in the
// first envelope, with a new delivery token in it, by the path named. Where keys
// are wanted, no others are taken. done is applied when the server has it.
func (c *Client) greet(ctx context.Context, id wire.ID, path string, want *pinned, done func(*contact)) error {
	keys, err := c.lookup(ctx, id, true)
	if err != nil {
		return err
	}
	if want != nil && !want.same(keys) {
		return &Error{Code: "keys_changed", What: "the keys of account " + id.String(), Why: errors.New("they changed again since their number was shown"), Hint: "compare the safety number once more"}
	}
	token := newToken()
	if err := c.api(ctx, post, "/v1/tokens", map[string]string{"hash": hashed(token)}, nil); err != nil {
		return err
	}
	sealed, err := c.firstEnvelope(ctx, id, keys, token)
	if err != nil {
		return err
	}
	if err := c.api(ctx, post, "/v1/contacts/"+id.String()+"/"+path, sealed, nil); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ct := c.state.contacts[id]
	if ct == nil {
		return unknownContact(id)
	}
	ch := newChange()
	done(ct)
	ct.TokenDue, ct.Introduce = false, false
	ch.contact(ct)
	ch.emit(Event{Kind: ContactsEvent})
	return c.commit(ctx, ch)
}

// firstEnvelope begins a session with the keys and seals the token in it.
func (c *Client) firstEnvelope(ctx context.Context, id wire.ID, keys theirKeys, token []byte) ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ct := c.state.contacts[id]
	if ct == nil {
		return nil, unknownContact(id)
	}
	ch := newChange()
	if !ct.Pinned.empty() && !ct.Pinned.same(keys) {
		ct.Sessions, ct.Theirs = nil, nil // of a device that is gone
	}
	next, err := ct.Sessions.start(c.state.device.Olm, keys.Curve25519, keys.Begin)
	if err != nil {
		return nil, err
	}
	ct.Pinned, ct.Sessions = pin(keys, c.now()), next
	c.revoke(ch, ct)
	ct.Ours = token
	sealed, err := c.sealFor(ch, ct, content.Content{Kind: content.Token, Token: [32]byte(token)}, -1, len(next)-1)
	if err != nil {
		return nil, err
	}
	return sealed, c.commit(ctx, ch)
}

// Remove ends a relationship, or refuses a knock. What was written is deleted
// here, and the contact's delivery token is revoked.
func (c *Client) Remove(ctx context.Context, id wire.ID) error {
	c.people.Lock()
	defer c.people.Unlock()
	ct, err := c.find(id)
	if err != nil {
		return err
	}
	if ct.State != Ended {
		if err := c.api(ctx, remove, "/v1/contacts/"+id.String(), nil, nil); err != nil && status(err) != 404 {
			return err
		}
	}
	if err := c.forget(ctx, id); err != nil {
		return err
	}
	return c.flushRevoked(ctx)
}

func (c *Client) forget(ctx context.Context, id wire.ID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	ct := c.state.contacts[id]
	if ct == nil {
		return nil
	}
	ch := newChange()
	for _, m := range ct.messages {
		ch.drop(messageName(id, m))
	}
	ct.messages = nil
	c.end(ch, ct)
	return c.commit(ctx, ch)
}

// Rename gives a contact the name that this person knows it by; a ring shows
// it, and nobody else learns it.
func (c *Client) Rename(ctx context.Context, id wire.ID, name string) error {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > maxName || !utf8.ValidString(name) || clean(name, maxName) != name {
		return &Error{Code: "usage", What: "the name of a contact", Why: errors.New("one to 100 bytes of printable text"), Hint: "choose another"}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ct := c.state.contacts[id]
	if ct == nil {
		return unknownContact(id)
	}
	ct.Name = name
	ch := newChange()
	ch.contact(ct)
	ch.emit(Event{Kind: ContactsEvent})
	return c.commit(ctx, ch)
}

// find returns a copy of a contact, asking the server for the list when this
// device does not know it.
func (c *Client) find(id wire.ID) (contact, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ct := c.state.contacts[id]; ct != nil {
		return *ct, nil
	}
	return contact{}, unknownContact(id)
}

func unknownContact(id wire.ID) error {
	return &Error{Code: "no_contact", What: "account " + id.String(), Why: errors.New("not one of this device's contacts"), Hint: "see the list of contacts"}
}
