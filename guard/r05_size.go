package guard

import "fmt"

func init() {
	Register(Rule{
		ID:       "R5",
		Title:    "Everything has a largest size, and what is larger is refused before it is read.",
		Plain:    "Somebody sent something longer than it may be. Oversized messages are how memory bugs in phones were reached.",
		Stops:    []string{"CVE-2019-3568", "CVE-2018-6339", "CVE-2018-20655", "CVE-2022-24764"},
		Sources:  []string{"docs/protocol.md", "https://nvd.nist.gov/vuln/detail/CVE-2019-3568"},
		Seats:    []Seat{Server, Relay, Device, Proxy},
		Kinds:    []Kind{Message, HandIn, Knock, SignIn, Request, Allocate, Permission, Packet, Parameters, Settings},
		Severity: High,
		Action:   Refuse,
		Check:    oversize,
	})
}

func oversize(c *Context, ev *Event) *Finding {
	if ev.Kind == Packet && len(ev.Bytes) > c.Limits.PacketSize {
		return &Finding{
			Offset: c.Limits.PacketSize, Length: len(ev.Bytes) - c.Limits.PacketSize, Clause: "docs/protocol.md, Relay",
			Reason: fmt.Sprintf("a packet of %d bytes, at most %d", len(ev.Bytes), c.Limits.PacketSize),
		}
	}
	return refused("R5")(c, ev)
}
