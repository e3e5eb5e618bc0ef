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
