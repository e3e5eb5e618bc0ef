package guard

func init() {
	Register(Rule{
		ID:         "R25",
		Title:      "A call of a campaign does not ring: what the hunt has found to belong together is held back until a person has looked.",
		Plain:      "The caller belongs to a group of accounts that try people who do not know them, again and again, and never talk. Its calls are held back until somebody has looked at the campaign.",
		Stops:      []string{"CVE-2019-3568"},
		Sources:    []string{"docs/hunt.md", "https://faq.whatsapp.com/1238612517047244"},
		Seats:      []Seat{Server},
		Kinds:      []Kind{Offer},
		Severity:   High,
		Action:     Quarantine,
		Switchable: true,
		Check:      ofCampaign,
	})
}

func ofCampaign(_ *Context, ev *Event) *Finding {
	if ev.Campaign == "" {
		return nil
	}
	return &Finding{Length: len(ev.Bytes), Clause: "docs/hunt.md", Reason: OfCampaign(ev.Campaign)}
}

// OfCampaign is the reason of a verdict on a call of a campaign.
func OfCampaign(id string) string { return "the call belongs to the campaign " + id }
