package sipguard

import (
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire/sip"
)

// invite takes an INVITE that begins a call, RFC 3261 §13.
func (g *Guard) invite(t *serverTx, raw []byte) {
	m := t.req
	t.respond(reply(m, 100, t.flow, nil))
	if len(m.Contact) != 1 || !(m.Contact[0].URI.Scheme == sip.SIP || m.Contact[0].URI.Scheme == sip.SIPS) {
		g.deny(t, 400)
		return
	}
	caller := &leg{flow: t.flow, callID: m.CallID, tag: token(), farTag: m.From.Tag(), far: sip.Address{URI: bare(m.From.URI)}, near: sip.Address{URI: bare(m.To.URI)}, farSeq: m.CSeq.Number}
	caller.learn(m)
	callee, status := g.callee(t)
	if status != 0 {
		g.deny(t, status)
		return
	}
	if !g.mayRing(t, callee, raw) {
		g.deny(t, 480) // R21: as if nobody were there
		return
	}
	if t.flow.inside {
		caller.routes = m.RecordRoute
	}
	c := g.newCall(caller, callee)
	if c == nil {
		g.deny(t, 503)
		return
	}
	if status := c.begin(t); status != 0 {
		g.deny(t, status)
		c.end()
	}
}

// callee is the leg that a call goes on with: to the service, or to the phone that
// the service means.
func (g *Guard) callee(t *serverTx) (*leg, int) {
	m := t.req
	l := &leg{callID: token(), tag: token()}
	if !t.flow.inside {
		// The service checks a digest over the URI that the phone wrote, so it stays.
		l.flow, l.target = g.inside, m.URI
		l.near, l.far = sip.Address{URI: bare(m.From.URI)}, sip.Address{URI: bare(m.To.URI)}
		return l, 0
	}
	b := g.bindings.byToken[string(m.URI.User)]
	if b == nil || g.config.Now().After(b.until) {
		return nil, 404
	}
	l.flow, l.target = b.flow, b.contact
	l.near, l.far = asserted(m), sip.Address{URI: b.aor}
	return l, 0
}

// asserted is who calls, in the words of the service: RFC 3325 §6. What the caller
// calls itself is in no field that is looked at.
func asserted(m *sip.Message) sip.Address {
	for _, p := range m.Privacy {
		if s := lower(p); s == "id" || s == "user" || s == "header" {
			return anonymous
		}
	}
	for _, a := range m.PAssertedIdentity {
		if a.URI.Scheme == sip.SIP || a.URI.Scheme == sip.SIPS {
			return shown(a.Name, a.URI)
		}
	}
	return shown(nil, m.From.URI)
}

// anonymous is a caller who wants not to be known, RFC 3323 §4.1.1.3.
var anonymous = sip.Address{URI: sip.URI{Scheme: sip.SIP, User: []byte("anonymous"), Host: []byte("anonymous.invalid")}}

const maxShown = 64 // bytes of a user's and of a host's name that a phone is shown

func shown(name []byte, u sip.URI) sip.Address {
	if len(u.User) > maxShown || len(u.Host) > maxShown || u.Scheme == sip.OtherScheme {
		return anonymous
	}
	return sip.Address{Name: name, URI: bare(u)}
}

// mayRing asks the rules about a call: budgets, and whether the callee knows the
// caller where a list says so (R13, R15).
func (g *Guard) mayRing(t *serverTx, callee *leg, raw []byte) bool {
	limits, from, to := g.set.Limits(), account(t.req.From.URI), account(callee.far.URI)
	times := 1
	if t.flow.inside {
		from = account(callee.near.URI)
	} else {
		times = 2 // the service asks for credentials, and the same call comes again
	}
	ev := guard.Event{Kind: guard.Offer, Account: id(from), Target: id(to), Call: id(string(t.req.CallID)), Bytes: evidence(raw), Contact: true}
	side := map[bool]string{true: " (to phones)", false: ""}[t.flow.inside]
	ev.Spends = []guard.Spend{
		{Name: "calls of a caller" + side, Key: from, Limit: times * limits.OffersPerMinute, Per: time.Minute},
		{Name: "calls of a caller to a callee" + side, Key: from + " " + to, Limit: times * limits.OffersPerPairMinute, Per: time.Minute},
		{Name: "calls to a callee" + side, Key: to, Limit: times * limits.OffersToCalleeMinute, Per: time.Minute},
	}
	if t.flow.inside {
		ev.Contact = g.config.Contacts.Knows(to, from)
	} else {
		ev.Spends = append(ev.Spends, guard.Spend{Name: "calls of an address", Key: network(t.flow.remote.Addr()), Limit: times * limits.OffersToCalleeMinute, Per: time.Minute})
	}
	return g.judge(ev, t.flow)
}

