package guard

import (
	"net/netip"
	"time"

	"github.com/ringfence/ringfence/wire"
)

// Kind says what an event is.
type Kind string

// The kinds of events.
const (
	Message    Kind = "message"    // any message of the device socket or body of a request, as parsed
	Offer      Kind = "offer"      // somebody wants to call
	Step       Kind = "step"       // accept, join, decline, cancel, hang up, connected
	HandIn     Kind = "hand-in"    // an envelope
	Knock      Kind = "knock"      // a contact request
	SignIn     Kind = "sign-in"    // registration, a session, an invite
	Request    Kind = "request"    // any other request about an account: keys, introductions
	Allocate   Kind = "allocate"   // TURN Allocate
	Permission Kind = "permission" // TURN CreatePermission, ChannelBind
	Packet     Kind = "packet"     // a datagram through the relay
	Parameters Kind = "parameters" // session parameters, on the device
	Settings   Kind = "settings"   // the server's instructions, on the device
)

// Event is something that somebody sent. Who makes the event fills in the facts
// that its kind has; rules read them.
type Event struct {
	Kind    Kind
	At      time.Time
	Account wire.ID        // who sent it, where known
	Target  wire.ID        // whom it was meant for, where known
	Call    wire.ID        // the call it belongs to, where known
	Addr    netip.AddrPort // network address of the sender
	Build   uint32         // client build of the sender
	Bytes   []byte         // exactly what arrived
	Range   bool           // sent by the test range

	Refusal *wire.Refusal // what the strict parser objected to, or nil

	// Offer
	Contact  bool   // the callee has accepted the caller
	Fresh    bool   // the offer's counter has grown
	Signed   bool   // offer, accept: the device key's signature is right
	Campaign string // the offer belongs to this campaign, of those whose calls are held back; "" when to none
	Evasion  string // the ban that the caller is flagged to evade, where the callee does not know the caller; "" else

	// Step
	Role  Role
	State State
	Step  Move

	// HandIn, SignIn, Request: the token, code or signature is valid.
	Authentic bool

	// Spends are the budgets that the event draws on (R13).
	Spends []Spend

	// Relay
	Answered bool           // the callee has answered this call, and nobody hung up
	Peer     netip.AddrPort // where the packet, permission or channel shall lead
	Other    netip.AddrPort // the other leg's relayed address, the only one allowed
	Secured  bool           // both legs have sent protected DTLS: the handshake went through
	Held     int            // allocations that this leg already has
}
