// Package jingle reads and writes the XMPP stanzas that set up calls, strictly.
//
// XMPP carries a call as XML that the caller composes and that servers hand on
// as it came: everything in it reaches the callee's parsers before anybody has
// answered. Where two of these parsers read the same bytes differently, a
// caller could forge what only a server may say (CVE-2022-22784). Here a stanza
// is read with a small XML of one reading only, into a typed model with an
// allow-list, and written again from that model: no byte of the input that the
// model does not have is in the output.
//
// What is read: Jingle (XEP-0166) for RTP (XEP-0167, XEP-0293, XEP-0294,
// XEP-0320, XEP-0338, XEP-0339) over ICE-UDP (XEP-0176) and raw UDP (XEP-0177),
// Jingle Message Initiation (XEP-0353), Call Invites (XEP-0482), External
// Service Discovery (XEP-0215), and the errors of RFC 6120 §8.3.
package jingle

// Kind is the element that a stanza is, RFC 6120 §8.2.
type Kind string

// The kinds that calls are set up with. Presence is not one of them.
const (
	IQ      Kind = "iq"
	Message Kind = "message"
)

// Type is the type of a stanza.
type Type string

// The types of an IQ (RFC 6120 §8.2.3) and of a message (RFC 6121 §5.2.2),
// which may have none. Error belongs to both.
const (
	Get       Type = "get"
	Set       Type = "set"
	Result    Type = "result"
	Error     Type = "error"
	Chat      Type = "chat"
	Normal    Type = "normal"
	Headline  Type = "headline"
	GroupChat Type = "groupchat"
)

// Namespaces of stanzas, RFC 6120 §4.8.2. A stanza that is cut out of its
// stream has none.
const (
	nsClient = "jabber:client"
	nsServer = "jabber:server"
)

// nsHints is XEP-0334 §7.1.
const nsHints = "urn:xmpp:hints"

// Stanza is one stanza. It has one of what can be in it: Jingle, JMI, Invite,
// Services, Failure, or nothing where it is a bare result.
type Stanza struct {
	Kind      Kind
	Namespace string // "", jabber:client or jabber:server
	Type      Type
	ID        string
	From      string // JIDs, RFC 7622; "" where the stream says who it is
	To        string

	Jingle   *Jingle
	JMI      *JMI
	Invite   *Invite
	Services *Services
	Failure  *Failure

	Store bool // the message asks to be kept, XEP-0334 §4.4

	// Dropped are the names of elements, and of attributes behind "/@", that
	// were there and are not in the model. They are not written.
	Dropped []string
}

// kinds reads what a stanza is. The files of the kinds fill it.
var kinds = map[string]func(*reader, *element, *Stanza){}

// Parse reads a stanza that fills b, white space around it excepted. What it
// returns for anything else is a *wire.Refusal.
func Parse(b []byte) (*Stanza, error) {
	e, err := document(b)
	if err != nil {
		return nil, err
	}
	r, s := &reader{}, &Stanza{Kind: Kind(e.local), Namespace: e.space}
	read, ok := kinds[e.local]
	if !ok || e.space != "" && e.space != nsClient && e.space != nsServer {
		return nil, decline("R3", e.at, e.end-e.at, "RFC 6120 §8.2", "a stanza that sets up no call")
	}
	read(r, e, s)
	if r.err != nil {
		return nil, r.err
	}
	s.Dropped = r.dropped
	return s, nil
}

// AppendTo appends the stanza in its one spelling.
func (s *Stanza) AppendTo(b []byte) []byte {
	w := &writer{b: b}
	w.start(s.Namespace, string(s.Kind))
	w.attribute("from", s.From)
	w.attribute("id", s.ID)
	w.attribute("to", s.To)
	w.attribute("type", string(s.Type))
	switch {
	case s.Failure != nil:
		s.Failure.write(w, s.Namespace)
	case s.Jingle != nil:
		s.Jingle.write(w)
	case s.JMI != nil:
		s.JMI.write(w)
	case s.Invite != nil:
		s.Invite.write(w)
	case s.Services != nil:
		s.Services.write(w)
	}
	if s.Store {
		w.bare(nsHints, "store")
	}
	w.end()
	return w.b
}

// String returns the stanza as it is written.
func (s *Stanza) String() string { return string(s.AppendTo(nil)) }

// holds tells whether the stanza has what there may be one of.
func (s *Stanza) holds() bool {
	return s.Jingle != nil || s.JMI != nil || s.Invite != nil || s.Services != nil || s.Failure != nil
}

// addresses reads the attributes that all stanzas have, RFC 6120 §8.1.
func (s *Stanza) addresses(f *fields) {
	s.From, s.To = f.text("from", jid), f.text("to", jid)
	s.ID = f.text("id", id)
}

func init() {
	specifications[nsClient] = "RFC 6120 §8"
	specifications[nsServer] = "RFC 6120 §8"
	messagePayloads[name{nsHints, "store"}] = func(r *reader, e *element, s *Stanza) {
		r.once(e, false)
		r.bare(e)
		s.Store = true
	}
}
