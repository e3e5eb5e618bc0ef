package turnguard

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire/stun"
)

func limited(mend func(*Limits)) func(*Config) {
	return func(c *Config) {
		c.Limits = DefaultLimits()
		c.Shards = 1
		mend(&c.Limits)
	}
}

func TestAllocationsHaveQuotas(t *testing.T) {
	s, kept := serve(t, limited(func(l *Limits) { l.PerUser, l.PerAddress = 2, 3 }))
	try := func(user string) int {
		c := newHand(t, s, user)
		c.do(stun.Allocate, udp)
		return c.do(stun.Allocate, udp)
	}
	var got []int
	for _, user := range []string{"alice", "alice", "alice", "bob", "carol"} {
		got = append(got, try(user))
	}
	if fmt.Sprint(got) != "[0 0 486 0 486]" || !kept.fired("R13") {
		t.Errorf("%v, want a third of alice and a fourth of the address refused\n%s", got, kept)
	}
}

func TestPermissionsAndChannelsAreCounted(t *testing.T) {
	s, kept := serve(t, limited(func(l *Limits) { l.Permissions, l.Channels = 4, 2 }))
	c := newHand(t, s, "alice")
	c.allocate()
	at := func(i int) netip.AddrPort {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 1, byte(i)}), 5000)
	}
	var got []int
	for i := range 3 {
		got = append(got, c.peer(stun.ChannelBind, at(i), channelNumber(0x4000+uint16(i))))
	}
	for i := range 4 {
		got = append(got, c.peer(stun.CreatePermission, at(i+1)))
	}
	got = append(got, c.peer(stun.ChannelBind, at(0), channelNumber(0x4001)), c.peer(stun.ChannelBind, at(9), channelNumber(0x4000)),
		c.peer(stun.ChannelBind, at(0), channelNumber(0x5000)), c.peer(stun.ChannelBind, at(0), channelNumber(0x3fff)), c.peer(stun.ChannelBind, at(0), channelNumber(0x4000)))
	if fmt.Sprint(got) != "[0 0 508 0 0 0 508 400 400 400 400 0]" || !kept.fired("R13") {
		t.Errorf("%v\n%s", got, kept)
	}
}

