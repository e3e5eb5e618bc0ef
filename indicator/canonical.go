package indicator

import (
	"encoding/hex"
	"net/netip"
	"net/url"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/idna"
)

// hosts maps internationalised names as browsers do (UTS 46, non-transitional),
// but lets through what is looked up although no registry would take it.
var hosts = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.BidiRule())

// appendHost appends a host in its one form: lower case, punycode, without the
// full stop at its end. ASCII needs no memory.
func appendHost(b []byte, host string) []byte {
	if strings.IndexByte(host, '%') >= 0 {
		if s, err := url.PathUnescape(host); err == nil {
			host = s
		}
	}
	for i := range len(host) {
		if host[i] >= utf8.RuneSelf {
			if s, err := hosts.ToASCII(host); err == nil || s != "" {
				host = s
			}
			break
		}
	}
	for len(host) > 0 && host[len(host)-1] == '.' {
		host = host[:len(host)-1]
	}
	from := len(b)
	b = append(b, host...)
	for i := from; i < len(b); i++ {
		b[i] = lowerByte(b[i])
	}
	return b
}

// parseAddress reads an IP address in any form that a browser takes: also
// 0xC6336407, 3325256711 and 198.51.25607 (https://url.spec.whatwg.org, "IPv4
// number parser"). It allocates nothing for a name.
func parseAddress(host string) (netip.Addr, bool) {
	if host == "" {
		return netip.Addr{}, false
	}
	last := strings.TrimSuffix(host, ".")
	last = last[strings.LastIndexByte(last, '.')+1:]
	isV6 := strings.IndexByte(host, ':') >= 0
	if !isV6 && (last == "" || last[0] < '0' || last[0] > '9') {
		return netip.Addr{}, false
	}
	if isV6 || strings.Count(host, ".") == 3 {
		if a, err := netip.ParseAddr(host); err == nil {
			return a.Unmap().WithZone(""), true
		}
	}
	return parseNumbers(strings.TrimSuffix(host, "."))
}

// parseNumbers reads the forms of an IPv4 address that have other than four
// decimal parts.
func parseNumbers(host string) (netip.Addr, bool) {
	var v uint64
	parts := strings.Count(host, ".") + 1
	if parts > 4 {
		return netip.Addr{}, false
	}
	for i := range parts {
		part, rest, _ := strings.Cut(host, ".")
		host = rest
		n, ok := parseNumber(part)
		limit, shift := uint64(256), 8
		if i == parts-1 {
			shift = 8 * (5 - parts)
			limit = 1 << shift
		}
		if !ok || n >= limit {
			return netip.Addr{}, false
		}
		v = v<<shift | n
	}
	return netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)}), true
}

func parseNumber(s string) (uint64, bool) {
	base := 10
	switch {
	case len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x':
		s, base = s[2:], 16
	case len(s) > 1 && s[0] == '0':
		s, base = s[1:], 8
	}
	if s == "" || len(s) > 12 || !isHexDigits(s) { // before ParseUint, which allocates its errors
		return 0, false
	}
	n, err := strconv.ParseUint(s, base, 64)
	return n, err == nil
}

func isHexDigits(s string) bool {
	for i := range len(s) {
		if b := s[i] | 0x20; (s[i] < '0' || s[i] > '9') && (b < 'a' || b > 'f') {
			return false
		}
	}
	return true
}

// appendPlace appends the place that a link leads to, in its one form: the host,
// a port that is not the scheme's own, path and query; the scheme only when it
// is none of the web. Without the fragment and without the slash at the end.
func appendPlace(b []byte, a address) []byte {
	if !a.isWeb() {
		b = append(append(b, strings.ToLower(a.scheme)...), "://"...)
	}
	if ip, ok := parseAddress(a.host); ok {
		b = ip.AppendTo(b)
	} else {
		b = appendHost(b, a.host)
	}
	if a.port != "" && !(a.port == "80" && !strings.EqualFold(a.scheme, "https")) && !(a.port == "443" && !strings.EqualFold(a.scheme, "http")) {
		b = append(append(b, ':'), a.port...)
	}
	return appendRest(b, a.rest)
}

