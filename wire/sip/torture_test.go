package sip

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/wire/sdp"
)

var update = flag.Bool("update", false, "write docs/torture.md anew")

// What an RFC says of a message of its own.
const (
	valid   = "valid"
	invalid = "invalid"
	beyond  = "valid; what it means is for others"
)

// torture is a message that an RFC holds against parsers.
type torture struct {
	section, name, says, about string
	message                    []byte // nil: it stands beside the project
}

// rfc4475 are the 49 messages of RFC 4475 by section and name.
var rfc4475 = func() (all []torture) {
	for _, line := range strings.Split(strings.TrimSpace(`
3.1.1.1 wsinv valid white space of every kind, lines that go on
3.1.1.2 intmeth valid a method and names of the strangest letters that there may be
3.1.1.3 esc01 valid escapes in URIs
3.1.1.4 escnull valid escaped NUL in URIs
3.1.1.5 esc02 valid percent signs that are no escapes, as a method has them
3.1.1.6 lwsdisp valid a display name with no space before the bracket
3.1.1.7 longreq valid long values
3.1.1.8 dblreq valid a second request behind the first in one datagram
3.1.1.9 semiuri valid a semicolon in the user of a URI
3.1.1.10 transports valid transports in Via that nobody knows
3.1.1.11 mpart01 valid a body of several parts, with bytes that are no text
3.1.1.12 unreason valid a reason phrase in Cyrillic
3.1.1.13 noreason valid an empty reason phrase
3.1.2.1 badinv01 invalid separators in excess
3.1.2.2 clerr invalid a body that is shorter than announced
3.1.2.3 ncl invalid a negative length
3.1.2.4 scalar02 invalid numbers of a request that are too large
3.1.2.5 scalarlg invalid numbers of a response that are too large
3.1.2.6 quotbal invalid a quotation mark that is not closed
3.1.2.7 ltgtruri invalid the Request-URI in angle brackets
3.1.2.8 lwsruri invalid space within the Request-URI
3.1.2.9 lwsstart invalid several spaces in the first line
3.1.2.10 trws invalid space behind the first line
3.1.2.11 escruri invalid header fields in the Request-URI
3.1.2.12 baddate invalid a date in another time zone
3.1.2.13 regbadct invalid a URI with a question mark without brackets
3.1.2.14 badaspec invalid space within a URI
3.1.2.15 baddn invalid a display name with letters that need quotation marks
3.1.2.16 badvers invalid another version of SIP
3.1.2.17 mismatch01 invalid CSeq names another method
3.1.2.18 mismatch02 invalid CSeq names another method, and nobody knows the request's
3.1.2.19 bigcode invalid a status code of more than three digits
3.2.1 badbranch beyond a branch without anything behind its cookie
3.3.1 insuf beyond required header fields that are missing
3.3.2 unkscm beyond a Request-URI of an unknown scheme
3.3.3 novelsc beyond a Request-URI of a known scheme that is not SIP's
3.3.4 unksm2 beyond To, From and Contact of unknown schemes
3.3.5 bext01 beyond extensions that nobody knows are required
3.3.6 invut beyond a type of body that nobody knows
3.3.7 regaut01 beyond credentials of a scheme that nobody knows
3.3.8 multi01 beyond fields that may stand once stand twice
3.3.9 mcl01 beyond two lengths that do not agree
3.3.10 bcast beyond a response with another host in Via
3.3.11 zeromf beyond Max-Forwards of 0
3.3.12 cparam01 beyond a parameter of a contact outside brackets
3.3.13 cparam02 beyond a parameter of a contact within brackets
3.3.14 regescrt beyond a header field escaped in a contact
3.3.15 sdp01 beyond an offer that is not acceptable
3.4.1 inv2543 beyond a request of the time of RFC 2543`), "\n") {
		w := strings.SplitN(line, " ", 4)
		all = append(all, torture{w[0], w[1], map[string]string{"valid": valid, "invalid": invalid, "beyond": beyond}[w[2]], w[3], nil})
	}
	return all
}()

