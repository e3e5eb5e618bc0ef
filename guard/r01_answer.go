package guard

func init() {
	Register(Rule{
		ID:       "R1",
		Title:    "Nothing of a call's media reaches anybody before the callee has answered that call.",
		Plain:    "Somebody tried to use the relay for a call that was not answered, or is over. In 2019 phones were attacked by packets that came while they rang.",
		Stops:    []string{"CVE-2019-3568", "CVE-2018-20655", "CVE-2020-5753", "Google Duo, video before the answer (Project Zero, 2021)"},
		Sources:  []string{"docs/protocol.md, Relay", "https://nvd.nist.gov/vuln/detail/CVE-2019-3568", "https://googleprojectzero.blogspot.com/2021/01/the-state-of-state-machines.html"},
		Seats:    []Seat{Relay, Proxy},
		Kinds:    []Kind{Allocate, Permission, Packet},
		Severity: Critical,
		Action:   Refuse,
		Check:    beforeAnswer,
	})
}

func beforeAnswer(_ *Context, ev *Event) *Finding {
	if ev.Answered {
		return nil
	}
	return &Finding{Length: len(ev.Bytes), Clause: "docs/protocol.md, A call", Reason: "the call is not answered: there is no relay for it"}
}
