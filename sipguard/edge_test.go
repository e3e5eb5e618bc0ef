package sipguard

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire/sip"
)

// A phone is found by the service under a name of the guard's; the phone is told of
// its own registration alone.
func TestRegister(t *testing.T) {
	b := newBench(t, nil)
	bob := newPhone(t, "bob", b.outside)
	bob.send(bob.request("REGISTER", "sip:example.com", "<sip:bob@example.com>;tag=1", "<sip:bob@example.com>", "c", 1, "Expires: 600\n", ""))
	m := bob.expect("401")
	if qop, _ := m.WWWAuthenticate[0].Params.Get("qop"); string(qop) != "auth" {
		t.Errorf("the phone may sign the body, which will be another one: qop %q", qop)
	}
	auth := digest(m, "REGISTER", "sip:example.com", "bob", "secret of bob")
	for _, bad := range []string{strings.Replace(auth, "response=\"", "response=\"0", 1), strings.TrimSuffix(auth, "\n") + ", qop=auth-int, nc=00000001, cnonce=\"1\"\n"} {
		bob.send(bob.request("REGISTER", "sip:example.com", "<sip:bob@example.com>;tag=1", "<sip:bob@example.com>", "c", 2, bad, ""))
		bob.expect("401", "403")
	}
	if b.registered() != 0 {
		t.Error("a phone without the password is registered")
	}
	bob.send(bob.request("REGISTER", "sip:example.com", "<sip:eve@example.com>;tag=1", "<sip:bob@example.com>", "c", 3, auth, ""))
	bob.expect("403")
	bob.send(bob.request("REGISTER", "sip:example.com", "<sip:bob@example.com>;tag=1", "<sip:bob@example.com>", "c", 4, auth, ""))
	m = bob.expect("200")
	if len(m.Contact) != 1 || !strings.Contains(bob.contact(), string(m.Contact[0].URI.AppendTo(nil))) {
		t.Errorf("%s", m.AppendTo(nil))
	}
	if strings.Contains(b.service.heard(), bob.addr()) {
		t.Error("the service is told where the phone is")
	}
	b.Guard.sweep()
	if b.registered() != 1 {
		t.Error(b.dump())
	}
}

// Who is not on the list of those that the callee knows does not ring (R15), and
// cannot tell that from nobody being there.
func TestStrangers(t *testing.T) {
	list, err := ReadContacts(strings.NewReader("# who may call whom\nsip:bob@example.com sip:alice@EXAMPLE.com\n"))
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, func(c *Config) { c.Contacts = list })
	alice, bob := b.two()
	eve := newPhone(t, "eve", b.outside)
	eve.register()
	eve.call("bob")
	eve.expect("480")
	if m := bob.maybe(50*time.Millisecond, "INVITE"); m != nil {
		t.Error("it rings")
	}
	if !slices.Contains(b.rules(), "R15") {
		t.Errorf("%v", b.rules())
	}
	alice.call("bob")
	bob.ring()
	for _, bad := range []string{"sip:bob@example.com", "bob alice", "sip:bob@example.com *", "sip:b@example.com sip:a@example.com sip:c@example.com"} {
		if _, err := ReadContacts(strings.NewReader(bad)); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestBudgets(t *testing.T) {
	b := newBench(t, nil)
	alice, bob := b.two()
	limits := generous()
	limits.Limits.OffersPerPairMinute = 2
	if err := b.set.Configure(limits); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		a := alice.call("bob")
		if i < 2 {
			bob.ring()
			alice.expect("180")
			cancelLast(alice, a)
			alice.expect("487")
		}
	}
	alice.expect("480")
	if !slices.Contains(b.rules(), "R13") {
		t.Errorf("%v", b.rules())
	}
	limits.Limits.RequestsPerMinute = 5
	b.set.Configure(limits)
	eve := newPhone(t, "eve", b.outside)
	for i := range 100 {
		eve.send(eve.request("OPTIONS", "sip:example.com", "<sip:eve@example.com>;tag=1", "<sip:example.com>", fmt.Sprint(i), 1, "", ""))
	}
	for n := 0; ; n++ {
		if eve.maybe(100*time.Millisecond, "200") == nil {
			if n > 10 {
				t.Errorf("%d answers", n)
			}
			break
		}
	}
}

