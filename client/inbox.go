package client

import (
	"context"
	"errors"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/content"
	"github.com/ringfence/ringfence/wire/letter"
)

var (
	errUnknownSender = errors.New("from somebody who is no contact")
	errWrongKind     = errors.New("a content that has no place in a letter")
)

// clockSlack is how far ahead a sender's clock may be, in milliseconds.
const clockSlack = 24 * 3600 * 1000

// letters reads letters, writes what came of them in one transaction, and
// returns the numbers to acknowledge. A letter that cannot be read is
// acknowledged too: it would never get better.
func (c *Client) letters(ctx context.Context, batch []letter.Letter) ([]uint64, error) {
	for _, l := range batch {
		c.learn(ctx, l)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := newChange()
	numbers := make([]uint64, 0, len(batch))
	for _, l := range batch {
		numbers = append(numbers, l.Number)
		if c.state.seen(l.Number) {
			continue
		}
		c.state.see(ch, l.Number)
		if err := c.read(ch, l); err != nil {
			c.options.Refused(err)
		}
	}
	return numbers, c.commit(ctx, ch)
}

// learn asks the server for what it takes to read a letter: who the sender is,
// when they just became a contact, and their keys. Both are bounded, because a
// letter of an attacker makes us ask.
func (c *Client) learn(ctx context.Context, l letter.Letter) {
	in, err := c.open(l.Envelope)
	if err != nil {
		return
	}
	ct, err := c.find(in.Sender)
	if (err != nil || ct.State != Accepted) && c.lookups.take() {
		if c.Refresh(ctx) != nil {
			return
		}
		ct, err = c.find(in.Sender)
	}
	if err != nil || ct.State != Accepted {
		return
	}
	if ct.Pinned.empty() || in.Type == olmPrekey && !ct.KeysChanged && c.otherKeys(&ct, in) && c.lookups.take() {
		c.mu.Lock()
		c.fresh[in.Sender] = false
		c.mu.Unlock()
		// An error shows when the letter is read: the keys are not there.
		_ = c.check(ctx, in.Sender)
	}
}

// otherKeys tells whether a first message names another device than the one
// whose keys are pinned.
func (c *Client) otherKeys(ct *contact, in inside) bool {
	_, err := ct.Sessions.decrypt(c.olm(), ct.Pinned.Curve25519, in.Type, in.Olm)
	return errors.Is(err, errOtherKeys)
}

func (c *Client) olm() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.device.Olm
}

func (c *Client) open(sealed []byte) (inside, error) {
	c.mu.Lock()
	d := c.state.device
	c.mu.Unlock()
	return open(sealed, d.Me.Account, d.Me.Device, d.private)
}

// read opens one letter and takes over what is in it.
func (c *Client) read(ch *change, l letter.Letter) error {
	ct, plain, fresh, err := c.decrypt(ch, l.Envelope)
	if err != nil {
		return err
	}
	m, err := content.Parse(plain)
	if err := c.judge(guard.Message, ct.Account, wire.ID{}, plain, err); err != nil {
		return err
	}
	switch m.Kind {
	case content.Text:
		c.readText(ch, ct, m)
	case content.Receipt:
		for _, id := range m.IDs {
			c.move(ch, ct, id, map[content.State]MessageState{content.Delivered: Delivered, content.Read: Read}[m.State])
		}
	case content.Token:
		ct.Theirs = m.Token[:]
		// A session that begins with a token is an acceptance or an
		// introduction: the other side waits for ours.
		ct.TokenDue = ct.TokenDue || fresh
		ch.emit(Event{Kind: ContactsEvent})
	default:
		return errWrongKind // call parameters come with the call's own messages
	}
	ch.contact(ct)
	return nil
}

// decrypt opens an envelope of an accepted contact. The ratchet moves on, in
// the change, only for a genuine message.
func (c *Client) decrypt(ch *change, sealed []byte) (ct *contact, plain []byte, fresh bool, err error) {
	d := &c.state.device
	in, err := open(sealed, d.Me.Account, d.Me.Device, d.private)
	if err != nil {
		return nil, nil, false, err
	}
	ct = c.state.contacts[in.Sender]
	if ct == nil || ct.State != Accepted || ct.Pinned.empty() {
		return nil, nil, false, errUnknownSender
	}
	got, err := ct.Sessions.decrypt(d.Olm, ct.Pinned.Curve25519, in.Type, in.Olm)
	if err != nil {
		return nil, nil, false, err
	}
	ct.Sessions = got.Sessions
	ch.contact(ct)
	if got.Account != nil {
		d.Olm = got.Account
		ch.device(d)
	}
	return ct, got.Plain, got.Fresh, nil
}

// readText keeps a text that is not here yet.
func (c *Client) readText(ch *change, ct *contact, m content.Content) {
	if _, known := ct.index[m.ID]; known {
		return
	}
	at, now := m.SentAt, c.now()
	if at <= 0 || at > now+clockSlack {
		at = now // a clock that is wrong, or a number meant to upset what shows it
	}
	ct.Delivered = append(ct.Delivered, m.ID)
	c.state.add(ch, ct, Message{ID: m.ID, Text: m.Text, At: at, State: Received})
}
