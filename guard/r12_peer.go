package guard

import (
	"fmt"
	"net/netip"
)

func init() {
	Register(Rule{
		ID:       "R12",
		Title:    "From one leg of a call the relay leads to the other leg of the same call, and nowhere else.",
		Plain:    "Somebody wanted the relay to send to an address that is not the other end of the call. Relays were used that way to reach machines behind them.",
		Stops:    []string{"CVE-2020-26262", "CVE-2018-4058", "CVE-2026-27624", "Slack TURN server, 2020"},
		Sources:  []string{"docs/protocol.md, Relay", "RFC 8656 §21.1.6", "https://www.rtcsec.com/article/slack-webrtc-turn-compromise-and-bug-bounty/"},
		Seats:    []Seat{Relay, Proxy},
		Kinds:    []Kind{Allocate, Permission, Packet},
		Severity: Critical,
		Action:   Drop,
		Check:    otherPeer,
	})
}

func otherPeer(c *Context, ev *Event) *Finding {
	if ev.Refusal != nil || ev.Kind == Allocate {
		return refused("R12")(c, ev)
	}
	if ev.Peer == ev.Other && ev.Other.IsValid() {
		return nil
	}
	return &Finding{Length: len(ev.Bytes), Clause: "RFC 8656 §9.2", Reason: fmt.Sprintf("%s (%s) is not the other leg of this call", ev.Peer, spelling(ev.Peer.Addr()))}
}

var (
	nat64    = netip.MustParsePrefix("64:ff9b::/96")
	sixToFor = netip.MustParsePrefix("2002::/16")
	metadata = netip.MustParseAddr("169.254.169.254")
	legs     = netip.MustParsePrefix("192.0.2.0/24")
)

// spelling says what an address is, whatever form it is written in.
func spelling(a netip.Addr) string {
	switch b := a.As16(); {
	case !a.IsValid():
		return "no address"
	case a.Is4In6():
		return "IPv4-mapped, " + spelling(a.Unmap())
	case nat64.Contains(a):
		return "NAT64, " + spelling(netip.AddrFrom4([4]byte(b[12:16])))
	case sixToFor.Contains(a):
		return "6to4, " + spelling(netip.AddrFrom4([4]byte(b[2:6])))
	case a == metadata:
		return "a cloud's metadata service"
	case a.IsUnspecified():
		return "unspecified"
	case a.IsLoopback():
		return "loopback"
	case a.IsLinkLocalUnicast():
		return "link-local"
	case a.IsMulticast():
		return "multicast"
	case a.IsPrivate():
		return "a private network"
	case legs.Contains(a):
		return "a leg's address, but not that one and that port"
	}
	return "somewhere else"
}
