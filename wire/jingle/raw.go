package jingle

import "net/netip"

const nsRaw = "urn:xmpp:jingle:transports:raw-udp:1" // XEP-0177

// Raw is a transport of XEP-0177.
type Raw struct {
	Candidates   []RawCandidate
	Fingerprints []Fingerprint
}

// RawCandidate is an address that media goes to, XEP-0177 §4.2.
type RawCandidate struct {
	Component  uint8 // 0 where it is absent, which stands for 1
	Generation uint8
	ID         string
	IP         netip.Addr
	Port       uint16
	Type       CandidateType // "" where it is absent
}

var rawParts = children[Raw]{}

func init() {
	specifications[nsRaw] = "XEP-0177 §4.2"
	contentParts[name{nsRaw, "transport"}] = readRaw
	rawParts[name{nsRaw, "candidate"}] = readRawCandidate
}

func readRaw(r *reader, e *element, c *Content) {
	r.once(e, c.ICE != nil)
	t := &Raw{}
	r.fields(e).end()
	walk(r, e, t, rawParts)
	c.Raw = t
}

func readRawCandidate(r *reader, e *element, t *Raw) {
	r.full(e, len(t.Candidates), maxCandidates)
	f := r.fields(e)
	f.must("generation", "id", "ip", "port")
	// The examples of XEP-0176 §6 leave the component out.
	n, _ := f.number("component", component)
	g, _ := f.number("generation", octet)
	p, _ := f.number("port", port)
	t.Candidates = append(t.Candidates, RawCandidate{
		Component:  uint8(n),
		Generation: uint8(g),
		ID:         f.text("id", label),
		IP:         f.address("ip"),
		Port:       uint16(p),
		Type:       enum(f, "type", candidateTypes),
	})
	f.end()
	walk[struct{}](r, e, nil, nil)
}

func (t *Raw) write(w *writer) {
	w.start(nsRaw, "transport")
	for _, f := range t.Fingerprints {
		f.write(w)
	}
	for _, c := range t.Candidates {
		w.start(nsRaw, "candidate")
		w.number("component", uint64(c.Component))
		w.digits("generation", uint64(c.Generation))
		w.attribute("id", c.ID)
		w.address("ip", c.IP)
		w.number("port", uint64(c.Port))
		w.attribute("type", string(c.Type))
		w.end()
	}
	w.end()
}
