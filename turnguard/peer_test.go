package turnguard

import (
	"net/netip"
	"testing"

	"github.com/ringfence/ringfence/wire/stun"
)

// never are addresses that no peer has, in their spellings.
var never = []string{
	"0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "169.254.1.1", "172.16.0.1", "172.31.255.255",
	"192.168.1.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1",
	"255.255.255.255", "168.63.129.16", "100.100.100.200",
	"::", "::1", "::ffff:127.0.0.1", "::ffff:0.0.0.0", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::10.0.0.1", "::8.8.8.8", "::ffff:0:127.0.0.1",
	"::ffff:0:8.8.8.8", "64:ff9b::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b::0.0.0.0", "64:ff9b:1::1", "100::1",
	"2002:7f00:1::1", "2002:a00:1::", "2002:c0a8:101::1", "2002:a9fe:a9fe::1", "2002:7f00:1:1:1:1:1:1",
	"2001:0:0a00:1::", "2001:0:808:808:0:0:80ff:fffe", "2001:0:808:808::f5ff:fffe", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1", "3fff::1",
	"fc00::1", "fd00:ec2::254", "fe80::1", "febf::1", "fec0::1", "ff02::1", "5f00::1", "4000::1",
	"2600::5efe:127.0.0.1", "2600::200:5efe:10.0.0.1",
}

var allowed = []string{"8.8.8.8", "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1", "223.255.255.255",
	"2606:4700::1111", "2a00:1450::8", "64:ff9b::8.8.8.8", "2002:808:808::1"}

func TestPeersInEverySpelling(t *testing.T) {
	rules := newPeerRules(Config{Relay: []Address{{netip.MustParseAddr("5.6.7.8"), netip.MustParseAddr("5.6.7.8")}}}, newPorts(1, 65535))
	rules.refresh(nil)
	judge := func(a string) string {
		what, _ := rules.judge(netip.AddrPortFrom(netip.MustParseAddr(a), 80))
		return what
	}
	for _, a := range append(never, "5.6.7.8", "::ffff:5.6.7.8", "64:ff9b::5.6.7.8", "2002:506:708::") {
		if judge(a) == "" {
			t.Errorf("%s may be a peer", a)
		}
	}
	for _, a := range allowed {
		if what := judge(a); what != "" {
			t.Errorf("%s: %s", a, what)
		}
	}
	if what, _ := rules.judge(netip.MustParseAddrPort("8.8.8.8:0")); what == "" {
		t.Error("port 0 may be a peer")
	}
}

func TestAllowedPeers(t *testing.T) {
	rules := newPeerRules(Config{AllowPeer: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00::/64")}}, newPorts(1, 65535))
	for a, want := range map[string]bool{
		"10.1.2.3": true, "10.2.0.0": false, "fd00::1": true, "fd00:ec2::254": false, "::ffff:10.1.2.3": true,
		"64:ff9b::10.1.2.3": false, "2002:a01:203::": false, // what is allowed is what is written
	} {
		if what, _ := rules.judge(netip.AddrPortFrom(netip.MustParseAddr(a), 80)); (what == "") != want {
			t.Errorf("%s: %q", a, what)
		}
	}
}

func TestBroadcastOfANetwork(t *testing.T) {
	if a := broadcast(netip.MustParsePrefix("8.8.4.200/25")); a.String() != "8.8.4.255" {
		t.Error(a)
	}
}

// The same on the wire: 403 for CreatePermission and ChannelBind, and no packet for
// Send, on an allocation of IPv4 and one of IPv6.
func TestForbiddenOnTheWire(t *testing.T) {
	s, kept := serve(t, func(c *Config) {
		c.AllowPeer, c.Limits = nil, DefaultLimits()
		c.Limits.RepliesPerMinute, c.Limits.Requests = 100_000, 10_000
		c.Relay = append(c.Relay, Address{Local: netip.MustParseAddr("::1")})
	})
	for family := range 2 {
		c := newHand(t, s, "alice")
		c.allocate(attribute{attrAddressFamily, []byte{byte(1 + family), 0, 0, 0}})
		for _, a := range never {
			at := netip.AddrPortFrom(netip.MustParseAddr(a), 5000)
			if code := c.peer(stun.CreatePermission, at); code != 403 {
				t.Errorf("family %d: CreatePermission %s: %d", family+1, a, code)
			}
			if code := c.peer(stun.ChannelBind, at, channelNumber(0x4001)); code != 403 {
				t.Errorf("family %d: ChannelBind %s: %d", family+1, a, code)
			}
			b := stun.Begin(nil, stun.Indication, stun.Send, [12]byte{})
			b = stun.AppendAddress(b, 0, stun.XORPeerAddress, at)
			if _, err := c.conn.Write(stun.Finish(stun.Append(b, stun.DataValue, []byte("x")), 0)); err != nil {
				t.Fatal(err)
			}
		}
		good, other := netip.MustParseAddrPort("8.8.8.8:5000"), netip.MustParseAddrPort("[2606:4700::1111]:5000")
		if family == 1 {
			good, other = other, good
		}
		if code := c.peer(stun.CreatePermission, good); code != 0 {
			t.Errorf("%s: %d", good, code)
		}
		if code := c.peer(stun.CreatePermission, other); code != 443 {
			t.Errorf("%s: %d", other, code)
		}
		both := c.written(stun.CreatePermission, good) // one that may be, and one that may not: none is
		m, err := stun.Parse(both)
		if err != nil {
			t.Fatal(err)
		}
		v, _ := m.Get(stun.XORPeerAddress)
		b := stun.AppendAddress(both[:stun.HeaderSize+4+len(v)], 0, stun.XORPeerAddress, netip.MustParseAddrPort("127.0.0.1:5000"))
		b = stun.Append(stun.Append(stun.Append(b, stun.Username, []byte(c.name)), attrRealm, []byte(realm)), attrNonce, c.nonce)
		if _, code := c.ask(stun.AppendIntegrity(b, 0, c.key())); code != 403 {
			t.Errorf("one of two: %d", code)
		}
	}
	if n := s.Counters(); n.ToPeers != 0 || n.Refused < int64(len(never)) || !kept.fired("R12") {
		t.Errorf("%+v", n)
	}
}
