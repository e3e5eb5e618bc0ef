package jingle

// Ranges of a codec that we take, out of the 32 bits that XEP-0167 §4 has.
// Packet times far out of range have been a way to overflow (CVE-2026-41416).
const (
	maxClockRate  = 384_000
	maxChannels   = 8
	maxPacketTime = 1000 // milliseconds
	firstDynamic  = 96   // RFC 3551 §3
)

// PayloadType is one codec, XEP-0167 §4. A number that is absent is zero.
type PayloadType struct {
	ID         uint8
	Name       string
	ClockRate  uint32
	Channels   uint8
	PTime      uint16
	MaxPTime   uint16
	Parameters []Parameter
	Feedback   Feedback // XEP-0293
}

// Parameter is a name with a value: of a codec (XEP-0167 §4), a kind of
// feedback (XEP-0293), a header extension (XEP-0294), a source (XEP-0339).
type Parameter struct{ Name, Value string }

var payloadParts = children[PayloadType]{}

func init() {
	descriptionBits[name{nsRTP, "payload-type"}] = readPayloadType
	payloadParts[name{nsRTP, "parameter"}] = func(r *reader, e *element, p *PayloadType) {
		readParameter(r, e, &p.Parameters, "name", "value")
	}
}

func readPayloadType(r *reader, e *element, d *Description) {
	r.full(e, len(d.PayloadTypes), maxPayloadTypes)
	f := r.fields(e)
	f.must("id")
	number := func(local string, most, ceiling uint64) uint64 {
		v, _ := f.number(local, limits{1, most, ceiling})
		return v
	}
	p := PayloadType{
		Name:      f.text("name", label),
		ClockRate: uint32(number("clockrate", maxClockRate, 1<<32-1)),
		Channels:  uint8(number("channels", maxChannels, 1<<8-1)),
		PTime:     uint16(number("ptime", maxPacketTime, 1<<32-1)),
		MaxPTime:  uint16(number("maxptime", maxPacketTime, 1<<32-1)),
	}
	v, _ := f.number("id", limits{0, 127, 127}) // RFC 3550 §5.1: seven bits
	p.ID = uint8(v)
	f.end()
	if p.ID >= firstDynamic && p.Name == "" {
		r.missing(e, f.clause, "a dynamic payload type without a name")
	}
	for _, other := range d.PayloadTypes {
		if other.ID == p.ID {
			r.stop(refuse("R17", e.at, e.end-e.at, "RFC 8866 §5.14", "a second payload type of the same id"))
		}
	}
	walk(r, e, &p, payloadParts)
	d.PayloadTypes = append(d.PayloadTypes, p)
}

// readParameter reads a parameter that has the attributes of need.
func readParameter(r *reader, e *element, into *[]Parameter, need ...string) {
	r.full(e, len(*into), maxParameters)
	f := r.fields(e)
	f.must(need...)
	*into = append(*into, Parameter{f.text("name", label), f.text("value", phrase)})
	f.end()
	walk[struct{}](r, e, nil, nil)
}

func (p PayloadType) write(w *writer) {
	w.start(nsRTP, "payload-type")
	w.number("channels", uint64(p.Channels))
	w.number("clockrate", uint64(p.ClockRate))
	w.digits("id", uint64(p.ID))
	w.number("maxptime", uint64(p.MaxPTime))
	w.attribute("name", p.Name)
	w.number("ptime", uint64(p.PTime))
	for _, x := range p.Parameters {
		w.start(nsRTP, "parameter")
		w.attribute("name", x.Name)
		w.always("value", x.Value)
		w.end()
	}
	p.Feedback.write(w)
	w.end()
}

// parameters writes parameters whose value may be absent.
func (w *writer) parameters(space string, list []Parameter) {
	for _, x := range list {
		w.start(space, "parameter")
		w.attribute("name", x.Name)
		w.attribute("value", x.Value)
		w.end()
	}
}
