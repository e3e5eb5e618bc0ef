package relay

import (
	"bytes"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pion/turn/v5"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
)

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

// fired tells whether a verdict of the rule is there.
func (l *ledger) fired(rule string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.ContainsFunc(l.all, func(v guard.Verdict) bool { return slices.Contains(v.Rules, rule) })
}

func (l *ledger) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for _, v := range l.all {
		b.WriteString(strings.Join(v.Rules, " ") + " " + string(v.Kind) + ": " + v.Reason + "\n")
	}
	return b.String()
}

func start(t testing.TB, mend ...func(*Config)) (*Relay, *ledger) {
	t.Helper()
	kept := &ledger{}
	set, err := guard.New(guard.DefaultConfig(), time.Now, kept.record)
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Addr: "127.0.0.1:0", Guard: set}
	for _, f := range mend {
		f(&c)
	}
	r, err := Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.Stop)
	return r, kept
}

var someCall = wire.ID{1, 2, 3}

func open(t testing.TB, r *Relay, id wire.ID) (callee, caller string) {
	t.Helper()
	callee, caller, err := r.Open(id, false)
	if err != nil {
		t.Fatal(err)
	}
	return callee, caller
}

// dial returns a TURN client of a leg, over UDP or TCP.
func dial(t testing.TB, r *Relay, network, user, password string) *turn.Client {
	t.Helper()
	var c net.PacketConn
	var err error
	if network == "tcp" {
		conn, err := net.Dial("tcp", r.Addr())
		if err != nil {
			t.Fatal(err)
		}
		c = turn.NewSTUNConn(conn)
	} else if c, err = net.ListenPacket("udp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	client, err := turn.NewClient(&turn.ClientConfig{
		TURNServerAddr: r.Addr(), Conn: c, Username: user, Password: password, LoggerFactory: quiet{}, RTO: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); c.Close() })
	return client
}

func allocate(t testing.TB, c *turn.Client) net.PacketConn {
	t.Helper()
	p, err := c.Allocate()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// binding is a STUN request as one end of a call sends it to the other.
func binding(n byte) []byte {
	return append([]byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42}, bytes.Repeat([]byte{n}, 12)...)
}

func srtp() []byte { return append([]byte{0x80, 96}, make([]byte, 40)...) }

// finished is a DTLS record that is encrypted.
func finished() []byte {
	return append([]byte{22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 24}, make([]byte, 24)...)
}

func to(a netip.AddrPort) net.Addr { return net.UDPAddrFromAddrPort(a) }

// receive returns the next packet, or nil when none comes.
func receive(t testing.TB, p net.PacketConn, wait time.Duration) ([]byte, net.Addr) {
	t.Helper()
	b := make([]byte, 2048)
	if err := p.SetReadDeadline(time.Now().Add(wait)); err != nil {
		t.Fatal(err)
	}
	n, from, err := p.ReadFrom(b)
	if err != nil {
		return nil, nil
	}
	return b[:n], from
}

const (
	soon  = 10 * time.Second // how long is waited for what must come
	never = 150 * time.Millisecond
)

func TestPacketsCrossBetweenTheLegs(t *testing.T) {
	for _, networks := range [][2]string{{"udp", "udp"}, {"tcp", "tcp"}, {"udp", "tcp"}} {
		r, kept := start(t)
		pa, pc := open(t, r, someCall)
		a := allocate(t, dial(t, r, networks[0], someCall.String()+"-a", pa))
		c := allocate(t, dial(t, r, networks[1], someCall.String()+"-c", pc))
		if a.LocalAddr().String() != CalleeAddr.String() || c.LocalAddr().String() != CallerAddr.String() {
			t.Fatalf("relayed addresses %s, %s", a.LocalAddr(), c.LocalAddr())
		}
		cross(t, a, c, CallerAddr, CalleeAddr)
		cross(t, c, a, CalleeAddr, CallerAddr)
		if kept.String() != "" {
			t.Errorf("verdicts on an honest call:\n%s", kept)
		}
	}
}

// cross sends from one leg until the other has got something: the permission
// of the receiver is under way.
func cross(t *testing.T, from, at net.PacketConn, target, source netip.AddrPort) {
	t.Helper()
	if _, err := at.WriteTo(binding(99), to(source)); err != nil {
		t.Fatal(err)
	}
	for i := range byte(20) {
		if _, err := from.WriteTo(binding(i), to(target)); err != nil {
			t.Fatal(err)
		}
		if b, sender := receive(t, at, time.Second/2); b != nil {
			if sender.String() != source.String() {
				t.Fatalf("got %x from %s", b, sender)
			}
			if b[8] <= i { // and not what was sent to get the permission
				return
			}
		}
	}
	t.Fatal("nothing came through")
}

