package rtcp

import "encoding/binary"

// Receipts says when each packet of a range has arrived, in the units of its
// media: RFC 3611 §4.3.
type Receipts struct {
	Range
	Times []uint32 // one for each packet
}

func init() { blocks[ReceiptTimes] = blockKind{checkReceipts, readReceipts} }

func checkReceipts(b []byte) error {
	if err := checkRange(b, "RFC 3611 §4.3"); err != nil {
		return err
	}
	if readRange(b).Packets() != (len(b)-rangeHeader)/4 {
		return refuse("R6", 2, 2, "RFC 3611 §4.3", "not a time for each packet of the range")
	}
	return nil
}

func readReceipts(b []byte) Block {
	r := Receipts{Range: readRange(b)}
	for b := b[rangeHeader:]; len(b) > 0; b = b[4:] {
		r.Times = append(r.Times, binary.BigEndian.Uint32(b))
	}
	return r
}

// BlockType returns ReceiptTimes.
func (Receipts) BlockType() BlockType { return ReceiptTimes }

// AppendTo writes the block, RFC 3611 §4.3.
func (r Receipts) AppendTo(b []byte) []byte {
	start := len(b)
	b = r.appendTo(b, ReceiptTimes)
	for _, t := range r.Times {
		b = binary.BigEndian.AppendUint32(b, t)
	}
	return finish(b, start)
}
