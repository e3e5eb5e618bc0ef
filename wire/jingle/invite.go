package jingle

const nsInvites = "urn:xmpp:call-invites:0" // XEP-0482

// Invite is an invitation to a call, or what becomes of one, XEP-0482 §2.
type Invite struct {
	Step         Step
	ID           string // of the message that invited; "" with invite itself
	Audio, Video bool   // with invite; sound is the default
	SID          string // the session to join, with invite and accept
	JID          string // who starts it; "" stands for the sender
}

// inviteParts are what an invitation or its acceptance may have. Deviates from
// XEP-0482 §2.1: a link to a call elsewhere is dropped, since a caller would
// choose what the callee's program opens.
var inviteParts = children[Invite]{
	{nsInvites, "jingle"}:   readJoin,
	{nsInvites, "external"}: func(r *reader, e *element, _ *Invite) { r.dropElement(e) },
}

func init() {
	specifications[nsInvites] = "XEP-0482 §2"
	for _, step := range []Step{Accept, Invited, Left, Reject, Retract} {
		messagePayloads[name{nsInvites, string(step)}] = readInvite
	}
}

func readInvite(r *reader, e *element, s *Stanza) {
	r.alone(e, s)
	f, v := r.fields(e), &Invite{Step: Step(e.local)}
	if v.Step == Invited {
		v.Audio, v.Video = f.flag("audio", true), f.flag("video", false)
	} else {
		f.must("id")
		v.ID = f.text("id", id)
	}
	f.end()
	joins := v.Step == Invited || v.Step == Accept
	var parts children[Invite]
	if joins {
		parts = inviteParts
	}
	walk(r, e, v, parts)
	if joins && v.SID == "" {
		r.stop(decline("R3", e.at, 0, f.clause, "no way to join the call that we pass"))
	}
	s.Invite = v
}

func readJoin(r *reader, e *element, v *Invite) {
	r.once(e, false)
	f := r.fields(e)
	f.must("sid")
	v.SID, v.JID = f.text("sid", session), f.text("jid", jid)
	f.end()
	walk[struct{}](r, e, nil, nil)
}

func (v *Invite) write(w *writer) {
	w.start(nsInvites, string(v.Step))
	if v.Step == Invited && !v.Audio {
		w.attribute("audio", "false")
	}
	w.attribute("id", v.ID)
	if v.Video {
		w.attribute("video", "true")
	}
	if v.SID != "" {
		w.start(nsInvites, "jingle")
		w.attribute("jid", v.JID)
		w.attribute("sid", v.SID)
		w.end()
	}
	w.end()
}
