package dtls

import (
	"encoding/binary"
	"slices"
)

// Handshake messages that are looked into, RFC 5246 §7.4, RFC 6347 §4.3.2.
const (
	clientHello = 1
	serverHello = 2
)

// suites are the cipher suites that a call may agree on: all of them with
// forward secrecy, none without encryption. RFC 8827 §6.5, RFC 8446 §B.4.
var suites = []uint16{
	0x1301, 0x1302, 0x1303, // DTLS 1.3
	0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca8, 0xcca9, // ECDHE with an AEAD
	0xc009, 0xc00a, 0xc013, 0xc014, // ECDHE with CBC, mandatory in RFC 5764 times
}

// fragments checks the handshake messages of one unencrypted record: offset and
// length of each fragment lie within its message, RFC 6347 §4.2.3.
func fragments(b []byte, at int) error {
	for len(b) > 0 {
		if len(b) < handshakeHeader {
			return refuse("R6", at, len(b), "RFC 6347 §4.2.2", "shorter than a handshake header")
		}
		whole, offset, size := uint24(b[1:]), uint24(b[6:]), uint24(b[9:])
		switch {
		case whole > maxMessage:
			return refuse("R5", at+1, 3, "RFC 6347 §4.2.2", "a handshake message of more than 32 KiB")
		case offset+size > whole:
			return refuse("R6", at+6, 6, "RFC 6347 §4.2.3", "a fragment that ends behind its message")
		case handshakeHeader+size > len(b):
			return refuse("R6", at+9, 3, "RFC 6347 §4.2.3", "a fragment that is longer than its record")
		}
		body := b[handshakeHeader : handshakeHeader+size]
		if offset == 0 && size == whole {
			if err := hello(b[0], body, at+handshakeHeader); err != nil {
				return err
			}
		}
		b, at = b[handshakeHeader+size:], at+handshakeHeader+size
	}
	return nil
}

// hello checks version and cipher suite of an unfragmented hello.
func hello(kind byte, body []byte, at int) error {
	if kind != clientHello && kind != serverHello {
		return nil
	}
	if len(body) < 35 { // version, random, length of the session id
		return refuse("R6", at, len(body), "RFC 5246 §7.4.1", "a hello without its fixed fields")
	}
	if binary.BigEndian.Uint16(body) != version12 {
		return refuse("R16", at, 2, "RFC 8827 §6.5", "a version of DTLS below 1.2")
	}
	if kind == clientHello {
		return nil // what it offers does not count, only what is agreed on
	}
	suite := 35 + int(body[34])
	if suite+3 > len(body) {
		return refuse("R6", at+34, 1, "RFC 5246 §7.4.1.3", "a session id that is longer than the hello")
	}
	if !slices.Contains(suites, binary.BigEndian.Uint16(body[suite:])) {
		return refuse("R16", at+suite, 2, "RFC 8827 §6.5", "a cipher suite without encryption or forward secrecy")
	}
	return nil
}

func uint24(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }
