package rtcp

import "encoding/binary"

// ReceiverReport says how the media of others arrived, RFC 3550 §6.4.2.
type ReceiverReport struct {
	SSRC    uint32
	Reports []ReportBlock // at most 31
}

const receiverInfo = 8 // header and sender

func init() { register(RR, kind{checkReceiver, readReceiver}) }

func checkReceiver(p []byte) error { return checkReports(p, receiverInfo, "RFC 3550 §6.4.2") }

func readReceiver(p []byte) Packet {
	return ReceiverReport{SSRC: binary.BigEndian.Uint32(p[4:]), Reports: readReports(p[receiverInfo:])}
}

// Type returns RR.
func (ReceiverReport) Type() Type { return RR }

// AppendTo writes the report, RFC 3550 §6.4.2.
func (r ReceiverReport) AppendTo(b []byte) []byte {
	start, reports := len(b), clip(r.Reports)
	b = begin(b, len(reports), RR)
	b = binary.BigEndian.AppendUint32(b, r.SSRC)
	return finish(appendReports(b, reports), start)
}
