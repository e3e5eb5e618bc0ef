package guard

func init() {
	Register(Rule{
		ID:       "R2",
		Title:    "A ring has one size and is composed by the server; the caller chooses sound or video and nothing else in it.",
		Plain:    "A ring came that is not one of the server's own making. What a caller can put into a ring is parsed by a phone that nobody has picked up.",
		Stops:    []string{"CVE-2019-3568", "CVE-2018-6339", "WhatsApp call settings, 2019 (WhatsApp v. NSO Group, complaint)"},
		Sources:  []string{"docs/protocol.md, Device socket", "wire/ring"},
		Seats:    []Seat{Server, Device},
		Kinds:    []Kind{Message},
		Severity: Critical,
		Action:   Refuse,
		Check:    refused("R2"),
	})
}