// begin sends the INVITE on; 0, or the status that the caller is told.
func (c *call) begin(t *serverTx) int {
	caller, callee, m := c.legs[0], c.legs[1], t.req
	out := callee.request("INVITE")
	if callee.flow.inside { // a phone is not told how many hops there were
		out.MaxForwards = m.MaxForwards - 1
	}
	common(out, m)
	out.Allow = c.g.allowed()
	if callee.flow.inside {
		out.Authorization, out.ProxyAuthorization = m.Authorization, m.ProxyAuthorization
		out.Privacy = privacy(m.Privacy)
	}
	if len(m.Body) > 0 {
		body, status := c.describe(caller, m)
		if status != 0 {
			return status
		}
		setBody(out, body)
	}
	in := &invitation{from: caller, to: callee, server: t, offered: len(m.Body) > 0}
	c.invite = in
	var ok bool
	in.client, ok = c.g.request(out, callee.flow, func(r *sip.Message) { c.invited(in, r) })
	if !ok {
		return 480
	}
	t.cancel = func() { c.cancelled(in) }
	return 0
}

// privacy are the wishes that a service knows, RFC 3323 §4.2, RFC 3325 §9.3.
func privacy(list [][]byte) (all [][]byte) {
	for _, one := range list {
		switch s := lower(one); s {
		case "id", "user", "header", "session", "none", "critical":
			all = append(all, []byte(s))
		}
	}
	return all
}

// cancelled is that the caller's side cancels an INVITE.
func (c *call) cancelled(in *invitation) {
	if in.from == c.legs[0] && c.state == guard.Ringing {
		in.from.step(guard.Cancel, in.server.flow)
		c.end()
	}
	in.client.stop()
	in.server.respond(in.from.reply(in.server, 487))
}

// invited takes a response to an INVITE.
func (c *call) invited(in *invitation, r *sip.Message) {
	c.heard = c.g.config.Now()
	switch {
	case r == nil || r.Status >= 300:
		c.declined(in, r)
	case r.Status < 200:
		c.progress(in, r)
	default:
		c.accepted(in, r)
	}
}

func (in *invitation) first() bool {
	return in == in.from.call.invite && in.from.call.state == guard.Ringing
}

// declined takes a final response other than 2xx, or none.
func (c *call) declined(in *invitation, r *sip.Message) {
	status := 408
	if r != nil {
		status = passable(r.Status, in.to.flow.inside)
	}
	m := in.from.reply(in.server, status)
	if r != nil {
		common(m, r)
		m.Supported, m.Require, m.SessionExpires = nil, nil, sip.Value{}
		if in.to.flow.inside && !c.g.challenge(m, r) {
			m = in.from.reply(in.server, 403)
		}
	}
	if in.first() {
		in.to.step(guard.Decline, in.to.flow)
		c.end()
	}
	in.server.respond(m)
}

// progress takes a provisional response.
func (c *call) progress(in *invitation, r *sip.Message) {
	if c.state == guard.Ended || in.server.final() {
		return
	}
	if r.To.Tag() != nil && c.state == guard.Ringing {
		in.to.follow(r)
	}
	m := in.from.reply(in.server, passable(r.Status, in.to.flow.inside))
	if r.RSeq >= 0 && has(r.Require, "100rel") {
		m.Require, m.RSeq = tokens("100rel"), int64(in.number(uint32(r.RSeq), r.CSeq.Number))
	}
	if len(r.Body) > 0 && r.To.Tag() != nil {
		if body, status := c.describe(in.to, r); status == 0 {
			setBody(m, body)
		}
	}
	in.server.respond(m)
}

