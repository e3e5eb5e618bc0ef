package guard

func init() {
	Register(Rule{
		ID:         "R6",
		Title:      "Every length that is declared must be what is there.",
		Plain:      "Somebody sent a packet whose inner lengths do not agree with its size. Code that believes such lengths reads or writes beyond its memory.",
		Stops:      []string{"CVE-2018-6350", "CVE-2021-24043", "CVE-2015-6360", "CVE-2021-43804", "CVE-2021-37706", "CVE-2014-0195"},
		Sources:    []string{"RFC 8489 §5, §14", "RFC 3550 §5.1, §5.3.1, §6.4", "RFC 3711 §3.4", "RFC 6347 §4.1, §4.2.3", "RFC 9147 §4"},
		Seats:      []Seat{Server, Relay, Device, Proxy},
		Kinds:      []Kind{Message, HandIn, Allocate, Permission, Packet, Parameters, Settings},
		Severity:   High,
		Action:     Drop,
		Switchable: true,
		Check:      lengths,
	})
}

func lengths(c *Context, ev *Event) *Finding {
	if ev.Refusal != nil || ev.Kind != Packet {
		return refused("R6")(c, ev)
	}
	return clearHeader(ev.Bytes, "R6")
}
