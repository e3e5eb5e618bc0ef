package rtcp

import "encoding/binary"

// Range names packets of a source, from a first one to before an end. Of
// thinning n only those are meant whose numbers are multiples of 2 to the n: RFC
// 3611 §4.1.
type Range struct {
	SSRC       uint32
	Thinning   byte // four bits
	Begin, End uint16
}

// MaxRange is how many sequence numbers a block may range over, RFC 3611 §4.2:
// fewer than 65,534.
const MaxRange = 65533

const rangeHeader = blockHeader + 8

func readRange(b []byte) Range {
	return Range{
		SSRC:     binary.BigEndian.Uint32(b[4:]),
		Thinning: b[1] & 0xf,
		Begin:    binary.BigEndian.Uint16(b[8:]),
		End:      binary.BigEndian.Uint16(b[10:]),
	}
}

// Packets returns how many packets are meant.
func (r Range) Packets() int {
	step := 1 << (r.Thinning & 0xf)
	first := (int(r.Begin) + step - 1) &^ (step - 1)
	end := int(r.Begin) + int(r.End-r.Begin) // the numbers wrap, the multiples do too
	return max(0, (end-first+step-1)/step)
}

// checkRange reads what blocks with a range begin with, RFC 3611 §4.1.
func checkRange(b []byte, clause string) error {
	if len(b) < rangeHeader {
		return refuse("R6", 2, 2, clause, "a block shorter than its fixed part")
	}
	if r := readRange(b); r.End-r.Begin > MaxRange {
		return refuse("R5", 8, 4, "RFC 3611 §4.2", "a range of 65,534 sequence numbers or more")
	}
	return checkReserved(b, 1, 0xf0, clause)
}

func (r Range) appendTo(b []byte, t BlockType) []byte {
	b = beginBlock(b, t, r.Thinning&0xf)
	b = binary.BigEndian.AppendUint32(b, r.SSRC)
	b = binary.BigEndian.AppendUint16(b, r.Begin)
	return binary.BigEndian.AppendUint16(b, r.End)
}
