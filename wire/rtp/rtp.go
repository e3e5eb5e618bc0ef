// Package rtp reads the clear header of SRTP packets. The payload is encrypted
// and nobody's business here; but the header's inner lengths are read by the
// phone before anything is authenticated, and must add up.
package rtp

import (
	"encoding/binary"

	"github.com/ringfence/ringfence/wire"
)

const (
	header = 12 // RFC 3550 §5.1
	tag    = 10 // the shortest authentication tag of the profiles in use, RFC 5764 §4.1.2
)

// Check refuses an SRTP packet whose header does not fit into it.
func Check(b []byte) error {
	if len(b) < header+tag {
		return refuse(0, len(b), "RFC 3711 §3.1", "shorter than a header and an authentication tag")
	}
	if b[0]>>6 != 2 {
		return refuse(0, 1, "RFC 3550 §5.1", "not version 2")
	}
	end := header + 4*int(b[0]&0xf) // CSRC
	if end+tag > len(b) {
		return refuse(0, 1, "RFC 3550 §5.1", "more contributing sources than the packet holds")
	}
	if b[0]&0x10 == 0 {
		return nil
	}
	if end+4+tag > len(b) {
		return refuse(end, len(b)-end, "RFC 3550 §5.3.1", "no room for the header extension that is announced")
	}
	extension := 4 * int(binary.BigEndian.Uint16(b[end+2:]))
	if end+4+extension+tag > len(b) {
		return refuse(end+2, 2, "RFC 3550 §5.3.1", "the header extension is longer than the packet")
	}
	return nil
}

func refuse(offset, length int, clause, reason string) error {
	return &wire.Refusal{Rule: "R6", Offset: offset, Length: length, Clause: clause, Reason: reason}
}
