package sipguard

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire/sip"
)

// phone is a phone of a test, over UDP. It keeps all that it hears.
type phone struct {
	t      testing.TB
	name   string
	to     netip.AddrPort // the guard
	socket *net.UDPConn
	sound  *net.UDPConn
	in     chan *sip.Message
	branch string // of the last INVITE

	mu    sync.Mutex
	bytes []byte // everything that came to its sockets
	media int    // datagrams
	last  []byte
	each  [][]byte // datagrams of media
}

func newPhone(t testing.TB, name string, to netip.AddrPort) *phone {
	t.Helper()
	p := &phone{t: t, name: name, to: to, socket: loopback(t), sound: loopback(t), in: make(chan *sip.Message, 256)}
	go p.listen()
	go p.hear()
	return p
}

func loopback(t testing.TB) *net.UDPConn {
	s, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func (p *phone) listen() {
	buf := make([]byte, 65536)
	for {
		n, _, err := p.socket.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		b := bytes.Clone(buf[:n])
		p.mu.Lock()
		p.bytes = append(p.bytes, b...)
		p.mu.Unlock()
		m, err := sip.Parse(b)
		if err != nil {
			p.t.Errorf("%s got what does not parse: %v\n%s", p.name, err, b)
			continue
		}
		p.in <- m
	}
}

func (p *phone) hear() {
	buf := make([]byte, 65536)
	for {
		n, _, err := p.sound.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		p.media++
		p.last = bytes.Clone(buf[:n])
		p.each = append(p.each, p.last)
		p.bytes = append(p.bytes, buf[:n]...)
		p.mu.Unlock()
	}
}

func (p *phone) heard() (all []byte, media int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.bytes), p.media
}

func (p *phone) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bytes, p.media, p.last, p.each = nil, 0, nil, nil
}

func (p *phone) send(text string) {
	p.t.Helper()
	if strings.HasPrefix(text, "INVITE ") {
		p.branch = branchOf(text)
	}
	if _, err := p.socket.WriteToUDPAddrPort([]byte(text), p.to); err != nil {
		p.t.Fatal(err)
	}
}

func (p *phone) addr() string    { return localOf(p.socket).String() }
func (p *phone) port() int       { return int(localOf(p.sound).Port()) }
func random() string             { var b [8]byte; rand.Read(b[:]); return hex.EncodeToString(b[:]) }
func crlf(s string) string       { return strings.ReplaceAll(strings.TrimLeft(s, "\n"), "\n", "\r\n") }
func (p *phone) uri() string     { return "sip:" + p.name + "@example.com" }
func (p *phone) contact() string { return "<sip:" + p.name + "@" + p.addr() + ">" }
func is(m *sip.Message, s string) bool {
	return m.Request() && string(m.Method) == s || !m.Request() && fmt.Sprint(m.Status) == s
}

// expect waits for a request or a status; others are passed over.
func (p *phone) expect(want ...string) *sip.Message {
	p.t.Helper()
	m := p.maybe(3*time.Second, want...)
	if m == nil {
		p.t.Fatalf("%s waited for %v and heard nothing of it", p.name, want)
	}
	return m
}

func (p *phone) maybe(wait time.Duration, want ...string) *sip.Message {
	end := time.After(wait)
	for {
		select {
		case m := <-p.in:
			for _, w := range want {
				if is(m, w) {
					return m
				}
			}
		case <-end:
			return nil
		}
	}
}

// request writes a request. Lines are added as they are, and a body.
func (p *phone) request(method, uri, from, to, callID string, seq int, lines, body string) string {
	if body != "" {
		lines += "Content-Type: application/sdp\n"
	}
	return crlf(fmt.Sprintf(`
%s %s SIP/2.0
Via: SIP/2.0/UDP %s;branch=z9hG4bK%s;rport
Max-Forwards: 70
From: %s
To: %s
Call-ID: %s
CSeq: %d %s
Contact: %s
`, method, uri, p.addr(), random(), from, to, callID, seq, method, p.contact())+lines+fmt.Sprintf("Content-Length: %d\n\n", len(body))) + body
}

// answer writes a response.
func (p *phone) answer(m *sip.Message, status int, tag, lines, body string) string {
	if body != "" {
		lines += "Content-Type: application/sdp\n"
	}
	out := reply(m, status, &flow{remote: p.to}, []byte(tag))
	head := string(out.AppendTo(nil))
	head = strings.Replace(head, "Content-Length: 0\r\n\r\n", "", 1)
	return head + crlf("Contact: "+p.contact()+"\n"+lines+fmt.Sprintf("Content-Length: %d\n\n", len(body))) + body
}

func (p *phone) offer() string {
	return crlf(fmt.Sprintf(`
v=0
o=- 1 1 IN IP4 127.0.0.1
s=-
c=IN IP4 127.0.0.1
t=0 0
m=audio %d RTP/AVP 0 8
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=sendrecv
`, p.port()))
}

