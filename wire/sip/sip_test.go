package sip

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/wire"
)

// message makes the lines of a message, with a body.
func message(lines string, body ...string) []byte {
	text := strings.ReplaceAll(strings.TrimLeft(lines, "\n"), "\n", "\r\n") + "\r\n"
	return []byte(text + strings.Join(body, ""))
}

const invite = `
INVITE sip:bob@example.com SIP/2.0
Via: SIP/2.0/UDP pc33.example.com:5060;branch=z9hG4bK776asdhds;rport
Max-Forwards: 70
To: "Bob" <sip:bob@example.com>
From: Alice Doe <sip:alice@example.com>;tag=1928301774
Call-ID: a84b4c76e66710@pc33.example.com
CSeq: 314159 INVITE
Contact: <sip:alice@pc33.example.com;transport=udp>
Content-Length: 0
`

func refusal(err error) *wire.Refusal {
	var r *wire.Refusal
	errors.As(err, &r)
	return r
}

func TestMessage(t *testing.T) {
	m, err := Parse(message(invite))
	if err != nil {
		t.Fatal(err)
	}
	if string(m.Method) != "INVITE" || string(m.URI.User) != "bob" || string(m.From.Name) != "Alice Doe" || string(m.From.Tag()) != "1928301774" || m.CSeq.Number != 314159 || m.MaxForwards != 70 {
		t.Errorf("%+v", m)
	}
	want := strings.Replace(string(message(invite)), `From: Alice Doe <`, `From: "Alice Doe" <`, 1)
	want = strings.Replace(want, "To: \"Bob\" <sip:bob@example.com>\r\nFrom: \"Alice Doe\" <sip:alice@example.com>;tag=1928301774\r\n", "From: \"Alice Doe\" <sip:alice@example.com>;tag=1928301774\r\nTo: \"Bob\" <sip:bob@example.com>\r\n", 1)
	if got := string(m.AppendTo(nil)); got != want {
		t.Errorf("written:\n%s\nwant:\n%s", got, want)
	}
}

