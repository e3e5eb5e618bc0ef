package turnguard

import (
	"net"
	"net/netip"
	"slices"
	"sync/atomic"
)

// endpoint is an address and port; IPv4 addresses are written IPv4-mapped. It has
// one form for each, and no pointers.
type endpoint struct {
	ip   [16]byte
	port uint16
}

func endpointOf(a netip.AddrPort) endpoint { return endpoint{a.Addr().As16(), a.Port()} }

func (e endpoint) addr() netip.Addr { return netip.AddrFrom16(e.ip).Unmap() }

func (e endpoint) addrPort() netip.AddrPort { return netip.AddrPortFrom(e.addr(), e.port) }

// class is a block of addresses that are no peers, with what it is.
type class struct {
	prefix netip.Prefix
	what   string
}

func classes(all ...string) (list []class) {
	for i := 0; i < len(all); i += 2 {
		list = append(list, class{netip.MustParsePrefix(all[i]), all[i+1]})
	}
	return list
}

// refused are the blocks that no peer is in: IANA's registries of special-purpose
// addresses (RFC 6890), and what clouds have put elsewhere.
var refused = classes(
	"169.254.169.254/32", "a cloud's metadata service",
	"168.63.129.16/32", "a cloud's metadata service",
	"100.100.100.200/32", "a cloud's metadata service",
	"192.0.0.192/32", "a cloud's metadata service",
	"fd00:ec2::254/128", "a cloud's metadata service",
	"0.0.0.0/32", "unspecified",
	"0.0.0.0/8", "this network, RFC 791 §3.2",
	"10.0.0.0/8", "a private network, RFC 1918",
	"100.64.0.0/10", "behind a carrier's NAT, RFC 6598",
	"127.0.0.0/8", "loopback",
	"169.254.0.0/16", "link-local, RFC 3927",
	"172.16.0.0/12", "a private network, RFC 1918",
	"192.0.0.0/24", "protocol assignments, RFC 6890",
	"192.0.2.0/24", "documentation, RFC 5737",
	"192.88.99.0/24", "a 6to4 relay, RFC 7526",
	"192.168.0.0/16", "a private network, RFC 1918",
	"198.18.0.0/15", "benchmarks, RFC 2544",
	"198.51.100.0/24", "documentation, RFC 5737",
	"203.0.113.0/24", "documentation, RFC 5737",
	"224.0.0.0/4", "multicast, RFC 5771",
	"255.255.255.255/32", "broadcast, RFC 919",
	"240.0.0.0/4", "reserved, RFC 1112 §4",
	"::/128", "unspecified",
	"::1/128", "loopback",
	"fc00::/7", "a private network, RFC 4193",
	"fe80::/10", "link-local, RFC 4291 §2.5.6",
	"fec0::/10", "site-local, RFC 3879",
	"ff00::/8", "multicast, RFC 4291 §2.7",
	"2001:2::/48", "benchmarks, RFC 5180",
	"2001:10::/28", "no route, RFC 4843",
	"2001:20::/28", "no route, RFC 7343",
	"2001:db8::/32", "documentation, RFC 3849",
	"3fff::/20", "documentation, RFC 9637",
)

// Addresses that have an IPv4 address within.
var (
	compatible = netip.MustParsePrefix("::/96")           // RFC 4291 §2.5.5.1
	translated = netip.MustParsePrefix("::ffff:0:0:0/96") // RFC 7915 §1.1 of its forerunner, RFC 2765
	nat64      = netip.MustParsePrefix("64:ff9b::/96")    // RFC 6052 §2.1
	sixToFour  = netip.MustParsePrefix("2002::/16")       // RFC 3056 §2
	teredo     = netip.MustParsePrefix("2001::/32")       // RFC 4380 §4
	global     = netip.MustParsePrefix("2000::/3")        // RFC 4291 §2.4: all there is of the public internet
)

// peerRules says which addresses may be peers (R12).
type peerRules struct {
	allow   []netip.Prefix
	apart   bool
	ports   *ports
	relay   []Address
	fixed   []netip.Addr
	ours    atomic.Pointer[[]class] // addresses of this machine, and broadcast addresses of its networks
	changes atomic.Int64            // how often ours has changed
}

