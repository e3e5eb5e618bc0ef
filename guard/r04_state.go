package guard

import "fmt"

func init() {
	Register(Rule{
		ID:       "R4",
		Title:    "Each step of a call comes from the right side, in the right state, once.",
		Plain:    "Somebody took a step in a call that was not theirs to take. In Signal, FaceTime and others a caller could answer the call for the person who was called.",
		Stops:    []string{"CVE-2019-17191", "CVE-2019-6223", "Facebook Messenger, sound before the answer (Project Zero, 2020)", "CVE-2021-26906"},
		Sources:  []string{"docs/protocol.md, A call", "https://googleprojectzero.blogspot.com/2021/01/the-state-of-state-machines.html"},
		Seats:    []Seat{Server, Device, Proxy},
		Kinds:    []Kind{Step},
		Severity: High,
		Action:   Refuse,
		Check:    outOfTurn,
	})
}

func outOfTurn(_ *Context, ev *Event) *Finding {
	if _, ok := Next(ev.State, ev.Role, ev.Step); ok {
		return nil
	}
	who, state := string(ev.Role), string(ev.State)
	if ev.Role == Nobody {
		who = "somebody who has no part in it"
	}
	if ev.State == Idle {
		state = "not there"
	}
	return &Finding{
		Length: min(1, len(ev.Bytes)), Clause: "docs/protocol.md, A call",
		Reason: fmt.Sprintf("%s by %s in a call that is %s", ev.Step, who, state),
	}
}
