package guard

func init() {
	Register(Rule{
		ID:       "R23",
		Title:    "What the server tells clients to do is signed by the server, and no client can send it.",
		Plain:    "Somebody sent what only the server may send, or settings without its signature. In 2019 the attack was dressed up as the server's own call settings.",
		Stops:    []string{"WhatsApp call settings, 2019 (WhatsApp v. NSO Group, complaint)", "CVE-2022-22784", "CVE-2022-22787", "CVE-2025-55177"},
		Sources:  []string{"docs/protocol.md, Settings", "wire/settings"},
		Seats:    []Seat{Server, Device},
		Kinds:    []Kind{Message, Settings},
		Severity: Critical,
		Action:   Refuse,
		Check:    refused("R23"),
	})
}