// Each change of the invitation above is refused, by which rule and for what.
func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name, old, new string
		rule           string
		policy         bool
		at             string // the refused place begins with it; "" is not looked at
	}{
		{"a space before a colon", "Max-Forwards:", "Max-Forwards :", "R17", true, " :"},
		{"a folded line", "To: ", "To:\n ", "R17", true, " \"Bob"},
		{"a duplicate singleton", "CSeq:", "Call-ID: b\nCSeq:", "R17", false, "Call-ID: b"},
		{"a duplicate in its compact form", "CSeq:", "i: b\nCSeq:", "R17", false, "i: b"},
		{"a longer body announced", "Content-Length: 0", "Content-Length: 5", "R6", false, ""},
		{"a negative length", "Content-Length: 0", "Content-Length: -1", "R17", false, "-1"},
		{"a number with leading zeros", "Max-Forwards: 70", "Max-Forwards: 070", "R17", true, "070"},
		{"a CSeq beyond its range", "314159", "2147483648", "R17", false, "2147483648"},
		{"a CSeq of another method", "314159 INVITE", "314159 OPTIONS", "R17", false, "OPTIONS"},
		{"an unknown method", "INVITE", "INVITEX", "R7", true, "INVITEX"},
		{"another version", "com SIP/2.0\n", "com SIP/7.0\n", "R7", true, "SIP/7.0"},
		{"space behind the start line", "com SIP/2.0\n", "com SIP/2.0 \n", "R17", false, ""},
		{"an unclosed quote", `"Bob"`, `"Bob`, "R17", false, `"Bob`},
		{"a header in the request's URI", "sip:bob@example.com SIP", "sip:bob@example.com?Route=x SIP", "R17", false, ""},
		{"a header in a contact's URI", "transport=udp>", "transport=udp?Route=x>", "R3", true, "?Route=x"},
		{"a question mark outside brackets", "Contact: <sip:alice@pc33.example.com;transport=udp>", "Contact: sip:alice@pc33.example.com?Route=x", "R17", false, "?"},
		{"an escaped NUL", "sip:bob@", "sip:b%00ob@", "R17", true, "%00"},
		{"an octal address", "pc33.example.com:5060", "192.0.2.010:5060", "R17", false, "192.0.2.010"},
		{"an IPv6 address without brackets", "pc33.example.com:5060", "2001:db8::1", "R17", false, ""},
		{"an empty parameter", ";rport", ";;rport", "R17", false, ";rport"},
		{"a parameter twice", ";rport", ";rport;RPORT=1", "R17", false, ""},
		{"no To", "To: \"Bob\" <sip:bob@example.com>\n", "", "R17", false, ""},
		{"no branch", ";branch=z9hG4bK776asdhds", "", "R17", true, ""},
		{"no Max-Forwards", "Max-Forwards: 70\n", "", "R17", true, ""},
		{"an unknown scheme", "INVITE sip:bob@example.com", "INVITE soap.beep://192.0.2.1:3002", "R7", true, "soap.beep"},
		{"a password", "sip:bob@", "sip:bob:secret@", "R21", true, "bob:secret"},
		{"a long display name", "Alice Doe", strings.Repeat("a", 200), "R5", true, ""},
		{"many hops", "Max-Forwards: 70", strings.Repeat("v: SIP/2.0/UDP a;branch=z9hG4bKa\n", 40) + "Max-Forwards: 70", "R5", true, ""},
		{"many header fields", "Max-Forwards: 70", strings.Repeat("X-A: 1\n", 200) + "Max-Forwards: 70", "R5", true, ""},
		{"a control character", "Alice Doe", "Alice\x01Doe", "R17", false, "\x01"},
		{"a NUL in an unknown header", "Max-Forwards: 70", "X-A: a\x00b\nMax-Forwards: 70", "R17", false, "\x00"},
		{"overlong UTF-8", "Alice Doe", "\"Alice\xc0\xafDoe\"", "R17", false, ""},
		{"several bodies", "Content-Length: 0", "Content-Type: multipart/mixed;boundary=a\nContent-Length: 0", "R19", true, "multipart"},
		{"a user outside brackets with a semicolon", "Alice Doe <sip:alice@example.com>;tag", "sip:a;b@example.com;tag", "R17", false, "@example"},
		{"a user outside brackets with a question mark", "Alice Doe <sip:alice@example.com>;tag", "sip:a?b@example.com;tag", "R17", false, "?b@"},
		{"a tag in quotation marks", "tag=1928301774", "tag=\"1928301774\"", "R17", false, ""},
		{"two contacts of a dialog", "Content-Length: 0", "m: <sip:b@c>\nContent-Length: 0", "R17", true, "sip:b@c"},
		{"an escaped overlong form", "sip:bob@", "sip:b%c0%afob@", "R17", true, "b%c0%afob"},
		{"half of an escaped letter", "sip:bob@", "sip:bob%c3@", "R17", true, "bob%c3"},
		{"a compressed body", "Content-Length: 0", "e: gzip\nContent-Length: 0", "R19", true, "gzip"},
		{"credentials of nothing", "Content-Length: 0", "Authorization: Digest a=b\nContent-Length: 0", "R20", true, "Digest a=b"},
		{"a date that is not in GMT", "Max-Forwards: 70", "Date: Fri, 01 Jan 2010 16:00:00 EST\nMax-Forwards: 70", "R17", false, "Fri"},
	} {
		lines := strings.Replace(invite, c.old, c.new, 1)
		if c.old == "INVITE" {
			lines = strings.ReplaceAll(invite, c.old, c.new)
		}
		if lines == invite {
			t.Fatalf("%s changes nothing", c.name)
		}
		b := message(lines)
		r := refusal(Check(b))
		switch {
		case r == nil:
			t.Errorf("%s: passes", c.name)
		case r.Rule != c.rule || r.Policy != c.policy || r.Clause == "":
			t.Errorf("%s: %v, policy %v", c.name, r, r.Policy)
		case r.Offset < 0 || r.Length < 0 || r.Offset+r.Length > len(b):
			t.Errorf("%s: %d bytes at %d of %d", c.name, r.Length, r.Offset, len(b))
		case !bytes.HasPrefix(b[r.Offset:], []byte(c.at)):
			t.Errorf("%s: at %.20q, want %q", c.name, b[r.Offset:], c.at)
		}
	}
	for name, c := range map[string][2]string{"a bare line feed": {"udp>\r\n", "udp>\n"}, "a bare carriage return": {"udp>\r\n", "udp>\r\r\n"}, "no end": {"0\r\n\r\n", "0\r\n"}} {
		if r := refusal(Check(bytes.Replace(message(invite), []byte(c[0]), []byte(c[1]), 1))); r == nil || r.Rule != "R17" || r.Policy {
			t.Errorf("%s: %v", name, r)
		}
	}
	if r := refusal(Check(append(message(invite), "more"...))); r == nil || r.Rule != "R6" || !r.Policy {
		t.Errorf("something behind the message: %v", r)
	}
}

