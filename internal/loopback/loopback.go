// Package loopback finds addresses for the servers of tests that have to know
// their port before they start.
package loopback

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// Below the ports that systems give to outgoing connections (from 32768 on
// Linux, from 49152 elsewhere), so that nobody else takes the port meanwhile.
const (
	lowest = 15000
	ports  = 15000
)

// Free returns a loopback address whose port is free for TCP and UDP.
func Free(t testing.TB) string {
	t.Helper()
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", lowest+rand.IntN(ports))
		tcp, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		udp, err := net.ListenPacket("udp", address)
		tcp.Close()
		if err == nil {
			udp.Close()
			return address
		}
	}
	t.Fatal("no loopback port is free for both TCP and UDP")
	return ""
}
