package guard

func init() {
	Register(Rule{
		ID:         "R26",
		Title:      "A new account that looks like a banned one rings nobody who does not know it, until a person has looked.",
		Plain:      "The caller's account is new, and shows the same client or network as one that was banned. Until somebody has looked, its calls ring only with people who knew it before, or have called it themselves; it can knock.",
		Stops:      []string{"CVE-2019-3568"},
		Sources:    []string{"docs/bans.md", "https://faq.whatsapp.com/1238612517047244"},
		Seats:      []Seat{Server},
		Kinds:      []Kind{Offer},
		Severity:   Medium,
		Action:     Quarantine,
		Switchable: true,
		Check:      evasion,
	})
}

func evasion(_ *Context, ev *Event) *Finding {
	if ev.Evasion == "" {
		return nil
	}
	return &Finding{Length: len(ev.Bytes), Clause: "docs/bans.md", Reason: OfEvasion(ev.Evasion)}
}

// OfEvasion is the reason of a verdict on a call of an account that is flagged.
func OfEvasion(ban string) string { return "the caller is a new account that may evade the ban " + ban }
