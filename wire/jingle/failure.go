package jingle

// Namespaces of errors, RFC 6120 §8.3.3 and XEP-0166.
const (
	nsStanzas = "urn:ietf:params:xml:ns:xmpp-stanzas"
	nsErrors  = "urn:xmpp:jingle:errors:1"
)

// FailureType says what may help, RFC 6120 §8.3.2.
type FailureType string

// The types of failure.
const (
	Auth     FailureType = "auth"
	Cancel   FailureType = "cancel"
	Continue FailureType = "continue"
	Modify   FailureType = "modify"
	Wait     FailureType = "wait"
)

// Failure is the error that a stanza of type error carries, RFC 6120 §8.3.
type Failure struct {
	Type      FailureType
	By        string // JID of who found it
	Condition string // RFC 6120 §8.3.3
	Jingle    string // XEP-0166, e.g. tie-break; "" where it says nothing more
	Text      string
}

var (
	failureTypes = []FailureType{Auth, Cancel, Continue, Modify, Wait}

	// conditions are those of RFC 6120 §8.3.3 in its order.
	conditions = []string{
		"bad-request", "conflict", "feature-not-implemented", "forbidden", "gone", "internal-server-error",
		"item-not-found", "jid-malformed", "not-acceptable", "not-allowed", "not-authorized", "policy-violation",
		"recipient-unavailable", "redirect", "registration-required", "remote-server-not-found",
		"remote-server-timeout", "resource-constraint", "service-unavailable", "subscription-required",
		"undefined-condition", "unexpected-request",
	}

	// jingleConditions are those of XEP-0166.
	jingleConditions = []string{"out-of-order", "security-required", "tie-break", "unknown-session", "unsupported-info"}

	failureParts = children[Failure]{}
)

func init() {
	specifications[nsStanzas] = "RFC 6120 §8.3.3"
	specifications[nsErrors] = "XEP-0166"
	for _, c := range conditions {
		failureParts[name{nsStanzas, c}] = readCondition
	}
	for _, c := range jingleConditions {
		failureParts[name{nsErrors, c}] = readJingleCondition
	}
	failureParts[name{nsStanzas, "text"}] = func(r *reader, e *element, f *Failure) {
		r.once(e, false)
		r.fields(e).end()
		f.Text, _ = r.content(e, sentence)
	}
}

// readError reads a stanza of type error. It may carry what it answers to
// (RFC 6120 §8.3.1), of which nothing is kept.
func readError(r *reader, e *element, s *Stanza) {
	r.textless(e)
	for _, c := range e.children {
		switch {
		case c.name != name{e.space, "error"}:
			r.dropElement(c)
		case s.Failure != nil:
			r.stop(refuse("R17", c.at, c.end-c.at, "RFC 6120 §8.3.1", "a second error"))
		default:
			s.Failure = readFailure(r, c)
		}
	}
	if s.Failure == nil {
		r.missing(e, "RFC 6120 §8.3.1", "no error in a stanza of type error")
	}
}

func readFailure(r *reader, e *element) *Failure {
	f := r.fields(e)
	f.clause = "RFC 6120 §8.3.2"
	f.must("type")
	v := &Failure{Type: enum(f, "type", failureTypes), By: f.text("by", jid)}
	f.end()
	walk(r, e, v, failureParts)
	if v.Condition == "" {
		r.missing(e, f.clause, "no condition")
	}
	return v
}

// readCondition reads a condition. Deviates from RFC 6120 §8.3.3.5 and
// §8.3.3.14: gone and redirect may name another address; where a call goes is
// not for the other side to say.
func readCondition(r *reader, e *element, v *Failure) {
	r.once(e, v.Condition != "")
	r.bare(e)
	v.Condition = e.local
}

func readJingleCondition(r *reader, e *element, v *Failure) {
	r.once(e, v.Jingle != "")
	r.bare(e)
	v.Jingle = e.local
}

func (v *Failure) write(w *writer, space string) {
	w.start(space, "error")
	w.attribute("by", v.By)
	w.attribute("type", string(v.Type))
	w.bare(nsStanzas, v.Condition)
	if v.Text != "" {
		w.start(nsStanzas, "text")
		w.text(v.Text)
		w.end()
	}
	if v.Jingle != "" {
		w.bare(nsErrors, v.Jingle)
	}
	w.end()
}
