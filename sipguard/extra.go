package sipguard

import (
	"bytes"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/ringfence/ringfence/wire/sip"
)

// digits writes an INFO of one pressed key anew, where the operator lets keys
// through: Signal and Duration, and nothing else.
func digits(out, m *sip.Message) int {
	if !m.ContentType.Is("application", "dtmf-relay") {
		return 415
	}
	signal, duration := "", 160
	for line := range bytes.Lines(m.Body) {
		name, value, _ := bytes.Cut(bytes.TrimSpace(line), []byte("="))
		name, value = bytes.TrimSpace(name), bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("Signal")) && len(value) == 1 && bytes.Contains([]byte("0123456789*#ABCD"), value):
			signal = string(value)
		case bytes.EqualFold(name, []byte("Duration")):
			n, err := strconv.Atoi(string(value))
			if err != nil || n < 40 || n > 6000 {
				return 400
			}
			duration = n
		case len(name) > 0:
			return 400
		}
	}
	if signal == "" {
		return 400
	}
	out.ContentType = sip.MediaType{Type: []byte("application"), Subtype: []byte("dtmf-relay")}
	out.Body = []byte("Signal=" + signal + "\r\nDuration=" + number(duration) + "\r\n")
	return 0
}

const maxText = 1300 // bytes of a text message, RFC 3428 §8

// plainText writes a text message anew: letters, signs and line ends.
func plainText(out, m *sip.Message) int {
	if !m.ContentType.Is("text", "plain") {
		return 415
	}
	if len(m.Body) > maxText || !utf8.Valid(m.Body) {
		return 413
	}
	var text []byte
	for _, r := range string(m.Body) {
		if unicode.IsPrint(r) || r == '\n' {
			text = utf8.AppendRune(text, r)
		}
	}
	out.ContentType = sip.MediaType{Type: []byte("text"), Subtype: []byte("plain")}
	out.Body = text
	return 0
}

// message takes a text message outside of a call, where the operator lets them
// through: RFC 3428. It has the budgets of a call.
func (g *Guard) message(t *serverTx) {
	callee, status := g.callee(t)
	if status != 0 {
		g.deny(t, status)
		return
	}
	if !g.mayRing(t, callee, t.req.Body) {
		g.deny(t, 480)
		return
	}
	out := callee.request("MESSAGE")
	out.MaxForwards, out.Contact = max(t.req.MaxForwards-1, 0), nil
	if callee.flow.inside {
		out.Authorization, out.ProxyAuthorization = t.req.Authorization, t.req.ProxyAuthorization
	}
	if status := plainText(out, t.req); status != 0 {
		g.deny(t, status)
		return
	}
	_, ok := g.request(out, callee.flow, func(r *sip.Message) {
		if r != nil && r.Status < 200 {
			return
		}
		m := reply(t.req, 408, t.flow, token())
		if r != nil {
			if m.Status = passable(r.Status, callee.flow.inside); callee.flow.inside && !g.challenge(m, r) {
				m.Status = 403
			}
		}
		t.respond(m)
	})
	if !ok {
		g.deny(t, 480)
	}
}

// transfer writes a REFER, RFC 3515, and the NOTIFYs that say what became of it,
// where the operator lets calls be transferred. Of the target nothing passes but
// who it is; Replaces and whatever else a URI can carry does not.
func (l *leg) transfer(out, m *sip.Message) int {
	if string(m.Method) == "REFER" {
		if m.ReferTo.URI.Zero() || m.ReferTo.URI.Scheme == sip.OtherScheme || len(m.Body) > 0 {
			return 400
		}
		out.ReferTo = sip.Address{URI: bare(m.ReferTo.URI)}
		out.ReferredBy = sip.Address{URI: out.From.URI}
		return 0
	}
	if lower(m.Event.Token) != "refer" || m.SubscriptionState.Token == nil {
		return 489
	}
	out.Event = sip.Value{Token: []byte("refer")}
	state := lower(m.SubscriptionState.Token)
	if state != "active" && state != "pending" && state != "terminated" {
		return 400
	}
	out.SubscriptionState = sip.Value{Token: []byte(state)}
	if len(m.Body) == 0 {
		return 0
	}
	line, _, _ := bytes.Cut(m.Body, []byte("\r\n"))
	if !m.ContentType.Is("message", "sipfrag") || len(line) < 11 || !bytes.HasPrefix(line, []byte("SIP/2.0 ")) {
		return 415
	}
	status, err := strconv.Atoi(string(line[8:11]))
	if err != nil || status < 100 || status > 699 {
		return 400
	}
	status = passable(status, l.flow.inside)
	out.ContentType = sip.MediaType{Type: []byte("message"), Subtype: []byte("sipfrag")}
	out.Body = []byte("SIP/2.0 " + number(status) + " " + sip.Phrase(status) + "\r\n")
	return 0
}
