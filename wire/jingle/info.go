package jingle

const nsRTPInfo = "urn:xmpp:jingle:apps:rtp:info:1" // XEP-0167 §8

// InfoKind says what happens to a call that goes on, XEP-0167 §8.
type InfoKind string

// The kinds of information.
const (
	InfoActive  InfoKind = "active"
	InfoHold    InfoKind = "hold"
	InfoMute    InfoKind = "mute"
	InfoRinging InfoKind = "ringing"
	InfoUnhold  InfoKind = "unhold"
	InfoUnmute  InfoKind = "unmute"
)

// Info is what a session-info says.
type Info struct {
	Kind    InfoKind
	Creator Party  // of the content, with mute and unmute only
	Name    string // of the content; "" stands for all of them
}

func init() {
	specifications[nsRTPInfo] = "XEP-0167 §8"
	for _, k := range []InfoKind{InfoActive, InfoHold, InfoMute, InfoRinging, InfoUnhold, InfoUnmute} {
		sessionParts[name{nsRTPInfo, string(k)}] = readInfo
	}
}

func readInfo(r *reader, e *element, j *Jingle) {
	r.once(e, j.Info != nil)
	if j.Action != SessionInfo {
		r.stop(refuse("R3", e.at, e.end-e.at, specifications[nsRTPInfo], "information in an action that is not session-info"))
	}
	f, v := r.fields(e), &Info{Kind: InfoKind(e.local)}
	if v.Kind == InfoMute || v.Kind == InfoUnmute { // XEP-0167 §8.3
		v.Creator, v.Name = enum(f, "creator", creators), f.text("name", label)
	}
	f.end()
	walk[struct{}](r, e, nil, nil)
	j.Info = v
}

func (v *Info) write(w *writer) {
	w.start(nsRTPInfo, string(v.Kind))
	w.attribute("creator", string(v.Creator))
	w.attribute("name", v.Name)
	w.end()
}
