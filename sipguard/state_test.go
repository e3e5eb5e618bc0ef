package sipguard

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire/sip"
)

// The steps of a call, in every order and with every repetition: whatever is tried,
// no packet of the caller's reaches the callee's phone before that phone has sent
// its own 200.
func TestEveryOrder(t *testing.T) {
	longest := 6
	if testing.Short() || raceDetector {
		longest = 4
	}
	sound := loopback(t)
	set, err := guard.New(guard.DefaultConfig(), time.Now, func(guard.Verdict) {})
	if err != nil {
		t.Fatal(err)
	}
	if err := set.Configure(generous()); err != nil {
		t.Fatal(err)
	}
	tried := 0
	var walk func(order []int)
	walk = func(order []int) {
		if len(order) > 0 {
			inOrder(t, set, sound, order)
			tried++
		}
		for s := 0; s < len(steps) && len(order) < longest; s++ {
			walk(append(order[:len(order):len(order)], s))
		}
	}
	walk(nil)
	if reached == 0 {
		t.Error("nothing ever reached a phone that has answered: this test proves nothing")
	}
	t.Logf("%d orders of up to %d steps; in %d of them the phone answers and hears the caller", tried, longest, reached)
}

func generous() guard.Config {
	c := guard.DefaultConfig()
	l := &c.Limits
	l.OffersPerMinute, l.OffersPerPairMinute, l.OffersToCalleeMinute, l.RequestsPerMinute, l.TriesPerMinute, l.PacketsPerSecond = 1e9, 1e9, 1e9, 1e9, 1e9, 1e9
	return c
}

var steps = []string{"offer", "candidate", "accept", "connect", "re-offer", "terminate"}

// stage is a guard whose two sides are queues.
type stage struct {
	*Guard
	t             testing.TB
	phone         *flow
	sound         *net.UDPConn
	invite        *sip.Message    // that the phone has
	dialog        *sip.Message    // the answer that the caller's side has
	accepted      map[string]bool // the phone's calls that it has answered
	through       bool            // a packet reached it after that
	did           []string
	seq, branches int
}

