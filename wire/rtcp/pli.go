package rtcp

// PLI says that a picture is lost, RFC 4585 §6.3.1.
type PLI struct{ Sender, Media uint32 }

func init() { payload[formatPLI] = kind{checkPLI, readPLI} }

func checkPLI(p []byte) error {
	if len(p) != feedbackHeader {
		return refuse("R6", 2, 2, "RFC 4585 §6.3.1.2", "a loss of a picture has no parameters")
	}
	return nil
}

func readPLI(p []byte) Packet { return PLI{senderSSRC(p), mediaSSRC(p)} }

// Type returns PSFB.
func (PLI) Type() Type { return PSFB }

// AppendTo writes the packet, RFC 4585 §6.3.1.2.
func (l PLI) AppendTo(b []byte) []byte {
	start := len(b)
	return finish(beginFeedback(b, formatPLI, PSFB, l.Sender, l.Media), start)
}
