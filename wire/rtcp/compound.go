package rtcp

import "encoding/binary"

// What one datagram may hold at most. The specification allows more.
const (
	// MaxSize is the size of a datagram: what an Ethernet frame carries of it,
	// and, as is told of the repair of 2019, what the attacked code takes since.
	MaxSize = 1480
	// MaxPackets is how many packets a datagram may be made of: reports,
	// descriptions and feedback for several sources fit, and no flood of four
	// bytes each.
	MaxPackets = 32
)

const paddingBit = 0x20 // RFC 3550 §6.4.1

// CheckClear refuses a datagram that is not a compound packet, RFC 3550 §6.1: a
// report first, a description with a name somewhere, and packets of known types
// that each fill exactly their length.
func CheckClear(b []byte) error {
	if len(b) > 1 && b[0]>>6 == 2 && b[1] != byte(SR) && b[1] != byte(RR) && known(b[1]) {
		return refuse("R3", 1, 1, "RFC 3550 §6.1", "a compound packet that does not begin with a report")
	}
	return check(b, true)
}

// CheckReduced is CheckClear for calls that have agreed on packets of reduced
// size, RFC 5506 §4.1: any packet may come first, and none need be there.
func CheckReduced(b []byte) error { return check(b, false) }

// check walks over the packets of a datagram.
func check(b []byte, compound bool) error {
	if len(b) > MaxSize {
		return policy("R5", MaxSize, len(b)-MaxSize, "RFC 3550 §6.1", "more than 1,480 bytes")
	}
	named, at := false, 0
	for count := 0; at < len(b) || count == 0; count++ {
		if count == MaxPackets {
			return policy("R5", at, len(b)-at, "RFC 3550 §6.1", "more than 32 packets")
		}
		p, err := next(b[at:])
		if err != nil {
			return shift(err, at)
		}
		size := len(p)
		if p[0]&paddingBit != 0 {
			if p, err = unpad(p, at+size == len(b)); err != nil {
				return shift(err, at)
			}
		}
		if err := kinds[p[1]-byte(SR)].check(p); err != nil {
			return shift(err, at)
		}
		named = named || p[1] == byte(SDES) && hasName(p)
		at += size
	}
	if compound && !named {
		return refuse("R3", at, 0, "RFC 3550 §6.1", "a compound packet without the name of a source")
	}
	return nil
}

// next returns the packet that b begins with, padding included, RFC 3550 §6.1.
func next(b []byte) ([]byte, error) {
	if len(b) < 4 {
		return nil, refuse("R6", 0, len(b), "RFC 3550 §6.1", "shorter than the header of a packet")
	}
	if b[0]>>6 != 2 {
		return nil, refuse("R6", 0, 1, "RFC 3550 §6.4.1", "not version 2")
	}
	if !known(b[1]) {
		return nil, policy("R3", 1, 1, "RFC 3550 §6.1", "a type of packet that is not known here")
	}
	size := length(b)
	if size > len(b) {
		return nil, refuse("R6", 2, 2, "RFC 3550 §6.4.1", "the packet is longer than what is there")
	}
	return b[:size], nil
}

// length returns how long the packet or block says that it is: it counts words,
// without the first, RFC 3550 §6.4.1 and RFC 3611 §3.
func length(b []byte) int { return 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1) }

// unpad takes the padding off, RFC 3550 §6.4.1. Only the last packet may have
// any, in whole words.
//
// Deviates from RFC 3550 §6.4.1: a TransportCC may announce one to three bytes
// of padding wherever it stands, because all who send it pad it so to a word.
func unpad(p []byte, last bool) ([]byte, error) {
	at := len(p) - 1
	count := int(p[at])
	switch {
	case p[1] == byte(RTPFB) && p[0]&formatMask == formatTransportCC && count > 0 && count < 4 && count < at:
	case !last:
		return nil, refuse("R6", 0, 1, "RFC 3550 §6.4.1", "padding in a packet that is not the last")
	case count == 0 || count%4 != 0:
		return nil, refuse("R6", at, 1, "RFC 3550 §6.4.1", "padding that is not of whole words")
	case count > len(p)-4:
		return nil, refuse("R6", at, 1, "RFC 3550 §6.4.1", "more padding than the packet holds")
	}
	return p[:len(p)-count], nil
}
