package turnguard

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire/stun"
)

// hand is a client that is written by hand, so that it may do what no library does.
type hand struct {
	t              testing.TB
	conn           net.Conn
	name, password string
	nonce          []byte
	sha            bool // SHA-256 for key and integrity
}

func newHand(t testing.TB, s *Server, user string) *hand {
	t.Helper()
	conn, err := net.Dial("udp", s.Addrs()[0].String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &hand{t: t, conn: conn}
	c.name, c.password = account(user)
	return c
}

func (c *hand) key() []byte {
	secret := []byte(secret)
	return key(c.sha, c.name, realm, secret)
}

// write writes a request of a method, with a credential where there is a nonce.
func (c *hand) write(method stun.Method, more ...attribute) []byte {
	var id [12]byte
	rand.Read(id[:])
	b := stun.Begin(nil, stun.Request, method, id)
	for _, a := range more {
		b = stun.Append(b, a.kind, a.value)
	}
	if c.nonce == nil {
		return stun.Finish(b, 0)
	}
	b = stun.Append(b, stun.Username, []byte(c.name))
	b = stun.Append(b, attrRealm, []byte(realm))
	b = stun.Append(b, attrNonce, c.nonce)
	if !c.sha {
		return stun.AppendIntegrity(b, 0, c.key())
	}
	b = stun.Append(b, attrPasswordAlgorithms, passwordAlgorithms)
	b = stun.Append(b, attrPasswordAlgorithm, []byte{0, 2, 0, 0})
	return appendIntegrity(b, 0, &credential{key: c.key(), sha: true})
}

// ask sends a message and returns the answer and its error code; 0 is a success, -1
// no answer.
func (c *hand) ask(b []byte) (stun.Message, int) {
	c.t.Helper()
	if _, err := c.conn.Write(b); err != nil {
		c.t.Fatal(err)
	}
	answer := make([]byte, 2048)
	_ = c.conn.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	n, err := c.conn.Read(answer)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return stun.Message{}, -1
	}
	if err != nil {
		c.t.Fatal(err)
	}
	m, err := stun.Parse(answer[:n])
	if err != nil || string(m.Raw[8:20]) != string(b[8:20]) {
		c.t.Fatalf("answer %x: %v", answer[:n], err)
	}
	if v, ok := m.Get(attrNonce); ok {
		c.nonce = v
	}
	if m.Class == stun.Success {
		return m, 0
	}
	v, _ := m.Get(stun.ErrorCode)
	return m, int(v[2])*100 + int(v[3])
}

func (c *hand) do(method stun.Method, more ...attribute) int {
	c.t.Helper()
	_, code := c.ask(c.write(method, more...))
	return code
}

var udp = attribute{stun.RequestedTransport, []byte{17, 0, 0, 0}}

// allocate gets an allocation, with the challenge before it.
func (c *hand) allocate(more ...attribute) {
	c.t.Helper()
	more = append(more, udp)
	if code := c.do(stun.Allocate, more...); code != 401 {
		c.t.Fatalf("without a credential: %d", code)
	}
	if code := c.do(stun.Allocate, more...); code != 0 {
		c.t.Fatalf("Allocate: %d", code)
	}
}

// to is XOR-PEER-ADDRESS in the form that the address has. The transaction id, which
// an IPv6 address is written with, is not known yet: see peer.
func (c *hand) peer(method stun.Method, at netip.AddrPort, more ...attribute) int {
	c.t.Helper()
	_, code := c.ask(c.written(method, at, more...))
	return code
}

func (c *hand) written(method stun.Method, at netip.AddrPort, more ...attribute) []byte {
	b := stun.Begin(nil, stun.Request, method, [12]byte{1, 2, byte(time.Now().UnixNano())})
	b = stun.AppendAddress(b, 0, stun.XORPeerAddress, at)
	for _, a := range more {
		b = stun.Append(b, a.kind, a.value)
	}
	b = stun.Append(b, stun.Username, []byte(c.name))
	b = stun.Append(b, attrRealm, []byte(realm))
	b = stun.Append(b, attrNonce, c.nonce)
	return stun.AppendIntegrity(b, 0, c.key())
}

func channelNumber(n uint16) attribute {
	return attribute{attrChannelNumber, append(binary.BigEndian.AppendUint16(nil, n), 0, 0)}
}

func lifetimeOf(n uint32) attribute {
	return attribute{attrLifetime, binary.BigEndian.AppendUint32(nil, n)}
}

// clock is a clock that a test moves.
type clock struct{ now chan time.Time }

func newClock() *clock {
	c := &clock{make(chan time.Time, 1)}
	c.now <- time.Now()
	return c
}

func (c *clock) Now() time.Time {
	t := <-c.now
	c.now <- t
	return t
}

func (c *clock) pass(d time.Duration) { c.now <- (<-c.now).Add(d) }

