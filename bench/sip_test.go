//go:build linux

package bench

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringfence/ringfence/internal/loopback"
)

const (
	sipTime   = 4 * time.Second        // that is measured, after a second of warming up
	sipHold   = 250 * time.Millisecond // from the answer to the hang-up
	sipRounds = 3
)

// BenchmarkSIP makes calls through the SIP guard, through a plain proxy, and through
// nothing, at the same rate, in turns, and measures how long each message is on its
// way: from just before it is sent to when the kernel has it for whom it is for. What
// the guard adds is the difference to nothing in between.
func BenchmarkSIP(b *testing.B) {
	other, err := exec.LookPath("kamailio")
	if err != nil {
		b.Log("MISSING: kamailio; its figure is not measured: apt-get install kamailio")
	}
	for _, rate := range []int{500, 1000, 2000} {
		b.Run(fmt.Sprintf("%d-calls-a-second", rate), func(b *testing.B) {
			for b.Loop() {
				var ours, theirs, direct called
				for range sipRounds {
					direct.add(calls(b, rate, nil))
					ours.add(calls(b, rate, startGuard))
					if other != "" {
						theirs.add(calls(b, rate, startKamailio))
					}
				}
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(ours.within(50)-direct.within(50), "µs-added-median")
				b.ReportMetric(ours.within(99)-direct.within(99), "µs-added-99%")
				b.ReportMetric(ours.within(99.9)-direct.within(99.9), "µs-added-99.9%")
				b.ReportMetric(ours.each(), "µs-processor/call")
				b.ReportMetric(100*ours.lost(), "%lost")
				if other != "" {
					b.ReportMetric(theirs.within(50)-direct.within(50), "kamailio-µs-added-median")
					b.ReportMetric(theirs.within(99)-direct.within(99), "kamailio-µs-added-99%")
					b.ReportMetric(100*theirs.lost(), "kamailio-%lost")
				}
			}
		})
	}
}

// called is what became of calls.
type called struct {
	begun, ended int
	used         time.Duration
	delays       []time.Duration // of each message
}

func (c *called) add(o called) {
	c.begun, c.ended, c.used, c.delays = c.begun+o.begun, c.ended+o.ended, c.used+o.used, append(c.delays, o.delays...)
}

func (c *called) lost() float64 { return 1 - float64(c.ended)/float64(c.begun) }
func (c *called) each() float64 {
	return float64(c.used.Nanoseconds()) / 1000 / float64(max(1, c.ended))
}

// within is how long so many of a hundred messages were on their way at most, µs.
func (c *called) within(percent float64) float64 {
	slices.Sort(c.delays)
	if len(c.delays) == 0 {
		return 0
	}
	return float64(c.delays[int(float64(len(c.delays)-1)*percent/100)].Nanoseconds()) / 1000
}

// calls makes calls for a while.
func calls(b *testing.B, rate int, start func(b *testing.B, at, service string) *exec.Cmd) called {
	b.Helper()
	l := newSIPLoad(b)
	defer l.close()
	var server *exec.Cmd
	if start != nil {
		at := loopback.Free(b)
		server = start(b, at, l.at[sipService].String())
		defer func() {
			_ = server.Process.Signal(unix.SIGTERM)
			_ = server.Wait()
		}()
		l.via = netip.MustParseAddrPort(at)
		l.ready(b)
	}
	used := func() time.Duration {
		if server == nil {
			return 0
		}
		return processorOf(b, server.Process.Pid)
	}
	l.run(time.Second, rate)
	l.begun, l.ended, l.delays = 0, 0, l.delays[:0]
	before := used()
	l.run(sipTime, rate)
	return called{l.begun, l.ended, used() - before, l.delays}
}

func startGuard(b *testing.B, at, service string) *exec.Cmd {
	b.Helper()
	rules := filepath.Join(b.TempDir(), "guard.json")
	wide := `{"limits":{"offers_per_minute":10000000,"offers_per_pair_minute":10000000,"offers_to_callee_minute":10000000,"requests_per_minute":10000000}}`
	if err := os.WriteFile(rules, []byte(wide), 0o600); err != nil {
		b.Fatal(err)
	}
	c := exec.Command(program(), "proxy", "sip", "--listen", "udp:"+at, "--upstream", service, "--rules", rules, "--media-ports", "20000-32000")
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	return c
}

func startKamailio(b *testing.B, at, service string) *exec.Cmd {
	b.Helper()
	dir := b.TempDir()
	config := filepath.Join(dir, "kamailio.cfg")
	text := fmt.Sprintf(`#!KAMAILIO
debug=-1
children=2
disable_tcp=yes
auto_aliases=no
listen=udp:%s
loadmodule "kex.so"
loadmodule "tm.so"
loadmodule "pv.so"
request_route {
  $du = "sip:%s";
  t_relay();
}
`, at, service)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	c := exec.Command("kamailio", "-f", config, "-DD", "-E", "-Y", dir, "-P", filepath.Join(dir, "pid"), "-m", "256", "-M", "16")
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	return c
}