func TestNothingBeforeOpenAndNothingAfterClose(t *testing.T) {
	r, kept := start(t)
	if _, err := dial(t, r, "udp", someCall.String()+"-c", strings.Repeat("x", 32)).Allocate(); err == nil {
		t.Fatal("an allocation for a call that is not answered")
	}
	if !kept.fired("R1") {
		t.Errorf("not recorded as R1:\n%s", kept)
	}
	pa, pc := open(t, r, someCall)
	a := allocate(t, dial(t, r, "udp", someCall.String()+"-a", pa))
	ct := dial(t, r, "tcp", someCall.String()+"-c", pc)
	c := allocate(t, ct)
	cross(t, a, c, CallerAddr, CalleeAddr)
	r.Close(someCall)
	if n := r.Allocations(); n != 0 {
		t.Errorf("%d allocations after the call was closed", n)
	}
	a.WriteTo(binding(1), to(CallerAddr))
	if b, _ := receive(t, c, never); b != nil {
		t.Errorf("%x arrived after the call was closed", b)
	}
	if _, err := dial(t, r, "udp", someCall.String()+"-a", pa).Allocate(); err == nil {
		t.Error("a credential outlived its call")
	}
}

func TestWrongCredentials(t *testing.T) {
	r, kept := start(t)
	pa, pc := open(t, r, someCall)
	otherA, _ := open(t, r, wire.ID{9})
	for name, c := range map[string][2]string{
		"the other leg's password":   {someCall.String() + "-a", pc},
		"another call's password":    {someCall.String() + "-a", otherA},
		"no such leg":                {someCall.String() + "-b", pa},
		"no call at all":             {"admin", pa},
		"upper case":                 {strings.ToUpper(wire.ID{0xab}.String()) + "-a", pa},
		"something behind the leg":   {someCall.String() + "-a ", pa},
		"another call, own password": {wire.ID{9}.String() + "-a", pa},
	} {
		if _, err := dial(t, r, "udp", c[0], c[1]).Allocate(); err == nil {
			t.Errorf("%s: an allocation", name)
		}
	}
	if !kept.fired("R20") {
		t.Errorf("not recorded as R20:\n%s", kept)
	}
	if n := r.Allocations(); n != 0 {
		t.Errorf("%d allocations", n)
	}
}

func TestPeersOtherThanTheOtherLegAreRefused(t *testing.T) {
	r, kept := start(t)
	trap, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer trap.Close()
	pa, pc := open(t, r, someCall)
	a := allocate(t, dial(t, r, "udp", someCall.String()+"-a", pa))
	client := dial(t, r, "udp", someCall.String()+"-c", pc)
	c := allocate(t, client)
	cross(t, a, c, CallerAddr, CalleeAddr)
	trapped := trap.LocalAddr().(*net.UDPAddr).AddrPort()
	for _, peer := range []string{
		trapped.String(), "127.0.0.1:49152", "0.0.0.0:49152", "[::]:80", "[::1]:49152", "[::ffff:127.0.0.1]:80", "[64:ff9b::7f00:1]:80",
		"169.254.169.254:80", "[fe80::1]:80", "10.0.0.1:80", "192.0.2.2:49152", "192.0.2.1:49153", "198.51.100.7:443",
	} {
		addr := to(netip.MustParseAddrPort(peer))
		if err := client.CreatePermission(addr); err == nil {
			t.Errorf("%s: permission given", peer)
		}
	}
	if !kept.fired("R12") {
		t.Errorf("not recorded as R12:\n%s", kept)
	}
	if b, _ := receive(t, trap, never); b != nil {
		t.Errorf("%x left the relay", b)
	}
	// The honest direction still works.
	cross(t, c, a, CalleeAddr, CallerAddr)
}

