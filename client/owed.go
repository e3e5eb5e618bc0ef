package client

import (
	"context"
	"errors"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/content"
)

// flush sends what this device owes: revocations to the server, delivery tokens
// and receipts to contacts. What does not get there stays owed, and goes with
// the next connection.
func (c *Client) flush(ctx context.Context) error {
	c.posting.Lock()
	defer c.posting.Unlock()
	errs := []error{c.flushRevoked(ctx)}
	for _, id := range c.owing() {
		if err := c.flushContact(ctx, id); err != nil {
			errs = append(errs, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}

// owing returns the contacts that something is owed to and can be sent to.
func (c *Client) owing() (ids []wire.ID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for id, ct := range c.state.contacts {
		owed := ct.Introduce || ct.canWrite() && (ct.TokenDue || len(ct.Delivered)+len(ct.Read) > 0)
		if ct.State == Accepted && !ct.KeysChanged && owed {
			ids = append(ids, id)
		}
	}
	return ids
}

func (c *Client) flushContact(ctx context.Context, id wire.ID) error {
	ct, err := c.find(id)
	if err != nil {
		return err
	}
	if ct.Introduce {
		return c.introduce(ctx, id)
	}
	if err := c.check(ctx, id); err != nil {
		return err
	}
	if ct.TokenDue {
		if err := c.giveToken(ctx, id); err != nil {
			return err
		}
	}
	return c.flushReceipts(ctx, id)
}

func (c *Client) introduce(ctx context.Context, id wire.ID) error {
	c.people.Lock()
	defer c.people.Unlock()
	return c.greet(ctx, id, "introduce", nil, func(*contact) {})
}

// giveToken registers a delivery token for a contact and tells it to them.
func (c *Client) giveToken(ctx context.Context, id wire.ID) error {
	token, err := c.ownToken(ctx, id)
	if err != nil {
		return err
	}
	m := content.Content{Kind: content.Token, Token: [32]byte(token)}
	err = c.deliver(ctx, id, m, func(ct *contact) {
		ct.TokenDue = false
		c.state.device.Revoke = append(c.state.device.Revoke, ct.Retired...)
		ct.Retired = nil
	})
	if err != nil {
		return err
	}
	return c.flushRevoked(ctx)
}

// RotateToken gives a contact another delivery token and revokes the one that
// it had, when the contact has been told: where somebody else may have come by
// it. What the contact sends in between with the old one is refused.
func (c *Client) RotateToken(ctx context.Context, id wire.ID) error {
	if err := c.retire(ctx, id); err != nil {
		return err
	}
	c.posting.Lock()
	defer c.posting.Unlock()
	return c.giveToken(ctx, id)
}

func (c *Client) retire(ctx context.Context, id wire.ID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	ct := c.state.contacts[id]
	if ct == nil {
		return unknownContact(id)
	}
	if err := ct.ready(); err != nil {
		return err
	}
	if len(ct.Ours) > 0 {
		ct.Retired = append(ct.Retired, hashed(ct.Ours))
	}
	ct.Ours, ct.TokenDue = newToken(), true
	ch := newChange()
	ch.contact(ct)
	return c.commit(ctx, ch)
}

// ownToken returns the token for a contact; a new one is on disk before the
// server knows its hash, so that it can always be revoked.
func (c *Client) ownToken(ctx context.Context, id wire.ID) ([]byte, error) {
	c.mu.Lock()
	ct := c.state.contacts[id]
	if ct == nil {
		c.mu.Unlock()
		return nil, unknownContact(id)
	}
	var err error
	if len(ct.Ours) == 0 {
		ct.Ours = newToken()
		ch := newChange()
		ch.contact(ct)
		err = c.commit(ctx, ch)
	}
	token := ct.Ours
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return token, c.api(ctx, post, "/v1/tokens", map[string]string{"hash": hashed(token)}, nil)
}

func (c *Client) flushReceipts(ctx context.Context, id wire.ID) error {
	for {
		ct, err := c.find(id)
		if err != nil {
			return err
		}
		m := content.Content{Kind: content.Receipt, State: content.Read, IDs: ct.Read}
		if len(ct.Read) == 0 {
			m.State, m.IDs = content.Delivered, ct.Delivered
		}
		m.IDs = m.IDs[:min(len(m.IDs), content.MaxReceipts)]
		if len(m.IDs) == 0 {
			return nil
		}
		err = c.deliver(ctx, id, m, func(ct *contact) { ct.paid(m) })
		if err != nil {
			return err
		}
	}
}

// paid takes receipts off what is owed; who was told that a text was read need
// not be told that it was delivered.
func (ct *contact) paid(m content.Content) {
	told := map[wire.ID]bool{}
	for _, id := range m.IDs {
		told[id] = true
	}
	ct.Delivered = without(ct.Delivered, told)
	if m.State == content.Read {
		ct.Read = without(ct.Read, told)
	}
}

func without(ids []wire.ID, told map[wire.ID]bool) (rest []wire.ID) {
	for _, id := range ids {
		if !told[id] {
			rest = append(rest, id)
		}
	}
	return rest
}

// deliver sends a content that is no text to a contact; done is applied when
// the server has it on disk.
func (c *Client) deliver(ctx context.Context, id wire.ID, m content.Content, done func(*contact)) error {
	token, sealed, err := c.prepare(ctx, id, m)
	if err != nil {
		return err
	}
	if err := c.handIn(ctx, token, sealed); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ct := c.state.contacts[id]
	if ct == nil {
		return nil
	}
	done(ct)
	ch := newChange()
	ch.contact(ct)
	ch.device(&c.state.device)
	return c.commit(ctx, ch)
}

func (c *Client) prepare(ctx context.Context, id wire.ID, m content.Content) ([]byte, []byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ct := c.state.contacts[id]
	if ct == nil {
		return nil, nil, unknownContact(id)
	}
	if err := ct.ready(); err != nil {
		return nil, nil, err
	}
	ch := newChange()
	sealed, err := c.sealFor(ch, ct, m, -1, -1)
	if err != nil {
		return nil, nil, err
	}
	return ct.Theirs, sealed, c.commit(ctx, ch)
}

// flushRevoked makes the server forget delivery tokens.
func (c *Client) flushRevoked(ctx context.Context) error {
	c.mu.Lock()
	hashes := c.state.device.Revoke
	c.mu.Unlock()
	for _, h := range hashes {
		if err := c.api(ctx, remove, "/v1/tokens/"+h, nil, nil); err != nil && status(err) != 404 {
			return err
		}
	}
	if len(hashes) == 0 {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.device.Revoke = c.state.device.Revoke[len(hashes):]
	ch := newChange()
	ch.device(&c.state.device)
	return c.commit(ctx, ch)
}
