package jingle

import "slices"

const nsJMI = "urn:xmpp:jingle-message:0" // XEP-0353

// Step is one step of a call by message, XEP-0353 §3 and XEP-0482 §2.
type Step string

// The steps. Invite and Left are of XEP-0482 only, Propose, Proceed, Ringing
// and Finish of XEP-0353 only.
const (
	Accept  Step = "accept"
	Finish  Step = "finish"
	Invited Step = "invite"
	Left    Step = "left"
	Proceed Step = "proceed"
	Propose Step = "propose"
	Reject  Step = "reject"
	Retract Step = "retract"
	Ringing Step = "ringing"
)

// JMI is a step of a call before its session, XEP-0353.
type JMI struct {
	Step     Step
	ID       string  // the sid of the session to come
	Media    []Media // with propose
	Reason   *Reason // with finish, reject and retract
	TieBreak bool    // with reject and retract
	Migrated string  // with finish: the id of the session that takes over
}

// jmiParts are what a step may have. Deviates from XEP-0353 §3, which demands
// a reason: clients of its versions before 0.7 send none.
var jmiParts = map[Step]children[JMI]{
	Accept: nil, Proceed: nil, Ringing: nil,
	Propose: {},
	Finish:  {{nsJingle, "reason"}: readJMIReason, {nsJMI, "migrated"}: readMigrated},
	Reject:  {{nsJingle, "reason"}: readJMIReason, {nsJMI, "tie-break"}: readTieBreak},
	Retract: {{nsJingle, "reason"}: readJMIReason, {nsJMI, "tie-break"}: readTieBreak},
}

// stepTypes are the types of message that a step may come in. Deviates from
// XEP-0353 §3, which has chat only: other clients leave the type out.
var stepTypes = []Type{Chat, Normal, ""}

func init() {
	specifications[nsJMI] = "XEP-0353 §3"
	for step := range jmiParts {
		messagePayloads[name{nsJMI, string(step)}] = readJMI
	}
	jmiParts[Propose][name{nsRTP, "description"}] = readProposed
}

func readJMI(r *reader, e *element, s *Stanza) {
	r.alone(e, s)
	if !slices.Contains(stepTypes, s.Type) {
		r.stop(refuse("R7", e.at, e.end-e.at, specifications[nsJMI], "a step of a call in a message that is not a chat"))
	}
	f := r.fields(e)
	f.must("id")
	v := &JMI{Step: Step(e.local), ID: f.text("id", session)}
	f.end()
	for _, c := range e.children {
		if v.Step == Propose && c.local == "description" && c.space != nsRTP {
			r.stop(decline("R3", c.at, c.end-c.at, f.clause, negotiable["description"]))
		}
	}
	walk(r, e, v, jmiParts[v.Step])
	if v.Step == Propose && len(v.Media) == 0 {
		r.missing(e, f.clause, "a proposal of nothing")
	}
	s.JMI = v
}

// readProposed reads what a call is to carry. No codec belongs in there.
func readProposed(r *reader, e *element, v *JMI) {
	f := r.fields(e)
	f.must("media")
	m := among(f, "media", media)
	f.end()
	if slices.Contains(v.Media, m) {
		r.stop(refuse("R17", e.at, e.end-e.at, specifications[nsJMI], "the same medium a second time"))
	}
	walk[struct{}](r, e, nil, nil)
	v.Media = append(v.Media, m)
}

func readJMIReason(r *reader, e *element, v *JMI) {
	r.once(e, false)
	v.Reason = readReason(r, e)
}

func readMigrated(r *reader, e *element, v *JMI) {
	r.once(e, false)
	f := r.fields(e)
	f.must("to")
	v.Migrated = f.text("to", session)
	f.end()
	walk[struct{}](r, e, nil, nil)
}

func readTieBreak(r *reader, e *element, v *JMI) {
	r.once(e, false)
	r.bare(e)
	v.TieBreak = true
}

func (v *JMI) write(w *writer) {
	w.start(nsJMI, string(v.Step))
	w.attribute("id", v.ID)
	for _, m := range v.Media {
		w.start(nsRTP, "description")
		w.attribute("media", string(m))
		w.end()
	}
	if v.Reason != nil {
		v.Reason.write(w)
	}
	if v.TieBreak {
		w.bare(nsJMI, "tie-break")
	}
	if v.Migrated != "" {
		w.start(nsJMI, "migrated")
		w.attribute("to", v.Migrated)
		w.end()
	}
	w.end()
}
