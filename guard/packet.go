package guard

import (
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/dtls"
	"github.com/ringfence/ringfence/wire/rtcp"
	"github.com/ringfence/ringfence/wire/rtp"
	"github.com/ringfence/ringfence/wire/stun"
)

// The first byte of a packet between the legs says what it is, RFC 7983 §7.
func isSTUN(b []byte) bool { return len(b) > 0 && b[0] <= 3 }
func isDTLS(b []byte) bool { return len(b) > 0 && b[0] >= 20 && b[0] <= 63 }
func media(b []byte) bool  { return len(b) > 0 && b[0] >= 128 && b[0] <= 191 }

// clearHeader reads what of a packet between the legs is not encrypted, and
// returns what it objects to in the name of one rule.
func clearHeader(b []byte, rule string) *Finding {
	var err error
	switch {
	case isSTUN(b):
		err = stun.CheckPeer(b)
	case isDTLS(b):
		err = dtls.Check(b)
	case media(b) && rtcp.Is(b):
		err = rtcp.Check(b)
	case media(b):
		err = rtp.Check(b)
	default:
		err = &wire.Refusal{Rule: "R3", Length: min(1, len(b)), Clause: "RFC 7983 §7", Reason: "neither STUN nor DTLS nor RTP"}
	}
	r, ok := err.(*wire.Refusal) // errors.As would cost an allocation for each packet
	if !ok || r.Rule != rule {
		return nil
	}
	return &Finding{Offset: r.Offset, Length: r.Length, Clause: r.Clause, Reason: r.Reason}
}

// Protected tells whether a packet between the legs is DTLS that is already
// encrypted: a handshake that has agreed on keys sends such records.
func Protected(b []byte) bool { return isDTLS(b) && dtls.Protected(b) }