func inOrder(t *testing.T, set *guard.Set, sound *net.UDPConn, order []int) {
	g, err := New(Config{
		Listen: []Listener{{"UDP", "127.0.0.1:0"}}, Upstream: "127.0.0.1:9", Ports: [2]uint16{40000, 40063},
		Allow: Allow{Plain: true, Info: true}, Guard: set, Log: discard(), T1: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	here := netip.MustParseAddrPort("127.0.0.1:5060")
	s := &stage{Guard: g, t: t, sound: sound, accepted: map[string]bool{}}
	s.inside = &flow{inside: true, transport: "UDP", remote: g.upstream, self: here, stream: &stream{name: "in", queue: make(chan []byte, 1000)}}
	s.phone = &flow{transport: "UDP", remote: here, self: here, stream: &stream{name: "out", queue: make(chan []byte, 1000)}}
	s.bindings.add(&binding{token: "bob", account: "sip:bob@example.com", aor: mustURI("sip:bob@example.com"), contact: mustURI("sip:bob@127.0.0.1:5060"), flow: s.phone, until: time.Now().Add(time.Hour)})
	for i, n := range order {
		s.did = names(order[:i+1])
		s.step(steps[n])
		s.attack()
	}
	if s.through {
		reached++
	}
}

func names(order []int) (all []string) {
	for _, n := range order {
		all = append(all, steps[n])
	}
	return all
}

// step takes one step, as the caller's side or the phone would.
func (s *stage) step(name string) {
	switch name {
	case "offer":
		s.fromService("INVITE", "sip:bob@127.0.0.1:5060", "", s.description(5004))
	case "candidate":
		s.fromService("INFO", "sip:call@127.0.0.1:5060", s.tag(), "a=candidate:1 1 UDP 1 127.0.0.1 5004 typ host\r\n")
	case "accept":
		if s.invite == nil {
			return
		}
		p := &phone{t: s.t, name: "bob", socket: s.sound, sound: s.sound, to: s.phone.remote}
		answer := p.answer(s.invite, 200, "b", "", s.description(int(localOf(s.sound).Port())))
		s.receive([]byte(answer), s.inside) // the caller's side says so: that is nobody's answer
		s.attack()
		s.receive([]byte(answer), s.phone)
		s.accepted[string(s.invite.CallID)] = true
	case "connect":
		s.fromService("ACK", "sip:call@127.0.0.1:5060", s.tag(), "")
	case "re-offer":
		s.seq++
		s.fromService("INVITE", "sip:call@127.0.0.1:5060", s.tag(), s.description(5006))
	case "terminate":
		s.seq++
		s.fromService("BYE", "sip:call@127.0.0.1:5060", s.tag(), "")
	}
	s.drain()
}

func (s *stage) tag() string {
	if s.dialog == nil {
		return ";tag=none"
	}
	return ";tag=" + string(s.dialog.To.Tag())
}

func (s *stage) description(port int) string {
	return crlf(fmt.Sprintf("v=0\no=- 1 1 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio %d RTP/AVP 0\n", port))
}

func (s *stage) fromService(method, uri, tag, body string) {
	s.branches++
	kind := ""
	if body != "" {
		kind = "Content-Type: application/sdp\n"
	}
	s.receive([]byte(crlf(fmt.Sprintf(`
%s %s SIP/2.0
Via: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK%d
Max-Forwards: 70
From: <sip:alice@example.com>;tag=a
To: <sip:bob@example.com>%s
Call-ID: c
CSeq: %d %s
Contact: <sip:alice@127.0.0.1:9>
%sContent-Length: %d

`, method, strings.Replace(uri, "sip:bob@", "sip:bob@", 1), s.branches, tag, s.seq+1, method, kind, len(body)))+body), s.inside)
}

// drain reads what the guard has said; the phone answers an invitation with a
// description of its own, so that there is somewhere for media to go.
func (s *stage) drain() {
	for {
		select {
		case b := <-s.phone.stream.queue:
			m, err := sip.Parse(b)
			if err != nil {
				s.t.Fatalf("%v\n%s", err, b)
			}
			if is(m, "INVITE") {
				s.invite = m
				p := &phone{t: s.t, name: "bob", socket: s.sound, sound: s.sound, to: s.phone.remote}
				s.receive([]byte(p.answer(m, 183, "b", "", s.description(int(localOf(s.sound).Port())))), s.phone)
			}
		case b := <-s.inside.stream.queue:
			if m, err := sip.Parse(b); err == nil && !m.Request() && string(m.CSeq.Method) == "INVITE" && m.Status > 100 && m.Status < 300 {
				s.dialog = m
			}
		default:
			return
		}
	}
}

// attack has the caller's side send what it can, to all that is open, from where it
// said that it would.
func (s *stage) attack() {
	s.Guard.mu.Lock()
	faces := map[*face]string{}
	for c := range s.calls {
		for _, p := range c.media.parts {
			faces[p.faces[0]] = string(c.legs[1].callID)
		}
	}
	s.Guard.mu.Unlock()
	for f, call := range faces {
		before := s.count.packets.Load()
		s.send(f)
		passed := s.count.packets.Load() - before
		if passed > 0 && !s.accepted[call] {
			s.t.Fatalf("after %v %d packets reached a phone that has not answered", s.did, passed)
		}
		s.through = s.through || passed > 0
	}
}

// send sends all that a caller may try, from where its media was signalled.
func (s *stage) send(f *face) {
	far := f.far.Load()
	if far == nil {
		return
	}
	for _, b := range [][]byte{
		[]byte("\x80\x00\x00\x01\x00\x00\x00\x01\x01\x02\x03\x04sound"), []byte("\x00\x01\x00\x00\x21\x12\xa4\x42123456789012"),
		[]byte("\x80\xc9\x00\x01\x00\x00\x00\x01\x81\xca\x00\x03\x00\x00\x00\x01\x01\x05alice\x00"), []byte("\x16\xfe\xfd\x00"),
	} {
		f.packet(b, make([]byte, 0, 2048), far.rtp, false)
		f.packet(b, make([]byte, 0, 2048), far.rtcp, true)
	}
}

// reached counts the orders in which a packet came to a phone, as it should once
// the phone has answered.
var reached int
