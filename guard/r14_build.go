package guard

import "fmt"

func init() {
	Register(Rule{
		ID:         "R14",
		Title:      "Who calls or answers does so with a client build that is still safe.",
		Plain:      "A client older than the operator allows, or one that does not say what it is, wanted to call or to answer. In 2019 the servers were fixed first; the phones stayed open until they were updated.",
		Stops:      []string{"CVE-2019-3568", "WhatsApp Installation Server, 2019 (WhatsApp v. NSO Group, complaint)"},
		Sources:    []string{"docs/protocol.md, Settings"},
		Seats:      []Seat{Server},
		Kinds:      []Kind{Offer, Step},
		Severity:   Low,
		Action:     Refuse,
		Switchable: true,
		Check:      outdated,
	})
}

func outdated(c *Context, ev *Event) *Finding {
	if ev.Build >= c.MinimumBuild || ev.Kind == Step && ev.Step != Accept {
		return nil
	}
	return &Finding{Clause: "docs/protocol.md, Settings", Reason: fmt.Sprintf("client build %d, the smallest allowed is %d", ev.Build, c.MinimumBuild)}
}