// What is refused, and what the sender is told.
func TestRefusals(t *testing.T) {
	b := newBench(t, nil)
	eve := newPhone(t, "eve", b.outside)
	for _, c := range []struct{ old, new, status, rule string }{
		{"Max-Forwards: 70", "Max-Forwards : 70", "400", "R17"},
		{"Max-Forwards: 70", "Max-Forwards: 0", "483", ""},
		{"Max-Forwards: 70", "Max-Forwards: 70\r\nRequire: replaces", "420", ""},
		{"Max-Forwards: 70", "Max-Forwards: 70\r\nProxy-Require: x", "420", ""},
		{"Max-Forwards: 70", "Max-Forwards: 70\r\nX: " + strings.Repeat("a", 5000), "413", "R5"},
		{"INVITE sip:bob@example.com", "INVITE http://example.com", "416", "R7"},
		{"sip:bob@example.com SIP/2.0", "sip:bob@example.com SIP/3.0", "505", "R7"},
		{"INVITE", "INVADE", "501", "R7"},
		{"INVITE", "PUBLISH", "405", ""},
		{"application/sdp", "multipart/mixed;boundary=a", "415", ""},
		{"application/sdp", "application/x-shockwave-flash", "415", ""},
		{"a=sendrecv", "a=sendrecv\r\na=ptime:4000000000", "488", "R7"},
		{"c=IN IP4 127.0.0.1", "c=IN IP4 127.0.0.2", "488", "R12"},
		{"c=IN IP4 127.0.0.1", "c=IN IP4 attacker.example", "488", "R21"},
		{"RTP/AVP", "RTP/SAVP", "488", ""},
		{"INVITE", "REGISTER", "403", ""},
	} {
		text := eve.request("INVITE", "sip:bob@example.com", "<sip:eve@example.com>;tag=1", "<sip:bob@example.com>", random(), 1, "", eve.offer())
		changed := strings.ReplaceAll(text, c.old, c.new)
		if _, body, ok := strings.Cut(changed, "\r\n\r\n"); ok {
			changed = strings.Replace(changed, fmt.Sprintf("Content-Length: %d", len(eve.offer())), fmt.Sprintf("Content-Length: %d", len(body)), 1)
		}
		eve.send(changed)
		got := eve.maybe(time.Second, "400", "403", "404", "405", "413", "415", "416", "420", "483", "488", "501", "505", "407")
		if got == nil || !is(got, c.status) {
			t.Errorf("%q: %v, want %s", c.new, got != nil && got.Status > 0, c.status)
			continue
		}
		if c.rule != "" && !slices.Contains(b.rules(), c.rule) {
			t.Errorf("%q: %v, want %s", c.new, b.rules(), c.rule)
		}
	}
	b.gone()
	for _, quiet := range []string{"garbage", "\r\n\r\n", "ACK sip:a@b SIP/2.0\r\nX : 1\r\n\r\n", "SIP/2.0 200 OK\r\n\r\n", strings.Repeat("A", 60000)} {
		eve.send(quiet)
	}
	if m := eve.maybe(100*time.Millisecond, "400", "413", "481"); m != nil {
		t.Errorf("answered: %s", m.AppendTo(nil))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, v := range b.verdicts {
		if len(v.Bytes) == 0 || v.SHA256 == "" {
			t.Errorf("a verdict without its bytes: %+v", v)
		}
	}
}

// Credentials are in no verdict.
func TestEvidence(t *testing.T) {
	in := "REGISTER sip:a SIP/2.0\r\nAuthorization: Digest response=\"1234\"\r\nproxy-authorization : x\r\nVia: a\r\n\r\na=crypto:1 AES inline:key\r\n"
	got := string(evidence([]byte(in)))
	for _, s := range []string{"1234", "inline", ": x"} {
		if strings.Contains(got, s) {
			t.Errorf("%q is in %q", s, got)
		}
	}
	if len(got) != len(in) || !strings.Contains(got, "Via: a") {
		t.Errorf("%q", got)
	}
}

// Over TCP and TLS messages are cut out of the stream, and what has no end that can
// be found ends the connection.
func TestStreams(t *testing.T) {
	b := newBench(t, func(c *Config) {
		c.TLS = &tls.Config{Certificates: []tls.Certificate{selfSigned(t)}}
		c.Listen = append(c.Listen, Listener{"TLS", "127.0.0.1:0"})
	})
	p := newPhone(t, "carol", b.outside)
	text := p.request("OPTIONS", "sip:example.com", "<sip:carol@example.com>;tag=1", "<sip:example.com>", "c", 1, "", "")
	for i, at := range b.Outside()[1:] {
		dial := func() net.Conn {
			c, err := net.Dial("tcp", at.Addr)
			if err != nil {
				t.Fatal(err)
			}
			if at.Transport == "TLS" {
				c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
			}
			t.Cleanup(func() { c.Close() })
			c.SetDeadline(time.Now().Add(3 * time.Second))
			return c
		}
		c := dial()
		io.WriteString(c, "\r\n\r\n")
		pong := make([]byte, 2)
		if _, err := io.ReadFull(c, pong); err != nil {
			t.Fatalf("%d: no answer to a ping: %v", i, err)
		}
		two := text + strings.Replace(text, "branch=", "branch=z9hG4bKother", 1)
		for _, part := range []string{two[:10], two[10:400], two[400:]} {
			io.WriteString(c, part)
			time.Sleep(5 * time.Millisecond)
		}
		r := bufio.NewReader(c)
		for range 2 {
			if line, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(line, "SIP/2.0 200") {
				t.Fatalf("%d: %q %v", i, line, err)
			}
			for line := ""; line != "\r\n"; {
				line, _ = r.ReadString('\n')
			}
		}
		for _, bad := range []string{strings.Replace(text, "Content-Length: 0\r\n", "", 1), "GET / HTTP/1.1\r\n\r\n", strings.Repeat("a", 70000)} {
			c := dial()
			io.WriteString(c, bad)
			if n, err := c.Read(make([]byte, 100)); n > 0 || err == nil {
				t.Errorf("%d: an answer to %.20q", i, bad)
			}
		}
	}
}

func selfSigned(t *testing.T) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// Reports pass without the names of machines and programs that stand in them.
func TestReports(t *testing.T) {
	b := newBench(t, nil)
	alice, bob := b.two()
	a := alice.call("bob")
	bob.ring().pickUp()
	a.connected()
	bob.expect("ACK")
	b.Guard.mu.Lock()
	var f *face
	for c := range b.calls {
		if !c.legs[0].flow.inside {
			f = c.media.parts[0].faces[0]
		}
	}
	b.Guard.mu.Unlock()
	report := []byte("\x80\xc9\x00\x01\x00\x00\x00\x01" + "\x81\xca\x00\x06\x00\x00\x00\x01\x01\x0dalice@secret!\x06\x01x\x00\x00")
	to := f.other.far.Load()
	out, err := to.passed(report, nil, true)
	if err != nil || bytes.Contains(out, []byte("secret")) || !bytes.Contains(out, []byte("00000001")) {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := to.passed(report[:8], nil, true); err == nil {
		t.Error("a report without a name passes where it was not agreed on")
	}
}

// Whatever comes, nothing panics, and what the guard says can be read.
func FuzzReceive(f *testing.F) {
	set, err := guard.New(generous(), time.Now, func(guard.Verdict) {})
	if err != nil {
		f.Fatal(err)
	}
	p := &phone{name: "eve", socket: loopback(f), sound: loopback(f), to: netip.MustParseAddrPort("127.0.0.1:5060")}
	for _, method := range []string{"INVITE", "REGISTER", "OPTIONS", "BYE", "ACK", "CANCEL"} {
		f.Add(p.request(method, "sip:bob@example.com", "<sip:eve@example.com>;tag=1", "<sip:bob@example.com>", "c", 1, "", p.offer()), true)
	}
	g, err := New(Config{Listen: []Listener{{"UDP", "127.0.0.1:0"}}, Upstream: "127.0.0.1:9", Ports: [2]uint16{41000, 41999}, Allow: Allow{Plain: true, Info: true, Refer: true, Message: true}, Guard: set, Log: discard(), T1: time.Millisecond})
	if err != nil {
		f.Fatal(err)
	}
	defer g.Close()
	f.Fuzz(func(t *testing.T, text string, inside bool) {
		fl := &flow{inside: inside, transport: "UDP", remote: p.to, self: g.inside.self, stream: &stream{name: "x", queue: make(chan []byte, 100)}}
		g.receive([]byte(text), fl)
		for len(fl.stream.queue) > 0 {
			if said := <-fl.stream.queue; sip.Check(said) != nil {
				t.Errorf("%v\n%s", sip.Check(said), said)
			}
		}
	})
}

// Behind NAT a phone's media is taken from the address that it signals from, from
// the first port that it comes from, and from no other.
func TestNAT(t *testing.T) {
	b := newBench(t, func(c *Config) { c.NAT = true })
	alice, bob := b.two()
	a := alice.call("bob", "c=IN IP4 127.0.0.1", "c=IN IP4 10.99.8.7", fmt.Sprintf("m=audio %d", alice.port()), "m=audio 10009")
	if a == nil {
		t.Fatal()
	}
	bob.ring().pickUp()
	a.connected()
	bob.expect("ACK")
	a.speak(1)
	wait(t, "bob hears alice", func() bool { _, n := bob.heard(); return n == 1 })
	thief := loopback(t)
	thief.WriteToUDPAddrPort([]byte("\x80\x00\x00\x01\x00\x00\x00\x01\x01\x02\x03\x04thief"), a.media)
	wait(t, "the thief is not heard", func() bool { return b.Counts().Elsewhere > 0 })
	a.speak(1)
	wait(t, "bob hears alice", func() bool { _, n := bob.heard(); return n == 2 })
}

// Under DTLS the fingerprint passes, and nothing of ICE; STUN has no place.
func TestSecureMedia(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Allow.Plain = false })
	alice, bob := b.two()
	print := strings.TrimSuffix(strings.Repeat("AB:", 32), ":")
	secure := func(p *phone, setup string) string {
		return strings.Replace(p.offer(), "RTP/AVP", "UDP/TLS/RTP/SAVPF", 1) + crlf("a=fingerprint:sha-256 "+print+"\na=setup:"+setup+"\na=ice-ufrag:abcd\na=ice-pwd:abcdefghijklmnopqrstuvwx\na=candidate:1 1 UDP 1 127.0.0.1 9 typ host\n")
	}
	alice.send(alice.request("INVITE", "sip:bob@example.com", "<sip:alice@example.com>;tag=1", "<sip:bob@example.com>", "plain", 1, "", alice.offer()))
	alice.expect("488")
	o := secure(alice, "actpass")
	a := alice.call("bob", alice.offer(), o, fmt.Sprintf("Content-Length: %d", len(alice.offer())), fmt.Sprintf("Content-Length: %d", len(o)))
	k := bob.ring()
	body := string(k.invite.Body)
	if !strings.Contains(body, print) || !strings.Contains(body, "a=setup:actpass") || strings.Contains(body, "ice") || strings.Contains(body, "candidate") {
		t.Errorf("%s", body)
	}
	bob.send(bob.answer(k.invite, 200, k.tag(), "", secure(bob, "active")))
	a.connected()
	bob.expect("ACK")
	hello := []byte{22, 254, 253, 0, 1, 0, 0, 0, 0, 0, 5, 0, 8, 1, 2, 3, 4, 5}
	hello = append(hello[:11], 0, 4, 1, 2, 3, 4)
	alice.sound.WriteToUDPAddrPort([]byte("\x00\x01\x00\x00\x21\x12\xa4\x42123456789012"), a.media)
	alice.sound.WriteToUDPAddrPort(hello, a.media)
	wait(t, "bob gets DTLS", func() bool { _, n := bob.heard(); return n == 1 })
	if !bytes.Equal(bob.last, hello) {
		t.Errorf("bob got %x", bob.last)
	}
}