// six is a request around an address, as RFC 5118 has them; ours in all but the
// address and its place.
func six(method, uri, via, more, body string) []byte {
	kind := ""
	if body != "" {
		kind = "Content-Type: application/sdp\n"
		body = strings.ReplaceAll(body, "\n", "\r\n")
	}
	return message(fmt.Sprintf("%s %s SIP/2.0\nVia: SIP/2.0/UDP %s\nMax-Forwards: 70\nTo: <sip:ann@example.com>\nFrom: <sip:bea@example.net>;tag=81x2\nCall-ID: 5118\nCSeq: 7 %s\n%s%sContent-Length: %d\n",
		method, uri, via, method, more, kind, len(body)), body)
}

// rfc5118 are the messages of RFC 5118, §4.
func rfc5118() []torture {
	const via, contact, head = "[2001:db8::9:1];branch=z9hG4bK1", "Contact: <sip:bea@[2001:db8::1]>\n", "v=0\no=- 1 1 IN IP6 2001:db8::20\ns=-\n"
	return []torture{
		{"4.1", "ipv6-valid", valid, "an address in brackets", six("REGISTER", "sip:[2001:db8::10]", via, contact, "")},
		{"4.2", "ipv6-invalid", invalid, "an address without brackets", six("REGISTER", "sip:2001:db8::10", via, contact, "")},
		{"4.3", "ipv6-port-within", valid, "what might be a port stands within the brackets, and is none", six("REGISTER", "sip:[2001:db8::10:5070]", via, contact, "")},
		{"4.4", "ipv6-port-behind", valid, "a port behind the brackets", six("REGISTER", "sip:[2001:db8::10]:5070", via, contact, "")},
		{"4.5", "received-brackets", valid, "received in Via, in brackets", six("BYE", "sip:[2001:db8::10]", "[2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bK1", "", "")},
		{"4.5", "received-bare", valid, "received in Via, without brackets as the grammar has it", six("BYE", "sip:[2001:db8::10]", "[2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bK1", "", "")},
		{"4.6", "ipv6-in-sdp", valid, "addresses in the description stand without brackets", six("INVITE", "sip:ann@[2001:db8::10]", via, contact, head+"c=IN IP6 2001:db8::20\nt=0 0\nm=audio 42174 RTP/AVP 0\n")},
		{"4.7", "mixed-hops", valid, "hops of both families", six("BYE", "sip:ann@host.example.net", "[2001:db8::9:1]:6050;branch=z9hG4bK1\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK2\nVia: SIP/2.0/TCP [2001:db8::9:255];branch=z9hG4bK3", "", "")},
		{"4.8", "two-addresses-in-sdp", valid, "an address for each media", six("INVITE", "sip:ann@[2001:db8::10]", via, contact, head+"t=0 0\nm=audio 22334 RTP/AVP 0\nc=IN IP6 2001:db8::1\nm=video 6024 RTP/AVP 107\nc=IN IP6 2001:db8::2\na=rtpmap:107 H263-1998/90000\n")},
		{"4.9", "ipv4-mapped", valid, "an IPv4 address in the form of an IPv6 address", six("INVITE", "sip:ann@example.com", "[::ffff:192.0.2.10]:19823;branch=z9hG4bK1", "Contact: <sip:bea@[::ffff:192.0.2.10]:19823>\n", head+"c=IN IP6 ::ffff:192.0.2.10\nt=0 0\nm=audio 19834 RTP/AVP 0\n")},
		{"4.10", "three-colons", invalid, "three colons, as a mistake in the grammar of RFC 3261 allows", six("OPTIONS", "sip:ann@[2001:db8:::192.0.2.1]", via, contact, "")},
		{"4.10", "two-colons", valid, "two colons, as RFC 3986 has it", six("OPTIONS", "sip:ann@[2001:db8::192.0.2.1]", via, contact, "")},
	}
}

