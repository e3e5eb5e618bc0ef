package sipguard

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire/sip"
)

// gone waits until nothing is left of any call.
func (b *bench) gone() {
	b.t.Helper()
	for end := time.Now().Add(3 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		b.Guard.mu.Lock()
		left := len(b.calls) + len(b.legs) + len(b.ofFlow) + int(b.ports.taken.Load())
		b.Guard.mu.Unlock()
		if left == 0 {
			return
		}
		if time.Now().After(end) {
			b.t.Fatalf("left behind: %s", b.dump())
		}
	}
}

func TestCancel(t *testing.T) {
	b := newBench(t, nil)
	alice, bob := b.two()
	a := alice.call("bob")
	bob.ring()
	alice.expect("180")
	cancelLast(alice, a)
	alice.expect("200")
	m := alice.expect("487")
	alice.send(alice.request("ACK", a.target, a.from, text(m.To), a.callID, a.seq, "", ""))
	bob.send(bob.answer(bob.expect("CANCEL"), 200, "x", "", ""))
	b.gone()
}

// cancelLast sends the CANCEL of the INVITE that was sent last: its branch.
func cancelLast(p *phone, k *talk) {
	text := p.request("CANCEL", k.target, k.from, k.to, k.callID, k.seq, "", "")
	p.send(strings.Replace(text, branchOf(text), p.branch, 1))
}

func branchOf(text string) string {
	_, rest, _ := strings.Cut(text, "branch=")
	b, _, _ := strings.Cut(rest, ";")
	return b
}

func TestDeclined(t *testing.T) {
	b := newBench(t, nil)
	alice, bob := b.two()
	for _, c := range []struct {
		says  int
		hears string
		lines string
	}{
		{486, "486", ""},
		{302, "480", "Contact: <sip:elsewhere@192.0.2.1>\n"},
		{401, "403", "WWW-Authenticate: Digest realm=\"give me your password\", nonce=\"1\"\n"},
		{407, "403", "Proxy-Authenticate: Digest realm=\"give me your password\", nonce=\"1\"\n"},
		{499, "400", ""},
	} {
		alice.call("bob")
		m := bob.expect("INVITE")
		out := bob.answer(m, c.says, "x", "", "")
		if strings.HasPrefix(c.lines, "Contact") {
			out = strings.Replace(out, "Contact: "+bob.contact()+"\r\n", "", 1)
		}
		if c.says == 499 {
			out = strings.Replace(out, "SIP/2.0 499 ", "SIP/2.0 499 Whatever", 1)
		}
		bob.send(strings.Replace(out, "Content-Length", crlf(c.lines)+"Content-Length", 1))
		bob.expect("ACK")
		got := alice.expect(c.hears)
		if len(got.WWWAuthenticate)+len(got.ProxyAuthenticate)+len(got.Contact) > 0 {
			t.Errorf("%d: %s", c.says, got.AppendTo(nil))
		}
		b.gone()
	}
}