// sipLoad is callers and a service that answers. One thread does it all.
type sipLoad struct {
	sockets []int // of the callers, and of the service
	at      []netip.AddrPort
	via     netip.AddrPort // where callers send to; invalid: to the service

	next         int // call
	sent         map[string]time.Time
	hangUps      []hangUp
	begun, ended int
	delays       []time.Duration
	buffer       [4096]byte
	control      [128]byte
}

// hangUp is when a call ends, and how.
type hangUp struct {
	at     time.Time
	caller int
	name   string
	bye    []byte
}

const sipService = 8 // the socket of the service; those before it are callers

func newSIPLoad(b *testing.B) *sipLoad {
	b.Helper()
	l := &sipLoad{sent: map[string]time.Time{}}
	for i := range sipService + 1 {
		s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
		if err == nil {
			err = unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_TIMESTAMPNS, 1)
		}
		host := [4]byte{127, 0, 0, byte(2 + i)} // each caller has an address of its own
		if i == sipService {
			host[3] = 1
		}
		if err == nil {
			err = unix.Bind(s, &unix.SockaddrInet4{Addr: host})
		}
		if err != nil {
			b.Fatal(err)
		}
		_ = unix.SetsockoptInt(s, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 8<<20)
		name, err := unix.Getsockname(s)
		if err != nil {
			b.Fatal(err)
		}
		l.sockets = append(l.sockets, s)
		l.at = append(l.at, netip.AddrPortFrom(netip.AddrFrom4(host), uint16(name.(*unix.SockaddrInet4).Port)))
	}
	l.via = l.at[sipService]
	return l
}

func (l *sipLoad) close() {
	for _, s := range l.sockets {
		unix.Close(s)
	}
}

// ready waits until calls come through.
func (l *sipLoad) ready(b *testing.B) {
	b.Helper()
	for range 100 {
		if l.run(100*time.Millisecond, 20); l.ended > 0 {
			return
		}
	}
	b.Fatal("no call comes through")
}

// run makes so many calls a second, each when it is due, and waits for the last.
func (l *sipLoad) run(d time.Duration, rate int) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	began, n := time.Now(), 0
	for time.Since(began) < d+sipHold+200*time.Millisecond {
		for due := min(time.Since(began).Seconds(), d.Seconds()) * float64(rate); float64(n) < due; n++ {
			l.call()
		}
		for len(l.hangUps) > 0 && time.Now().After(l.hangUps[0].at) {
			h := l.hangUps[0]
			l.hangUps = l.hangUps[1:]
			l.say(h.caller, l.via, h.bye, h.name+" BYE")
		}
		for i := range l.sockets {
			for l.take(i) {
			}
		}
		_ = unix.Nanosleep(&unix.Timespec{Nsec: 50_000}, nil)
	}
}

// say sends a message, and notes when.
func (l *sipLoad) say(from int, to netip.AddrPort, b []byte, name string) {
	l.sent[name] = time.Now()
	_ = unix.Sendto(l.sockets[from], b, unix.MSG_DONTWAIT, &unix.SockaddrInet4{Addr: to.Addr().As4(), Port: int(to.Port())})
}

// came notes how long a message was on its way.
func (l *sipLoad) came(name string, at time.Time) bool {
	sent, ok := l.sent[name]
	if ok {
		delete(l.sent, name)
		l.delays = append(l.delays, at.Sub(sent))
	}
	return ok
}

func sipOffer(at netip.AddrPort) string {
	return fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 %[1]s\r\ns=-\r\nc=IN IP4 %[1]s\r\nt=0 0\r\nm=audio %[2]d RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n", at.Addr(), 6000)
}

// call begins one.
func (l *sipLoad) call() {
	l.next++
	l.begun++
	from, name := l.next%sipService, "c"+strconv.Itoa(l.next)
	at := l.at[from]
	body := sipOffer(at)
	l.say(from, l.via, fmt.Appendf(nil, "INVITE sip:%[1]s@%[2]s SIP/2.0\r\nVia: SIP/2.0/UDP %[3]s;branch=z9hG4bK%[1]s;rport\r\nMax-Forwards: 70\r\nFrom: <sip:ann@example.com>;tag=%[1]s\r\nTo: <sip:%[1]s@example.com>\r\nCall-ID: %[1]s\r\nCSeq: 1 INVITE\r\nContact: <sip:ann@%[3]s>\r\nContent-Type: application/sdp\r\nContent-Length: %[4]d\r\n\r\n%[5]s",
		name, l.at[sipService], at, len(body), body), name+" INVITE")
}