func TestPacketsHaveABudget(t *testing.T) {
	at := newClock() // which stands: nothing is refilled
	s, kept := serve(t, limited(func(l *Limits) { l.PacketsPerSecond = 50 }), func(c *Config) { c.Now = at.Now })
	c := newHand(t, s, "alice")
	c.allocate()
	if code := c.peer(stun.ChannelBind, netip.MustParseAddrPort(echo(t).String()), channelNumber(0x4000)); code != 0 {
		t.Fatal(code)
	}
	for range 200 {
		if _, err := c.conn.Write(append([]byte{0x40, 0, 0, 22, 0x80, 96}, make([]byte, 20)...)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func() bool { n := s.Counters(); return n.ToPeers+n.Overspent == 200 }, "packets are missing")
	if n := s.Counters(); n.ToPeers != 50 || n.Overspent != 150 || !kept.fired("R13") {
		t.Errorf("%+v\n%s", n, kept)
	}
}

// What goes back to an address that may be forged is never more than Ratio times
// what came from there, and ends after so many answers.
func TestAmplification(t *testing.T) {
	at := newClock()
	s, _ := serve(t, limited(func(l *Limits) { l.RepliesPerMinute = 100 }), func(c *Config) { c.Now, c.Realm = at.Now, realm+"............................." })
	c := newHand(t, s, "alice")
	came, back, answers := 0, 0, 0
	got := make(chan [2]int)
	go func() {
		b, n, all := make([]byte, 2048), 0, 0
		for {
			k, err := c.conn.Read(b)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				got <- [2]int{n, all}
				return
			}
			n, all = n+1, all+k
		}
	}()
	for i := range 5000 {
		b := c.write([]stun.Method{stun.Binding, stun.Allocate, stun.Refresh, stun.Connect}[i%4])
		if i%3 == 0 {
			b = c.write(stun.Allocate, udp)
		}
		came += len(b)
		if _, err := c.conn.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	n := <-got
	answers, back = n[0], n[1]
	if answers == 0 || answers > 100 || back > Ratio*came {
		t.Errorf("%d answers of %d bytes to %d bytes", answers, back, came)
	}
	at.pass(3 * time.Minute)
	b := c.write(stun.Allocate, udp) // the smallest honest first request is answered
	if _, code := c.ask(b); code != 401 {
		t.Errorf("later: %d", code)
	}
	one := stun.Begin(nil, stun.Request, stun.Binding, [12]byte{1})
	if m, code := c.ask(stun.Finish(one, 0)); code != 0 || len(m.Raw) > 3*len(one) {
		t.Errorf("Binding: %d, %d bytes to %d", code, len(m.Raw), len(one))
	}
}

func TestStrangersAreBounded(t *testing.T) {
	var s strangers
	for i := range 2*maxStrangers + 100 {
		s.of([16]byte{10: 0xff, 11: 0xff, 12: 1, 13: byte(i >> 16), 14: byte(i >> 8), 15: byte(i)}, 1)
	}
	if len(s.now) > maxStrangers+1 {
		t.Errorf("%d are remembered", len(s.now))
	}
}

// Connections that get no allocation end, are counted, and one address has not all
// of them.
func TestHalfOpenStreams(t *testing.T) {
	s, _ := serve(t, limited(func(l *Limits) { l.HalfOpen, l.HalfOpenOne = 5, 3 }))
	var open []net.Conn
	for range 6 {
		c, err := net.Dial("tcp", s.Addrs()[0].String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		open = append(open, c)
	}
	eventually(t, func() bool { n := s.Counters(); return n.TurnedAway == 3 && n.Streams == 3 }, "more connections than there may be")
	for _, c := range open {
		c.Close()
	}
	eventually(t, func() bool { return s.Counters().Streams == 0 }, "connections that were closed are still counted")
}

// A stream that ends takes its allocation with it; one that sends what is no message
// is closed; and an allocation that ends takes its stream with it.
func TestStreamsAreKilled(t *testing.T) {
	s, kept := serve(t)
	open := func() (*hand, io.Closer) {
		conn, err := net.Dial("tcp", s.Addrs()[0].String())
		if err != nil {
			t.Fatal(err)
		}
		c := &hand{t: t, conn: conn}
		c.name, c.password = account("alice")
		c.allocate()
		return c, conn
	}
	_, conn := open()
	if n := s.Counters().Allocations; n != 1 {
		t.Fatalf("%d allocations", n)
	}
	conn.Close()
	eventually(t, func() bool { return s.Counters().Allocations == 0 }, "the allocation outlives its stream")
	c, _ := open()
	if _, err := c.conn.Write([]byte{0x80, 0, 0, 4, 1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	eventually(t, func() bool { return s.Counters().Streams == 0 && kept.fired("R5") }, "a stream of nonsense is still open")
	c, _ = open()
	if code := c.do(stun.Refresh, lifetimeOf(0)); code != 0 {
		t.Errorf("Refresh: %d", code)
	}
	eventually(t, func() bool { return s.Counters().Streams == 0 }, "a stream outlives its allocation")
}

func TestTLS(t *testing.T) {
	pair := selfSigned(t)
	s, kept := serve(t, func(c *Config) {
		c.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	})
	conn, err := tls.Dial("tcp", s.Addrs()[0].String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c := &hand{t: t, conn: conn}
	c.name, c.password = account("alice")
	c.allocate()
	plain, err := net.Dial("tcp", s.Addrs()[0].String()) // the same port, without TLS
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	d := &hand{t: t, conn: plain}
	d.name, d.password = account("bob")
	d.allocate()
	if s.Counters().Allocations != 2 || kept.String() != "" {
		t.Errorf("%+v\n%s", s.Counters(), kept)
	}
}

func TestMediaIsLookedAt(t *testing.T) {
	for _, mode := range []Inspect{Off, Record, Drop} {
		s, kept := serve(t, func(c *Config) { c.Inspect = mode })
		c := newHand(t, s, "alice")
		c.allocate()
		if code := c.peer(stun.ChannelBind, netip.MustParseAddrPort("127.0.0.1:5000"), channelNumber(0x4000)); code != 0 {
			t.Fatal(code)
		}
		for _, b := range [][]byte{append([]byte{0x80, 96}, make([]byte, 30)...), {0x80, 200, 0xff, 0xff, 0, 0, 0, 1}, {77, 1, 2}} {
			if _, err := c.conn.Write(append([]byte{0x40, 0, 0, byte(len(b))}, b...)); err != nil {
				t.Fatal(err)
			}
		}
		c.do(stun.Refresh)
		want := map[Inspect]string{Off: "3 0 false", Record: "3 2 true", Drop: "1 2 true"}[mode]
		n := s.Counters()
		if got := fmt.Sprint(n.ToPeers, n.Objected, kept.fired("R6") && kept.fired("R3")); got != want {
			t.Errorf("%s: %s, want %s\n%s", mode, got, want, kept)
		}
		for _, v := range kept.all {
			if (v.Action == "allow") != (mode == Record) {
				t.Errorf("%s: %s", mode, v.Action)
			}
		}
	}
}

func TestPacketsCostNoAllocation(t *testing.T) {
	s, _ := serve(t)
	c := newHand(t, s, "alice")
	c.allocate()
	peer := netip.MustParseAddrPort("127.0.0.1:5000")
	if code := c.peer(stun.ChannelBind, peer, channelNumber(0x4000)); code != 0 {
		t.Fatal(code)
	}
	for _, h := range s.shards {
		h.enter()
		for _, a := range h.byClient {
			o := origin{at: a.client, sock: a.sock, to: &a.to, allocation: a}
			out := append([]byte{0x40, 0, 0, 200, 0x80, 96}, make([]byte, 198)...)
			at, data := endpointOf(peer), out[4:]
			n := testing.AllocsPerRun(200, func() {
				h.message(out, &o)
				h.toClient(data, a, &at)
				h.flush()
			})
			if n != 0 {
				t.Errorf("%v allocations for a packet there and one back", n)
			}
		}
		h.leave()
	}
}

func FuzzFront(f *testing.F) {
	s, _ := serve(f, func(c *Config) { c.Shards, c.AllowPeer = 1, nil })
	c := newHand(f, s, "alice")
	c.allocate()
	f.Add(c.write(stun.Allocate, udp), false)
	f.Add(c.written(stun.CreatePermission, netip.MustParseAddrPort("8.8.8.8:80")), true)
	f.Add([]byte{0x40, 0, 0, 4, 1, 2, 3, 4}, true)
	b := stun.AppendAddress(stun.Begin(nil, stun.Indication, stun.Send, [12]byte{}), 0, stun.XORPeerAddress, netip.MustParseAddrPort("127.0.0.1:80"))
	f.Add(stun.Finish(stun.Append(b, stun.DataValue, []byte("x")), 0), true)
	h := s.shards[0]
	var mine *allocation
	h.enter()
	for _, a := range h.byClient {
		mine = a
	}
	h.leave()
	f.Fuzz(func(t *testing.T, b []byte, known bool) {
		h.enter()
		defer h.leave()
		o := origin{at: mine.client, sock: mine.sock, to: &mine.to}
		if !known {
			o.at.port = 9
		}
		o.allocation = h.byClient[o.at]
		before := h.counters.ToPeers
		h.message(b, &o)
		h.toClient(b, mine, &endpoint{port: 7})
		if h.counters.ToPeers != before {
			t.Fatalf("%x reached a peer, without a permission", b)
		}
	})
}

// selfSigned returns a certificate of nobody.
func selfSigned(t testing.TB) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
