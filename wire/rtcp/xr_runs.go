package rtcp

import "encoding/binary"

// Runs says of each packet in a range whether it was lost, or whether it came
// more than once: RFC 3611 §4.1, §4.2.
type Runs struct {
	Kind BlockType // LossRLE or DuplicateRLE
	Range
	Chunks []Run // the last may be the terminating null, which makes their number even
}

// Run is a chunk of a Runs: a run of one bit, a vector of fifteen, or the null
// that ends the chunks, RFC 3611 §4.1.1 to §4.1.3.
type Run uint16

// covers returns of how many packets the chunk speaks; the null speaks of none.
func (r Run) covers() int {
	if r>>15 == 1 {
		return 15 // RFC 3611 §4.1.2
	}
	return int(r & 0x3fff) // RFC 3611 §4.1.1
}

func init() {
	blocks[LossRLE] = blockKind{checkRuns, readRuns}
	blocks[DuplicateRLE] = blockKind{checkRuns, readRuns}
}

// checkRuns wants no chunk to speak of packets that are not in the range; only
// the last bits of a vector may, which nobody reads.
func checkRuns(b []byte) error {
	if err := checkRange(b, "RFC 3611 §4.1"); err != nil {
		return err
	}
	left := readRange(b).Packets()
	for at := rangeHeader; at < len(b); at += 2 {
		r := Run(binary.BigEndian.Uint16(b[at:]))
		n := r.covers()
		switch {
		case r == 0 && at+2 == len(b): // RFC 3611 §4.1.3
		case r == 0:
			return refuse("R6", at, 2, "RFC 3611 §4.1.3", "something stands behind the end of the chunks")
		case n == 0:
			return refuse("R6", at, 2, "RFC 3611 §4.1.1", "a run of no packets")
		case left <= 0 || r>>15 == 0 && n > left:
			return refuse("R6", at, 2, "RFC 3611 §4.1", "a chunk of packets that are not in the range")
		}
		left -= n
	}
	return nil
}

func readRuns(b []byte) Block {
	r := Runs{Kind: BlockType(b[0]), Range: readRange(b)}
	for b := b[rangeHeader:]; len(b) > 0; b = b[2:] {
		r.Chunks = append(r.Chunks, Run(binary.BigEndian.Uint16(b)))
	}
	return r
}

// BlockType returns LossRLE or DuplicateRLE.
func (r Runs) BlockType() BlockType { return r.Kind }

// AppendTo writes the block, RFC 3611 §4.1; an odd number of chunks gets the
// terminating null.
func (r Runs) AppendTo(b []byte) []byte {
	start := len(b)
	b = r.appendTo(b, r.Kind)
	for _, c := range r.Chunks {
		b = binary.BigEndian.AppendUint16(b, uint16(c))
	}
	return finish(b, start)
}
