package client

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"testing"

	"maunium.net/go/mautrix/crypto/goolm/account"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/envelope"
)

// end is one side of Olm sessions, as a device keeps it.
type end struct {
	t        *testing.T
	olm      []byte
	identity []byte
	sessions sessions
}

func newEnd(t *testing.T) *end {
	a, err := account.NewAccount()
	if err != nil {
		t.Fatal(err)
	}
	return &end{t: t, olm: a.PickleLibOlm(), identity: a.IdKeys.Curve25519.PublicKey}
}

// oneTime makes a one-time key.
func (e *end) oneTime() []byte {
	a, err := unpickleAccount(e.olm)
	if err != nil {
		e.t.Fatal(err)
	}
	keys, err := moreOneTime(a, 1)
	if err != nil {
		e.t.Fatal(err)
	}
	e.olm = a.PickleLibOlm()
	b, err := b64.DecodeString(keys[0])
	if err != nil {
		e.t.Fatal(err)
	}
	return b
}

func (e *end) start(other *end) {
	e.t.Helper()
	next, err := e.sessions.start(e.olm, other.identity, other.oneTime())
	if err != nil {
		e.t.Fatal(err)
	}
	e.sessions = next
}

type sealedText struct {
	kind byte
	raw  []byte
}

func (e *end) write(text string) sealedText {
	e.t.Helper()
	next, kind, raw, err := e.sessions.encrypt([]byte(text))
	if err != nil {
		e.t.Fatal(err)
	}
	e.sessions = next
	return sealedText{kind, raw}
}

// read opens a message and keeps what it leads to, as commit does.
func (e *end) read(from *end, s sealedText) (string, error) {
	d, err := e.sessions.decrypt(e.olm, from.identity, s.kind, s.raw)
	if err != nil {
		return "", err
	}
	e.sessions = d.Sessions
	if d.Account != nil {
		e.olm = d.Account
	}
	return string(d.Plain), nil
}

func (e *end) mustRead(from *end, s sealedText, want string) {
	e.t.Helper()
	if got, err := e.read(from, s); err != nil || got != want {
		e.t.Fatalf("%q, %v; want %q", got, err, want)
	}
}

func (e *end) size() (n int) {
	for _, s := range e.sessions {
		n += len(s)
	}
	return n
}

func pair(t *testing.T) (a, b *end) {
	a, b = newEnd(t), newEnd(t)
	a.start(b)
	b.mustRead(a, a.write("hello"), "hello")
	a.mustRead(b, b.write("hello yourself"), "hello yourself")
	return a, b
}

// One forged message must not kill a session, whatever of it is forged.
func TestForgedMessageChangesNothing(t *testing.T) {
	a, b := pair(t)
	good := a.write("genuine")
	before := fmt.Sprint(b.sessions)
	for i := range good.raw {
		bad := sealedText{good.kind, bytes.Clone(good.raw)}
		bad.raw[i] ^= 0x41
		if text, err := b.read(a, bad); err == nil {
			t.Fatalf("byte %d forged: read %q", i, text)
		}
	}
	if fmt.Sprint(b.sessions) != before {
		t.Fatal("forged messages moved the ratchet")
	}
	b.mustRead(a, good, "genuine")
	a.mustRead(b, b.write("still here"), "still here")
}

// Fifty forged messages with high counters must not grow the state, and a late
// genuine one still opens.
func TestForgedMessagesDoNotGrowTheState(t *testing.T) {
	a, b := pair(t)
	late := a.write("late")
	for range 5 {
		b.mustRead(a, a.write("now"), "now")
	}
	size := b.size()
	for i := range 50 {
		forged := a.fork().skip(30 * (i + 1))
		forged.raw[len(forged.raw)-1] ^= 1 // the MAC
		if _, err := b.read(a, forged); err == nil {
			t.Fatal("a forged message was read")
		}
	}
	if b.size() != size {
		t.Fatalf("state grew from %d to %d bytes", size, b.size())
	}
	b.mustRead(a, late, "late")
	b.mustRead(a, a.write("and on"), "and on")
}

func (e *end) fork() *end {
	return &end{t: e.t, olm: e.olm, identity: e.identity, sessions: append(sessions(nil), e.sessions...)}
}

// skip writes n messages and returns the last.
func (e *end) skip(n int) (s sealedText) {
	for range n {
		s = e.write("lost")
	}
	return s
}

func TestOutOfOrderRepeatedLost(t *testing.T) {
	a, b := pair(t)
	var sent []sealedText
	for i := range 20 {
		sent = append(sent, a.write(fmt.Sprint(i)))
	}
	for _, i := range []int{3, 0, 19, 7, 1, 12} { // the others are lost
		b.mustRead(a, sent[i], fmt.Sprint(i))
	}
	for _, i := range []int{3, 0, 19} {
		if text, err := b.read(a, sent[i]); err == nil {
			t.Errorf("%q was read twice", text)
		}
	}
	a.mustRead(b, b.write("on"), "on")
	b.mustRead(a, a.write("and on"), "and on")
	b.mustRead(a, sent[5], "5") // late, over a change of the ratchet
}