func newPeerRules(c Config, p *ports) *peerRules {
	r := &peerRules{allow: c.AllowPeer, apart: c.Apart, ports: p, relay: c.Relay}
	for _, a := range c.Relay {
		r.fixed = append(r.fixed, a.Local, a.External)
	}
	r.ours.Store(&[]class{})
	return r
}

// refresh looks which addresses the machine has now.
func (r *peerRules) refresh(listening []netip.AddrPort) {
	var all []class
	add := func(a netip.Addr, what string) {
		if a = a.Unmap().WithZone(""); a.IsValid() && !a.IsUnspecified() {
			all = append(all, class{netip.PrefixFrom(a, a.BitLen()), what})
		}
	}
	for _, a := range r.fixed {
		add(a, "an address of this relay")
	}
	for _, a := range listening {
		add(a.Addr(), "an address of this relay")
	}
	found, _ := net.InterfaceAddrs() // none: those that are configured remain
	for _, a := range found {
		p, err := netip.ParsePrefix(a.String())
		if err != nil {
			continue
		}
		add(p.Addr(), "an address of this relay")
		if p.Addr().Is4() && p.Bits() < 31 {
			add(broadcast(p), "broadcast, RFC 919")
		}
	}
	if !slices.Equal(all, *r.ours.Load()) {
		r.ours.Store(&all)
		r.changes.Add(1)
	}
}

// broadcast is the last address of a network.
func broadcast(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	for i := p.Bits(); i < 32; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	return netip.AddrFrom4(b)
}

// judge says what an address is that may not be a peer, and "" of one that may. own
// is set for another allocation of this server: that one may as long as its port
// is one of ours, which has to be asked again for each packet.
func (r *peerRules) judge(a netip.AddrPort) (what string, own bool) {
	ip := a.Addr().Unmap()
	switch {
	case !ip.IsValid() || a.Port() == 0:
		return "no address and port", false
	case contains(r.allow, ip):
		return "", false
	case !r.apart && r.relayed(ip) && !a.Addr().Is4In6():
		if r.ports.live(ip.Is4(), a.Port()) {
			return "", true
		}
		return "an address of this relay, and no allocation has that port", false
	}
	what = r.is(ip)
	if what != "" && a.Addr().Is4In6() {
		what = "IPv4-mapped, " + what
	}
	return what, false
}

// relayed tells whether allocations have that address, as clients are told it.
func (r *peerRules) relayed(ip netip.Addr) bool {
	for _, a := range r.relay {
		if ip == a.External {
			return true
		}
	}
	return false
}

// is says what an address is, with those that are within it; "" means that it is
// somewhere on the internet.
func (r *peerRules) is(ip netip.Addr) string {
	for _, list := range [][]class{*r.ours.Load(), refused} {
		for _, c := range list {
			if c.prefix.Contains(ip) {
				return c.what
			}
		}
	}
	if ip.Is4() {
		return ""
	}
	b := ip.As16()
	for _, w := range within(ip, b) {
		if what := r.is(w.addr); what != "" {
			return w.name + ", " + what
		}
	}
	switch {
	case compatible.Contains(ip):
		return "IPv4-compatible, RFC 4291 §2.5.5.1"
	case translated.Contains(ip):
		return "IPv4-translated, RFC 2765 §2.1"
	case !global.Contains(ip) && !nat64.Contains(ip):
		return "not an address of the public internet, RFC 4291 §2.4"
	}
	return ""
}

type inner struct {
	name string
	addr netip.Addr
}

// within returns the IPv4 addresses that are written into an IPv6 address.
func within(ip netip.Addr, b [16]byte) []inner {
	four := func(at int) netip.Addr { return netip.AddrFrom4([4]byte(b[at : at+4])) }
	last := four(12)
	switch {
	case compatible.Contains(ip):
		return []inner{{"IPv4-compatible", last}}
	case translated.Contains(ip):
		return []inner{{"IPv4-translated", last}}
	case nat64.Contains(ip):
		return []inner{{"NAT64", last}}
	case sixToFour.Contains(ip):
		return []inner{{"6to4", four(2)}}
	case teredo.Contains(ip):
		return []inner{{"Teredo server", four(4)}, {"Teredo", netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})}}
	case b[8]&^3 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe: // RFC 5214 §6.1
		return []inner{{"ISATAP", last}}
	}
	return nil
}

func contains(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
