package turnguard

import (
	"encoding/binary"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire/stun"
)

// coturn's own client, over UDP and TCP, with the credential that coturn would want.
func TestCoturnsClient(t *testing.T) {
	tool, err := exec.LookPath("turnutils_uclient")
	peer, err2 := exec.LookPath("turnutils_peer")
	switch {
	case (err != nil || err2 != nil) && os.Getenv("CI") == "true":
		t.Fatal("MISSING: turnutils_uclient: coturn's client was not tried; install coturn")
	case err != nil || err2 != nil:
		t.Skip("MISSING: turnutils_uclient: coturn's client was NOT tried; install coturn and test again")
	}
	far := exec.Command(peer, "-p", "34801", "-L", "127.0.0.1")
	if err := far.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = far.Process.Kill(); _ = far.Wait() }()
	time.Sleep(200 * time.Millisecond)
	// Its channels have numbers up to 0x7fff, as in RFC 5766; RFC 8656 §12 ends them at
	// 0x4fff. So it sends Send indications here; pion and Chromium bind channels.
	for _, mode := range [][]string{{"-s"}, {"-s", "-t"}} {
		s, kept := serve(t, func(c *Config) { c.Inspect, c.Hold = Off, 500*time.Microsecond })
		args := append([]string{"-c", "-n", "10", "-m", "4", "-e", "127.0.0.1", "-r", "34801", "-W", secret, "-u", "alice", "-p", strconv.Itoa(int(s.Addrs()[0].Port()))}, mode...)
		out, err := exec.Command("timeout", append([]string{"60", tool}, append(args, "127.0.0.1")...)...).CombinedOutput()
		lost := regexp.MustCompile(`Total lost packets (\d+)`).FindSubmatch(out)
		if err != nil || lost == nil || string(lost[1]) != "0" || s.Counters().ToPeers < 40 {
			t.Errorf("%v: %v\n%s\n%+v\n%s", mode, err, out, s.Counters(), kept)
		}
		t.Logf("%v: %+v", mode, s.Counters())
	}
}

// Many packets of one size at once, which systems put together and cut again, come
// through one by one, with those of another size between them.
func TestBursts(t *testing.T) {
	s, kept := serve(t, func(c *Config) { c.Hold = 2 * time.Millisecond })
	peer, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	c := newHand(t, s, "alice")
	c.allocate()
	if code := c.peer(stun.ChannelBind, netip.MustParseAddrPort(peer.LocalAddr().String()), channelNumber(0x4000)); code != 0 {
		t.Fatal(code)
	}
	const burst = 70 // what the sockets of this test hold
	packet := func(i int) []byte {
		size := []int{1000, 1000, 1000, 1000, 300, 1000, 1300}[i%7]
		b := make([]byte, size)
		b[0], b[1] = 0x80, 96
		binary.BigEndian.PutUint16(b[2:], uint16(i))
		b[size-1] = byte(i)
		return b
	}
	for i := range burst {
		b := packet(i)
		if _, err := c.conn.Write(append([]byte{0x40, 0, byte(len(b) >> 8), byte(len(b))}, b...)); err != nil {
			t.Fatal(err)
		}
	}
	got, there := make([]byte, 2048), net.Addr(nil)
	for i := range burst {
		_ = peer.SetReadDeadline(time.Now().Add(2 * time.Second))
		n, from, err := peer.ReadFrom(got)
		if err != nil || string(got[:n]) != string(packet(i)) {
			t.Fatalf("packet %d to the peer: %d bytes, %v\n%s", i, n, err, kept)
		}
		there = from
	}
	for i := range burst {
		if _, err := peer.WriteTo(packet(i), there); err != nil {
			t.Fatal(err)
		}
	}
	for i := range burst {
		_ = c.conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		n, err := c.conn.Read(got)
		if err != nil || n < 4 || string(got[4:n]) != string(packet(i)) || got[0] != 0x40 {
			t.Fatalf("packet %d to the client: %d bytes, %v\n%s", i, n, err, kept)
		}
	}
	if n := s.Counters(); n.Lost != 0 {
		t.Errorf("%+v", n)
	}
}

// IPv6 and IPv4 clients on one socket, and peers of IPv6.
func TestBothFamilies(t *testing.T) {
	s, _ := serve(t, func(c *Config) {
		c.Listen = []string{":0"}
		c.AllowPeer = append(c.AllowPeer, netip.MustParsePrefix("::1/128"))
		c.Relay = append(c.Relay, Address{Local: netip.MustParseAddr("::1")})
	})
	port := strconv.Itoa(int(s.Addrs()[0].Port()))
	for _, host := range []string{"127.0.0.1", "::1"} {
		peer, err := net.ListenPacket("udp", "[::1]:0")
		if err != nil {
			t.Skip("SKIPPED: there is no IPv6 here")
		}
		defer peer.Close()
		conn, err := net.Dial("udp", net.JoinHostPort(host, port))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		c := &hand{t: t, conn: conn}
		c.name, c.password = account("alice")
		c.allocate(attribute{attrAddressFamily, []byte{2, 0, 0, 0}})
		at := netip.MustParseAddrPort(peer.LocalAddr().String())
		if code := c.peer(stun.CreatePermission, at); code != 0 {
			t.Fatal(code)
		}
		b := stun.AppendAddress(stun.Begin(nil, stun.Indication, stun.Send, [12]byte{}), 0, stun.XORPeerAddress, at)
		if _, err := conn.Write(stun.Finish(stun.Append(b, stun.DataValue, []byte("hello")), 0)); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, 100)
		_ = peer.SetReadDeadline(time.Now().Add(2 * time.Second))
		n, from, err := peer.ReadFrom(got)
		if err != nil || string(got[:n]) != "hello" {
			t.Fatalf("%q, %v", got[:n], err)
		}
		if _, err := peer.WriteTo([]byte("world"), from); err != nil { // comes as a Data indication, padded
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		if n, err = conn.Read(got); err != nil {
			t.Fatal(err)
		}
		m, err := stun.Parse(got[:n])
		if err != nil {
			t.Fatal(err)
		}
		v, _ := m.Get(stun.XORPeerAddress)
		if data, _ := m.Get(stun.DataValue); string(data) != "world" || m.Address(v) != at {
			t.Errorf("%q from %s", data, m.Address(v))
		}
	}
}
