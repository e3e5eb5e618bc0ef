package turnguard

import (
	"crypto/sha256"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/stun"
)

const (
	second            = time.Second
	minute            = time.Minute
	reportsPerSecond  = 200 // verdicts of a shard; all is counted
	findingsPerSecond = 20  // packets of one allocation that are looked at closer
)

// Account is how a user stands in verdicts: not by the name, which may say more
// than the evidence needs.
func Account(user string) (id wire.ID) {
	sum := sha256.Sum256([]byte(user))
	copy(id[:], sum[:])
	return id
}

// refuse makes a verdict of a refusal.
func (h *shard) refuse(kind guard.Kind, b []byte, o *origin, rule, clause, reason string) {
	h.counters.Refused++
	h.judge(h.server.guard, kind, b, o, &wire.Refusal{Rule: rule, Length: len(b), Clause: clause, Reason: reason})
}

// unreadable is what was refused before it was understood. It is not answered.
func (h *shard) unreadable(b []byte, o *origin, refusal *wire.Refusal) {
	h.counters.Refused++
	if o.allocation == nil {
		h.strangers.of(o.at.ip, h.now).came(len(b))
	}
	h.judge(h.server.guard, guard.Allocate, b, o, refusal)
}

// unproven is a request with a credential that is not right.
func (h *shard) unproven(m stun.Message, o *origin, reason string) {
	h.refuse(guard.Allocate, m.Raw, o, "R20", "RFC 8489 §9.2.4", reason)
}

// overspent is what goes beyond a budget. Of an allocation it is told once a
// second.
func (h *shard) overspent(b []byte, o *origin, reason string) {
	h.counters.Overspent++
	if a := o.allocation; a != nil {
		if h.now-a.reported < int64(second) {
			return
		}
		a.reported = h.now
	}
	h.judge(h.server.guard, guard.Packet, b, o, &wire.Refusal{Rule: "R13", Length: len(b), Clause: "docs/turn.md, Budgets", Reason: reason})
}

// judge hands a refusal to the guard, unless there are too many of them to look at.
func (h *shard) judge(set *guard.Set, kind guard.Kind, b []byte, o *origin, refusal *wire.Refusal) {
	if !h.reports.draw(1, reportsPerSecond, second, h.now) {
		return
	}
	ev := &guard.Event{Kind: kind, At: time.Unix(0, h.now), Addr: o.at.addrPort(), Bytes: b, Refusal: refusal, Answered: true, Authentic: true, Secured: true}
	if o.allocation != nil {
		ev.Account = o.allocation.account
	}
	set.Judge(ev)
}
