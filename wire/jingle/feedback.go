package jingle

const nsFeedback = "urn:xmpp:jingle:apps:rtp:rtcp-fb:0" // XEP-0293

const (
	maxFeedback = 16
	maxInterval = 60_000 // milliseconds between two reports
)

// Feedback is what RTCP may report beyond its rule, XEP-0293.
type Feedback struct {
	Kinds    []FeedbackKind
	Interval *uint32 // trr-int in milliseconds, nil where it is absent
}

// FeedbackKind is one kind of report, e.g. nack pli, XEP-0293.
type FeedbackKind struct {
	Type       string
	Subtype    string
	Parameters []Parameter
}

var feedbackParts = children[FeedbackKind]{}

func init() {
	specifications[nsFeedback] = "XEP-0293"
	kind, interval := name{nsFeedback, "rtcp-fb"}, name{nsFeedback, "rtcp-fb-trr-int"}
	descriptionBits[kind] = func(r *reader, e *element, d *Description) { readFeedbackKind(r, e, &d.Feedback) }
	descriptionBits[interval] = func(r *reader, e *element, d *Description) { readInterval(r, e, &d.Feedback) }
	payloadParts[kind] = func(r *reader, e *element, p *PayloadType) { readFeedbackKind(r, e, &p.Feedback) }
	payloadParts[interval] = func(r *reader, e *element, p *PayloadType) { readInterval(r, e, &p.Feedback) }
	feedbackParts[name{nsFeedback, "parameter"}] = func(r *reader, e *element, k *FeedbackKind) {
		readParameter(r, e, &k.Parameters, "name")
	}
}

func readFeedbackKind(r *reader, e *element, v *Feedback) {
	r.full(e, len(v.Kinds), maxFeedback)
	f := r.fields(e)
	f.must("type")
	k := FeedbackKind{Type: f.text("type", label), Subtype: f.text("subtype", label)}
	f.end()
	walk(r, e, &k, feedbackParts)
	v.Kinds = append(v.Kinds, k)
}

func readInterval(r *reader, e *element, v *Feedback) {
	r.once(e, false)
	f := r.fields(e)
	f.must("value")
	n, _ := f.number("value", limits{0, maxInterval, 1<<32 - 1})
	f.end()
	walk[struct{}](r, e, nil, nil)
	v.Interval = new(uint32(n))
}

func (v Feedback) write(w *writer) {
	for _, k := range v.Kinds {
		w.start(nsFeedback, "rtcp-fb")
		w.attribute("subtype", k.Subtype)
		w.attribute("type", k.Type)
		w.parameters(nsFeedback, k.Parameters)
		w.end()
	}
	if v.Interval != nil {
		w.start(nsFeedback, "rtcp-fb-trr-int")
		w.digits("value", uint64(*v.Interval))
		w.end()
	}
}
