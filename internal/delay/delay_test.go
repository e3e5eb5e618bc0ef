package delay

import (
	"bytes"
	"io"
	"net"
	"testing"
	"time"
)

func TestBothWaysAreLate(t *testing.T) {
	const oneWay = 20 * time.Millisecond
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	udp, err := net.ListenPacket("udp", tcp.Addr().String())
	if err != nil {
		t.Skip("the port is taken for UDP")
	}
	defer udp.Close()
	go func() {
		for {
			c, err := tcp.Accept()
			if err != nil {
				return
			}
			go io.Copy(c, c)
		}
	}()
	go func() {
		b := make([]byte, 2000)
		for {
			n, from, err := udp.ReadFrom(b)
			if err != nil {
				return
			}
			udp.WriteTo(b[:n], from)
		}
	}()
	l, err := Listen(tcp.Addr().String(), oneWay)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, network := range []string{"tcp", "udp"} {
		c, err := net.Dial(network, l.Addr())
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			start, sent := time.Now(), []byte("there and back")
			if _, err := c.Write(sent); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, len(sent))
			if _, err := io.ReadFull(c, got); err != nil || !bytes.Equal(got, sent) {
				t.Fatalf("%s: %q, %v", network, got, err)
			}
			if took := time.Since(start); took < 2*oneWay {
				t.Errorf("%s: there and back in %s, want at least %s", network, took, 2*oneWay)
			}
		}
		c.Close()
	}
}

// After a cut nothing of what was open goes through, and what is opened anew
// does.
func TestCut(t *testing.T) {
	echo, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer echo.Close()
	go func() {
		b := make([]byte, 2000)
		for {
			n, from, err := echo.ReadFrom(b)
			if err != nil {
				return
			}
			echo.WriteTo(b[:n], from)
		}
	}()
	tcp, err := net.Listen("tcp", echo.LocalAddr().String())
	if err != nil {
		t.Skip("the port is taken for TCP")
	}
	defer tcp.Close()
	l, err := Listen(echo.LocalAddr().String(), 0)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	dial := func(network string) net.Conn {
		t.Helper()
		c, err := net.Dial(network, l.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	answers := func(c net.Conn) bool {
		got := make([]byte, 10)
		for range 3 {
			c.Write([]byte("a datagram"))
			c.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
			if _, err := c.Read(got); err == nil {
				return true
			}
		}
		return false
	}
	flow, stream := dial("udp"), dial("tcp")
	far, err := tcp.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	if !answers(flow) {
		t.Fatal("no answer before the cut")
	}
	l.Cut()
	if answers(flow) {
		t.Error("an answer on a flow that was cut")
	}
	if _, err := stream.Read(make([]byte, 1)); err == nil {
		t.Error("a connection that was cut is open")
	}
	if !answers(dial("udp")) {
		t.Error("no answer on a flow that was opened after the cut")
	}
}
