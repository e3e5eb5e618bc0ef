// Package call holds what the two ends of a call and the server say to each
// other: the messages of the device socket that move a call on, and the session
// parameters that the ends exchange inside their encrypted session.
//
// No text of the other side crosses: parameters are typed fields of fixed
// length and alphabet, and the client writes the session description itself.
// The layouts are in docs/protocol.md.
package call

import (
	"bytes"

	"github.com/ringfence/ringfence/wire"
)

const (
	// ParametersSize is the length of the session parameters, in bytes.
	ParametersSize = 79

	version          = 1
	parametersClause = "docs/protocol.md, Content"
)

// Leg is an end of a call: the one that answered, or the caller.
type Leg byte

// The legs of a call, as they stand in relay credentials and parameters.
const (
	Callee Leg = 'a'
	Caller Leg = 'c'
)

// Other returns the other end.
func (l Leg) Other() Leg {
	if l == Callee {
		return Caller
	}
	return Callee
}

// Valid tells whether the value is one of the two legs.
func (l Leg) Valid() bool { return l == Callee || l == Caller }

// Parameters are what one end must know of the other to set up DTLS-SRTP
// through the relay, and nothing more.
type Parameters struct {
	Call        wire.ID
	Leg         Leg
	Media       wire.Media
	Ufrag       [4]byte  // RFC 8839 §5.4, ice-char
	Password    [24]byte // RFC 8839 §5.4, ice-char
	Fingerprint [32]byte // SHA-256 of the DTLS certificate, RFC 8122 §5
}

// ParseParameters reads session parameters. A fingerprint of zeros is refused
// as a downgrade (R16): without it nobody would know who is at the other end.
func ParseParameters(b []byte) (Parameters, error) {
	if len(b) != ParametersSize {
		return Parameters{}, refuse(parametersClause, "R5", min(len(b), ParametersSize), max(0, len(b)-ParametersSize), "parameters have 79 bytes")
	}
	p := Parameters{Leg: Leg(b[17]), Media: wire.Media(b[18])}
	copy(p.Call[:], b[1:17])
	copy(p.Ufrag[:], b[19:23])
	copy(p.Password[:], b[23:47])
	copy(p.Fingerprint[:], b[47:79])
	if b[0] != version {
		return Parameters{}, refuse(parametersClause, "R3", 0, 1, "unknown version")
	}
	return p, p.Check()
}

// Check refuses values that no honest client sends.
func (p Parameters) Check() error {
	switch {
	case p.Call.IsZero():
		return refuse(parametersClause, "R3", 1, 16, "no call id")
	case !p.Leg.Valid():
		return refuse(parametersClause, "R7", 17, 1, "unknown leg")
	case !p.Media.Valid():
		return refuse(parametersClause, "R7", 18, 1, "media is neither sound nor video")
	}
	if i := notICE(p.Ufrag[:]); i >= 0 {
		return refuse(parametersClause, "R7", 19+i, 1, "ufrag holds something other than an ice-char")
	}
	if i := notICE(p.Password[:]); i >= 0 {
		return refuse(parametersClause, "R7", 23+i, 1, "password holds something other than an ice-char")
	}
	if bytes.Equal(p.Fingerprint[:], make([]byte, 32)) {
		return refuse(parametersClause, "R16", 47, 32, "no fingerprint of the DTLS certificate")
	}
	return nil
}

// AppendTo writes the parameters behind b.
func (p Parameters) AppendTo(b []byte) []byte {
	b = append(b, version)
	b = append(b, p.Call[:]...)
	b = append(b, byte(p.Leg), byte(p.Media))
	b = append(b, p.Ufrag[:]...)
	b = append(b, p.Password[:]...)
	return append(b, p.Fingerprint[:]...)
}

// notICE returns where the first byte stands that is no ice-char, or -1.
func notICE(b []byte) int {
	for i, c := range b {
		ok := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '+' || c == '/'
		if !ok {
			return i
		}
	}
	return -1
}

func refuse(clause, rule string, offset, length int, reason string) error {
	return &wire.Refusal{Rule: rule, Offset: offset, Length: length, Clause: clause, Reason: reason}
}