func TestAllocateStepByStep(t *testing.T) {
	s, _ := serve(t)
	c := newHand(t, s, "alice")
	m, code := c.ask(c.write(stun.Allocate, udp))
	v, _ := m.Get(attrRealm)
	if code != 401 || string(v) != realm || len(c.nonce) == 0 {
		t.Fatalf("without a credential: %d, realm %q", code, v)
	}
	for _, x := range []struct {
		what string
		want int
		with []attribute
	}{
		{"no transport", 400, nil},
		{"a TCP peer (RFC 6062)", 442, []attribute{{stun.RequestedTransport, []byte{6, 0, 0, 0}}}},
		{"DONT-FRAGMENT", 420, []attribute{udp, {0x001a, nil}}},
		{"an attribute that must be understood", 420, []attribute{udp, {0x7abc, []byte{1, 2, 3, 4}}}},
		{"two ports", 508, []attribute{udp, {stun.EvenPort, []byte{0x80}}}},
		{"a reserved port", 508, []attribute{udp, {stun.ReservationToken, make([]byte, 8)}}},
		{"a reserved port and a family", 400, []attribute{udp, {stun.ReservationToken, make([]byte, 8)}, {attrAddressFamily, []byte{1, 0, 0, 0}}}},
		{"IPv6, which is not there", 440, []attribute{udp, {attrAddressFamily, []byte{2, 0, 0, 0}}}},
		{"a family that there is not", 440, []attribute{udp, {attrAddressFamily, []byte{3, 0, 0, 0}}}},
		{"a mobility ticket (RFC 8016), which may be ignored", 0, []attribute{udp, {stun.MobilityTicket, nil}, {stun.EvenPort, []byte{0}}, lifetimeOf(1 << 30)}},
		{"a second allocation", 437, []attribute{udp}},
	} {
		m, code := c.ask(c.write(stun.Allocate, x.with...))
		if code != x.want {
			t.Errorf("%s: %d, want %d", x.what, code, x.want)
		}
		if code != 401 && !m.Verify(c.key()) {
			t.Errorf("%s: the answer proves nothing", x.what)
		}
		if code == 0 {
			life, _ := m.Get(attrLifetime)
			at, _ := m.Get(attrRelayedAddress)
			if binary.BigEndian.Uint32(life) != 3600 || m.Address(at).Port()%2 != 0 {
				t.Errorf("lifetime %x, relayed %s", life, m.Address(at))
			}
			if _, has := m.Get(stun.MobilityTicket); has {
				t.Error("a mobility ticket was given out")
			}
		}
	}
}

// A request that is sent again gets the same answer, RFC 8656 §7.2.
func TestRetransmittedAllocate(t *testing.T) {
	s, _ := serve(t)
	c := newHand(t, s, "alice")
	c.do(stun.Allocate, udp)
	b := c.write(stun.Allocate, udp)
	first, code := c.ask(b)
	again, code2 := c.ask(b)
	if code != 0 || code2 != 0 || string(first.Raw) != string(again.Raw) || s.Counters().Allocated != 1 {
		t.Errorf("%d %d\n%x\n%x", code, code2, first.Raw, again.Raw)
	}
}

// What stands behind the integrity counts for nothing, RFC 8489 §14.5.
func TestBehindTheIntegrity(t *testing.T) {
	s, _ := serve(t)
	c := newHand(t, s, "alice")
	c.allocate()
	b := c.write(stun.CreatePermission)
	b = stun.AppendAddress(b, 0, stun.XORPeerAddress, netip.MustParseAddrPort("127.0.0.1:5000"))
	if _, code := c.ask(stun.Finish(b, 0)); code != 400 {
		t.Errorf("an address behind the integrity: %d", code)
	}
	b = stun.AppendFingerprint(c.write(stun.Refresh), 0)
	m, code := c.ask(b)
	if has, right := m.Fingerprinted(); code != 0 || !has || !right {
		t.Errorf("with a fingerprint: %d, %v %v", code, has, right)
	}
	b[len(b)-1] ^= 1
	if _, code := c.ask(b); code != -1 {
		t.Errorf("with a wrong fingerprint: %d", code)
	}
}

func TestPasswordAlgorithms(t *testing.T) {
	s, kept := serve(t)
	c := newHand(t, s, "alice")
	c.do(stun.Allocate, udp)
	c.sha = true
	m, code := c.ask(c.write(stun.Allocate, udp))
	if _, has := m.Get(stun.MessageIntegritySHA256); code != 0 || !has || !m.Verify(c.key()) {
		t.Fatalf("SHA-256: %d\n%s", code, kept)
	}
	d := newHand(t, s, "bob") // somebody on the way has struck SHA-256 off the offer
	d.do(stun.Allocate, udp)
	if code := d.do(stun.Allocate, udp, attribute{attrPasswordAlgorithms, []byte{0, 1, 0, 0}}, attribute{attrPasswordAlgorithm, []byte{0, 1, 0, 0}}); code != 400 {
		t.Errorf("an altered offer: %d", code)
	}
}