func TestMediaOnlyAfterTheHandshake(t *testing.T) {
	r, kept := start(t)
	pa, pc := open(t, r, someCall)
	a := allocate(t, dial(t, r, "udp", someCall.String()+"-a", pa))
	c := allocate(t, dial(t, r, "udp", someCall.String()+"-c", pc))
	cross(t, c, a, CalleeAddr, CallerAddr)
	cross(t, a, c, CallerAddr, CalleeAddr)
	drain(t, a)
	c.WriteTo(srtp(), to(CalleeAddr))
	c.WriteTo(finished(), to(CalleeAddr))
	c.WriteTo(srtp(), to(CalleeAddr))
	if b, _ := receive(t, a, soon); !bytes.Equal(b, finished()) {
		t.Fatalf("got %x, want the handshake and nothing before it", b)
	}
	if b, _ := receive(t, a, never); b != nil {
		t.Fatalf("%x came before the handshake went through", b)
	}
	a.WriteTo(finished(), to(CallerAddr))
	waitFor(t, c, finished())
	c.WriteTo(srtp(), to(CalleeAddr))
	waitFor(t, a, srtp())
	if !kept.fired("R16") {
		t.Errorf("not recorded as R16:\n%s", kept)
	}
}

func drain(t *testing.T, p net.PacketConn) {
	for b, _ := receive(t, p, never); b != nil; b, _ = receive(t, p, never) {
	}
}

func waitFor(t *testing.T, p net.PacketConn, want []byte) {
	t.Helper()
	for {
		b, _ := receive(t, p, soon)
		if b == nil {
			t.Fatalf("%x did not come", want[:4])
		}
		if bytes.Equal(b, want) {
			return
		}
	}
}

func TestPacketsWithLyingLengthsAndFloods(t *testing.T) {
	r, kept := start(t)
	pa, pc := open(t, r, someCall)
	a := allocate(t, dial(t, r, "udp", someCall.String()+"-a", pa))
	c := allocate(t, dial(t, r, "udp", someCall.String()+"-c", pc))
	cross(t, c, a, CalleeAddr, CallerAddr)
	for rule, b := range map[string][]byte{
		"R6": append(binding(1)[:2], append([]byte{0, 8}, binding(1)[4:]...)...), "R3": {77, 0, 0, 0}, "R5": append(srtp(), make([]byte, 1450)...),
	} {
		c.WriteTo(b, to(CalleeAddr))
		eventually(t, func() bool { return kept.fired(rule) }, rule+" did not fire")
	}
	drain(t, a)
	for range 5000 {
		c.WriteTo(binding(7), to(CalleeAddr))
	}
	eventually(t, func() bool { return kept.fired("R13") }, "R13 did not fire")
}

func eventually(t *testing.T, ok func() bool, otherwise string) {
	t.Helper()
	for end := time.Now().Add(soon); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal(otherwise)
}

func TestSilenceEndsConsent(t *testing.T) {
	r, _ := start(t, func(c *Config) { c.Silence = 100 * time.Millisecond })
	silent := make(chan wire.ID, 10)
	r.OnSilent(func(id wire.ID) { silent <- id })
	open(t, r, someCall)
	select {
	case id := <-silent:
		if id != someCall {
			t.Errorf("call %s fell silent", id)
		}
	case <-time.After(soon):
		t.Fatal("nobody noticed the silence")
	}
	select {
	case <-silent:
		t.Error("told twice")
	case <-time.After(300 * time.Millisecond):
	}
}

func TestNoGoroutineStays(t *testing.T) {
	r, _ := start(t)
	pa, pc := open(t, r, someCall)
	a, c := dial(t, r, "udp", someCall.String()+"-a", pa), dial(t, r, "tcp", someCall.String()+"-c", pc)
	allocate(t, a)
	allocate(t, c)
	r.Stop()
	a.Close()
	c.Close()
	stack := make([]byte, 1<<20)
	eventually(t, func() bool {
		all := string(stack[:runtime.Stack(stack, true)])
		return !strings.Contains(all, "ringfence/relay.(*") && !strings.Contains(all, "turn.(*Server)") && !strings.Contains(all, "allocation.(*")
	}, "goroutines stay behind")
	if _, _, err := r.Open(someCall, false); err == nil {
		t.Error("a stopped relay opens a call")
	}
}

func TestURIs(t *testing.T) {
	r, _ := start(t, func(c *Config) { c.External = "relay.example.org" })
	_, port, _ := net.SplitHostPort(r.Addr())
	want := []string{"turn:relay.example.org:" + port + "?transport=udp", "turn:relay.example.org:" + port + "?transport=tcp"}
	if !slices.Equal(r.URIs(), want) {
		t.Errorf("%v, want %v", r.URIs(), want)
	}
}
