package draw

import (
	"bytes"
	"testing"
	"time"
)

// sampleFlow is the attack of 2019 in short: call settings with code in them, and packets
// through the relay before anybody answered.
func sampleFlow() Flow {
	ms := time.Millisecond
	offer := Message{Name: "offer: sound or video, keys", From: Caller, To: Signalling}
	ring := Message{At: 80 * ms, Name: "ring (64 bytes, written by the server)", From: Signalling, To: Callee}
	accept := Message{At: 4200 * ms, Name: "accept", From: Callee, To: Signalling}
	media := Message{At: 4400 * ms, Name: "media", From: Relay, To: Callee}
	hostile := Message{Name: "offer with call settings of 2 319 bytes", From: Caller, To: Signalling, Differs: true,
		Bytes: []Octets{{Offset: 0x40, Data: bytes.Repeat([]byte{0x90, 0xcc, 0x0f}, 16), Says: "connecting_tone_desc is longer than any client writes"}}}
	packet := Message{At: 310 * ms, Name: "RTCP before the answer", From: Relay, To: Callee, Differs: true,
		Bytes: []Octets{{Offset: 0, Data: []byte{0x8f, 0xcd, 0, 1}, Says: "length says 8 bytes, there are 1 400"}}}
	stopped := packet
	stopped.Stopped, stopped.Bytes, stopped.At = true, nil, 350*ms
	ring2 := ring
	ring2.At = 95 * ms
	return Flow{Head: Head{Title: "A call of 9 May beside a normal one", Desc: "The attack sends packets through the relay before the answer."},
		Steps: []Step{{&offer, &hostile}, {&ring, &ring2}, {nil, &packet}, {nil, &stopped}, {&accept, nil}, {&media, nil}}, NormalAnswer: 5, AttackAnswer: Never}
}

// What reached the callee before the answer is what the figure is for.
func TestReached(t *testing.T) {
	f := sampleFlow()
	for i, want := range []int{1, 2} {
		if got := f.reached(f.sides()[i]); len(got) != want {
			t.Errorf("column %d: %q reached the callee before the answer, want %d", i, got, want)
		}
	}
	if !bytes.Contains(f.SVG("x"), []byte("never answered")) || !bytes.Contains(f.Table(), []byte("never answered")) {
		t.Error("the figure does not say that nobody answered")
	}
}
