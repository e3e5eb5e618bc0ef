package sipguard

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire/sip"
)

// wired is a phone over TCP.
type wired struct {
	*phone
	conn net.Conn
	rest []byte
}

func (w *wired) say(text string) {
	w.conn.Write([]byte(strings.NewReplacer("SIP/2.0/UDP "+w.addr(), "SIP/2.0/TCP "+w.conn.LocalAddr().String(), w.addr(), w.conn.LocalAddr().String()+";transport=tcp").Replace(text)))
}

func (w *wired) next() *sip.Message {
	w.t.Helper()
	buf := make([]byte, 4096)
	for {
		if n, err := sip.Frame(w.rest); err != nil {
			w.t.Fatal(err)
		} else if n > 0 && n <= len(w.rest) {
			m, err := sip.Parse(bytes.Clone(w.rest[:n]))
			if err != nil {
				w.t.Fatal(err)
			}
			w.rest = w.rest[n:]
			return m
		}
		w.conn.SetReadDeadline(time.Now().Add(3 * time.Second))
		n, err := w.conn.Read(buf)
		if err != nil {
			w.t.Fatal(err)
		}
		w.rest = append(w.rest, buf[:n]...)
	}
}

// A phone is called over the connection that it registered on, and when that is
// gone it is not there.
func TestCallOverTCP(t *testing.T) {
	b := newBench(t, nil)
	alice, _ := b.two()
	conn, err := net.Dial("tcp", b.Outside()[1].Addr)
	if err != nil {
		t.Fatal(err)
	}
	w := &wired{phone: newPhone(t, "carol", b.outside), conn: conn}
	register := func(seq int, lines string) {
		w.say(w.request("REGISTER", "sip:example.com", "<"+w.uri()+">;tag=1", "<"+w.uri()+">", "c", seq, lines, ""))
	}
	register(1, "")
	register(2, digest(w.next(), "REGISTER", "sip:example.com", "carol", "secret of carol"))
	if m := w.next(); m.Status != 200 {
		t.Fatalf("%d", m.Status)
	}
	a := alice.call("carol")
	m := w.next()
	if !is(m, "INVITE") || string(m.Via[0].Transport) != "TCP" || !strings.Contains(string(m.AppendTo(nil)), "transport=tcp") {
		t.Fatalf("%s", m.AppendTo(nil))
	}
	w.say(w.answer(m, 200, "x", "", w.offer()))
	a.connected()
	if m := w.next(); !is(m, "ACK") {
		t.Errorf("%s", m.AppendTo(nil))
	}
	a.speak(1)
	wait(t, "carol hears alice", func() bool { _, n := w.heard(); return n == 1 })
	a.request("BYE", "", "")
	w.say(w.answer(w.next(), 200, "", "", ""))
	alice.expect("200")
	conn.Close()
	wait(t, "the connection is gone", func() bool {
		b.Guard.mu.Lock()
		defer b.Guard.mu.Unlock()
		return len(b.streams) == 0
	})
	time.Sleep(10 * time.Millisecond)
	alice.call("carol")
	alice.expect("480")
	b.gone()
}

// A flood of invitations from one address leaves nothing behind, and a call that
// runs goes on.
func TestFlood(t *testing.T) {
	b := newBench(t, nil)
	alice, bob := b.two()
	a := alice.call("bob")
	bob.ring().pickUp()
	a.connected()
	bob.expect("ACK")
	eve := newPhone(t, "eve", b.outside)
	for i := range 2000 {
		eve.send(eve.request("INVITE", fmt.Sprintf("sip:%d@example.com", i), "<sip:eve@example.com>;tag=1", "<sip:bob@example.com>", random(), 1, "", eve.offer()))
		if i%50 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	a.speak(5)
	wait(t, "bob hears alice", func() bool { _, n := bob.heard(); return n == 5 })
	b.Guard.mu.Lock()
	calls, most := len(b.calls), 2+maxCallsOfFlow
	b.Guard.mu.Unlock()
	if calls > most {
		t.Errorf("%d calls", calls)
	}
	wait(t, "one call is left", func() bool {
		b.Guard.mu.Lock()
		defer b.Guard.mu.Unlock()
		return len(b.calls) == 2
	})
}

// What nobody ends is ended: calls that ring for too long, and calls in which
// nobody says anything.
func TestSweep(t *testing.T) {
	var mu sync.Mutex
	ahead := time.Duration(0)
	now := func() time.Time { mu.Lock(); defer mu.Unlock(); return time.Now().Add(ahead) }
	later := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); ahead += d }
	b := newBench(t, func(c *Config) { c.Now = now })
	alice, bob := b.two()
	alice.call("bob")
	k := bob.ring()
	later(longRing + time.Second)
	b.sweep()
	alice.expect("480")
	bob.expect("CANCEL")
	bob.send(bob.answer(k.invite, 487, k.tag(), "", ""))
	b.gone()
	alice.register()
	bob.register()
	a := alice.call("bob")
	bob.ring().pickUp()
	a.connected()
	bob.expect("ACK")
	later(silentCall / 2)
	b.sweep()
	a.speak(1)
	wait(t, "bob hears alice", func() bool { _, n := bob.heard(); return n == 1 })
	later(silentCall + time.Second)
	b.sweep()
	alice.expect("BYE")
	bob.expect("BYE")
	b.gone()
	if b.registered() != 0 {
		t.Error("a phone that does not register again is still there")
	}
}
