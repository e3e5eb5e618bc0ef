package client

import (
	"context"
	"errors"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/content"
	"github.com/ringfence/ringfence/wire/ring"
)

// answerTime bounds how long the server may take to answer a message of a call.
const answerTime = 15 * time.Second

// liveCall is one call as this device sees it; package guard has the states.
type liveCall struct {
	id      wire.ID
	peer    wire.ID
	role    guard.Role
	state   guard.State
	media   wire.Media
	granted chan Relay // to the callee, after its accept
	over    chan struct{}
	reason  call.Reason // why it is over
	expiry  *time.Timer // of a ring, or of waiting for our own connection

	ours, theirs call.Parameters // as they were at the answer
	restarts     uint16          // number of the last ICE restart
}

// offered is what the server answered to an offer.
type offered struct {
	call   wire.ID
	reason call.Reason // 0: it rings
}

func callError(id wire.ID, what string, reason call.Reason) error {
	return &Error{Code: ReasonCode(reason), What: what, Why: errors.New(reason.String())}
}

// ReasonCode spells a reason in one word, for scripts.
func ReasonCode(r call.Reason) string {
	codes := map[call.Reason]string{call.HungUp: "hung_up", call.Elsewhere: "elsewhere", call.TooMany: "too_many"}
	if s := codes[r]; s != "" {
		return s
	}
	return r.String()
}

// ring begins a call that somebody makes to us. It rings only for an accepted
// contact whose keys are the ones we know, and while no other call is under
// way; for everybody else the server's ring runs out.
func (c *Client) ring(r ring.Ring) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ct := c.state.contacts[r.Caller]
	if ct == nil || ct.State != Accepted || len(c.calls) > 0 {
		return
	}
	if ct.KeysChanged {
		c.emit(Event{Kind: HeldBackEvent, Notice: Notice{Kind: "held_back", Account: ct.Account, Name: ct.Name, Media: r.Media, At: c.now(), Count: 1, Call: r.Call}})
		return
	}
	ttl := time.Duration(r.TTL) * time.Millisecond
	l := newCall(r.Call, r.Caller, guard.Callee, r.Media)
	l.expiry = time.AfterFunc(ttl, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if l.state == guard.Ringing {
			c.endCall(l.id, call.Missed)
		}
	})
	c.calls[r.Call] = l
	c.emit(Event{Kind: RingEvent, Call: r.Call, Account: ct.Account, Name: ct.Name, Media: r.Media, TTL: ttl})
}

func newCall(id, peer wire.ID, role guard.Role, media wire.Media) *liveCall {
	return &liveCall{id: id, peer: peer, role: role, state: guard.Ringing, media: media, granted: make(chan Relay, 1), over: make(chan struct{})}
}

// endCall forgets a call and tells about it. c.mu is held.
func (c *Client) endCall(id wire.ID, why call.Reason) {
	l := c.calls[id]
	if l == nil {
		return
	}
	delete(c.calls, id)
	if l.expiry != nil {
		l.expiry.Stop()
	}
	l.state, l.reason = guard.Ended, why
	close(l.over)
	c.emit(Event{Kind: EndedEvent, Call: id, Account: l.peer, Media: l.media, Reason: why})
}

// Call rings a contact and returns the call's id when it rings there. A refusal
// is an Error whose code is the reason.
func (c *Client) Call(ctx context.Context, id wire.ID, media wire.Media) (wire.ID, error) {
	if err := c.Connect(ctx); err != nil {
		return wire.ID{}, err
	}
	ct, err := c.find(id)
	if err != nil {
		return wire.ID{}, err
	}
	if err := ct.ready(); err != nil {
		return wire.ID{}, err
	}
	if c.onlineState() == BuildTooOld {
		return wire.ID{}, &Error{Code: "build_too_old", What: "calling " + ct.Name, Why: errors.New("this build is older than the server requires"), Hint: "get the newest one"}
	}
	if err := c.check(ctx, id); err != nil {
		return wire.ID{}, err
	}
	l, err := c.online()
	if err != nil {
		return wire.ID{}, err
	}
	m, answer, err := l.offer(id, media)
	if err != nil {
		return wire.ID{}, err
	}
	if err := l.write(ctx, m.AppendTo(nil)); err != nil {
		return wire.ID{}, err
	}
	return l.ringing(ctx, ct.Name, m.Counter, answer)
}

