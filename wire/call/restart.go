package call

import (
	"encoding/binary"
	"errors"

	"github.com/ringfence/ringfence/wire"
)

// RestartSize is the length of an ICE restart's parameters, in bytes.
const RestartSize = 2 + ParametersSize

// Restart is one end's part of an ICE restart within a call (RFC 8445 §9): its
// parameters with other ICE credentials. Everything else in them stays as it was
// at the answer, the fingerprint of its DTLS certificate above all.
type Restart struct {
	Number     uint16 // of the callee's restarts, from 1; the caller's answer has the same
	Parameters Parameters
}

// ParseRestart reads an end's part of an ICE restart.
func ParseRestart(b []byte) (Restart, error) {
	if len(b) != RestartSize {
		return Restart{}, refuse(parametersClause, "R5", min(len(b), RestartSize), max(0, len(b)-RestartSize), "an ICE restart has 81 bytes")
	}
	r := Restart{Number: binary.BigEndian.Uint16(b)}
	if r.Number == 0 {
		return Restart{}, refuse(parametersClause, "R7", 0, 2, "restarts are counted from 1")
	}
	var err error
	r.Parameters, err = ParseParameters(b[2:])
	if w := (*wire.Refusal)(nil); errors.As(err, &w) {
		w.Offset += 2
	}
	return r, err
}

// Follows refuses a restart that changes anything but the ICE credentials of an
// end whose parameters at the answer were these: with another certificate
// somebody else would be at the other end (R16), and credentials that stay are
// no restart.
func (r Restart) Follows(first Parameters) error {
	now := r.Parameters
	switch {
	case now.Fingerprint != first.Fingerprint:
		return refuse("RFC 8842 §3.1", "R16", 2+47, 32, "another DTLS certificate than at the answer")
	case now.Call != first.Call || now.Leg != first.Leg || now.Media != first.Media:
		return refuse(parametersClause, "R3", 2+1, 18, "a restart of another call, leg or kind of media")
	case now.Ufrag == first.Ufrag || now.Password == first.Password:
		return refuse("RFC 8445 §9", "R3", 2+19, 28, "ICE credentials that are not new")
	}
	return nil
}

// AppendTo writes the part behind b.
func (r Restart) AppendTo(b []byte) []byte {
	return r.Parameters.AppendTo(binary.BigEndian.AppendUint16(b, r.Number))
}
