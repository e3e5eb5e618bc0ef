//go:build js

package main

import (
	"context"

	"github.com/ringfence/ringfence/client"
)

// security is what this device knows about security notices. Only genuine ones reach
// the page.
func (e *engine) security(context.Context, arguments) (any, error) {
	c, err := e.get()
	if err != nil {
		return nil, err
	}
	s := c.Security()
	notices, keys := []any{}, []any{}
	for _, n := range s.Notices {
		notices = append(notices, securityNotice(n))
	}
	for _, k := range s.Keys {
		keys = append(keys, map[string]any{"name": k.Name, "hash": k.Hash, "since": float64(k.Since), "from": float64(k.From), "gone": k.Gone})
	}
	return map[string]any{"notices": notices, "forged": s.Forged, "keys": keys}, nil
}

func securityNotice(n client.SecurityNotice) map[string]any {
	by, answers, wordings := []any{}, map[string]any{}, map[string]any{}
	for _, name := range n.By {
		by = append(by, name)
	}
	for what, yes := range n.Answers {
		answers[what] = yes
	}
	for tag, w := range n.Wordings {
		wordings[tag] = map[string]any{"title": w.Title, "body": w.Body}
	}
	return map[string]any{
		"code": n.Code, "issuer": n.Issuer, "issued": n.Issued, "delivered": float64(n.Delivered), "read": float64(n.Read),
		"by": by, "answers": answers, "wordings": wordings,
	}
}

func (e *engine) knowsCode(_ context.Context, a arguments) (any, error) {
	c, err := e.get()
	if err != nil {
		return nil, err
	}
	return c.KnowsCode(a.text(0)), nil
}

func (e *engine) readNotice(ctx context.Context, a arguments) (any, error) {
	c, err := e.get()
	if err != nil {
		return nil, err
	}
	return nil, c.ReadSecurity(ctx, a.text(0))
}

// answerNotice gives a consent, or takes it back.
func (e *engine) answerNotice(ctx context.Context, a arguments) (any, error) {
	c, err := e.get()
	if err != nil {
		return nil, err
	}
	return nil, c.AnswerSecurity(ctx, a.text(0), a.text(1), len(a) > 2 && a[2].Truthy())
}
