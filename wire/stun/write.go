package stun

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"hash/crc32"
	"net/netip"
)

// MessageIntegritySHA256 is RFC 8489 §14.6.
const MessageIntegritySHA256 Attribute = 0x001c

// Begin starts a message of a class and method, with its transaction id of 12
// bytes, behind b. Attributes are appended to what it returns, and Finish fills in
// their length.
func Begin(b []byte, class Class, method Method, transaction [12]byte) []byte {
	kind := uint16(method)&0xf | uint16(method)&0x70<<1 | uint16(method)&0xf80<<2 | uint16(class)&1<<4 | uint16(class)&2<<7
	b = binary.BigEndian.AppendUint16(b, kind)
	b = append(b, 0, 0)
	b = binary.BigEndian.AppendUint32(b, Cookie)
	return append(b, transaction[:]...)
}

// Append adds an attribute, whose padding is of zeros: RFC 8489 §14.
func Append(b []byte, kind Attribute, value []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(kind))
	b = binary.BigEndian.AppendUint16(b, uint16(len(value)))
	b = append(b, value...)
	for n := len(value); n%4 != 0; n++ {
		b = append(b, 0)
	}
	return b
}

// AppendAddress adds an XOR address to a message that begins at an offset of b: RFC
// 8489 §14.2.
func AppendAddress(b []byte, begin int, kind Attribute, a netip.AddrPort) []byte {
	var value [20]byte
	value[1] = 1
	raw := a.Addr().AsSlice()
	if len(raw) == 16 {
		value[1] = 2
	}
	binary.BigEndian.PutUint16(value[2:], a.Port()^Cookie>>16)
	for i := range raw {
		value[4+i] = raw[i] ^ b[begin+4+i]
	}
	return Append(b, kind, value[:4+len(raw)])
}

// Finish fills in the length of a message that begins at an offset of b.
func Finish(b []byte, begin int) []byte {
	binary.BigEndian.PutUint16(b[begin+2:], uint16(len(b)-begin-HeaderSize))
	return b
}

// AppendIntegrity adds MESSAGE-INTEGRITY under a key, RFC 8489 §14.5.
func AppendIntegrity(b []byte, begin int, key []byte) []byte {
	binary.BigEndian.PutUint16(b[begin+2:], uint16(len(b)-begin-HeaderSize+24))
	mac := hmac.New(sha1.New, key)
	mac.Write(b[begin:])
	return Append(b, MessageIntegrity, mac.Sum(nil))
}

// AppendFingerprint adds FINGERPRINT and ends the message, RFC 8489 §14.7.
func AppendFingerprint(b []byte, begin int) []byte {
	binary.BigEndian.PutUint16(b[begin+2:], uint16(len(b)-begin-HeaderSize+8))
	sum := crc32.ChecksumIEEE(b[begin:]) ^ fingerprintXOR
	return Append(b, Fingerprint, binary.BigEndian.AppendUint32(nil, sum))
}

const fingerprintXOR = 0x5354554e

// Fingerprinted tells whether the message has a FINGERPRINT, and whether it is
// right: RFC 8489 §14.7.
func (m Message) Fingerprinted() (has, right bool) {
	n := len(m.Raw) - 8
	if n < HeaderSize {
		return false, false
	}
	if v, ok := m.Get(Fingerprint); !ok || len(v) != 4 {
		return false, false
	}
	return true, binary.BigEndian.Uint32(m.Raw[n+4:]) == crc32.ChecksumIEEE(m.Raw[:n])^fingerprintXOR
}

// Verify tells whether the message has been made with a key: MESSAGE-INTEGRITY, RFC
// 8489 §14.5, or MESSAGE-INTEGRITY-SHA256, §14.6, which may be cut to 16 bytes.
func (m Message) Verify(key []byte) bool {
	at := HeaderSize
	for kind, v := range m.All {
		end := at + 4 + (len(v)+3)&^3
		if kind == MessageIntegrity || kind == MessageIntegritySHA256 {
			mac := hmac.New(sha1.New, key)
			if kind == MessageIntegritySHA256 {
				mac = hmac.New(sha256.New, key)
			}
			head := [4]byte{m.Raw[0], m.Raw[1]}
			binary.BigEndian.PutUint16(head[2:], uint16(end-HeaderSize))
			mac.Write(head[:])
			mac.Write(m.Raw[4:at])
			return hmac.Equal(mac.Sum(nil)[:len(v)], v)
		}
		at = end
	}
	return false
}

// AppendTo writes the message anew: attributes that are known, in their order, with
// padding of zeros. Those behind MESSAGE-INTEGRITY count for nothing and are left
// out, and so are MESSAGE-INTEGRITY and FINGERPRINT themselves: whoever passes the
// message on makes them with a key of its own.
func (m Message) AppendTo(b []byte) []byte {
	begin := len(b)
	b = append(b, m.Raw[:HeaderSize]...)
	for kind, v := range m.All {
		if kind == MessageIntegrity || kind == MessageIntegritySHA256 || kind == Fingerprint {
			break
		}
		if sizeOf(kind).known {
			b = Append(b, kind, v)
		}
	}
	return Finish(b, begin)
}
