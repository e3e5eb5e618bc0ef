package dtls

import (
	"encoding/binary"
)

// ClientHello is what a client says of itself when a handshake begins: RFC 5246
// §7.4.1.2, RFC 6347 §4.2.1, RFC 9147 §5.3. It points into the bytes it was read
// from.
type ClientHello struct {
	Version    uint16 // legacy_version
	Cookie     bool   // it answers a HelloVerifyRequest
	Suites     []uint16
	Extensions []Extension
}

// Extension of a hello, RFC 8446 §4.2.
type Extension struct {
	Type uint16
	Data []byte
}

// The extensions that are looked into.
const (
	ServerName          = 0
	SignatureAlgorithms = 13
	UseSRTP             = 14 // RFC 5764 §4.1.1
	ALPN                = 16
	SupportedVersions   = 43
)

const (
	maxSuites     = 256
	maxExtensions = 64
)

// Get returns the data of the first extension of a type.
func (h *ClientHello) Get(kind uint16) ([]byte, bool) {
	for _, e := range h.Extensions {
		if e.Type == kind {
			return e.Data, true
		}
	}
	return nil, false
}

// ParseClientHello reads the body of the handshake message, without its header.
func ParseClientHello(b []byte) (ClientHello, error) {
	r := reader{b: b}
	h := ClientHello{Version: uint16(r.number(2, "a version"))}
	r.take(32, "a random value")
	r.take(r.number(1, "a session id"), "a session id")
	h.Cookie = len(r.take(r.number(1, "a cookie"), "a cookie")) > 0
	suites := r.take(r.number(2, "cipher suites"), "cipher suites")
	r.take(r.number(1, "compression methods"), "compression methods")
	if r.err != nil {
		return h, r.err
	}
	if len(suites)%2 != 0 || len(suites) == 0 || len(suites) > 2*maxSuites {
		return h, refuse("R6", r.at, 2, "RFC 5246 §7.4.1.2", "half a cipher suite, none, or more than 256")
	}
	for ; len(suites) > 0; suites = suites[2:] {
		h.Suites = append(h.Suites, binary.BigEndian.Uint16(suites))
	}
	if r.at == len(b) { // RFC 5246 §7.4.1.2: extensions may be absent
		return h, nil
	}
	if n := r.number(2, "extensions"); r.err == nil && n != len(b)-r.at {
		return h, refuse("R6", r.at-2, 2, "RFC 5246 §7.4.1.4", "the length of the extensions is not that of what follows")
	}
	for r.err == nil && r.at < len(b) {
		e := Extension{Type: uint16(r.number(2, "the type of an extension"))}
		e.Data = r.take(r.number(2, "an extension"), "an extension")
		if len(h.Extensions) == maxExtensions {
			return h, refuse("R5", r.at, 0, "RFC 5246 §7.4.1.4", "more than 64 extensions")
		}
		for _, had := range h.Extensions {
			if had.Type == e.Type && r.err == nil {
				return h, refuse("R17", r.at, 0, "RFC 5246 §7.4.1.4", "two extensions of one type")
			}
		}
		h.Extensions = append(h.Extensions, e)
	}
	return h, r.err
}

// reader takes numbers and parts of a body; after a mistake it takes nothing more.
type reader struct {
	b   []byte
	at  int
	err error
}

func (r *reader) take(n int, what string) []byte {
	if r.err != nil {
		return nil
	}
	if n > len(r.b)-r.at {
		r.err = refuse("R6", r.at, len(r.b)-r.at, "RFC 5246 §7.4.1.2", what+" that is longer than the message")
		return nil
	}
	r.at += n
	return r.b[r.at-n : r.at]
}

func (r *reader) number(size int, what string) (n int) {
	for _, b := range r.take(size, what) {
		n = n<<8 | int(b)
	}
	return n
}

// Hello puts the fragments of one ClientHello together, as they come in records of
// one flow: RFC 6347 §4.2.3. Its memory is bounded; a fragment that disagrees with
// what is known is refused.
type Hello struct {
	body  []byte
	have  []bool
	left  int
	begun bool
	seq   uint16
}

// maxHello is the largest ClientHello that is put together. With a post-quantum key
// share it has about 1,500 bytes.
const maxHello = 8 << 10

// Add reads a datagram that Check has passed. When it completes a ClientHello, that
// is returned.
func (a *Hello) Add(b []byte) (*ClientHello, error) {
	for at := 0; at+recordHeader <= len(b) && b[at] == handshake && binary.BigEndian.Uint16(b[at+3:]) == 0; {
		end := min(at+recordHeader+int(binary.BigEndian.Uint16(b[at+11:])), len(b))
		if done, err := a.record(b[at+recordHeader:end], at+recordHeader); done || err != nil {
			return a.hello(err)
		}
		at = end
	}
	return nil, nil
}

// record takes the fragments of a ClientHello out of one record.
func (a *Hello) record(b []byte, at int) (done bool, err error) {
	for len(b) >= handshakeHeader && !done && err == nil {
		size := handshakeHeader + uint24(b[9:])
		if size > len(b) {
			break
		}
		if b[0] == clientHello {
			done, err = a.fragment(b[:size], at)
		}
		b, at = b[size:], at+size
	}
	return done, err
}

func (a *Hello) hello(err error) (*ClientHello, error) {
	if err != nil {
		return nil, err
	}
	h, err := ParseClientHello(a.body)
	a.begun = false
	return &h, err
}

func (a *Hello) fragment(b []byte, at int) (done bool, err error) {
	whole, seq, offset, size := uint24(b[1:]), binary.BigEndian.Uint16(b[4:]), uint24(b[6:]), uint24(b[9:])
	switch {
	case whole > maxHello:
		return false, refuse("R13", at+1, 3, "RFC 6347 §4.2.3", "a ClientHello of more than 8 KiB")
	case offset+size > whole:
		return false, refuse("R6", at+6, 6, "RFC 6347 §4.2.3", "a fragment that ends behind its message")
	case !a.begun || seq != a.seq:
		*a = Hello{body: make([]byte, whole), have: make([]bool, whole), left: whole, begun: true, seq: seq}
	case whole != len(a.body):
		return false, refuse("R6", at+1, 3, "RFC 6347 §4.2.3; CVE-2014-0195", "fragments that disagree about the length of their message")
	}
	for i, c := range b[handshakeHeader:] {
		if a.have[offset+i] && a.body[offset+i] != c {
			return false, refuse("R17", at+handshakeHeader+i, 1, "RFC 6347 §4.2.3", "fragments that overlap and disagree")
		}
		if !a.have[offset+i] {
			a.have[offset+i], a.body[offset+i] = true, c
			a.left--
		}
	}
	return a.left == 0, nil
}
