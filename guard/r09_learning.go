package guard

func init() {
	Register(Rule{
		ID:       "R9",
		Title:    "Where media comes from is what was agreed on; it is not learned from whatever packet comes first.",
		Plain:    "Media came from an address that the call has not named. Servers that believe the first packet send a call's sound to whoever sends one.",
		Stops:    []string{"CVE-2017-14099", "CVE-2025-53399"},
		Sources:  []string{"RFC 3264 §5.1", "https://www.rtpbleed.com/"},
		Seats:    []Seat{Relay, Proxy},
		Severity: High,
		Action:   Drop,
	})
}
