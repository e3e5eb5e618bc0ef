package guard

func init() {
	Register(Rule{
		ID:       "R17",
		Title:    "Text has one reading: one document, no key twice, no name with two spellings, nothing behind the end.",
		Plain:    "Somebody sent text that two programs could read differently. That is how messages were smuggled past one of them.",
		Stops:    []string{"CVE-2020-28361", "CVE-2022-22784", "CVE-2018-16657"},
		Sources:  []string{"docs/protocol.md, HTTP", "RFC 8259 §4", "https://www.rtcsec.com/article/bypassing-kamailio-header-removal/"},
		Seats:    []Seat{Server, Device, Proxy},
		Kinds:    []Kind{Message, HandIn, Knock, SignIn, Request, Settings},
		Severity: Medium,
		Action:   Refuse,
		Check:    refused("R17"),
	})
}
