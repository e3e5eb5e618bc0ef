package guard

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/ringfence/ringfence/wire"
)

var legC = netip.MustParseAddrPort("192.0.2.2:49152")

// honest are events that no rule objects to, one for each kind.
func honest() map[Kind]Event {
	return map[Kind]Event{
		Message:    {},
		Offer:      {Contact: true, Fresh: true, Signed: true, Build: 1, Bytes: make([]byte, 92)},
		Step:       {Role: Callee, State: Ringing, Step: Accept, Signed: true, Build: 1},
		HandIn:     {Authentic: true},
		Knock:      {},
		SignIn:     {Authentic: true},
		Request:    {Authentic: true},
		Allocate:   {Answered: true, Authentic: true},
		Permission: {Answered: true, Peer: legC, Other: legC},
		Packet:     {Answered: true, Peer: legC, Other: legC, Secured: true, Bytes: srtp()},
		Parameters: {},
		Settings:   {},
	}
}

func srtp() []byte { return append([]byte{0x80, 96}, make([]byte, 40)...) }

// offences are, for each rule, what it must object to: a change of an honest
// event.
var offences = map[string][]struct {
	kind Kind
	mend func(ev *Event)
}{
	"R1": {
		{Allocate, func(ev *Event) { ev.Answered = false }},
		{Permission, func(ev *Event) { ev.Answered = false }},
		{Packet, func(ev *Event) { ev.Answered = false }},
	},
	"R2": {{Message, refusal("R2")}},
	"R3": {
		{Message, refusal("R3")},
		{Packet, func(ev *Event) { ev.Bytes = []byte{77, 1, 2, 3} }},
		{Packet, func(ev *Event) { ev.Bytes = stunMessage(0x0006) }}, // TURN inside of TURN
		{Packet, func(ev *Event) { ev.Bytes = append([]byte{0x80, 194, 0, 1}, make([]byte, 40)...) }},
	},
	"R4": {
		{Step, func(ev *Event) { ev.Role = Caller }},
		{Step, func(ev *Event) { ev.Role = Nobody }},
		{Step, func(ev *Event) { ev.State = Answered }},
		{Step, func(ev *Event) { ev.State = Idle }},
		{Step, func(ev *Event) { ev.Step = Join }},
		{Step, func(ev *Event) { ev.Step = Restart }},
		{Step, func(ev *Event) { ev.Role, ev.Step = Caller, Ask }},
		{Step, func(ev *Event) { ev.State, ev.Role, ev.Step = Joined, Caller, Restart }},
	},
	"R5": {
		{HandIn, refusal("R5")},
		{Packet, func(ev *Event) { ev.Bytes = append(srtp(), make([]byte, 1480)...) }},
	},
	"R6": {
		{Message, refusal("R6")},
		{Packet, func(ev *Event) { ev.Bytes[0] |= 0x0f }}, // 15 CSRC in 42 bytes
		{Packet, func(ev *Event) { ev.Bytes = append([]byte{0x90}, ev.Bytes[1:]...); ev.Bytes[14] = 0xff }}, // extension
		{Packet, func(ev *Event) { ev.Bytes = append([]byte{0x81, 201, 0, 200}, make([]byte, 40)...) }},     // RTCP
		{Packet, func(ev *Event) { ev.Bytes = []byte{0x81, 203, 0, 1, 0, 0, 0, 0} }},                        // shorter than its trailer
		{Packet, func(ev *Event) { ev.Bytes = stunMessage(0x0001); ev.Bytes[3] = 4 }},                       // STUN length
		{Packet, func(ev *Event) { ev.Bytes = stunMessage(0x0111, 0, 9, 0, 2, 0, 0, 0, 0) }},                // ERROR-CODE of two bytes
		{Packet, func(ev *Event) { ev.Bytes = []byte{22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9, 1} }},    // DTLS record
		{Packet, func(ev *Event) { ev.Bytes = dtlsRecord(22, 1, 0, 0, 9, 0, 0, 0, 0, 8, 0, 0, 2, 1, 1) }},   // DTLS fragment
		{Packet, func(ev *Event) { ev.Bytes = []byte{0x2c, 0, 0xff, 0xff, 1, 2} }},                          // DTLS 1.3
		{Packet, func(ev *Event) {
			ev.Bytes = dtlsRecord(22, append([]byte{1, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 2}, 0xfe, 0xfd)...)
		}}, // ClientHello
	},
	"R7":  {{Message, refusal("R7")}, {Parameters, refusal("R7")}},
	"R11": {{Offer, func(ev *Event) { ev.Fresh = false }}},
	"R12": append(strayPeers(), []struct {
		kind Kind
		mend func(ev *Event)
	}{{Allocate, refusal("R12")}, {Permission, func(ev *Event) { ev.Peer, ev.Other = netip.AddrPort{}, netip.AddrPort{} }}}...),
	"R13": {
		{Allocate, func(ev *Event) { ev.Held = 8 }},
		{Offer, func(ev *Event) { ev.Spends = []Spend{{Name: "offers", Key: "k", Limit: 0, Per: time.Minute}} }},
	},
	"R14": {
		{Offer, func(ev *Event) { ev.Build = 0 }},
		{Step, func(ev *Event) { ev.Build = 0 }},
	},
	"R15": {{Offer, func(ev *Event) { ev.Contact = false }}},
	"R25": {{Offer, func(ev *Event) { ev.Campaign = "C-2026-0001" }}},
	"R26": {{Offer, func(ev *Event) { ev.Evasion = "B-2026-0001" }}},
	"R16": {
		{Parameters, refusal("R16")},
		{Packet, func(ev *Event) { ev.Secured = false }},
		{Packet, func(ev *Event) { ev.Bytes = dtlsRecord(23, 1, 2, 3) }},                         // application data
		{Packet, func(ev *Event) { ev.Bytes = dtlsRecord(20, 1); ev.Bytes[2] = 0xff }},           // DTLS 1.0
		{Packet, func(ev *Event) { ev.Bytes = dtlsRecord(22, serverHello(0xfefd, 0x0000)...) }},  // no encryption
		{Packet, func(ev *Event) { ev.Bytes = dtlsRecord(22, serverHello(0xfeff, 0xc02b)...) }},  // DTLS 1.0
		{Packet, func(ev *Event) { ev.Bytes = dtlsRecord(22, clientHello(0xfeff)...) }},          // DTLS 1.0
		{Packet, func(ev *Event) { ev.Bytes = append(dtlsRecord(20, 1), dtlsRecord(23, 1)...) }}, // the second record
	},
	"R17": {{Request, refusal("R17")}},
	"R20": {
		{Offer, func(ev *Event) { ev.Signed = false }},
		{Step, func(ev *Event) { ev.Signed = false }},
		{HandIn, func(ev *Event) { ev.Authentic = false }},
		{SignIn, func(ev *Event) { ev.Authentic = false }},
		{Request, func(ev *Event) { ev.Authentic = false }},
		{Allocate, func(ev *Event) { ev.Authentic = false }},
	},
	"R22": {{Message, refusal("R22")}},
	"R23": {{Message, refusal("R23")}, {Settings, refusal("R23")}},
}

