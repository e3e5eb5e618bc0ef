package jingle

const nsGroup = "urn:xmpp:jingle:apps:grouping:0" // XEP-0338

// Group puts contents together, XEP-0338.
type Group struct {
	Semantics string // RFC 5888 §4: BUNDLE, LS
	Contents  []string
}

var (
	groupSemantics = []string{"BUNDLE", "LS"}
	groupParts     = children[Group]{}
)

func init() {
	specifications[nsGroup] = "XEP-0338"
	sessionParts[name{nsGroup, "group"}] = readGroup
	groupParts[name{nsGroup, "content"}] = func(r *reader, e *element, g *Group) {
		r.full(e, len(g.Contents), maxContents)
		f := r.fields(e)
		f.must("name")
		g.Contents = append(g.Contents, f.text("name", label))
		f.end()
		walk[struct{}](r, e, nil, nil)
	}
}

func readGroup(r *reader, e *element, j *Jingle) {
	r.full(e, len(j.Groups), maxGroups)
	f, g := r.fields(e), Group{}
	f.must("semantics")
	g.Semantics = among(f, "semantics", groupSemantics)
	f.end()
	walk(r, e, &g, groupParts)
	j.Groups = append(j.Groups, g)
}

func (g Group) write(w *writer) {
	w.start(nsGroup, "group")
	w.attribute("semantics", g.Semantics)
	for _, n := range g.Contents {
		w.start(nsGroup, "content")
		w.attribute("name", n)
		w.end()
	}
	w.end()
}
