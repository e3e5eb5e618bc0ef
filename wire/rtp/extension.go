package rtp

import "encoding/binary"

// The profiles of a header extension that holds elements, RFC 8285 §4.1.2. Of
// TwoByte the last four bits are the application's.
const (
	OneByte uint16 = 0xbede // RFC 8285 §4.2
	TwoByte uint16 = 0x1000 // RFC 8285 §4.3
)

// isTwoByte leaves the application's four bits out, RFC 8285 §4.3.
func isTwoByte(profile uint16) bool { return profile&^0xf == TwoByte }

// checkExtension reads the header extension at at, RFC 3550 §5.3.1, and returns
// where it ends.
func checkExtension(b []byte, at int) (int, error) {
	if at+4 > len(b) {
		return 0, refuse("R6", at, len(b)-at, "RFC 3550 §5.3.1", "no room for the header extension that is announced")
	}
	size := 4 * int(binary.BigEndian.Uint16(b[at+2:]))
	end := at + 4 + size
	if end > len(b) {
		return 0, refuse("R6", at+2, 2, "RFC 3550 §5.3.1", "the header extension is longer than the packet")
	}
	if size > MaxExtension {
		return 0, policy("R5", at+2, 2, "RFC 3550 §5.3.1", "a header extension of more than 1,024 bytes")
	}
	switch profile := binary.BigEndian.Uint16(b[at:]); {
	case profile == OneByte:
		return end, checkOneByte(b[:end], at+4)
	case isTwoByte(profile):
		return end, checkTwoByte(b[:end], at+4)
	}
	return 0, policy("R3", at, 2, "RFC 3550 §5.3.1", "a header extension of a profile that is not known")
}

// checkOneByte walks over elements with a header of one byte: four bits of
// identifier, and four of length minus one, RFC 8285 §4.2.
func checkOneByte(b []byte, at int) error {
	for count := 0; at < len(b); {
		first := b[at]
		if first == 0 { // padding, RFC 8285 §4.1.2
			at++
			continue
		}
		if id := first >> 4; id == 0 || id == 15 {
			return refuse("R3", at, 1, "RFC 8285 §4.2", "an element with a reserved identifier, behind which everybody reads something else")
		}
		next := at + 2 + int(first&0xf)
		if next > len(b) {
			return refuse("R6", at, 1, "RFC 8285 §4.2", "an element ends behind the header extension")
		}
		if count++; count > MaxElements {
			return policy("R5", at, 0, "RFC 8285 §4.1.2", "more than 32 elements")
		}
		at = next
	}
	return nil
}

// checkTwoByte walks over elements with a header of two bytes: identifier and
// length, RFC 8285 §4.3.
func checkTwoByte(b []byte, at int) error {
	for count := 0; at < len(b); {
		if b[at] == 0 { // padding has no length, RFC 8285 §4.1.2
			at++
			continue
		}
		if at+2 > len(b) {
			return refuse("R6", at, 1, "RFC 8285 §4.3", "an element without a length")
		}
		next := at + 2 + int(b[at+1])
		if next > len(b) {
			return refuse("R6", at+1, 1, "RFC 8285 §4.3", "an element ends behind the header extension")
		}
		if count++; count > MaxElements {
			return policy("R5", at, 0, "RFC 8285 §4.1.2", "more than 32 elements")
		}
		at = next
	}
	return nil
}

// Elements yields the elements of the header extension in their order: their
// identifiers and views of their values, RFC 8285 §4.2, §4.3. An extension of
// another profile has none. Of a packet that ParseSecure read the elements may
// be encrypted (RFC 6904) and were not checked: the first that does not fit ends
// the walk.
func (p Packet) Elements(yield func(id byte, value []byte) bool) {
	if p.Profile != OneByte && !isTwoByte(p.Profile) {
		return
	}
	for b := p.Extension; len(b) > 0; {
		if b[0] == 0 {
			b = b[1:]
			continue
		}
		id, from, size := b[0]>>4, 1, int(b[0]&0xf)+1
		if p.Profile != OneByte {
			if len(b) < 2 {
				return
			}
			id, from, size = b[0], 2, int(b[1])
		}
		reserved := p.Profile == OneByte && (id == 0 || id == 15)
		if reserved || from+size > len(b) || !yield(id, b[from:from+size]) {
			return
		}
		b = b[from+size:]
	}
}
