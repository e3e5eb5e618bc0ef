package sipguard

import (
	"bytes"
	"strconv"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire/sip"
)

// binding is a phone that is registered: where the service finds it, and the guard.
type binding struct {
	token   string // the user of the Contact that the service has
	account string
	aor     sip.URI
	contact sip.URI // the phone's own
	phone   string  // contact or instance, whichever tells phones of an account apart
	flow    *flow   // that it registered on
	callID  []byte  // of the registrations towards the service
	seq     uint32
	until   time.Time
}

// bindings are all of them.
type bindings struct {
	byToken   map[string]*binding
	byAccount map[string][]*binding
	ofAddress map[string]int
}

func newBindings() bindings {
	return bindings{map[string]*binding{}, map[string][]*binding{}, map[string]int{}}
}

// find returns the binding of a phone.
func (s *bindings) find(account, phone string) *binding {
	for _, b := range s.byAccount[account] {
		if b.phone == phone {
			return b
		}
	}
	return nil
}

// add keeps a binding that the service has confirmed; false: there are too many.
func (s *bindings) add(b *binding) bool {
	if s.byToken[b.token] != nil {
		return true
	}
	from := network(b.flow.remote.Addr())
	if len(s.byToken) >= maxBindings || len(s.byAccount[b.account]) >= maxOfAccount || s.ofAddress[from] >= maxOfAddress {
		return false
	}
	s.byToken[b.token] = b
	s.byAccount[b.account] = append(s.byAccount[b.account], b)
	s.ofAddress[from]++
	return true
}

func (s *bindings) remove(b *binding) {
	if s.byToken[b.token] != b {
		return
	}
	delete(s.byToken, b.token)
	var rest []*binding
	for _, other := range s.byAccount[b.account] {
		if other != b {
			rest = append(rest, other)
		}
	}
	if s.byAccount[b.account] = rest; rest == nil {
		delete(s.byAccount, b.account)
	}
	from := network(b.flow.remote.Addr())
	if s.ofAddress[from]--; s.ofAddress[from] <= 0 {
		delete(s.ofAddress, from)
	}
}

// move is that a phone registers again from somewhere else.
func (s *bindings) move(b *binding, f *flow) {
	was, now := network(b.flow.remote.Addr()), network(f.remote.Addr())
	if b.flow = f; was != now {
		if s.ofAddress[was]--; s.ofAddress[was] <= 0 {
			delete(s.ofAddress, was)
		}
		s.ofAddress[now]++
	}
}

func (s *bindings) sweep(now time.Time) {
	for _, b := range s.byToken {
		if now.After(b.until) {
			s.remove(b)
		}
	}
}

// register takes a registration, RFC 3261 §10. The service sees the guard's own
// Contact, with a name that says nothing; which phone it stands for is kept here.
func (g *Guard) register(t *serverTx, raw []byte) {
	m := t.req
	mine := account(m.To.URI)
	if !g.judge(guard.Event{Kind: guard.SignIn, Account: id(mine), Bytes: evidence(raw), Spends: []guard.Spend{
		{Name: "registrations of an address", Key: network(t.flow.remote.Addr()), Limit: g.set.Limits().TriesPerMinute, Per: time.Minute},
	}}, t.flow) {
		g.deny(t, 503)
		return
	}
	if mine != account(m.From.URI) || len(m.Contact) > 1 || len(m.Body) > 0 || m.To.URI.Scheme == sip.Tel {
		g.deny(t, 403)
		return
	}
	var b *binding
	if len(m.Contact) == 1 {
		if b = g.bindingOf(m, mine, t.flow); b == nil {
			g.deny(t, 403)
			return
		}
	}
	out := g.registration(m, b)
	out.CallID = token()
	if b != nil {
		b.seq++
		out.CallID, out.CSeq.Number = b.callID, b.seq
	}
	if _, ok := g.request(out, g.inside, func(r *sip.Message) { g.registered(t, b, r) }); !ok {
		g.deny(t, 503)
	}
}

