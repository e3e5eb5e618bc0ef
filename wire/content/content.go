// Package content is what stands inside an end-to-end encrypted message: a
// text, a receipt, a delivery token, the parameters of a call, or of an ICE
// restart in it.
//
// It is read on the device, after decryption, and it is hostile input all the
// same: a contact may be in an attacker's hands. The layouts are in
// docs/protocol.md, Content.
package content

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// Kind is the first byte of a content.
type Kind byte

// The kinds of content.
const (
	Text       Kind = 1
	Receipt    Kind = 2
	Token      Kind = 3
	Parameters Kind = 4
	Restart    Kind = 5
)

// State is what a receipt says of messages.
type State byte

// The states of a receipt.
const (
	Delivered State = 1
	Read      State = 2
)

const (
	// MaxText is the longest text, in bytes of UTF-8.
	MaxText = 32768
	// MaxReceipts is how many messages one receipt may name.
	MaxReceipts = 256

	clause = "docs/protocol.md, Content"
)

// Content is one content; which fields are set depends on Kind.
type Content struct {
	Kind    Kind
	ID      wire.ID   // text
	SentAt  int64     // text: Unix milliseconds, the sender's clock
	Text    string    // text
	State   State     // receipt
	IDs     []wire.ID // receipt
	Token   [32]byte  // token
	Call    call.Parameters
	Restart call.Restart
}

// Parse reads a content.
func Parse(b []byte) (Content, error) {
	if len(b) == 0 {
		return Content{}, refuse("R5", 0, 0, "an empty content")
	}
	switch Kind(b[0]) {
	case Text:
		return parseText(b)
	case Receipt:
		return parseReceipt(b)
	case Token:
		if len(b) != 33 {
			return Content{}, refuse("R5", min(len(b), 33), 0, "a token has 32 bytes")
		}
		return Content{Kind: Token, Token: [32]byte(b[1:])}, nil
	case Parameters:
		p, err := call.ParseParameters(b[1:])
		return Content{Kind: Parameters, Call: p}, behind(err)
	case Restart:
		r, err := call.ParseRestart(b[1:])
		return Content{Kind: Restart, Restart: r}, behind(err)
	}
	return Content{}, refuse("R3", 0, 1, "unknown kind of content")
}

// behind counts the byte of the kind to where a parser objected.
func behind(err error) error {
	if r, ok := err.(*wire.Refusal); ok {
		r.Offset++
	}
	return err
}

func parseText(b []byte) (Content, error) {
	if len(b) < 26 || len(b) > 25+MaxText {
		return Content{}, refuse("R5", min(len(b), 25+MaxText), 0, "a text has 1 to 32768 bytes")
	}
	text := b[25:]
	if !utf8.Valid(text) {
		return Content{}, refuse("R17", 25, len(text), "text is not UTF-8")
	}
	if i := bytes.IndexByte(text, 0); i >= 0 {
		return Content{}, refuse("R17", 25+i, 1, "text holds a NUL")
	}
	c := Content{Kind: Text, SentAt: int64(binary.BigEndian.Uint64(b[17:])), Text: string(text)}
	copy(c.ID[:], b[1:17])
	if c.ID.IsZero() {
		return Content{}, refuse("R3", 1, 16, "no id")
	}
	return c, nil
}

func parseReceipt(b []byte) (Content, error) {
	n := (len(b) - 2) / 16
	if len(b) < 18 || len(b) != 2+16*n || n > MaxReceipts {
		return Content{}, refuse("R5", min(len(b), 2), 0, "a receipt has one to 256 ids of 16 bytes")
	}
	c := Content{Kind: Receipt, State: State(b[1]), IDs: make([]wire.ID, n)}
	if c.State != Delivered && c.State != Read {
		return Content{}, refuse("R7", 1, 1, "unknown state of a receipt")
	}
	for i := range c.IDs {
		copy(c.IDs[i][:], b[2+16*i:])
	}
	return c, nil
}

// AppendTo writes the content behind b.
func (c Content) AppendTo(b []byte) []byte {
	b = append(b, byte(c.Kind))
	switch c.Kind {
	case Text:
		b = append(b, c.ID[:]...)
		b = binary.BigEndian.AppendUint64(b, uint64(c.SentAt))
		b = append(b, c.Text...)
	case Receipt:
		b = append(b, byte(c.State))
		for _, id := range c.IDs {
			b = append(b, id[:]...)
		}
	case Token:
		b = append(b, c.Token[:]...)
	case Parameters:
		b = c.Call.AppendTo(b)
	case Restart:
		b = c.Restart.AppendTo(b)
	}
	return b
}

func refuse(rule string, offset, length int, reason string) error {
	return &wire.Refusal{Rule: rule, Offset: offset, Length: length, Clause: clause, Reason: reason}
}
