package inspect

import (
	"fmt"
	"net/netip"
	"time"
)

// Call is one that was seen.
type Call struct {
	ID          string     `json:"id"`
	Protocol    string     `json:"protocol"` // sip, webrtc, rtp
	From        string     `json:"from"`
	To          string     `json:"to"`
	Print       string     `json:"print"`   // of the caller's client; "" when it did not show one
	Program     string     `json:"program"` // that is known to have this print; "" when none is
	Setup       time.Time  `json:"setup"`
	Answered    *time.Time `json:"answered"`
	Ended       *time.Time `json:"ended"`
	Before      string     `json:"media_before_answer"` // none, "N bytes", "at least N bytes", unknown
	Frame       int64      `json:"frame"`               // of the first packet
	Media       int64      `json:"media_packets"`
	Explanation string     `json:"explanation"` // of what is said about media before the answer
	Messages    []Message  `json:"messages"`
	More        int64      `json:"more_messages"` // that are not kept
}

// Message is one of a call, or the first packet of its kind in a direction.
type Message struct {
	At    time.Time `json:"at"`
	Frame int64     `json:"frame"`
	From  string    `json:"from"` // address and port
	To    string    `json:"to"`
	Label string    `json:"label"`
	Media bool      `json:"media"`
	Bad   bool      `json:"bad"` // it was objected to
}

// drawn adds the firsts of a flow to the messages of its call.
func (c *Call) drawn(f *flow) {
	for _, m := range f.marks {
		if len(c.Messages) == 2*maxMessages {
			c.More++
			continue
		}
		from, to := f.key.a, f.key.b
		if m.reverse {
			from, to = to, from
		}
		c.Messages = append(c.Messages, Message{m.at, m.frame, from.String(), to.String(), m.label, true, false})
	}
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// all are the calls whose signalling was read.
func (d *dialogs) all(in *inspector) (calls []Call) {
	carried := map[*dialog][]*flow{}
	for f := range in.flows.each {
		if f.dialog != nil {
			carried[f.dialog] = append(carried[f.dialog], f)
		}
	}
	for _, one := range d.order {
		c := Call{Protocol: "sip", From: one.from, To: one.to, Print: one.print, Setup: one.setup, Answered: moment(one.answered), Ended: moment(one.ended), Frame: one.frame, Messages: one.messages, More: one.more}
		c.Before, c.Explanation = one.before(carried[one])
		for _, f := range carried[one] {
			c.Media += f.sides[0].media + f.sides[1].media
			c.drawn(f)
		}
		calls = append(calls, c)
	}
	return calls
}

// before says how much of the caller's media reached the callee before it answered.
func (d *dialog) before(flows []*flow) (bytes, why string) {
	if !d.invited {
		return "unknown", "the beginning of the call is not in the capture"
	}
	n, more := sum(flows, d.answered)
	return told(n, more, d.answered, "RTP and RTCP of the caller, to addresses that the callee has named")
}

// sum adds up what went to the callee before a time, in all flows of a call; and
// whether there may be more than is remembered.
func sum(flows []*flow, answer time.Time) (n int64, more bool) {
	for _, f := range flows {
		early, all := f.before(answer)
		n += early
		more = more || all && f.beyond > 0
	}
	return n, more
}

// told puts it into words.
func told(n int64, more bool, answer time.Time, what string) (bytes, why string) {
	switch {
	case n == 0 && !more:
		return "none", "no " + what + ", before the answer"
	case more:
		return fmt.Sprintf("at least %d bytes", n), "more packets came before the answer than are remembered"
	case answer.IsZero():
		return fmt.Sprintf("%d bytes", n), "the call was not answered"
	}
	return fmt.Sprintf("%d bytes", n), what + ", before the answer"
}

// before is how many bytes went to the callee before a time, and whether all that
// are remembered came before; a time of zero has not come.
func (f *flow) before(answer time.Time) (n int64, all bool) {
	if f.aside {
		return 0, false
	}
	for _, e := range f.early {
		if !answer.IsZero() && !e.at.Before(answer) {
			return n, false
		}
		if e.reverse != f.toCallee { // from a to b, and b is the callee; or the other way round
			n += int64(e.size)
		}
	}
	return n, true
}

// each yields all flows.
func (s *flows) each(yield func(*flow) bool) {
	for _, f := range s.closed {
		if !yield(f) {
			return
		}
	}
	for _, f := range s.open {
		if !yield(f) {
			return
		}
	}
}

// ends are two hosts that talk; all flows between them are one call.
type ends struct {
	a, b     netip.Addr
	protocol string
}

// all are the calls of which only media was seen: nobody can say when somebody
// answered.
func (s *flows) all(in *inspector) (calls []Call) {
	places := map[ends]int{}
	for f := range s.each {
		if f.dialog != nil || f.logged || !f.call() {
			continue
		}
		protocol := "rtp"
		if f.kinds&isDTLS != 0 {
			protocol = "webrtc"
		}
		key := ends{f.key.a.Addr(), f.key.b.Addr(), protocol}
		i, ok := places[key]
		if !ok {
			i = len(calls)
			places[key] = i
			calls = append(calls, Call{Protocol: protocol, From: f.key.a.String(), To: f.key.b.String(), Setup: f.first, Ended: moment(f.last), Frame: f.frame,
				Before: "unknown", Explanation: "the signalling of this call cannot be read, so nobody can say when it was answered"})
		}
		calls[i].add(f)
	}
	return calls
}

// add joins a flow to its call.
func (c *Call) add(f *flow) {
	c.drawn(f)
	c.Media += f.sides[0].media + f.sides[1].media
	if f.first.Before(c.Setup) {
		c.Setup, c.Frame, c.From, c.To = f.first, f.frame, f.key.a.String(), f.key.b.String()
	}
	if c.Ended == nil || f.last.After(*c.Ended) {
		c.Ended = moment(f.last)
	}
	for i := range f.sides {
		if c.Print == "" {
			c.Print = f.sides[i].ja4
		}
	}
}
