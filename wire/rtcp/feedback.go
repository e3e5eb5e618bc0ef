package rtcp

import "encoding/binary"

// formatMask is where feedback has its format, RFC 4585 §6.1.
const formatMask = 0x1f

// The formats of feedback on the transport that are known here.
const (
	formatNACK        = 1  // RFC 4585 §6.2.1
	formatTMMBR       = 3  // RFC 5104 §4.2.1
	formatTMMBN       = 4  // RFC 5104 §4.2.2
	formatCCFB        = 11 // RFC 8888 §3.1
	formatTransportCC = 15 // draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1
)

// The formats of feedback on the payload that are known here.
const (
	formatPLI  = 1  // RFC 4585 §6.3.1
	formatSLI  = 2  // RFC 4585 §6.3.2
	formatRPSI = 3  // RFC 4585 §6.3.3
	formatFIR  = 4  // RFC 5104 §4.3.1
	formatREMB = 15 // RFC 4585 §6.4, draft-alvestrand-rmcat-remb-03 §2.2
)

// feedbackHeader is what all feedback begins with: header, sender, and source of
// the media, RFC 4585 §6.1. Congestion control has no such source (RFC 8888
// §3.1), but as many bytes.
const feedbackHeader = 12

// transport and payload hold the formats. Each file adds its own.
var transport, payload [formatMask + 1]kind

func init() {
	register(RTPFB, kind{checkTransport, readTransport})
	register(PSFB, kind{checkPayload, readPayload})
}

func checkTransport(p []byte) error     { return checkFeedback(&transport, p) }
func checkPayload(p []byte) error       { return checkFeedback(&payload, p) }
func readTransport(p []byte) Packet     { return transport[p[0]&formatMask].read(p) }
func readPayload(p []byte) Packet       { return payload[p[0]&formatMask].read(p) }
func mediaSSRC(p []byte) uint32         { return binary.BigEndian.Uint32(p[8:]) }
func senderSSRC(p []byte) uint32        { return binary.BigEndian.Uint32(p[4:]) }
func information(p []byte) (fci []byte) { return p[feedbackHeader:] }

func checkFeedback(formats *[formatMask + 1]kind, p []byte) error {
	k := &formats[p[0]&formatMask]
	if k.check == nil {
		return policy("R3", 0, 1, "RFC 4585 §6.1", "a format of feedback that is not known here")
	}
	if len(p) < feedbackHeader {
		return refuse("R6", 2, 2, "RFC 4585 §6.1", "feedback shorter than its header")
	}
	return k.check(p)
}

// checkEntries wants the control information to be of entries of one size, and
// of at least as many as are named.
func checkEntries(p []byte, size, least int, clause string) error {
	if n := len(information(p)); n%size != 0 || n < least*size {
		return refuse("R6", 2, 2, clause, "the length is not that of whole entries")
	}
	return nil
}

// checkNoMedia wants the source of the media to be zero, where the entries name
// their sources themselves: RFC 5104 §4.2.1.2 and others.
func checkNoMedia(p []byte, clause string) error {
	if mediaSSRC(p) != 0 {
		return refuse("R3", 8, 4, clause, "a source of media where there must be none")
	}
	return nil
}

// beginFeedback writes what all feedback begins with.
func beginFeedback(b []byte, format int, t Type, sender, media uint32) []byte {
	b = binary.BigEndian.AppendUint32(begin(b, format, t), sender)
	return binary.BigEndian.AppendUint32(b, media)
}
