package sipguard

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire/sip"
)

// registrar is a service of a test: it registers phones with a password, and
// passes requests on as a proxy does that stays in the path.
type registrar struct {
	t      testing.TB
	socket *net.UDPConn
	mu     sync.Mutex
	at     map[string]sip.URI // contacts by account
	seen   []*sip.Message
	wire   []byte // everything that came
}

func newRegistrar(t testing.TB) *registrar {
	r := &registrar{t: t, socket: loopback(t), at: map[string]sip.URI{}}
	go r.serve()
	return r
}

func (r *registrar) addr() netip.AddrPort { return localOf(r.socket) }

func (r *registrar) serve() {
	buf := make([]byte, 65536)
	for {
		n, from, err := r.socket.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		m, err := sip.Parse(append([]byte(nil), buf[:n]...))
		if err != nil {
			r.t.Errorf("the guard sent what does not parse: %v\n%s", err, buf[:n])
			continue
		}
		r.mu.Lock()
		r.wire = append(r.wire, buf[:n]...)
		r.seen = append(r.seen, m)
		if m.Request() {
			r.request(m, unmap(from))
		} else {
			r.response(m)
		}
		r.mu.Unlock()
	}
}

func (r *registrar) send(m *sip.Message, to netip.AddrPort) {
	r.socket.WriteToUDPAddrPort(m.AppendTo(nil), to)
}

func (r *registrar) request(m *sip.Message, from netip.AddrPort) {
	f := &flow{remote: from}
	method := string(m.Method)
	if method == "REGISTER" || method == "INVITE" && m.To.Tag() == nil {
		if !r.authentic(m) {
			out := reply(m, map[bool]int{true: 401, false: 407}[method == "REGISTER"], f, []byte("r"))
			ask := []sip.Auth{{Scheme: []byte("Digest"), Params: sip.Params{quoted("realm", "example.com"), quoted("nonce", "n0nce"), quoted("qop", "auth,auth-int"), param("algorithm", "MD5")}}}
			if out.WWWAuthenticate = ask; method != "REGISTER" {
				out.WWWAuthenticate, out.ProxyAuthenticate = nil, ask
			}
			r.send(out, from)
			return
		}
	}
	if method == "REGISTER" {
		r.at[account(m.To.URI)] = m.Contact[0].URI
		out := reply(m, 200, f, []byte("r"))
		out.Contact = []sip.Address{{URI: m.Contact[0].URI, Params: sip.Params{param("expires", "600")}}, {URI: mustURI("sip:other@192.0.2.99"), Params: sip.Params{param("expires", "60")}}}
		r.send(out, from)
		return
	}
	r.forward(m, from)
}

func quoted(name, value string) sip.Param {
	return sip.Param{Name: []byte(name), Value: []byte(value), Has: true, Quoted: true}
}

func mustURI(s string) sip.URI {
	u, err := sip.ParseURI([]byte(s))
	if err != nil {
		panic(err)
	}
	return u
}

// authentic checks the digest over what the guard sent: method and Request-URI.
func (r *registrar) authentic(m *sip.Message) bool {
	for _, a := range append(m.Authorization, m.ProxyAuthorization...) {
		user, _ := a.Params.Get("username")
		uri, _ := a.Params.Get("uri")
		response, _ := a.Params.Get("response")
		return string(uri) == string(m.URI.AppendTo(nil)) && string(user) == string(m.From.URI.User) &&
			string(response) == digestOf(string(user), "example.com", "secret of "+string(user), string(m.Method), string(uri), "n0nce")
	}
	return false
}