func TestForeignUserAndForeignTuple(t *testing.T) {
	s, kept := serve(t)
	c := newHand(t, s, "alice")
	c.allocate()
	mine, password := c.name, c.password
	c.name, c.password = account("mallory")
	peer := netip.MustParseAddrPort("127.0.0.1:5000")
	for what, code := range map[string]int{
		"Refresh":          c.do(stun.Refresh, lifetimeOf(0)),
		"CreatePermission": c.peer(stun.CreatePermission, peer),
		"ChannelBind":      c.peer(stun.ChannelBind, peer, channelNumber(0x4000)),
	} {
		if code != 441 {
			t.Errorf("%s by another user: %d", what, code)
		}
	}
	if !kept.fired("R20") {
		t.Error("no verdict")
	}
	other := newHand(t, s, "alice") // the same user on another 5-tuple
	other.name, other.password = mine, password
	other.do(stun.Allocate, udp)
	if code := other.do(stun.Refresh, lifetimeOf(0)); code != 437 {
		t.Errorf("Refresh from elsewhere: %d", code)
	}
	c.name, c.password = mine, password
	if code := c.do(stun.Refresh, lifetimeOf(0)); code != 0 || s.Counters().Allocations != 0 {
		t.Errorf("Refresh by the owner: %d, %d allocations", code, s.Counters().Allocations)
	}
}

func TestCredentialsThatAreNotRight(t *testing.T) {
	s, kept := serve(t)
	c := newHand(t, s, "alice")
	c.do(stun.Allocate, udp)
	for _, name := range []string{"1000000000:alice", "1000000000", "alice", "", "99999999999999999999:x", "-5:x", "+9999999999:x"} {
		c.name = name
		if code := c.do(stun.Allocate, udp); code != 401 && !(name == "" && code == -1) {
			t.Errorf("%q: %d", name, code)
		}
	}
	c.name, _ = account("alice")
	b := c.write(stun.Allocate, udp)
	b[len(b)-1] ^= 1
	if _, code := c.ask(b); code != 401 || !kept.fired("R20") {
		t.Errorf("a wrong password: %d", code)
	}
	bare := stun.Append(c.write(stun.Allocate)[:20], stun.Username, []byte(c.name))
	if _, code := c.ask(stun.AppendIntegrity(bare, 0, c.key())); code != 400 {
		t.Errorf("without realm and nonce: %d", code)
	}
	c.name = c.name[:10] // "expiry" alone
	if code := c.do(stun.Allocate, udp); code != 0 {
		t.Errorf("an expiry alone: %d", code)
	}
}

func TestStaleNonce(t *testing.T) {
	at := newClock()
	s, _ := serve(t, func(c *Config) { c.Now = at.Now })
	c := newHand(t, s, "alice")
	c.allocate()
	old := c.nonce
	at.pass(nonceLife + time.Second)
	if code := c.do(stun.Refresh); code != 438 {
		t.Errorf("after its time: %d", code)
	}
	if code := c.do(stun.CreatePermission); code == 438 {
		t.Error("the nonce that came with 438 is stale too")
	}
	forged := append([]byte(nil), old...)
	forged[len(forged)-1] ^= 1
	for _, nonce := range [][]byte{forged, []byte("x"), []byte(nonceCookie), old[:len(old)-1]} {
		if c.nonce = nonce; c.do(stun.Refresh) != 438 {
			t.Errorf("nonce %q was good", nonce)
		}
	}
	var n nonces
	mac := hmac.New(sha256.New, n.key[:])
	mac.Write(make([]byte, 20))
	if n.good(n.make([16]byte{1}, 0), [16]byte{2}, 0) || !n.good(n.make([16]byte{1}, 0), [16]byte{1}, 0) {
		t.Error("a nonce is good for another address")
	}
}

func TestLifetimes(t *testing.T) {
	at := newClock()
	s, _ := serve(t, func(c *Config) { c.Now = at.Now })
	c := newHand(t, s, "alice")
	c.allocate(lifetimeOf(1))
	peer := netip.MustParseAddrPort("127.0.0.1:5000")
	if code := c.peer(stun.ChannelBind, peer, channelNumber(0x4000)); code != 0 {
		t.Fatal(code)
	}
	send := append([]byte{0x40, 0, 0, 22, 0x80, 96}, make([]byte, 20)...)
	count := func() int64 {
		before := s.Counters().ToPeers
		if _, err := c.conn.Write(send); err != nil {
			t.Fatal(err)
		}
		c.do(stun.Refresh) // comes behind it
		return s.Counters().ToPeers - before
	}
	if n := count(); n != 1 {
		t.Errorf("%d packets, want 1", n)
	}
	at.pass(permissionLife + time.Second)
	if n := count(); n != 0 {
		t.Errorf("%d packets without a permission", n)
	}
	if code := c.peer(stun.CreatePermission, peer); code != 0 {
		t.Error(code)
	}
	if n := count(); n != 1 {
		t.Errorf("%d packets with a new permission, want 1", n)
	}
	at.pass(9 * time.Minute)
	c.do(stun.Refresh)
	at.pass(2 * time.Minute)
	c.peer(stun.CreatePermission, peer)
	if n := count(); n != 0 {
		t.Errorf("%d packets on a channel that has run out", n)
	}
	at.pass(time.Hour)
	eventually(t, func() bool { return s.Counters().Allocations == 0 }, "the allocation is still there")
}
