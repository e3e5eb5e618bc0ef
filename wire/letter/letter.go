// Package letter is how envelopes are handed in, delivered and acknowledged: a
// letter is an envelope with the number under which the mailbox keeps it.
//
// The layouts are in docs/protocol.md, HTTP (hand-in) and Device socket.
package letter

import (
	"encoding/binary"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
	"github.com/ringfence/ringfence/wire/envelope"
)

const (
	// TokenSize is the length of a delivery token, in bytes.
	TokenSize = 32
	// HandInSize is the longest message of the hand-in socket.
	HandInSize = 4 + TokenSize + envelope.MaxSize

	letterHead = 17
	clause     = "docs/protocol.md, Device socket"
)

// Letter is one letter; Envelope shares the parsed bytes.
type Letter struct {
	Number   uint64
	Received int64 // Unix milliseconds, the server's clock
	Envelope []byte
}

// Parse reads a letter of the device socket and checks the layout of its
// envelope.
func Parse(b []byte) (Letter, error) {
	if len(b) < letterHead || b[0] != call.TypeLetter {
		return Letter{}, refuse("R5", 0, min(len(b), 1), "not a letter")
	}
	l := Letter{
		Number:   binary.BigEndian.Uint64(b[1:]),
		Received: int64(binary.BigEndian.Uint64(b[9:])),
		Envelope: b[letterHead:],
	}
	_, err := envelope.Parse(l.Envelope)
	if r, ok := err.(*wire.Refusal); ok {
		r.Offset += letterHead
	}
	return l, err
}

// AppendTo writes the letter behind b.
func (l Letter) AppendTo(b []byte) []byte {
	b = append(b, call.TypeLetter)
	b = binary.BigEndian.AppendUint64(b, l.Number)
	b = binary.BigEndian.AppendUint64(b, uint64(l.Received))
	return append(b, l.Envelope...)
}

// Taken reads the numbers of an acknowledgement.
func Taken(b []byte) ([]uint64, error) {
	n := (len(b) - 1) / 8
	if len(b) < 9 || b[0] != call.TypeTaken || len(b) != 1+8*n || n > call.MaxTaken {
		return nil, refuse("R5", min(len(b), 1), 0, "an acknowledgement has one to 512 numbers of 8 bytes")
	}
	numbers := make([]uint64, n)
	for i := range numbers {
		numbers[i] = binary.BigEndian.Uint64(b[1+8*i:])
	}
	return numbers, nil
}

// AppendTaken writes an acknowledgement of at most call.MaxTaken numbers.
func AppendTaken(b []byte, numbers []uint64) []byte {
	b = append(b, call.TypeTaken)
	for _, n := range numbers {
		b = binary.BigEndian.AppendUint64(b, n)
	}
	return b
}

// HandIn splits a message of the hand-in socket into its sequence number, the
// delivery token and the envelope, whose layout it checks. The sequence number
// is right, so that the refusal can be answered, whenever four bytes are there.
func HandIn(b []byte) (sequence uint32, token, sealed []byte, err error) {
	if len(b) < 4+TokenSize {
		if len(b) >= 4 {
			sequence = binary.BigEndian.Uint32(b)
		}
		return sequence, nil, nil, refuse("R5", len(b), 0, "no room for a sequence number and a delivery token")
	}
	sequence, token, sealed = binary.BigEndian.Uint32(b), b[4:4+TokenSize], b[4+TokenSize:]
	_, err = envelope.Parse(sealed)
	if r, ok := err.(*wire.Refusal); ok {
		r.Offset += 4 + TokenSize
	}
	return sequence, token, sealed, err
}

// AppendHandIn writes a message of the hand-in socket.
func AppendHandIn(b []byte, sequence uint32, token, sealed []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, sequence)
	b = append(b, token...)
	return append(b, sealed...)
}

// Answer reads what the server answers on the hand-in socket: the sequence
// number and the HTTP status.
func Answer(b []byte) (sequence uint32, status int, err error) {
	if len(b) != 6 {
		return 0, 0, refuse("R5", min(len(b), 6), 0, "an answer has 6 bytes")
	}
	return binary.BigEndian.Uint32(b), int(binary.BigEndian.Uint16(b[4:])), nil
}

// AppendAnswer writes an answer of the hand-in socket.
func AppendAnswer(b []byte, sequence uint32, status int) []byte {
	b = binary.BigEndian.AppendUint32(b, sequence)
	return binary.BigEndian.AppendUint16(b, uint16(status))
}

func refuse(rule string, offset, length int, reason string) error {
	return &wire.Refusal{Rule: rule, Offset: offset, Length: length, Clause: clause, Reason: reason}
}
