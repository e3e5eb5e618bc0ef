//go:build js

package main

import (
	"context"
	"syscall/js"

	"github.com/ringfence/ringfence/client"
)

// terms are what the person is shown.
func (e *engine) terms(ctx context.Context, _ arguments) (any, error) {
	c, err := e.open(ctx)
	if err != nil {
		return nil, err
	}
	t, err := c.Terms(ctx, js.Global().Get("location").Get("origin").String())
	return map[string]any{"version": t.Version, "text": t.Text, "sha256": t.SHA256}, err
}

// acceptTerms accepts the terms of this hash, which the person has seen; "" takes
// that back, before there is an account.
func (e *engine) acceptTerms(ctx context.Context, a arguments) (any, error) {
	c, err := e.open(ctx)
	if err != nil {
		return nil, err
	}
	return nil, c.AcceptTerms(ctx, client.Terms{SHA256: a.text(0)})
}

func (e *engine) standing(ctx context.Context, _ arguments) (any, error) {
	c, err := e.get()
	if err != nil {
		return nil, err
	}
	s, err := c.Standing(ctx)
	return map[string]any{"held": s.Held, "ban": s.Ban, "appealed": s.Appealed, "accepted": s.Accepted}, err
}

// objects says what the person has to say to a ban, or to calls that are held back.
func (e *engine) objects(ctx context.Context, a arguments) (any, error) {
	c, err := e.get()
	if err != nil {
		return nil, err
	}
	return nil, c.Object(ctx, a.text(0))
}
