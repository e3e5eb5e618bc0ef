package client

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/content"
)

// lookup asks the server for a contact's keys and verifies them.
func (c *Client) lookup(ctx context.Context, id wire.ID, oneTime bool) (theirKeys, error) {
	path := "/v1/accounts/" + id.String() + "/keys"
	if oneTime {
		path += "?one_time=1"
	}
	var answer keysAnswer
	if err := c.api(ctx, get, path, nil, &answer); err != nil {
		return theirKeys{}, err
	}
	keys, err := answer.verify(id)
	if err != nil {
		return theirKeys{}, &Error{Code: "keys", What: "the keys of account " + id.String(), Why: err, Hint: "do not write to them before this is understood"}
	}
	return keys, nil
}

// check makes sure, once on each connection, that the contact's device is still
// the one whose keys are pinned, and takes over its newest envelope key.
func (c *Client) check(ctx context.Context, id wire.ID) error {
	c.mu.Lock()
	known := c.fresh[id]
	c.mu.Unlock()
	if known {
		return nil
	}
	keys, err := c.lookup(ctx, id, false)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ct := c.state.contacts[id]
	if ct == nil {
		return unknownContact(id)
	}
	c.fresh[id] = true
	ch := newChange()
	switch {
	case ct.Pinned.empty():
		ct.Pinned = pin(keys, c.now())
	case !ct.Pinned.same(keys):
		c.changed(ch, ct)
	case keys.EnvelopeID < ct.Pinned.EnvelopeID:
		return &Error{Code: "keys", What: "the keys of " + ct.Name, Why: errors.New("the server gave an envelope key older than one it gave before"), Hint: "do not write to them before this is understood"}
	default:
		ct.Pinned = pin(keys, c.now())
	}
	ch.contact(ct)
	return c.commit(ctx, ch)
}

// changed marks a contact whose device is another: nothing is sent to it until
// a person has confirmed its keys.
func (c *Client) changed(ch *change, ct *contact) {
	if ct.KeysChanged {
		return
	}
	ct.KeysChanged, ct.Verified = true, false
	ch.contact(ct)
	ch.emit(Event{Kind: ContactsEvent})
}

// sealFor encrypts a content for a contact and closes its envelope. The ratchet
// as it is afterwards is put into the change, which must be on disk before the
// envelope leaves. at is the session to use, or -1 for the one that both sides
// choose; class is a size class, or -1 for the smallest that fits.
func (c *Client) sealFor(ch *change, ct *contact, m content.Content, class, at int) ([]byte, error) {
	return c.sealBytes(ch, ct, m.AppendTo(nil), class, at)
}

func (c *Client) sealBytes(ch *change, ct *contact, plain []byte, class, at int) ([]byte, error) {
	from := ct.Sessions
	if at >= 0 {
		from = ct.Sessions[at : at+1]
	}
	next, kind, olm, err := from.encrypt(plain)
	if err != nil {
		return nil, &Error{Code: "not_ready", What: "encrypting for " + ct.Name, Why: err, Hint: "wait until they have been online once"}
	}
	if at >= 0 {
		next = slices.Replace(slices.Clone(ct.Sessions), at, at+1, next[0])
	}
	ct.Sessions = next
	ch.contact(ct)
	to := address{ct.Account, ct.Pinned.Device, ct.Pinned.EnvelopeID}
	return seal(to, ct.Pinned.Envelope, inside{c.state.device.Me.Account, kind, olm}, class)
}

// ready tells why nothing can be sent to a contact, or nil.
func (ct *contact) ready() error {
	switch {
	case ct.State != Accepted:
		return &Error{Code: "not_accepted", What: "writing to " + ct.Name, Why: errors.New("not an accepted contact"), Hint: "knock, or accept their knock"}
	case ct.KeysChanged:
		return &Error{Code: "keys_changed", What: "writing to " + ct.Name, Why: errors.New("their device, and with it their keys, changed"), Hint: "compare the safety number with them, then confirm the keys"}
	case !ct.canWrite():
		return &Error{Code: "not_ready", What: "writing to " + ct.Name, Why: errors.New("their device has not answered yet"), Hint: "try again when they have been online once"}
	}
	return nil
}

