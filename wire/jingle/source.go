package jingle

const nsSources = "urn:xmpp:jingle:apps:rtp:ssma:0" // XEP-0339

const (
	maxSources      = 32
	maxSourceGroups = 16
)

// Source is one source of a stream, XEP-0339.
type Source struct {
	SSRC       uint32
	Parameters []Parameter // RFC 5576 §6, e.g. cname
}

// SourceGroup puts sources together, XEP-0339.
type SourceGroup struct {
	Semantics string // RFC 5576 §4.2
	SSRCs     []uint32
}

var (
	sourceSemantics  = []string{"DUP", "FEC", "FEC-FR", "FID", "SIM"}
	sourceParts      = children[Source]{}
	sourceGroupParts = children[SourceGroup]{}
)

func init() {
	specifications[nsSources] = "XEP-0339"
	descriptionBits[name{nsSources, "source"}] = readSource
	descriptionBits[name{nsSources, "ssrc-group"}] = readSourceGroup
	sourceParts[name{nsSources, "parameter"}] = func(r *reader, e *element, s *Source) {
		readParameter(r, e, &s.Parameters, "name")
	}
	sourceGroupParts[name{nsSources, "source"}] = func(r *reader, e *element, g *SourceGroup) {
		r.full(e, len(g.SSRCs), maxSources)
		f := r.fields(e)
		f.must("ssrc")
		g.SSRCs = append(g.SSRCs, f.ssrc())
		f.end()
		walk[struct{}](r, e, nil, nil)
	}
}

func readSource(r *reader, e *element, d *Description) {
	r.full(e, len(d.Sources), maxSources)
	f := r.fields(e)
	f.must("ssrc")
	s := Source{SSRC: f.ssrc()}
	f.end()
	for _, other := range d.Sources {
		if other.SSRC == s.SSRC {
			r.stop(decline("R17", e.at, e.end-e.at, f.clause, "a second source of the same number"))
		}
	}
	walk(r, e, &s, sourceParts)
	d.Sources = append(d.Sources, s)
}

func readSourceGroup(r *reader, e *element, d *Description) {
	r.full(e, len(d.Groups), maxSourceGroups)
	f := r.fields(e)
	f.must("semantics")
	g := SourceGroup{Semantics: among(f, "semantics", sourceSemantics)}
	f.end()
	walk(r, e, &g, sourceGroupParts)
	d.Groups = append(d.Groups, g)
}

func (s Source) write(w *writer) {
	w.start(nsSources, "source")
	w.number("ssrc", uint64(s.SSRC))
	w.parameters(nsSources, s.Parameters)
	w.end()
}

func (g SourceGroup) write(w *writer) {
	w.start(nsSources, "ssrc-group")
	w.attribute("semantics", g.Semantics)
	for _, v := range g.SSRCs {
		w.start(nsSources, "source")
		w.number("ssrc", uint64(v))
		w.end()
	}
	w.end()
}
