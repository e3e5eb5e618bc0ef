package inspect

import (
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/ip6defrag"
	"github.com/gopacket/gopacket/layers"
)

// fragments puts packets of IP together that came in parts. What overlaps is
// refused by the libraries.
type fragments struct {
	ip4  *ip4defrag.IPv4Defragmenter
	ip6  *ip6defrag.IPv6Defragmenter
	open map[datagramKey]pieces
	lost pieces // of packets that were given up
}

// datagramKey is which packet a fragment belongs to, RFC 791 §3.2, RFC 8200 §4.5.
type datagramKey struct {
	from, to netip.Addr
	id       uint32
	protocol uint8
}

// pieces are how many fragments of a packet came, and the first.
type pieces struct{ n, first int64 }

func (p *pieces) add(q pieces) {
	if p.n == 0 || q.n > 0 && q.first < p.first {
		p.first = q.first
	}
	p.n += q.n
}

func newFragments() fragments {
	return fragments{ip4: ip4defrag.NewIPv4Defragmenter(), ip6: ip6defrag.NewIPv6Defragmenter(), open: map[datagramKey]pieces{}}
}

// maxOpen is how many packets wait for their other fragments.
const maxOpen = 4096

// wait counts a fragment. When too many packets wait, all are given up: a flood of
// fragments costs the attacker more than us.
func (f *fragments) wait(key datagramKey, p *packet) {
	if len(f.open) >= maxOpen {
		f.lost.n, f.lost.first = f.giveUp()
	}
	one := f.open[key]
	one.add(pieces{1, p.number})
	f.open[key] = one
}

// giveUp forgets all fragments whose others did not come, and returns how many they
// were, and the first of them.
func (f *fragments) giveUp() (n, first int64) {
	all := f.lost
	for _, one := range f.open {
		all.add(one)
	}
	*f = newFragments()
	return all.n, all.first
}

// together puts fragments of IPv4 together.
func (d *decoder) together(p packet) packet {
	key := datagramKey{p.from.Addr(), p.to.Addr(), uint32(d.ip4h.Id), uint8(d.ip4h.Protocol)}
	d.wait(key, &p)
	one := d.ip4h
	one.Payload = append([]byte(nil), d.ip4h.Payload...)
	one.SrcIP, one.DstIP = append([]byte(nil), one.SrcIP...), append([]byte(nil), one.DstIP...)
	all, err := d.ip4.DefragIPv4WithTimestamp(&one, p.at)
	switch {
	case err != nil:
		return p.not(broken)
	case all == nil:
		return p.not(partial)
	}
	delete(d.open, key)
	return d.reassembled(p, all.Payload, all.Protocol)
}

// together6 puts fragments of IPv6 together.
func (d *decoder) together6(p packet) packet {
	key := datagramKey{p.from.Addr(), p.to.Addr(), d.piece6.Identification, uint8(d.piece6.NextHeader)}
	d.wait(key, &p)
	head, piece := d.ip6h, d.piece6
	piece.Payload = append([]byte(nil), piece.Payload...)
	head.SrcIP, head.DstIP = append([]byte(nil), head.SrcIP...), append([]byte(nil), head.DstIP...)
	all := d.ip6.DefragIPv6(&head, &piece)
	if all == nil {
		return p.not(partial)
	}
	delete(d.open, key)
	return d.reassembled(p, all.Payload, all.NextHeader)
}

func (d *decoder) reassembled(p packet, payload []byte, protocol layers.IPProtocol) packet {
	if protocol != layers.IPProtocolUDP {
		return p.not(noUDP)
	}
	if err := d.udp.DecodeFromBytes(payload, gopacket.NilDecodeFeedback); err != nil {
		return p.not(broken)
	}
	p = d.datagram(p, d.udp.Payload)
	p.offset = -1
	return p
}
