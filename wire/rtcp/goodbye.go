package rtcp

import (
	"encoding/binary"
	"unicode/utf8"
)

// Goodbye says that sources leave, RFC 3550 §6.6.
type Goodbye struct {
	Sources []uint32 // at most 31
	Reason  []byte   // UTF-8, at most 255 bytes, a view of the packet; nil when none is given
}

func init() { register(BYE, kind{checkGoodbye, readGoodbye}) }

// checkGoodbye holds the length of the reason against what is there: one that
// was believed made a stack read beyond its memory (CVE-2021-43804).
func checkGoodbye(p []byte) error {
	at := 4 + 4*int(p[0]&0x1f)
	if at > len(p) {
		return refuse("R6", 0, 1, "RFC 3550 §6.6", "more sources than the packet holds")
	}
	if at == len(p) {
		return nil
	}
	end := at + 1 + int(p[at])
	if (end+3)&^3 != len(p) {
		return refuse("R6", at, 1, "RFC 3550 §6.6", "the reason does not fill the packet")
	}
	if !utf8.Valid(p[at+1 : end]) {
		return refuse("R3", at+1, end-at-1, "RFC 3550 §6.6", "a reason that is not UTF-8")
	}
	if i := nonzero(p[end:]); i >= 0 {
		return refuse("R3", end+i, 1, "RFC 3550 §6.6", "something stands behind the reason")
	}
	return nil
}

func readGoodbye(p []byte) Packet {
	var g Goodbye
	at := 4
	for range int(p[0] & 0x1f) {
		g.Sources = append(g.Sources, binary.BigEndian.Uint32(p[at:]))
		at += 4
	}
	if at < len(p) {
		g.Reason = p[at+1 : at+1+int(p[at])]
	}
	return g
}

// Type returns BYE.
func (Goodbye) Type() Type { return BYE }

// AppendTo writes the goodbye, RFC 3550 §6.6.
func (g Goodbye) AppendTo(b []byte) []byte {
	start, sources := len(b), clip(g.Sources)
	b = begin(b, len(sources), BYE)
	for _, s := range sources {
		b = binary.BigEndian.AppendUint32(b, s)
	}
	if g.Reason != nil {
		reason := g.Reason[:min(len(g.Reason), 255)]
		b = append(append(b, byte(len(reason))), reason...)
	}
	return finish(b, start)
}
