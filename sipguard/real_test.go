package sipguard

import (
	"encoding/binary"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ringfence/ringfence/guard"
)

// need skips a test whose program is not there, and says so.
func need(t *testing.T, programs ...string) {
	t.Helper()
	if testing.Short() || runtime.GOOS != "linux" {
		t.Skip("real phones are tried on Linux, and take their time")
	}
	for _, p := range programs {
		if _, err := exec.LookPath(p); err != nil {
			t.Skipf("MISSING: %s; no call was made with it", p)
		}
	}
}

// ownAddress is an address of this machine that is not loopback: some phones take
// no other.
func ownAddress(t *testing.T) netip.Addr {
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && !p.Addr().IsLoopback() {
			return p.Addr()
		}
	}
	t.Skip("MISSING: a network; real phones need an address that is not loopback")
	return netip.Addr{}
}

func fill(t *testing.T, file string, pairs ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer(pairs...).Replace(string(b))
}

func put(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// start runs a program until the test ends. Its output is shown when the test fails.
func start(t *testing.T, dir, name string, args ...string) *exec.Cmd {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, filepath.Base(name)+fmt.Sprint(time.Now().UnixNano())+".log"))
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(name, args...)
	c.Stdout, c.Stderr, c.Dir = log, log, dir
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Signal(os.Interrupt)
		time.AfterFunc(3*time.Second, func() { c.Process.Kill() })
		c.Wait()
		if t.Failed() {
			b, _ := os.ReadFile(log.Name())
			t.Logf("%s said:\n%s", name, b[max(0, len(b)-4000):])
		}
	})
	return c
}

// real is a guard in front of Kamailio.
type real struct {
	*Guard
	t       *testing.T
	at      netip.AddrPort
	modules string
}

func newReal(t *testing.T) *real {
	own := ownAddress(t)
	dir := t.TempDir()
	s := loopback(t)
	service := localOf(s).String()
	s.Close()
	start(t, dir, "kamailio", "-f", put(t, filepath.Join(dir, "kamailio.cfg"), fill(t, "kamailio.cfg", "@SERVICE@", service)), "-DD", "-E", "-Y", dir, "-P", filepath.Join(dir, "pid"), "-m", "32", "-M", "4")
	set, err := guard.New(generous(), time.Now, func(v guard.Verdict) { t.Logf("%s %v: %s (%s)", v.Action, v.Rules, v.Reason, v.Clause) })
	if err != nil {
		t.Fatal(err)
	}
	g, err := New(Config{Listen: []Listener{{"UDP", netip.AddrPortFrom(own, 0).String()}}, Upstream: service, Ports: [2]uint16{20000, 29999}, Allow: Allow{Plain: true}, Guard: set, Log: discard()})
	if err != nil {
		t.Fatal(err)
	}
	go g.Serve(t.Context())
	t.Cleanup(g.Close)
	modules, _ := filepath.Glob("/usr/lib*/*/baresip/modules")
	more, _ := filepath.Glob("/usr/lib/baresip/modules")
	r := &real{Guard: g, t: t, at: netip.MustParseAddrPort(g.Outside()[0].Addr), modules: strings.Join(append(modules, more...), "")}
	time.Sleep(time.Second) // Kamailio starts
	return r
}

func (r *real) registered(n int) {
	r.t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		r.Guard.mu.Lock()
		have := len(r.bindings.byToken)
		r.Guard.mu.Unlock()
		if have >= n {
			return
		}
		if time.Now().After(end) {
			r.t.Fatalf("%d phones are registered, want %d", have, n)
		}
	}
}

// baresip runs a phone that speaks a tone, and returns the folder in which it
// writes down what it hears.
func (r *real) baresip(name string, tone float64, more ...string) (*exec.Cmd, string) {
	dir := r.t.TempDir()
	s, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(r.at.Addr(), 0)))
	if err != nil {
		r.t.Fatal(err)
	}
	listen := localOf(s).String()
	s.Close()
	put(r.t, filepath.Join(dir, "tone.wav"), wav(tone, 30))
	put(r.t, filepath.Join(dir, "contacts"), "")
	put(r.t, filepath.Join(dir, "heard", "x"), "")
	put(r.t, filepath.Join(dir, "config"), fill(r.t, "baresip.config", "@LISTEN@", listen, "@NAME@", name, "@TONE@", filepath.Join(dir, "tone.wav"), "@MODULES@", r.modules, "@RECORD@", filepath.Join(dir, "heard")))
	put(r.t, filepath.Join(dir, "accounts"), fmt.Sprintf("<sip:%s@example.com>;auth_user=%s;auth_pass=secret;outbound=\"sip:%s\";regint=120;answermode=auto\n", name, name, r.at))
	return start(r.t, dir, "baresip", append([]string{"-4", "-f", dir, "-s"}, more...)...), filepath.Join(dir, "heard")
}

