package jingle

const nsRTP = "urn:xmpp:jingle:apps:rtp:1" // XEP-0167

const (
	maxPayloadTypes = 64
	maxParameters   = 32
	maxBandwidth    = 10_000_000 // kilobits, or bits with TIAS
)

// Media is what a content carries, XEP-0167 §4.
type Media string

// The media. Deviates from XEP-0167 §4, which takes any registered one: a call
// has sound and pictures.
const (
	Audio Media = "audio"
	Video Media = "video"
)

var (
	media           = []Media{Audio, Video}
	bandwidths      = []string{"AS", "CT", "RR", "RS", "TIAS"} // RFC 8866 §5.8, RFC 3556, RFC 3890
	descriptionBits = children[Description]{}
)

// Description is a stream of RTP, XEP-0167 §4.
type Description struct {
	Media        Media
	SSRC         uint32 // 0 where there is none
	PayloadTypes []PayloadType
	Bandwidth    *Bandwidth
	RTCPMux      bool

	Feedback   Feedback          // of all payload types, XEP-0293
	Extensions []HeaderExtension // XEP-0294
	Mixed      bool              // header extensions of both sizes, XEP-0294
	Groups     []SourceGroup     // XEP-0339
	Sources    []Source          // XEP-0339
}

// Bandwidth is a limit, XEP-0167 §4.
type Bandwidth struct {
	Type  string // RFC 8866 §5.8
	Value uint32
}

func init() {
	specifications[nsRTP] = "XEP-0167 §4"
	contentParts[name{nsRTP, "description"}] = readDescription
	descriptionBits[name{nsRTP, "bandwidth"}] = readBandwidth
	descriptionBits[name{nsRTP, "encryption"}] = func(r *reader, e *element, _ *Description) {
		// Deviates from XEP-0167 §7: keys in the stanza are keys for every
		// server on its way. RFC 8827 §6.5 says the same of browsers.
		r.stop(decline("R16", e.at, e.end-e.at, "XEP-0167 §7", "keys of SDES: they belong into DTLS"))
	}
	descriptionBits[name{nsRTP, "rtcp-mux"}] = func(r *reader, e *element, d *Description) {
		r.once(e, false)
		r.bare(e)
		d.RTCPMux = true
	}
}

func readDescription(r *reader, e *element, c *Content) {
	r.once(e, false)
	f, d := r.fields(e), &Description{}
	f.must("media")
	d.Media = among(f, "media", media)
	d.SSRC = f.ssrc()
	f.end()
	walk(r, e, d, descriptionBits)
	c.Description = d
}

// ssrc reads a synchronisation source, RFC 3550 §3. Zero stands for none.
func (f *fields) ssrc() uint32 {
	v, _ := f.number("ssrc", limits{1, 1<<32 - 1, 1<<32 - 1})
	return uint32(v)
}

func readBandwidth(r *reader, e *element, d *Description) {
	r.once(e, false)
	f, b := r.fields(e), &Bandwidth{}
	f.must("type")
	b.Type = among(f, "type", bandwidths)
	f.end()
	text, at := r.content(e, phrase)
	b.Value = uint32(limits{0, maxBandwidth, 1<<64 - 1}.parse(r, text, at, f.clause))
	d.Bandwidth = b
}

func (d *Description) write(w *writer) {
	w.start(nsRTP, "description")
	w.attribute("media", string(d.Media))
	w.number("ssrc", uint64(d.SSRC))
	for _, p := range d.PayloadTypes {
		p.write(w)
	}
	d.Feedback.write(w)
	if d.Bandwidth != nil {
		w.start(nsRTP, "bandwidth")
		w.attribute("type", d.Bandwidth.Type)
		w.integer(uint64(d.Bandwidth.Value))
		w.end()
	}
	if d.RTCPMux {
		w.bare(nsRTP, "rtcp-mux")
	}
	for _, x := range d.Extensions {
		x.write(w)
	}
	if d.Mixed {
		w.bare(nsExtensions, "extmap-allow-mixed")
	}
	for _, g := range d.Groups {
		g.write(w)
	}
	for _, s := range d.Sources {
		s.write(w)
	}
	w.end()
}
