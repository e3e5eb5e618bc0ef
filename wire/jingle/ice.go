package jingle

import "net/netip"

const nsICE = "urn:xmpp:jingle:transports:ice-udp:1" // XEP-0176

const (
	maxCandidates = 32
	maxPriority   = 1<<31 - 1 // RFC 8445 §5.1.2
)

// CandidateType says where an address comes from, RFC 8445 §4.
type CandidateType string

// The types of candidates.
const (
	Host  CandidateType = "host"
	PRflx CandidateType = "prflx"
	Relay CandidateType = "relay"
	SRflx CandidateType = "srflx"
)

var (
	candidateTypes = []CandidateType{Host, PRflx, Relay, SRflx}
	protocols      = []string{"tcp", "udp"}              // XEP-0371 §5 has tcp, too
	tcpTypes       = []string{"active", "passive", "so"} // RFC 6544 §4.5
	iceParts       = children[ICE]{}

	component = limits{1, 2, 1<<8 - 1} // XEP-0167 §3: RTP and RTCP
	octet     = limits{0, 1<<8 - 1, 1<<8 - 1}
	port      = limits{1, 1<<16 - 1, 1<<16 - 1}
)

// ICE is a transport of XEP-0176.
type ICE struct {
	Ufrag, Pwd   string // both or neither
	Candidates   []Candidate
	Chosen       []Chosen // the candidates that the controlling side has settled on
	Complete     bool     // no candidate follows, XEP-0371 §5
	Fingerprints []Fingerprint
}

// Candidate is an address that media may go to, XEP-0176 §5.
type Candidate struct {
	Component  uint8 // 1 RTP, 2 RTCP
	Foundation string
	Generation uint8
	ID         string
	IP         netip.Addr
	Network    *uint8 // nil where it is absent
	Port       uint16
	Priority   uint32
	Protocol   string
	Type       CandidateType
	TCPType    string // RFC 6544 §4.5, with tcp only

	RelAddr netip.Addr // not valid where there is none
	RelPort uint16
}

// Chosen is a candidate of the other side, XEP-0176 §5.
type Chosen struct {
	Component uint8
	IP        netip.Addr
	Port      uint16
}

func init() {
	specifications[nsICE] = "XEP-0176 §5"
	contentParts[name{nsICE, "transport"}] = readICE
	iceParts[name{nsICE, "candidate"}] = readCandidate
	iceParts[name{nsICE, "remote-candidate"}] = readChosen
	iceParts[name{nsICE, "gathering-complete"}] = func(r *reader, e *element, t *ICE) {
		r.once(e, false)
		r.bare(e)
		t.Complete = true
	}
}

func readICE(r *reader, e *element, c *Content) {
	r.once(e, c.Raw != nil)
	f := r.fields(e)
	t := &ICE{Ufrag: f.text("ufrag", ufrag), Pwd: f.text("pwd", pwd)}
	f.end()
	if (t.Ufrag == "") != (t.Pwd == "") {
		r.missing(e, "RFC 8839 §5.4", "one of ufrag and pwd without the other")
	}
	walk(r, e, t, iceParts)
	c.ICE = t
}

func readCandidate(r *reader, e *element, t *ICE) {
	r.full(e, len(t.Candidates), maxCandidates)
	f := r.fields(e)
	f.must("component", "foundation", "generation", "id", "ip", "port", "priority", "protocol", "type")
	number := func(local string, l limits) uint64 {
		v, _ := f.number(local, l)
		return v
	}
	c := Candidate{
		Component:  uint8(number("component", component)),
		Foundation: f.text("foundation", foundation),
		Generation: uint8(number("generation", octet)),
		ID:         f.text("id", label),
		IP:         f.address("ip"),
		Port:       uint16(number("port", port)),
		// The schema has every positive number, RFC 8445 §5.1.2 has these.
		Priority: uint32(number("priority", limits{1, maxPriority, 1<<64 - 1})),
		Protocol: among(f, "protocol", protocols),
		Type:     enum(f, "type", candidateTypes),
		TCPType:  enum(f, "tcptype", tcpTypes),
		RelAddr:  f.address("rel-addr"),
	}
	if v, ok := f.number("network", octet); ok {
		c.Network = new(uint8(v))
	}
	v, related := f.number("rel-port", limits{0, 1<<16 - 1, 1<<16 - 1})
	c.RelPort = uint16(v)
	f.end()
	walk[struct{}](r, e, nil, nil)
	switch {
	case c.RelAddr.IsValid() != related:
		r.missing(e, "RFC 8839 §5.1", "one of rel-addr and rel-port without the other")
	case related && c.Type == Host:
		r.stop(refuse("R3", e.at, e.end-e.at, "RFC 8839 §5.1", "a related address of a host candidate"))
	case (c.Protocol == "tcp") != (c.TCPType != ""):
		r.missing(e, "RFC 6544 §4.5", "tcp without tcptype, or tcptype without tcp")
	}
	t.Candidates = append(t.Candidates, c)
}

func readChosen(r *reader, e *element, t *ICE) {
	r.full(e, len(t.Chosen), maxCandidates)
	f := r.fields(e)
	f.must("component", "ip", "port")
	n, _ := f.number("component", component)
	p, _ := f.number("port", port)
	t.Chosen = append(t.Chosen, Chosen{uint8(n), f.address("ip"), uint16(p)})
	f.end()
	walk[struct{}](r, e, nil, nil)
}

func (t *ICE) write(w *writer) {
	w.start(nsICE, "transport")
	w.attribute("pwd", t.Pwd)
	w.attribute("ufrag", t.Ufrag)
	for _, f := range t.Fingerprints {
		f.write(w)
	}
	for _, c := range t.Candidates {
		c.write(w)
	}
	for _, c := range t.Chosen {
		w.start(nsICE, "remote-candidate")
		w.number("component", uint64(c.Component))
		w.address("ip", c.IP)
		w.number("port", uint64(c.Port))
		w.end()
	}
	if t.Complete {
		w.bare(nsICE, "gathering-complete")
	}
	w.end()
}

func (c Candidate) write(w *writer) {
	w.start(nsICE, "candidate")
	w.number("component", uint64(c.Component))
	w.attribute("foundation", c.Foundation)
	w.digits("generation", uint64(c.Generation))
	w.attribute("id", c.ID)
	w.address("ip", c.IP)
	if c.Network != nil {
		w.digits("network", uint64(*c.Network))
	}
	w.number("port", uint64(c.Port))
	w.number("priority", uint64(c.Priority))
	w.attribute("protocol", c.Protocol)
	if c.RelAddr.IsValid() {
		w.address("rel-addr", c.RelAddr)
		w.digits("rel-port", uint64(c.RelPort))
	}
	w.attribute("tcptype", c.TCPType)
	w.attribute("type", string(c.Type))
	w.end()
}
