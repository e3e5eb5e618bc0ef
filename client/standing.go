package client

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"

	"github.com/ringfence/ringfence/wire"
)

// Terms are a server's terms of service; an empty version: there are none.
type Terms struct {
	Version string `json:"version"`
	Text    string `json:"text"`
	SHA256  string `json:"sha256"` // of the text: who accepts names it
}

// Standing is how this account stands at its server.
type Standing struct {
	Held     bool   `json:"held"`     // its calls ring only with people who know it, until somebody has looked
	Ban      string `json:"ban"`      // the decision that this goes back to
	Since    int64  `json:"since"`    // Unix milliseconds
	Appealed bool   `json:"appealed"` // this person has said something about it
	Terms    string `json:"terms"`    // version of the terms of service; "": there are none
	Accepted bool   `json:"accepted"` // this person accepted them, or there are none
}

// Terms returns the terms of service of a server, or of this account's own where
// none is named. What is returned is what the hash is of.
func (c *Client) Terms(ctx context.Context, server string) (t Terms, err error) {
	base := c.Me().Server
	if server != "" {
		if base, err = baseURL(server); err != nil {
			return t, err
		}
	}
	if err = c.request(ctx, Request{Method: get, URL: base + "/v1/terms"}, &t); err != nil {
		return t, err
	}
	if sum := sha256.Sum256([]byte(t.Text)); t.Version != "" && t.SHA256 != hex.EncodeToString(sum[:]) {
		return Terms{}, &Error{Code: "protocol", What: "terms of service", Why: errors.New("their hash is another than the server says")}
	}
	return t, nil
}

// AcceptTerms says that the person has read and accepts terms. Before Register they
// go with it; afterwards they are told to the server at once.
func (c *Client) AcceptTerms(ctx context.Context, t Terms) error {
	c.mu.Lock()
	registered := c.state.device.Me.Registered()
	c.accepted = t.SHA256
	c.mu.Unlock()
	if !registered {
		return nil
	}
	return c.api(ctx, post, "/v1/terms", map[string]string{"sha256": t.SHA256}, nil)
}

func (c *Client) acceptedTerms() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.accepted
}

// Standing asks the server how this account stands.
func (c *Client) Standing(ctx context.Context) (s Standing, err error) {
	return s, c.api(ctx, get, "/v1/standing", nil, &s)
}

// Object tells the server's people what this person says to calls being held back
// (Standing.Held), or, when the server lets this account in no more, to that: once.
func (c *Client) Object(ctx context.Context, text string) error {
	err := c.api(ctx, post, "/v1/standing", map[string]string{"text": text}, nil)
	var e *Error
	if !errors.As(err, &e) || e.Code != "banned" && e.Code != "banned_appealed" {
		return err
	}
	c.signing.Lock()
	defer c.signing.Unlock()
	c.mu.Lock()
	d := c.state.device
	c.mu.Unlock()
	_, err = c.signIn(ctx, &d, text)
	if errors.As(err, &e) && e.Code == "banned_appealed" {
		return nil // the refusal says that it was received
	}
	return err
}

// signInRequest is how a device proves whose account it is; with what the person
// says to being let in no more, if anything.
func signInRequest(account wire.ID, nonce string, signature []byte, appeal string) ([]byte, error) {
	return json.Marshal(struct {
		Account   wire.ID `json:"account"`
		Nonce     string  `json:"nonce"`
		Signature string  `json:"signature"`
		Appeal    string  `json:"appeal,omitempty"`
	}{account, nonce, b64.EncodeToString(signature), appeal})
}

// signInRefused is the error of a sign-in that the server refused: with its own
// words where the account is banned.
func signInRefused(err error) error {
	var e *Error
	if errors.As(err, &e) && (e.Code == "banned" || e.Code == "banned_appealed" || e.Code == "appeal") {
		return e
	}
	if s := status(err); s == 401 || s == 403 || s == 404 {
		return &Error{Code: "signed_out", What: "sign-in", Why: err, Hint: "the account is gone or blocked, or another device has replaced this one", Status: s}
	}
	return err
}
