package rtcp

import (
	"math/rand/v2"
	"testing"

	"github.com/pion/interceptor/pkg/twcc"
	"github.com/pion/rtcp"
)

// What a stack really sends is accepted: feedback of pion on packets that are
// lost, late, and in a wrong order, several packets in one datagram.
func TestFeedbackOfAStack(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	padding, several := 0, 0
	for range 500 {
		recorder := twcc.NewRecorder(0x11121314)
		now, seq, loss := int64(random.IntN(1e9)), uint16(random.Uint32()), random.IntN(60)
		for range 1 + random.IntN(300) {
			now += int64(random.ExpFloat64() * float64(int64(1)<<random.IntN(24)))
			seq++
			if random.IntN(100) >= loss {
				recorder.Record(0x21222324, seq-uint16(random.IntN(3)), now)
			}
		}
		packets := recorder.BuildFeedbackPacket()
		b, err := rtcp.Marshal(packets)
		if err != nil {
			t.Fatal(err)
		}
		if len(b) == 0 || len(b) > MaxSize {
			continue
		}
		if err := CheckReduced(b); err != nil {
			t.Fatalf("%x: %v", b, err)
		}
		fixed(t, b)
		agree(t, b)
		if padded(b) {
			padding++
		}
		if len(packets) > 1 {
			several++
		}
	}
	if padding == 0 || several == 0 {
		t.Errorf("%d with padding, %d of several packets: not what stacks send", padding, several)
	}
}