// A transfer passes as who is to be called, where it is allowed.
func TestRefer(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Allow.Refer, c.Allow.Info = true, true })
	alice, bob := b.two()
	a := alice.call("bob")
	k := bob.ring().pickUp()
	a.connected()
	bob.expect("ACK")
	a.request("REFER", "Refer-To: \"x\" <sip:carol@example.com;x=1>;y=2\nReferred-By: <sip:mallory@example.com>\n", "")
	m := bob.expect("REFER")
	if text(m.ReferTo) != "<sip:carol@example.com>" || !strings.Contains(text(m.ReferredBy), "alice") {
		t.Errorf("%s", m.AppendTo(nil))
	}
	bob.send(bob.answer(m, 202, "", "", ""))
	alice.expect("202")
	body := "SIP/2.0 503 My Own Words\r\nX: y\r\n"
	k.seq = 5
	k.request("NOTIFY", "Event: refer;id=1\nSubscription-State: terminated;reason=x\n", "")
	alice.send(alice.answer(alice.expect("NOTIFY"), 200, "", "", ""))
	k.seq++
	bob.send(strings.Replace(bob.request("NOTIFY", k.target, k.from, k.to, k.callID, k.seq, "Event: refer\nSubscription-State: active\n", body), "application/sdp", "message/sipfrag", 1))
	if m := alice.expect("NOTIFY"); string(m.Body) != "SIP/2.0 503 Service Unavailable\r\n" {
		t.Errorf("%q", m.Body)
	}
	alice.forget()
	body = "Signal=5\r\nDuration=200\r\n"
	a.seq++
	alice.send(strings.Replace(alice.request("INFO", a.target, a.from, a.to, a.callID, a.seq, "", body), "application/sdp", "application/dtmf-relay", 1))
	if m := bob.expect("INFO"); string(m.Body) != body {
		t.Errorf("%q", m.Body)
	}
	a.seq++
	alice.send(strings.Replace(alice.request("INFO", a.target, a.from, a.to, a.callID, a.seq, "", "Signal=5\r\nX=y\r\n"), "application/sdp", "application/dtmf-relay", 1))
	alice.expect("400")
}
