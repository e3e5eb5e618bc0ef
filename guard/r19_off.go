package guard

func init() {
	Register(Rule{
		ID:       "R19",
		Title:    "Machinery that a call does not need is off until somebody asked for it after the answer: data channels, error correction, header extensions, fax, bodies of several parts.",
		Plain:    "Somebody used a part of the protocol that this call has not asked for. Rarely used parts are where the mistakes are.",
		Stops:    []string{"CVE-2020-6514", "CVE-2019-20503", "CVE-2022-24786", "CVE-2022-21723", "AST-2017-012"},
		Sources:  []string{"RFC 8827 §6.5", "RFC 5621 §3", "RFC 4585 §6.3"},
		Seats:    []Seat{Proxy},
		Severity: Medium,
		Action:   Refuse,
	})
}
