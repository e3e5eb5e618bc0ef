package rtp

import (
	"testing"

	"github.com/pion/rtp"
)

// video is a packet as WebRTC sends it: three elements, a thousand bytes.
func video(t testing.TB) []byte {
	head := `90` + rest + `
	bede 0003
	22 0a0b0c         # abs-send-time
	31 0001           # transport-wide sequence number
	40 30             # MID
	00 00 00`
	return append(bytesOf(t, head), make([]byte, 1000)...)
}

func audio(t testing.TB) []byte { return append(bytesOf(t, `80`+rest), make([]byte, 120)...) }

func TestAllocatesNothing(t *testing.T) {
	for name, f := range map[string]func([]byte) error{
		"Check":       Check,
		"CheckSecure": CheckSecure,
		"CheckClear":  CheckClear,
		"Parse":       parse,
		"ParseSecure": func(b []byte) error { _, err := ParseSecure(b); return err },
	} {
		for _, b := range [][]byte{audio(t), video(t), append(bytesOf(t, twoByteExample), make([]byte, tag)...)} {
			if err := f(b); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if n := testing.AllocsPerRun(100, func() { _ = f(b) }); n != 0 {
				t.Errorf("%s allocates %v times", name, n)
			}
		}
	}
}

func parse(b []byte) error { _, err := Parse(b); return err }

func bench(b *testing.B, f func([]byte) error) {
	for name, packet := range map[string][]byte{"audio": audio(b), "video": video(b)} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := f(packet); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCheck(b *testing.B)      { bench(b, Check) }
func BenchmarkCheckClear(b *testing.B) { bench(b, CheckClear) }

func BenchmarkParse(b *testing.B) { bench(b, parse) }

// The peer, with a packet that is used again and one that is not.
func BenchmarkPionReused(b *testing.B) {
	var p rtp.Packet
	bench(b, func(b []byte) error { return p.Unmarshal(b) })
}

func BenchmarkPion(b *testing.B) {
	bench(b, func(b []byte) error { return new(rtp.Packet).Unmarshal(b) })
}
