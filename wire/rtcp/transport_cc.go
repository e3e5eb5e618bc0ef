package rtcp

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// TransportCC says which packets of all streams together have arrived, and when:
// draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1. WebRTC's congestion
// control lives on it.
type TransportCC struct {
	Sender, Media uint32
	Base          uint16   // the sequence number of the first packet
	Statuses      uint16   // how many packets are spoken of
	Reference     int32    // in units of 64 ms: 24 bits, with a sign
	Count         byte     // of the feedback packets so far
	Chunks        []Status // that many statuses
	Deltas        []Delta  // one for each packet that has arrived
}

// Status is a chunk with the statuses of several packets: a run of one status,
// or a vector of fourteen with one bit or of seven with two bits, §3.1.2 to
// §3.1.4.
type Status uint16

// Delta is how long after the one before it a packet has arrived, in units of
// 250 µs, §3.1.5. A small one is not negative and takes one byte, a large one
// takes two.
type Delta struct {
	Large bool
	Time  int16
}

// MaxStatuses is how many packets one TransportCC may speak of: half of the
// sequence numbers there are, beyond which nobody knows which is first.
const MaxStatuses = 1 << 15

const (
	transportCCHeader = 20
	transportCCClause = "draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1"
)

func init() { transport[formatTransportCC] = kind{checkTransportCC, readTransportCC} }

// checkTransportCC walks over the chunks until they have spoken of as many
// packets as are announced, and then wants exactly the deltas of those that
// have arrived.
func checkTransportCC(p []byte) error {
	if len(p) < transportCCHeader {
		return refuse("R6", 2, 2, transportCCClause, "shorter than its fixed part")
	}
	left := int(binary.BigEndian.Uint16(p[14:]))
	if left == 0 || left > MaxStatuses {
		return policy("R5", 14, 2, transportCCClause, "feedback on no packets, or on more than 32,768")
	}
	at, deltas := transportCCHeader, 0
	for left > 0 {
		if at+2 > len(p) {
			return refuse("R6", 14, 2, transportCCClause, "more packets than the chunks speak of")
		}
		s := Status(binary.BigEndian.Uint16(p[at:]))
		covers := s.covers(left)
		if covers == 0 {
			return refuse("R6", at, 2, transportCCClause+".3", "a run of no packets, or of more than are announced")
		}
		if !s.sound(covers) {
			return refuse("R3", at, 2, transportCCClause+".1", "a status that is reserved, or of no packet")
		}
		at, left, deltas = at+2, left-covers, deltas+s.deltas(covers)
	}
	return checkDeltas(p, at, at+deltas)
}

// checkDeltas wants the packet to end with the deltas, but for zeros up to a
// whole word. Where these are announced as padding, they are no longer there.
func checkDeltas(p []byte, from, end int) error {
	if end > len(p) {
		return refuse("R6", from, len(p)-from, transportCCClause+".5", "fewer receive deltas than packets have arrived")
	}
	if fill := len(p) - end; fill > 3 || fill > 0 && len(p)%4 != 0 {
		return refuse("R6", end, fill, transportCCClause+".5", "something stands behind the receive deltas")
	}
	if i := nonzero(p[end:]); i >= 0 {
		return refuse("R3", end+i, 1, transportCCClause+".5", "something stands behind the receive deltas")
	}
	return nil
}

func (s Status) isRun() bool    { return s>>15 == 0 }       // §3.1.3
func (s Status) isOneBit() bool { return s>>14 == 0b10 }    // §3.1.4
func (s Status) symbol() int    { return int(s >> 13 & 3) } // of a run, §3.1.3

// covers returns of how many packets a chunk speaks when so many are left; a run
// that is empty or longer covers none.
func (s Status) covers(left int) int {
	switch {
	case s.isRun():
		if n := int(s & 0x1fff); n <= left {
			return n
		}
		return 0
	case s.isOneBit():
		return min(left, 14)
	}
	return min(left, 7)
}

// sound tells whether no symbol is the reserved one, §3.1.1, and none stands
// behind those that are counted.
func (s Status) sound(covers int) bool {
	switch {
	case s.isRun():
		return s.symbol() != 3
	case s.isOneBit():
		return s&(1<<(14-covers)-1) == 0
	}
	return s&(1<<(14-2*covers)-1) == 0 && s&(s>>1)&0x1555 == 0
}

// deltas returns how many bytes of deltas belong to a sound chunk, §3.1.5.
func (s Status) deltas(covers int) int {
	switch {
	case s.isRun():
		return covers * s.symbol() // a symbol is the size of its delta
	case s.isOneBit():
		return bits.OnesCount16(uint16(s & 0x3fff))
	}
	return bits.OnesCount16(uint16(s&0x1555)) + 2*bits.OnesCount16(uint16(s&0x2aaa))
}

// at returns the symbol of one of the packets that the chunk covers.
func (s Status) at(i int) int {
	switch {
	case s.isRun():
		return s.symbol()
	case s.isOneBit():
		return int(s >> (13 - i) & 1)
	}
	return int(s >> (12 - 2*i) & 3)
}

func readTransportCC(p []byte) Packet {
	t := TransportCC{
		Sender:    senderSSRC(p),
		Media:     mediaSSRC(p),
		Base:      binary.BigEndian.Uint16(p[12:]),
		Statuses:  binary.BigEndian.Uint16(p[14:]),
		Reference: int32(binary.BigEndian.Uint32(p[16:])) >> 8,
		Count:     p[19],
	}
	at := transportCCHeader
	for left := int(t.Statuses); left > 0; at += 2 {
		s := Status(binary.BigEndian.Uint16(p[at:]))
		t.Chunks = append(t.Chunks, s)
		left -= s.covers(left)
	}
	t.Deltas = slices.Grow(t.Deltas, len(p)-at) // at least a byte each
	left := int(t.Statuses)
	for _, s := range t.Chunks {
		covers := s.covers(left)
		t.Deltas, at = readDeltas(t.Deltas, p, at, s, covers)
		left -= covers
	}
	return t
}

func readDeltas(to []Delta, p []byte, at int, s Status, covers int) ([]Delta, int) {
	for i := range covers {
		switch s.at(i) {
		case 1:
			to = append(to, Delta{Time: int16(p[at])})
			at++
		case 2:
			to = append(to, Delta{Large: true, Time: int16(binary.BigEndian.Uint16(p[at:]))})
			at += 2
		}
	}
	return to, at
}

// Type returns RTPFB.
func (TransportCC) Type() Type { return RTPFB }

// AppendTo writes the packet, §3.1. It is filled up with zeros, and not with
// padding.
func (t TransportCC) AppendTo(b []byte) []byte {
	start := len(b)
	b = beginFeedback(b, formatTransportCC, RTPFB, t.Sender, t.Media)
	b = binary.BigEndian.AppendUint16(b, t.Base)
	b = binary.BigEndian.AppendUint16(b, t.Statuses)
	b = binary.BigEndian.AppendUint32(b, uint32(t.Reference)<<8|uint32(t.Count))
	for _, s := range t.Chunks {
		b = binary.BigEndian.AppendUint16(b, uint16(s))
	}
	for _, d := range t.Deltas {
		if d.Large {
			b = binary.BigEndian.AppendUint16(b, uint16(d.Time))
		} else {
			b = append(b, byte(d.Time))
		}
	}
	return finish(b, start)
}
