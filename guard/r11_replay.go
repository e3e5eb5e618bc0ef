package guard

func init() {
	Register(Rule{
		ID:         "R11",
		Title:      "An offer counts once, on the socket that it was signed for, and a call id is used for one call.",
		Plain:      "An offer came again that had been used before. A recorded call must not ring a second time.",
		Stops:      []string{"ReVoLTE (USENIX Security 2020)"},
		Sources:    []string{"docs/protocol.md, Device socket", "https://revolte-attack.net"},
		Seats:      []Seat{Server},
		Kinds:      []Kind{Offer},
		Severity:   Medium,
		Action:     Refuse,
		Switchable: true,
		Check:      replayed,
	})
}

func replayed(_ *Context, ev *Event) *Finding {
	if ev.Fresh {
		return nil
	}
	return &Finding{Offset: min(20, len(ev.Bytes)), Length: min(8, max(0, len(ev.Bytes)-20)), Clause: "docs/protocol.md, Device socket", Reason: "the offer's counter has not grown"}
}
