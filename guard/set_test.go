package guard

import (
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire"
)

func TestOnlySwitchableRulesCanBeSwitchedOff(t *testing.T) {
	for _, r := range Catalogue() {
		s, _ := set(t)
		c := DefaultConfig()
		c.Off = []string{r.ID}
		if err := s.Configure(c); (err == nil) != r.Switchable {
			t.Errorf("switching %s off: %v", r.ID, err)
		}
	}
	for _, id := range []string{"R1", "R2", "R4", "R12", "R20", "R22", "R23"} {
		if r, ok := Lookup(id); !ok || r.Switchable {
			t.Errorf("%s holds the house up and must be there, not switchable", id)
		}
	}
}

func TestARuleThatIsOffIsSilent(t *testing.T) {
	s, _ := set(t)
	c := DefaultConfig()
	c.Off = []string{"R15"}
	if err := s.Configure(c); err != nil {
		t.Fatal(err)
	}
	ev := honest()[Offer]
	ev.Kind, ev.Contact = Offer, false
	if v := s.Judge(&ev); !v.Passed() {
		t.Errorf("R15 is off and %v fired", v.Rules)
	}
}

// What could not be read does not go on, whatever is switched off, and whatever
// rule it was refused in the name of.
func TestWhatCouldNotBeReadNeverPasses(t *testing.T) {
	s, _ := set(t)
	c := DefaultConfig()
	for _, r := range Catalogue() {
		if r.Switchable {
			c.Off = append(c.Off, r.ID)
		}
	}
	if err := s.Configure(c); err != nil {
		t.Fatal(err)
	}
	for kind, ev := range honest() {
		for _, rule := range []string{"R2", "R3", "R5", "R6", "R7", "R16", "R17", "R23", "R99"} {
			ev.Kind, ev.Refusal = kind, &wire.Refusal{Rule: rule, Reason: "refused"}
			if v := s.Judge(&ev); v.Passed() {
				t.Errorf("%s refused by the parser as %s passes", kind, rule)
			}
		}
	}
}

func TestARuleThatPanicsRefuses(t *testing.T) {
	s, _ := set(t)
	s.byKind[Knock] = append(s.byKind[Knock], Rule{ID: "R22", Action: Refuse, Severity: High, Check: func(*Context, *Event) *Finding { panic("stumbled") }})
	if v := s.Judge(&Event{Kind: Knock}); v.Passed() {
		t.Error("a rule panicked and the event passed")
	}
}

func TestAFloodOfRefusalsIsCountedNotRecorded(t *testing.T) {
	now, recorded, events := time.Unix(1_800_000_000, 0), 0, 0
	s, err := New(DefaultConfig(), func() time.Time { return now }, func(v Verdict) { recorded++; events += v.Count })
	if err != nil {
		t.Fatal(err)
	}
	ev := honest()[Packet]
	ev.Kind, ev.Answered = Packet, false
	const flood = 50_000
	for range flood {
		now = now.Add(20 * time.Microsecond)
		s.Judge(&ev)
	}
	s.Flush()
	if recorded > recordBurst+3 || events != flood {
		t.Errorf("%d verdicts recorded for %d events, counting %d", recorded, flood, events)
	}
	s.Flush()
	if events != flood {
		t.Error("flushing again records again")
	}
}

func TestManySendersDoNotGrowTheRecorder(t *testing.T) {
	now, events := time.Unix(1_800_000_000, 0), 0
	s, err := New(DefaultConfig(), func() time.Time { return now }, func(v Verdict) { events += v.Count })
	if err != nil {
		t.Fatal(err)
	}
	const senders = 3 * maxKeys
	for i := range senders {
		s.Judge(&Event{Kind: Packet, Call: wire.ID{byte(i), byte(i >> 8), byte(i >> 16)}, Bytes: srtp(), Peer: legC, Other: legC, Secured: true})
	}
	s.Flush()
	if n := len(s.recorder.byKey); n > maxKeys+1 {
		t.Errorf("%d tallies, at most %d", n, maxKeys)
	}
	if events != senders {
		t.Errorf("%d of %d events are accounted for", events, senders)
	}
}

func TestBudgetsAreBounded(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	b := NewBudgets(func() time.Time { return now })
	one := []Spend{{Name: "n", Key: "k", Limit: 2, Per: time.Second}}
	drawn := func() (n int) {
		for b.Draw(one) == nil {
			n++
		}
		return n
	}
	if n := drawn(); n != 2 {
		t.Errorf("a budget of two gave %d", n)
	}
	now = now.Add(time.Second / 2)
	if n := drawn(); n != 1 {
		t.Errorf("half a period gave %d, want half of it", n)
	}
	for i := range maxBudgets + 100 {
		b.Draw([]Spend{{Name: "flood", Key: string(rune(i)) + string(rune(i>>8)), Limit: 1, Per: time.Hour}})
	}
	if b.order.Len() > maxBudgets || len(b.byKey) != b.order.Len() {
		t.Errorf("%d budgets, at most %d", b.order.Len(), maxBudgets)
	}
}

func TestConfiguration(t *testing.T) {
	for _, bad := range []string{
		`{"off":["R1"]}`, `{"off":["R99"]}`, `{"off":["R13","R13"]}`, `{"limits":{"packet_size":0}}`, `{"limits":{"packets":1}}`, `{"x":1}`, `{} {}`, `[]`, ``,
	} {
		if _, err := ParseConfig([]byte(bad)); err == nil {
			t.Errorf("%s was accepted", bad)
		}
	}
	c, err := ParseConfig([]byte(`{"limits":{"packet_size":500},"off":["R13"],"minimum_build":7}`))
	if err != nil || c.Limits.PacketSize != 500 || c.Limits.OffersPerMinute != DefaultConfig().Limits.OffersPerMinute || c.MinimumBuild != 7 {
		t.Errorf("%+v, %v", c, err)
	}
}

func FuzzPacket(f *testing.F) {
	f.Add(srtp())
	f.Add(stunMessage(0x0111, 0, 9, 0, 4, 0, 0, 4, 0))
	f.Add(dtlsRecord(22, serverHello(0xfefd, 0xc02b)...))
	s, _ := set(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		ev := honest()[Packet]
		ev.Kind, ev.Bytes = Packet, b
		if v := s.Judge(&ev); v.Offset < 0 || v.Offset+v.Length > len(b) || v.Clause == "R22" {
			t.Fatalf("%x: %+v", b, v)
		}
		Protected(b)
	})
}
