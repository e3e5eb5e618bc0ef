package sipguard

import (
	"strings"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/guard/own"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/sip"
)

// permitted asks the operator's rules about a message that ours let through. One to
// which they object goes no further: a request is answered with 403, unless the rule
// says that it is dropped. A rule that cannot be asked, because it costs too much
// about this message, objects.
func (g *Guard) permitted(b []byte, m *sip.Message, f *flow) bool {
	rules := g.config.Own.Set()
	if len(rules.Rules()) == 0 {
		return true
	}
	said, err := own.Of(b, own.Packet{
		Protocol: strings.ToLower(f.transport), From: f.remote.Addr().String(), To: f.self.Addr().String(), FromPort: int64(f.remote.Port()), ToPort: int64(f.self.Port()), Size: int64(len(b)),
	})
	if err != nil {
		return true // its description breaks the grammar, and goes no further anyway
	}
	fired, err := rules.Judge(said)
	if err != nil {
		r := &wire.Refusal{Rule: "R22", Length: len(b), Clause: "a rule of the operator", Reason: "it could not be asked: " + err.Error(), Policy: true}
		g.judge(guard.Event{Kind: guard.Message, Bytes: evidence(b), Refusal: r}, f)
	}
	answer := err != nil
	for _, r := range fired {
		ev := guard.Event{Kind: guard.Message, At: g.config.Now(), Addr: f.remote, Bytes: evidence(b)}
		g.set.Object(&ev, r.ID, r.Title, r.Action, r.Severity)
		g.count.refused.Add(1)
		answer = answer || r.Action != guard.Drop
	}
	if answer && m.Request() && string(m.Method) != "ACK" {
		g.tell(reply(m, 403, f, token()), len(b), f)
	}
	return err == nil && len(fired) == 0
}
