// Package dtls reads the record and handshake headers of DTLS datagrams: what
// can be checked of a call's key exchange without taking part in it.
//
// Fragments whose offsets and lengths do not agree broke DTLS stacks more than
// once (CVE-2014-0195). Versions below 1.2 and cipher suites without encryption
// are refused as a downgrade, and so is application data, which in a call could
// only be SCTP: there are no data channels here.
package dtls

import (
	"encoding/binary"

	"github.com/ringfence/ringfence/wire"
)

// Content types, RFC 6347 §4.1, RFC 9147 §4.
const (
	changeCipherSpec = 20
	alert            = 21
	handshake        = 22
	applicationData  = 23
	ack              = 26
)

const (
	recordHeader    = 13 // RFC 6347 §4.1
	handshakeHeader = 12 // RFC 6347 §4.2.2
	maxMessage      = 32 << 10
	version12       = 0xfefd
	version10       = 0xfeff
)

// Check refuses a datagram that is not one or more whole DTLS records.
func Check(b []byte) error {
	for at := 0; at < len(b); {
		n, err := record(b[at:], at)
		if err != nil {
			return err
		}
		at += n
	}
	return nil
}

// Protected tells whether a datagram that passes Check ends with a record that
// is encrypted: the sender has agreed on keys.
func Protected(b []byte) bool {
	for len(b) > 0 {
		if b[0]>>5 == 1 { // RFC 9147 §4, the unified header
			return true
		}
		if len(b) < recordHeader {
			return false
		}
		if binary.BigEndian.Uint16(b[3:]) > 0 { // epoch
			return true
		}
		b = b[min(len(b), recordHeader+int(binary.BigEndian.Uint16(b[11:]))):]
	}
	return false
}

// record checks the first record of b, which stands at an offset of the
// datagram, and returns its length.
func record(b []byte, at int) (int, error) {
	if b[0]>>5 == 1 {
		return unified(b, at)
	}
	if b[0] < changeCipherSpec || b[0] > applicationData && b[0] != ack {
		return 0, refuse("R3", at, 1, "RFC 9147 §4", "a type of record that has no place in a call")
	}
	if len(b) < recordHeader {
		return 0, refuse("R6", at, len(b), "RFC 6347 §4.1", "shorter than a record header")
	}
	size := int(binary.BigEndian.Uint16(b[11:]))
	if size == 0 || recordHeader+size > len(b) {
		return 0, refuse("R6", at+11, 2, "RFC 6347 §4.1", "the record is longer than the datagram, or empty")
	}
	version, epoch := binary.BigEndian.Uint16(b[1:]), binary.BigEndian.Uint16(b[3:])
	switch {
	case b[0] == applicationData:
		return 0, refuse("R16", at, 1, "RFC 8827 §6.5", "application data: there are no data channels in a call")
	case version != version12 && (version != version10 || epoch > 0 || b[0] != handshake && b[0] != alert):
		return 0, refuse("R16", at+1, 2, "RFC 8827 §6.5", "a version of DTLS below 1.2")
	}
	if b[0] == handshake && epoch == 0 {
		return recordHeader + size, fragments(b[recordHeader:recordHeader+size], at+recordHeader)
	}
	return recordHeader + size, nil
}

// unified checks a record of DTLS 1.3, RFC 9147 §4: 001CSLEE.
func unified(b []byte, at int) (int, error) {
	if b[0]&0x10 != 0 {
		return 0, refuse("R3", at, 1, "RFC 9146 §3", "a connection id that nobody agreed on")
	}
	n := 2
	if b[0]&0x08 != 0 {
		n++
	}
	if b[0]&0x04 == 0 { // no length: the record fills the datagram
		if len(b) < n+16 {
			return 0, refuse("R6", at, len(b), "RFC 9147 §4.2.3", "shorter than the smallest ciphertext")
		}
		return len(b), nil
	}
	if len(b) < n+2 {
		return 0, refuse("R6", at, len(b), "RFC 9147 §4", "shorter than its header")
	}
	size := int(binary.BigEndian.Uint16(b[n:]))
	if size < 16 || n+2+size > len(b) {
		return 0, refuse("R6", at+n, 2, "RFC 9147 §4", "the record is longer than the datagram, or too short to be encrypted")
	}
	return n + 2 + size, nil
}

func refuse(rule string, offset, length int, clause, reason string) error {
	return &wire.Refusal{Rule: rule, Offset: offset, Length: length, Clause: clause, Reason: reason}
}
