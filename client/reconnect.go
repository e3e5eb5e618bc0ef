package client

import (
	"context"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/content"
)

// A connected call whose device socket is lost goes on: its media has a way of
// its own. Where that way breaks, the two ends restart ICE (RFC 8445 §9): the
// callee sends other credentials, the caller answers with others of its own, and
// a caller that needs a restart asks the callee for it.

// reconnectTime is how long a call waits for our own connection, a little longer
// than the server waits for us.
const reconnectTime = 20 * time.Second

// Restart sends this end's part of an ICE restart: new credentials, with the
// certificate of the answer. The callee may begin one in a connected call at any
// time, also anew while it waits for the caller's part; the caller answers a
// RestartEvent.
func (c *Client) Restart(ctx context.Context, id wire.ID, local Local) error {
	l, _, sealed, err := c.advanceCall(ctx, id, guard.Restart, &local)
	if err != nil {
		return err
	}
	return l.write(ctx, call.Message{Type: call.TypeRestart, Call: id, Envelope: sealed}.AppendTo(nil))
}

// AskRestart asks the callee of a connected call for an ICE restart.
func (c *Client) AskRestart(ctx context.Context, id wire.ID) error {
	l, _, _, err := c.advanceCall(ctx, id, guard.Ask, nil)
	if err != nil {
		return err
	}
	return l.write(ctx, callMessage(call.TypeAsk, id))
}

// loseConnection lets a connected call wait for our next connection. Another
// call is over, and the server learns so when it is there again. c.mu is held.
func (c *Client) loseConnection(lc *liveCall) {
	next, ok := guard.Next(lc.state, lc.role, guard.Lose)
	if !ok || c.ctx.Err() != nil {
		if lc.state != guard.Ringing {
			c.left = append(c.left, lc.id)
		}
		c.endCall(lc.id, call.Failed)
		return
	}
	if lc.state.Away(lc.role) {
		return // another try came to nothing
	}
	lc.state = next
	lc.expiry = time.AfterFunc(reconnectTime, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if lc.state.Away(lc.role) {
			c.endCall(lc.id, call.Failed)
		}
	})
	c.emit(Event{Kind: ReconnectingEvent, Call: lc.id, Account: c.state.device.Me.Account})
}

// leaveLater leaves a connected call although the server cannot be told now.
func (c *Client) leaveLater(id wire.ID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	lc := c.calls[id]
	if lc == nil || c.link != nil {
		return false
	}
	c.left = append(c.left, id)
	c.endCall(id, call.HungUp)
	return true
}

// resume returns what the server must be told first on a new connection: the
// calls that we have left, and those that we are still in. c.mu is held.
func (c *Client) resume() (messages [][]byte) {
	for _, id := range c.left {
		messages = append(messages, callMessage(call.TypeHangUp, id))
	}
	c.left = nil
	for id := range c.calls {
		messages = append(messages, callMessage(call.TypeResume, id))
	}
	return messages
}

// peerRole is the other end's role in the call.
func (lc *liveCall) peerRole() guard.Role { return lc.role.Other() }

// whoIsThere takes the server's word that both ends of a call are connected, or
// that the other one is not and is waited for. c.mu is held.
func (c *Client) whoIsThere(m call.Message) {
	lc := c.calls[m.Call]
	if lc == nil {
		return
	}
	back, ok := guard.Next(lc.state, lc.role, guard.Resume)
	if !ok {
		return
	}
	theirs, e := guard.Resume, Event{Kind: ReconnectedEvent, Call: m.Call, Account: lc.peer}
	if m.Type == call.TypeAway {
		theirs, e.Kind = guard.Lose, ReconnectingEvent
	}
	if next, ok := guard.Next(back, lc.peerRole(), theirs); ok {
		back = next
	}
	lc.state = back
	if lc.expiry != nil {
		lc.expiry.Stop()
	}
	c.emit(e)
}

// asked takes the caller's wish for an ICE restart. One that is under way is the
// answer to it. c.mu is held.
func (c *Client) asked(m call.Message) {
	lc := c.calls[m.Call]
	if lc == nil || lc.role != guard.Callee {
		return
	}
	if next, ok := guard.Next(lc.state, guard.Caller, guard.Ask); ok && next == guard.Joined {
		c.emit(Event{Kind: RestartAskedEvent, Call: m.Call, Account: lc.peer, Media: lc.media})
	}
}

// restarted takes the other end's part of an ICE restart. One that does not fit
// the call's state, or was overtaken by a newer one, changes nothing; one that
// changes more than the ICE credentials ends the call. c.mu is held.
func (c *Client) restarted(ctx context.Context, l *link, m call.Message) {
	lc := c.calls[m.Call]
	if lc == nil {
		return
	}
	next, ok := guard.Next(lc.state, lc.peerRole(), guard.Restart)
	if !ok {
		return
	}
	sent, err := c.openFor(ctx, lc, m.Envelope)
	if err == nil && sent.Kind != content.Restart {
		err = errParameters
	}
	if err != nil {
		c.giveUp(l, lc, err)
		return
	}
	r := sent.Restart
	if lc.role == guard.Callee && r.Number != lc.restarts || lc.role == guard.Caller && r.Number <= lc.restarts {
		return
	}
	lc.state, lc.restarts = next, r.Number
	c.emit(Event{Kind: RestartEvent, Call: m.Call, Account: lc.peer, Media: lc.media, Remote: r.Parameters})
}
