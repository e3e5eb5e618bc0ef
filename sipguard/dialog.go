package sipguard

import (
	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire/sip"
)

// acknowledge takes an ACK. It is never answered.
func (g *Guard) acknowledge(m *sip.Message, f *flow) {
	if t := g.servers[serverKey(m, f, "INVITE")]; t != nil && t.state >= completed {
		t.acknowledged()
		return
	}
	l := g.dialog(m, f)
	if l == nil || l.call.invite.from != l || l.call.invite.server.seq != m.CSeq.Number || !l.call.invite.answered {
		g.count.stray.Add(1)
		return
	}
	c, in := l.call, l.call.invite
	if in.ack != nil {
		in.to.flow.send(in.ack)
		return
	}
	if c.state == guard.Answered && !l.step(guard.Join, f) {
		return
	}
	ack := in.acknowledgement()
	if in.to.flow.inside {
		ack.Authorization, ack.ProxyAuthorization = m.Authorization, m.ProxyAuthorization
	}
	if len(m.Body) > 0 && !in.offered {
		body, status := c.describe(l, m)
		if status != 0 {
			in.ack = g.acknowledged(ack, in.to)
			c.hangUp()
			return
		}
		setBody(ack, body)
	}
	in.ack = g.acknowledged(ack, in.to)
}

// within takes a request within a dialog.
func (g *Guard) within(t *serverTx) {
	m := t.req
	l := g.dialog(m, t.flow)
	if l == nil {
		g.deny(t, 481)
		return
	}
	if m.CSeq.Number <= l.farSeq { // RFC 3261 §12.2.2
		g.deny(t, 500)
		return
	}
	l.farSeq, l.call.heard = m.CSeq.Number, g.config.Now()
	if !l.flow.inside && t.flow.stream != nil {
		l.flow = t.flow // the phone has connected anew
	}
	if status := l.turn(t); status != 0 {
		g.deny(t, status)
		return
	}
	if string(m.Method) == "INVITE" {
		l.reinvite(t)
		return
	}
	l.pass(t)
}

// turn tells whether it is this side's turn for a request (R4); 0: it is.
func (l *leg) turn(t *serverTx) int {
	c := l.call
	switch string(t.req.Method) {
	case "BYE":
		if !l.may(guard.HangUp, t.flow) {
			return 481
		}
	case "INVITE":
		if c.state != guard.Joined || c.busy || !c.invite.server.final() || !c.invite.settled() {
			return 491
		}
		t.respond(reply(t.req, 100, t.flow, nil))
	case "UPDATE":
		if c.busy || l.other().farTag == nil || !c.invite.offeredOnce() {
			return 491
		}
	case "PRACK":
		r, in := t.req.RAck, c.invite
		if in.from != l || !in.reliable.waits || r.RSeq != in.reliable.ours || r.Number != in.server.seq || string(r.Method) != "INVITE" {
			return 481
		}
	case "OPTIONS":
	default:
		if c.state != guard.Joined {
			return 481
		}
	}
	return 0
}

// settled tells whether nothing is under way of an INVITE that was answered.
func (in *invitation) settled() bool { return !in.answered || in.ack != nil }

// offeredOnce tells whether an UPDATE has something to change: before the answer
// only where the INVITE had a description, RFC 3311 §5.1.
func (in *invitation) offeredOnce() bool { return in.offered || in.answered }

// reinvite takes an INVITE within the call, RFC 3261 §14.
func (l *leg) reinvite(t *serverTx) {
	c, to, m := l.call, l.other(), t.req
	l.learn(m)
	out := to.request("INVITE")
	common(out, m)
	out.Allow = c.g.allowed()
	if to.flow.inside {
		out.Authorization, out.ProxyAuthorization = m.Authorization, m.ProxyAuthorization
	}
	if len(m.Body) > 0 {
		body, status := c.describe(l, m)
		if status != 0 {
			c.g.deny(t, status)
			return
		}
		setBody(out, body)
	}
	in := &invitation{from: l, to: to, server: t, offered: len(m.Body) > 0}
	c.invite = in
	var ok bool
	if in.client, ok = c.g.request(out, to.flow, func(r *sip.Message) { c.invited(in, r) }); !ok {
		c.g.deny(t, 480)
		return
	}
	t.cancel = func() { c.cancelled(in) }
}

// pass sends another request on, written anew, and its answer back.
func (l *leg) pass(t *serverTx) {
	c, to, m := l.call, l.other(), t.req
	method := string(m.Method)
	out := to.request(method)
	common(out, m)
	if to.flow.inside {
		out.Authorization, out.ProxyAuthorization = m.Authorization, m.ProxyAuthorization
	}
	if status := l.body(out, m); status != 0 {
		to.seq--
		c.g.deny(t, status)
		return
	}
	switch method {
	case "PRACK":
		r := &c.invite.reliable
		out.RAck = sip.RAck{RSeq: r.theirs, Number: r.seq, Method: []byte("INVITE")}
		r.waits = false
	case "UPDATE":
		l.learn(m)
		out.Allow = c.g.allowed()
	}
	described := len(out.Body) > 0 && out.ContentType.Is("application", "sdp")
	if described {
		c.busy = true
	}
	_, ok := c.g.request(out, to.flow, func(r *sip.Message) {
		if described {
			c.busy = false
		}
		l.passed(t, r)
	})
	if !ok {
		c.busy = false
		l.passed(t, nil)
	}
}

// body writes what a request within a call may carry.
func (l *leg) body(out, m *sip.Message) int {
	method := string(m.Method)
	switch {
	case method == "REFER" || method == "NOTIFY":
		return l.transfer(out, m)
	case len(m.Body) == 0:
		return 0
	case method == "UPDATE" || method == "PRACK":
		body, status := l.call.describe(l, m)
		if status == 0 {
			setBody(out, body)
		}
		return status
	case method == "INFO":
		return digits(out, m)
	case method == "MESSAGE":
		return plainText(out, m)
	}
	return 415
}

// passed takes the answer to a request that was sent on.
func (l *leg) passed(t *serverTx, r *sip.Message) {
	c := l.call
	if r != nil && r.Status < 200 {
		return
	}
	status := 408
	if r != nil {
		status = passable(r.Status, l.other().flow.inside)
	}
	m := l.reply(t, status)
	if r != nil {
		common(m, r)
		if l.other().flow.inside && !c.g.challenge(m, r) {
			m = l.reply(t, 403)
		}
		if described := len(r.Body) > 0 && status < 300 && c.state != guard.Ended; described && (t.method == "UPDATE" || t.method == "PRACK") {
			if body, wrong := c.describe(l.other(), r); wrong == 0 {
				setBody(m, body)
			}
			l.other().learn(r)
		}
	}
	t.respond(m)
	if t.method == "BYE" && status != 401 && status != 407 && c.state != guard.Ended {
		l.step(guard.HangUp, t.flow)
		c.end()
	}
}
