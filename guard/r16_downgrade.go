package guard

func init() {
	Register(Rule{
		ID:         "R16",
		Title:      "Media is encrypted and the ends are authenticated, or it does not pass: DTLS 1.2 or newer first, SRTP after it, no SCTP.",
		Plain:      "Somebody sent media before the encryption was set up, tried to set it up with something weaker, or came with another key in the middle of a call. Downgrades are how calls were listened to, and how parsers behind the encryption were reached without it.",
		Stops:      []string{"CVE-2022-39269", "CVE-2020-6514", "CVE-2025-49140", "CVE-2021-28681"},
		Sources:    []string{"RFC 5763 §5", "RFC 8827 §6.5", "RFC 5764 §5.1.2"},
		Seats:      []Seat{Relay, Device, Proxy},
		Kinds:      []Kind{Packet, Parameters},
		Severity:   High,
		Action:     Drop,
		Switchable: true,
		Check:      downgrade,
	})
}

func downgrade(c *Context, ev *Event) *Finding {
	if ev.Kind != Packet {
		return refused("R16")(c, ev)
	}
	if media(ev.Bytes) && !ev.Secured {
		return &Finding{Length: len(ev.Bytes), Clause: "RFC 5764 §5.1.2", Reason: "media from a leg that has not been through a DTLS handshake"}
	}
	return clearHeader(ev.Bytes, "R16")
}