// forward passes a request on, RFC 3261 §16.
func (r *registrar) forward(m *sip.Message, from netip.AddrPort) {
	if len(m.Route) > 0 {
		m.Route = m.Route[1:]
	}
	if at, ok := r.at[account(m.URI)]; ok {
		m.URI = at
	}
	if strings.HasSuffix(string(m.URI.Host), ".com") {
		if string(m.Method) != "ACK" {
			r.send(reply(m, 404, &flow{remote: from}, []byte("r")), from)
		}
		return
	}
	self := sip.URI{Scheme: sip.SIP, Host: host(r.addr().Addr()), Port: r.addr().Port(), Params: sip.Params{param("lr", "")}}
	if string(m.Method) == "INVITE" && m.To.Tag() == nil {
		m.PAssertedIdentity = []sip.Address{{URI: bare(m.From.URI)}}
		m.RecordRoute = append([]sip.Address{{URI: self}}, m.RecordRoute...)
	}
	m.Authorization, m.ProxyAuthorization = nil, nil
	branch, _ := m.Via[0].Params.Get("branch")
	top := &m.Via[0]
	top.Params = append(append(sip.Params{}, top.Params...), param("received", from.Addr().String()))
	m.Via = append([]sip.Via{{Transport: []byte("UDP"), Host: self.Host, Port: self.Port, Params: sip.Params{param("branch", "z9hG4bKr"+string(branch))}}}, m.Via...)
	m.MaxForwards--
	a, _ := netip.ParseAddr(string(m.URI.Host))
	r.send(m, netip.AddrPortFrom(a, m.URI.Port))
}

func (r *registrar) response(m *sip.Message) {
	if m.Via = m.Via[1:]; len(m.Via) == 0 {
		return
	}
	a, _ := netip.ParseAddr(string(m.Via[0].Host))
	r.send(m, netip.AddrPortFrom(a, m.Via[0].Port))
}

// heard returns all that came to the service.
func (r *registrar) heard() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.wire)
}

func discard() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// bench is a guard between phones and a service.
type bench struct {
	*Guard
	t        testing.TB
	service  *registrar
	outside  netip.AddrPort
	mu       sync.Mutex
	verdicts []guard.Verdict
}

func (b *bench) rules() (all []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, v := range b.verdicts {
		all = append(all, v.Rules...)
	}
	return all
}

func newBench(t testing.TB, change func(*Config)) *bench {
	t.Helper()
	b := &bench{t: t, service: newRegistrar(t)}
	limits := guard.DefaultConfig()
	limits.Limits.OffersPerMinute, limits.Limits.OffersPerPairMinute, limits.Limits.OffersToCalleeMinute = 1e6, 1e6, 1e6
	limits.Limits.RequestsPerMinute, limits.Limits.TriesPerMinute = 1e6, 1e6
	set, err := guard.New(limits, time.Now, func(v guard.Verdict) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.verdicts = append(b.verdicts, v)
	})
	if err != nil {
		t.Fatal(err)
	}
	c := Config{
		Listen: []Listener{{"UDP", "127.0.0.1:0"}, {"TCP", "127.0.0.1:0"}}, Upstream: b.service.addr().String(), Ports: [2]uint16{30000, 39999},
		Allow: Allow{Plain: true}, Guard: set, Log: discard(), T1: 50 * time.Millisecond,
	}
	if change != nil {
		change(&c)
	}
	if b.Guard, err = New(c); err != nil {
		t.Fatal(err)
	}
	b.outside = netip.MustParseAddrPort(b.Outside()[0].Addr)
	go b.Serve(t.Context())
	t.Cleanup(b.Close)
	return b
}

// two are two phones that are registered.
func (b *bench) two() (alice, bob *phone) {
	alice, bob = newPhone(b.t, "alice", b.outside), newPhone(b.t, "bob", b.outside)
	alice.register()
	bob.register()
	return alice, bob
}

// dump shows what is left, when a test wants to know.
func (b *bench) dump() string {
	b.Guard.mu.Lock()
	defer b.Guard.mu.Unlock()
	return fmt.Sprintf("%d calls, %d legs, %d servers, %d clients, %d bindings", len(b.calls), len(b.legs), len(b.servers), len(b.clients), len(b.bindings.byToken))
}

// registered is how many phones are.
func (b *bench) registered() int {
	b.Guard.mu.Lock()
	defer b.Guard.mu.Unlock()
	return len(b.bindings.byToken)
}