// What stands outside brackets ends at a comma; escaped letters are letters; an
// encoding that is none is none.
func TestPasses(t *testing.T) {
	for _, c := range [][2]string{
		{"Contact: <sip:alice@pc33.example.com;transport=udp>", "Expires: 5"},
		{"sip:bob@", "sip:b%C3%B6b%20@"},
		{"Content-Length: 0", "e: identity\nContent-Length: 0"},
		{"Alice Doe <sip:alice@example.com>;tag", "sip:example.com;tag"},
	} {
		if err := Check(message(strings.Replace(invite, c[0], c[1], 1))); err != nil {
			t.Errorf("%s: %v", c[1], err)
		}
	}
	m, err := Parse(message(strings.Replace(strings.ReplaceAll(invite, "INVITE", "REGISTER"), "Contact: <sip:alice@pc33.example.com;transport=udp>", "Contact: sip:a,sip:b@c", 1)))
	if err != nil || len(m.Contact) != 2 || m.Contact[0].URI.User != nil || string(m.Contact[1].URI.User) != "b" {
		t.Errorf("a list outside brackets: %v", err)
	}
}

// marker stands in every field that a caller can choose, and in none that is
// written, but for the display name.
func TestMarker(t *testing.T) {
	const marker = "q7Zk1mWx93LpDvRt"
	b := message(`
INVITE sip:bob@example.com;`+marker+`=1 SIP/2.0
Via: SIP/2.0/UDP pc33.example.com;branch=z9hG4bKa;`+marker+`=1
Max-Forwards: 70
To: <sip:bob@example.com;x=`+marker+`>;y=`+marker+`
From: "`+marker+`" <sip:alice@example.com>;tag=1;z="`+marker+`"
Call-ID: a
CSeq: 1 INVITE
Contact: <sip:alice@pc33.example.com>;`+marker+`
User-Agent: `+marker+`
Subject: `+marker+`
X-`+marker+`: 1
Organization: `+marker+`
Call-Info: <http://`+marker+`.example/>
Alert-Info: <http://`+marker+`.example/>
Warning: 307 isi "`+marker+`"
Content-Type: application/sdp;`+marker+`=1
Event: presence;`+marker+`=1
Authorization: Digest username="a", realm="r", nonce="n", uri="sip:a", response="00", `+marker+`="`+marker+`"
Content-Length: 4
`, "v=0\r")
	m, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	out := string(m.AppendTo(nil))
	if n := strings.Count(out, marker); n != 1 || !strings.Contains(out, `From: "`+marker+`"`) {
		t.Errorf("%d markers are written:\n%s", n, out)
	}
}

func TestDisplayName(t *testing.T) {
	for in, want := range map[string]string{
		`Ann "Lee"`: `"Ann Lee" `, "\u202eevil": `"evil" `, "<script>": `"script" `, "  ": "", "نور": `"نور" `, strings.Repeat("x", 100): `"` + strings.Repeat("x", 64) + `" `, `a\"b`: `"ab" `,
	} {
		if got := string(appendDisplay(nil, []byte(in))); got != want {
			t.Errorf("%q is written %q, want %q", in, got, want)
		}
	}
}

// fixedPoint parses; what passes is written, read and written again.
func fixedPoint(t testing.TB, b []byte) error {
	t.Helper()
	m, err := Parse(b)
	if err != nil {
		return err
	}
	first := m.AppendTo(nil)
	again, err := Parse(first)
	if err != nil {
		t.Fatalf("what was written is refused: %v\n%s", err, first)
	}
	if second := again.AppendTo(nil); !bytes.Equal(first, second) {
		t.Fatalf("written twice:\n%s\n%s", first, second)
	}
	return nil
}

func TestNothingAllocated(t *testing.T) {
	b, m := message(invite), new(Message)
	if err := m.Parse(b); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _ = m.Parse(b) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(message(invite))
	f.Add(message("\nSIP/2.0 200 OK\nv: SIP/2.0/TLS [::1]:5061;received=192.0.2.1;branch=z9hG4bKa\nf: <sips:a%20b@x.example>;tag=1\nt: sip:b@x.example;tag=2\ni: 1\nCSeq: 1 REGISTER\nWWW-Authenticate: Digest realm=\"a\", nonce=\"b\\\"\"\nContact: *\nl: 0\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if r := refusal(fixedPoint(t, b)); r != nil && (r.Offset < 0 || r.Length < 0 || r.Offset+r.Length > len(b)+1) {
			t.Fatalf("%v: %d bytes at %d of %d", r, r.Length, r.Offset, len(b))
		}
	})
}

func BenchmarkParse(b *testing.B) {
	in, m, out := message(invite), new(Message), []byte(nil)
	b.SetBytes(int64(len(in)))
	b.ReportAllocs()
	for b.Loop() {
		if err := m.Parse(in); err != nil {
			b.Fatal(err)
		}
		out = m.AppendTo(out[:0])
	}
}
