//go:build js

package main

import (
	"context"
	"syscall/js"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/client/sdp"
	"github.com/ringfence/ringfence/wire"
)

// methods are those of interface Engine in web/app/engine.d.ts.
func (e *engine) methods() map[string]method {
	return map[string]method{
		"open":          e.openMethod,
		"register":      e.register,
		"terms":         e.terms,
		"acceptTerms":   e.acceptTerms,
		"standing":      e.standing,
		"object":        e.objects,
		"connect":       e.connect,
		"signOut":       e.ending((*client.Client).SignOut),
		"deleteAccount": e.ending((*client.Client).DeleteAccount),

		"contacts":    e.contacts,
		"knock":       e.knock,
		"accept":      e.about((*client.Client).Accept),
		"remove":      e.about((*client.Client).Remove),
		"rename":      e.rename,
		"safety":      e.safety,
		"confirmKeys": e.confirmKeys,

		"messages": e.messages,
		"send":     e.send,
		"read":     e.about((*client.Client).MarkRead),
		"notices":  e.notices,

		"security":     e.security,
		"knowsCode":    e.knowsCode,
		"readNotice":   e.readNotice,
		"answerNotice": e.answerNotice,

		"report":      e.about((*client.Client).Report),
		"reportKnock": e.about((*client.Client).ReportKnock),

		"call":      e.call,
		"accepting": e.accepting,
		"answer":    e.answer,
		"join":      e.join,
		"connected": e.about((*client.Client).Connected),
		"decline":   e.about((*client.Client).Decline),
		"cancel":    e.about((*client.Client).Cancel),
		"hangUp":    e.about((*client.Client).HangUp),

		"restart":    e.restart,
		"askRestart": e.about((*client.Client).AskRestart),
	}
}

// about makes a method of what takes one id and returns nothing.
func (e *engine) about(do func(*client.Client, context.Context, wire.ID) error) method {
	return func(ctx context.Context, a arguments) (any, error) {
		c, err := e.get()
		if err != nil {
			return nil, err
		}
		id, err := a.id(0)
		if err != nil {
			return nil, err
		}
		return nil, do(c, ctx, id)
	}
}

// ending makes a method of what ends the use of the client.
func (e *engine) ending(do func(*client.Client, context.Context) error) method {
	return func(ctx context.Context, _ arguments) (any, error) {
		c, err := e.get()
		if err != nil {
			return nil, err
		}
		if err := do(c, ctx); err != nil {
			return nil, err
		}
		e.close()
		return nil, nil
	}
}

func (e *engine) openMethod(ctx context.Context, _ arguments) (any, error) {
	c, err := e.open(ctx)
	if err != nil {
		return nil, err
	}
	return me(c.Me()), nil
}

func (e *engine) register(ctx context.Context, a arguments) (any, error) {
	c, err := e.open(ctx)
	if err != nil {
		return nil, err
	}
	origin := js.Global().Get("location").Get("origin").String()
	if err := c.Register(ctx, origin, a.text(0), a.text(1)); err != nil {
		return nil, err
	}
	return me(c.Me()), nil
}

func (e *engine) connect(ctx context.Context, _ arguments) (any, error) {
	c, err := e.open(ctx)
	if err != nil {
		return nil, err
	}
	return nil, c.Connect(ctx)
}

func (e *engine) contacts(context.Context, arguments) (any, error) {
	c, err := e.get()
	if err != nil {
		return nil, err
	}
	list := []any{}
	for _, ct := range c.Contacts() {
		list = append(list, contact(ct))
	}
	return list, nil
}

func (e *engine) knock(ctx context.Context, a arguments) (any, error) {
	c, err := e.get()
	if err != nil {
		return nil, err
	}
	return nil, c.Knock(ctx, a.text(0))
}

func (e *engine) rename(ctx context.Context, a arguments) (any, error) {
	return e.about(func(c *client.Client, ctx context.Context, id wire.ID) error {
		return c.Rename(ctx, id, a.text(1))
	})(ctx, a)
}

