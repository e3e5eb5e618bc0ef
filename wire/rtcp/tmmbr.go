package rtcp

import (
	"encoding/binary"
	"math/bits"
)

// TMMBR asks sources not to send more than a bit rate, RFC 5104 §4.2.1.
type TMMBR struct {
	Sender  uint32
	Entries []Limit // at least one
}

// TMMBN says which limits of bit rates a source follows, RFC 5104 §4.2.2.
type TMMBN struct {
	Sender  uint32
	Entries []Limit
}

// Limit is the bit rate that a source may send at most, RFC 5104 §4.2.1.1.
type Limit struct {
	SSRC     uint32
	Rate     Bitrate
	Overhead uint16 // bytes of headers for each packet: nine bits
}

// Bitrate is a number of bits a second, as mantissa and exponent of two: RFC
// 5104 §4.2.1.1, draft-alvestrand-rmcat-remb-03 §2.2.
type Bitrate struct {
	Mantissa uint32 // 17 bits in a Limit, 18 in a REMB
	Exponent byte   // six bits
}

// Value returns the bits a second. In all that Parse returns it fits.
func (r Bitrate) Value() uint64 { return uint64(r.Mantissa) << (r.Exponent & 0x3f) }

// fits tells whether 64 bits hold the value: stacks shift without asking.
func (r Bitrate) fits() bool { return bits.Len32(r.Mantissa)+int(r.Exponent) <= 64 }

const limitSize = 8

func init() {
	transport[formatTMMBR] = kind{checkTMMBR, readTMMBR}
	transport[formatTMMBN] = kind{checkTMMBN, readTMMBN}
}

func checkTMMBR(p []byte) error { return checkLimits(p, 1, "RFC 5104 §4.2.1") }
func checkTMMBN(p []byte) error { return checkLimits(p, 0, "RFC 5104 §4.2.2") }

func checkLimits(p []byte, least int, clause string) error {
	if err := checkEntries(p, limitSize, least, clause); err != nil {
		return err
	}
	if err := checkNoMedia(p, clause); err != nil {
		return err
	}
	for at := feedbackHeader; at < len(p); at += limitSize {
		if !readLimit(p[at:]).Rate.fits() {
			return policy("R5", at+4, 4, clause, "a bit rate that 64 bits do not hold")
		}
	}
	return nil
}

func readLimit(b []byte) Limit {
	v := binary.BigEndian.Uint32(b[4:])
	return Limit{
		SSRC:     binary.BigEndian.Uint32(b),
		Rate:     Bitrate{Mantissa: v >> 9 & 0x1ffff, Exponent: byte(v >> 26)},
		Overhead: uint16(v & 0x1ff),
	}
}

func readLimits(b []byte) []Limit {
	var all []Limit
	for ; len(b) > 0; b = b[limitSize:] {
		all = append(all, readLimit(b))
	}
	return all
}

func readTMMBR(p []byte) Packet { return TMMBR{senderSSRC(p), readLimits(information(p))} }
func readTMMBN(p []byte) Packet { return TMMBN{senderSSRC(p), readLimits(information(p))} }

func appendLimits(b []byte, format int, sender uint32, all []Limit) []byte {
	start := len(b)
	b = beginFeedback(b, format, RTPFB, sender, 0)
	for _, l := range all {
		b = binary.BigEndian.AppendUint32(b, l.SSRC)
		b = binary.BigEndian.AppendUint32(b, uint32(l.Rate.Exponent)<<26|l.Rate.Mantissa&0x1ffff<<9|uint32(l.Overhead)&0x1ff)
	}
	return finish(b, start)
}

// Type returns RTPFB.
func (TMMBR) Type() Type { return RTPFB }

// Type returns RTPFB.
func (TMMBN) Type() Type { return RTPFB }

// AppendTo writes the packet, RFC 5104 §4.2.1.1.
func (t TMMBR) AppendTo(b []byte) []byte { return appendLimits(b, formatTMMBR, t.Sender, t.Entries) }

// AppendTo writes the packet, RFC 5104 §4.2.2.1.
func (t TMMBN) AppendTo(b []byte) []byte { return appendLimits(b, formatTMMBN, t.Sender, t.Entries) }
