// Package sdp stands between typed call parameters and the session descriptions
// (RFC 8866) that a browser's media engine speaks.
//
// Of this device's own description it takes three values out; a description of
// the other end is written here from a fixed template, in which nothing but
// those three values of the other end varies. No candidate, codec, extension or
// text of the other end can therefore reach native code (R3, R7, R19).
//
// The template offers VP8 and Opus under the payload types that Chromium gives
// them, bundled on one transport with RTCP multiplexed, and none of: header
// extensions, retransmission streams, redundancy, forward error correction,
// data channels, reduced-size RTCP.
package sdp

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// Kind is the type of a session description.
type Kind string

// The kinds of descriptions. The callee offers (RFC 3264), for its parameters
// are known first.
const (
	Offer  Kind = "offer"
	Answer Kind = "answer"
)

// Payload types of RTP, those of Chromium.
const (
	VP8  = 96
	Opus = 111
)

// MaxLocal bounds a local description, in bytes.
const MaxLocal = 64 << 10

// Codecs are what the media engine is told to keep, sound first.
var Codecs = []string{"audio/opus", "video/VP8"}

// address is the relayed address of a leg: docs/protocol.md, Relay. It is on
// no network (RFC 5737 §3), and only the relay knows what it means.
func address(leg call.Leg) string {
	if leg == call.Callee {
		return "192.0.2.1"
	}
	return "192.0.2.2"
}

// Port is the port of both relayed addresses.
const Port = 49152

// sections are the media of a call, in order.
func sections(media wire.Media) []string {
	sound := fmt.Sprintf("m=audio 9 UDP/TLS/RTP/SAVPF %d\r\n", Opus) + "%s" +
		fmt.Sprintf("a=rtpmap:%d opus/48000/2\r\na=fmtp:%d minptime=10;useinbandfec=0\r\na=msid:ringfence sound\r\n", Opus, Opus)
	picture := fmt.Sprintf("m=video 9 UDP/TLS/RTP/SAVPF %d\r\n", VP8) + "%s" +
		fmt.Sprintf("a=rtpmap:%d VP8/90000\r\na=rtcp-fb:%d goog-remb\r\na=rtcp-fb:%d ccm fir\r\na=rtcp-fb:%d nack\r\na=rtcp-fb:%d nack pli\r\na=msid:ringfence picture\r\n", VP8, VP8, VP8, VP8, VP8)
	if media == wire.Video {
		return []string{sound, picture}
	}
	return []string{sound}
}

// Remote writes the description of the other end, whose parameters p are. The
// other end's parameters must have passed call.Parameters.Check; Remote checks
// them again, for what it writes goes to native code.
func Remote(p call.Parameters, kind Kind) (string, error) {
	if err := p.Check(); err != nil {
		return "", err
	}
	parts := sections(p.Media)
	var b strings.Builder
	b.WriteString("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE")
	for mid := range parts {
		fmt.Fprintf(&b, " %d", mid)
	}
	b.WriteString("\r\na=msid-semantic: WMS ringfence\r\n")
	for mid, part := range parts {
		fmt.Fprintf(&b, part, transport(p, mid))
	}
	if kind != Offer && kind != Answer {
		return "", errors.New("a description is an offer or an answer")
	}
	return b.String(), nil
}

// transport is what is alike in every section.
func transport(p call.Parameters, mid int) string {
	setup := "passive" // RFC 5763 §5: leg a is the DTLS server
	if p.Leg == call.Caller {
		setup = "active"
	}
	ip := address(p.Leg)
	return "c=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\n" +
		fmt.Sprintf("a=candidate:1 1 udp 41885439 %s %d typ relay raddr 0.0.0.0 rport 0\r\na=end-of-candidates\r\n", ip, Port) +
		fmt.Sprintf("a=ice-ufrag:%s\r\na=ice-pwd:%s\r\n", p.Ufrag[:], p.Password[:]) +
		fmt.Sprintf("a=fingerprint:sha-256 %s\r\na=setup:%s\r\na=mid:%d\r\na=sendrecv\r\na=rtcp-mux\r\n", colons(p.Fingerprint), setup, mid)
}

// colons spells a fingerprint as RFC 8122 §5 wants it.
func colons(f [32]byte) string {
	digits := strings.ToUpper(hex.EncodeToString(f[:]))
	pairs := make([]string, 0, len(f))
	for i := 0; i < len(digits); i += 2 {
		pairs = append(pairs, digits[i:i+2])
	}
	return strings.Join(pairs, ":")
}

var (
	errTooLong = errors.New("local description: longer than 64 KiB")
	errMissing = errors.New("local description: no ice-ufrag, ice-pwd and sha-256 fingerprint of the lengths that the protocol has")
	errDiffers = errors.New("local description: its sections differ in ice-ufrag, ice-pwd or fingerprint; bundle all media on one transport")
)

// LocalParameters takes out of this device's own description what the other end
// must know: ICE credentials (RFC 8839 §5.4) and the SHA-256 fingerprint of the
// DTLS certificate (RFC 8122 §5), which must be the same in all sections.
func LocalParameters(description string) (ufrag [4]byte, password [24]byte, fingerprint [32]byte, err error) {
	if len(description) > MaxLocal {
		return ufrag, password, fingerprint, errTooLong
	}
	found := map[string]string{}
	for line := range strings.Lines(description) {
		name, value, ok := attribute(strings.TrimRight(line, "\r\n"))
		if !ok {
			continue
		}
		if before, again := found[name]; again && before != value {
			return ufrag, password, fingerprint, errDiffers
		}
		found[name] = value
	}
	digits, sha := strings.CutPrefix(found["fingerprint"], "sha-256 ")
	raw, hexErr := hex.DecodeString(strings.ReplaceAll(digits, ":", ""))
	u, p := found["ice-ufrag"], found["ice-pwd"]
	if !sha || hexErr != nil || len(raw) != len(fingerprint) || len(u) != len(ufrag) || len(p) != len(password) {
		return ufrag, password, fingerprint, errMissing
	}
	return [4]byte([]byte(u)), [24]byte([]byte(p)), [32]byte(raw), nil
}

// attribute returns one of the three attributes.
func attribute(line string) (name, value string, ok bool) {
	for _, name := range []string{"ice-ufrag", "ice-pwd", "fingerprint"} {
		if value, ok := strings.CutPrefix(line, "a="+name+":"); ok {
			return name, value, true
		}
	}
	return "", "", false
}
