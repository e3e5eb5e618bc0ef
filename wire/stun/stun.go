// Package stun reads the headers of STUN and TURN messages, strictly: what the
// relay must know of a message before a library sees it.
//
// Lengths in STUN messages were where several stacks read beyond their memory
// (an ERROR-CODE shorter than its fixed part, attributes that end behind the
// message). Here a message whose lengths do not add up is refused as a whole.
package stun

import (
	"encoding/binary"

	"github.com/ringfence/ringfence/wire"
)

const (
	// HeaderSize is the length of the fixed header, RFC 8489 §5.
	HeaderSize = 20
	// Cookie stands in every message, RFC 8489 §5.
	Cookie = 0x2112A442

	maxAttributes = 32
)

// Class says what a message is for, RFC 8489 §5.
type Class byte

// The classes.
const (
	Request    Class = 0
	Indication Class = 1
	Success    Class = 2
	Failure    Class = 3
)

// Method is what is asked for, RFC 8489 §18.2, RFC 8656 §17, RFC 6062 §6.1.
type Method uint16

// The methods that anybody has business with here, and those of RFC 6062 that
// nobody has.
const (
	Binding           Method = 0x001
	Allocate          Method = 0x003
	Refresh           Method = 0x004
	Send              Method = 0x006
	Data              Method = 0x007
	CreatePermission  Method = 0x008
	ChannelBind       Method = 0x009
	Connect           Method = 0x00a
	ConnectionBind    Method = 0x00b
	ConnectionAttempt Method = 0x00c
)

// Message is the header of a message, and where its attributes are.
type Message struct {
	Class      Class
	Method     Method
	Attributes []byte // RFC 8489 §14, checked by Parse
	Raw        []byte
}

// Parse reads a message that fills b. It allocates nothing.
func Parse(b []byte) (Message, error) {
	if len(b) < HeaderSize {
		return Message{}, refuse("R6", 0, len(b), "RFC 8489 §5", "a message shorter than its header")
	}
	kind := binary.BigEndian.Uint16(b)
	m := Message{
		// RFC 8489 §5, figure 3: the class bits stand between those of the method.
		Class:      Class(kind>>4&1 | kind>>7&2),
		Method:     Method(kind&0xf | kind>>1&0x70 | kind>>2&0xf80),
		Attributes: b[HeaderSize:],
		Raw:        b,
	}
	length := int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case kind>>14 != 0:
		return Message{}, refuse("R3", 0, 1, "RFC 8489 §5", "not a STUN message")
	case binary.BigEndian.Uint32(b[4:]) != Cookie:
		return Message{}, refuse("R3", 4, 4, "RFC 8489 §5", "no magic cookie")
	case length%4 != 0 || length != len(m.Attributes):
		return Message{}, refuse("R6", 2, 2, "RFC 8489 §5", "the length is not that of what follows")
	}
	return m, m.check()
}

// check walks over all attributes: each ends within the message and has the
// length that its type demands.
func (m Message) check() error {
	count := 0
	for at := HeaderSize; at < len(m.Raw); count++ {
		kind, size := Attribute(binary.BigEndian.Uint16(m.Raw[at:])), int(binary.BigEndian.Uint16(m.Raw[at+2:]))
		end := at + 4 + size
		if end > len(m.Raw) {
			return refuse("R6", at+2, 2, "RFC 8489 §14", "an attribute ends behind the message")
		}
		want := sizeOf(kind)
		if want.known && (size < want.least || size > want.most) {
			return refuse("R6", at+2, 2, "RFC 8489 §14", "an attribute has a length that its type does not")
		}
		if want.address && !(size == 8 && m.Raw[at+5] == 1 || size == 20 && m.Raw[at+5] == 2) {
			return refuse("R6", at+4, size, "RFC 8489 §14.1", "an address whose family and length do not agree")
		}
		at = (end + 3) &^ 3
		if kind == Fingerprint && at != len(m.Raw) {
			return refuse("R3", at, len(m.Raw)-at, "RFC 8489 §14.7", "something stands behind the fingerprint")
		}
		if count == maxAttributes {
			return refuse("R5", at, 0, "RFC 8489 §14", "more than 32 attributes")
		}
	}
	return nil
}

// Get returns the first attribute of a kind, and whether there is one.
func (m Message) Get(kind Attribute) ([]byte, bool) {
	for k, v := range m.All {
		if k == kind {
			return v, true
		}
	}
	return nil, false
}

// All yields the attributes in their order.
func (m Message) All(yield func(Attribute, []byte) bool) {
	for b := m.Attributes; len(b) >= 4; {
		size := int(binary.BigEndian.Uint16(b[2:]))
		if !yield(Attribute(binary.BigEndian.Uint16(b)), b[4:4+size]) {
			return
		}
		b = b[min(len(b), (4+size+3)&^3):]
	}
}

// CheckPeer refuses what one end of a call may not send to the other: anything
// but a Binding (RFC 8445 §7), and attributes that must be understood and are
// not known.
func CheckPeer(b []byte) error {
	m, err := Parse(b)
	if err != nil {
		return err
	}
	if m.Method != Binding {
		return refuse("R3", 0, 2, "RFC 8445 §7", "a STUN method that has no place between the ends of a call")
	}
	for kind := range m.All {
		if kind < 0x8000 && !sizeOf(kind).known {
			return refuse("R3", HeaderSize, len(m.Attributes), "RFC 8489 §14", "an attribute that must be understood and is not known")
		}
	}
	return nil
}

func refuse(rule string, offset, length int, clause, reason string) error {
	return &wire.Refusal{Rule: rule, Offset: offset, Length: length, Clause: clause, Reason: reason}
}