// wav is a tone.
func wav(hertz float64, seconds int) string {
	const rate = 8000
	b := make([]byte, 44, 44+2*rate*seconds)
	copy(b, "RIFF____WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00")
	binary.LittleEndian.PutUint32(b[4:], uint32(36+2*rate*seconds))
	binary.LittleEndian.PutUint32(b[24:], rate)
	binary.LittleEndian.PutUint32(b[28:], 2*rate)
	copy(b[32:], "\x02\x00\x10\x00data")
	binary.LittleEndian.PutUint32(b[40:], uint32(2*rate*seconds))
	for i := range rate * seconds {
		b = binary.LittleEndian.AppendUint16(b, uint16(int16(8000*math.Sin(2*math.Pi*hertz*float64(i)/rate))))
	}
	return string(b)
}

// tone reads what a phone heard: which tone, for how many seconds, and how many
// pieces of 20 ms of them were silent.
func tone(t *testing.T, folder string) (hertz, seconds float64, silent int) {
	t.Helper()
	all, _ := filepath.Glob(filepath.Join(folder, "*-dec.wav"))
	if len(all) == 0 {
		return 0, 0, 0
	}
	b, err := os.ReadFile(all[0])
	if err != nil || len(b) < 44+16000 {
		t.Fatalf("%s: %d bytes, %v", all[0], len(b), err)
	}
	at := func(i int) int16 { return int16(binary.LittleEndian.Uint16(b[44+2*i:])) }
	n, ups := (len(b)-44)/2, 0
	for i := 1; i < n; i++ {
		if at(i-1) < 0 && at(i) >= 0 {
			ups++
		}
	}
	for i := 0; i+160 <= n; i += 160 {
		loud := false
		for j := range 160 {
			loud = loud || at(i+j) > 1000
		}
		if !loud {
			silent++
		}
	}
	return float64(ups) / (float64(n) / 8000), float64(n) / 8000, silent
}

// Two phones call each other through the guard and Kamailio, and each hears the
// other's tone.
func TestRealCall(t *testing.T) {
	need(t, "kamailio", "baresip")
	r := newReal(t)
	_, bob := r.baresip("bob", 700)
	r.registered(1)
	caller, alice := r.baresip("alice", 440, "-e", "/dial sip:bob@example.com", "-t", "6")
	caller.Wait()
	time.Sleep(time.Second)
	for _, c := range []struct {
		who, folder string
		hertz       float64
	}{{"alice", alice, 700}, {"bob", bob, 440}} {
		hertz, seconds, silent := tone(t, c.folder)
		t.Logf("%s heard %.0f Hz for %.1f s, %d pieces of 20 ms silent", c.who, hertz, seconds, silent)
		if math.Abs(hertz-c.hertz) > 15 || seconds < 3 {
			t.Errorf("%s heard %.0f Hz for %.1f s, want %.0f Hz; %+v", c.who, hertz, seconds, c.hertz, r.Counts())
		}
	}
}

// While SIPp makes calls, and sends what no phone sends, two phones talk and do not
// notice.
func TestRealLoad(t *testing.T) {
	need(t, "kamailio", "baresip", "sipp")
	r := newReal(t)
	_, bob := r.baresip("bob", 700)
	r.registered(1)
	caller, alice := r.baresip("alice", 440, "-e", "/dial sip:bob@example.com", "-t", "16")
	dir := t.TempDir()
	s, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(r.at.Addr(), 0)))
	if err != nil {
		t.Fatal(err)
	}
	port := fmt.Sprint(localOf(s).Port())
	s.Close()
	sipp := func(args ...string) *exec.Cmd {
		return start(t, dir, "sipp", append([]string{r.at.String(), "-i", r.at.Addr().String(), "-nostdin", "-timeout", "30"}, args...)...)
	}
	file := func(name string) string { return put(t, filepath.Join(dir, name), fill(t, name)) }
	if err := sipp("-sf", file("register.xml"), "-p", port, "-m", "1").Wait(); err != nil {
		t.Fatalf("carol does not register: %v", err)
	}
	sipp("-sn", "uas", "-p", port)
	time.Sleep(time.Second)
	calls := sipp("-sf", file("calls.xml"), "-r", "20", "-m", "150", "-mp", "35000")
	hostile := sipp("-sf", file("hostile.xml"), "-r", "100", "-m", "600", "-recv_timeout", "500")
	for _, c := range []*exec.Cmd{calls, hostile, caller} {
		c := time.AfterFunc(25*time.Second, func() { c.Process.Kill() })
		defer c.Stop()
	}
	if err := calls.Wait(); err != nil {
		t.Errorf("not all of the calls were made: %v", err)
	}
	hostile.Wait() // answers are budgeted: not all of it is answered
	caller.Wait()
	time.Sleep(time.Second)
	c := r.Counts()
	t.Logf("%+v", c)
	for who, folder := range map[string]string{"alice": alice, "bob": bob} {
		hertz, seconds, silent := tone(t, folder)
		t.Logf("%s heard %.0f Hz for %.1f s, %d pieces of 20 ms silent", who, hertz, seconds, silent)
		if seconds < 8 || float64(silent)/50 > 0.05*seconds {
			t.Errorf("%s heard %.1f s, of which %d pieces of 20 ms were silent", who, seconds, silent)
		}
	}
	if c.Refused == 0 || c.Answered < 2*150 {
		t.Errorf("%+v", c)
	}
}
