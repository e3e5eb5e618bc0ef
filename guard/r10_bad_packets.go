package guard

func init() {
	Register(Rule{
		ID:       "R10",
		Title:    "A packet that is not right is dropped and counted; no number of them ends a call.",
		Plain:    "Packets came that are not media of this call. They were dropped, and the call went on.",
		Stops:    []string{"CVE-2021-41105", "CVE-2018-6344", "CVE-2025-53399"},
		Sources:  []string{"RFC 3711 §3.3", "RFC 3550 §9"},
		Seats:    []Seat{Relay, Proxy},
		Severity: Medium,
		Action:   Drop,
	})
}