// Lost first messages are no trouble: every message carries what begins the
// session until the other side has answered.
func TestLostFirstMessage(t *testing.T) {
	a, b := newEnd(t), newEnd(t)
	a.start(b)
	a.write("lost")
	second, third := a.write("second"), a.write("third")
	b.mustRead(a, third, "third")
	b.mustRead(a, second, "second")
	if _, err := b.read(a, second); err == nil {
		t.Error("read twice")
	}
}

// Both sides begin at once: both sessions work, and both sides settle on the
// same one.
func TestBothBeginAtOnce(t *testing.T) {
	for range 8 { // the ids, which decide, are random
		a, b := newEnd(t), newEnd(t)
		a.start(b)
		b.start(a)
		fromA, fromB := a.write("from a"), b.write("from b")
		b.mustRead(a, fromA, "from a")
		a.mustRead(b, fromB, "from b")
		for i := range 4 {
			x, y := a.write(fmt.Sprint("a", i)), b.write(fmt.Sprint("b", i))
			b.mustRead(a, x, fmt.Sprint("a", i))
			a.mustRead(b, y, fmt.Sprint("b", i))
		}
		_, sa, err := a.sessions.choose()
		if err != nil {
			t.Fatal(err)
		}
		_, sb, err := b.sessions.choose()
		if err != nil || sa.ID() != sb.ID() {
			t.Fatalf("a uses %s, b uses %s, %v", sa.ID(), sb.ID(), err)
		}
	}
}

func TestOneTimeKeyIsUsedOnce(t *testing.T) {
	a, b, c := newEnd(t), newEnd(t), newEnd(t)
	key := b.oneTime()
	for i, e := range []*end{a, c} {
		next, err := e.sessions.start(e.olm, b.identity, key)
		if err != nil {
			t.Fatal(err)
		}
		e.sessions = next
		before := b.sessions
		b.sessions = nil
		_, err = b.read(e, e.write("hello"))
		if i == 0 && err != nil || i == 1 && err == nil {
			t.Fatalf("use %d: %v", i+1, err)
		}
		b.sessions = before
	}
}

// A first message that names another identity than the contact's is refused
// before anything is computed with it.
func TestFirstMessageOfSomebodyElse(t *testing.T) {
	a, b, mallory := newEnd(t), newEnd(t), newEnd(t)
	mallory.start(b)
	if _, err := b.sessions.decrypt(b.olm, a.identity, olmPrekey, mallory.write("I am a").raw); err != errOtherKeys {
		t.Fatal(err)
	}
}

func FuzzDecrypt(f *testing.F) {
	a, b := newEnd(&testing.T{}), newEnd(&testing.T{})
	a.start(b)
	first := a.write("hello")
	f.Add(first.kind, first.raw)
	f.Add(olmMessage, []byte{3})
	f.Fuzz(func(t *testing.T, kind byte, raw []byte) {
		d, err := b.sessions.decrypt(b.olm, a.identity, kind&1, raw)
		if err == nil && string(d.Plain) != "hello" {
			t.Fatalf("%q was read, which nobody wrote", d.Plain)
		}
	})
}

func TestEnvelope(t *testing.T) {
	k, err := newEnvelopeKey(7, stampTime)
	if err != nil {
		t.Fatal(err)
	}
	public, err := k.public()
	if err != nil || len(public) != publicEnvelopeSize {
		t.Fatal(len(public), err)
	}
	to := address{wire.ID{1}, wire.ID{2}, 7}
	private := func(id uint32) []byte {
		if id == 7 {
			return k.Private
		}
		return nil
	}
	for _, n := range []int{1, 400, 491, 492, 3000, 65000} {
		olm := make([]byte, n)
		rand.Read(olm)
		in := inside{Sender: wire.ID{3}, Type: olmMessage, Olm: olm}
		sealed, err := seal(to, public, in, -1)
		if err != nil {
			t.Fatal(err)
		}
		c, _ := envelope.ClassFor(n + sealedHead)
		if len(sealed) != envelope.Header+envelope.PlainSize(c)+envelope.TagSize {
			t.Errorf("%d bytes: an envelope of %d", n, len(sealed))
		}
		got, err := open(sealed, to.Account, to.Device, private)
		if err != nil || got.Sender != in.Sender || got.Type != in.Type || !bytes.Equal(got.Olm, olm) {
			t.Fatalf("%d bytes: %v", n, err)
		}
		if _, err := open(sealed, to.Account, wire.ID{9}, private); err == nil {
			t.Error("opened on another device")
		}
		if _, err := open(sealed, wire.ID{9}, to.Device, private); err == nil {
			t.Error("opened by another account")
		}
	}
	if _, err := seal(to, public, inside{Sender: wire.ID{3}, Olm: make([]byte, 70000)}, -1); err == nil {
		t.Error("sealed what no class holds")
	}
}

func FuzzInside(f *testing.F) {
	f.Add(make([]byte, 512))
	f.Add(append(bytes.Repeat([]byte{1}, 17), 0, 0, 0, 2, 7, 7, 0, 0))
	f.Fuzz(func(t *testing.T, b []byte) {
		in, err := parseInside(b)
		if err == nil && (len(in.Olm) == 0 || len(in.Olm) > len(b) || in.Sender.IsZero()) {
			t.Fatalf("%+v", in)
		}
	})
}