func (e *engine) safety(ctx context.Context, a arguments) (any, error) {
	var s client.Safety
	_, err := e.about(func(c *client.Client, ctx context.Context, id wire.ID) (err error) {
		s, err = c.Safety(ctx, id)
		return err
	})(ctx, a)
	return map[string]any{"digits": s.Digits, "qr": s.QR}, err
}

func (e *engine) confirmKeys(ctx context.Context, a arguments) (any, error) {
	return e.about(func(c *client.Client, ctx context.Context, id wire.ID) error {
		return c.ConfirmKeys(ctx, id, len(a) > 1 && a[1].Truthy())
	})(ctx, a)
}

// messages returns those before the one with an order, or the last ones when it
// is 0.
func (e *engine) messages(ctx context.Context, a arguments) (any, error) {
	list := []any{}
	_, err := e.about(func(c *client.Client, _ context.Context, id wire.ID) error {
		for _, m := range c.Messages(id, uint64(max(0, a.number(1))), int(max(0, a.number(2)))) {
			list = append(list, message(m))
		}
		return nil
	})(ctx, a)
	return list, err
}

func (e *engine) send(ctx context.Context, a arguments) (any, error) {
	var sent client.Message
	_, err := e.about(func(c *client.Client, ctx context.Context, id wire.ID) (err error) {
		sent, err = c.Send(ctx, id, a.text(1))
		return err
	})(ctx, a)
	return message(sent), err
}

func (e *engine) notices(ctx context.Context, _ arguments) (any, error) {
	c, err := e.get()
	if err != nil {
		return nil, err
	}
	all, err := c.Notices(ctx)
	list := []any{}
	for _, n := range all {
		list = append(list, heldBack(n))
	}
	return list, err
}

func (e *engine) call(ctx context.Context, a arguments) (any, error) {
	media := wire.Sound
	if a.text(1) == wire.Video.String() {
		media = wire.Video
	}
	var ringing wire.ID
	_, err := e.about(func(c *client.Client, ctx context.Context, id wire.ID) (err error) {
		ringing, err = c.Call(ctx, id, media)
		return err
	})(ctx, a)
	return ringing.String(), err
}

func (e *engine) accepting(context.Context, arguments) (any, error) {
	codecs := []any{}
	for _, c := range sdp.Codecs {
		codecs = append(codecs, c)
	}
	return map[string]any{"codecs": codecs}, nil
}

// local reads this browser's own description.
func local(a arguments) (client.Local, error) {
	ufrag, password, fingerprint, err := sdp.LocalParameters(a.text(1))
	if err != nil {
		return client.Local{}, &client.Error{Code: "media", What: "this browser's media engine", Why: err, Hint: "use a current browser"}
	}
	return client.Local{Ufrag: ufrag, Password: password, Fingerprint: fingerprint}, nil
}

func (e *engine) answer(ctx context.Context, a arguments) (any, error) {
	var where client.Relay
	l, err := local(a)
	if err != nil {
		return nil, err
	}
	_, err = e.about(func(c *client.Client, ctx context.Context, id wire.ID) (err error) {
		where, err = c.Answer(ctx, id, l)
		return err
	})(ctx, a)
	return relay(where), err
}

func (e *engine) restart(ctx context.Context, a arguments) (any, error) {
	l, err := local(a)
	if err != nil {
		return nil, err
	}
	return e.about(func(c *client.Client, ctx context.Context, id wire.ID) error { return c.Restart(ctx, id, l) })(ctx, a)
}

func (e *engine) join(ctx context.Context, a arguments) (any, error) {
	l, err := local(a)
	if err != nil {
		return nil, err
	}
	return e.about(func(c *client.Client, ctx context.Context, id wire.ID) error { return c.Join(ctx, id, l) })(ctx, a)
}
