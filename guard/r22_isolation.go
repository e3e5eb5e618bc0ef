package guard

func init() {
	Register(Rule{
		ID:       "R22",
		Title:    "Parsers are memory-safe and alone: what makes one stumble is refused and kept, and nothing else notices.",
		Plain:    "Something made a part of the guard stumble. It was refused, and its bytes are here for whoever repairs that part.",
		Stops:    []string{"CVE-2021-34423", "CVE-2026-22844", "CVE-2018-6344"},
		Sources:  []string{"docs/protocol.md", "https://googleprojectzero.blogspot.com/2022/01/zooming-in-on-zero-click-exploits.html"},
		Seats:    []Seat{Server, Relay, Device, Proxy},
		Kinds:    []Kind{Message, HandIn, Knock, SignIn, Request, Allocate, Permission, Packet, Parameters, Settings},
		Severity: High,
		Action:   Refuse,
		Check:    refused("R22"),
	})
}
