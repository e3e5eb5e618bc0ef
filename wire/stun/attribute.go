package stun

import (
	"encoding/binary"
	"net/netip"
)

// Attribute is the type of an attribute.
type Attribute uint16

// The attributes that are looked at by name.
const (
	Username           Attribute = 0x0006 // RFC 8489 §14.3
	MessageIntegrity   Attribute = 0x0008 // RFC 8489 §14.5
	Lifetime           Attribute = 0x000d // RFC 8656 §18.2
	XORPeerAddress     Attribute = 0x0012 // RFC 8656 §18.3
	DataValue          Attribute = 0x0013 // RFC 8656 §18.4
	RequestedFamily    Attribute = 0x0017 // REQUESTED-ADDRESS-FAMILY, RFC 8656 §18.6
	EvenPort           Attribute = 0x0018 // RFC 8656 §18.7
	RequestedTransport Attribute = 0x0019 // RFC 8656 §18.8
	ReservationToken   Attribute = 0x0022 // RFC 8656 §18.11
	ConnectionID       Attribute = 0x002a // RFC 6062 §6.2.1
	Software           Attribute = 0x8022 // RFC 8489 §14.14
	Fingerprint        Attribute = 0x8028 // RFC 8489 §14.7
	MobilityTicket     Attribute = 0x8030 // RFC 8016 §3.5
	ErrorCode          Attribute = 0x0009 // RFC 8489 §14.8
)

type span struct {
	least, most int
	known       bool
	address     bool // 8 bytes for the family 1, 20 for the family 2: RFC 8489 §14.1
}

// sizeOf returns the lengths that an attribute may have. Every packet asks, so it is
// a look into an array and not into a map.
func sizeOf(kind Attribute) span {
	if kind&0x7fff < 64 {
		return sizes[kind>>15][kind&63]
	}
	return span{}
}

// sizes are those lengths: of attributes that must be understood, and of others.
var sizes = func() (all [2][64]span) {
	for kind, s := range lengths {
		all[kind>>15][kind&63] = span{s[0], s[1], true, s == [2]int{8, 20}}
	}
	return all
}()

var lengths = map[Attribute][2]int{
	0x0001:             {8, 20},    // MAPPED-ADDRESS, RFC 8489 §14.1
	Username:           {1, 513},   //
	MessageIntegrity:   {20, 20},   //
	ErrorCode:          {4, 767},   // the four bytes in front are not optional (CVE-2021-37706)
	0x000a:             {2, 64},    // UNKNOWN-ATTRIBUTES, RFC 8489 §14.13
	0x000c:             {4, 4},     // CHANNEL-NUMBER, RFC 8656 §18.1
	0x000d:             {4, 4},     // LIFETIME, RFC 8656 §18.2
	XORPeerAddress:     {8, 20},    //
	DataValue:          {0, 65535}, //
	0x0014:             {0, 763},   // REALM, RFC 8489 §14.9
	0x0015:             {0, 763},   // NONCE, RFC 8489 §14.10
	0x0016:             {8, 20},    // XOR-RELAYED-ADDRESS, RFC 8656 §18.5
	0x0017:             {4, 4},     // REQUESTED-ADDRESS-FAMILY, RFC 8656 §18.6
	EvenPort:           {1, 1},     //
	RequestedTransport: {4, 4},     //
	0x001a:             {0, 0},     // DONT-FRAGMENT, RFC 8656 §18.9
	0x001c:             {16, 32},   // MESSAGE-INTEGRITY-SHA256, RFC 8489 §14.6
	0x001d:             {4, 32},    // PASSWORD-ALGORITHM, RFC 8489 §14.12
	0x001e:             {32, 32},   // USERHASH, RFC 8489 §14.4
	0x0020:             {8, 20},    // XOR-MAPPED-ADDRESS, RFC 8489 §14.2
	ReservationToken:   {8, 8},     //
	0x0024:             {4, 4},     // PRIORITY, RFC 8445 §16.1
	0x0025:             {0, 0},     // USE-CANDIDATE, RFC 8445 §16.1
	ConnectionID:       {4, 4},     //
	0x8022:             {0, 763},   // SOFTWARE, RFC 8489 §14.14
	0x8023:             {8, 20},    // ALTERNATE-SERVER, RFC 8489 §14.15
	Fingerprint:        {4, 4},     //
	0x8029:             {8, 8},     // ICE-CONTROLLED, RFC 8445 §16.1
	0x802a:             {8, 8},     // ICE-CONTROLLING, RFC 8445 §16.1
}

// Address reads an XOR address (RFC 8489 §14.2) in the family that it is
// written in: an IPv4-mapped IPv6 address stays one. It is not valid when the
// family and the length do not belong together.
func (m Message) Address(value []byte) netip.AddrPort {
	if len(value) < 8 || value[0] != 0 {
		return netip.AddrPort{}
	}
	port := binary.BigEndian.Uint16(value[2:]) ^ Cookie>>16
	var key [16]byte
	copy(key[:], m.Raw[4:HeaderSize])
	switch {
	case value[1] == 1 && len(value) == 8:
		var a [4]byte
		for i := range a {
			a[i] = value[4+i] ^ key[i]
		}
		return netip.AddrPortFrom(netip.AddrFrom4(a), port)
	case value[1] == 2 && len(value) == 20:
		var a [16]byte
		for i := range a {
			a[i] = value[4+i] ^ key[i]
		}
		return netip.AddrPortFrom(netip.AddrFrom16(a), port)
	}
	return netip.AddrPort{}
}
