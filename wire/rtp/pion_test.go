package rtp

import (
	"bytes"
	"os"
	"slices"
	"testing"

	"github.com/pion/rtp"
)

// agree wants what we accept to be read by pion with the same fields. The two
// disagree on one thing: pion takes a two-byte extension whose application's
// bits are not zero (RFC 8285 §4.3) for one of an unknown profile, without
// elements. What pion accepts and we refuse is not asked for: identifiers that
// are reserved, unknown profiles, and our limits.
func agree(t *testing.T, b []byte) {
	t.Helper()
	p, err := Parse(b)
	if err != nil {
		return
	}
	var q rtp.Packet
	if err := q.Unmarshal(b); err != nil {
		t.Fatalf("%x: we accept what pion refuses: %v", b, err)
	}
	if p.Version != q.Version || p.Marker != q.Marker || p.PayloadType != q.PayloadType || p.SequenceNumber != q.SequenceNumber ||
		p.Timestamp != q.Timestamp || p.SSRC != q.SSRC || p.Padded != q.Padding || p.Padding != q.Header.PaddingSize || p.Extended != q.Extension {
		t.Fatalf("%x: header %+v, pion %+v", b, p, q.Header)
	}
	var sources []uint32
	for i := range p.CSRC.Len() {
		sources = append(sources, p.CSRC.At(i))
	}
	if !slices.Equal(sources, q.CSRC) || !bytes.Equal(p.Payload, q.Payload) || p.Profile != q.ExtensionProfile {
		t.Fatalf("%x: %+v, pion %+v", b, p, q)
	}
	if p.Profile != OneByte && p.Profile != TwoByte {
		if isTwoByte(p.Profile) && !bytes.Equal(q.GetExtension(0), p.Extension) {
			t.Fatalf("%x: extension %x, pion %x", b, p.Extension, q.GetExtension(0))
		}
		return
	}
	var ours, theirs []byte
	seen := map[byte]bool{}
	for id, value := range p.Elements {
		ours = append(ours, id)
		if !seen[id] && !bytes.Equal(value, q.GetExtension(id)) { // it returns the first of a kind
			t.Fatalf("%x: element %d is %x, pion's %x", b, id, value, q.GetExtension(id))
		}
		seen[id] = true
	}
	theirs = append(theirs, q.GetExtensionIDs()...)
	if !bytes.Equal(ours, theirs) {
		t.Fatalf("%x: elements %v, pion %v", b, ours, theirs)
	}
}

func TestAgreesWithPion(t *testing.T) {
	for _, s := range []string{plain, full, oneByteExample, twoByteExample, `90` + rest + `1005 0001 ff 02 0102`} {
		b := bytesOf(t, s)
		agree(t, b)
		for i := range 8 * len(b) {
			turned := slices.Clone(b)
			turned[i/8] ^= 1 << (i % 8)
			agree(t, turned)
		}
	}
}

func TestAgreesWithPionOnCorpus(t *testing.T) {
	for _, f := range corpus(t) {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		agree(t, b)
	}
}

func FuzzPion(f *testing.F) {
	for _, s := range []string{plain, full, oneByteExample, twoByteExample} {
		f.Add(bytesOf(f, s))
	}
	f.Fuzz(agree)
}
