package guard

func init() {
	Register(Rule{
		ID:       "R20",
		Title:    "Every request proves who makes it; a call is offered with the caller's device key and accepted with the callee's.",
		Plain:    "Somebody could not prove to be who they said, or used what belongs to another call or account.",
		Stops:    []string{"CVE-2019-17191", "CVE-2021-37624", "CVE-2025-55177", "CVE-2026-43994"},
		Sources:  []string{"docs/protocol.md, Names and keys", "RFC 8489 §9.2"},
		Seats:    []Seat{Server, Relay},
		Kinds:    []Kind{Offer, Step, HandIn, SignIn, Request, Allocate},
		Severity: Medium,
		Action:   Refuse,
		Check:    unproven,
	})
}

func unproven(_ *Context, ev *Event) *Finding {
	var reason string
	switch {
	case ev.Refusal != nil:
		return nil // it was not even read; another rule says why
	case ev.Kind == Offer && !ev.Signed:
		reason = "the offer is not signed with the caller's device key for this socket"
	case ev.Kind == Step && ev.Step == Accept && !ev.Signed:
		reason = "the accept is not signed with the callee's device key"
	case ev.Kind == HandIn && !ev.Authentic:
		reason = "the delivery token is not valid"
	case ev.Kind == Allocate && !ev.Authentic:
		reason = "no such call and leg, or not its password"
	case (ev.Kind == SignIn || ev.Kind == Request) && !ev.Authentic:
		reason = "the token, code or signature is not valid"
	default:
		return nil
	}
	return &Finding{Length: len(ev.Bytes), Clause: "docs/protocol.md, Names and keys", Reason: reason}
}
