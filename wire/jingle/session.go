package jingle

import (
	"maps"
	"slices"
)

const nsJingle = "urn:xmpp:jingle:1" // XEP-0166

const (
	maxContents = 8
	maxGroups   = 4
)

// Action is what a stanza does to a session, XEP-0166 §7.2.
type Action string

// The actions.
const (
	ContentAccept    Action = "content-accept"
	ContentAdd       Action = "content-add"
	ContentModify    Action = "content-modify"
	ContentReject    Action = "content-reject"
	ContentRemove    Action = "content-remove"
	DescriptionInfo  Action = "description-info"
	SecurityInfo     Action = "security-info"
	SessionAccept    Action = "session-accept"
	SessionInfo      Action = "session-info"
	SessionInitiate  Action = "session-initiate"
	SessionTerminate Action = "session-terminate"
	TransportAccept  Action = "transport-accept"
	TransportInfo    Action = "transport-info"
	TransportReject  Action = "transport-reject"
	TransportReplace Action = "transport-replace"
)

// presence says whether something stands in a stanza of an action.
type presence byte

const (
	may presence = iota
	must
	mustNot
)

// demand is what an action needs: contents, and in each of them a description
// and a transport.
type demand struct{ contents, description, transport presence }

// demands are the actions. XEP-0166 §7.2 says what each of them is about; that
// nothing else comes with it is ours: a candidate in a description, or a codec
// beside a candidate, has been a way into a call before its answer.
var demands = map[Action]demand{
	ContentAccept:    {must, must, must},
	ContentAdd:       {must, must, must},
	ContentModify:    {must, mustNot, mustNot},
	ContentReject:    {must, may, may},
	ContentRemove:    {must, may, may},
	DescriptionInfo:  {must, must, mustNot}, // XEP-0167 §9
	SecurityInfo:     {may, mustNot, mustNot},
	SessionAccept:    {must, must, must},
	SessionInfo:      {mustNot, mustNot, mustNot},
	SessionInitiate:  {must, must, must},
	SessionTerminate: {mustNot, mustNot, mustNot},
	TransportAccept:  {must, mustNot, must},
	TransportInfo:    {must, mustNot, must},
	TransportReject:  {must, mustNot, may},
	TransportReplace: {must, mustNot, must},
}

var (
	actions      = slices.Sorted(maps.Keys(demands))
	sessionParts = children[Jingle]{}
)

// Jingle is one step of a session, XEP-0166 §7.1.
type Jingle struct {
	Action    Action
	SID       string
	Initiator string // JIDs; "" where they are not given
	Responder string

	Contents []Content
	Groups   []Group
	Reason   *Reason
	// Info is nil in a session-info that asks whether the session lives,
	// XEP-0166 §6.8, and in one whose information was dropped.
	Info *Info
}

func init() {
	specifications[nsJingle] = "XEP-0166 §7"
	iqPayloads[name{nsJingle, "jingle"}] = readJingle
	sessionParts[name{nsJingle, "reason"}] = func(r *reader, e *element, j *Jingle) {
		r.once(e, false)
		j.Reason = readReason(r, e)
	}
}

func readJingle(r *reader, e *element, s *Stanza) {
	f := r.fields(e)
	f.clause = "XEP-0166 §7.1"
	f.must("action", "sid")
	j := &Jingle{
		Action:    enum(f, "action", actions),
		SID:       f.text("sid", session),
		Initiator: f.text("initiator", jid),
		Responder: f.text("responder", jid),
	}
	f.end()
	if s.Type != Set {
		r.stop(refuse("R7", e.at, e.end-e.at, f.clause, "a step of a session that is not a request of type set"))
	}
	walk(r, e, j, sessionParts)
	s.Jingle = j
	if len(j.Contents) == 0 && demands[j.Action].contents == must {
		r.stop(decline("R3", e.at, 0, "XEP-0166 §7.2", "no content, and the action is about one"))
	}
	if j.Action == SessionInitiate && !j.grouped() {
		r.stop(decline("R7", e.at, e.end-e.at, "XEP-0338", "a group of contents that are not there"))
	}
}

// grouped tells whether all that is grouped is there.
func (j *Jingle) grouped() bool {
	for _, g := range j.Groups {
		for _, n := range g.Contents {
			if !slices.ContainsFunc(j.Contents, func(c Content) bool { return c.Name == n }) {
				return false
			}
		}
	}
	return true
}

func (j *Jingle) write(w *writer) {
	w.start(nsJingle, "jingle")
	w.attribute("action", string(j.Action))
	w.attribute("initiator", j.Initiator)
	w.attribute("responder", j.Responder)
	w.attribute("sid", j.SID)
	for _, g := range j.Groups {
		g.write(w)
	}
	for _, c := range j.Contents {
		c.write(w)
	}
	if j.Reason != nil {
		j.Reason.write(w)
	}
	if j.Info != nil {
		j.Info.write(w)
	}
	w.end()
}
