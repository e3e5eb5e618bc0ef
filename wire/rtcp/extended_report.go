package rtcp

import "encoding/binary"

// ExtendedReport says in blocks what the other reports have no place for, RFC
// 3611 §2.
type ExtendedReport struct {
	SSRC   uint32
	Blocks []Block
}

// Block is one of the blocks of an ExtendedReport, RFC 3611 §3. Each type of
// block has its own Go type in a file of its own.
type Block interface {
	// BlockType returns the number that the block goes by.
	BlockType() BlockType
	// AppendTo writes the block.
	AppendTo(b []byte) []byte
}

// BlockType is the type of a block, RFC 3611 §6.2.
type BlockType byte

// The types of blocks that are known here.
const (
	LossRLE           BlockType = 1 // Runs, RFC 3611 §4.1
	DuplicateRLE      BlockType = 2 // Runs, RFC 3611 §4.2
	ReceiptTimes      BlockType = 3 // Receipts, RFC 3611 §4.3
	ReceiverReference BlockType = 4 // ReferenceTime, RFC 3611 §4.4
	DLRR              BlockType = 5 // Delays, RFC 3611 §4.5
	StatisticsSummary BlockType = 6 // Statistics, RFC 3611 §4.6
	VoIPMetrics       BlockType = 7 // VoIP, RFC 3611 §4.7
)

// MaxBlocks is how many blocks a report may have. The specification sets no
// limit.
const MaxBlocks = 32

const (
	extendedHeader = 8 // header and sender
	blockHeader    = 4
)

// blockKind is to blocks what kind is to packets.
type blockKind struct {
	check func(b []byte) error
	read  func(b []byte) Block
}

// blocks holds the types of blocks. Each file adds its own.
var blocks [VoIPMetrics + 1]blockKind

func init() { register(XR, kind{checkExtended, readExtended}) }

// checkExtended walks over the blocks, whose lengths stacks have believed
// (CVE-2021-43845).
func checkExtended(p []byte) error {
	if len(p) < extendedHeader {
		return refuse("R6", 2, 2, "RFC 3611 §2", "shorter than a sender")
	}
	if p[0]&0x1f != 0 {
		return refuse("R3", 0, 1, "RFC 3611 §2", "something stands in a reserved field")
	}
	for at, count := extendedHeader, 0; at < len(p); count++ {
		if count == MaxBlocks {
			return policy("R5", at, len(p)-at, "RFC 3611 §2", "more than 32 blocks")
		}
		size := length(p[at:])
		if at+size > len(p) {
			return refuse("R6", at+2, 2, "RFC 3611 §3", "a block ends behind the report")
		}
		if int(p[at]) >= len(blocks) || blocks[p[at]].check == nil {
			return policy("R3", at, 1, "RFC 3611 §3", "a type of block that is not known here")
		}
		if err := blocks[p[at]].check(p[at : at+size]); err != nil {
			return shift(err, at)
		}
		at += size
	}
	return nil
}

func readExtended(p []byte) Packet {
	r := ExtendedReport{SSRC: senderSSRC(p)}
	for b := p[extendedHeader:]; len(b) > 0; b = b[length(b):] {
		r.Blocks = append(r.Blocks, blocks[b[0]].read(b[:length(b)]))
	}
	return r
}

// Type returns XR.
func (ExtendedReport) Type() Type { return XR }

// AppendTo writes the report, RFC 3611 §2.
func (r ExtendedReport) AppendTo(b []byte) []byte {
	start := len(b)
	b = binary.BigEndian.AppendUint32(begin(b, 0, XR), r.SSRC)
	for _, block := range r.Blocks {
		b = block.AppendTo(b)
	}
	return finish(b, start)
}

// checkBlock wants a block to be of one length and its type-specific byte to
// have none of some bits, which are reserved.
func checkBlock(b []byte, size int, reserved byte, clause string) error {
	if len(b) != size {
		return refuse("R6", 2, 2, clause, "a block of another length than its type has")
	}
	return checkReserved(b, 1, reserved, clause)
}

func checkReserved(b []byte, at int, reserved byte, clause string) error {
	if b[at]&reserved != 0 {
		return refuse("R3", at, 1, clause, "something stands in a reserved field")
	}
	return nil
}

// beginBlock writes the header of a block, whose length finish fills in.
func beginBlock(b []byte, t BlockType, specific byte) []byte {
	return append(b, byte(t), specific, 0, 0)
}
