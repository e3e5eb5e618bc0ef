// Package rtcp reads RTCP (RFC 3550 §6): the reports that the two ends of a call
// send each other beside the media. In 2019 phones were attacked with RTCP
// packets before the call was answered, through sizes that nobody had checked;
// and in most stacks a length inside a report has at some time been believed.
//
// Check is for what passes a relay, SRTCP: it reads the header of the first
// report, which is not encrypted. CheckClear and CheckReduced are for what has
// been decrypted: every report, block, chunk and item must fill exactly the
// place that it claims, and what is not known is refused. They allocate nothing
// unless they refuse. Parse gives the same reports as typed values, and AppendTo
// writes them again in the only form that they have here.
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

// policy refuses what the specification allows.
func policy(rule string, offset, length int, clause, reason string) error {
	return &wire.Refusal{Rule: rule, Offset: offset, Length: length, Clause: clause, Reason: reason, Policy: true}
}

// shift moves a refusal from a part to the whole that the part stands in.
func shift(err error, by int) error {
	if r, ok := err.(*wire.Refusal); ok {
		r.Offset += by
	}
	return err
}
