package rtcp

import "encoding/binary"

// SLI says which slices of a picture are lost, RFC 4585 §6.3.2.
type SLI struct {
	Sender, Media uint32
	Lost          []Slice // at least one
}

// Slice is a run of macroblocks, RFC 4585 §6.3.2.2.
type Slice struct {
	First   uint16 // 13 bits
	Number  uint16 // 13 bits
	Picture byte   // six bits
}

func init() { payload[formatSLI] = kind{checkSLI, readSLI} }

func checkSLI(p []byte) error { return checkEntries(p, 4, 1, "RFC 4585 §6.3.2.2") }

func readSLI(p []byte) Packet {
	s := SLI{Sender: senderSSRC(p), Media: mediaSSRC(p)}
	for b := information(p); len(b) > 0; b = b[4:] {
		v := binary.BigEndian.Uint32(b)
		s.Lost = append(s.Lost, Slice{uint16(v >> 19), uint16(v >> 6 & 0x1fff), byte(v & 0x3f)})
	}
	return s
}

// Type returns PSFB.
func (SLI) Type() Type { return PSFB }

// AppendTo writes the packet, RFC 4585 §6.3.2.2.
func (s SLI) AppendTo(b []byte) []byte {
	start := len(b)
	b = beginFeedback(b, formatSLI, PSFB, s.Sender, s.Media)
	for _, l := range s.Lost {
		b = binary.BigEndian.AppendUint32(b, uint32(l.First)<<19|uint32(l.Number)&0x1fff<<6|uint32(l.Picture)&0x3f)
	}
	return finish(b, start)
}
