package own

import (
	"encoding/binary"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/wire/stun"
)

// STUN is a request to a TURN server. Of what there is not, texts are "" and numbers
// are -1.
type STUN struct {
	Method     string   `cel:"method"`     // allocate, refresh, create-permission, channel-bind
	Username   string   `cel:"username"`   // as it was written, with its time
	Software   string   `cel:"software"`   // RFC 8489 §14.14
	Lifetime   int64    `cel:"lifetime"`   // seconds
	Transport  int64    `cel:"transport"`  // protocol number: 17 is UDP
	Family     int64    `cel:"family"`     // of the address asked for: 1 is IPv4, 2 is IPv6
	Peers      []string `cel:"peers"`      // addresses
	PeerPorts  []int64  `cel:"peer_ports"` //
	Attributes []string `cel:"attributes"` // types in their order, like "0x0019"
	Size       int64    `cel:"size"`       // bytes
}

var methods = map[stun.Method]string{stun.Binding: "binding", stun.Allocate: "allocate", stun.Refresh: "refresh", stun.CreatePermission: "create-permission", stun.ChannelBind: "channel-bind"}

// OfSTUN reads a request for conditions.
func OfSTUN(b []byte, p Packet) (*Message, error) {
	m, err := stun.Parse(b)
	if err != nil {
		return nil, err
	}
	s := STUN{Method: methods[m.Method], Lifetime: -1, Transport: -1, Family: -1, Size: int64(len(b))}
	for kind, v := range m.All {
		s.Attributes = append(s.Attributes, fmt.Sprintf("0x%04x", uint16(kind)))
		switch kind {
		case stun.Username:
			s.Username = text(v)
		case stun.Software:
			s.Software = text(v)
		case stun.Lifetime:
			s.Lifetime = int64(binary.BigEndian.Uint32(v))
		case stun.RequestedTransport:
			s.Transport = int64(v[0])
		case stun.RequestedFamily:
			s.Family = int64(v[0])
		case stun.XORPeerAddress:
			if at := m.Address(v); at.IsValid() {
				s.Peers, s.PeerPorts = append(s.Peers, at.Addr().String()), append(s.PeerPorts, int64(at.Port()))
			}
		}
	}
	return &Message{Packet: p, STUN: s, about: ofSTUN}, nil
}

func text(b []byte) string { return strings.ToValidUTF8(string(b), "\ufffd") }
