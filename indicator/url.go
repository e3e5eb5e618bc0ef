package indicator

import "strings"

// address is a link taken apart; all parts are as written.
type address struct {
	scheme string // empty when there is none
	user   string
	host   string // without the brackets of an IPv6 address
	port   string
	rest   string // path, query and fragment
}

// splitURL takes a link apart as a browser does (https://url.spec.whatwg.org):
// a backslash is a slash, and what stands before the last @ is user-info.
// It allocates nothing.
func splitURL(link string) (a address) {
	link = strings.Trim(link, " \t\r\n")
	rest := link
	if i := strings.IndexByte(link, ':'); i >= 0 && len(link) > i+2 && isSlash(link[i+1]) && isSlash(link[i+2]) && isSchemeName(link[:i]) {
		a.scheme, rest = link[:i], link[i+3:]
	} else if len(link) > 7 && strings.EqualFold(link[:7], "mailto:") {
		a.scheme, rest = link[:6], link[7:]
	}
	rest = strings.TrimLeft(rest, "/\\")
	authority := rest
	if i := strings.IndexAny(rest, `/\?#`); i >= 0 {
		authority, a.rest = rest[:i], rest[i:]
	}
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		a.user, authority = authority[:i], authority[i+1:]
	}
	if strings.HasPrefix(authority, "[") {
		if i := strings.IndexByte(authority, ']'); i > 0 {
			a.host, a.port = authority[1:i], strings.TrimPrefix(authority[i+1:], ":")
			return a
		}
	}
	a.host = authority
	if i := strings.IndexByte(authority, ':'); i >= 0 && i == strings.LastIndexByte(authority, ':') {
		a.host, a.port = authority[:i], authority[i+1:]
	}
	return a
}

func isSlash(b byte) bool { return b == '/' || b == '\\' }

func isSchemeName(s string) bool {
	for i := range len(s) {
		if !is(s[i], isScheme) {
			return false
		}
	}
	return s != ""
}

// isWeb tells of the schemes that lead to the same place: http, https, and none.
func (a address) isWeb() bool {
	return a.scheme == "" || strings.EqualFold(a.scheme, "http") || strings.EqualFold(a.scheme, "https")
}
