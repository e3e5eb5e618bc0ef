package rtcp

import "encoding/binary"

// ReferenceTime is when the report was sent, by one who sends no media: RFC 3611
// §4.4.
type ReferenceTime struct{ NTP uint64 }

func init() { blocks[ReceiverReference] = blockKind{checkReference, readReference} }

func checkReference(b []byte) error { return checkBlock(b, blockHeader+8, 0xff, "RFC 3611 §4.4") }

func readReference(b []byte) Block { return ReferenceTime{binary.BigEndian.Uint64(b[4:])} }

// BlockType returns ReceiverReference.
func (ReferenceTime) BlockType() BlockType { return ReceiverReference }

// AppendTo writes the block, RFC 3611 §4.4.
func (r ReferenceTime) AppendTo(b []byte) []byte {
	start := len(b)
	return finish(binary.BigEndian.AppendUint64(beginBlock(b, ReceiverReference, 0), r.NTP), start)
}
