package sip

// class is what a byte may stand for, RFC 3261 §25.1.
type class uint16

const (
	isToken  class = 1 << iota // token
	isWord                     // word, of a Call-ID
	isUser                     // unreserved, user-unreserved; escapes apart
	isSecret                   // of a password
	isParam                    // paramchar of a URI; escapes apart
	isHost                     // hostname
	isDigit
	isHex
	isSpace // SP and HT
	isURI   // uric of another scheme; escapes apart
	isText  // visible ASCII, SP and HT
	isHeader
	isKept // unreserved: an escape of it means the letter itself
)

var letters = func() (t [256]class) {
	set := func(c class, s string) {
		for i := range len(s) {
			t[s[i]] |= c
		}
	}
	const digits, lower, upper, mark = "0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "-_.!~*'()"
	const alphanum = digits + lower + upper
	set(isDigit, digits)
	set(isHex, digits+"abcdefABCDEF")
	set(isSpace, " \t")
	set(isToken, alphanum+"-.!%*_+`'~")
	set(isWord, alphanum+"-.!%*_+`'~()<>:\\\"/[]?{}")
	set(isUser, alphanum+mark+"&=+$,;?/")
	set(isSecret, alphanum+mark+"&=+$,")
	set(isParam, alphanum+mark+"[]/:&+$")
	set(isHeader, alphanum+mark+"[]/?:+$")
	set(isHost, alphanum+"-.")
	set(isURI, alphanum+mark+";/?:@&=+$,[]")
	set(isKept, alphanum+mark)
	for c := ' '; c < 0x7f; c++ {
		t[c] |= isText
	}
	t['\t'] |= isText
	return t
}()

func is(b byte, c class) bool { return letters[b]&c != 0 }

// span is how many bytes from the first on are of a class.
func span(b []byte, c class) int {
	for i := range b {
		if letters[b[i]]&c == 0 {
			return i
		}
	}
	return len(b)
}

// spell is span with escapes between: RFC 3261 §25.1, escaped. It is -1 when a
// percent sign is not followed by two hexadecimal digits.
func spell(b []byte, c class) int {
	for i := 0; i < len(b); {
		switch {
		case letters[b[i]]&c != 0:
			i++
		case b[i] != '%':
			return i
		case i+2 >= len(b) || !is(b[i+1], isHex) || !is(b[i+2], isHex):
			return -1
		default:
			i += 3
		}
	}
	return len(b)
}

// lower is b in lower case, for names of which no case is meant.
func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b | 0x20
	}
	return b
}

// equal compares without regard to case; s is in lower case.
func equal(b []byte, s string) bool {
	if len(b) != len(s) {
		return false
	}
	for i := range b {
		if lower(b[i]) != s[i] {
			return false
		}
	}
	return true
}
