package rtcp

import "encoding/binary"

// Application is what an application has agreed on with itself, RFC 3550 §6.7.
type Application struct {
	Subtype byte // five bits
	SSRC    uint32
	Name    [4]byte // ASCII
	Data    []byte  // of whole words; a view of the packet
}

const applicationHeader = 12 // header, sender and name

func init() { register(APP, kind{checkApplication, readApplication}) }

func checkApplication(p []byte) error {
	if len(p) < applicationHeader {
		return refuse("R6", 2, 2, "RFC 3550 §6.7", "shorter than a sender and a name")
	}
	for i, c := range p[8:applicationHeader] {
		if c >= 0x80 {
			return refuse("R3", 8+i, 1, "RFC 3550 §6.7", "a name that is not ASCII")
		}
	}
	return nil
}

func readApplication(p []byte) Packet {
	return Application{
		Subtype: p[0] & 0x1f,
		SSRC:    binary.BigEndian.Uint32(p[4:]),
		Name:    [4]byte(p[8:]),
		Data:    p[applicationHeader:],
	}
}

// Type returns APP.
func (Application) Type() Type { return APP }

// AppendTo writes the packet, RFC 3550 §6.7.
func (a Application) AppendTo(b []byte) []byte {
	start := len(b)
	b = begin(b, int(a.Subtype), APP)
	b = binary.BigEndian.AppendUint32(b, a.SSRC)
	return finish(append(append(b, a.Name[:]...), a.Data...), start)
}
