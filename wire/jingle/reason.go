package jingle

// nsRTPErrors is XEP-0167 §7.
const nsRTPErrors = "urn:xmpp:jingle:apps:rtp:errors:1"

// Reason says why a step was made, XEP-0166 §7.4.
type Reason struct {
	Condition string // e.g. success
	Session   string // sid of another session, with alternative-session only
	RTP       string // crypto-required, invalid-crypto, or "", XEP-0167 §7
	Text      string // what a person may read
}

// The conditions that others than this package look at.
const (
	ReasonAlternative = "alternative-session"
	ReasonBusy        = "busy"
	ReasonCancel      = "cancel"
	ReasonDecline     = "decline"
	ReasonExpired     = "expired"
	ReasonSecurity    = "security-error"
	ReasonSuccess     = "success"
	ReasonTimeout     = "timeout"
)

var (
	// reasons are the conditions of XEP-0166 §7.4.
	reasons = []string{
		ReasonAlternative, ReasonBusy, ReasonCancel, "connectivity-error", ReasonDecline, ReasonExpired,
		"failed-application", "failed-transport", "general-error", "gone", "incompatible-parameters",
		"media-error", ReasonSecurity, ReasonSuccess, ReasonTimeout, "unsupported-applications",
		"unsupported-transports",
	}
	rtpReasons  = []string{"crypto-required", "invalid-crypto"}
	reasonParts = children[Reason]{}
	otherParts  = children[Reason]{
		{nsJingle, "sid"}: func(r *reader, e *element, v *Reason) {
			r.once(e, false)
			r.fields(e).end()
			v.Session, _ = r.content(e, session)
		},
	}
)

func init() {
	specifications[nsRTPErrors] = "XEP-0167 §7"
	for _, c := range reasons {
		reasonParts[name{nsJingle, c}] = readReasonCondition
	}
	for _, c := range rtpReasons {
		reasonParts[name{nsRTPErrors, c}] = func(r *reader, e *element, v *Reason) {
			r.once(e, v.RTP != "")
			r.bare(e)
			v.RTP = e.local
		}
	}
	reasonParts[name{nsJingle, "text"}] = func(r *reader, e *element, v *Reason) {
		r.once(e, false)
		r.fields(e).end()
		v.Text, _ = r.content(e, sentence)
	}
}

func readReason(r *reader, e *element) *Reason {
	v := &Reason{}
	r.fields(e).end()
	walk(r, e, v, reasonParts)
	if v.Condition == "" {
		r.missing(e, "XEP-0166 §7.4", "a reason without a condition")
	}
	return v
}

func readReasonCondition(r *reader, e *element, v *Reason) {
	r.once(e, v.Condition != "")
	r.fields(e).end()
	var parts children[Reason]
	if e.local == ReasonAlternative {
		parts = otherParts
	}
	walk(r, e, v, parts)
	v.Condition = e.local
}

func (v *Reason) write(w *writer) {
	w.start(nsJingle, "reason")
	w.start(nsJingle, v.Condition)
	if v.Session != "" {
		w.start(nsJingle, "sid")
		w.text(v.Session)
		w.end()
	}
	w.end()
	if v.Text != "" {
		w.start(nsJingle, "text")
		w.text(v.Text)
		w.end()
	}
	if v.RTP != "" {
		w.bare(nsRTPErrors, v.RTP)
	}
	w.end()
}
