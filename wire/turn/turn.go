// Package turn finds the messages of TURN on the wire: STUN messages and
// ChannelData, one in a datagram or one behind the other in a stream.
//
// The length of ChannelData is believed by whoever cuts the stream into messages;
// one that does not agree with the datagram around it made relays send what was
// never received.
package turn

import (
	"encoding/binary"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/stun"
)

const (
	// ChannelHeader is the length of the header of ChannelData, RFC 8656 §12.4.
	ChannelHeader = 4

	// The channel numbers, RFC 8656 §12.
	MinChannel = 0x4000
	MaxChannel = 0x4fff

	// MaxMessage is the largest message of a stream.
	MaxMessage = 64 << 10
)

// ChannelData is RFC 8656 §12.4.
type ChannelData struct {
	Channel uint16
	Data    []byte
}

// IsChannel tells ChannelData from STUN, RFC 8656 §12.
func IsChannel(b []byte) bool { return len(b) > 0 && b[0]>>6 == 1 }

// ParseChannel reads ChannelData that fills a datagram; up to three bytes of
// padding may stand behind it, which is how streams have it.
func ParseChannel(b []byte) (ChannelData, error) {
	if len(b) < ChannelHeader {
		return ChannelData{}, refuse("R6", 0, len(b), "shorter than its header")
	}
	d := ChannelData{Channel: binary.BigEndian.Uint16(b)}
	size := int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case d.Channel < MinChannel || d.Channel > MaxChannel:
		return d, refuse("R3", 0, 2, "a channel number that there is not")
	case ChannelHeader+size > len(b) || len(b)-ChannelHeader-size > 3:
		return d, refuse("R6", 2, 2, "the length is not that of what follows")
	}
	d.Data = b[ChannelHeader : ChannelHeader+size]
	return d, nil
}

// AppendTo writes it for a datagram, without padding.
func (d ChannelData) AppendTo(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, d.Channel)
	b = binary.BigEndian.AppendUint16(b, uint16(len(d.Data)))
	return append(b, d.Data...)
}

// Cut returns the length of the first message of a stream, with its padding; 0 when
// more of it must come first.
func Cut(b []byte) (int, error) {
	if len(b) < ChannelHeader {
		return 0, nil
	}
	n, err := Size(b)
	if err != nil || n > len(b) {
		return 0, err
	}
	return n, nil
}

// Size is the length of the message of a stream whose first four bytes b has, with
// its padding: RFC 8489 §6.2.2, RFC 8656 §12.5.
func Size(b []byte) (int, error) {
	size := int(binary.BigEndian.Uint16(b[2:]))
	n := stun.HeaderSize + size
	switch {
	case b[0]>>6 == 0 && size%4 != 0:
		return 0, refuse("R6", 2, 2, "a STUN message whose length is no multiple of four")
	case b[0]>>6 == 1:
		n = (ChannelHeader + size + 3) &^ 3
	case b[0]>>6 != 0:
		return 0, &wire.Refusal{Rule: "R3", Length: 1, Clause: "RFC 7983 §7", Reason: "neither STUN nor ChannelData"}
	}
	if n > MaxMessage {
		return 0, refuse("R5", 2, 2, "a message of more than 64 KiB")
	}
	return n, nil
}

// Check refuses what is neither a STUN message nor ChannelData.
func Check(b []byte) error {
	if IsChannel(b) {
		_, err := ParseChannel(b)
		return err
	}
	_, err := stun.Parse(b)
	return err
}

func refuse(rule string, offset, length int, reason string) error {
	return &wire.Refusal{Rule: rule, Offset: offset, Length: length, Clause: "RFC 8656 §12.4", Reason: reason}
}
