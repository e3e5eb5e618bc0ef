package sipguard

import (
	"bytes"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/sip"
)

// call is two dialogs, RFC 3261 §12: one with the caller's side and one with the
// callee's. They share nothing but what is written from one into the other.
type call struct {
	g      *Guard
	id     wire.ID
	legs   [2]*leg // caller's, callee's
	state  guard.State
	media  session
	invite *invitation // the INVITE that is under way, or the last one
	busy   bool        // an UPDATE or PRACK with a description is under way
	began  time.Time
	heard  time.Time

	forgotten bool // end has been called
}

// leg is the dialog with one side.
type leg struct {
	call   *call
	role   guard.Role
	flow   *flow
	callID []byte
	tag    []byte // ours
	farTag []byte // theirs
	near   sip.Address
	far    sip.Address
	target sip.URI       // of requests to them: their Contact
	routes []sip.Address // to the service alone; a phone's are not followed
	seq    uint32        // of our last request
	farSeq uint32        // of theirs
	rseq   uint32        // of our last reliable provisional response
	origin origin        // of the descriptions that we write for them
}

// invitation is an INVITE, the first or a later one, on its way from one leg to
// the other.
type invitation struct {
	from, to *leg
	server   *serverTx
	client   *clientTx
	ack      []byte // that was sent for the 2xx
	offered  bool   // it had a description
	answered bool   // with a 2xx
	reliable reliable
}

// reliable is the provisional response that waits for its PRACK, RFC 3262: number
// and sequence as the callee's side has them, and the number that the caller's was
// given.
type reliable struct {
	theirs, ours, seq uint32
	waits             bool
}

func (l *leg) other() *leg {
	if l.call.legs[0] == l {
		return l.call.legs[1]
	}
	return l.call.legs[0]
}

// newCall keeps a call; nil: there are too many.
func (g *Guard) newCall(caller, callee *leg) *call {
	from := caller.flow.remote.Addr()
	if len(g.calls) >= maxCalls || !caller.flow.inside && g.ofFlow[from] >= maxCallsOfFlow {
		return nil
	}
	c := &call{g: g, legs: [2]*leg{caller, callee}, state: guard.Ringing, began: g.config.Now(), heard: g.config.Now()}
	c.id = id(string(caller.callID))
	caller.role, callee.role = guard.Caller, guard.Callee
	for _, l := range c.legs {
		l.call = c
		g.legs[string(l.tag)] = l
	}
	g.calls[c] = true
	if !caller.flow.inside {
		g.ofFlow[from]++
	}
	g.count.calls.Add(1)
	return c
}

// end forgets the call and its media. What is still on the wire is answered by the
// transactions, or with 481.
func (c *call) end() {
	c.state = guard.Ended
	if c.forgotten {
		return
	}
	c.forgotten = true
	c.media.close()
	for _, l := range c.legs {
		delete(c.g.legs, string(l.tag))
	}
	delete(c.g.calls, c)
	if l := c.legs[0]; !l.flow.inside {
		from := l.flow.remote.Addr()
		if c.g.ofFlow[from]--; c.g.ofFlow[from] <= 0 {
			delete(c.g.ofFlow, from)
		}
	}
}

// hangUp ends the call towards both sides, whatever state it is in.
func (c *call) hangUp() {
	if c.state == guard.Ended {
		return
	}
	for _, l := range c.legs {
		switch {
		case c.state != guard.Ringing:
			c.g.request(l.request("BYE"), l.flow, func(*sip.Message) {})
		case l.role == guard.Caller:
			c.g.deny(c.invite.server, 480)
		default:
			c.invite.client.stop()
		}
	}
	c.end()
}

// step takes a step in the call when it is the turn of who takes it (R4).
func (l *leg) step(move guard.Move, f *flow) bool {
	next, ok := guard.Next(l.call.state, l.role, move)
	if !ok {
		l.call.g.judge(guard.Event{Kind: guard.Step, Call: l.call.id, Role: l.role, State: l.call.state, Step: move}, f)
		return false
	}
	l.call.state = next
	return true
}

// may tells whether a step could be taken, and records when it could not.
func (l *leg) may(move guard.Move, f *flow) bool {
	if _, ok := guard.Next(l.call.state, l.role, move); ok {
		return true
	}
	return l.step(move, f)
}

// request begins a request to this side, within the dialog.
func (l *leg) request(method string) *sip.Message {
	m := blank()
	l.seq++
	m.Method, m.URI, m.Route, m.MaxForwards = []byte(method), l.target, l.routes, 70
	m.From, m.To, m.CallID = tagged(l.near, l.tag), tagged(l.far, l.farTag), l.callID
	m.CSeq = sip.CSeq{Number: l.seq, Method: m.Method}
	if method != "BYE" && method != "PRACK" && method != "CANCEL" {
		m.Contact = []sip.Address{l.contact()}
	}
	return m
}

// contact is the guard's in this dialog. Its user says nothing.
func (l *leg) contact() sip.Address { return l.flow.contact([]byte("call")) }

// reply begins a response to a request of this side.
func (l *leg) reply(t *serverTx, status int) *sip.Message {
	m := reply(t.req, status, t.flow, l.tag)
	if t.req == nil {
		return m
	}
	if status > 100 && status < 300 && t.method != "BYE" && t.method != "PRACK" {
		m.Contact = []sip.Address{l.contact()}
		m.Allow = l.call.g.allowed()
	}
	if l.flow.inside && status > 100 && status < 300 && t.req.To.Tag() == nil {
		m.RecordRoute = t.req.RecordRoute // RFC 3261 §12.1.1
	}
	return m
}

// tagged is an address with a tag; nil: without.
func tagged(a sip.Address, tag []byte) sip.Address {
	out := sip.Address{Name: a.Name, URI: a.URI}
	if tag != nil {
		out.Params = sip.Params{param("tag", string(tag))}
	}
	return out
}

// dialog returns the leg that a request within a dialog belongs to: it has our
// tag, theirs, the Call-ID, and comes from where they are.
func (g *Guard) dialog(m *sip.Message, f *flow) *leg {
	l := g.legs[string(m.To.Tag())]
	if l == nil || l.call.state == guard.Ended || !bytes.Equal(l.farTag, m.From.Tag()) || !bytes.Equal(l.callID, m.CallID) || !l.flow.like(f) {
		return nil
	}
	return l
}

// learn takes what a message of the other side says of itself: RFC 3261 §12.1.2,
// §12.2.2.
func (l *leg) learn(m *sip.Message) {
	if len(m.Contact) == 1 && (m.Contact[0].URI.Scheme == sip.SIP || m.Contact[0].URI.Scheme == sip.SIPS) {
		l.target = m.Contact[0].URI
	}
}

// follow takes the route set of a response that makes a dialog, RFC 3261 §12.1.2.
func (l *leg) follow(r *sip.Message) {
	l.farTag = r.To.Tag()
	l.learn(r)
	if !l.flow.inside {
		return
	}
	l.routes = nil
	for i := len(r.RecordRoute) - 1; i >= 0; i-- {
		l.routes = append(l.routes, sip.Address{URI: r.RecordRoute[i].URI})
	}
}
