package guard

import "fmt"

func init() {
	Register(Rule{
		ID:         "R13",
		Title:      "Whatever somebody can do often has a budget: per caller, callee, pair, address, token, leg.",
		Plain:      "Somebody did something more often than people do. Floods of rings, letters or packets wear people and machines down, or try a bug until it works.",
		Stops:      []string{"CVE-2021-41145", "CVE-2025-54995", "CVE-2026-18649", "Careless Whisper (arXiv 2411.11194)"},
		Sources:    []string{"docs/protocol.md", "RFC 8656 §21.3"},
		Seats:      []Seat{Server, Relay, Proxy},
		Kinds:      []Kind{Message, Offer, Step, HandIn, Knock, SignIn, Request, Allocate, Permission, Packet},
		Severity:   Medium,
		Action:     Drop,
		Switchable: true,
		Check:      overspent,
	})
}

func overspent(c *Context, ev *Event) *Finding {
	if ev.Kind == Allocate && ev.Held > 0 && ev.Held >= c.Limits.AllocationsPerLeg {
		return &Finding{Length: len(ev.Bytes), Clause: "RFC 8656 §7.2", Reason: fmt.Sprintf("this leg holds %d allocations, at most %d", ev.Held, c.Limits.AllocationsPerLeg)}
	}
	if len(ev.Spends) == 0 {
		return nil
	}
	s := c.Budgets.Draw(ev.Spends)
	if s == nil {
		return nil
	}
	return &Finding{Length: len(ev.Bytes), Clause: "guard.json, limits", Reason: fmt.Sprintf("%s: more than %d in %s", s.Name, s.Limit, s.Per)}
}
