package guard

func init() {
	Register(Rule{
		ID:         "R15",
		Title:      "A stranger's call does not ring: who has not been accepted as a contact can only knock.",
		Plain:      "Somebody you have not accepted tried to call you. It did not ring; the call was held back.",
		Stops:      []string{"CVE-2019-3568", "CVE-2020-1886", "Careless Whisper (arXiv 2411.11194)"},
		Sources:    []string{"docs/protocol.md, Device socket", "https://faq.whatsapp.com/1238612517047244"},
		Seats:      []Seat{Server, Proxy},
		Kinds:      []Kind{Offer},
		Severity:   Medium,
		Action:     Quarantine,
		Switchable: true,
		Check:      stranger,
	})
}

func stranger(_ *Context, ev *Event) *Finding {
	if ev.Contact {
		return nil
	}
	return &Finding{Offset: min(2, len(ev.Bytes)), Length: min(16, max(0, len(ev.Bytes)-2)), Clause: "docs/protocol.md, Device socket", Reason: "the callee has not accepted the caller as a contact"}
}
