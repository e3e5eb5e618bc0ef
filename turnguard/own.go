package turnguard

import (
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/guard/own"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/stun"
)

// permitted asks the operator's rules about a request whose credential is right. One
// to which they object is answered with 403, unless the rule says that it is dropped.
// A rule that cannot be asked, because it costs too much, objects. What is relayed is
// never asked about.
func (h *shard) permitted(m stun.Message, o *origin, c *credential) bool {
	rules := h.server.config.Own.Set()
	if len(rules.Rules()) == 0 {
		return true
	}
	from, carrier := o.at.addrPort(), "udp"
	if o.stream != nil {
		carrier = "tcp"
	}
	said, err := own.OfSTUN(m.Raw, own.Packet{Protocol: carrier, From: from.Addr().String(), FromPort: int64(from.Port()), Size: int64(len(m.Raw))})
	var fired []own.Rule
	if err == nil {
		fired, err = rules.Judge(said)
	}
	if err != nil {
		h.judge(h.server.guard, guard.Allocate, m.Raw, o, &wire.Refusal{Rule: "R22", Length: len(m.Raw), Clause: "a rule of the operator", Reason: "it could not be asked: " + err.Error()})
	}
	answer := err != nil
	for _, r := range fired {
		h.counters.Refused++
		if h.reports.draw(1, reportsPerSecond, second, h.now) {
			ev := guard.Event{Kind: guard.Allocate, At: time.Unix(0, h.now), Addr: from, Account: Account(c.user), Bytes: m.Raw}
			h.server.guard.Object(&ev, r.ID, r.Title, r.Action, r.Severity)
		}
		answer = answer || r.Action != guard.Drop
	}
	if answer {
		h.fail(m, o, c, 403, "Forbidden")
	}
	return err == nil && len(fired) == 0
}
