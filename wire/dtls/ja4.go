package dtls

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// JA4 is the name of a ClientHello by FoxIO's JA4 for TLS clients, of which the
// method is public and free: protocol, version, what it says of the server's name,
// how many suites and extensions, the protocol above; the suites, sorted; the
// extensions, sorted, with the signature algorithms as they stand.
// https://github.com/FoxIO-LLC/ja4/blob/main/technical_details/JA4.md
func (h *ClientHello) JA4() string {
	name := "i"
	if _, ok := h.Get(ServerName); ok {
		name = "d"
	}
	var suites, kinds []uint16
	for _, s := range h.Suites {
		if !grease(s) {
			suites = append(suites, s)
		}
	}
	count := 0
	for _, e := range h.Extensions {
		if grease(e.Type) {
			continue
		}
		count++
		if e.Type != ServerName && e.Type != ALPN {
			kinds = append(kinds, e.Type)
		}
	}
	slices.Sort(suites)
	slices.Sort(kinds)
	extensions := list(kinds)
	if algorithms := h.numbers(SignatureAlgorithms); len(algorithms) > 0 {
		extensions += "_" + list(algorithms)
	}
	head := fmt.Sprintf("d%s%s%02d%02d%s", h.version(), name, min(len(suites), 99), min(count, 99), h.above())
	return head + "_" + digest(list(suites), len(suites) == 0) + "_" + digest(extensions, len(kinds) == 0)
}

// grease are values that mean nothing, RFC 8701 §2.
func grease(v uint16) bool { return v&0x0f0f == 0x0a0a && v>>8 == v&0xff }

func (h *ClientHello) version() string {
	version := h.Version
	if v, ok := h.Get(SupportedVersions); ok && len(v) > 2 {
		version = 0xffff // the versions of DTLS count down
		for b := v[1:]; len(b) >= 2; b = b[2:] {
			if one := binary.BigEndian.Uint16(b); !grease(one) && one < version {
				version = one
			}
		}
	}
	switch version {
	case 0xfeff:
		return "d1"
	case 0xfefd:
		return "d2"
	case 0xfefc:
		return "d3"
	}
	return "00"
}

// above is the first and last letter of the first protocol of ALPN.
func (h *ClientHello) above() string {
	v, _ := h.Get(ALPN)
	if len(v) < 4 || int(v[2]) == 0 || 3+int(v[2]) > len(v) {
		return "00"
	}
	p := v[3 : 3+int(v[2])]
	first, last := p[0], p[len(p)-1]
	if !alphanumeric(first) || !alphanumeric(last) {
		digits := hex.EncodeToString(p)
		return digits[:1] + digits[len(digits)-1:]
	}
	return string([]byte{first, last})
}

func alphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// numbers is a list of numbers of two bytes with its length in front.
func (h *ClientHello) numbers(kind uint16) (all []uint16) {
	v, _ := h.Get(kind)
	if len(v) < 2 {
		return nil
	}
	for b := v[2:]; len(b) >= 2; b = b[2:] {
		if n := binary.BigEndian.Uint16(b); !grease(n) {
			all = append(all, n)
		}
	}
	return all
}

func list(all []uint16) string {
	parts := make([]string, len(all))
	for i, n := range all {
		parts[i] = fmt.Sprintf("%04x", n)
	}
	return strings.Join(parts, ",")
}

func digest(s string, empty bool) string {
	if empty {
		return "000000000000"
	}
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:6])
}
