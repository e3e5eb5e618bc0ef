//go:build linux

package bench

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ringfence/ringfence/internal/loopback"
	"github.com/ringfence/ringfence/turnguard"
	"github.com/ringfence/ringfence/wire/stun"
)

const (
	turnCalls  = 100 // allocations
	turnSize   = 200 // bytes of a packet
	turnRounds = 3
	turnSecret = "north"
	turnRealm  = "example.org"
	turnTime   = 4 * time.Second
	turnBurst  = 20 // packets of one allocation at once, as a picture of video comes
)

// BenchmarkTurn sends packets through both TURN servers at the same rate, in turns,
// and measures what each uses of the processors. Half of the packets go from clients
// to a peer as ChannelData, and half come back.
func BenchmarkTurn(b *testing.B) {
	other, err := exec.LookPath("turnserver")
	if err != nil {
		b.Log("MISSING: coturn; its figure is not measured: apt-get install coturn")
	}
	for _, c := range []struct{ rate, burst int }{{10_000, 1}, {20_000, 1}, {40_000, 1}, {60_000, 1}, {80_000, 1}, {20_000, turnBurst}, {60_000, turnBurst}} {
		rate, burst := c.rate, c.burst
		name := fmt.Sprintf("%d-a-second", rate)
		if burst > 1 {
			name += fmt.Sprintf("-%d-at-once", burst)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var ours, theirs, atOnce relayed
				for range turnRounds {
					ours.add(relay(b, rate, burst, startOurs))
					atOnce.add(relay(b, rate, burst, startAtOnce))
					if other != "" {
						theirs.add(relay(b, rate, burst, startCoturn))
					}
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(ours.each(), "µs/packet")
				b.ReportMetric(100*ours.lost(), "%lost")
				b.ReportMetric(atOnce.each(), "no-hold-µs/packet")
				b.ReportMetric(atOnce.trip(50), "no-hold-µs-trip-median")
				b.ReportMetric(ours.trip(50), "µs-trip-median")
				b.ReportMetric(ours.trip(99), "µs-trip-99%")
				if other != "" {
					b.ReportMetric(theirs.each(), "coturn-µs/packet")
					b.ReportMetric(100*theirs.lost(), "coturn-%lost")
					b.ReportMetric(theirs.trip(50), "coturn-µs-trip-median")
					b.ReportMetric(theirs.trip(99), "coturn-µs-trip-99%")
					b.ReportMetric(ours.each()/theirs.each(), "ringfence/coturn")
				}
			}
		})
	}
}

// relayed is what a server did in a time.
type relayed struct {
	packets, sent int64
	used          time.Duration
	trips         []time.Duration // to the peer and back
}

func (r *relayed) add(o relayed) {
	r.trips = append(r.trips, o.trips...)
	r.packets += o.packets
	r.sent += o.sent
	r.used += o.used
}

func (r relayed) each() float64 { return float64(r.used.Nanoseconds()) / 1000 / float64(r.packets) }
func (r relayed) lost() float64 { return 1 - float64(r.packets)/float64(r.sent) }

// trip is how long so many of a hundred packets needed at most, to the peer and back.
func (r relayed) trip(percent int) float64 {
	slices.Sort(r.trips)
	if len(r.trips) == 0 {
		return 0
	}
	return float64(r.trips[(len(r.trips)-1)*percent/100].Microseconds())
}

// relay measures one server.
func relay(b *testing.B, rate, burst int, start func(*testing.B, string) *exec.Cmd) relayed {
	b.Helper()
	at := loopback.Free(b)
	server := start(b, at)
	defer func() {
		_ = server.Process.Signal(unix.SIGTERM)
		_ = server.Wait()
	}()
	l := newTurnLoad(b, at)
	defer l.close()
	ctx, stop := context.WithCancel(b.Context())
	defer stop()
	go l.send(ctx, rate/2, burst)
	time.Sleep(time.Second)
	trips := make(chan []time.Duration, 1)
	go func() { trips <- l.trips(time.Now().Add(turnTime)) }()
	used, sent, got := processorOf(b, server.Process.Pid), l.sent.Load(), l.got.Load()
	time.Sleep(turnTime)
	return relayed{l.got.Load() - got, l.sent.Load() - sent, processorOf(b, server.Process.Pid) - used, <-trips}
}

