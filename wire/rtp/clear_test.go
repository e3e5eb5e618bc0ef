package rtp

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
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

const (
	// rest is what stands behind the first byte of a header.
	rest = `e0 0102      # marker, payload type 96, sequence number
	        0a0b0c0d     # timestamp
	        11121314     # SSRC
	        `
	plain = `80` + rest + `706179 # payload`

	// full has everything that a packet can have.
	full = `b2` + rest + `
	21222324 31323334 # two contributing sources
	bede 0002         # one-byte elements, two words
	10 ff 22 0a0b0c   # element 1 of one byte, element 2 of three
	00 00             # padding of the extension
	706179            # payload
	000003            # padding of three bytes`

	// The examples of RFC 8285 §4.2 and §4.3.
	oneByteExample = `90` + rest + `
	bede 0003
	10 aa             # element 1 of one byte
	21 bbbb           # element 2 of two bytes
	0000              # padding
	33 cccccccc       # element 3 of four bytes`
	twoByteExample = `90` + rest + `
	1000 0003
	01 00             # element 1 without data
	02 01 bb          # element 2 of one byte
	00                # padding
	03 04 cccccccc    # element 3 of four bytes`
)

func TestClear(t *testing.T) {
	for name, s := range map[string]string{
		"plain":                     plain,
		"full":                      full,
		"no payload":                `80` + rest,
		"nothing but padding":       `a0` + rest + `01`,
		"fifteen sources":           `8f` + rest + strings.Repeat("01020304", 15),
		"an extension of no words":  `90` + rest + `bede 0000`,
		"RFC 8285 §4.2":             oneByteExample,
		"RFC 8285 §4.3":             twoByteExample,
		"two-byte with bits":        `90` + rest + `1005 0001 ff 02 0102`,
		"element of sixteen bytes":  `90` + rest + `bede 0005 ef` + strings.Repeat("ff", 16) + `000000`,
		"padding before an element": `90` + rest + `bede 0001 00 00 10 ff`,
		"element to the very end":   `90` + rest + `bede 0001 12 010203`,
	} {
		b := bytesOf(t, s)
		p, err := Parse(b)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if again := p.AppendTo(nil); !bytes.Equal(again, b) {
			t.Errorf("%s: %x was written as %x", name, b, again)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		s              string
		rule           string
		offset, length int
		policy         bool
	}{
		"empty":                              {``, "R6", 0, 0, false},
		"eleven bytes":                       {`80 600001 00000002 000000`, "R6", 0, 11, false},
		"version 1":                          {`40` + rest, "R6", 0, 1, false},
		"three sources in eight (row 33)":    {`83` + rest + `0102030405060708`, "R6", 0, 1, false},
		"no room for an extension":           {`90` + rest + `bede`, "R6", 12, 2, false},
		"an extension too long (row 33)":     {`90` + rest + `bede 0002 00000000`, "R6", 14, 2, false},
		"an extension of 65535 words":        {`90` + rest + `bede ffff 00000000`, "R6", 14, 2, false},
		"more than 1,024 bytes of extension": {`90` + rest + `bede 0101` + strings.Repeat("00", 1028), "R5", 14, 2, true},
		"another profile":                    {`90` + rest + `c0de 0000`, "R3", 12, 2, true},
		"a profile nearly two-byte":          {`90` + rest + `1010 0000`, "R3", 12, 2, true},
		"element behind the end (row 4)":     {`90` + rest + `bede 0001 10 00 11 00`, "R6", 18, 1, false},
		"element as long as the payload":     {`90` + rest + `bede 0001 13 000000 00`, "R6", 16, 1, false},
		"identifier 15":                      {`90` + rest + `bede 0001 10 00 f0 00`, "R3", 18, 1, false},
		"identifier 0 with a length":         {`90` + rest + `bede 0001 01 000000`, "R3", 16, 1, false},
		"33 elements":                        {`90` + rest + `bede 0011` + strings.Repeat("10ff", 33) + `0000`, "R5", 80, 0, true},
		"two-byte without a length":          {`90` + rest + `1000 0001 000000 01`, "R6", 19, 1, false},
		"two-byte behind the end":            {`90` + rest + `1000 0001 01 03 0000 ff`, "R6", 17, 1, false},
		"two-byte, 33 elements":              {`90` + rest + `1000 0011` + strings.Repeat("0100", 33) + `0000`, "R5", 80, 0, true},
		"padding and nothing else (row 61)":  {`a0` + rest, "R6", 0, 1, false},
		"padding of none (row 61)":           {`a0` + rest + `ff00`, "R6", 13, 1, false},
		"padding into the header (row 61)":   {`a0` + rest + `0003`, "R6", 13, 1, false},
		"padding into the sources":           {`a1` + rest + `01020304 02`, "R6", 16, 1, false},
		"padding into the extension":         {`b0` + rest + `bede 0000 02`, "R6", 16, 1, false},
	} {
		_, err := Parse(bytesOf(t, c.s))
		var r *wire.Refusal
		if !errors.As(err, &r) {
			t.Errorf("%s: not refused", name)
			continue
		}
		if r.Rule != c.rule || r.Offset != c.offset || r.Length != c.length || r.Policy != c.policy {
			t.Errorf("%s: %v, length %d, policy %v", name, r, r.Length, r.Policy)
		}
	}
}

func TestFields(t *testing.T) {
	p, err := Parse(bytesOf(t, full))
	if err != nil {
		t.Fatal(err)
	}
	if p.Version != 2 || !p.Marker || p.PayloadType != 96 || p.SequenceNumber != 0x102 || p.Timestamp != 0x0a0b0c0d || p.SSRC != 0x11121314 {
		t.Errorf("%+v", p)
	}
	if p.CSRC.Len() != 2 || p.CSRC.At(0) != 0x21222324 || p.CSRC.At(1) != 0x31323334 {
		t.Errorf("sources %x", p.CSRC)
	}
	if !p.Extended || p.Profile != OneByte || string(p.Payload) != "pay" || !p.Padded || p.Padding != 3 {
		t.Errorf("%+v", p)
	}
}

func TestElements(t *testing.T) {
	for _, s := range []string{oneByteExample, twoByteExample} {
		p, err := Parse(bytesOf(t, s))
		if err != nil {
			t.Fatal(err)
		}
		var ids []byte
		for id, value := range p.Elements {
			ids = append(ids, id)
			if id == 3 && !bytes.Equal(value, []byte{0xcc, 0xcc, 0xcc, 0xcc}) {
				t.Errorf("element 3 is %x", value)
			}
		}
		if !slices.Equal(ids, []byte{1, 2, 3}) {
			t.Errorf("elements %v", ids)
		}
		for range p.Elements {
			break // a walk may end early
		}
	}
	encrypted := Packet{Profile: OneByte, Extension: []byte{0x10, 1, 0x2f, 0}}
	for id := range encrypted.Elements {
		if id != 1 {
			t.Errorf("element %d of what is not checked", id)
		}
	}
	for id := range (Packet{Profile: TwoByte, Extension: []byte{1}}).Elements {
		t.Errorf("element %d without a length", id)
	}
	for id := range (Packet{Profile: 0xc0de, Extension: []byte{0x10, 1}}).Elements {
		t.Errorf("element %d of a profile that has none", id)
	}
}

func TestSecure(t *testing.T) {
	b := append(bytesOf(t, full), make([]byte, tag)...)
	p, err := ParseSecure(b)
	if err != nil {
		t.Fatal(err)
	}
	if !p.Padded || p.Padding != 0 || len(p.Payload) != 6+tag || p.CSRC.Len() != 2 {
		t.Errorf("%+v", p)
	}
	if again := p.AppendTo(nil); !bytes.Equal(again, b) {
		t.Errorf("%x was written as %x", b, again)
	}
	if _, err := ParseSecure(b[:12]); err == nil {
		t.Error("a header without a tag was read")
	}
}

// What is wider than its place does not spill into its neighbours.
func TestAppendCuts(t *testing.T) {
	p := Packet{PayloadType: 0xff, CSRC: make(Sources, 4*20+3), Extended: true, Profile: OneByte, Extension: make([]byte, 7)}
	again, err := Parse(p.AppendTo(nil))
	if err != nil || again.Marker || again.PayloadType != 0x7f || again.CSRC.Len() != 15 || len(again.Extension) != 4 {
		t.Errorf("%+v, %v", again, err)
	}
}

// Packets of libwebrtc's tests and fuzzers: nothing panics, and what is accepted
// is written as it was, but for what stands in the padding.
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
		}
	}
	t.Logf("%d of %d accepted", accepted, len(files))
}

