package wire

import "net/netip"

// Literal reads an IPv4 or IPv6 address in numbers, in a spelling that all programs
// read alike: no number of IPv4 begins with 0, and there is no zone. It allocates
// nothing. RFC 4291 §2.2, RFC 6943 §3.1.1.
func Literal(b []byte) (netip.Addr, bool) {
	if a, ok := ipv4(b); ok {
		return netip.AddrFrom4(a), true
	}
	if a, ok := ipv6(b); ok {
		return netip.AddrFrom16(a), true
	}
	return netip.Addr{}, false
}

func ipv4(b []byte) (a [4]byte, ok bool) {
	part, n, digits := 0, 0, 0
	for _, c := range b {
		switch {
		case c == '.' && digits > 0 && part < 3:
			a[part], part, n, digits = byte(n), part+1, 0, 0
		case c >= '0' && c <= '9' && (digits == 0 || n > 0):
			n, digits = n*10+int(c-'0'), digits+1
		default:
			return a, false
		}
		if n > 255 {
			return a, false
		}
	}
	a[part] = byte(n)
	return a, part == 3 && digits > 0
}

func ipv6(b []byte) (a [16]byte, ok bool) {
	at, gap := 0, -1 // bytes that were read; where "::" stands
	if len(b) >= 2 && b[0] == ':' && b[1] == ':' {
		gap, b = 0, b[2:]
	}
	for len(b) > 0 {
		if at == 16 {
			return a, false
		}
		digits, n := group(b)
		if digits < len(b) && b[digits] == '.' { // the last four bytes as IPv4
			last, ok := ipv4(b)
			if !ok || at > 12 {
				return a, false
			}
			copy(a[at:], last[:])
			at, b = at+4, nil
			break
		}
		if digits == 0 || digits > 4 {
			return a, false
		}
		a[at], a[at+1] = byte(n>>8), byte(n)
		at, b = at+2, b[digits:]
		if len(b) == 0 {
			break
		}
		if b[0] != ':' || len(b) == 1 {
			return a, false
		}
		if b = b[1:]; b[0] == ':' {
			if gap >= 0 {
				return a, false
			}
			gap, b = at, b[1:]
		}
	}
	if gap < 0 {
		return a, at == 16
	}
	if at == 16 {
		return a, false
	}
	copy(a[16-(at-gap):], a[gap:at])
	clear(a[gap : 16-(at-gap)])
	return a, true
}

// group reads hexadecimal digits.
func group(b []byte) (digits, n int) {
	for digits < len(b) && digits < 5 {
		c := b[digits] | 0x20
		switch {
		case b[digits] >= '0' && b[digits] <= '9':
			n = n<<4 | int(b[digits]-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | int(c-'a'+10)
		default:
			return digits, n
		}
		digits++
	}
	return digits, n
}
