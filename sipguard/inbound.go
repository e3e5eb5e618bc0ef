package sipguard

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/netip"
	"runtime/debug"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/sip"
)

// receive takes one message, whose bytes are its own from here on.
func (g *Guard) receive(b []byte, f *flow) {
	defer g.recovered(b, f)
	m := new(sip.Message)
	if err := m.Parse(b); err != nil {
		var r *wire.Refusal
		errors.As(err, &r)
		g.refuse(b, m, f, r)
		return
	}
	if !f.inside && !g.affordable(b, f) {
		return
	}
	if !g.permitted(b, m, f) {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	switch {
	case g.closed:
	case m.Request():
		g.requested(m, b, f)
	default:
		g.answer(m, f)
	}
}

// recovered makes a refusal of a panic: what nobody foresaw does not end the calls
// of all others (R22).
func (g *Guard) recovered(b []byte, f *flow) {
	p := recover()
	if p == nil {
		return
	}
	g.log.Error("a message could not be handled; please report this", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	g.judge(guard.Event{Kind: guard.Message, Bytes: b, Refusal: &wire.Refusal{Rule: "R22", Length: len(b), Clause: "R22", Reason: "this message could not be handled"}}, f)
}

// judge asks the rules. What they refuse becomes a verdict, without credentials.
func (g *Guard) judge(ev guard.Event, f *flow) bool {
	ev.At, ev.Addr = g.config.Now(), f.remote
	ev.Build, ev.Fresh, ev.Signed, ev.Authentic = ^uint32(0), true, true, true // of the own protocol: they mean nothing here
	v := g.set.Judge(&ev)
	if v.Passed() {
		return true
	}
	g.count.refused.Add(1)
	return false
}

// affordable spends one message of an address outside (R13).
func (g *Guard) affordable(b []byte, f *flow) bool {
	return g.judge(guard.Event{Kind: guard.Message, Bytes: evidence(b), Spends: []guard.Spend{
		{Name: "SIP messages of an address", Key: network(f.remote.Addr()), Limit: g.set.Limits().RequestsPerMinute, Per: time.Minute},
	}}, f)
}

// network is whose budget it is: an IPv4 address, or the 64 bits of an IPv6 network
// that one subscriber has.
func network(a netip.Addr) string {
	if a.Is6() {
		p, _ := a.WithZone("").Prefix(64)
		return p.String()
	}
	return a.String()
}

// id is what an account, or a call, is called in verdicts.
func id(s string) wire.ID {
	sum := sha256.Sum256([]byte(s))
	return wire.ID(sum[:16])
}

// evidence is a message without what would open a door to whoever reads it:
// credentials and keys are covered, and every byte keeps its place.
func evidence(b []byte) []byte {
	out := b
	for at := 0; at < len(b); {
		end := len(b)
		if n := bytes.IndexByte(b[at:], '\n'); n >= 0 {
			end = at + n + 1
		}
		if from := secret(b[at:end]); from > 0 {
			if &out[0] == &b[0] {
				out = bytes.Clone(b)
			}
			cover(out[at+from : end])
		}
		at = end
	}
	return out
}

// cover writes over a line, but for its end.
func cover(line []byte) {
	for i, c := range line {
		if c != '\r' && c != '\n' {
			line[i] = 'x'
		}
	}
}

// secret is where in a line something begins that nobody should read, or 0.
func secret(line []byte) int {
	for _, name := range []string{"authorization", "proxy-authorization", "a=crypto", "k="} {
		if len(line) > len(name) && bytes.EqualFold(line[:len(name)], []byte(name)) {
			return len(name)
		}
	}
	return 0
}

// refuse records what the parser refused, and tells the sender of a request whose
// header fields could be read.
func (g *Guard) refuse(b []byte, m *sip.Message, f *flow, r *wire.Refusal) {
	g.judge(guard.Event{Kind: guard.Message, Bytes: evidence(b), Refusal: r}, f)
	if m == nil || !m.Request() || string(m.Method) == "ACK" || len(m.Via) == 0 || m.From.URI.Zero() || m.To.URI.Zero() || m.CallID == nil || m.CSeq.Method == nil {
		return
	}
	g.tell(reply(m, statusOf(m, b, r), f, token()), len(b), f)
}

// statusOf is what the sender is told, RFC 3261 §21.4.
func statusOf(m *sip.Message, b []byte, r *wire.Refusal) int {
	at := b[min(r.Offset, len(b)):]
	switch {
	case r.Rule == "R5":
		return 413
	case r.Rule == "R7" && bytes.HasPrefix(at, []byte("SIP/")) && r.Clause == "RFC 3261 §7.1":
		return 505
	case r.Rule == "R7" && m.URI.Scheme == sip.OtherScheme:
		return 416
	case r.Rule == "R7" && r.Offset == 0:
		return 501
	case r.Rule == "R19":
		return 415
	case r.Rule == "R3" || r.Rule == "R21" || r.Rule == "R4":
		return 403
	}
	return 400
}

// tell sends a response without a transaction. It is never longer than what it
// answers, and an address is sent only so many: nobody can have others flooded with
// them.
func (g *Guard) tell(m *sip.Message, most int, f *flow) {
	b := m.AppendTo(nil)
	if len(b) > most+256 || sip.Check(b) != nil {
		return
	}
	if g.answers.Draw([]guard.Spend{
		{Name: "answers to an address", Key: network(f.remote.Addr()), Limit: 120, Per: time.Minute},
		{Name: "answers", Limit: 6000, Per: time.Minute},
	}) == nil {
		f.send(b)
	}
}

// requested takes a request.
func (g *Guard) requested(m *sip.Message, b []byte, f *flow) {
	method := string(m.Method)
	if method == "ACK" {
		g.acknowledge(m, f)
		return
	}
	if t := g.servers[serverKey(m, f, method)]; t != nil {
		t.size += len(b)
		t.again()
		return
	}
	t := g.serve(m, f, len(b))
	if t == nil {
		busy := reply(m, 503, f, token())
		busy.RetryAfter = 30
		g.tell(busy, len(b), f)
		return
	}
	switch status := g.admissible(m, f); {
	case method == "CANCEL":
		g.cancel(t)
	case status != 0:
		g.deny(t, status)
	case m.To.Tag() != nil:
		g.within(t)
	case method == "INVITE":
		g.invite(t, b)
	case method == "REGISTER":
		g.register(t, b)
	case method == "OPTIONS":
		g.options(t)
	case method == "MESSAGE":
		g.message(t)
	default:
		g.deny(t, 481)
	}
}

// admissible is 0, or with which status a request is refused before anybody looks
// at what it wants.
func (g *Guard) admissible(m *sip.Message, f *flow) int {
	switch {
	case !g.permits(string(m.Method), f):
		return 405
	case m.MaxForwards == 0 && string(m.Method) != "REGISTER":
		return 483
	case len(unknown(m.Require)) > 0 || len(m.ProxyRequire) > 0:
		return 420
	case integrity(m.Authorization) || integrity(m.ProxyAuthorization):
		return 403
	}
	return 0
}

// permits tells whether a method is among those that the operator lets through.
func (g *Guard) permits(method string, f *flow) bool {
	switch method {
	case "REGISTER":
		return !f.inside
	case "CANCEL":
		return true
	}
	for _, one := range g.allowed() {
		if string(one) == method {
			return true
		}
	}
	return false
}

// deny answers a request with a refusal.
func (g *Guard) deny(t *serverTx, status int) {
	m := reply(t.req, status, t.flow, token())
	switch status {
	case 405:
		m.Allow = g.allowed()
	case 420:
		m.Unsupported = append(unknown(t.req.Require), t.req.ProxyRequire...)
	case 503:
		m.RetryAfter = 30
	}
	t.respond(m)
}

// cancel takes a CANCEL, RFC 3261 §9.2.
func (g *Guard) cancel(t *serverTx) {
	of := g.servers[serverKey(t.req, t.flow, "INVITE")]
	if of == nil || of.seq != t.seq {
		g.deny(t, 481)
		return
	}
	t.respond(reply(t.req, 200, t.flow, token()))
	if of.cancel != nil {
		of.cancel()
	}
}

// options says what the guard can do; and the service, which asks whether a phone
// is there, whether it is registered. RFC 3261 §11.2.
func (g *Guard) options(t *serverTx) {
	status := 200
	if t.flow.inside && t.req.URI.User != nil && g.bindings.byToken[string(t.req.URI.User)] == nil {
		status = 404
	}
	m := reply(t.req, status, t.flow, token())
	m.Allow, m.Supported = g.allowed(), tokens(extensions...)
	t.respond(m)
}