// Before the answer the caller hears the callee, and the callee nothing of the
// caller: neither sound nor anything else.
func TestEarlyMedia(t *testing.T) {
	b := newBench(t, nil)
	alice, bob := b.two()
	a := alice.call("bob")
	k := bob.ring()
	bob.send(bob.answer(k.invite, 183, k.tag(), "", bob.offer()))
	m := alice.expect("183")
	a.media = mediaOf(m.Body)
	k.speak(3)
	wait(t, "alice hears the ringing tone", func() bool { _, n := alice.heard(); return n == 3 })
	a.speak(50)
	for _, b := range [][]byte{{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, {22, 1, 0, 0}, {0x80, 200, 0, 1, 0, 0, 0, 0}} {
		alice.sound.WriteToUDPAddrPort(b, a.media)
	}
	wait(t, "the guard has dropped them", func() bool { return b.Counts().Early == 53 })
	if _, n := bob.heard(); n != 0 {
		t.Fatalf("%d packets reached a phone that rings", n)
	}
	k.pickUp()
	a.connected()
	bob.expect("ACK")
	a.speak(1)
	wait(t, "bob hears alice", func() bool { _, n := bob.heard(); return n == 1 })
}

// Packets from elsewhere, and broken ones, go nowhere and end nothing (R9, R10).
func TestMediaIsBound(t *testing.T) {
	b := newBench(t, nil)
	alice, bob := b.two()
	a := alice.call("bob")
	bob.ring().pickUp()
	a.connected()
	bob.expect("ACK")
	bob.forget()
	other := loopback(t)
	for i := range 200 {
		time.Sleep(time.Duration(i%20/19) * 5 * time.Millisecond) // the buffer of a socket is small
		other.WriteToUDPAddrPort([]byte("\x80\x00\x00\x01\x00\x00\x00\x01\x01\x02\x03\x04from elsewhere"), a.media)
	}
	for _, bad := range []string{"\x80\x00\x00", "\x9f\x00\x00\x01\x00\x00\x00\x01\x01\x02\x03\x04", "\x80\x60\x00\x01\x00\x00\x00\x01\x01\x02\x03\x04 not agreed", "\xa0\x00\x00\x01\x00\x00\x00\x01\x01\x02\x03\x04ab\xff",
		"\x00\x01\x00\x00\x21\x12\xa4\x42123456789012", "\x16\xfe\xff\x00", "", strings.Repeat("\x80\x00", 800)} {
		time.Sleep(5 * time.Millisecond)
		for range 20 {
			alice.sound.WriteToUDPAddrPort([]byte(bad), a.media)
		}
	}
	for end := time.Now().Add(time.Second); b.Counts().Bad < 160 || b.Counts().Elsewhere < 200; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%+v", b.Counts())
		}
	}
	a.speak(1)
	wait(t, "bob hears alice", func() bool { _, n := bob.heard(); return n > 0 })
	if _, n := bob.heard(); n != 1 {
		t.Errorf("bob got %d packets", n)
	}
	// An extension, contributing sources and padding are not passed.
	alice.sound.WriteToUDPAddrPort([]byte("\xb1\x00\x00\x01\x00\x00\x00\x01\x01\x02\x03\x04sour\xbe\xde\x00\x01\x10\xff\x00\x00sound\x00\x02"), a.media)
	wait(t, "bob hears it", func() bool { _, n := bob.heard(); return n == 2 })
	if want := "\x80\x00\x00\x01\x00\x00\x00\x01\x01\x02\x03\x04sound"; string(bob.last) != want {
		t.Errorf("bob got %q, want %q", bob.last, want)
	}
	if !slices.Contains(b.rules(), "R6") {
		t.Errorf("no verdict on broken packets: %v", b.rules())
	}
}

func TestDelayedOffer(t *testing.T) {
	b := newBench(t, nil)
	alice, bob := b.two()
	a := alice.call("bob", alice.offer(), "", "Content-Type: application/sdp\r\n", "", fmt.Sprintf("Content-Length: %d", len(alice.offer())), "Content-Length: 0")
	k := bob.ring()
	if len(k.invite.Body) > 0 {
		t.Errorf("a description came from nowhere: %s", k.invite.Body)
	}
	k.pickUp()
	m := alice.expect("200")
	a.to, a.target, a.media = text(m.To), string(m.Contact[0].URI.AppendTo(nil)), mediaOf(m.Body)
	alice.send(alice.request("ACK", a.target, a.from, a.to, a.callID, a.seq, "", alice.offer()))
	k.media = mediaOf(bob.expect("ACK").Body)
	a.speak(1)
	wait(t, "bob hears alice", func() bool { _, n := bob.heard(); return n == 1 })
	k.speak(1)
	wait(t, "alice hears bob", func() bool { _, n := alice.heard(); return n == 1 })
}

// A call is held and taken up again by either side, and goes on.
func TestReinviteAndUpdate(t *testing.T) {
	b := newBench(t, nil)
	alice, bob := b.two()
	a := alice.call("bob")
	k := bob.ring().pickUp()
	a.connected()
	bob.expect("ACK")
	k.seq = 100
	for i, c := range []struct {
		from *talk
		to   *phone
		how  string
	}{{a, bob, "INVITE"}, {k, alice, "INVITE"}, {a, bob, "UPDATE"}, {k, alice, "UPDATE"}} {
		c.from.request(c.how, "", strings.Replace(c.from.p.offer(), "sendrecv", "sendonly", 1))
		m := c.to.expect(c.how)
		if !strings.Contains(string(m.Body), "a=sendonly") || strings.Contains(string(m.Body), fmt.Sprint(c.from.p.port())) {
			t.Errorf("%d: %s", i, m.Body)
		}
		c.to.send(c.to.answer(m, 200, "", "", strings.Replace(c.to.offer(), "sendrecv", "recvonly", 1)))
		if got := c.from.p.expect("200"); !strings.Contains(string(got.Body), "recvonly") {
			t.Errorf("%d: %s", i, got.Body)
		}
		if c.how == "INVITE" {
			c.from.p.send(c.from.p.request("ACK", c.from.target, c.from.from, c.from.to, c.from.callID, c.from.seq, "", ""))
			c.to.expect("ACK")
		}
	}
	a.speak(1)
	wait(t, "bob hears alice", func() bool { _, n := bob.heard(); return n == 1 })
	k.request("BYE", "", "")
	alice.send(alice.answer(alice.expect("BYE"), 200, "", "", ""))
	bob.expect("200")
	b.gone()
}

