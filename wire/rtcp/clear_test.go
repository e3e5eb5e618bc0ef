package rtcp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/wire"
)

// bytesOf reads hexadecimal digits; what stands behind a # says what they are.
func bytesOf(t testing.TB, s string) []byte {
	t.Helper()
	var digits strings.Builder
	for line := range strings.Lines(s) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	b, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSamples(t *testing.T) {
	for name, s := range samples {
		b := bytesOf(t, s)
		if err := CheckReduced(b); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		packets, err := Parse(b)
		if err != nil || len(packets) != 1 {
			t.Errorf("%s: %+v, %v", name, packets, err)
			continue
		}
		if again := AppendTo(nil, packets); !bytes.Equal(again, b) {
			t.Errorf("%s: %x was written as %x", name, b, again)
		}
		if packets[0].Type() != Type(b[1]) {
			t.Errorf("%s: type %d", name, packets[0].Type())
		}
		if x, ok := packets[0].(ExtendedReport); ok {
			for _, block := range x.Blocks {
				if block.BlockType() != BlockType(block.AppendTo(nil)[0]) {
					t.Errorf("%s: block %d", name, block.BlockType())
				}
			}
		}
	}
}

// Every type, every format of feedback and every type of block that is known has
// a sample: who adds one adds its sample.
func TestEverythingKnownHasASample(t *testing.T) {
	seen := map[[2]byte]bool{}
	for _, s := range samples {
		b := bytesOf(t, s)
		seen[[2]byte{b[1], b[0] & formatMask}] = true
		for r := b[min(len(b), extendedHeader):]; b[1] == byte(XR) && len(r) > 0; r = r[length(r):] {
			seen[[2]byte{byte(XR), r[0]}] = true
		}
		seen[[2]byte{b[1], 0xff}] = true
	}
	for i, k := range kinds {
		if k.check == nil || k.read == nil || !seen[[2]byte{byte(SR) + byte(i), 0xff}] {
			t.Errorf("type %d is not registered, or has no sample", int(SR)+i)
		}
	}
	for format := range byte(formatMask + 1) {
		if transport[format].check != nil && !seen[[2]byte{byte(RTPFB), format}] {
			t.Errorf("format %d of transport has no sample", format)
		}
		if payload[format].check != nil && !seen[[2]byte{byte(PSFB), format}] {
			t.Errorf("format %d of payload has no sample", format)
		}
	}
	for i, k := range blocks {
		if k.check != nil && !seen[[2]byte{byte(XR), byte(i)}] {
			t.Errorf("block %d has no sample", i)
		}
	}
}

func TestFields(t *testing.T) {
	for name, want := range map[string]Packet{
		"SR": SenderReport{
			SSRC: 0x11121314, NTP: 0xe1e2e3e4f1f2f3f4, RTP: 256, Packets: 16, Octets: 4096,
			Reports: []ReportBlock{{0x21222324, 0x40, -1, 0x10203, 7, 0xe3e4f1f2, 65536}},
		},
		"SDES": SourceDescription{[]Chunk{
			{0x11121314, []Item{{CNAME, []byte("alice")}, {MID, []byte("0")}}},
			{0x21222324, []Item{{PRIV, []byte("\x02xxyzz")}}},
		}},
		"BYE with a reason":    Goodbye{[]uint32{0x11121314}, []byte("late.")},
		"BYE, reason is empty": Goodbye{[]uint32{0x11121314}, []byte{}},
		"BYE of nobody":        Goodbye{},
		"APP":                  Application{3, 0x11121314, [4]byte([]byte("name")), []byte{1, 2, 3, 4}},
		"NACK":                 NACK{0x11121314, 0x21222324, []Loss{{1, 0x8001}, {256, 0}}},
		"TMMBR":                TMMBR{0x11121314, []Limit{{0x21222324, Bitrate{0x130b0, 2}, 0x1fe}}},
		"TransportCC, a run": TransportCC{
			Sender: 0x11121314, Media: 0x21222324, Base: 1, Statuses: 2, Reference: 1, Count: 7,
			Chunks: []Status{0x2002}, Deltas: []Delta{{Time: 1}, {Time: 2}},
		},
		"CCFB": CCFB{0x11121314, []Arrivals{
			{0x21222324, 16, []Metric{0x8001, 0, 0xffff}}, {SSRC: 0x31323334},
		}, 0xe1e2e3e4},
		"SLI":  SLI{0x11121314, 0x21222324, []Slice{{0x1fff, 0x3f, 0x3e}}},
		"RPSI": RPSI{0x11121314, 0x21222324, 96, 21, []byte{0xc1, 0xc2, 0x40}},
		"FIR":  FIR{0x11121314, []Refresh{{0x21222324, 13}, {0x31323334, 14}}},
		"REMB": REMB{0x11121314, Bitrate{261011, 1}, []uint32{0x21222324, 0x31323334}},
		"XR, receipts": ExtendedReport{0x11121314, []Block{
			Receipts{Range{0x21222324, 1, 0xffff, 3}, []uint32{1, 2}},
		}},
	} {
		packets, err := Parse(bytesOf(t, samples[name]))
		if err != nil || !reflect.DeepEqual(packets, []Packet{want}) {
			t.Errorf("%s: %+v, %v, want %+v", name, packets, err, want)
		}
	}
	if v := (Bitrate{261011, 1}).Value(); v != 522022 {
		t.Errorf("bit rate %d", v)
	}
	if m := Metric(0xa001); !m.Received() || m.ECN() != 1 || m.Offset() != 1 {
		t.Errorf("metric %x", m)
	}
}

func TestThinnedRange(t *testing.T) {
	for _, c := range []struct {
		r    Range
		want int
	}{
		{Range{Begin: 5, End: 5}, 0},
		{Range{Begin: 5, End: 6}, 1},
		{Range{Begin: 0xfff0, End: 0x10}, 32},
		{Range{Begin: 1, End: 25, Thinning: 3}, 3},
		{Range{Begin: 0, End: 25, Thinning: 3}, 4},
		{Range{Begin: 1, End: 8, Thinning: 3}, 0},
		{Range{Begin: 1, End: 0, Thinning: 15}, 1},
		{Range{Begin: 0x8000, End: 1, Thinning: 15}, 2},
		{Range{Begin: 1, End: 2, Thinning: 15}, 0},
	} {
		if n := c.r.Packets(); n != c.want {
			t.Errorf("%+v: %d packets, want %d", c.r, n, c.want)
		}
	}
}

// Packets of libwebrtc's tests and fuzzers: nothing panics, and what is accepted
// is written as it was.
func TestCorpus(t *testing.T) {
	files := corpus(t)
	accepted := 0
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if fixed(t, b) {
			accepted++
		} else {
			t.Logf("%s: %v", filepath.Base(f), CheckReduced(b))
		}
	}
	t.Logf("%d of %d accepted", accepted, len(files))
}