func startOurs(b *testing.B, at string) *exec.Cmd { return startHolding(b, at, "500us") }

// startAtOnce has no packet wait for others.
func startAtOnce(b *testing.B, at string) *exec.Cmd { return startHolding(b, at, "0s") }

func startHolding(b *testing.B, at, hold string) *exec.Cmd {
	b.Helper()
	file := filepath.Join(b.TempDir(), "secret")
	if err := os.WriteFile(file, []byte(turnSecret), 0o600); err != nil {
		b.Fatal(err)
	}
	return startTurn(b, at, program(), "proxy", "turn", "--listen", at, "--secret-file", file, "--realm", turnRealm, "--relay-ip", "127.0.0.1", "--allow-peer", "127.0.0.1", "--hold", hold)
}

func startCoturn(b *testing.B, at string) *exec.Cmd {
	b.Helper()
	_, port, _ := net.SplitHostPort(at)
	return startTurn(b, at, "turnserver", "-n", "--use-auth-secret", "--static-auth-secret", turnSecret, "--realm", turnRealm, "--listening-ip", "127.0.0.1", "--listening-port", port,
		"--relay-ip", "127.0.0.1", "--allow-loopback-peers", "--no-cli", "--no-tls", "--no-dtls", "--log-file", "/dev/null", "--pidfile", filepath.Join(b.TempDir(), "pid"), "--no-multicast-peers")
}

// startTurn starts a server and waits until it answers.
func startTurn(b *testing.B, at string, name string, args ...string) *exec.Cmd {
	b.Helper()
	c := exec.Command(name, args...)
	var said bytes.Buffer
	c.Stdout, c.Stderr = &said, &said
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	conn, err := net.Dial("udp", at)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	for range 100 {
		_, _ = conn.Write(stun.Finish(stun.Begin(nil, stun.Request, stun.Binding, [12]byte{1}), 0))
		_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err := conn.Read(make([]byte, 500)); err == nil {
			return c
		}
		time.Sleep(50 * time.Millisecond)
	}
	b.Fatalf("%s does not answer: %s", name, said.String())
	return nil
}

// processorOf is what a process has used of the processors: fields 14 and 15 of
// proc(5)'s stat, in hundredths of a second.
func processorOf(b *testing.B, pid int) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	var ticks int
	for _, f := range fields[11:13] {
		n, err := strconv.Atoi(string(f))
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond
}

// turnLoad is clients with allocations, and one peer that sends back what it gets.
// One thread does it all and never sleeps on a socket, so that no server pays for
// waking it up: over a network none would.
type turnLoad struct {
	clients   []int // the last one measures how long packets take
	peer      int
	packet    []byte
	sent, got atomic.Int64
}

func newTurnLoad(b *testing.B, at string) *turnLoad {
	b.Helper()
	l := &turnLoad{peer: dialRaw(b, "")}
	l.packet = append(binary.BigEndian.AppendUint16([]byte{0x40, 0}, turnSize), 0x80, 96)
	l.packet = append(l.packet, make([]byte, turnSize-2)...)
	_ = unix.SetsockoptInt(l.peer, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20)
	name, err := unix.Getsockname(l.peer)
	if err != nil {
		b.Fatal(err)
	}
	peer := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(name.(*unix.SockaddrInet4).Port))
	for i := range turnCalls + 1 {
		c := dialRaw(b, at)
		l.clients = append(l.clients, c)
		channelTo(b, c, i, peer)
	}
	return l
}

// dialRaw opens a UDP socket to a server, or one that is bound to loopback.
func dialRaw(b *testing.B, at string) int {
	b.Helper()
	c, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		err = unix.SetsockoptTimeval(c, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5})
	}
	if err == nil && at == "" {
		err = unix.Bind(c, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}})
	} else if err == nil {
		a := netip.MustParseAddrPort(at)
		err = unix.Connect(c, &unix.SockaddrInet4{Addr: a.Addr().As4(), Port: int(a.Port())})
	}
	if err != nil {
		b.Fatal(err)
	}
	return c
}

func (l *turnLoad) close() {
	unix.Close(l.peer)
	for _, c := range l.clients {
		unix.Close(c)
	}
}

