package inspect

import (
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// packet is what a frame carries for one program.
type packet struct {
	frame
	from, to netip.AddrPort
	stream   bool // TCP
	payload  []byte
	offset   int // of the payload in the frame; -1: it was put together from several
	no       why // it was not looked into; "" when it was
	tcp      *segment
}

// segment is what putting TCP together needs besides.
type segment struct {
	net gopacket.Flow
	tcp layers.TCP
}

// decoder takes frames apart, from the link to UDP and TCP. What is inside several
// layers of IP, the innermost counts.
type decoder struct {
	parsers map[gopacket.LayerType]*gopacket.DecodingLayerParser
	decoded []gopacket.LayerType
	ip4h    layers.IPv4
	ip6h    layers.IPv6
	udp     layers.UDP
	tcp     layers.TCP
	piece6  layers.IPv6Fragment
	fragments
}

func newDecoder() *decoder {
	return &decoder{parsers: map[gopacket.LayerType]*gopacket.DecodingLayerParser{}, fragments: newFragments()}
}

// parser is one for frames that begin with a layer.
func (d *decoder) parser(first gopacket.LayerType) *gopacket.DecodingLayerParser {
	p, ok := d.parsers[first]
	if !ok {
		p = gopacket.NewDecodingLayerParser(first, &layers.Ethernet{}, &layers.Dot1Q{}, &layers.LinuxSLL{}, &layers.LinuxSLL2{}, &layers.Loopback{},
			&d.ip4h, &d.ip6h, &layers.IPv6ExtensionSkipper{}, &d.piece6, &d.udp, &d.tcp, &layers.GRE{})
		p.IgnoreUnsupported = true
		d.parsers[first] = p
	}
	return p
}

// first is the layer that a frame begins with, and the frame from there on. The
// library has no decoder for PPP and for IP without a link that could be used again for the
// next frame.
func first(link layers.LinkType, b []byte) (gopacket.LayerType, []byte) {
	switch link {
	case layers.LinkTypeEthernet:
		return layers.LayerTypeEthernet, b
	case layers.LinkTypeNull, layers.LinkTypeLoop:
		return layers.LayerTypeLoopback, b
	case layers.LinkTypeLinuxSLL:
		return layers.LayerTypeLinuxSLL, b
	case layers.LinkTypeLinuxSLL2:
		return layers.LayerTypeLinuxSLL2, b
	case layers.LinkTypePPP, layers.LinkTypePPP_HDLC: // RFC 1661 §2, RFC 1662 §3.1
		if len(b) > 4 && (b[0] == 0x0f || b[0] == 0x8f) && b[1] == 0 { // as Cisco has it: an Ethernet type behind the address
			b = b[4:]
			break
		}
		if len(b) > 2 && b[0] == 0xff && b[1] == 3 {
			b = b[2:]
		}
		if len(b) > 2 && b[0]&1 == 0 {
			b = b[1:]
		}
		b = b[min(1, len(b)):]
	case layers.LinkTypeRaw, layers.LinkTypeIPv4, layers.LinkTypeIPv6, 12, 14: // 12, 14: as older systems number it
	default:
		return gopacket.LayerTypeZero, b
	}
	if len(b) > 0 && b[0]>>4 == 6 {
		return layers.LayerTypeIPv6, b
	}
	return layers.LayerTypeIPv4, b
}

// why says why a frame was not looked into; "" when it was.
type why string

const (
	noLink  why = "a kind of link that is not read"
	noIP    why = "no IP"
	noUDP   why = "IP that is neither UDP nor TCP"
	broken  why = "headers that do not add up"
	cut     why = "cut short by the capture"
	partial why = "a fragment"
)

// decode takes one frame apart.
func (d *decoder) decode(f frame) packet {
	p := packet{frame: f}
	begin, data := first(f.link, f.data)
	if begin == gopacket.LayerTypeZero {
		return p.not(noLink)
	}
	if err := d.parser(begin).DecodeLayers(data, &d.decoded); err != nil {
		if !f.whole {
			return p.not(cut)
		}
		return p.not(broken)
	}
	ip, fragment := false, false
	for _, l := range d.decoded {
		switch l {
		case layers.LayerTypeIPv4:
			p.from, p.to = addr(d.ip4h.SrcIP), addr(d.ip4h.DstIP)
			ip, fragment = true, d.ip4h.FragOffset > 0 || d.ip4h.Flags&layers.IPv4MoreFragments > 0
		case layers.LayerTypeIPv6:
			p.from, p.to, ip, fragment = addr(d.ip6h.SrcIP), addr(d.ip6h.DstIP), true, false
		case layers.LayerTypeIPv6Fragment:
			return d.together6(p)
		case layers.LayerTypeUDP:
			return d.datagram(p, d.udp.Payload)
		case layers.LayerTypeTCP:
			return d.segment(p)
		}
	}
	switch {
	case fragment:
		return d.together(p)
	case ip:
		return p.not(noUDP)
	}
	return p.not(noIP)
}

func (p packet) not(no why) packet {
	p.no = no
	return p
}

func (d *decoder) datagram(p packet, payload []byte) packet {
	p.from, p.to = port(p.from, uint16(d.udp.SrcPort)), port(p.to, uint16(d.udp.DstPort))
	p.payload, p.offset = payload, offset(p.data, payload)
	if !p.whole || d.udp.Length > 8 && int(d.udp.Length)-8 > len(payload) {
		return p.not(cut)
	}
	return p
}

func (d *decoder) segment(p packet) packet {
	p.from, p.to = port(p.from, uint16(d.tcp.SrcPort)), port(p.to, uint16(d.tcp.DstPort))
	p.stream, p.payload, p.offset = true, d.tcp.Payload, offset(p.data, d.tcp.Payload)
	p.tcp = &segment{d.ip4h.NetworkFlow(), d.tcp}
	if p.from.Addr().Is6() {
		p.tcp.net = d.ip6h.NetworkFlow()
	}
	return p
}

func addr(ip []byte) netip.AddrPort {
	a, _ := netip.AddrFromSlice(ip)
	return netip.AddrPortFrom(a, 0)
}

func port(a netip.AddrPort, n uint16) netip.AddrPort { return netip.AddrPortFrom(a.Addr(), n) }

// offset is where a part of a frame stands in it.
func offset(frame, part []byte) int { return cap(frame) - cap(part) }