// done is what becomes of a message: its line in docs/torture.md. A message that is
// valid and refused for its syntax, or invalid and passed, is a mistake.
func (c torture) done(t *testing.T, b []byte) string {
	t.Helper()
	what, r := "", refusal(fixedPoint(t, b))
	switch {
	case r == nil:
		what = "rebuilt" + rebuilt(t, b)
	case r.Policy:
		what = fmt.Sprintf("refused by policy, %s: %s", r.Rule, r.Reason)
	default:
		what = fmt.Sprintf("refused for its syntax, %s: %s", r.Clause, r.Reason)
	}
	if c.says != invalid && c.section[:3] != "3.3" && c.section != "3.4.1" && r != nil && !r.Policy {
		t.Errorf("%s is valid and refused for its syntax: %v", c.name, r)
	}
	if c.says == invalid && r == nil {
		t.Errorf("%s is invalid and passes", c.name)
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", c.section, c.name, c.about, c.says, what)
}

// rebuilt says what a message that passes is without, and what of its description.
func rebuilt(t *testing.T, b []byte) string {
	m, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	var gone []string
	for _, f := range m.Fields {
		if !f.Known {
			gone = append(gone, string(f.Name))
		}
	}
	says := "; a second pass changes nothing"
	if len(gone) > 0 {
		says = ", without " + strings.Join(gone[:min(len(gone), 4)], ", ") + says
	}
	if len(m.Body) > 0 && m.ContentType.Is("application", "sdp") {
		err := sdp.Check(m.Body)
		if r := refusal(err); r != nil && r.Policy {
			says += ". Its description is refused by policy, " + r.Rule + ": " + r.Reason
		} else if r != nil {
			says += ". Its description is refused for its syntax, " + r.Clause + ": " + r.Reason
		}
	}
	return says
}

// What is valid by RFC 5118 is not refused for its syntax, what is invalid is
// refused, and what passes is written the same way twice.
func TestTortureOfRFC5118(t *testing.T) {
	for _, c := range rfc5118() {
		t.Log(c.done(t, c.message))
	}
}

// The same of RFC 4475. Its line for each message, and for each of RFC 5118, stands
// in docs/torture.md: go test ./wire/sip -run Torture -update
func TestTortureOfRFC4475(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/data/corpora/rfc4475/*.dat")
	if len(files) == 0 {
		t.Skip("SKIPPED: the messages of RFC 4475 are not beside the project")
	}
	var page strings.Builder
	page.WriteString("# Torture messages\n\nWritten by `go test ./wire/sip -run Torture -update` from what the parser does. RFC 4475 and RFC 5118 hold messages against SIP parsers: some are valid and strange, some are not valid. " +
		"No valid one is refused for its syntax, every invalid one is refused, and what passes is written anew, the same way when it is read again. A valid message that policy refuses is one that two programs could read differently, or that no call needs.\n\n" +
		"## RFC 4475\n\n| section | name | what it tries | by the RFC | here |\n| --- | --- | --- | --- | --- |\n")
	for _, c := range rfc4475 {
		b, err := os.ReadFile("../../../shared/data/corpora/rfc4475/" + c.name + ".dat")
		if err != nil {
			t.Fatal(err)
		}
		page.WriteString(c.done(t, b))
	}
	page.WriteString("\n## RFC 5118\n\nMessages of our own, each with the trait of the one in that section.\n\n| section | name | what it tries | by the RFC | here |\n| --- | --- | --- | --- | --- |\n")
	for _, c := range rfc5118() {
		page.WriteString(c.done(t, c.message))
	}
	const path = "../../docs/torture.md"
	if *update {
		if err := os.WriteFile(path, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != page.String() {
		t.Errorf("docs/torture.md is not what the parser does (%v); run: go test ./wire/sip -run Torture -update", err)
	}
}

// Addresses in other places than the messages of RFC 5118 have them.
func TestAddresses(t *testing.T) {
	for host, ok := range map[string]bool{
		"[2001:db8::9:1]": true, "[2001:db8::9:1]:5070": true, "[::ffff:192.0.2.10]": true, "2001:db8::9:1": false, "[2001:db8:::1]": false, "[2001:db8::1": false, "[fe80::1%25eth0]": false,
	} {
		b := message(strings.Replace(invite, "pc33.example.com:5060", host, 1))
		if err := Check(b); (err == nil) != ok {
			t.Errorf("sent-by %s: %v", host, err)
		}
		b = message(strings.Replace(invite, "sip:bob@example.com SIP", "sip:bob@"+host+" SIP", 1))
		if err := Check(b); (err == nil) != ok {
			t.Errorf("URI of %s: %v", host, err)
		}
	}
	for received, ok := range map[string]bool{"[2001:db8::9:255]": true, "2001:db8::9:255": true, "192.0.2.1": true, "192.0.2.": false, "::g": false} {
		if err := Check(message(strings.Replace(invite, ";rport", ";received="+received, 1))); (err == nil) != ok {
			t.Errorf("received=%s: %v", received, err)
		}
	}
}
