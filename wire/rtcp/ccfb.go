package rtcp

import (
	"encoding/binary"
	"slices"
)

// CCFB says which packets of several streams have arrived, and when: the
// standard's congestion control feedback, RFC 8888 §3.1.
type CCFB struct {
	Sender    uint32
	Streams   []Arrivals
	Timestamp uint32 // of the report: the middle of an NTP time
}

// Arrivals are the packets of one stream, from a sequence number on, RFC 8888
// §3.1.
type Arrivals struct {
	SSRC    uint32
	Begin   uint16
	Metrics []Metric
}

// Metric says whether a packet has arrived; if not, it is zero. RFC 8888 §3.1.
type Metric uint16

// Received tells whether the packet has arrived.
func (m Metric) Received() bool { return m>>15 == 1 }

// ECN returns the two bits of congestion that the packet bore, RFC 3168 §5.
func (m Metric) ECN() byte { return byte(m >> 13 & 3) }

// Offset returns how long before the report the packet has arrived, in parts of
// 1,024 of a second.
func (m Metric) Offset() uint16 { return uint16(m & 0x1fff) }

const (
	ccfbHeader     = 8 // header and sender
	ccfbTimestamp  = 4
	arrivalsHeader = 8
)

func init() { transport[formatCCFB] = kind{checkCCFB, readCCFB} }

func checkCCFB(p []byte) error {
	at, last := ccfbHeader, len(p)-ccfbTimestamp
	for at < last {
		if at+arrivalsHeader > last {
			return refuse("R6", at, last-at, "RFC 8888 §3.1", "a stream shorter than its fixed part")
		}
		metrics := at + arrivalsHeader
		end := metrics + 2*int(binary.BigEndian.Uint16(p[at+6:]))
		next := (end + 3) &^ 3
		if next > last {
			return refuse("R6", at+6, 2, "RFC 8888 §3.1", "more packets than there are metrics")
		}
		for i := metrics; i < end; i += 2 {
			if m := Metric(binary.BigEndian.Uint16(p[i:])); !m.Received() && m != 0 {
				return refuse("R3", i, 2, "RFC 8888 §3.1", "a packet that has not arrived has arrived at a time")
			}
		}
		if i := nonzero(p[end:next]); i >= 0 {
			return refuse("R3", end+i, 1, "RFC 8888 §3.1", "something stands behind the metrics")
		}
		at = next
	}
	return nil
}

func readCCFB(p []byte) Packet {
	at, last := ccfbHeader, len(p)-ccfbTimestamp
	c := CCFB{Sender: senderSSRC(p), Timestamp: binary.BigEndian.Uint32(p[last:])}
	for at < last {
		a := Arrivals{SSRC: binary.BigEndian.Uint32(p[at:]), Begin: binary.BigEndian.Uint16(p[at+4:])}
		n := int(binary.BigEndian.Uint16(p[at+6:]))
		at += arrivalsHeader
		a.Metrics = slices.Grow(a.Metrics, n)
		for i := range n {
			a.Metrics = append(a.Metrics, Metric(binary.BigEndian.Uint16(p[at+2*i:])))
		}
		c.Streams = append(c.Streams, a)
		at = (at + 2*n + 3) &^ 3
	}
	return c
}

// Type returns RTPFB.
func (CCFB) Type() Type { return RTPFB }

// AppendTo writes the packet, RFC 8888 §3.1.
func (c CCFB) AppendTo(b []byte) []byte {
	start := len(b)
	b = begin(b, formatCCFB, RTPFB)
	b = binary.BigEndian.AppendUint32(b, c.Sender)
	for _, a := range c.Streams {
		b = binary.BigEndian.AppendUint32(b, a.SSRC)
		b = binary.BigEndian.AppendUint16(b, a.Begin)
		b = binary.BigEndian.AppendUint16(b, uint16(len(a.Metrics)))
		for _, m := range a.Metrics {
			b = binary.BigEndian.AppendUint16(b, uint16(m))
		}
		if len(a.Metrics)%2 != 0 {
			b = append(b, 0, 0)
		}
	}
	return finish(binary.BigEndian.AppendUint32(b, c.Timestamp), start)
}
