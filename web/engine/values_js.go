//go:build js

package main

import (
	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/client/sdp"
	"github.com/ringfence/ringfence/wire/call"
)

// What the page gets: values of web/app/engine.d.ts.

func me(m client.Me) map[string]any {
	v := map[string]any{"account": "", "name": m.Name, "server": m.Server, "registered": m.Registered()}
	if m.Registered() {
		v["account"] = m.Account.String()
	}
	return v
}

func contact(ct client.Contact) map[string]any {
	v := map[string]any{
		"account": "", "name": ct.Name, "username": ct.Username, "state": string(ct.State),
		"keysChanged": ct.KeysChanged, "verified": ct.Verified, "canWrite": ct.CanWrite, "reported": ct.Reported, "unread": ct.Unread, "last": nil,
	}
	if !ct.Account.IsZero() {
		v["account"] = ct.Account.String()
	}
	if ct.Last != nil {
		v["last"] = message(*ct.Last)
	}
	return v
}

func message(m client.Message) map[string]any {
	return map[string]any{"id": m.ID.String(), "mine": m.Mine, "text": m.Text, "at": float64(m.At), "state": string(m.State), "order": float64(m.Order)}
}

func heldBack(n client.Notice) map[string]any {
	v := map[string]any{
		"kind": n.Kind, "account": n.Account.String(), "name": n.Name, "media": n.Media.String(), "at": float64(n.At), "count": n.Count,
		"call": "", "reported": n.Reported,
	}
	if !n.Call.IsZero() {
		v["call"] = n.Call.String()
	}
	return v
}

func relay(r client.Relay) map[string]any {
	urls := []any{}
	for _, u := range r.URLs {
		urls = append(urls, u)
	}
	return map[string]any{"urls": urls, "username": r.Username, "credential": r.Credential}
}

// event makes an EngineEvent, or nil for what the page has no use for.
func event(ev client.Event) any {
	v := map[string]any{"kind": string(ev.Kind)}
	switch ev.Kind {
	case client.ConnectionEvent:
		v["state"] = string(ev.State)
	case client.MessageEvent:
		v["account"], v["message"] = ev.Account.String(), message(ev.Message)
	case client.HeldBackEvent:
		v["notice"] = heldBack(ev.Notice)
	case client.RingEvent:
		v["call"], v["account"], v["name"] = ev.Call.String(), ev.Account.String(), ev.Name
		v["media"], v["ttl"] = ev.Media.String(), float64(ev.TTL.Milliseconds())
	case client.RingingEvent, client.ReconnectedEvent, client.RestartAskedEvent:
		v["call"] = ev.Call.String()
	case client.ReconnectingEvent:
		v["call"], v["account"] = ev.Call.String(), ev.Account.String()
	case client.AnsweredEvent:
		offer, err := sdp.Remote(ev.Remote, sdp.Offer)
		if err != nil {
			return nil // the client has checked these parameters already
		}
		v["call"], v["relay"], v["offer"] = ev.Call.String(), relay(ev.Relay), offer
	case client.JoinedEvent:
		answer, err := sdp.Remote(ev.Remote, sdp.Answer)
		if err != nil {
			return nil
		}
		v["call"], v["answer"] = ev.Call.String(), answer
	case client.RestartEvent:
		kind := sdp.Answer
		if ev.Remote.Leg == call.Callee {
			kind = sdp.Offer
		}
		description, err := sdp.Remote(ev.Remote, kind)
		if err != nil {
			return nil
		}
		v["call"], v["type"], v["sdp"] = ev.Call.String(), string(kind), description
	case client.EndedEvent:
		v["call"], v["reason"] = ev.Call.String(), client.ReasonCode(ev.Reason)
	}
	return v
}
