package rtcp

import "encoding/binary"

// Type is the type of a packet, RFC 3550 §12.1.
type Type byte

// The types that are known here.
const (
	SR    Type = 200 // SenderReport, RFC 3550 §6.4.1
	RR    Type = 201 // ReceiverReport, RFC 3550 §6.4.2
	SDES  Type = 202 // SourceDescription, RFC 3550 §6.5
	BYE   Type = 203 // Goodbye, RFC 3550 §6.6
	APP   Type = 204 // Application, RFC 3550 §6.7
	RTPFB Type = 205 // feedback on the transport, RFC 4585 §6.2
	PSFB  Type = 206 // feedback on the payload, RFC 4585 §6.3
	XR    Type = 207 // ExtendedReport, RFC 3611 §2
)

// known tells whether a type is one of those.
func known(t byte) bool { return t >= byte(SR) && t <= byte(XR) }

// Packet is one of the packets that a datagram is made of. Each type of packet,
// and each format of feedback, has its own Go type in a file of its own.
type Packet interface {
	// Type returns the number that the packet goes by.
	Type() Type
	// AppendTo writes the packet, without padding.
	AppendTo(b []byte) []byte
}

// kind is what is known of a type of packet or a format of feedback. Both
// functions are given a packet with its header and without its padding; read is
// given only what check has accepted.
type kind struct {
	check func(p []byte) error
	read  func(p []byte) Packet
}

// kinds holds the types, counted from SR. Each file registers its own.
var kinds [XR - SR + 1]kind

func register(t Type, k kind) { kinds[t-SR] = k }

// Parse reads the packets of a datagram that CheckReduced accepts; whether they
// make a compound packet is for CheckClear to say. What the packets hold in
// slices of bytes are views of b.
func Parse(b []byte) ([]Packet, error) {
	if err := CheckReduced(b); err != nil {
		return nil, err
	}
	packets := make([]Packet, 0, 4)
	for len(b) > 0 {
		size := length(b)
		p := b[:size]
		if p[0]&paddingBit != 0 {
			p = p[:size-int(p[size-1])]
		}
		packets = append(packets, kinds[p[1]-byte(SR)].read(p))
		b = b[size:]
	}
	return packets, nil
}

// AppendTo writes packets one behind the other. What Parse has read comes out
// byte for byte, but for padding, which is left out.
func AppendTo(b []byte, packets []Packet) []byte {
	for _, p := range packets {
		b = p.AppendTo(b)
	}
	return b
}

// begin writes the header of a packet, RFC 3550 §6.4.1, whose length finish
// fills in. More than 31 of anything cannot be counted: the caller clips.
func begin(b []byte, count int, t Type) []byte {
	return append(b, 2<<6|byte(count)&0x1f, byte(t), 0, 0)
}

// finish fills the packet or block that begins at start up to a whole word with
// zeros, and writes its length.
func finish(b []byte, start int) []byte {
	for (len(b)-start)%4 != 0 {
		b = append(b, 0)
	}
	binary.BigEndian.PutUint16(b[start+2:], uint16((len(b)-start)/4-1))
	return b
}

// clip returns as many values as a header can count.
func clip[T any](all []T) []T { return all[:min(len(all), 0x1f)] }

// nonzero returns the place of the first byte that is not zero, or -1.
func nonzero(b []byte) int {
	for i, c := range b {
		if c != 0 {
			return i
		}
	}
	return -1
}
