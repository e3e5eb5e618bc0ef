// Package client is the device: it keeps one person's keys, contacts and
// messages, encrypts and decrypts, and speaks docs/protocol.md with a server.
//
// The command line, the tests and, as WebAssembly, the browser all run this
// code. What another person sent is hostile until a strict parser of package
// wire and the guard's device rules have read it; a session description of the
// other side never enters, it is written here from typed values (package
// client/sdp).
//
// Everything is in memory after Open and is written through a Keep, one durable
// transaction for each step: the ratchet, the message and the number of its
// letter go to disk together, and only then is the letter acknowledged.
//
// Two seams are for the test range alone, which builds an emulated client on
// this one: Options.Observe sees every message of the device socket as it came,
// and Client.SendRaw sends any bytes on it.
package client

import (
	"context"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// Keep is where a device's state lies. Names and values are the client's;
// values are secret, and a Keep seals them at rest.
type Keep interface {
	// Load returns all there is.
	Load(ctx context.Context) (map[string][]byte, error)
	// Apply writes and deletes in one transaction that is durable when Apply
	// returns without an error, and has not happened at all otherwise.
	Apply(ctx context.Context, puts map[string][]byte, deletes []string) error
	// Close lets go of the store, for another process to open.
	Close() error
}

// Transport is how the client reaches its server: net/http and a WebSocket
// library on a computer, fetch and WebSocket in a browser.
type Transport interface {
	// Do makes one request. Every answer that came is returned without an
	// error, whatever its status. The body is bounded.
	Do(ctx context.Context, r Request) (Response, error)
	// Dial opens a WebSocket; the URL is one of http or https.
	Dial(ctx context.Context, url string) (Socket, error)
}

// Request is one HTTP request.
type Request struct {
	Method string
	URL    string
	Token  string // bearer token, or none
	Type   string // Content-Type, or none
	Body   []byte
}

// Response is what came back.
type Response struct {
	Status int
	Body   []byte
}

// Socket is one WebSocket of binary messages.
type Socket interface {
	Read(ctx context.Context) ([]byte, error)
	Write(ctx context.Context, message []byte) error
	Close() error
}

// Options say what a client runs on.
type Options struct {
	Keep      Keep             // required
	Transport Transport        // nil: the platform's own
	Now       func() time.Time // nil: time.Now
	Build     uint32           // this client's build; 0: the package's Build
	Guard     *guard.Set       // nil: all rules, with default limits

	// Refused is told why a letter was not read, never what was in it. It must
	// not block. nil: nobody is told.
	Refused func(why error)

	// Observe, a seam of the test range, is handed every message that came on
	// the device socket, before the client reads it. It must not block and not
	// keep the bytes.
	Observe func(raw []byte)
}

// Build is the number of this client; a server can require a lowest one.
const Build uint32 = 1

// Me is this device's account. Account is zero before Register.
type Me struct {
	Account wire.ID
	Device  wire.ID
	Name    string
	Server  string // base URL
}

// Registered tells whether the device belongs to an account.
func (m Me) Registered() bool { return !m.Account.IsZero() }

// ContactState is where a relationship stands.
type ContactState string

// The states of a relationship.
const (
	Accepted ContactState = "accepted"
	Knocked  ContactState = "knocked" // they knocked at us
	Waiting  ContactState = "waiting" // we knocked, and wait
	Ended    ContactState = "ended"   // they ended it; what was written is still here
)

// Contact is a person. A Waiting contact has no account id yet: nobody says
// whether there is one.
type Contact struct {
	Account     wire.ID
	Name        string // the name that this person gave; what a ring shows
	Username    string // the account's own name on the server
	State       ContactState
	KeysChanged bool // sending waits until ConfirmKeys
	Verified    bool // the safety number was compared
	CanWrite    bool // the contact's delivery token is here
	Reported    bool // this person found the knock strange, and said so
	Unread      int
	Last        *Message
}

// MessageState is how far a message has come.
type MessageState string

// The states of a message.
const (
	Sending   MessageState = "sending"
	Sent      MessageState = "sent" // on the server's disk
	Delivered MessageState = "delivered"
	Read      MessageState = "read"
	Failed    MessageState = "failed"
	Received  MessageState = "received" // theirs
)

// Message is one text.
type Message struct {
	ID    wire.ID      `json:"id"`
	Mine  bool         `json:"mine,omitempty"`
	Text  string       `json:"text"`
	At    int64        `json:"at"` // Unix ms: mine when sent; theirs as the sender said
	State MessageState `json:"state"`
	Seen  bool         `json:"seen,omitempty"` // theirs, and shown to the person
	Order uint64       `json:"order"`          // in which they came and went on this device
}

// Safety is what two people compare, to know that nobody is between them.
type Safety struct {
	Digits string // 60 digits in groups of five
	QR     string // an SVG document
}

// Notice is a call at this person, or word of letters that waited too long for
// this device and are gone: Count of them, of whom is not known.
type Notice struct {
	Kind     string // "missed", "held_back", "campaign" and "new_account" (held back, of a contact), "answered", "declined" or "expired"
	Account  wire.ID
	Name     string // as the person named the contact, else the account's name
	Media    wire.Media
	At       int64 // Unix ms
	Count    int
	Call     wire.ID // the latest of them; zero for what is no call
	Reported bool    // this person reported that call
}

// Local is what the other end of a call must know of this one's media engine;
// package client/sdp takes it out of the local description.
type Local struct {
	Ufrag       [4]byte
	Password    [24]byte
	Fingerprint [32]byte // SHA-256 of the DTLS certificate
}

// Relay is where the media of one call goes, with the credentials of this leg.
type Relay struct {
	URLs       []string // RFC 7065
	Username   string
	Credential string
}

// EventKind says what happened.
type EventKind string

// The kinds of events, with the fields that are set.
const (
	ConnectionEvent EventKind = "connection" // State
	ContactsEvent   EventKind = "contacts"   // the list of contacts has changed
	MessageEvent    EventKind = "message"    // Account, Message: new, or its state changed
	HeldBackEvent   EventKind = "held_back"  // Notice
	RingEvent       EventKind = "ring"       // Call, Account, Name, Media, TTL
	RingingEvent    EventKind = "ringing"    // Call
	AnsweredEvent   EventKind = "answered"   // to the caller: Call, Relay, Remote
	JoinedEvent     EventKind = "joined"     // to the callee: Call, Remote
	EndedEvent      EventKind = "ended"      // Call, Reason
	SecurityEvent   EventKind = "security"   // Security has changed

	// Within a connected call.
	ReconnectingEvent EventKind = "reconnecting"  // Call, Account: whose connection to the server is lost, ours or theirs
	ReconnectedEvent  EventKind = "reconnected"   // Call: both are there
	RestartAskedEvent EventKind = "restart_asked" // to the callee: Call; Restart is what is asked for
	RestartEvent      EventKind = "restart"       // Call, Remote: the other end's new ICE credentials; the caller answers them with Restart
)

// ConnectionState is how the device stands with its server.
type ConnectionState string

// The states of the connection.
const (
	Online      ConnectionState = "online"
	Offline     ConnectionState = "offline" // it tries again by itself
	SignedOut   ConnectionState = "signed_out"
	OtherWindow ConnectionState = "other_window" // another connection of this device took over
	BuildTooOld ConnectionState = "build_too_old"
)

// Event is something that happened.
type Event struct {
	Kind    EventKind
	State   ConnectionState
	Account wire.ID
	Name    string
	Message Message
	Notice  Notice
	Call    wire.ID
	Media   wire.Media
	TTL     time.Duration
	Relay   Relay
	Remote  call.Parameters
	Reason  call.Reason
}

// Error is an error that a person can act on. It wraps its cause.
type Error struct {
	Code   string // stable, for scripts
	What   string // what was being done
	Why    error  // may be nil
	Hint   string // what to do next
	Status int    // the server's HTTP status, or 0
}

// Error says what happened, why, and what to do.
func (e *Error) Error() string {
	s := e.What
	if e.Why != nil {
		s += ": " + e.Why.Error()
	}
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Why }
