package jingle

// messagePayloads are what a message may carry. The files of the payloads fill
// it.
var messagePayloads = children[Stanza]{}

// messageTypes are those of RFC 6121 §5.2.2. Deviates from it, which takes an
// unknown type for normal.
var messageTypes = []Type{Chat, Error, GroupChat, Headline, Normal}

// written are the parts of a message that people write, RFC 6121 §5.2. Beside
// a call they are dropped: no parser of the callee is to see them.
var written = map[string]bool{"body": true, "subject": true, "thread": true}

func init() { kinds[string(Message)] = readMessage }

// readMessage reads a message, RFC 6121 §5.2.
func readMessage(r *reader, e *element, s *Stanza) {
	f := r.fields(e)
	f.clause = "RFC 6121 §5.2"
	s.Type = among(f, "type", messageTypes)
	s.addresses(f)
	f.end()
	if s.Type == Error {
		readError(r, e, s)
		return
	}
	r.textless(e)
	for _, c := range e.children {
		read, ok := messagePayloads[c.name]
		switch {
		case r.err != nil:
			return
		case ok:
			read(r, c, s)
		case c.space == e.space && written[c.local]:
			r.dropElement(c)
		default:
			r.unknown(c, e.space)
		}
	}
	if !s.holds() {
		r.stop(decline("R3", e.at, e.end-e.at, f.clause, "a message that sets up no call"))
	}
}

// alone refuses a second payload of a message: what reads the first one only
// and what reads the last one only would see two different calls.
func (r *reader) alone(e *element, s *Stanza) {
	if s.holds() {
		r.stop(decline("R17", e.at, e.end-e.at, clause(e), "a second step of a call in one message"))
	}
}
