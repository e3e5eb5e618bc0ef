package rtcp

// RPSI says which picture the other side may build on, in the words of a codec:
// RFC 4585 §6.3.3.
type RPSI struct {
	Sender, Media uint32
	PayloadType   byte   // seven bits
	Length        int    // of the string, in bits; at least one
	Bits          []byte // the string, filled up with zeros; a view of the packet
}

const rpsiHeader = feedbackHeader + 2 // with padding and payload type

func init() { payload[formatRPSI] = kind{checkRPSI, readRPSI} }

// checkRPSI holds the number of bits to ignore against those that are there: one
// that was believed made a stack write beyond its memory (CVE-2022-24786).
func checkRPSI(p []byte) error {
	if len(p) < rpsiHeader {
		return refuse("R6", 2, 2, "RFC 4585 §6.3.3", "no indication where there must be one")
	}
	ignored, there := int(p[feedbackHeader]), 8*(len(p)-rpsiHeader)
	if ignored > 31 || ignored >= there {
		return refuse("R6", feedbackHeader, 1, "RFC 4585 §6.3.3.2", "more bits to ignore than fill a word, or than there are")
	}
	if p[feedbackHeader+1]&0x80 != 0 {
		return refuse("R3", feedbackHeader+1, 1, "RFC 4585 §6.3.3.2", "a bit that must be zero")
	}
	whole := len(p) - ignored/8
	if i := nonzero(p[whole:]); i >= 0 {
		return refuse("R3", whole+i, 1, "RFC 4585 §6.3.3.2", "something stands in the bits to ignore")
	}
	if p[whole-1]&(1<<(ignored%8)-1) != 0 {
		return refuse("R3", whole-1, 1, "RFC 4585 §6.3.3.2", "something stands in the bits to ignore")
	}
	return nil
}

func readRPSI(p []byte) Packet {
	length := 8*(len(p)-rpsiHeader) - int(p[feedbackHeader])
	return RPSI{
		Sender:      senderSSRC(p),
		Media:       mediaSSRC(p),
		PayloadType: p[feedbackHeader+1] & 0x7f,
		Length:      length,
		Bits:        p[rpsiHeader : rpsiHeader+(length+7)/8],
	}
}

// Type returns PSFB.
func (RPSI) Type() Type { return PSFB }

// AppendTo writes the packet, RFC 4585 §6.3.3.2. The length is taken to be within
// the last byte of the string.
func (r RPSI) AppendTo(b []byte) []byte {
	start := len(b)
	b = beginFeedback(b, formatRPSI, PSFB, r.Sender, r.Media)
	b = append(b, 0, r.PayloadType&0x7f)
	b = finish(append(b, r.Bits...), start)
	b[start+feedbackHeader] = byte(8*(len(b)-start-rpsiHeader) - r.Length)
	return b
}
