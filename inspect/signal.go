package inspect

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/guard/own"
	"github.com/ringfence/ringfence/wire/sdp"
	"github.com/ringfence/ringfence/wire/sip"
)

// dialog is a call whose signalling can be read.
type dialog struct {
	id                     string
	from, to, print        string
	setup, answered, ended time.Time
	invited                bool           // its INVITE was seen
	status                 int            // of the final answer
	caller                 netip.AddrPort // where its INVITE came from
	frame                  int64
	messages               []Message
	more                   int64 // messages beyond those that are kept
}

// maxDialogs is how many calls are followed.
const maxDialogs = 1 << 16

// dialogs are calls by Call-ID.
type dialogs struct {
	byID    map[string]*dialog
	order   []*dialog
	message sip.Message
	session sdp.Session
}

func (d *dialogs) init() { d.byID = map[string]*dialog{} }

func (in *inspector) sip(f *flow, p *packet, b []byte) {
	in.count(ofSIP, len(b))
	f.kinds |= isSIP
	m := &in.calls.message
	err := m.Parse(b)
	if err != nil {
		in.judge(p, f.key, "sip", b, err, guard.High)
	}
	if in.options.Own != nil {
		in.own(f, p, b)
	}
	// What policy refuses can be read all the same, and the call goes on in the
	// traffic; so far as it could be read.
	d := in.calls.get(m, p)
	if d == nil {
		return
	}
	d.see(m, p)
	d.keep(m, p, err != nil)
	if r := claim(m); r != nil {
		in.judge(p, f.key, "sip", b, r, guard.Low)
	}
	if len(m.Body) > 0 && m.ContentType.Is("application", "sdp") && p.whole {
		in.description(f, p, d, m)
	}
}

// own asks the operator's rules about a message.
func (in *inspector) own(f *flow, p *packet, b []byte) {
	protocol := "udp"
	if f.key.stream {
		protocol = "tcp"
	}
	m, err := own.Of(b, own.Packet{Protocol: protocol, From: p.from.Addr().String(), To: p.to.Addr().String(), FromPort: int64(p.from.Port()), ToPort: int64(p.to.Port()), Size: int64(len(b))})
	if err != nil {
		return // it was refused already
	}
	fired, err := in.options.Own.Judge(m)
	if err != nil {
		in.miss("messages that a rule of the operator could not be asked about: "+err.Error(), p.number, true)
	}
	for _, r := range fired {
		in.object(p, f.key, "sip", b, r)
	}
}

// get returns the call of a message; a call begins with an INVITE.
func (d *dialogs) get(m *sip.Message, p *packet) *dialog {
	if m.CallID == nil || string(m.CSeq.Method) == "REGISTER" {
		return nil
	}
	one := d.byID[string(m.CallID)]
	if one != nil {
		return one
	}
	if string(m.CSeq.Method) != "INVITE" || len(d.order) == maxDialogs {
		return nil
	}
	one = &dialog{id: string(m.CallID), from: name(&m.From), to: name(&m.To), setup: p.at, frame: p.number}
	d.byID[one.id] = one
	d.order = append(d.order, one)
	return one
}

// name is user and host of an address.
func name(a *sip.Address) string {
	if a.URI.User == nil {
		return string(a.URI.Host)
	}
	return string(a.URI.User) + "@" + string(a.URI.Host)
}

// see follows the state of the call, RFC 3261 §13.
func (d *dialog) see(m *sip.Message, p *packet) {
	invite := string(m.CSeq.Method) == "INVITE"
	switch {
	case m.Request() && invite && !d.invited:
		d.invited, d.caller, d.print = true, p.from, Print(m)
	case m.Request() && string(m.Method) == "BYE":
		d.end(p.at)
	case invite && m.Status >= 200 && m.Status < 300 && d.answered.IsZero():
		d.answered, d.status = p.at, m.Status
	case invite && m.Status >= 300 && d.answered.IsZero() && m.Status != 401 && m.Status != 407:
		d.status = m.Status
		d.end(p.at)
	}
}

// maxMessages is how many messages of a call are kept, with what they were.
const maxMessages = 64

// keep remembers a message for the drawing of the call.
func (d *dialog) keep(m *sip.Message, p *packet, bad bool) {
	if len(d.messages) == maxMessages {
		d.more++
		return
	}
	label := string(m.Method)
	if !m.Request() {
		label = strings.TrimSpace(fmt.Sprintf("%d %s", m.Status, sip.Phrase(m.Status)))
	}
	if len(m.Body) > 0 {
		label += " with a description"
	}
	d.messages = append(d.messages, Message{p.at, p.number, p.from.String(), p.to.String(), label, false, bad})
}

func (d *dialog) end(at time.Time) {
	if d.ended.IsZero() {
		d.ended = at
	}
}

// description learns where the media of a call comes to.
func (in *inspector) description(f *flow, p *packet, d *dialog, m *sip.Message) {
	in.count(ofSDP, len(m.Body))
	s := &in.calls.session
	if err := s.Parse(m.Body); err != nil {
		body := *p
		body.payload = m.Body
		if body.offset >= 0 {
			body.offset += offset(p.payload, m.Body)
		}
		in.judge(&body, f.key, "sdp", m.Body, err, guard.High)
	}
	callee := m.Request() != (p.from == d.caller)
	if !m.Request() {
		callee = p.to == d.caller || p.from != d.caller
	}
	for i := range s.Media {
		one := &s.Media[i]
		at := one.Connection
		if !at.IsValid() {
			at = s.Connection
		}
		if one.Port == 0 || !at.IsValid() || !one.Protocol.RTP() || len(in.flows.announced) >= 4*maxDialogs {
			continue
		}
		a := announcement{d, callee, one.Protocol == sdp.AVP || one.Protocol == sdp.AVPF}
		control := one.RTCP
		if control == 0 {
			control = one.Port + 1
		}
		in.flows.announced[netip.AddrPortFrom(at, one.Port)] = a
		in.flows.announced[netip.AddrPortFrom(at, control)] = a
	}
}
