// Package envelope is the outside of an end-to-end encrypted message: what the
// server may see of it, which is its size class and which key opens it.
//
// Every envelope is padded to one of eight sizes, so that its length says
// little of what is in it. The sealing itself (HPKE, RFC 9180) is the client's;
// this package has only the layout, so that the server can refuse what is none.
// The layout is in docs/protocol.md, Envelope.
package envelope

import (
	"encoding/binary"

	"github.com/ringfence/ringfence/wire"
)

const (
	// KeySize is the length of an HPKE encapsulated key of MLKEM768X25519.
	KeySize = 1120
	// TagSize is the length of the AEAD tag.
	TagSize = 16
	// Header is the length of what stands before the ciphertext.
	Header = 6 + KeySize
	// Classes is how many size classes there are.
	Classes = 8
	// MinSize and MaxSize bound an envelope, in bytes.
	MinSize = Header + 512 + TagSize
	MaxSize = Header + 512<<(Classes-1) + TagSize
	// CallClass is the size class of every envelope that carries call
	// parameters, and CallSize its length.
	CallClass = 1
	CallSize  = Header + 512<<CallClass + TagSize

	version = 1
	clause  = "docs/protocol.md, Envelope"
)

// Envelope is a view of one envelope; the slices share the parsed bytes.
type Envelope struct {
	Class      byte
	Key        uint32 // id of the recipient's envelope key
	Enc        []byte // HPKE encapsulated key, 1120 bytes
	Ciphertext []byte // 512<<Class + 16 bytes
}

// PlainSize returns how many bytes an envelope of the class holds before
// padding is taken off.
func PlainSize(class byte) int { return 512 << class }

// ClassFor returns the smallest class that holds n bytes, or false when none
// does.
func ClassFor(n int) (byte, bool) {
	for c := byte(0); c < Classes; c++ {
		if n <= PlainSize(c) {
			return c, true
		}
	}
	return 0, false
}

// Parse reads the layout of an envelope. It allocates nothing.
func Parse(b []byte) (Envelope, error) {
	if len(b) > MaxSize {
		return Envelope{}, refuse("R5", MaxSize, len(b)-MaxSize, "longer than the largest envelope")
	}
	if len(b) < MinSize {
		return Envelope{}, refuse("R5", len(b), 0, "shorter than the smallest envelope")
	}
	if b[0] != version {
		return Envelope{}, refuse("R3", 0, 1, "unknown version")
	}
	if b[1] >= Classes {
		return Envelope{}, refuse("R7", 1, 1, "unknown size class")
	}
	if want := Header + PlainSize(b[1]) + TagSize; len(b) != want {
		return Envelope{}, refuse("R6", min(want, len(b)), max(0, len(b)-want), "length is not that of its size class")
	}
	return Envelope{
		Class:      b[1],
		Key:        binary.BigEndian.Uint32(b[2:6]),
		Enc:        b[6:Header],
		Ciphertext: b[Header:],
	}, nil
}

// AppendTo writes the envelope behind b.
func (e Envelope) AppendTo(b []byte) []byte {
	b = append(b, version, e.Class)
	b = binary.BigEndian.AppendUint32(b, e.Key)
	b = append(b, e.Enc...)
	return append(b, e.Ciphertext...)
}

func refuse(rule string, offset, length int, reason string) error {
	return &wire.Refusal{Rule: rule, Offset: offset, Length: length, Clause: clause, Reason: reason}
}
