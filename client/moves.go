package client

import (
	"context"
	"errors"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/content"
)

// Answer accepts a call that rings: it signs the accept, seals this end's
// parameters for the caller, and returns where the media goes once the server
// has granted it.
func (c *Client) Answer(ctx context.Context, id wire.ID, local Local) (Relay, error) {
	l, lc, sealed, err := c.advanceCall(ctx, id, guard.Accept, &local)
	if err != nil {
		return Relay{}, err
	}
	c.mu.Lock()
	olm, err := c.state.device.account()
	device := c.state.device.Me.Device
	c.mu.Unlock()
	if err != nil {
		return Relay{}, err
	}
	signature, err := sign(olm, acceptText(id, device))
	if err != nil {
		return Relay{}, err
	}
	m := call.Message{Type: call.TypeAccept, Call: id, Signature: [64]byte(signature), Envelope: sealed}
	if err := l.write(ctx, m.AppendTo(nil)); err != nil {
		return Relay{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	select {
	case relay := <-lc.granted:
		return relay, nil
	case <-lc.over:
		return Relay{}, callError(id, "answering", lc.reason)
	case <-ctx.Done():
		return Relay{}, &Error{Code: "failed", What: "answering", Why: ctx.Err(), Hint: "try again"}
	}
}

// Join sends the caller's parameters, after the callee has answered.
func (c *Client) Join(ctx context.Context, id wire.ID, local Local) error {
	l, _, sealed, err := c.advanceCall(ctx, id, guard.Join, &local)
	if err != nil {
		return err
	}
	return l.write(ctx, call.Message{Type: call.TypeJoin, Call: id, Envelope: sealed}.AppendTo(nil))
}

// Connected says that the first frame of the other end is here.
func (c *Client) Connected(ctx context.Context, id wire.ID) error {
	l, _, _, err := c.advanceCall(ctx, id, guard.Connected, nil)
	if err != nil {
		return err
	}
	return l.write(ctx, callMessage(call.TypeConnected, id))
}

// Decline refuses a call that rings.
func (c *Client) Decline(ctx context.Context, id wire.ID) error {
	return c.leave(ctx, id, guard.Decline, call.Declined)
}

// Cancel takes back a call of ours that rings.
func (c *Client) Cancel(ctx context.Context, id wire.ID) error {
	return c.leave(ctx, id, guard.Cancel, call.Cancelled)
}

// HangUp ends a call that was answered; one that still rings is declined or
// cancelled.
func (c *Client) HangUp(ctx context.Context, id wire.ID) error {
	c.mu.Lock()
	lc := c.calls[id]
	move, reason := guard.HangUp, call.HungUp
	if lc != nil && lc.state == guard.Ringing {
		move, reason = guard.Decline, call.Declined
		if lc.role == guard.Caller {
			move, reason = guard.Cancel, call.Cancelled
		}
	}
	c.mu.Unlock()
	return c.leave(ctx, id, move, reason)
}

var leaving = map[guard.Move]byte{guard.Decline: call.TypeDecline, guard.Cancel: call.TypeCancel, guard.HangUp: call.TypeHangUp}

func (c *Client) leave(ctx context.Context, id wire.ID, move guard.Move, why call.Reason) error {
	if c.leaveLater(id) {
		return nil
	}
	l, _, _, err := c.advanceCall(ctx, id, move, nil)
	if err != nil {
		return err
	}
	err = l.write(ctx, callMessage(leaving[move], id))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.endCall(id, why)
	return err
}

// advanceCall makes a move of ours in a call, where the call state machine
// allows it, and seals the parameters that go with it.
func (c *Client) advanceCall(ctx context.Context, id wire.ID, move guard.Move, local *Local) (*link, *liveCall, []byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	lc := c.calls[id]
	if lc == nil || c.link == nil {
		return nil, nil, nil, &Error{Code: "no_call", What: "the call", Why: errors.New("it is over"), Hint: "call again"}
	}
	next, ok := guard.Next(lc.state, lc.role, move)
	if !ok {
		return nil, nil, nil, &Error{Code: "wrong_state", What: "the call", Why: errors.New("no " + string(move) + " while " + string(lc.state) + " as " + string(lc.role))}
	}
	var sealed []byte
	if local != nil {
		var err error
		if sealed, err = c.sealParameters(ctx, lc, move, *local); err != nil {
			return nil, nil, nil, err
		}
	}
	lc.state = next
	if lc.expiry != nil {
		lc.expiry.Stop()
	}
	return c.link, lc, sealed, nil
}

// sealParameters seals this end's parameters for the other end, as they go with
// a move. c.mu is held.
func (c *Client) sealParameters(ctx context.Context, lc *liveCall, move guard.Move, local Local) ([]byte, error) {
	p := call.Parameters{Call: lc.id, Leg: call.Callee, Media: lc.media, Ufrag: local.Ufrag, Password: local.Password, Fingerprint: local.Fingerprint}
	if lc.role == guard.Caller {
		p.Leg = call.Caller
	}
	err := p.Check()
	m := content.Content{Kind: content.Parameters, Call: p}
	if move == guard.Restart {
		m = content.Content{Kind: content.Restart, Restart: call.Restart{Number: lc.restarts, Parameters: p}}
		if lc.role == guard.Callee {
			m.Restart.Number++
		}
		err = errors.Join(err, m.Restart.Follows(lc.ours))
	}
	if err != nil {
		return nil, &Error{Code: "usage", What: "this device's media parameters", Why: err}
	}
	ct := c.state.contacts[lc.peer]
	if ct == nil {
		return nil, unknownContact(lc.peer)
	}
	ch := newChange()
	sealed, err := c.sealFor(ch, ct, m, 1, -1)
	if err != nil {
		return nil, err
	}
	if move == guard.Restart {
		lc.restarts = m.Restart.Number
	} else {
		lc.ours = p
	}
	return sealed, c.commit(ctx, ch)
}
