package rtcp

import (
	"encoding/binary"
	"slices"
)

// ReportBlock says how the media of one source arrived, RFC 3550 §6.4.1.
type ReportBlock struct {
	SSRC     uint32
	Fraction byte   // lost since the last report, in parts of 256
	Lost     int32  // lost since the beginning: 24 bits, with a sign
	Highest  uint32 // extended sequence number
	Jitter   uint32
	LastSR   uint32 // the middle of the NTP time of the last SenderReport
	Delay    uint32 // since then, in parts of 65,536 of a second
}

const reportBlock = 24

// checkReports wants a report to be of as many blocks as it counts.
func checkReports(p []byte, from int, clause string) error {
	if len(p) < from {
		return refuse("R6", 2, 2, clause, "a report shorter than its fixed part")
	}
	end := from + reportBlock*int(p[0]&0x1f)
	if end > len(p) {
		return refuse("R6", 0, 1, clause, "more report blocks than the packet holds")
	}
	if end < len(p) {
		return policy("R19", end, len(p)-end, "RFC 3550 §6.4.3", "an extension of the report that no profile in use has")
	}
	return nil
}

func readReports(b []byte) []ReportBlock {
	all := slices.Grow([]ReportBlock(nil), len(b)/reportBlock)
	for ; len(b) >= reportBlock; b = b[reportBlock:] {
		lost := binary.BigEndian.Uint32(b[4:])
		all = append(all, ReportBlock{
			SSRC:     binary.BigEndian.Uint32(b),
			Fraction: b[4],
			Lost:     int32(lost<<8) >> 8,
			Highest:  binary.BigEndian.Uint32(b[8:]),
			Jitter:   binary.BigEndian.Uint32(b[12:]),
			LastSR:   binary.BigEndian.Uint32(b[16:]),
			Delay:    binary.BigEndian.Uint32(b[20:]),
		})
	}
	return all
}

func appendReports(b []byte, all []ReportBlock) []byte {
	for _, r := range all {
		b = binary.BigEndian.AppendUint32(b, r.SSRC)
		b = binary.BigEndian.AppendUint32(b, uint32(r.Fraction)<<24|uint32(r.Lost)&0xffffff)
		b = binary.BigEndian.AppendUint32(b, r.Highest)
		b = binary.BigEndian.AppendUint32(b, r.Jitter)
		b = binary.BigEndian.AppendUint32(b, r.LastSR)
		b = binary.BigEndian.AppendUint32(b, r.Delay)
	}
	return b
}
