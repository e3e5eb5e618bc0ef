package inspect

import (
	"net/netip"
	"time"

	"github.com/ringfence/ringfence/wire/dtls"
)

// flowKey is two programs that talk: the lower address first. What goes through a
// relay has its channel besides.
type flowKey struct {
	a, b    netip.AddrPort
	stream  bool
	channel uint16
}

func keyOf(p *packet) (key flowKey, reverse bool) {
	if p.from.Compare(p.to) <= 0 {
		return flowKey{a: p.from, b: p.to, stream: p.stream}, false
	}
	return flowKey{a: p.to, b: p.from, stream: p.stream}, true
}

// kinds of traffic of a flow, as bits.
type kinds uint16

const (
	isSTUN kinds = 1 << iota
	isTURN
	isDTLS
	isRTP
	isRTCP
	isSIP
	isConsented // a STUN Binding was answered: two ends of a call
	isClear     // a session description says that media is not encrypted
)

// side is one direction of a flow.
type side struct {
	packets, bytes int64
	ssrc           uint32
	seq            uint16
	run            uint8 // packets of RTP that followed each other
	media          int64 // packets of RTP
	hello          dtls.Hello
	ja4            string
	software       string // SOFTWARE of STUN, RFC 8489 §14.14
}

// flow is what is known of two programs that talk.
type flow struct {
	key         flowKey
	kinds       kinds
	first, last time.Time
	frame       int64
	sides       [2]side
	early       []early // what came first, for calls that are answered later
	beyond      int64   // bytes of packets that early has no place for
	marks       []mark  // when something came for the first time
	dialog      *dialog // the call that announced its media
	toCallee    bool    // the address b is the callee's; else a is
	aside       bool    // none of its packets goes to the callee: the leg of the caller
	logged      bool    // its call is one of the log of answers
	user        string  // of the relay that it goes through
	channels    map[uint16]netip.AddrPort
	asked       [12]byte   // the transaction of the last request to a relay that named a peer
	peer        netip.Addr // which
}

// early is a packet of media.
type early struct {
	at      time.Time
	size    uint16
	reverse bool
}

// mark is that something came for the first time in a direction.
type mark struct {
	at      time.Time
	frame   int64
	label   string
	reverse bool
}

// mark remembers the first of its kind.
func (f *flow) mark(label string, p *packet, reverse bool) {
	for i := range f.marks {
		if f.marks[i].label == label && f.marks[i].reverse == reverse {
			return
		}
	}
	f.marks = append(f.marks, mark{p.at, p.number, label, reverse})
}

const (
	maxFlows  = 1 << 17
	maxEarly  = 256
	maxEarlys = 1 << 20 // of all flows
	idle      = 2 * time.Minute
)

// flows are those that are followed.
type flows struct {
	open      map[flowKey]*flow
	closed    []*flow // with calls in them, that were idle for long
	earlys    int
	untracked int64
	announced map[netip.AddrPort]announcement
}

// announcement is that a call has said where its media comes to.
type announcement struct {
	dialog *dialog
	callee bool // it is the callee's address
	clear  bool // the media is not encrypted
}

func (s *flows) init() {
	s.open, s.announced = map[flowKey]*flow{}, map[netip.AddrPort]announcement{}
}

// get returns the flow of a packet; nil when there are too many.
func (s *flows) get(key flowKey, p *packet) *flow {
	f := s.open[key]
	if f == nil {
		if len(s.open) >= maxFlows && !s.sweep(p.at) {
			s.untracked++
			return nil
		}
		f = &flow{key: key, first: p.at, frame: p.number}
		s.open[key] = f
	}
	s.belongs(f)
	f.last = p.at
	return f
}

// belongs finds the call that has announced an end of the flow.
func (s *flows) belongs(f *flow) {
	if f.dialog != nil || f.key.stream || len(s.announced) == 0 {
		return
	}
	for i, end := range [2]netip.AddrPort{f.key.a, f.key.b} {
		if a, ok := s.announced[end]; ok {
			f.dialog, f.toCallee = a.dialog, a.callee == (i == 1)
			if a.clear {
				f.kinds |= isClear
			}
			return
		}
	}
}

// sweep makes room: flows that were idle for long, and those in which there was
// nothing of a call.
func (s *flows) sweep(now time.Time) bool {
	for key, f := range s.open {
		if f.kinds == 0 || now.Sub(f.last) > idle {
			delete(s.open, key)
			if f.call() && len(s.closed) < maxFlows {
				s.closed = append(s.closed, f)
			}
		}
	}
	return len(s.open) < maxFlows*3/4
}

// call tells whether the flow carries a call.
func (f *flow) call() bool {
	return f.kinds&isRTP != 0 || f.kinds&isDTLS != 0 && f.kinds&isSTUN != 0
}

// remember keeps when a packet of media came.
func (s *flows) remember(f *flow, p *packet, size int, reverse bool) {
	if len(f.early) == maxEarly || s.earlys == maxEarlys {
		f.beyond += int64(size)
		return
	}
	s.earlys++
	f.early = append(f.early, early{p.at, uint16(min(size, 65535)), reverse})
}
