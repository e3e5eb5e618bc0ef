package call

import (
	"encoding/binary"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/envelope"
)

// Types of the device socket, the first byte of each message.
const (
	TypeHello     = 0x01
	TypeWelcome   = 0x02
	TypeSettings  = 0x03
	TypeLetter    = 0x10
	TypeDrained   = 0x11
	TypeTaken     = 0x12
	TypeRing      = 0x20 // package wire/ring
	TypeEnded     = 0x21
	TypeRinging   = 0x22
	TypeRefused   = 0x23
	TypeAnswered  = 0x24
	TypeGranted   = 0x25
	TypeJoined    = 0x26
	TypeAway      = 0x27
	TypeBack      = 0x28
	TypeAsked     = 0x29
	TypeRestarted = 0x2a
	TypeNotice    = 0x30
	TypeOffer     = 0x40
	TypeAccept    = 0x41
	TypeJoin      = 0x42
	TypeDecline   = 0x43
	TypeCancel    = 0x44
	TypeHangUp    = 0x45
	TypeConnected = 0x46
	TypeResume    = 0x47
	TypeAsk       = 0x48
	TypeRestart   = 0x49
)

// Sizes of the messages of fixed length, in bytes, with the type.
const (
	HelloSize    = 38
	WelcomeSize  = 18
	EndedSize    = 19
	RingingSize  = 26
	RefusedSize  = 11
	AnsweredSize = 50 + envelope.CallSize
	GrantedSize  = 50
	JoinedSize   = 18 + envelope.CallSize // restarted too
	OfferSize    = 92
	AcceptSize   = 82 + envelope.CallSize
	JoinSize     = 18 + envelope.CallSize // restart too
	ActionSize   = 18

	// PasswordSize is the length of a relay password, in characters.
	PasswordSize = 32
	// MaxTaken is how many letters one message may acknowledge.
	MaxTaken = 512

	socketClause = "docs/protocol.md, Device socket"
)

// Reason says why a call ended or an offer was refused.
type Reason byte

// The reasons, as they stand on the wire.
const (
	Declined  Reason = 1
	Missed    Reason = 2
	Cancelled Reason = 3
	Busy      Reason = 4
	Refused   Reason = 5
	Failed    Reason = 6
	HungUp    Reason = 7
	Glare     Reason = 8
	Elsewhere Reason = 9
	TooMany   Reason = 10
)

var reasons = [...]string{"", "declined", "missed", "cancelled", "busy", "refused", "failed", "hung up", "glare", "answered elsewhere", "too many"}

// Valid tells whether the reason is one of those above.
func (r Reason) Valid() bool { return r > 0 && int(r) < len(reasons) }

// String names the reason.
func (r Reason) String() string {
	if !r.Valid() {
		return "unknown"
	}
	return reasons[r]
}

// Message is one message of the device socket, of any type with a fixed layout.
// Which fields are set depends on its type; Envelope, Token and Password share
// the parsed bytes.
type Message struct {
	Type      byte
	Call      wire.ID // also the socket nonce of a welcome
	Callee    wire.ID // offer
	Media     wire.Media
	Reason    Reason
	Build     uint32
	Counter   uint64
	Signature [64]byte
	Token     []byte // hello: the session token, 32 bytes
	Password  []byte // answered, granted: 32 characters
	Envelope  []byte // answered, joined, restarted, accept, join, restart: envelope.CallSize bytes
}

// layout lists the fields behind type and version, in order.
type layout struct {
	name   string
	size   int
	fields string
}

// c call id, k callee, m media, z zero byte, n counter, s signature, r reason,
// b build, t token, p relay password, e envelope.
var layouts = map[byte]layout{
	TypeHello:     {"hello", HelloSize, "bt"},
	TypeWelcome:   {"welcome", WelcomeSize, "c"},
	TypeEnded:     {"ended", EndedSize, "cr"},
	TypeRinging:   {"ringing", RingingSize, "nc"},
	TypeRefused:   {"refused", RefusedSize, "nr"},
	TypeAnswered:  {"answered", AnsweredSize, "cpe"},
	TypeGranted:   {"granted", GrantedSize, "cp"},
	TypeJoined:    {"joined", JoinedSize, "ce"},
	TypeAway:      {"away", ActionSize, "c"},
	TypeBack:      {"back", ActionSize, "c"},
	TypeAsked:     {"asked for an ICE restart", ActionSize, "c"},
	TypeRestarted: {"restarted", JoinedSize, "ce"},
	TypeOffer:     {"offer", OfferSize, "kmzns"},
	TypeAccept:    {"accept", AcceptSize, "cse"},
	TypeJoin:      {"join", JoinSize, "ce"},
	TypeDecline:   {"decline", ActionSize, "c"},
	TypeCancel:    {"cancel", ActionSize, "c"},
	TypeHangUp:    {"hang up", ActionSize, "c"},
	TypeConnected: {"connected", ActionSize, "c"},
	TypeResume:    {"resume", ActionSize, "c"},
	TypeAsk:       {"ask for an ICE restart", ActionSize, "c"},
	TypeRestart:   {"ICE restart", JoinSize, "ce"},
}

