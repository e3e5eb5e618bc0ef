package rtcp

import (
	"testing"

	"github.com/pion/rtcp"
)

// WebRTC's names are sixteen letters.
const busy = `
	81 c8 000c 11121314 e1e2e3e4 f1f2f3f4 00000100 00000010 00001000
	21222324 40ffffff 00010203 00000007 e3e4f1f2 00010000
	81 ca 0006 11121314 01 10 6b4a38725679526b517a4e7a50633776 00 00`

var loads = map[string]string{
	"SR+SDES":     busy,
	"RR+SDES+PLI": `80 c9 0001 11121314` + name + `81 ce 0002 11121314 21222324`,
	"XR":          `80 c9 0001 11121314` + name + samples["XR, the rest"],
	"TransportCC": `80 c9 0001 11121314` + name + samples["TransportCC, all chunks"],
	"CCFB":        `80 c9 0001 11121314` + name + samples["CCFB"],
}

func TestAllocatesNothing(t *testing.T) {
	for what, s := range loads {
		b := bytesOf(t, s)
		sealed := append(b[:len(b):len(b)], make([]byte, trailer)...)
		for name, f := range map[string]func() error{
			"Check":        func() error { return Check(sealed) },
			"CheckClear":   func() error { return CheckClear(b) },
			"CheckReduced": func() error { return CheckReduced(b) },
		} {
			if err := f(); err != nil {
				t.Errorf("%s, %s: %v", what, name, err)
			}
			if n := testing.AllocsPerRun(100, func() { _ = f() }); n != 0 {
				t.Errorf("%s, %s allocates %v times", what, name, n)
			}
		}
	}
}

func bench(b *testing.B, behind int, f func([]byte) error) {
	for name, s := range loads {
		packet := append(bytesOf(b, s), make([]byte, behind)...)
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

func BenchmarkCheck(b *testing.B)      { bench(b, trailer, Check) }
func BenchmarkCheckClear(b *testing.B) { bench(b, 0, CheckClear) }

func BenchmarkParse(b *testing.B) {
	bench(b, 0, func(b []byte) error { _, err := Parse(b); return err })
}

// The peer, which has no check without reading.
func BenchmarkPion(b *testing.B) {
	bench(b, 0, func(b []byte) error { _, err := rtcp.Unmarshal(b); return err })
}