// digest answers a challenge, RFC 2617 §3.2.2.
func digest(m *sip.Message, method, uri, user, password string) string {
	name, all := "Authorization", m.WWWAuthenticate
	if len(all) == 0 {
		name, all = "Proxy-Authorization", m.ProxyAuthenticate
	}
	realm, _ := all[0].Params.Get("realm")
	nonce, _ := all[0].Params.Get("nonce")
	return fmt.Sprintf("%s: Digest username=%q, realm=%q, nonce=%q, uri=%q, response=%q, algorithm=MD5\n", name, user, realm, nonce, uri, digestOf(user, string(realm), password, method, uri, string(nonce)))
}

func digestOf(user, realm, password, method, uri, nonce string) string {
	sum := func(s string) string { h := md5.Sum([]byte(s)); return hex.EncodeToString(h[:]) }
	return sum(sum(user+":"+realm+":"+password) + ":" + nonce + ":" + sum(method+":"+uri))
}

// register registers the phone; the service asks for its password.
func (p *phone) register() {
	p.t.Helper()
	callID, from := random(), "<"+p.uri()+">"
	p.send(p.request("REGISTER", "sip:example.com", from+";tag=1", from, callID, 1, "Expires: 600\n", ""))
	m := p.expect("401")
	p.send(p.request("REGISTER", "sip:example.com", from+";tag=1", from, callID, 2, "Expires: 600\n"+digest(m, "REGISTER", "sip:example.com", p.name, "secret of "+p.name), ""))
	p.expect("200")
}

// talk is one end of a call of a test.
type talk struct {
	p        *phone
	from, to string // with tags
	callID   string
	target   string
	seq      int
	media    netip.AddrPort // where the guard wants it
	invite   *sip.Message
}

// call begins a call; what the caller chooses can be replaced in it.
func (p *phone) call(callee string, change ...string) *talk {
	p.t.Helper()
	k := &talk{p: p, callID: random(), from: "<" + p.uri() + ">;tag=" + random(), to: "<sip:" + callee + "@example.com>", seq: 1}
	k.target = "sip:" + callee + "@example.com"
	p.send(strings.NewReplacer(change...).Replace(p.request("INVITE", k.target, k.from, k.to, k.callID, k.seq, "", p.offer())))
	m := p.expect("407")
	p.send(p.request("ACK", k.target, k.from, text(m.To), k.callID, k.seq, "", ""))
	k.seq++
	auth := digest(m, "INVITE", k.target, p.name, "secret of "+p.name)
	p.send(strings.NewReplacer(change...).Replace(p.request("INVITE", k.target, k.from, k.to, k.callID, k.seq, auth, p.offer())))
	return k
}

func text(a sip.Address) string {
	s := "<" + string(a.URI.AppendTo(nil)) + ">"
	if t := a.Tag(); t != nil {
		s += ";tag=" + string(t)
	}
	return s
}

// connected takes the answer of the callee's side and acknowledges it.
func (k *talk) connected() *talk {
	k.p.t.Helper()
	m := k.p.expect("200")
	k.to, k.target = text(m.To), string(m.Contact[0].URI.AppendTo(nil))
	k.media = mediaOf(m.Body)
	k.p.send(k.p.request("ACK", k.target, k.from, k.to, k.callID, k.seq, "", ""))
	return k
}

// ring takes the invitation at the callee's phone.
func (p *phone) ring() *talk {
	p.t.Helper()
	m := p.expect("INVITE")
	k := &talk{p: p, invite: m, callID: string(m.CallID), to: text(m.From), from: text(m.To) + ";tag=" + random(), media: mediaOf(m.Body)}
	k.target = string(m.Contact[0].URI.AppendTo(nil))
	p.send(p.answer(m, 180, k.tag(), "", ""))
	return k
}

func (k *talk) tag() string { _, tag, _ := strings.Cut(k.from, ";tag="); return tag }

func (k *talk) pickUp() *talk {
	k.p.send(k.p.answer(k.invite, 200, k.tag(), "", k.p.offer()))
	return k
}

func (k *talk) request(method, lines, body string) {
	k.seq++
	k.p.send(k.p.request(method, k.target, k.from, k.to, k.callID, k.seq, lines, body))
}

// speak sends RTP.
func (k *talk) speak(n int) {
	for i := range n {
		b := append([]byte{0x80, 0, 0, byte(i), 0, 0, 0, byte(i), 1, 2, 3, 4}, []byte("sound of "+k.p.name)...)
		k.p.sound.WriteToUDPAddrPort(b, k.media)
	}
}

func mediaOf(body []byte) netip.AddrPort {
	var port int
	var a string
	for _, line := range strings.Split(string(body), "\r\n") {
		fmt.Sscanf(line, "m=audio %d ", &port)
		fmt.Sscanf(line, "c=IN IP4 %s", &a)
	}
	at, _ := netip.ParseAddr(a)
	return netip.AddrPortFrom(at, uint16(port))
}

// wait waits until something is so.
func wait(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(3 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited for this in vain: %s", what)
		}
	}
}
