// Package wire holds what all of Ringfence's protocol parsers share: the
// identifier, the refusal that a strict parser returns, and the limits that no
// message may exceed.
//
// One package per protocol stands below it. Each does no I/O, keeps no state
// and reads no clock: bytes go in, a typed value or a Refusal comes out. A
// parser reads all of its input or refuses it; it never skips what it does not
// understand.
package wire

import (
	"encoding/hex"
	"fmt"
)

// ID is a random 128-bit identifier, made by the server: of an account, a
// device, a call. Its text form is 32 lower-case hexadecimal digits.
type ID [16]byte

// IsZero tells whether the identifier is absent.
func (id ID) IsZero() bool { return id == ID{} }

// String returns the 32 hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText writes the 32 hexadecimal digits; a zero ID is written empty.
func (id ID) MarshalText() ([]byte, error) {
	if id.IsZero() {
		return nil, nil
	}
	return []byte(id.String()), nil
}

// UnmarshalText reads 32 lower-case hexadecimal digits, or nothing for a zero
// ID. Any other spelling is refused, so that an identifier has one form only.
func (id *ID) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*id = ID{}
		return nil
	}
	v, err := ParseID(string(b))
	if err == nil {
		*id = v
	}
	return err
}

// ParseID reads the 32 lower-case hexadecimal digits that String writes.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 2*len(id) {
		return ID{}, fmt.Errorf("identifier %q: %d characters, want 32", clip(s), len(s))
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil || id.String() != s {
		return ID{}, fmt.Errorf("identifier %q: not 32 lower-case hexadecimal digits", clip(s))
	}
	return id, nil
}

func clip(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}

// Refusal is what every parser returns for input that it does not accept. It
// names the rule of the guard that the input breaks, where it does so, and the
// clause of the specification.
type Refusal struct {
	Rule   string // rule of the guard: "R5" size, "R6" length, "R3" unknown, "R7" enumeration
	Offset int    // first offending byte
	Length int    // how many bytes offend; 0 where something is missing
	Clause string // specification and section, e.g. "docs/protocol.md, Ring"
	Reason string // what is wrong, in words
	Policy bool   // the specification allows it, and it is refused all the same
}

// Error says what was wrong and where.
func (r *Refusal) Error() string {
	return fmt.Sprintf("%s at byte %d: %s (%s)", r.Rule, r.Offset, r.Reason, r.Clause)
}

// Media says what a call carries.
type Media byte

// The kinds of media. Zero is not one of them: an empty field is no choice.
const (
	Sound Media = 1
	Video Media = 2
)

// String returns "sound" or "video".
func (m Media) String() string {
	switch m {
	case Sound:
		return "sound"
	case Video:
		return "video"
	}
	return fmt.Sprintf("media %d", byte(m))
}

// Valid tells whether the value is one of the two kinds.
func (m Media) Valid() bool { return m == Sound || m == Video }
