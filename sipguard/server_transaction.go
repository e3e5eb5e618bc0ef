package sipguard

import (
	"time"

	"github.com/ringfence/ringfence/wire/sip"
)

// txState is where a transaction stands, RFC 3261 §17.
type txState byte

const (
	trying     txState = iota // nothing has been answered
	proceeding                // a provisional response
	accepted                  // an INVITE with a 2xx, RFC 6026 §7
	completed                 // a final response
	confirmed                 // its ACK came
)

// serverTx answers one request, RFC 3261 §17.2.
type serverTx struct {
	g      *Guard
	key    string
	flow   *flow
	method string
	seq    uint32
	req    *sip.Message // nil once it has been answered: of tens of thousands, only what is said again is kept
	state  txState
	last   []byte // the last response
	size   int    // of the request
	sent   int    // bytes of responses
	wait   time.Duration
	timer  *time.Timer
	until  time.Time
	cancel func() // what a CANCEL does; nil: nothing any more
}

// serverKey tells transactions apart, RFC 3261 §17.2.3; that of an ACK and of a
// CANCEL is that of their INVITE.
func serverKey(m *sip.Message, f *flow, method string) string {
	branch, _ := m.Via[0].Params.Get("branch")
	return f.key() + " " + string(branch) + " " + string(m.Via[0].Host) + " " + method
}

// serve begins a transaction; nil: there are too many.
func (g *Guard) serve(m *sip.Message, f *flow, size int) *serverTx {
	if len(g.servers) >= maxTransactions {
		return nil
	}
	t := &serverTx{g: g, key: serverKey(m, f, string(m.Method)), flow: f, method: string(m.Method), seq: m.CSeq.Number, req: m, size: size}
	g.servers[t.key] = t
	return t
}

func (t *serverTx) invite() bool { return t.method == "INVITE" }

// final tells whether the request has been answered.
func (t *serverTx) final() bool { return t.state >= accepted }

// again answers a request that came again.
func (t *serverTx) again() {
	if t.last != nil && t.state != confirmed {
		t.say()
	}
}

func (t *serverTx) say() {
	t.sent += len(t.last)
	t.flow.send(t.last)
}

// enough tells whether a response may not be repeated of itself: who is outside
// gets no more than three times what came from there, for whoever sends under
// another's address could have it flooded. A repeated request makes room for more.
func (t *serverTx) enough() bool {
	return !t.flow.inside && !t.flow.reliable() && t.sent+len(t.last) > 3*t.size
}

// respond sends a response. After a final one there is none.
func (t *serverTx) respond(m *sip.Message) {
	if t.final() {
		return
	}
	t.last = m.AppendTo(nil)
	t.say()
	switch {
	case m.Status < 200:
		t.state = proceeding
		return
	case t.invite() && m.Status < 300:
		t.state = accepted
	default:
		t.state = completed
	}
	t.cancel, t.req = nil, nil
	t.until = time.Now().Add(64 * t.g.config.T1) // timers H, J and L
	t.wait = 64 * t.g.config.T1
	if t.invite() && t.state == completed && !t.flow.reliable() {
		t.wait = t.g.config.T1 // timer G
	}
	t.arm()
}

func (t *serverTx) arm() { t.timer = t.g.after(t.wait, t.fire) }

func (t *serverTx) fire() {
	if t.state != completed || !t.invite() || time.Now().After(t.until) {
		t.end()
		return
	}
	if !t.enough() {
		t.say()
	}
	t.wait = min(2*t.wait, 8*t.g.config.T1) // T2
	t.arm()
}

// acknowledged is that the ACK of a response other than 2xx came.
func (t *serverTx) acknowledged() {
	if t.state != completed {
		return
	}
	t.state = confirmed
	t.timer.Stop()
	t.wait = 10 * t.g.config.T1 // timer I
	t.arm()
}

func (t *serverTx) end() {
	if t.timer != nil {
		t.timer.Stop()
	}
	delete(t.g.servers, t.key)
}

// reply begins a response to a request: Via, From, To, Call-ID and CSeq are the
// sender's own, RFC 3261 §8.2.6.2. The flow's address is added to Via as RFC 3581 §4
// says, in place of what the sender may have written there. To a request that has been
// answered (nil) there is none, and nobody sends it.
func reply(req *sip.Message, status int, f *flow, tag []byte) *sip.Message {
	m := blank()
	if req == nil {
		return m
	}
	m.Status, m.From, m.To, m.CallID, m.CSeq = status, req.From, req.To, req.CallID, req.CSeq
	m.Via = append([]sip.Via(nil), req.Via...)
	top, asked := &m.Via[0], false
	var params sip.Params
	for _, p := range top.Params {
		switch lower(p.Name) {
		case "received":
		case "rport":
			asked = true
		default:
			params = append(params, p)
		}
	}
	params = append(params, param("received", f.remote.Addr().String()))
	if asked {
		params = append(params, param("rport", number(int(f.remote.Port()))))
	}
	top.Params = params
	if tag != nil && req.To.Tag() == nil {
		m.To.Params = sip.Params{param("tag", string(tag))}
	}
	return m
}
