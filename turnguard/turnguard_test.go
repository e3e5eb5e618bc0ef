package turnguard

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/turn/v5"

	"github.com/ringfence/ringfence/guard"
)

const (
	realm  = "example.org"
	secret = "a secret of the test"
)

var loopback = netip.MustParsePrefix("127.0.0.0/8")

// ledger keeps the verdicts of a test.
type ledger struct {
	mu  sync.Mutex
	all []guard.Verdict
}

func (l *ledger) record(v guard.Verdict) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, v)
}

func (l *ledger) fired(rule string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.all, func(v guard.Verdict) bool { return v.Rules[0] == rule })
}

func (l *ledger) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for _, v := range l.all {
		fmt.Fprintf(&b, "%s %s %s %s: %s\n", v.Action, strings.Join(v.Rules, " "), v.Kind, v.Address, v.Reason)
	}
	return b.String()
}

// serve starts a server on loopback, whose peers may be on loopback too.
func serve(t testing.TB, mend ...func(*Config)) (*Server, *ledger) {
	t.Helper()
	kept := &ledger{}
	ip := netip.MustParseAddr("127.0.0.1")
	c := Config{
		Listen: []string{"127.0.0.1:0"}, Secrets: [][]byte{[]byte("an older secret"), []byte(secret)}, Realm: realm,
		Relay: []Address{{Local: ip}}, MinPort: 49152, MaxPort: 65535, AllowPeer: []netip.Prefix{loopback}, Inspect: Record, Record: kept.record,
	}
	for _, f := range mend {
		f(&c)
	}
	s, err := Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s, kept
}

// account returns a credential of a user.
func account(user string) (name, password string) {
	name = fmt.Sprintf("%d:%s", time.Now().Add(time.Hour).Unix(), user)
	return name, Password([]byte(secret), name)
}

// dial returns a TURN client.
func dial(t testing.TB, s *Server, network, user string) *turn.Client {
	t.Helper()
	name, password := account(user)
	at := s.Addrs()[0].String()
	c := &turn.ClientConfig{TURNServerAddr: at, STUNServerAddr: at, Username: name, Password: password, Realm: realm, RTO: 50 * time.Millisecond}
	if network == "udp" {
		conn, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		c.Conn = conn
	} else {
		conn, err := net.Dial("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		c.Conn = turn.NewSTUNConn(conn)
	}
	t.Cleanup(func() { c.Conn.Close() })
	client, err := turn.NewClient(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	return client
}

func eventually(t testing.TB, done func() bool, what string) {
	t.Helper()
	for range 1000 {
		if done() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal(what)
}

// echo is a peer that sends everything back.
func echo(t testing.TB) net.Addr {
	t.Helper()
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	go func() {
		b := make([]byte, 64<<10)
		for {
			n, from, err := c.ReadFrom(b)
			if err != nil {
				return
			}
			_, _ = c.WriteTo(b[:n], from)
		}
	}()
	return c.LocalAddr()
}

// bounce sends packets of many sizes to a peer and expects them back.
func bounce(t *testing.T, c net.PacketConn, to net.Addr, packets int) {
	t.Helper()
	got := make([]byte, 64<<10)
	for i := range packets {
		b := append([]byte{0x80, 96}, make([]byte, 30+i%1200)...)
		b[2], b[3] = byte(i>>8), byte(i)
		if _, err := c.WriteTo(b, to); err != nil {
			t.Fatal(err)
		}
		if err := c.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
			t.Fatal(err)
		}
		n, from, err := c.ReadFrom(got)
		if err != nil || string(got[:n]) != string(b) || from.String() != to.String() {
			t.Fatalf("packet %d of %d bytes: %d bytes from %v, %v", i, len(b), n, from, err)
		}
	}
}

func TestPacketsComeAndGo(t *testing.T) {
	for _, network := range []string{"udp", "tcp"} {
		t.Run(network, func(t *testing.T) {
			s, kept := serve(t)
			client := dial(t, s, network, "alice")
			relayed, err := client.Allocate()
			if err != nil {
				t.Fatalf("%v\n%s", err, kept)
			}
			bounce(t, relayed, echo(t), 300) // Send indications, then ChannelData once the channel is bound
			if mapped, err := client.SendBindingRequest(); err != nil || network == "udp" && mapped.String() == "" {
				t.Errorf("Binding: %v, %v", mapped, err)
			}
			if n := s.Counters().Allocations; n != 1 {
				t.Errorf("%d allocations", n)
			}
			if err := relayed.Close(); err != nil {
				t.Fatal(err)
			}
			eventually(t, func() bool { return s.Counters().Allocations == 0 }, "the allocation is still there")
			if c := s.Counters(); c.ToPeers != 300 || c.ToClients != 300 || c.Refused != 0 {
				t.Errorf("%+v", c)
			}
			if kept.String() != "" {
				t.Errorf("verdicts on an honest client:\n%s", kept)
			}
		})
	}
}

// Two clients of one server reach each other through both of their allocations, also
// where loopback is no peer, and that alone.
func TestAllocationsReachEachOther(t *testing.T) {
	s, kept := serve(t, func(c *Config) { c.AllowPeer = nil })
	a, err := dial(t, s, "udp", "alice").Allocate()
	if err != nil {
		t.Fatal(err)
	}
	b, err := dial(t, s, "tcp", "bob").Allocate()
	if err != nil {
		t.Fatal(err)
	}
	go func() { // bob sends back what he gets
		p := make([]byte, 2048)
		for {
			n, from, err := b.ReadFrom(p)
			if err != nil {
				return
			}
			_, _ = b.WriteTo(p[:n], from)
		}
	}()
	if _, err := b.WriteTo([]byte{0x80, 96, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, a.LocalAddr()); err != nil { // permits
		t.Fatal(err)
	}
	p := make([]byte, 2048)
	if _, err := a.WriteTo([]byte{0x80, 96, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, b.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	_ = a.SetReadDeadline(time.Now().Add(5 * time.Second))
	if n, from, err := a.ReadFrom(p); err != nil || from.String() != b.LocalAddr().String() || n != 22 {
		t.Errorf("%d bytes from %v: %v\n%s", n, from, err, kept)
	}
	if _, err := a.WriteTo([]byte{1}, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(s.Addrs()[0].Port())}); err != nil {
		t.Error(err) // there is a permission for its address, but not for that port
	}
	eventually(t, func() bool { return kept.fired("R12") }, "the relay itself is a peer")
	apart, _ := serve(t, func(c *Config) { c.AllowPeer, c.Apart = nil, true })
	x, err := dial(t, apart, "udp", "alice").Allocate()
	if err != nil {
		t.Fatal(err)
	}
	y, err := dial(t, apart, "udp", "bob").Allocate()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.WriteTo([]byte{1}, y.LocalAddr()); err == nil {
		t.Error("an address of the relay is a peer, where allocations are to be apart")
	}
}
