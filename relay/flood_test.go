package relay

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/pion/turn/v5"

	"github.com/ringfence/ringfence/guard"
)

// allocateRequest is an Allocate request without a credential, 28 bytes.
func allocateRequest() []byte {
	b := append([]byte{0, 3, 0, 8, 0x21, 0x12, 0xa4, 0x42}, make([]byte, 12)...)
	rand.Read(b[8:])
	return append(b, 0, 0x19, 0, 4, 17, 0, 0, 0)
}

// A flood of requests without credentials costs the relay nothing that stays,
// and gives whoever's address was forged little more than it cost.
func TestFloodOfRequestsWithoutCredentials(t *testing.T) {
	c := guard.DefaultConfig()
	c.Limits.RelayTriesPerMinute = 100
	kept := &ledger{}
	set, err := guard.New(c, time.Now, kept.record)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := start(t, func(c *Config) { c.Guard = set })
	s, err := net.Dial("udp", r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	answered := make(chan [2]int)
	go func() {
		b, n, bytes := make([]byte, 2048), 0, 0
		for {
			k, err := s.Read(b)
			if err != nil {
				answered <- [2]int{n, bytes}
				return
			}
			n, bytes = n+1, bytes+k
		}
	}()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const flood = 20_000
	for range flood {
		if _, err := s.Write(allocateRequest()); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, func() bool { return kept.fired("R13") }, "R13 did not fire")
	s.SetReadDeadline(time.Now().Add(never))
	got := <-answered
	if got[0] == 0 || got[0] > 110 {
		t.Errorf("%d answers to %d requests of one address, want about 100", got[0], flood)
	}
	if per := got[1] / got[0]; per > 120 {
		t.Errorf("an answer has %d bytes, the request 28", per)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapInuse) - int64(before.HeapInuse); grown > 8<<20 {
		t.Errorf("%d bytes stay behind", grown)
	}
	if r.Allocations() != 0 {
		t.Errorf("%d allocations", r.Allocations())
	}
}

// Connections that say nothing, or only half of something, are few and end.
func TestHalfOpenConnections(t *testing.T) {
	r, _ := start(t)
	var all []net.Conn
	for i := range 2 * maxPendingOne {
		c, err := net.Dial("tcp", r.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if i%2 == 0 {
			c.Write([]byte{0, 3, 0, 8, 0x21, 0x12})
		}
		all = append(all, c)
	}
	eventually(t, func() bool {
		r.tcp.mu.Lock()
		defer r.tcp.mu.Unlock()
		return r.tcp.waiting > 0 && r.tcp.waiting <= maxPendingOne && len(r.tcp.open) == r.tcp.waiting
	}, "more connections wait than may")
	for _, c := range all {
		c.Close()
	}
	eventually(t, func() bool {
		r.tcp.mu.Lock()
		defer r.tcp.mu.Unlock()
		return r.tcp.waiting == 0 && len(r.tcp.open) == 0 && len(r.tcp.pending) == 0
	}, "closed connections are still counted")
}

func TestGarbageOnTheStreamEndsIt(t *testing.T) {
	r, kept := start(t)
	for name, b := range map[string][]byte{"HTTP": []byte("GET / HTTP/1.1\r\n\r\n"), "endless": {0, 3, 0xff, 0xfc}, "channel": {0x40, 0, 0xff, 0xff}} {
		c, err := net.Dial("tcp", r.Addr())
		if err != nil {
			t.Fatal(err)
		}
		c.Write(b)
		c.SetReadDeadline(time.Now().Add(soon))
		if n, err := c.Read(make([]byte, 100)); err == nil || n > 0 {
			t.Errorf("%s: %d bytes of an answer", name, n)
		}
		c.Close()
	}
	if !kept.fired("R5") {
		t.Errorf("not recorded as R5:\n%s", kept)
	}
}

func TestForeignRequests(t *testing.T) {
	for name, c := range map[string]struct {
		rule string
		b    []byte
	}{
		"Connect":            {"R12", []byte{0, 0x0a, 0, 0}},
		"ConnectionBind":     {"R12", []byte{0, 0x0b, 0, 0}},
		"TCP allocation":     {"R12", []byte{0, 3, 0, 8, 0, 0x19, 0, 4, 6, 0, 0, 0}},
		"EVEN-PORT":          {"R3", []byte{0, 3, 0, 8, 0, 0x18, 0, 1, 0x80, 0, 0, 0}},
		"RESERVATION-TOKEN":  {"R3", []byte{0, 3, 0, 12, 0, 0x22, 0, 8, 1, 2, 3, 4, 5, 6, 7, 8}},
		"MOBILITY-TICKET":    {"R3", []byte{0, 3, 0, 4, 0x80, 0x30, 0, 0}},
		"a length that lies": {"R6", []byte{0, 3, 0, 12, 0x80, 0x30, 0, 0}},
		"data, uninvited":    {"R1", []byte{0, 0x16, 0, 0}},
	} {
		r, kept := start(t)
		s, err := net.Dial("udp", r.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		b := append(append([]byte(nil), c.b[:4]...), 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
		s.Write(append(b, c.b[4:]...))
		eventually(t, func() bool { return kept.fired(c.rule) }, name+": "+c.rule+" did not fire")
		s.SetReadDeadline(time.Now().Add(never))
		if n, err := s.Read(make([]byte, 100)); err == nil {
			t.Errorf("%s: an answer of %d bytes", name, n)
		}
	}
}

func TestTLS(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := start(t, func(c *Config) {
		c.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	})
	if !strings.HasPrefix(r.URIs()[1], "turns:") {
		t.Errorf("URIs %v", r.URIs())
	}
	pa, pc := open(t, r, someCall)
	conn, err := tls.Dial("tcp", r.Addr(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client, err := turn.NewClient(&turn.ClientConfig{TURNServerAddr: r.Addr(), Conn: turn.NewSTUNConn(conn), Username: someCall.String() + "-a", Password: pa, LoggerFactory: quiet{}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	a, c := allocate(t, client), allocate(t, dial(t, r, "udp", someCall.String()+"-c", pc))
	cross(t, a, c, CallerAddr, CalleeAddr)
	cross(t, c, a, CalleeAddr, CallerAddr)
	if _, err := net.Dial("tcp", r.Addr()); err != nil { // says nothing, holds up nobody
		t.Fatal(err)
	}
	cross(t, a, c, CallerAddr, CalleeAddr)
}

func BenchmarkPacket(b *testing.B) {
	r, _ := start(b)
	open(b, r, someCall)
	s := r.session(someCall)
	p, q := newPort(s.legs[1]), newPort(s.legs[0])
	s.legs[1].add(p)
	s.legs[0].add(q)
	c := r.config.Guard.Config()
	c.Limits.PacketsPerSecond = 1 << 40
	if err := r.config.Guard.Configure(c); err != nil {
		b.Fatal(err)
	}
	s.legs[0].protected.Store(true)
	s.legs[1].protected.Store(true)
	packet, target, buffer := append(srtp(), make([]byte, 1000)...), to(CalleeAddr), make([]byte, 2048)
	b.ReportAllocs()
	for b.Loop() {
		p.WriteTo(packet, target)
		q.ReadFrom(buffer)
	}
}
