package guard

func init() {
	Register(Rule{
		ID:       "R8",
		Title:    "After a call has found its path, packets of it come from there or not at all; others are dropped in silence and never end the call.",
		Plain:    "A packet of a call came from somewhere else than the call. It was dropped: answering it, or ending the call over it, would let anybody end calls.",
		Stops:    []string{"CVE-2023-49786", "CVE-2023-51443", "CVE-2023-51275"},
		Sources:  []string{"RFC 8445 §12", "RFC 5764 §5.1.2"},
		Seats:    []Seat{Relay, Proxy},
		Severity: Medium,
		Action:   Drop,
	})
}
