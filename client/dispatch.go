package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/letter"
	"github.com/ringfence/ringfence/wire/ring"
)

// dispatch reads one message of the server. What the protocol does not have
// ends the connection: a server that sends it is not ours, or not whole.
func (l *link) dispatch(ctx context.Context, b []byte) error {
	if len(b) == 0 {
		return protocolError(errors.New("an empty message"))
	}
	switch b[0] {
	case call.TypeLetter:
		return l.arrived(ctx, b)
	case call.TypeDrained:
		return l.queue(ctx, letter.Letter{})
	case call.TypeSettings:
		return l.c.takeSettings(ctx, b[1:])
	case call.TypeNotice:
		return l.c.takeNotice(ctx, b[1:])
	case ring.Type:
		r, err := ring.Parse(b)
		if err := l.c.judge(guard.Message, wire.ID{}, r.Call, b, err); err != nil {
			return protocolError(err)
		}
		l.c.ring(r)
		return nil
	}
	m, err := call.Parse(b)
	if err := l.c.judge(guard.Message, wire.ID{}, m.Call, b, err); err != nil {
		return protocolError(err)
	}
	l.step(ctx, m)
	return nil
}

func protocolError(err error) error {
	return &Error{Code: "protocol", What: "a message of the server", Why: err, Hint: "client and server may be of different versions"}
}

// arrived queues a letter. It waits when the disk is slower than the server,
// which then waits too.
func (l *link) arrived(ctx context.Context, b []byte) error {
	m, err := letter.Parse(b)
	if err != nil {
		return protocolError(err)
	}
	m.Envelope = bytes.Clone(m.Envelope)
	return l.queue(ctx, m)
}

func (l *link) queue(ctx context.Context, m letter.Letter) error {
	select {
	case l.mail <- m:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// takeSettings puts the server's settings in force, when they are the server's.
func (c *Client) takeSettings(ctx context.Context, b []byte) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	d := &c.state.device
	s, err := c.openSettings(b, d.ServerID, d.Settings.Serial)
	if err != nil {
		return err
	}
	tooOld := s.MinimumBuild > c.options.Build
	ch := newChange()
	if tooOld != (d.Settings.MinimumBuild > c.options.Build) {
		state := Online
		if tooOld {
			state = BuildTooOld
		}
		ch.emit(Event{Kind: ConnectionEvent, State: state})
	}
	d.Settings = s
	ch.device(d)
	return c.commit(ctx, ch)
}

// told is a notice of the server, on the socket and in GET /v1/notices.
type told struct {
	Kind     string  `json:"kind"`
	Account  wire.ID `json:"account"`
	Name     string  `json:"name"`
	Media    string  `json:"media"`
	At       int64   `json:"at"`
	Count    int     `json:"count"`
	Call     wire.ID `json:"call"`
	Reported bool    `json:"reported"`
}

// shown are the kinds of notices that this person is shown.
var shown = map[string]bool{"missed": true, "held_back": true, "campaign": true, "new_account": true, "answered": true, "declined": true, "expired": true}

func (c *Client) takeNotice(ctx context.Context, b []byte) error {
	var n told
	if err := strict(b, &n); err != nil {
		return protocolError(err)
	}
	if shown[n.Kind] {
		c.mu.Lock()
		v := c.noticeView(n)
		c.mu.Unlock()
		c.emit(Event{Kind: HeldBackEvent, Notice: v})
		return nil
	}
	switch n.Kind {
	case "knock", "accepted", "removed":
		c.background(func(ctx context.Context) { _ = c.Refresh(ctx) })
	case "security":
		c.background(func(ctx context.Context) { _ = c.RefreshSecurity(ctx) })
	case "keys_changed":
		return c.markChanged(ctx, n.Account)
	}
	return nil
}

// background runs something that asks the server, so that the reader of the
// socket does not wait for it.
func (c *Client) background(f func(context.Context)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return
	}
	c.running.Go(func() { f(c.ctx) })
}

func (c *Client) markChanged(ctx context.Context, id wire.ID) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	ct := c.state.contacts[id]
	c.fresh[id] = false
	if ct == nil || ct.State != Accepted || ct.Pinned.empty() {
		return nil
	}
	ch := newChange()
	c.changed(ch, ct)
	return c.commit(ctx, ch)
}

// noticeView shows a notice under the name that this person gave the contact.
func (c *Client) noticeView(n told) Notice {
	v := Notice{Kind: n.Kind, Account: n.Account, Name: clean(n.Name, maxName), At: n.At, Count: n.Count, Media: wire.Sound, Call: n.Call, Reported: n.Reported}
	if n.Media == wire.Video.String() {
		v.Media = wire.Video
	}
	if ct := c.state.contacts[n.Account]; ct != nil {
		v.Name = ct.Name
	}
	return v
}

// Notices returns the calls at this person of the last 30 days, and word of
// letters that expired, as the server has them.
func (c *Client) Notices(ctx context.Context) ([]Notice, error) {
	var out struct {
		Notices []json.RawMessage `json:"notices"`
	}
	if err := c.api(ctx, get, "/v1/notices", nil, &out); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	all := []Notice{}
	for _, raw := range out.Notices {
		var n told
		if err := strict(raw, &n); err != nil {
			return nil, protocolError(err)
		}
		if shown[n.Kind] {
			all = append(all, c.noticeView(n))
		}
	}
	return all, nil
}
