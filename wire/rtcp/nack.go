package rtcp

import (
	"encoding/binary"
	"slices"
)

// NACK names packets that have not arrived, RFC 4585 §6.2.1.
type NACK struct {
	Sender, Media uint32
	Lost          []Loss // at least one
}

// Loss is a packet that is lost, and a bit for each of the sixteen that follow
// it, RFC 4585 §6.2.1.
type Loss struct {
	PacketID  uint16
	Following uint16
}

func init() { transport[formatNACK] = kind{checkNACK, readNACK} }

func checkNACK(p []byte) error { return checkEntries(p, 4, 1, "RFC 4585 §6.2.1") }

func readNACK(p []byte) Packet {
	n := NACK{Sender: senderSSRC(p), Media: mediaSSRC(p)}
	n.Lost = slices.Grow(n.Lost, len(information(p))/4)
	for b := information(p); len(b) > 0; b = b[4:] {
		n.Lost = append(n.Lost, Loss{binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])})
	}
	return n
}

// Type returns RTPFB.
func (NACK) Type() Type { return RTPFB }

// AppendTo writes the packet, RFC 4585 §6.2.1.
func (n NACK) AppendTo(b []byte) []byte {
	start := len(b)
	b = beginFeedback(b, formatNACK, RTPFB, n.Sender, n.Media)
	for _, l := range n.Lost {
		b = binary.BigEndian.AppendUint16(b, l.PacketID)
		b = binary.BigEndian.AppendUint16(b, l.Following)
	}
	return finish(b, start)
}
