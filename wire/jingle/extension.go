package jingle

const nsExtensions = "urn:xmpp:jingle:apps:rtp:rtp-hdrext:0" // XEP-0294

const maxExtensions = 32

// HeaderExtension is what a header of RTP may carry more, XEP-0294.
type HeaderExtension struct {
	ID         uint16 // 1-256, or 4096-4351 for one that still has to be chosen
	URI        string
	Senders    Party // "" stands for both
	Parameters []Parameter
}

var extensionParts = children[HeaderExtension]{}

func init() {
	specifications[nsExtensions] = "XEP-0294"
	descriptionBits[name{nsExtensions, "rtp-hdrext"}] = readExtension
	descriptionBits[name{nsExtensions, "extmap-allow-mixed"}] = func(r *reader, e *element, d *Description) {
		r.once(e, false)
		r.bare(e)
		d.Mixed = true
	}
	extensionParts[name{nsExtensions, "parameter"}] = func(r *reader, e *element, x *HeaderExtension) {
		readParameter(r, e, &x.Parameters, "name")
	}
}

func readExtension(r *reader, e *element, d *Description) {
	r.full(e, len(d.Extensions), maxExtensions)
	f := r.fields(e)
	f.must("id", "uri")
	n, _ := f.number("id", limits{1, 4351, 4351})
	x := HeaderExtension{ID: uint16(n), URI: f.text("uri", uri), Senders: enum(f, "senders", senders)}
	if n > 256 && n < 4096 {
		r.stop(refuse("R7", e.at, e.end-e.at, f.clause, "an id between those that there are"))
	}
	f.end()
	walk(r, e, &x, extensionParts)
	d.Extensions = append(d.Extensions, x)
}

func (x HeaderExtension) write(w *writer) {
	w.start(nsExtensions, "rtp-hdrext")
	w.number("id", uint64(x.ID))
	w.attribute("senders", string(x.Senders))
	w.attribute("uri", x.URI)
	w.parameters(nsExtensions, x.Parameters)
	w.end()
}
