package guard

func init() {
	Register(Rule{
		ID:       "R21",
		Title:    "Ringing somebody tells nothing about them: no name is looked up for the caller, no header is passed through, and every knock gets the same answer at the same time.",
		Plain:    "Nothing fires here: the service holds to it by the way it is built.",
		Stops:    []string{"CVE-2020-5753", "CVE-2025-49832", "Careless Whisper (arXiv 2411.11194)"},
		Sources:  []string{"docs/protocol.md, HTTP", "https://medium.com/tenable-techblog/turning-signal-app-into-a-coarse-tracking-device-643eb4298447"},
		Seats:    []Seat{Server, Proxy},
		Severity: Medium,
		Action:   Refuse,
	})
}