// take takes one message from a socket, with the kernel's time of it.
func (l *sipLoad) take(i int) bool {
	n, c, _, from, err := unix.Recvmsg(l.sockets[i], l.buffer[:], l.control[:], unix.MSG_DONTWAIT)
	if err != nil {
		return false
	}
	at := time.Now()
	if all, err := unix.ParseSocketControlMessage(l.control[:c]); err == nil && len(all) > 0 && len(all[0].Data) >= int(unsafe.Sizeof(unix.Timespec{})) {
		ts := (*unix.Timespec)(unsafe.Pointer(&all[0].Data[0]))
		at = time.Unix(ts.Unix())
	}
	b := l.buffer[:n]
	to, ok := from.(*unix.SockaddrInet4)
	if !ok || len(b) < 20 {
		return true
	}
	peer := netip.AddrPortFrom(netip.AddrFrom4(to.Addr), uint16(to.Port))
	if i == sipService {
		l.served(b, peer, at)
	} else {
		l.heard(i, b, at)
	}
	return true
}

// field is the value of a header field.
func field(b []byte, name string) string {
	_, rest, ok := bytes.Cut(b, []byte("\r\n"+name+": "))
	if !ok {
		return ""
	}
	value, _, _ := bytes.Cut(rest, []byte("\r\n"))
	return string(value)
}

func between(s, begin, end string) string {
	_, rest, _ := bytes.Cut([]byte(s), []byte(begin))
	v, _, _ := bytes.Cut(rest, []byte(end))
	return string(v)
}

// served is the service: it rings and answers at once.
func (l *sipLoad) served(b []byte, from netip.AddrPort, at time.Time) {
	method, _, _ := bytes.Cut(b, []byte(" "))
	name := between(field(b, "To"), "sip:", "@")
	if !l.came(name+" "+string(method), at) {
		return // it came again
	}
	answer := func(status, more, body string) []byte {
		var via []byte
		for rest := b; ; {
			_, r, ok := bytes.Cut(rest, []byte("\r\nVia: "))
			if !ok {
				break
			}
			v, _, _ := bytes.Cut(r, []byte("\r\n"))
			via, rest = fmt.Appendf(via, "Via: %s\r\n", v), r
		}
		tag := ";tag=s" + name
		if bytes.Contains([]byte(field(b, "To")), []byte(";tag=")) {
			tag = ""
		}
		return fmt.Appendf(nil, "SIP/2.0 %s\r\n%sFrom: %s\r\nTo: %s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n%sContent-Length: %d\r\n\r\n%s", status, via, field(b, "From"), field(b, "To"), tag, field(b, "Call-ID"), field(b, "CSeq"), more, len(body), body)
	}
	me := l.at[sipService]
	switch string(method) {
	case "INVITE":
		contact := fmt.Sprintf("Contact: <sip:%s@%s>\r\n", name, me)
		l.say(sipService, from, answer("180 Ringing", contact, ""), name+" 180")
		l.say(sipService, from, answer("200 OK", contact+"Content-Type: application/sdp\r\n", sipOffer(me)), name+" 200")
	case "BYE":
		l.say(sipService, from, answer("200 OK", "", ""), name+" over")
	}
}

// heard is the caller.
func (l *sipLoad) heard(i int, b []byte, at time.Time) {
	name := between(field(b, "From"), ";tag=", ";")
	switch {
	case bytes.HasPrefix(b, []byte("SIP/2.0 180")):
		l.came(name+" 180", at)
	case bytes.HasPrefix(b, []byte("SIP/2.0 200")) && bytes.HasSuffix([]byte(field(b, "CSeq")), []byte("BYE")):
		if l.came(name+" over", at) {
			l.ended++
		}
	case bytes.HasPrefix(b, []byte("SIP/2.0 200")):
		if !l.came(name+" 200", at) {
			return
		}
		request := func(method string, seq int) []byte {
			return fmt.Appendf(nil, "%[1]s %[2]s SIP/2.0\r\nVia: SIP/2.0/UDP %[3]s;branch=z9hG4bK%[1]s%[4]s;rport\r\nMax-Forwards: 70\r\nFrom: %[5]s\r\nTo: %[6]s\r\nCall-ID: %[4]s\r\nCSeq: %[7]d %[1]s\r\nContent-Length: 0\r\n\r\n",
				method, between(field(b, "Contact"), "<", ">"), l.at[i], name, field(b, "From"), field(b, "To"), seq)
		}
		l.say(i, l.via, request("ACK", 1), name+" ACK")
		l.hangUps = append(l.hangUps, hangUp{time.Now().Add(sipHold), i, name, request("BYE", 2)})
	}
}
