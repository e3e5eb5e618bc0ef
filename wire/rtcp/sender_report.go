package rtcp

import "encoding/binary"

// SenderReport says what its sender has sent, and how the media of others
// arrived, RFC 3550 §6.4.1.
type SenderReport struct {
	SSRC    uint32
	NTP     uint64 // time of the wall clock, RFC 3550 §4
	RTP     uint32 // the same time in the units of the media
	Packets uint32
	Octets  uint32
	Reports []ReportBlock // at most 31
}

const senderInfo = 28 // header, sender and what it sent

func init() { register(SR, kind{checkSender, readSender}) }

func checkSender(p []byte) error { return checkReports(p, senderInfo, "RFC 3550 §6.4.1") }

func readSender(p []byte) Packet {
	return SenderReport{
		SSRC:    binary.BigEndian.Uint32(p[4:]),
		NTP:     binary.BigEndian.Uint64(p[8:]),
		RTP:     binary.BigEndian.Uint32(p[16:]),
		Packets: binary.BigEndian.Uint32(p[20:]),
		Octets:  binary.BigEndian.Uint32(p[24:]),
		Reports: readReports(p[senderInfo:]),
	}
}

// Type returns SR.
func (SenderReport) Type() Type { return SR }

// AppendTo writes the report, RFC 3550 §6.4.1.
func (r SenderReport) AppendTo(b []byte) []byte {
	start, reports := len(b), clip(r.Reports)
	b = begin(b, len(reports), SR)
	b = binary.BigEndian.AppendUint32(b, r.SSRC)
	b = binary.BigEndian.AppendUint64(b, r.NTP)
	b = binary.BigEndian.AppendUint32(b, r.RTP)
	b = binary.BigEndian.AppendUint32(b, r.Packets)
	b = binary.BigEndian.AppendUint32(b, r.Octets)
	return finish(appendReports(b, reports), start)
}
