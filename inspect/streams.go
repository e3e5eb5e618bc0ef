package inspect

import (
	"net/netip"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/reassembly"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire/sip"
	"github.com/ringfence/ringfence/wire/turn"
)

// streams puts TCP together, so far as calls go over it.
type streams struct {
	in        *inspector
	assembler *reassembly.Assembler
	now       packet // that is being looked at
	since     int
}

const (
	maxPages    = 1 << 14 // of about 2 KB, out of order, of all connections
	maxPagesOne = 256     // of one
	maxBuffer   = 1 << 17 // bytes of a message that is not whole yet
	flushEvery  = 50_000  // packets
)

func newStreams(in *inspector) *streams {
	s := &streams{in: in}
	s.assembler = reassembly.NewAssembler(reassembly.NewStreamPool(s))
	s.assembler.MaxBufferedPagesTotal, s.assembler.MaxBufferedPagesPerConnection = maxPages, maxPagesOne
	return s
}

// add looks at a segment.
func (s *streams) add(p *packet) {
	tcp := &p.tcp.tcp
	if len(p.payload) == 0 && !tcp.SYN && !tcp.FIN && !tcp.RST {
		return
	}
	s.now = *p
	s.assembler.AssembleWithContext(p.tcp.net, tcp, moments{CaptureInfo: gopacket.CaptureInfo{Timestamp: p.at}})
	if s.since++; s.since >= flushEvery {
		s.since = 0
		s.assembler.FlushCloseOlderThan(p.at.Add(-idle))
	}
}

func (s *streams) flush() { s.assembler.FlushAll() }

// moments is what the assembler hands through.
type moments struct{ gopacket.CaptureInfo }

// GetCaptureInfo returns it.
func (c moments) GetCaptureInfo() gopacket.CaptureInfo { return c.CaptureInfo }

// New begins a connection.
func (s *streams) New(_, _ gopacket.Flow, _ *layers.TCP, _ reassembly.AssemblerContext) reassembly.Stream {
	return &connection{s: s, a: s.now.from, b: s.now.to}
}

// protocol of a direction of a connection.
type protocol byte

const (
	unknown protocol = iota
	overSIP
	overTURN
	foreign // something else, that is not put together
)

// connection is one TCP connection.
type connection struct {
	s    *streams
	a, b netip.AddrPort // who began, so far as was seen
	dirs [2]direction
}

type direction struct {
	protocol protocol
	buffer   []byte
}

// Accept takes every segment of a connection that may be about calls.
func (c *connection) Accept(_ *layers.TCP, _ gopacket.CaptureInfo, dir reassembly.TCPFlowDirection, _ reassembly.Sequence, start *bool, _ reassembly.AssemblerContext) bool {
	*start = true // captures begin in the middle of connections
	d := &c.dirs[index(bool(dir))]
	if d.protocol == foreign {
		c.s.in.count(ofOther, len(c.s.now.payload))
		return false
	}
	return true
}

// ReassembledSG looks at what is in order now.
func (c *connection) ReassembledSG(sg reassembly.ScatterGather, _ reassembly.AssemblerContext) {
	dir, _, _, skip := sg.Info()
	n, _ := sg.Lengths()
	d := &c.dirs[index(bool(dir))]
	if d.protocol == foreign || n == 0 {
		return
	}
	if skip > 0 && d.protocol != unknown {
		c.s.in.miss("bytes of a connection that are not in the capture", c.s.now.number, true)
		d.buffer, d.protocol = nil, unknown
	}
	d.buffer = append(d.buffer, sg.Fetch(n)...)
	p := c.s.now
	p.from, p.to, p.stream, p.offset = c.a, c.b, true, -1
	if dir {
		p.from, p.to = c.b, c.a
	}
	c.cut(d, &p)
}

// cut takes whole messages off the buffer.
func (c *connection) cut(d *direction, p *packet) {
	if d.protocol == unknown {
		d.protocol = begins(d.buffer)
	}
	for d.protocol == overSIP || d.protocol == overTURN {
		n, err := 0, error(nil)
		if d.protocol == overSIP {
			n, err = sip.Cut(d.buffer)
		} else {
			n, err = turn.Cut(d.buffer)
		}
		if err != nil {
			key, _ := keyOf(p)
			c.s.in.judge(p, key, "tcp", d.buffer, err, guard.Medium)
			d.protocol = foreign
		}
		if n == 0 || err != nil {
			break
		}
		one := *p
		one.payload = append([]byte(nil), d.buffer[:n]...)
		d.buffer = d.buffer[n:]
		c.s.in.datagram(&one)
	}
	if len(d.buffer) > maxBuffer || d.protocol == foreign {
		c.s.in.count(ofOther, len(d.buffer))
		d.buffer, d.protocol = nil, foreign
	}
}

// begins tells by its first bytes what a direction of a connection is.
func begins(b []byte) protocol {
	for len(b) > 1 && b[0] == '\r' && b[1] == '\n' { // RFC 5626 §4.4.1, to keep it open
		b = b[2:]
	}
	switch {
	case len(b) < 8:
		return unknown
	case sip.Is(b):
		return overSIP
	case b[0] <= 3 && string(b[4:8]) == "\x21\x12\xa4\x42":
		return overTURN
	}
	return foreign
}

// ReassemblyComplete is told at the end of a connection.
func (c *connection) ReassemblyComplete(reassembly.AssemblerContext) bool { return true }