func (c *Client) online() (*link, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == nil {
		return nil, &Error{Code: "offline", What: "the device socket", Why: errors.New("not connected"), Hint: "try again"}
	}
	return c.link, nil
}

// offer makes a signed offer that only this socket can use, once.
func (l *link) offer(callee wire.ID, media wire.Media) (call.Message, <-chan offered, error) {
	c := l.c
	c.mu.Lock()
	olm, err := c.state.device.account()
	c.mu.Unlock()
	if err != nil {
		return call.Message{}, nil, err
	}
	answer := make(chan offered, 1)
	l.mu.Lock()
	l.counter++
	m := call.Message{Type: call.TypeOffer, Callee: callee, Media: media, Counter: l.counter}
	l.offers[m.Counter] = answer
	l.mu.Unlock()
	// What the offer is about is needed when it rings, which may be before
	// Call goes on.
	signature, err := sign(olm, offerText(l.nonce, m.Counter, callee, media))
	if err != nil {
		return call.Message{}, nil, err
	}
	m.Signature = [64]byte(signature)
	c.mu.Lock()
	c.outgoing[m.Counter] = m
	c.mu.Unlock()
	return m, answer, nil
}

// ringing waits for the server's answer to an offer.
func (l *link) ringing(ctx context.Context, name string, counter uint64, answer <-chan offered) (wire.ID, error) {
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	select {
	case o, ok := <-answer:
		switch {
		case !ok:
			return wire.ID{}, &Error{Code: "offline", What: "calling " + name, Why: errors.New("the connection was lost"), Hint: "try again"}
		case o.reason != 0:
			return wire.ID{}, callError(o.call, "calling "+name, o.reason)
		}
		return o.call, nil
	case <-ctx.Done():
		l.mu.Lock()
		delete(l.offers, counter)
		l.mu.Unlock()
		return wire.ID{}, &Error{Code: "failed", What: "calling " + name, Why: ctx.Err(), Hint: "try again"}
	}
}

// step takes a message of the server that moves a call on. One that does not
// fit the call's state changes nothing (R4).
func (l *link) step(ctx context.Context, m call.Message) {
	c := l.c
	c.mu.Lock()
	defer c.mu.Unlock()
	switch m.Type {
	case call.TypeRinging, call.TypeRefused:
		l.answerOffer(m)
	case call.TypeEnded:
		c.endCall(m.Call, m.Reason)
	case call.TypeAnswered:
		c.answered(ctx, l, m)
	case call.TypeGranted:
		if lc := c.calls[m.Call]; lc != nil && lc.role == guard.Callee && lc.state == guard.Answered {
			select {
			case lc.granted <- c.relay(m.Call, call.Callee, m.Password):
			default: // granted twice
			}
		}
	case call.TypeJoined:
		c.joined(ctx, l, m)
	case call.TypeAway, call.TypeBack:
		c.whoIsThere(m)
	case call.TypeAsked:
		c.asked(m)
	case call.TypeRestarted:
		c.restarted(ctx, l, m)
	}
}

// answerOffer tells Call what became of its offer. c.mu is held.
func (l *link) answerOffer(m call.Message) {
	l.mu.Lock()
	waiting := l.offers[m.Counter]
	delete(l.offers, m.Counter)
	l.mu.Unlock()
	offer, known := l.c.outgoing[m.Counter]
	delete(l.c.outgoing, m.Counter)
	if waiting == nil || !known {
		if m.Type == call.TypeRinging {
			l.send(callMessage(call.TypeCancel, m.Call)) // nobody waits for it any more
		}
		return
	}
	if m.Type == call.TypeRinging {
		l.c.calls[m.Call] = newCall(m.Call, offer.Callee, guard.Caller, offer.Media)
		l.c.emit(Event{Kind: RingingEvent, Call: m.Call, Account: offer.Callee, Media: offer.Media})
	}
	waiting <- offered{m.Call, m.Reason}
}