// What a browser really sent is accepted, all of it.
func TestTraffic(t *testing.T) {
	files, err := filepath.Glob("../../../shared/data/corpora/libwebrtc/rtpdump-corpus/*/*.rtpdump")
	if err != nil || len(files) == 0 {
		t.Skip("MISSING: the dumps of libwebrtc; their packets were NOT tried")
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		count := 0
		// A line, sixteen bytes, and for each packet two lengths and a time.
		for b = b[bytes.IndexByte(b, '\n')+1+16:]; len(b) > 8; count++ {
			size := int(binary.BigEndian.Uint16(b))
			if err := CheckClear(b[8:size]); err != nil {
				t.Errorf("%s, packet %d: %v", filepath.Base(f), count, err)
			}
			fixed(t, b[8:size])
			agree(t, b[8:size])
			b = b[size:]
		}
		t.Logf("%s: %d packets", filepath.Base(f), count)
	}
}

func corpus(t testing.TB) []string {
	files, err := filepath.Glob("../../../shared/data/corpora/libwebrtc/rtp-corpus/*")
	if err != nil || len(files) == 0 {
		t.Skip("MISSING: the corpus of libwebrtc; its packets were NOT tried")
	}
	return files
}

// fixed tries a packet in all ways, and tells whether it was accepted as clear.
func fixed(t *testing.T, b []byte) bool {
	t.Helper()
	if s, err := ParseSecure(b); err != nil {
		within(t, b, err)
	} else if again := s.AppendTo(nil); !bytes.Equal(again, b) {
		t.Fatalf("%x was written as %x", b, again)
	}
	p, err := Parse(b)
	if err != nil {
		within(t, b, err)
		return false
	}
	size := 0
	for _, value := range p.Elements {
		size += 1 + len(value)
	}
	if size > len(p.Extension) {
		t.Fatalf("%x: elements of %d bytes in %d", b, size, len(p.Extension))
	}
	again := p.AppendTo(nil)
	want := slices.Clone(b)
	if p.Padded {
		clear(want[len(want)-int(p.Padding) : len(want)-1])
	}
	if !bytes.Equal(again, want) {
		t.Fatalf("%x was written as %x", b, again)
	}
	if p, err := Parse(again); err != nil || !bytes.Equal(p.AppendTo(nil), again) {
		t.Fatalf("%x, as we wrote it: %v", again, err)
	}
	return true
}

// within wants a refusal to point at bytes that are there.
func within(t *testing.T, b []byte, err error) {
	t.Helper()
	var r *wire.Refusal
	if !errors.As(err, &r) || r.Offset < 0 || r.Length < 0 || r.Offset+r.Length > len(b) || r.Rule == "" || r.Clause == "" {
		t.Fatalf("%x: %#v", b, err)
	}
}

// Each bit of the examples turned, and each of them cut anywhere.
func TestTurnedBits(t *testing.T) {
	for _, s := range []string{plain, full, oneByteExample, twoByteExample} {
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
	for _, s := range []string{plain, full, oneByteExample, twoByteExample} {
		f.Add(bytesOf(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) { fixed(t, b) })
}
