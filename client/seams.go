package client

import (
	"context"
	"fmt"

	"github.com/ringfence/ringfence/wire"
)

// The seams of the test range: what an emulated client needs that no person
// does. Nothing here is used by the messenger.

// SendRaw writes any bytes as one message on the device socket, past every
// check of this client.
func (c *Client) SendRaw(ctx context.Context, message []byte) error {
	l, err := c.online()
	if err != nil {
		return err
	}
	return l.write(ctx, message)
}

// SocketNonce returns the nonce of the device socket in use, which offers are
// signed with, and the counter that the next offer must exceed.
func (c *Client) SocketNonce() (nonce wire.ID, counter uint64, err error) {
	l, err := c.online()
	if err != nil {
		return wire.ID{}, 0, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.nonce, l.counter, nil
}

// Sign signs any text with the device's key.
func (c *Client) Sign(text []byte) ([64]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	olm, err := c.state.device.account()
	if err != nil {
		return [64]byte{}, err
	}
	signature, err := sign(olm, text)
	if err != nil {
		return [64]byte{}, err
	}
	return [64]byte(signature), nil
}

// SealRaw seals any bytes for a contact as if they were a content, in a size
// class from 0 to 7, or the smallest that fits when class is negative.
func (c *Client) SealRaw(ctx context.Context, id wire.ID, content []byte, class int) ([]byte, error) {
	if class > 7 {
		return nil, fmt.Errorf("size class %d: there are 0 to 7", class)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ct := c.state.contacts[id]
	if ct == nil {
		return nil, unknownContact(id)
	}
	ch := newChange()
	sealed, err := c.sealBytes(ch, ct, content, class, -1)
	if err != nil {
		return nil, err
	}
	return sealed, c.commit(ctx, ch)
}

// DeliveryToken returns the token with which letters to a contact are handed
// in, or nil.
func (c *Client) DeliveryToken(id wire.ID) []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ct := c.state.contacts[id]; ct != nil {
		return ct.Theirs
	}
	return nil
}

// SessionToken returns the token of the session in use.
func (c *Client) SessionToken() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.device.Token
}

// RelayURLs returns the relay addresses of the server's settings.
func (c *Client) RelayURLs() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state.device.Settings.Relay
}
