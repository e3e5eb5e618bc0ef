package client

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/ringfence/ringfence/wire"
)

// token returns the session token, or signs in for another when there is none
// or it is the one that the server no longer takes.
func (c *Client) token(ctx context.Context, refused []byte) ([]byte, error) {
	c.signing.Lock()
	defer c.signing.Unlock()
	c.mu.Lock()
	d := c.state.device
	c.mu.Unlock()
	if !d.Me.Registered() {
		return nil, &Error{Code: "not_registered", What: "this device has no account", Hint: "register with an invite first"}
	}
	if len(d.Token) > 0 && string(d.Token) != string(refused) {
		return d.Token, nil
	}
	token, err := c.signIn(ctx, &d, "")
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.device.Token = token
	ch := newChange()
	ch.device(&c.state.device)
	return token, c.commit(ctx, ch)
}

// signIn proves with the device's key that the account is ours. An appeal goes with
// it where the account is banned.
func (c *Client) signIn(ctx context.Context, d *device, appeal string) ([]byte, error) {
	var challenge struct {
		Nonce string `json:"nonce"`
	}
	in, err := json.Marshal(map[string]wire.ID{"account": d.Me.Account})
	if err != nil {
		return nil, err
	}
	if err := c.request(ctx, Request{Method: post, URL: d.Me.Server + "/v1/session/challenge", Type: "application/json", Body: in}, &challenge); err != nil {
		return nil, err
	}
	nonce, err := b64.DecodeString(challenge.Nonce)
	if err != nil || len(nonce) != 32 {
		return nil, &Error{Code: "protocol", What: "sign-in", Why: errors.New("the server's nonce has another length or spelling")}
	}
	olm, err := d.account()
	if err != nil {
		return nil, err
	}
	signature, err := sign(olm, sessionText(d.ServerID, d.Me.Account, nonce))
	if err != nil {
		return nil, err
	}
	in, err = signInRequest(d.Me.Account, challenge.Nonce, signature, appeal)
	if err != nil {
		return nil, err
	}
	var out struct {
		Token  string  `json:"token"`
		Device wire.ID `json:"device"`
	}
	err = c.request(ctx, Request{Method: post, URL: d.Me.Server + "/v1/session", Type: "application/json", Body: in}, &out)
	if err != nil {
		return nil, signInRefused(err)
	}
	if out.Device != d.Me.Device {
		return nil, &Error{Code: "signed_out", What: "sign-in", Why: errors.New("another device has replaced this one")}
	}
	return b64.DecodeString(out.Token)
}

// SignOut ends the session and the connection. The keys stay on this device:
// the next Connect signs in again.
func (c *Client) SignOut(ctx context.Context) error {
	if err := c.api(ctx, remove, "/v1/session", nil, nil); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.state.device.Token = nil
	ch := newChange()
	ch.device(&c.state.device)
	ch.emit(Event{Kind: ConnectionEvent, State: SignedOut})
	err := c.commit(ctx, ch)
	c.stop()
	return err
}

// DeleteAccount deletes the account at the server and then everything that is
// kept here. The client is of no use afterwards but to be closed.
func (c *Client) DeleteAccount(ctx context.Context) error {
	if err := c.api(ctx, remove, "/v1/account", nil, nil); err != nil {
		return err
	}
	kept, err := c.options.Keep.Load(ctx)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := newChange()
	for name := range kept {
		ch.drop(name)
	}
	ch.emit(Event{Kind: ConnectionEvent, State: SignedOut})
	c.state = newState()
	err = c.commit(ctx, ch)
	c.stop()
	return err
}
