package guard

func init() {
	Register(Rule{
		ID:       "R18",
		Title:    "XML has one reading: no document type, no entities but the five, one encoding, and it is written anew.",
		Plain:    "Somebody sent XML that two parsers read differently. Forged messages of a server were smuggled past one of them that way.",
		Stops:    []string{"CVE-2022-22784"},
		Sources:  []string{"RFC 6120 §11.1", "https://googleprojectzero.blogspot.com/2022/01/zooming-in-on-zero-click-exploits.html"},
		Seats:    []Seat{Proxy},
		Severity: High,
		Action:   Refuse,
	})
}