// Name returns what messages of the type are called, or "" for a type without
// a fixed layout.
func Name(t byte) string { return layouts[t].name }

// Size returns the length of messages of the type, or 0 for a type without a
// fixed layout.
func Size(t byte) int { return layouts[t].size }

// Parse reads one message of fixed layout. It allocates nothing.
func Parse(b []byte) (Message, error) {
	if len(b) == 0 {
		return Message{}, refuse(socketClause, "R5", 0, 0, "an empty message")
	}
	l, ok := layouts[b[0]]
	if !ok {
		return Message{}, refuse(socketClause, "R3", 0, 1, "unknown type of message")
	}
	if len(b) != l.size {
		return Message{}, refuse(socketClause, "R5", min(len(b), l.size), max(0, len(b)-l.size), "not the length of its type")
	}
	if b[1] != version {
		return Message{}, refuse(socketClause, "R3", 1, 1, "unknown version")
	}
	m := Message{Type: b[0]}
	at := 2
	for i := 0; i < len(l.fields); i++ {
		n, err := m.read(l.fields[i], b, at)
		if err != nil {
			return Message{}, err
		}
		at += n
	}
	return m, nil
}

// read takes one field at an offset and returns its length.
func (m *Message) read(field byte, b []byte, at int) (int, error) {
	switch field {
	case 'c':
		return copy(m.Call[:], b[at:at+16]), nonZero(m.Call, at)
	case 'k':
		return copy(m.Callee[:], b[at:at+16]), nonZero(m.Callee, at)
	case 'm':
		m.Media = wire.Media(b[at])
		if !m.Media.Valid() {
			return 0, refuse(socketClause, "R7", at, 1, "media is neither sound nor video")
		}
		return 1, nil
	case 'z':
		if b[at] != 0 {
			return 0, refuse(socketClause, "R3", at, 1, "reserved byte is not zero")
		}
		return 1, nil
	case 'r':
		m.Reason = Reason(b[at])
		if !m.Reason.Valid() {
			return 0, refuse(socketClause, "R7", at, 1, "unknown reason")
		}
		return 1, nil
	case 'n':
		m.Counter = binary.BigEndian.Uint64(b[at:])
		return 8, nil
	case 'b':
		m.Build = binary.BigEndian.Uint32(b[at:])
		return 4, nil
	case 's':
		return copy(m.Signature[:], b[at:at+64]), nil
	case 't':
		m.Token = b[at : at+32]
		return 32, nil
	case 'p':
		m.Password = b[at : at+PasswordSize]
		return PasswordSize, nil
	default: // 'e'
		m.Envelope = b[at : at+envelope.CallSize]
		return envelope.CallSize, callEnvelope(m.Envelope, at)
	}
}

func nonZero(id wire.ID, at int) error {
	if id.IsZero() {
		return refuse(socketClause, "R3", at, 16, "an identifier of zeros")
	}
	return nil
}

func callEnvelope(b []byte, at int) error {
	_, err := envelope.Parse(b)
	if r, ok := err.(*wire.Refusal); ok {
		r.Offset += at
	}
	return err
}

// AppendTo writes the message behind b. Slices must have the length of their
// field; AppendTo panics where the caller built a message of another size.
func (m Message) AppendTo(b []byte) []byte {
	l, start := layouts[m.Type], len(b)
	b = append(b, m.Type, version)
	for i := 0; i < len(l.fields); i++ {
		switch l.fields[i] {
		case 'c':
			b = append(b, m.Call[:]...)
		case 'k':
			b = append(b, m.Callee[:]...)
		case 'm':
			b = append(b, byte(m.Media))
		case 'z':
			b = append(b, 0)
		case 'r':
			b = append(b, byte(m.Reason))
		case 'n':
			b = binary.BigEndian.AppendUint64(b, m.Counter)
		case 'b':
			b = binary.BigEndian.AppendUint32(b, m.Build)
		case 's':
			b = append(b, m.Signature[:]...)
		case 't':
			b = append(b, m.Token...)
		case 'p':
			b = append(b, m.Password...)
		case 'e':
			b = append(b, m.Envelope...)
		}
	}
	if len(b)-start != l.size {
		panic("wire/call: message " + l.name + " built with fields of other lengths")
	}
	return b
}
