package rtcp

import "encoding/binary"

// Delays answers ReferenceTime: how long ago it came, for each who sent one: RFC
// 3611 §4.5.
type Delays []Delay

// Delay is the answer for one receiver, RFC 3611 §4.5.
type Delay struct {
	SSRC  uint32
	Last  uint32 // the middle of the NTP time that was sent
	Since uint32 // since then, in parts of 65,536 of a second
}

const delaySize = 12

func init() { blocks[DLRR] = blockKind{checkDelays, readDelays} }

func checkDelays(b []byte) error {
	if (len(b)-blockHeader)%delaySize != 0 {
		return refuse("R6", 2, 2, "RFC 3611 §4.5", "the length is not that of whole entries")
	}
	return checkReserved(b, 1, 0xff, "RFC 3611 §4.5")
}

func readDelays(b []byte) Block {
	var all Delays
	for b := b[blockHeader:]; len(b) > 0; b = b[delaySize:] {
		all = append(all, Delay{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:]), binary.BigEndian.Uint32(b[8:])})
	}
	return all
}

// BlockType returns DLRR.
func (Delays) BlockType() BlockType { return DLRR }

// AppendTo writes the block, RFC 3611 §4.5.
func (all Delays) AppendTo(b []byte) []byte {
	start := len(b)
	b = beginBlock(b, DLRR, 0)
	for _, d := range all {
		b = binary.BigEndian.AppendUint32(b, d.SSRC)
		b = binary.BigEndian.AppendUint32(b, d.Last)
		b = binary.BigEndian.AppendUint32(b, d.Since)
	}
	return finish(b, start)
}