func refusal(rule string) func(*Event) {
	return func(ev *Event) { ev.Refusal = &wire.Refusal{Rule: rule, Reason: "as the parser said"} }
}

// strayPeers are addresses that are not the other leg, in all their spellings.
func strayPeers() (all []struct {
	kind Kind
	mend func(ev *Event)
}) {
	for _, s := range []string{
		"127.0.0.1:49152", "0.0.0.0:49152", "[::]:49152", "[::1]:49152", "[::ffff:127.0.0.1]:49152", "[::ffff:192.0.2.2]:49152",
		"[64:ff9b::192.0.2.2]:49152", "[64:ff9b::127.0.0.1]:80", "[2002:7f00:1::]:80", "169.254.169.254:80", "[fe80::1]:49152",
		"10.0.0.1:22", "224.0.0.1:5353", "192.0.2.1:49152", "192.0.2.2:49153", "192.0.2.3:49152", "198.51.100.1:443",
	} {
		for _, kind := range []Kind{Permission, Packet} {
			all = append(all, struct {
				kind Kind
				mend func(ev *Event)
			}{kind, func(ev *Event) { ev.Peer = netip.MustParseAddrPort(s) }})
		}
	}
	return all
}

func stunMessage(kind uint16, attributes ...byte) []byte {
	b := []byte{byte(kind >> 8), byte(kind), 0, byte(len(attributes)), 0x21, 0x12, 0xa4, 0x42}
	return append(append(b, make([]byte, 12)...), attributes...)
}

