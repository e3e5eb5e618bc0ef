package rtcp

import "encoding/binary"

// Statistics sums up how the packets of a range arrived, RFC 3611 §4.6.
type Statistics struct {
	SSRC       uint32
	Begin, End uint16
	Loss       bool // Lost is reported
	Duplicates bool // Duplicated is
	Jitter     bool // Jitters are
	TTL        byte // TTLs are: 0 not, 1 of IPv4, 2 hop limits of IPv6

	Lost, Duplicated uint32
	Jitters          [4]uint32 // least, most, mean, deviation
	TTLs             [4]byte   // least, most, mean, deviation
}

const statisticsSize = 40

func init() { blocks[StatisticsSummary] = blockKind{checkStatistics, readStatistics} }

func checkStatistics(b []byte) error {
	if err := checkBlock(b, statisticsSize, 0x07, "RFC 3611 §4.6"); err != nil {
		return err
	}
	if b[1]>>3&3 == 3 {
		return refuse("R3", 1, 1, "RFC 3611 §4.6", "a value that must not be used")
	}
	return nil
}

func readStatistics(b []byte) Block {
	s := Statistics{
		SSRC:       binary.BigEndian.Uint32(b[4:]),
		Begin:      binary.BigEndian.Uint16(b[8:]),
		End:        binary.BigEndian.Uint16(b[10:]),
		Loss:       b[1]&0x80 != 0,
		Duplicates: b[1]&0x40 != 0,
		Jitter:     b[1]&0x20 != 0,
		TTL:        b[1] >> 3 & 3,
		Lost:       binary.BigEndian.Uint32(b[12:]),
		Duplicated: binary.BigEndian.Uint32(b[16:]),
		TTLs:       [4]byte(b[36:]),
	}
	for i := range s.Jitters {
		s.Jitters[i] = binary.BigEndian.Uint32(b[20+4*i:])
	}
	return s
}

// BlockType returns StatisticsSummary.
func (Statistics) BlockType() BlockType { return StatisticsSummary }

// AppendTo writes the block, RFC 3611 §4.6.
func (s Statistics) AppendTo(b []byte) []byte {
	start, flags := len(b), s.TTL&3<<3
	if s.Loss {
		flags |= 0x80
	}
	if s.Duplicates {
		flags |= 0x40
	}
	if s.Jitter {
		flags |= 0x20
	}
	b = beginBlock(b, StatisticsSummary, flags)
	b = binary.BigEndian.AppendUint32(b, s.SSRC)
	b = binary.BigEndian.AppendUint16(b, s.Begin)
	b = binary.BigEndian.AppendUint16(b, s.End)
	b = binary.BigEndian.AppendUint32(b, s.Lost)
	b = binary.BigEndian.AppendUint32(b, s.Duplicated)
	for _, j := range s.Jitters {
		b = binary.BigEndian.AppendUint32(b, j)
	}
	return finish(append(b, s.TTLs[:]...), start)
}
