package socket

import (
	"io"
	"net"
	"testing"
	"time"
)

// opened tells whether a connection is answered, and not closed at once.
func opened(t *testing.T, c net.Conn) bool {
	t.Helper()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 1)
	_, err := io.ReadFull(c, b)
	return err == nil
}

func TestLimit(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := Limit(inner, 3, 2)
	defer l.Close()
	served := make(chan net.Conn, 8)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				close(served)
				return
			}
			_, _ = c.Write([]byte{1})
			served <- c
		}
	}()
	dial := func(from string) net.Conn {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
		c, err := d.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Skipf("this machine has no %s: %v", from, err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	for i, want := range []bool{true, true, false} {
		if got := opened(t, dial("127.0.0.1")); got != want {
			t.Fatalf("connection %d of one address: %v, want %v", i+1, got, want)
		}
	}
	if !opened(t, dial("127.0.0.2")) {
		t.Fatal("another address is kept out by the first")
	}
	if opened(t, dial("127.0.0.3")) {
		t.Fatal("more connections than are allowed in all")
	}
	first := <-served
	first.Close()
	first.Close() // counts once
	if !opened(t, dial("127.0.0.3")) {
		t.Fatal("a connection that ended made no room")
	}
	if opened(t, dial("127.0.0.4")) {
		t.Fatal("closing twice made room twice")
	}
}

type address string

func (a address) Network() string { return "tcp" }
func (a address) String() string  { return string(a) }

func TestNetworkOf(t *testing.T) {
	for _, same := range [][2]address{
		{"192.0.2.1:1", "[::ffff:192.0.2.1]:2"}, {"[2001:db8::1]:1", "[2001:db8::ffff:2]:2"}, {"[fe80::1%eth0]:1", "[fe80::2%eth1]:1"}, {"pipe", "@"},
	} {
		if a, b := networkOf(same[0]), networkOf(same[1]); a != b {
			t.Errorf("%s is of %v and %s of %v, want one network", same[0], a, same[1], b)
		}
	}
	if networkOf(address("192.0.2.1:1")) == networkOf(address("192.0.2.2:1")) || networkOf(address("[2001:db8::1]:1")) == networkOf(address("[2001:db8:0:1::1]:1")) {
		t.Error("two networks are counted as one")
	}
}
