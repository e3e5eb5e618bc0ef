package jingle

// iqPayloads are what an IQ may carry. The files of the payloads fill it.
var iqPayloads = children[Stanza]{}

// nsDisco is XEP-0030. What a program can do is asked and told elsewhere.
const nsDisco = "http://jabber.org/protocol/disco#info"

var iqTypes = []Type{Get, Set, Result, Error}

func init() { kinds[string(IQ)] = readIQ }

// readIQ reads an IQ, RFC 6120 §8.2.3: a request has one child, a result one
// or none.
func readIQ(r *reader, e *element, s *Stanza) {
	f := r.fields(e)
	f.clause = "RFC 6120 §8.2.3"
	f.must("id", "type")
	s.Type = enum(f, "type", iqTypes)
	s.addresses(f)
	f.end()
	if s.Type == Error {
		readError(r, e, s)
		return
	}
	r.textless(e)
	for _, c := range e.children {
		read, ok := iqPayloads[c.name]
		switch {
		case r.err != nil:
			return
		case s.holds():
			r.stop(refuse("R17", c.at, c.end-c.at, f.clause, "a second request or answer"))
		case c.space == nsDisco:
			r.stop(decline("R3", c.at, c.end-c.at, "XEP-0030", "service discovery, which sets up no call"))
		case !ok:
			r.stop(decline("R3", c.at, c.end-c.at, f.clause, "a request or an answer that sets up no call"))
		default:
			read(r, c, s)
		}
	}
	if s.Type != Result && !s.holds() {
		r.missing(e, f.clause, "a request without anything asked for")
	}
}