// bindingOf is the binding that a registration is about: one that there is, or one
// that will be when the service agrees.
func (g *Guard) bindingOf(m *sip.Message, mine string, f *flow) *binding {
	c := &m.Contact[0]
	if c.URI.Scheme != sip.SIP && c.URI.Scheme != sip.SIPS {
		return nil
	}
	phone := string(c.URI.AppendTo(nil))
	if instance, ok := c.Params.Get("+sip.instance"); ok {
		phone = string(instance)
	}
	if b := g.bindings.find(mine, phone); b != nil {
		return b
	}
	return &binding{token: string(token()), account: mine, aor: bare(m.To.URI), contact: c.URI, phone: phone, flow: f, callID: token()}
}

// registration is the request to the service.
func (g *Guard) registration(m *sip.Message, b *binding) *sip.Message {
	out := blank()
	out.Method, out.URI, out.MaxForwards = m.Method, m.URI, 70
	out.From = sip.Address{URI: bare(m.From.URI), Params: sip.Params{param("tag", string(token()))}}
	out.To = sip.Address{URI: bare(m.To.URI)}
	out.CSeq = sip.CSeq{Number: 1, Method: m.Method}
	out.Authorization, out.ProxyAuthorization = m.Authorization, m.ProxyAuthorization
	out.Star = m.Star
	if m.Expires >= 0 {
		out.Expires = min(m.Expires, maxExpires)
	}
	if b == nil {
		return out
	}
	c := g.inside.contact([]byte(b.token))
	if e, ok := m.Contact[0].Params.Get("expires"); ok {
		n, _ := strconv.Atoi(string(e)) // the parser has looked at it
		c.Params = sip.Params{param("expires", number(min(n, maxExpires)))}
	}
	out.Contact = []sip.Address{c}
	return out
}

// registered takes the service's answer.
func (g *Guard) registered(t *serverTx, b *binding, r *sip.Message) {
	if r == nil {
		g.deny(t, 408)
		return
	}
	m := reply(t.req, passable(r.Status, true), t.flow, token())
	if !g.challenge(m, r) {
		g.deny(t, 403)
		return
	}
	m.MinExpires, m.RetryAfter = small(r.MinExpires), small(r.RetryAfter)
	if r.Status/100 != 2 {
		t.respond(m)
		return
	}
	if t.req.Star {
		for _, one := range g.bindings.byAccount[account(t.req.To.URI)] {
			g.forget(one)
		}
	}
	if b != nil && !g.keep(t, b, r, m) {
		g.deny(t, 503)
		return
	}
	t.respond(m)
}

// keep does with a binding what the service says, and tells the phone.
func (g *Guard) keep(t *serverTx, b *binding, r, m *sip.Message) bool {
	seconds := granted(r, b.token)
	if seconds <= 0 {
		g.forget(b)
		return true
	}
	if !g.bindings.add(b) {
		return false
	}
	g.bindings.move(b, t.flow)
	b.contact = t.req.Contact[0].URI
	b.until = g.config.Now().Add(time.Duration(seconds) * time.Second)
	m.Contact = []sip.Address{{URI: b.contact, Params: sip.Params{param("expires", number(seconds))}}}
	return g.record(b)
}

// granted is for how many seconds the service keeps the Contact with our token.
func granted(r *sip.Message, token string) int {
	for i := range r.Contact {
		c := &r.Contact[i]
		if !bytes.Equal(c.URI.User, []byte(token)) {
			continue
		}
		if e, ok := c.Params.Get("expires"); ok {
			n, _ := strconv.Atoi(string(e))
			return min(n, maxExpires)
		}
		return int(min(max(r.Expires, 0), maxExpires))
	}
	return 0
}

// challenge copies the service's challenges for a phone.
func (g *Guard) challenge(to, from *sip.Message) bool {
	var ok, okay bool
	to.WWWAuthenticate, ok = challenges(from.WWWAuthenticate)
	to.ProxyAuthenticate, okay = challenges(from.ProxyAuthenticate)
	return ok && okay
}

// passable is the status that one side is told of what the other answered. A
// phone's challenge and redirection go nowhere, and a status that nobody knows
// becomes the one of its class that everybody knows.
func passable(status int, fromInside bool) int {
	switch {
	case status/100 == 3:
		return 480
	case (status == 401 || status == 407) && !fromInside:
		return 403
	case sip.Phrase(status) == "":
		return map[int]int{1: 183, 2: 200, 4: 400, 5: 500, 6: 603}[status/100]
	}
	return status
}