func dtlsRecord(kind byte, body ...byte) []byte {
	b := append([]byte{kind, 0xfe, 0xfd}, make([]byte, 8)...)
	return append(append(b, 0, byte(len(body))), body...)
}

func handshake(kind byte, body []byte) []byte {
	n := byte(len(body))
	return append([]byte{kind, 0, 0, n, 0, 0, 0, 0, 0, 0, 0, n}, body...)
}

func clientHello(version uint16) []byte {
	return handshake(1, append([]byte{byte(version >> 8), byte(version)}, make([]byte, 40)...))
}

func serverHello(version, suite uint16) []byte {
	body := append([]byte{byte(version >> 8), byte(version)}, make([]byte, 33)...)
	return handshake(2, append(body, byte(suite>>8), byte(suite), 0))
}

// set returns a set on a clock that stands still, and what it records.
func set(t testing.TB) (*Set, *[]Verdict) {
	now, recorded := time.Unix(1_800_000_000, 0), &[]Verdict{}
	s, err := New(DefaultConfig(), func() time.Time { return now }, func(v Verdict) { *recorded = append(*recorded, v) })
	if err != nil {
		t.Fatal(err)
	}
	return s, recorded
}

func TestEveryRuleFiresOnItsOffencesAndOnNothingHonest(t *testing.T) {
	for _, r := range Catalogue() {
		if r.Check == nil {
			continue
		}
		if len(offences[r.ID]) == 0 {
			t.Errorf("rule %s has no offence to fire on", r.ID)
		}
		for i, o := range offences[r.ID] {
			s, recorded := set(t)
			ev := honest()[o.kind]
			ev.Kind, ev.At = o.kind, time.Unix(1_800_000_000, 0)
			if v := s.Judge(&ev); !v.Passed() {
				t.Fatalf("%s: an honest event is refused: %+v", o.kind, v)
			}
			o.mend(&ev)
			v := s.Judge(&ev)
			if v.Passed() || !slices.Contains(v.Rules, r.ID) {
				t.Errorf("%s, offence %d: %v, want %s", r.ID, i, v.Rules, r.ID)
				continue
			}
			if len(*recorded) != 1 || !bytes.Equal((*recorded)[0].Bytes, ev.Bytes) || (*recorded)[0].SHA256 == "" || v.Reason == "" || v.Severity == "" {
				t.Errorf("%s, offence %d: not recorded as it happened: %+v", r.ID, i, *recorded)
			}
			if v.Offset < 0 || v.Length < 0 || ev.Refusal == nil && v.Offset+v.Length > len(ev.Bytes) {
				t.Errorf("%s, offence %d: bytes %d+%d of %d are marked", r.ID, i, v.Offset, v.Length, len(ev.Bytes))
			}
		}
	}
}

func TestHonestPacketsPass(t *testing.T) {
	for name, b := range map[string][]byte{
		"binding": stunMessage(0x0001), "RTP": srtp(), "RTCP": append([]byte{0x81, 201, 0, 1}, make([]byte, 20)...),
		"client hello": dtlsRecord(22, clientHello(0xfefd)...), "server hello": dtlsRecord(22, serverHello(0xfefd, 0xc02b)...),
		"change cipher": append(dtlsRecord(20, 1), dtlsRecord(22, handshake(14, nil)...)...), "DTLS 1.3": append([]byte{0x2e, 0, 1, 0, 16}, make([]byte, 16)...),
	} {
		s, _ := set(t)
		ev := honest()[Packet]
		ev.Kind, ev.Bytes = Packet, b
		if v := s.Judge(&ev); !v.Passed() {
			t.Errorf("%s: %s %s", name, v.Rules, v.Reason)
		}
	}
}

func TestAllowedPacketsCostNoAllocation(t *testing.T) {
	s, _ := set(t)
	ev := honest()[Packet]
	ev.Kind = Packet
	ev.Spends = []Spend{{Name: "packets of a leg", Key: "leg", Limit: 1 << 30, Per: time.Second}}
	if n := testing.AllocsPerRun(1000, func() {
		if !s.Judge(&ev).Passed() {
			t.Fatal("an honest packet is refused")
		}
	}); n != 0 {
		t.Errorf("%v allocations for an allowed packet", n)
	}
}