// A reliable provisional response and its PRACK pass with other numbers, RFC 3262.
func TestReliableProvisional(t *testing.T) {
	b := newBench(t, nil)
	alice, bob := b.two()
	a := alice.call("bob", "Max-Forwards: 70", "Max-Forwards: 70\r\nSupported: 100rel")
	k := &talk{p: bob, invite: bob.expect("INVITE")}
	k.from = text(k.invite.To) + ";tag=" + random()
	if !has(k.invite.Supported, "100rel") {
		t.Fatalf("%s", k.invite.AppendTo(nil))
	}
	for range 2 { // as it comes again until it is acknowledged
		bob.send(bob.answer(k.invite, 183, k.tag(), "Require: 100rel\nRSeq: 776655\n", bob.offer()))
	}
	m := alice.expect("183")
	if again := alice.expect("183"); again.RSeq != m.RSeq || m.RSeq == 776655 {
		t.Errorf("RSeq %d, then %d", m.RSeq, again.RSeq)
	}
	a.to, a.target = text(m.To), string(m.Contact[0].URI.AppendTo(nil))
	seq := a.seq
	a.request("PRACK", fmt.Sprintf("RAck: %d %d INVITE\n", m.RSeq+1, seq), "")
	alice.expect("481")
	a.request("PRACK", fmt.Sprintf("RAck: %d %d INVITE\n", m.RSeq, seq), "")
	got := bob.expect("PRACK")
	if got.RAck.RSeq != 776655 || got.RAck.Number != k.invite.CSeq.Number {
		t.Errorf("%s", got.AppendTo(nil))
	}
	bob.send(bob.answer(got, 200, "", "", ""))
	alice.expect("200")
	a.seq = seq
	k.pickUp()
	a.connected()
	bob.expect("ACK")
}

// What is not somebody's turn, or not theirs to say, changes nothing (R4, R20).
func TestOutOfTurn(t *testing.T) {
	b := newBench(t, nil)
	alice, bob := b.two()
	eve := newPhone(t, "eve", b.outside)
	a := alice.call("bob")
	k := bob.ring()
	m := alice.expect("180")
	a.to = text(m.To)
	seq := a.seq
	alice.send(alice.answer(m2(t, a), 200, "x", "", alice.offer())) // the caller answers for the callee: CVE-2019-17191
	for _, method := range []string{"BYE", "INVITE", "INFO", "REFER", "MESSAGE", "NOTIFY", "PUBLISH", "SUBSCRIBE"} {
		a.request(method, "", "")
		if got := alice.expect("481", "405", "491"); got == nil {
			t.Errorf("%s passes", method)
		}
	}
	if got := bob.maybe(100*time.Millisecond, "BYE", "INVITE", "INFO", "REFER", "MESSAGE", "ACK"); got != nil {
		t.Errorf("%s reached the phone that rings", got.Method)
	}
	k.pickUp()
	invited := *a
	invited.seq = seq
	invited.connected()
	a.to, a.target, a.media = invited.to, invited.target, invited.media
	bob.expect("ACK")
	e := *a
	e.p = eve
	for _, from := range []string{a.from, a.from[:strings.Index(a.from, ";")] + ";tag=other"} {
		e.from, e.callID = from, a.callID
		if from == a.from {
			e.callID += "x"
		}
		e.request("BYE", "", "")
		eve.expect("481")
	}
	a.speak(1)
	wait(t, "the call goes on", func() bool { _, n := bob.heard(); return n == 1 })
}

// m2 is an INVITE as the caller has it, to make a response of.
func m2(t *testing.T, k *talk) *sip.Message {
	m, err := sip.Parse([]byte(k.p.request("INVITE", k.target, k.from, k.to, k.callID, k.seq, "", "")))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A later INVITE that is cancelled while it is answered changes nothing, and ends
// nothing.
func TestCancelOfReinvite(t *testing.T) {
	b := newBench(t, nil)
	alice, bob := b.two()
	a := alice.call("bob")
	bob.ring().pickUp()
	a.connected()
	bob.expect("ACK")
	a.request("INVITE", "", alice.offer())
	m := bob.expect("INVITE")
	cancelLast(alice, a)
	alice.expect("487")
	bob.send(bob.answer(m, 200, "", "", bob.offer()))
	bob.expect("ACK")
	time.Sleep(64*50*time.Millisecond + 100*time.Millisecond)
	a.speak(1)
	wait(t, "the call goes on", func() bool { _, n := bob.heard(); return n == 1 })
}