// relay makes the credentials of docs/protocol.md, Relay.
func (c *Client) relay(id wire.ID, leg call.Leg, password []byte) Relay {
	return Relay{URLs: c.state.device.Settings.Relay, Username: id.String() + "-" + string(rune(leg)), Credential: string(password)}
}

// answered takes the callee's parameters. c.mu is held.
func (c *Client) answered(ctx context.Context, l *link, m call.Message) {
	lc := c.calls[m.Call]
	if lc == nil || lc.role != guard.Caller || lc.state != guard.Ringing {
		return
	}
	remote, err := c.parameters(ctx, lc, m.Envelope, call.Callee)
	lc.state = guard.Answered
	if err != nil {
		c.giveUp(l, lc, err)
		return
	}
	relay := c.relay(m.Call, call.Caller, m.Password)
	c.emit(Event{Kind: AnsweredEvent, Call: m.Call, Account: lc.peer, Media: lc.media, Relay: relay, Remote: remote})
}

// joined takes the caller's parameters. c.mu is held.
func (c *Client) joined(ctx context.Context, l *link, m call.Message) {
	lc := c.calls[m.Call]
	if lc == nil || lc.role != guard.Callee || lc.state != guard.Answered {
		return
	}
	remote, err := c.parameters(ctx, lc, m.Envelope, call.Caller)
	lc.state = guard.Joined
	if err != nil {
		c.giveUp(l, lc, err)
		return
	}
	c.emit(Event{Kind: JoinedEvent, Call: m.Call, Account: lc.peer, Media: lc.media, Remote: remote})
}

var errParameters = errors.New("parameters of another call, leg, kind of media or person")

// parameters opens the other end's parameters and puts them through the
// device's rules before anything that is not Go sees them (R3, R7, R16).
func (c *Client) parameters(ctx context.Context, lc *liveCall, sealed []byte, leg call.Leg) (call.Parameters, error) {
	m, err := c.openFor(ctx, lc, sealed)
	if err != nil {
		return call.Parameters{}, err
	}
	p := m.Call
	if m.Kind != content.Parameters || p.Call != lc.id || p.Leg != leg || p.Media != lc.media {
		return call.Parameters{}, errParameters
	}
	lc.theirs = p
	return p, nil
}

// openFor opens what the other end of a call sealed, and puts it through the
// device's rules. c.mu is held.
func (c *Client) openFor(ctx context.Context, lc *liveCall, sealed []byte) (content.Content, error) {
	ch := newChange()
	ct, plain, _, err := c.decrypt(ch, sealed)
	if err != nil {
		return content.Content{}, err
	}
	if err := c.commit(ctx, ch); err != nil {
		return content.Content{}, err
	}
	m, err := content.Parse(plain)
	if err == nil && m.Kind == content.Restart {
		err = m.Restart.Follows(lc.theirs)
	}
	if err := c.judge(guard.Parameters, ct.Account, lc.id, plain, err); err != nil {
		return content.Content{}, err
	}
	if ct.Account != lc.peer {
		return content.Content{}, errParameters
	}
	return m, nil
}

// giveUp ends a call whose other end sent something that no honest client
// sends. c.mu is held.
func (c *Client) giveUp(l *link, lc *liveCall, why error) {
	c.options.Refused(why)
	id := lc.id
	c.endCall(id, call.Failed)
	l.send(callMessage(call.TypeHangUp, id))
}

// send writes a message about a call without waiting. When the socket is gone,
// the server finds out by itself.
func (l *link) send(b []byte) {
	l.c.running.Go(func() {
		ctx, cancel := context.WithTimeout(l.c.ctx, answerTime)
		defer cancel()
		_ = l.write(ctx, b)
	})
}