// Send writes a text to a contact. A nil error means that the server has it on
// disk. A text that did not get there is kept, in state Failed.
func (c *Client) Send(ctx context.Context, id wire.ID, text string) (Message, error) {
	m := content.Content{Kind: content.Text, SentAt: c.now(), Text: text}
	rand.Read(m.ID[:])
	if _, err := content.Parse(m.AppendTo(nil)); err != nil {
		return Message{}, &Error{Code: "usage", What: "the text", Why: err, Hint: "1 to 32768 bytes of UTF-8, without NUL"}
	}
	ct, err := c.find(id)
	if err != nil {
		return Message{}, err
	}
	if err := ct.ready(); err != nil {
		return Message{}, err
	}
	if err := c.check(ctx, id); err != nil {
		return Message{}, err
	}
	msg, token, sealed, err := c.prepareText(ctx, id, m)
	if err != nil {
		return Message{}, err
	}
	err = c.handIn(ctx, token, sealed)
	next := Sent
	if err != nil {
		next = Failed
	}
	// The outcome is recorded also when the caller has given up waiting.
	msg, kept := c.advance(context.WithoutCancel(ctx), id, msg, next)
	return msg, errors.Join(explained(err, ct.Name), kept)
}

func explained(err error, name string) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Status {
	case 403:
		return &Error{Code: "not_accepted", What: "writing to " + name, Why: err, Hint: "they may have ended the relationship; their device takes no letters of ours", Status: 403}
	case 507:
		return &Error{Code: "mailbox_full", What: "writing to " + name, Why: err, Hint: "try again when they have been online", Status: 507}
	}
	return err
}

// prepareText writes down the text and the ratchet, and returns what to hand
// in.
func (c *Client) prepareText(ctx context.Context, id wire.ID, m content.Content) (Message, []byte, []byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ct := c.state.contacts[id]
	if ct == nil {
		return Message{}, nil, nil, unknownContact(id)
	}
	if err := ct.ready(); err != nil {
		return Message{}, nil, nil, err
	}
	ch := newChange()
	sealed, err := c.sealFor(ch, ct, m, -1, -1)
	if err != nil {
		return Message{}, nil, nil, err
	}
	msg := c.state.add(ch, ct, Message{ID: m.ID, Mine: true, Text: m.Text, At: m.SentAt, State: Sending})
	return msg, ct.Theirs, sealed, c.commit(ctx, ch)
}

var progress = map[MessageState]int{Failed: 1, Sending: 2, Sent: 3, Delivered: 4, Read: 5}

// advance moves a message of ours to a state; it never goes back, for a receipt
// may be faster than the server's answer.
func (c *Client) advance(ctx context.Context, id wire.ID, m Message, to MessageState) (Message, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ct := c.state.contacts[id]
	if ct == nil {
		return m, nil
	}
	ch := newChange()
	c.move(ch, ct, m.ID, to)
	if i, ok := ct.index[m.ID]; ok {
		m = ct.messages[i]
	}
	return m, c.commit(ctx, ch)
}

func (c *Client) move(ch *change, ct *contact, id wire.ID, to MessageState) {
	i, ok := ct.index[id]
	if !ok || !ct.messages[i].Mine {
		return
	}
	m := &ct.messages[i]
	if m.State == to || progress[to] < progress[m.State] && !(to == Failed && m.State == Sending) {
		return
	}
	m.State = to
	ch.message(ct, *m)
}

// Messages returns up to limit texts with a contact, oldest first: those before
// the one with that order, or the last ones when before is 0.
func (c *Client) Messages(id wire.ID, before uint64, limit int) []Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	ct := c.state.contacts[id]
	if ct == nil || limit <= 0 {
		return nil
	}
	end := len(ct.messages)
	if before > 0 {
		end, _ = slices.BinarySearchFunc(ct.messages, before, func(m Message, o uint64) int { return int(int64(m.Order) - int64(o)) })
	}
	return slices.Clone(ct.messages[max(0, end-limit):end])
}

// MarkRead marks everything of a contact as shown to the person, and owes the
// contact receipts for it.
func (c *Client) MarkRead(ctx context.Context, id wire.ID) error {
	return c.markRead(ctx, id, func(Message) bool { return true })
}

// MarkShown marks some messages of a contact as shown.
func (c *Client) MarkShown(ctx context.Context, id wire.ID, ids ...wire.ID) error {
	return c.markRead(ctx, id, func(m Message) bool { return slices.Contains(ids, m.ID) })
}

func (c *Client) markRead(ctx context.Context, id wire.ID, which func(Message) bool) error {
	c.mu.Lock()
	ct := c.state.contacts[id]
	if ct == nil {
		c.mu.Unlock()
		return unknownContact(id)
	}
	ch := newChange()
	for i := range ct.messages {
		m := &ct.messages[i]
		if m.Mine || m.Seen || !which(*m) {
			continue
		}
		m.Seen = true
		ct.Read = append(ct.Read, m.ID)
		ch.put(messageName(id, *m), *m)
	}
	if len(ch.puts) > 0 {
		ch.contact(ct)
		ch.emit(Event{Kind: ContactsEvent})
	}
	err := c.commit(ctx, ch)
	c.mu.Unlock()
	c.kick()
	return err
}
