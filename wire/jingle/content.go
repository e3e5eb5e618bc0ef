package jingle

// Party is one of the two sides of a session, XEP-0166 §7.3.
type Party string

// The parties. A direction may also be of both or of none.
const (
	Initiator Party = "initiator"
	Responder Party = "responder"
	Both      Party = "both"
	Neither   Party = "none"
)

var (
	creators     = []Party{Initiator, Responder}
	senders      = []Party{Both, Initiator, Neither, Responder}
	dispositions = []string{"session"} // RFC 3261 §20.11 has more; early media is nothing that we pass
	contentParts = children[Content]{}

	// negotiable are the elements that say what a content is and how it is
	// carried. To drop one would change what is agreed on.
	negotiable = map[string]string{
		"description": "an application that is not RTP",
		"transport":   "a transport that is neither ICE-UDP nor raw UDP",
		"security":    "a security precondition that we do not know",
	}
)

// Content is one stream of a session, XEP-0166 §7.3.
type Content struct {
	Creator     Party
	Name        string
	Senders     Party  // "" stands for both
	Disposition string // "" stands for session

	Description *Description
	ICE         *ICE // at most one of ICE and Raw
	Raw         *Raw
}

func init() { sessionParts[name{nsJingle, "content"}] = readContent }

func readContent(r *reader, e *element, j *Jingle) {
	r.full(e, len(j.Contents), maxContents)
	f := r.fields(e)
	f.clause = "XEP-0166 §7.3"
	f.must("creator", "name")
	c := Content{
		Creator:     enum(f, "creator", creators),
		Name:        f.text("name", label),
		Senders:     enum(f, "senders", senders),
		Disposition: among(f, "disposition", dispositions),
	}
	f.end()
	for _, other := range j.Contents {
		if other.Creator == c.Creator && other.Name == c.Name {
			r.stop(refuse("R17", e.at, e.end-e.at, f.clause, "a second content of the same name"))
		}
	}
	for _, part := range e.children {
		what, ok := negotiable[part.local]
		if _, ours := contentParts[part.name]; ok && !ours {
			r.stop(decline("R3", part.at, part.end-part.at, f.clause, what))
		}
	}
	walk(r, e, &c, contentParts)
	c.demanded(r, e, j.Action)
	j.Contents = append(j.Contents, c)
}

// demanded refuses a content that does not have what its action is about, or
// has more.
func (c *Content) demanded(r *reader, e *element, a Action) {
	const clause = "XEP-0166 §7.2"
	d := demands[a]
	described, carried := c.Description != nil, c.ICE != nil || c.Raw != nil
	switch {
	case d.contents == mustNot,
		d.description == mustNot && described,
		d.transport == mustNot && carried:
		r.stop(decline("R3", e.at, e.end-e.at, clause, "a content with more than its action is about"))
	case d.description == must && !described:
		r.stop(decline("R3", e.at, 0, clause, "a content without a description"))
	case d.transport == must && !carried:
		r.stop(decline("R3", e.at, 0, clause, "a content without a transport"))
	case a == ContentModify && c.Senders == "":
		r.missing(e, "XEP-0166 §7.2.3", "no attribute senders, which is all that the action changes")
	}
}

func (c *Content) write(w *writer) {
	w.start(nsJingle, "content")
	w.attribute("creator", string(c.Creator))
	w.attribute("disposition", c.Disposition)
	w.attribute("name", c.Name)
	w.attribute("senders", string(c.Senders))
	if c.Description != nil {
		c.Description.write(w)
	}
	if c.ICE != nil {
		c.ICE.write(w)
	}
	if c.Raw != nil {
		c.Raw.write(w)
	}
	w.end()
}
