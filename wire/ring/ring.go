// Package ring is the message that makes a phone ring.
//
// In 2019 a phone was attacked through what a caller could put into the set-up
// of a call. Here the server composes the ring from four values of its own; it
// has one size and one layout, and the one thing in it that the caller chose is
// sound or video. There is deliberately no field for anything else, and no
// version of this layout will have one.
//
//	offset  size  field
//	0       1     type, 0x20
//	1       1     version, 1
//	2       16    call id, made by the server
//	18      16    caller's account id, made by the server
//	34      1     media: 1 sound, 2 video
//	35      1     zero
//	36      4     milliseconds until the ring expires, big endian, at most 60000
package ring

import (
	"encoding/binary"

	"github.com/ringfence/ringfence/wire"
)

const (
	// Size is the length of every ring, in bytes.
	Size = 40
	// Type is its first byte on the device socket.
	Type = 0x20
	// MaxTTL is the longest that a ring may live, in milliseconds.
	MaxTTL = 60000

	version = 1
	clause  = "docs/protocol.md, Ring"
)

// Ring is one ring. TTL is in milliseconds, relative: the device's clock is
// never asked.
type Ring struct {
	Call   wire.ID
	Caller wire.ID
	Media  wire.Media
	TTL    uint32
}

// Parse reads a ring. Everything but the exact layout is refused.
func Parse(b []byte) (Ring, error) {
	if len(b) != Size {
		return Ring{}, refuse("R2", min(len(b), Size), max(0, len(b)-Size), "a ring has 40 bytes")
	}
	var r Ring
	copy(r.Call[:], b[2:18])
	copy(r.Caller[:], b[18:34])
	r.Media = wire.Media(b[34])
	r.TTL = binary.BigEndian.Uint32(b[36:40])
	switch {
	case b[0] != Type:
		return Ring{}, refuse("R3", 0, 1, "not a ring")
	case b[1] != version:
		return Ring{}, refuse("R3", 1, 1, "unknown version")
	case r.Call.IsZero():
		return Ring{}, refuse("R3", 2, 16, "no call id")
	case r.Caller.IsZero():
		return Ring{}, refuse("R3", 18, 16, "no caller")
	case !r.Media.Valid():
		return Ring{}, refuse("R7", 34, 1, "media is neither sound nor video")
	case b[35] != 0:
		return Ring{}, refuse("R3", 35, 1, "reserved byte is not zero")
	case r.TTL == 0 || r.TTL > MaxTTL:
		return Ring{}, refuse("R5", 36, 4, "expiry is not within 60 seconds")
	}
	return r, nil
}

// AppendTo writes the ring behind b.
func (r Ring) AppendTo(b []byte) []byte {
	b = append(b, Type, version)
	b = append(b, r.Call[:]...)
	b = append(b, r.Caller[:]...)
	b = append(b, byte(r.Media), 0)
	return binary.BigEndian.AppendUint32(b, r.TTL)
}

func refuse(rule string, offset, length int, reason string) error {
	return &wire.Refusal{Rule: rule, Offset: offset, Length: length, Clause: clause, Reason: reason}
}
