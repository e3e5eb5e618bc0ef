// Package rtp reads RTP packets (RFC 3550) and the clear header of SRTP packets
// (RFC 3711). Phones have read beyond their memory in header extensions and
// padding whose lengths nobody had compared with what was there, and they read
// them before anything is authenticated.
//
// CheckSecure is for what passes a relay: the payload is encrypted and nobody's
// business, but the header's inner lengths must add up. CheckClear is for what
// has been decrypted, before a media stack sees it. Neither allocates anything.
// Parse gives the same packet as typed values, and AppendTo writes it again.
package rtp

import (
	"encoding/binary"

	"github.com/ringfence/ringfence/wire"
)

// Version is the only version of RTP there is, RFC 3550 §5.1.
const Version = 2

// What a packet may hold at most. The specification allows more.
const (
	MaxExtension = 1024 // bytes of a header extension, RFC 3550 §5.3.1 allows 262,140
	MaxElements  = 32   // elements of a header extension, RFC 8285 §4.1.2 sets no limit
)

const (
	header = 12 // RFC 3550 §5.1
	tag    = 10 // the shortest authentication tag of the profiles in use, RFC 5764 §4.1.2

	paddingBit   = 0x20 // RFC 3550 §5.1
	extensionBit = 0x10
	sourcesMask  = 0x0f
)

// Check is CheckSecure, for packets between the legs of a call.
func Check(b []byte) error { return CheckSecure(b) }

// CheckSecure refuses an SRTP packet whose header does not fit into it.
func CheckSecure(b []byte) error {
	if len(b) < header+tag {
		return refuse("R6", 0, len(b), "RFC 3711 §3.1", "shorter than a header and an authentication tag")
	}
	if b[0]>>6 != Version {
		return refuse("R6", 0, 1, "RFC 3550 §5.1", "not version 2")
	}
	end := header + 4*int(b[0]&sourcesMask)
	if end+tag > len(b) {
		return refuse("R6", 0, 1, "RFC 3550 §5.1", "more contributing sources than the packet holds")
	}
	if b[0]&extensionBit == 0 {
		return nil
	}
	if end+4+tag > len(b) {
		return refuse("R6", end, len(b)-end, "RFC 3550 §5.3.1", "no room for the header extension that is announced")
	}
	extension := 4 * int(binary.BigEndian.Uint16(b[end+2:]))
	if end+4+extension+tag > len(b) {
		return refuse("R6", end+2, 2, "RFC 3550 §5.3.1", "the header extension is longer than the packet")
	}
	return nil
}

// CheckClear refuses an RTP packet whose sources, header extension, elements of
// the extension or padding do not fit into it exactly.
func CheckClear(b []byte) error {
	if len(b) < header {
		return refuse("R6", 0, len(b), "RFC 3550 §5.1", "shorter than a header")
	}
	if b[0]>>6 != Version {
		return refuse("R6", 0, 1, "RFC 3550 §5.1", "not version 2")
	}
	end := header + 4*int(b[0]&sourcesMask)
	if end > len(b) {
		return refuse("R6", 0, 1, "RFC 3550 §5.1", "more contributing sources than the packet holds")
	}
	if b[0]&extensionBit != 0 {
		var err error
		if end, err = checkExtension(b, end); err != nil {
			return err
		}
	}
	if b[0]&paddingBit != 0 {
		return checkPadding(b, end)
	}
	return nil
}

// checkPadding reads the count in the last byte, RFC 3550 §5.1. It counts
// itself, so it is not zero, and it does not reach into the header.
func checkPadding(b []byte, end int) error {
	last := len(b) - 1
	switch {
	case end > last:
		return refuse("R6", 0, 1, "RFC 3550 §5.1", "padding is announced and nothing follows the header")
	case b[last] == 0:
		return refuse("R6", last, 1, "RFC 3550 §5.1", "padding of no bytes, which cannot be")
	case int(b[last]) > len(b)-end:
		return refuse("R6", last, 1, "RFC 3550 §5.1", "more padding than there is payload")
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
