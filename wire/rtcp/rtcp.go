// Package rtcp reads what of an SRTCP packet is not encrypted: the header of
// its first report. In 2019 phones were attacked with RTCP packets before the
// call was answered, through sizes that nobody had checked.
package rtcp

import (
	"encoding/binary"

	"github.com/ringfence/ringfence/wire"
)

const (
	header  = 8      // header and sender, RFC 3550 §6.4
	trailer = 4 + 10 // index and the shortest authentication tag, RFC 3711 §3.4
)

// Is tells RTCP from RTP on one port, RFC 5761 §4.
func Is(b []byte) bool { return len(b) > 1 && b[1] >= 192 && b[1] <= 223 }

// Check refuses an SRTCP packet that is shorter than its trailer allows, whose
// first report does not fit into it, or whose type has no place in a call.
func Check(b []byte) error {
	if len(b) < header+trailer {
		return refuse("R6", 0, len(b), "RFC 3711 §3.4", "shorter than a header, an index and an authentication tag")
	}
	if b[0]>>6 != 2 {
		return refuse("R6", 0, 1, "RFC 3550 §6.4", "not version 2")
	}
	if b[1] < 200 || b[1] > 207 {
		return refuse("R3", 1, 1, "RFC 5761 §4", "a type of report that does not exist")
	}
	if size := 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1); size < header || size+trailer > len(b) {
		return refuse("R6", 2, 2, "RFC 3550 §6.4.1", "the first report is longer than the packet")
	}
	return nil
}

func refuse(rule string, offset, length int, clause, reason string) error {
	return &wire.Refusal{Rule: rule, Offset: offset, Length: length, Clause: clause, Reason: reason}
}