// number gives a reliable provisional response the number that the caller's side
// sees; one that comes again has the same.
func (in *invitation) number(theirs, seq uint32) uint32 {
	if r := &in.reliable; r.theirs != theirs || r.seq != seq {
		in.from.rseq++
		*r = reliable{theirs, in.from.rseq, seq, true}
	}
	return in.reliable.ours
}

// accepted takes a 2xx: the callee's side has answered.
func (c *call) accepted(in *invitation, r *sip.Message) {
	switch {
	case in.answered && r.To.Tag() != nil && string(r.To.Tag()) == string(in.to.farTag):
		if in.ack != nil { // it came again
			in.to.flow.send(in.ack)
		} else if c.state != guard.Ended {
			in.server.flow.send(in.server.last)
		}
		return
	case in.answered || c.state == guard.Ended: // of another branch of a fork, or too late
		c.goodbye(in, r)
		return
	case in.server.final(): // a later INVITE that was cancelled while it was answered
		in.answered = true
		in.ack = c.g.acknowledged(in.acknowledgement(), in.to)
		return
	}
	first := in.first()
	in.answered = true
	if r.To.Tag() == nil || len(r.Contact) != 1 {
		c.broken(in, r)
		return
	}
	if first {
		in.to.follow(r)
	} else {
		in.to.learn(r)
	}
	m := in.from.reply(in.server, 200)
	common(m, r)
	if len(r.Body) > 0 {
		body, status := c.describe(in.to, r)
		if status != 0 {
			c.broken(in, r)
			return
		}
		setBody(m, body)
	}
	if first {
		in.to.step(guard.Accept, in.to.flow)
		c.media.answered.Store(true) // R1: from here on, and not before
		c.g.count.answered.Add(1)
	}
	in.server.respond(m)
	c.g.after(64*c.g.config.T1, func() {
		if in.ack == nil { // RFC 3261 §13.3.1.4
			c.hangUp()
		}
	})
}

// acknowledgement begins the ACK of a 2xx, which has the number of its INVITE:
// RFC 3261 §13.2.2.4.
func (in *invitation) acknowledgement() *sip.Message {
	ack := in.to.request("ACK")
	in.to.seq--
	ack.CSeq.Number = in.client.seq
	return ack
}

// goodbye acknowledges an answer that nobody wants any more, and hangs up.
func (c *call) goodbye(in *invitation, r *sip.Message) []byte {
	l := *in.to // another dialog, with the same names
	l.follow(r)
	l.seq = in.client.seq - 1
	ack := c.g.acknowledged(l.request("ACK"), &l)
	c.g.request(l.request("BYE"), l.flow, func(*sip.Message) {})
	return ack
}

// broken ends a call whose answer cannot be used.
func (c *call) broken(in *invitation, r *sip.Message) {
	in.server.respond(in.from.reply(in.server, 502))
	if r.To.Tag() != nil {
		in.ack = c.goodbye(in, r)
	}
	if in.ack == nil {
		in.ack = []byte("\r\n\r\n") // a keep-alive: there is no dialog to acknowledge
	}
	if c.state == guard.Ringing {
		c.end()
		return
	}
	c.hangUp()
}

// acknowledged sends an ACK, which has no transaction: RFC 3261 §13.2.2.4.
func (g *Guard) acknowledged(m *sip.Message, l *leg) []byte {
	m.Via = []sip.Via{{
		Transport: []byte(l.flow.transport), Host: host(l.flow.self.Addr()), Port: l.flow.self.Port(),
		Params: sip.Params{param("branch", "z9hG4bK"+string(token())), param("rport", "")},
	}}
	b := m.AppendTo(nil)
	l.flow.send(b)
	return b
}

// setBody gives a message a description that was written here.
func setBody(m *sip.Message, body []byte) {
	m.Body, m.ContentType = body, sip.MediaType{Type: []byte("application"), Subtype: []byte("sdp")}
}