// send sends so many packets a second, spread over the clients, so many of each at
// once as soon as they are due, and takes those that come.
func (l *turnLoad) send(ctx context.Context, rate, burst int) {
	runtime.LockOSThread() // and never unlocked: the thread's timers end with it
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	began, n, looked := time.Now(), 0, 0
	for ctx.Err() == nil {
		due := int(time.Since(began).Seconds() * float64(rate))
		for due -= due % burst; n < due; n++ {
			_, _ = unix.Write(l.clients[n/burst%turnCalls], l.packet)
			l.sent.Add(1)
		}
		l.back()
		for ; looked < due; looked += 4 { // each client is looked at for every fourth packet of its own
			l.take(l.clients[looked/4%turnCalls])
		}
		_ = unix.Nanosleep(&unix.Timespec{Nsec: 100_000}, nil)
	}
}

// trips sends a packet now and then, and waits until it comes back.
func (l *turnLoad) trips(until time.Time) (all []time.Duration) {
	c := l.clients[turnCalls]
	p := make([]byte, 2048)
	for time.Now().Before(until) {
		began := time.Now()
		_, _ = unix.Write(c, l.packet)
		_, err := unix.Read(c, p)
		for errors.Is(err, unix.EINTR) {
			_, err = unix.Read(c, p)
		}
		if err != nil {
			return all
		}
		all = append(all, time.Since(began))
		time.Sleep(7 * time.Millisecond)
	}
	return all
}

// back is the peer.
func (l *turnLoad) back() {
	var p [2048]byte
	for {
		n, from, err := unix.Recvfrom(l.peer, p[:], unix.MSG_DONTWAIT)
		if err != nil {
			return
		}
		l.got.Add(1)
		l.sent.Add(1)
		_ = unix.Sendto(l.peer, p[:n], unix.MSG_DONTWAIT, from)
	}
}

func (l *turnLoad) take(c int) {
	var p [2048]byte
	for {
		n, _, err := unix.Recvfrom(c, p[:], unix.MSG_DONTWAIT)
		if err != nil {
			return
		}
		if n == turnSize+4 {
			l.got.Add(1)
		}
	}
}

// channelTo gets an allocation and binds channel 0x4000 to a peer.
func channelTo(b *testing.B, c int, i int, peer netip.AddrPort) {
	b.Helper()
	name := fmt.Sprintf("%d:user%d", time.Now().Add(time.Hour).Unix(), i)
	key := md5.Sum([]byte(name + ":" + turnRealm + ":" + turnguard.Password([]byte(turnSecret), name)))
	var nonce []byte
	ask := func(method stun.Method, serial byte, add func([]byte) []byte) stun.Message {
		m := add(stun.Begin(nil, stun.Request, method, [12]byte{byte(i), byte(i >> 8), serial}))
		if nonce != nil {
			m = stun.Append(stun.Append(stun.Append(m, stun.Username, []byte(name)), 0x0014, []byte(turnRealm)), 0x0015, nonce)
			m = stun.AppendIntegrity(m, 0, key[:])
		}
		if _, err := unix.Write(c, stun.Finish(m, 0)); err != nil {
			b.Fatal(err)
		}
		p := make([]byte, 2048)
		n, err := unix.Read(c, p)
		for errors.Is(err, unix.EINTR) {
			n, err = unix.Read(c, p)
		}
		if err != nil {
			b.Fatal(err)
		}
		answer, err := stun.Parse(p[:n])
		if err != nil {
			b.Fatal(err)
		}
		return answer
	}
	udp := func(m []byte) []byte { return stun.Append(m, stun.RequestedTransport, []byte{17, 0, 0, 0}) }
	nonce, _ = ask(stun.Allocate, 1, udp).Get(0x0015)
	if m := ask(stun.Allocate, 2, udp); m.Class != stun.Success {
		b.Fatalf("Allocate: %x", m.Raw)
	}
	bind := func(m []byte) []byte {
		return stun.AppendAddress(stun.Append(m, 0x000c, []byte{0x40, 0, 0, 0}), 0, stun.XORPeerAddress, peer)
	}
	if m := ask(stun.ChannelBind, 3, bind); m.Class != stun.Success {
		b.Fatalf("ChannelBind: %x", m.Raw)
	}
}
