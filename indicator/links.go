package indicator

import (
	"iter"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Links gives every link in free text, as written but for trailing punctuation
// and what was done to defang it: with any scheme, without one ("evil.example/q"),
// defanged ("hxxps://evil[.]example"), with user-info or a port, and to an
// address. An e-mail address is given as such ("a@evil.example"), and so is a
// link that stands inside another one, percent-encoded or not. Zero-width
// characters are taken out.
//
// Without a scheme, a name counts when its last label may be a top-level domain:
// two letters or more that are no common file ending, xn--..., or one of the
// internationalised ones. It allocates nothing for text without links.
func Links(text string) iter.Seq[string] {
	return func(yield func(string) bool) { scanLinks(text, false, yield) }
}

// scanLinks goes from one byte that only links have to the next, and looks at
// the word around it. Text that is cleaned is not cleaned again.
func scanLinks(text string, cleaned bool, yield func(string) bool) bool {
	for at := 0; ; {
		mark := nextMark(text, at)
		if mark < 0 {
			return true
		}
		from, to := wordAround(text, at, mark)
		word := text[from:to]
		switch {
		case !cleaned && isDefanged(word):
			if !scanLinks(refang(word), true, yield) {
				return false
			}
		case !linksInWord(word, yield):
			return false
		}
		at = to
	}
}

// Classes of bytes.
const (
	isMark    = 1 << iota // may stand in the middle of a link, and rarely elsewhere
	isEnd                 // ends any link
	isLabel               // of a host name; every byte of a non-ASCII character
	isUser                // of user-info, besides isLabel
	isScheme              // RFC 3986 §3.1
	isOpening             // opens a defanged dot
)

var class = func() (c [256]uint8) {
	for i := range c {
		b := byte(i)
		alnum := '0' <= b && b <= '9' || 'a' <= b|0x20 && b|0x20 <= 'z'
		if alnum || b == '-' || b == '_' || b >= utf8.RuneSelf {
			c[i] |= isLabel
		}
		if alnum {
			c[i] |= isScheme
		}
		if b <= ' ' || b == 0x7f {
			c[i] |= isEnd
		}
	}
	set := func(bytes string, bit uint8) {
		for i := range len(bytes) {
			c[bytes[i]] |= bit
		}
	}
	set(".:[({\xe3\xef", isMark)
	set("<>\"`|", isEnd)
	set(".%+~!$&*=:", isUser)
	set("+.-", isScheme)
	set("[({", isOpening)
	return c
}()

func is(b byte, what uint8) bool { return class[b]&what != 0 }

// nextMark finds the next byte that may be inside a link, from at; -1 when there
// is none.
func nextMark(text string, at int) int {
	for i := at; i < len(text); i++ {
		if class[text[i]]&isMark != 0 && isLinkMark(text, i) {
			return i
		}
	}
	return -1
}

// isLinkMark tells by its neighbours whether the byte at i may be inside a link:
// the full stop of a sentence and the colon of a time are not.
func isLinkMark(text string, i int) bool {
	rest := text[i+1:]
	switch text[i] {
	case '.':
		return rest != "" && i > 0 && (is(rest[0], isLabel) || strings.IndexByte("])}\\", rest[0]) >= 0 || text[i-1] == '\\')
	case ':':
		return strings.HasPrefix(rest, "//") || strings.HasPrefix(rest, `\/`) || strings.HasPrefix(rest, "]")
	case '[', '(', '{':
		return len(rest) > 3 && strings.EqualFold(rest[:3], "dot") || text[i] == '[' && len(rest) > 3 && isAddressOpening(rest)
	case 0xe3, 0xef: // the full stops of East Asian scripts
		return len(rest) > 2 && strings.Contains(otherDots, text[i:i+3]) && (rest[2] < utf8.RuneSelf && is(rest[2], isLabel) || text[i] == 0xef && rest[2] == 0xef)
	}
	return false
}

// isAddressOpening tells whether an IPv6 address in brackets may follow.
func isAddressOpening(s string) bool {
	colon := strings.IndexByte(s[:min(len(s), 6)], ':')
	return colon >= 0 && colon+1 < len(s) && strings.Trim(s[:colon], "0123456789abcdefABCDEF") == "" && s[colon+1] != '/' && s[colon+1] != ']'
}

// otherDots separate labels too (UTS 46 §2.3).
const otherDots = "。．｡"

// wordAround gives the word around mark: what stands between two ends.
func wordAround(text string, floor, mark int) (from, to int) {
	for from = mark; from > floor; {
		r, n := utf8.DecodeLastRuneInString(text[floor:from])
		if endsLink(r) {
			break
		}
		from -= n
	}
	for to = mark; to < len(text); {
		if b := text[to]; b < utf8.RuneSelf {
			if is(b, isEnd) {
				break
			}
			to++
			continue
		}
		r, n := utf8.DecodeRuneInString(text[to:])
		if endsLink(r) {
			break
		}
		to += n
	}
	return from, to
}

// endsLink tells whether a character ends any link: spaces, quotes, brackets and
// punctuation that no address has.
func endsLink(r rune) bool {
	switch {
	case r < utf8.RuneSelf:
		return is(byte(r), isEnd)
	case r == 0x85, r == 0xa0, r == '«', r == '»', r == 0x1680, r == 0x3000:
		return true
	case 0x2000 <= r && r <= 0x200a, 0x2013 <= r && r <= 0x2029 && r != 0x2027, r == 0x202f, r == 0x205f, r == '‹', r == '›':
		return true
	case r == '、', 0x3008 <= r && r <= 0x3011, 0x3014 <= r && r <= 0x301f:
		return true
	}
	return strings.ContainsRune("！（），：；？［］｛｝＂＜＞｜؟،؛", r)
}

// maxInner bounds the links that are told inside another link, so that
// "http://http://http://..." costs no square of its length.
const maxInner = 8

// linksInWord gives the links of one word.
func linksInWord(s string, yield func(string) bool) bool {
	done := 0  // before it only links inside a link are told
	floor := 0 // nothing that begins before it is looked at again
	for i, inner := 0, 0; i < len(s); {
		switch {
		case i < done && inner >= maxInner:
			i, inner = done, 0
		case s[i] == ':' && strings.HasPrefix(s[i:], "://"):
			scheme := schemeStart(s, floor, i)
			floor = i + 3
			end := linkEnd(s, scheme, floor)
			if i < done {
				inner++
			}
			i = floor
			if scheme == floor-3 || end <= floor {
				continue
			}
			if !giveLink(s[scheme:end], floor-3-scheme, yield) {
				return false
			}
			done = max(done, end)
		case (s[i] == '.' || s[i] == '[') && i >= done:
			from, host, end := bareLink(s, max(floor, done), i)
			if host > from && !giveBare(s[from:end], host-from, yield) {
				return false
			}
			if host <= from {
				host = end
			}
			done, inner = max(done, end), 0
			i = max(i+1, host)
		default:
			i++
		}
	}
	return true
}

// schemeStart goes back from "://" over the scheme; colon when there is none. A
// sentence that runs into a link ("here.https://") does not belong to it.
func schemeStart(s string, floor, colon int) int {
	at := colon
	for at > floor && class[s[at-1]]&isScheme != 0 {
		at--
	}
	for at < colon && s[at]|0x20 < 'a' {
		at++
	}
	if i := strings.LastIndexByte(s[at:colon], '.'); i >= 0 && colon-at-i <= len(".hxxps") {
		if _, web := refanged[strings.ToLower(s[at+i+1:colon])]; web {
			at += i + 1
		}
	}
	return at
}

// linkEnd finds where a link ends that begins at from and has its authority at
// host: at the end of the word, at a bracket that it does not open, at the quote
// that stands before it, at an escaped quote, or where a list goes on.
func linkEnd(s string, from, host int) int {
	before := byte(0)
	if from > 0 {
		before = s[from-1]
	}
	authority := host + authorityEnd(s[host:])
	if cut := scriptChange(s[host:authority]); cut > 0 {
		return trimLink(s, from, host+cut, before)
	}
	var open [3]int
	end := host
	for ; end < len(s); end++ {
		b := s[end]
		if i := strings.IndexByte("([{", b); i >= 0 {
			open[i]++
		} else if i := strings.IndexByte(")]}", b); i >= 0 {
			if open[i]--; open[i] < 0 {
				break
			}
		}
		if b == '\'' && before == b || (b == ',' || b == ';') && startsLink(s[end+1:]) || b == '&' && isEscapedQuote(s[end:]) {
			break
		}
	}
	return trimLink(s, from, end, before)
}

// authorityEnd is the length of an authority: of user-info, host and port.
func authorityEnd(s string) int {
	for i := range len(s) {
		switch s[i] {
		case '/', '?', '#', '\\', ',', ';', ')', '}', '\'', '(', '{':
			return i
		}
	}
	return len(s)
}

// scriptChange finds where the text after a link without a space begins: no
// top-level domain changes from ASCII to another script. 0 when it does not.
func scriptChange(authority string) int {
	label := strings.LastIndexByte(authority, '.') + 1
	if label == 0 || label == len(authority) || authority[label] >= utf8.RuneSelf {
		return 0
	}
	for i := label; i < len(authority); i++ {
		if authority[i] >= utf8.RuneSelf {
			return i
		}
	}
	return 0
}

func startsLink(s string) bool {
	return len(s) > 4 && (strings.EqualFold(s[:4], "http") || strings.EqualFold(s[:4], "hxxp"))
}

func isEscapedQuote(s string) bool {
	for _, e := range []string{"&quot;", "&gt;", "&lt;", "&#39;", "&apos;", "&nbsp;"} {
		if strings.HasPrefix(s, e) {
			return true
		}
	}
	return false
}

// trimLink takes punctuation off the end of a link.
func trimLink(s string, from, end int, before byte) int {
	for end > from {
		b := s[end-1]
		switch {
		case strings.IndexByte(".,;:!?'", b) >= 0:
		case b == before && strings.IndexByte("*_~", b) >= 0: // *emphasis*
		case strings.HasSuffix(s[from:end], "。"), strings.HasSuffix(s[from:end], "｡"):
			end -= 2
		case b == ')' && strings.Count(s[from:end], ")") > strings.Count(s[from:end], "("):
		default:
			return end
		}
		end--
	}
	return end
}

// refanged are the schemes that people write so that nobody clicks on them, and
// the ones they stand for.
var refanged = map[string]string{
	"http": "http", "https": "https", "ftp": "ftp", "ws": "ws", "wss": "wss",
	"hxxp": "http", "hxxps": "https", "htxp": "http", "htxps": "https", "hxtp": "http", "hxtps": "https",
	"ttp": "http", "ttps": "https", "xxxp": "http", "xxxps": "https", "fxp": "ftp", "fxps": "ftps", "sxxp": "http",
}

// giveLink gives a link whose scheme has the length n, and a link that is
// percent-encoded inside it, as redirecting services have them.
func giveLink(link string, n int, yield func(string) bool) bool {
	if first := link[0] | 0x20; first == 'h' || first == 'f' || first == 't' || first == 'x' || first == 's' {
		written := strings.ToLower(link[:n])
		if scheme := refanged[written]; scheme != "" && scheme != written {
			link = scheme + link[n:]
			n = len(scheme)
		}
	}
	if !yield(link) {
		return false
	}
	return giveEncoded(link[min(len(link), n+3):], yield)
}

// giveEncoded gives the link that stands percent-encoded inside another.
func giveEncoded(link string, yield func(string) bool) bool {
	at := strings.Index(link, "%2F%2F")
	if at < 0 {
		at = strings.Index(link, "%2f%2f")
	}
	if at < 4 || !strings.EqualFold(link[at-3:at], "%3a") {
		return true
	}
	from := schemeStart(link, 0, at-3)
	to := strings.IndexAny(link[from:], "&;#")
	if to < 0 {
		to = len(link) - from
	}
	text, err := url.PathUnescape(link[from : from+to])
	if err != nil || from == at-3 {
		return true
	}
	if i := strings.IndexFunc(text, endsLink); i >= 0 {
		text = text[:i]
	}
	return yield(text)
}

// giveBare gives a link without a scheme whose authority has the length host.
// What a script without spaces has put before it is taken off in a second form.
func giveBare(link string, host int, yield func(string) bool) bool {
	if !yield(link) {
		return false
	}
	for i := host; i > 0; {
		r, n := utf8.DecodeLastRuneInString(link[:i])
		if r > 0x2190 && i < host && class[link[i]]&isScheme != 0 && link[i] < utf8.RuneSelf {
			if !yield(link[i:]) {
				return false
			}
			break
		}
		i -= n
	}
	return giveEncoded(link[host:], yield)
}