func corpus(t testing.TB) []string {
	files, err := filepath.Glob("../../../shared/data/corpora/libwebrtc/rtcp-corpus/*")
	if err != nil || len(files) == 0 {
		t.Skip("MISSING: the corpus of libwebrtc; its packets were NOT tried")
	}
	return files
}

// fixed tries a datagram in all ways, and tells whether it was accepted.
func fixed(t *testing.T, b []byte) bool {
	t.Helper()
	for _, err := range []error{Check(b), CheckClear(b), CheckReduced(b)} {
		var r *wire.Refusal
		if err != nil && (!errors.As(err, &r) || r.Offset < 0 || r.Length < 0 || r.Offset+r.Length > len(b) || r.Rule == "" || r.Clause == "") {
			t.Fatalf("%x: %#v", b, err)
		}
	}
	packets, err := Parse(b)
	if (err == nil) != (CheckReduced(b) == nil) || err != nil && CheckClear(b) == nil {
		t.Fatalf("%x: the checks do not agree: %v", b, err)
	}
	if err != nil {
		return false
	}
	again := AppendTo(nil, packets)
	if !padded(b) && !bytes.Equal(again, b) {
		t.Fatalf("%x was written as %x", b, again)
	}
	second, err := Parse(again)
	if err != nil || !reflect.DeepEqual(packets, second) || !bytes.Equal(AppendTo(nil, second), again) {
		t.Fatalf("%x, written as %x: %v, %+v", b, again, err, second)
	}
	return true
}

// padded tells whether any packet of a datagram announces padding.
func padded(b []byte) bool {
	for ; len(b) > 0; b = b[length(b):] {
		if b[0]&paddingBit != 0 {
			return true
		}
	}
	return false
}

// Each bit of the samples turned, and each of them cut anywhere.
func TestTurnedBits(t *testing.T) {
	for _, s := range samples {
		b := bytesOf(t, s)
		for i := range b {
			fixed(t, b[:i])
			for bit := range 8 {
				turned := slices.Clone(b)
				turned[i] ^= 1 << bit
				fixed(t, turned)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range samples {
		f.Add(bytesOf(f, s))
	}
	f.Add(bytesOf(f, compound))
	f.Fuzz(func(t *testing.T, b []byte) { fixed(t, b) })
}