// appendRest appends path and query with unreserved characters decoded and the
// others in upper-case percent-encoding (RFC 3986 §6.2.2).
func appendRest(b []byte, rest string) []byte {
	if i := strings.IndexByte(rest, '#'); i >= 0 {
		rest = rest[:i]
	}
	slash, query := len(b), false
	for i := 0; i < len(rest); i++ {
		c := rest[i]
		switch {
		case c == '\\' && !query:
			c = '/'
		case c == '%' && i+2 < len(rest) && isHexDigits(rest[i+1:i+3]):
			v, _ := strconv.ParseUint(rest[i+1:i+3], 16, 8)
			i += 2
			if c = byte(v); !isUnreserved(c) {
				b = appendPercent(b, c)
				continue
			}
		case c >= utf8.RuneSelf || c <= ' ':
			b = appendPercent(b, c)
			continue
		case c == '?' && !query:
			for len(b) > slash && b[len(b)-1] == '/' {
				b = b[:len(b)-1]
			}
			query = true
		}
		b = append(b, c)
	}
	for !query && len(b) > slash && b[len(b)-1] == '/' {
		b = b[:len(b)-1]
	}
	return b
}

func appendPercent(b []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(b, '%', digits[c>>4], digits[c&15])
}

func isUnreserved(c byte) bool {
	return is(c, isScheme) && c != '+' || c == '_' || c == '~'
}

// sameFolders are folders of iOS that have two names.
var sameFolders = []string{"/private/var", "/private/tmp", "/private/etc"}

// plainPath gives a path its one form: /private/var is /var, and there is no
// slash at the end.
func plainPath(p string) string {
	if strings.Contains(p, "//") || strings.Contains(p, "/.") {
		p = path.Clean(p)
	}
	for _, f := range sameFolders {
		if len(p) >= len(f) && p[:len(f)] == f && (len(p) == len(f) || p[len(f)] == '/') {
			p = p[len("/private"):]
		}
	}
	for len(p) > 1 && p[len(p)-1] == '/' {
		p = p[:len(p)-1]
	}
	return p
}

// baseName is the last component of a path, or the whole of a name.
func baseName(p string) string {
	for len(p) > 1 && p[len(p)-1] == '/' {
		p = p[:len(p)-1]
	}
	return p[strings.LastIndexByte(p, '/')+1:]
}

// appendHash appends the bytes of a hash that is written in hex, with colons,
// spaces or hyphens between, in either case.
func appendHash(b []byte, s string, size int) ([]byte, bool) {
	from, half, high := len(b), false, byte(0)
	for i := range len(s) {
		c := s[i]
		if c == ':' || c == ' ' || c == '-' {
			continue
		}
		v := hexValue(c)
		if v > 15 || len(b)-from >= size {
			return b[:from], false
		}
		if half = !half; half {
			high = v << 4
		} else {
			b = append(b, high|v)
		}
	}
	return b, !half && len(b)-from == size
}

func hexValue(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c|0x20 && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 0xff
}

// hashSize is the number of bytes of a type of hash; 0 for other types.
func (t Type) hashSize() int {
	switch t {
	case MD5, CertMD5:
		return 16
	case SHA1, CertSHA1:
		return 20
	case SHA256, CertSHA256:
		return 32
	}
	return 0
}

// hashLength gives the kind of hash that is written with so many hex digits,
// among those of files or of certificates; 0 when none is.
func hashLength(s string, md5, sha1, sha256 Type) Type {
	b := strings.NewReplacer(":", "", " ", "", "-", "").Replace(s)
	if _, err := hex.DecodeString(b); err != nil {
		return 0
	}
	switch len(b) {
	case 32:
		return md5
	case 40:
		return sha1
	case 64:
		return sha256
	}
	return 0
}
