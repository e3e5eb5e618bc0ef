package rtcp

import "encoding/binary"

// REMB says how much a receiver believes it can receive of sources together,
// draft-alvestrand-rmcat-remb-03 §2.2: feedback of an application, RFC 4585 §6.4.
type REMB struct {
	Sender  uint32
	Rate    Bitrate
	Sources []uint32 // at most 255
}

const (
	rembName   = 'R'<<24 | 'E'<<16 | 'M'<<8 | 'B'
	rembHeader = 20
	rembClause = "draft-alvestrand-rmcat-remb-03 §2.2"
)

func init() { payload[formatREMB] = kind{checkREMB, readREMB} }

func checkREMB(p []byte) error {
	if len(p) >= feedbackHeader+4 && binary.BigEndian.Uint32(p[12:]) != rembName {
		return policy("R3", 12, 4, "RFC 4585 §6.4", "feedback of an application that is not known here")
	}
	if len(p) < rembHeader {
		return refuse("R6", 2, 2, rembClause, "shorter than its fixed part")
	}
	if err := checkNoMedia(p, rembClause); err != nil {
		return err
	}
	if len(p) != rembHeader+4*int(p[16]) {
		return refuse("R6", 16, 1, rembClause, "not as many sources as are announced")
	}
	if !readRate(p).fits() {
		return policy("R5", 17, 3, rembClause, "a bit rate that 64 bits do not hold")
	}
	return nil
}

func readRate(p []byte) Bitrate {
	v := binary.BigEndian.Uint32(p[16:])
	return Bitrate{Mantissa: v & 0x3ffff, Exponent: byte(v >> 18 & 0x3f)}
}

func readREMB(p []byte) Packet {
	r := REMB{Sender: senderSSRC(p), Rate: readRate(p)}
	for b := p[rembHeader:]; len(b) > 0; b = b[4:] {
		r.Sources = append(r.Sources, binary.BigEndian.Uint32(b))
	}
	return r
}

// Type returns PSFB.
func (REMB) Type() Type { return PSFB }

// AppendTo writes the packet, draft-alvestrand-rmcat-remb-03 §2.2.
func (r REMB) AppendTo(b []byte) []byte {
	start, sources := len(b), r.Sources[:min(len(r.Sources), 255)]
	b = beginFeedback(b, formatREMB, PSFB, r.Sender, 0)
	b = binary.BigEndian.AppendUint32(b, rembName)
	b = binary.BigEndian.AppendUint32(b, uint32(len(sources))<<24|uint32(r.Rate.Exponent)&0x3f<<18|r.Rate.Mantissa&0x3ffff)
	for _, s := range sources {
		b = binary.BigEndian.AppendUint32(b, s)
	}
	return finish(b, start)
}
