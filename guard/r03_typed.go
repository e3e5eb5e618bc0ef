package guard

func init() {
	Register(Rule{
		ID:       "R3",
		Title:    "What is received is read into typed fields and written anew; what is not understood is refused, never passed on.",
		Plain:    "Somebody sent something that this version does not know. Messages that were forwarded unread carried attacks on phones and modems.",
		Stops:    []string{"CVE-2023-24033", "CVE-2020-1891", "CVE-2020-28361", "CVE-2022-24764"},
		Sources:  []string{"docs/protocol.md", "https://googleprojectzero.blogspot.com/2023/03/multiple-internet-to-baseband-remote-rce.html"},
		Seats:    []Seat{Server, Relay, Device, Proxy},
		Kinds:    []Kind{Message, HandIn, Knock, SignIn, Request, Allocate, Permission, Packet, Parameters, Settings},
		Severity: Medium,
		Action:   Refuse,
		Check:    unknown,
	})
}

func unknown(c *Context, ev *Event) *Finding {
	if ev.Refusal != nil || ev.Kind != Packet {
		return refused("R3")(c, ev)
	}
	return clearHeader(ev.Bytes, "R3")
}
