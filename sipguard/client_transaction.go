package sipguard

import (
	"bytes"
	"time"

	"github.com/ringfence/ringfence/wire/sip"
)

// clientTx sends one request and waits for its responses, RFC 3261 §17.1.
type clientTx struct {
	g         *Guard
	key       string
	flow      *flow
	req       *sip.Message // nil, as bytes, once it has been answered
	bytes     []byte
	method    string
	seq       uint32
	callID    []byte
	tag       []byte // in From
	state     txState
	wait      time.Duration
	until     time.Time
	timer     *time.Timer
	cancelled bool
	ack       []byte // to a final response other than 2xx

	// on is called with each provisional response but 100, with the final one, and
	// again with each 2xx of an INVITE that comes again; nil: there is none and will
	// be none.
	on func(*sip.Message)
}

// request sends a request in a transaction of its own. It takes the message over.
// False: there are too many, or the flow is gone; on is not called then.
func (g *Guard) request(m *sip.Message, f *flow, on func(*sip.Message)) (*clientTx, bool) {
	if len(g.clients) >= maxTransactions {
		return nil, false
	}
	branch := "z9hG4bK" + string(token())
	m.Via = []sip.Via{{
		Transport: []byte(f.transport), Host: host(f.self.Addr()), Port: f.self.Port(),
		Params: sip.Params{param("branch", branch), param("rport", "")},
	}}
	t := &clientTx{g: g, key: branch + " " + string(m.Method), flow: f, on: on, wait: g.config.T1}
	t.is(m)
	if !f.send(t.bytes) {
		return nil, false
	}
	g.clients[t.key] = t
	t.until = time.Now().Add(64 * g.config.T1) // timers B and F
	if f.reliable() {
		t.wait = 64 * g.config.T1
	}
	t.arm()
	return t, true
}

// is gives the transaction its request.
func (t *clientTx) is(m *sip.Message) {
	t.req, t.bytes, t.method, t.seq, t.callID, t.tag = m, m.AppendTo(nil), string(m.Method), m.CSeq.Number, m.CallID, m.From.Tag()
}

func (t *clientTx) invite() bool { return t.method == "INVITE" }

func (t *clientTx) arm() {
	if t.timer != nil {
		t.timer.Stop()
	}
	t.timer = t.g.after(t.wait, t.fire)
}

func (t *clientTx) fire() {
	switch {
	case t.state >= accepted:
		t.end()
	case t.state == proceeding && t.invite(): // timer C: RFC 3261 §16.8
		if !t.cancelled {
			t.stop()
		}
		t.gone()
	case time.Now().After(t.until):
		t.gone()
	default:
		t.flow.send(t.bytes)
		if t.wait *= 2; !t.invite() || t.state == proceeding {
			t.wait = min(t.wait, 8*t.g.config.T1) // timer E up to T2
		}
		t.arm()
	}
}

// gone is that nobody answers.
func (t *clientTx) gone() {
	t.end()
	t.on(nil)
}

func (t *clientTx) end() {
	if t.timer != nil {
		t.timer.Stop()
	}
	delete(t.g.clients, t.key)
}

// response takes a response.
func (t *clientTx) response(m *sip.Message) {
	switch {
	case t.state == completed:
		if t.ack != nil && m.Status >= 300 {
			t.flow.send(t.ack)
		}
	case t.state == accepted:
		if m.Status/100 == 2 {
			t.on(m)
		}
	case m.Status < 200:
		t.provisional(m)
	default:
		t.answered(m)
	}
}

func (t *clientTx) provisional(m *sip.Message) {
	first := t.state == trying
	t.state = proceeding
	if t.invite() && (first || m.Status > 100) {
		t.wait = ringing
		t.arm()
	}
	if first && t.cancelled {
		t.sendCancel()
	}
	if m.Status > 100 {
		t.on(m)
	}
}

func (t *clientTx) answered(m *sip.Message) {
	t.state, t.wait = completed, 10*t.g.config.T1 // timer K
	if t.invite() {
		t.wait = 64 * t.g.config.T1 // timers D and M
		if m.Status < 300 {
			t.state = accepted
		} else {
			t.ack = t.part("ACK", m.To).AppendTo(nil)
			t.flow.send(t.ack)
		}
	}
	t.req, t.bytes = nil, nil
	t.arm()
	t.on(m)
}

// part is an ACK or CANCEL that belongs to the request: RFC 3261 §9.1, §17.1.1.3.
func (t *clientTx) part(method string, to sip.Address) *sip.Message {
	m := blank()
	m.Method, m.URI, m.Via, m.Route, m.MaxForwards = []byte(method), t.req.URI, t.req.Via, t.req.Route, 70
	m.From, m.To, m.CallID, m.CSeq = t.req.From, to, t.req.CallID, sip.CSeq{Number: t.req.CSeq.Number, Method: []byte(method)}
	m.To.Name = nil
	return m
}

// stop cancels an INVITE, once somebody has answered provisionally.
func (t *clientTx) stop() {
	if t.cancelled || t.state >= accepted {
		return
	}
	t.cancelled = true
	if t.state == proceeding {
		t.sendCancel()
	}
}

func (t *clientTx) sendCancel() {
	m := t.part("CANCEL", t.req.To)
	c := &clientTx{g: t.g, key: t.branch() + " CANCEL", flow: t.flow, on: func(*sip.Message) {}, wait: t.g.config.T1}
	c.is(m)
	c.until = time.Now().Add(64 * t.g.config.T1)
	t.g.clients[c.key] = c
	t.flow.send(c.bytes)
	c.arm()
	t.wait = 64 * t.g.config.T1 // RFC 3261 §9.1: for the response to the INVITE
	t.arm()
}

func (t *clientTx) branch() string {
	b, _ := t.req.Via[0].Params.Get("branch")
	return string(b)
}

// answer takes a response that came from outside or inside: it belongs to the
// request whose branch it has, and comes from whom that was sent to.
func (g *Guard) answer(m *sip.Message, f *flow) {
	branch, _ := m.Via[0].Params.Get("branch")
	t := g.clients[string(branch)+" "+string(m.CSeq.Method)]
	if t == nil || !f.like(t.flow) || len(m.Via) != 1 || m.CSeq.Number != t.seq ||
		!bytes.Equal(m.CallID, t.callID) || !bytes.Equal(m.From.Tag(), t.tag) {
		g.count.stray.Add(1)
		return
	}
	t.response(m)
}
