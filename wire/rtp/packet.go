package rtp

import "encoding/binary"

// Packet is an RTP packet, RFC 3550 §5.1. Its slices are views of the bytes that
// it was read from: who reuses those bytes loses the packet.
type Packet struct {
	Version        byte // 2 in all that Parse returns, and in all that AppendTo writes
	Marker         bool
	PayloadType    byte // seven bits
	SequenceNumber uint16
	Timestamp      uint32
	SSRC           uint32
	CSRC           Sources // at most 15

	// Extended tells whether there is a header extension, RFC 3550 §5.3.1; it
	// may be empty. Profile says what its bytes are, whose number is a multiple
	// of four.
	Extended  bool
	Profile   uint16
	Extension []byte

	// Payload is without padding. In a packet that ParseSecure read it is
	// encrypted, with the padding in it and the authentication tag behind it.
	Payload []byte

	// Padded is the bit that announces padding, and Padding the number of its
	// bytes, the count included. Both are zero when there is none; of an
	// encrypted packet the number is not known, and 0.
	Padded  bool
	Padding byte
}

// Sources are contributing sources, RFC 3550 §5.1, four bytes each.
type Sources []byte

// Len returns how many there are.
func (s Sources) Len() int { return len(s) / 4 }

// At returns one of them, counted from 0.
func (s Sources) At(i int) uint32 { return binary.BigEndian.Uint32(s[4*i:]) }

// Parse reads a packet that CheckClear accepts. It allocates nothing unless it
// refuses.
func Parse(b []byte) (p Packet, err error) {
	if err := CheckClear(b); err != nil {
		return p, err
	}
	p.read(b)
	if p.Padded {
		p.Padding = b[len(b)-1]
		p.Payload = p.Payload[:len(p.Payload)-int(p.Padding)]
	}
	return p, nil
}

// ParseSecure reads the header of an SRTP packet that CheckSecure accepts, RFC
// 3711 §3.1. It allocates nothing unless it refuses.
func ParseSecure(b []byte) (p Packet, err error) {
	if err := CheckSecure(b); err != nil {
		return p, err
	}
	p.read(b)
	return p, nil
}

// read takes apart what a check has accepted, and leaves padding in the payload.
func (p *Packet) read(b []byte) {
	p.Version = b[0] >> 6
	p.Padded = b[0]&paddingBit != 0
	p.Extended = b[0]&extensionBit != 0
	p.Marker = b[1]&0x80 != 0
	p.PayloadType = b[1] & 0x7f
	p.SequenceNumber = binary.BigEndian.Uint16(b[2:])
	p.Timestamp = binary.BigEndian.Uint32(b[4:])
	p.SSRC = binary.BigEndian.Uint32(b[8:])
	at := header + 4*int(b[0]&sourcesMask)
	p.CSRC = b[header:at]
	if p.Extended {
		p.Profile = binary.BigEndian.Uint16(b[at:])
		end := at + 4 + 4*int(binary.BigEndian.Uint16(b[at+2:]))
		p.Extension, at = b[at+4:end], end
	}
	p.Payload = b[at:]
}

// AppendTo writes the packet in the one form that it has here: padding is of
// zeros but for its count. Of a packet that Parse returned every other byte is
// the one that was read; of one that ParseSecure returned every byte is. A field
// that is wider than its place is cut to it.
func (p Packet) AppendTo(b []byte) []byte {
	sources := p.CSRC[:4*min(p.CSRC.Len(), sourcesMask)]
	first := byte(Version<<6 | len(sources)/4)
	if p.Padded {
		first |= paddingBit
	}
	if p.Extended {
		first |= extensionBit
	}
	second := p.PayloadType & 0x7f
	if p.Marker {
		second |= 0x80
	}
	b = append(b, first, second)
	b = binary.BigEndian.AppendUint16(b, p.SequenceNumber)
	b = binary.BigEndian.AppendUint32(b, p.Timestamp)
	b = binary.BigEndian.AppendUint32(b, p.SSRC)
	b = append(b, sources...)
	if p.Extended {
		words := min(len(p.Extension)/4, 0xffff)
		b = binary.BigEndian.AppendUint16(b, p.Profile)
		b = binary.BigEndian.AppendUint16(b, uint16(words))
		b = append(b, p.Extension[:4*words]...)
	}
	b = append(b, p.Payload...)
	if p.Padded && p.Padding > 0 {
		var zeros [255]byte
		b = append(append(b, zeros[:p.Padding-1]...), p.Padding)
	}
	return b
}
