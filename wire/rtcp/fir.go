package rtcp

import "encoding/binary"

// FIR asks sources for a whole picture, RFC 5104 §4.3.1.
type FIR struct {
	Sender  uint32
	Entries []Refresh // at least one
}

// Refresh asks one source, RFC 5104 §4.3.1.1. A repeated request has the same
// number.
type Refresh struct {
	SSRC   uint32
	Number byte
}

const refreshSize = 8

func init() { payload[formatFIR] = kind{checkFIR, readFIR} }

func checkFIR(p []byte) error {
	if err := checkEntries(p, refreshSize, 1, "RFC 5104 §4.3.1.1"); err != nil {
		return err
	}
	if err := checkNoMedia(p, "RFC 5104 §4.3.1.2"); err != nil {
		return err
	}
	for at := feedbackHeader; at < len(p); at += refreshSize {
		if i := nonzero(p[at+5 : at+refreshSize]); i >= 0 {
			return refuse("R3", at+5+i, 1, "RFC 5104 §4.3.1.1", "something stands in a reserved field")
		}
	}
	return nil
}

func readFIR(p []byte) Packet {
	f := FIR{Sender: senderSSRC(p)}
	for b := information(p); len(b) > 0; b = b[refreshSize:] {
		f.Entries = append(f.Entries, Refresh{binary.BigEndian.Uint32(b), b[4]})
	}
	return f
}

// Type returns PSFB.
func (FIR) Type() Type { return PSFB }

// AppendTo writes the packet, RFC 5104 §4.3.1.1.
func (f FIR) AppendTo(b []byte) []byte {
	start := len(b)
	b = beginFeedback(b, formatFIR, PSFB, f.Sender, 0)
	for _, r := range f.Entries {
		b = binary.BigEndian.AppendUint32(b, r.SSRC)
		b = append(b, r.Number, 0, 0, 0)
	}
	return finish(b, start)
}
