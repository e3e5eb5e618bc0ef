package sipguard

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"
	"testing"
	"time"
)

// What a caller can choose, and a call that is right in every word: none of it is
// in any byte that the callee's phone receives before it answers. RFC 4566's names,
// addresses and attributes, header fields that the model has and that it has not.
func TestNoByteOfTheCaller(t *testing.T) {
	b := newBench(t, nil)
	alice, bob := b.two()
	marker := func() string {
		var m [16]byte
		rand.Read(m[:])
		return "m" + strings.ToLower(strings.TrimRight(base32.StdEncoding.EncodeToString(m[:]), "="))
	}
	var markers []string
	mark := func() string { markers = append(markers, marker()); return markers[len(markers)-1] }
	bob.forget()
	callID, tag := mark(), mark()
	from := fmt.Sprintf("%q <sip:alice@example.com;transport=%s;x-%s=%s>;tag=%s;p-%s=%s", mark(), mark(), mark(), mark(), tag, mark(), mark())
	to := fmt.Sprintf("%q <sip:bob@example.com;user=%s>", mark(), mark())
	lines := ""
	for _, name := range []string{"User-Agent", "Server", "Subject", "Organization", "X-Marker", "Alert-Info", "Call-Info", "Error-Info", "In-Reply-To", "Identity", "Date-", "P-Access-Network-Info", "Geolocation", "History-Info", "Diversion", "Remote-Party-ID", "Session-ID", "User-to-User", "Accept-Contact", "Reason"} {
		lines += name + ": " + mark() + "\n"
	}
	lines += fmt.Sprintf("X-%s: 1\n", mark())
	lines += fmt.Sprintf("Supported: 100rel, timer, %s\nAllow: INVITE, %s\nAllow-Events: %s\n", mark(), mark(), mark())
	lines += fmt.Sprintf("P-Asserted-Identity: %q <sip:%s@%s.example>\n", mark(), mark(), mark())
	lines += fmt.Sprintf("P-Preferred-Identity: %q <sip:%s@%s.example>\n", mark(), mark(), mark())
	lines += fmt.Sprintf("Record-Route: <sip:%s.example;lr;x=%s>\nRoute: <sip:%s.example;lr>\n", mark(), mark(), mark())
	lines += fmt.Sprintf("Referred-By: <sip:%s@example.com>\nSession-Expires: 1800;refresher=uac;x=%s\n", mark(), mark())
	lines += fmt.Sprintf("Content-Disposition: session;handling=%s\nEvent: %s;id=%s\nWarning: 399 %s \"%s\"\n", mark(), mark(), mark(), mark(), mark())
	lines += fmt.Sprintf("Via: SIP/2.0/UDP %s.example;branch=z9hG4bK%s;x=%s\n", mark(), mark(), mark())
	contact := fmt.Sprintf("<sip:%s@%s;ob;x=%s>;+sip.instance=\"<urn:uuid:%s>\";x=%s", mark(), alice.addr(), mark(), mark(), mark())
	body := crlf(fmt.Sprintf(`
v=0
o=%s 11 12 IN IP4 127.0.0.1
s=%s
i=%s
u=http://%s.example/
e=%s@example.com
p=+1 %s
c=IN IP4 127.0.0.1
b=X-%s:128
t=0 0
a=%s
a=tool:%s
a=group:BUNDLE %.16s
a=ice-ufrag:%s
a=ice-pwd:%s
a=ice-options:%s
m=audio %d RTP/AVP 0 96 97
i=%s
b=X-%s:64
a=mid:%.16s
a=rtpmap:0 PCMU/8000
a=rtpmap:96 %s/8000
a=fmtp:96 %s=%s
a=rtpmap:97 opus/48000/2
a=fmtp:97 useinbandfec=1;%s=%s;sprop-%s=%s
a=rtcp-fb:97 %s
a=candidate:%s 1 UDP 1 127.0.0.1 9 typ host %s %s
a=candidate:1 1 UDP 1 %s.example 9 typ host
a=accept-types:%s
a=msid:%s %s
a=ssrc:1 cname:%s
a=extmap:1 urn:%s
a=label:%s
`, mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), alice.port(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark(), mark()))
	if strings.Contains(body, "%!") {
		t.Fatal(body)
	}
	send := func(seq int, more string) {
		text := alice.request("INVITE", "sip:bob@example.com", from, to, callID, seq, lines+more, body)
		alice.send(strings.Replace(text, alice.contact(), contact, 1))
	}
	send(1, "")
	m := alice.expect("407", "400", "403", "413", "488")
	if is(m, "407") {
		alice.send(alice.request("ACK", "sip:bob@example.com", from, to+";tag="+string(m.To.Tag()), callID, 1, "", ""))
		auth := digest(m, "INVITE", "sip:bob@example.com", "alice", "secret of alice")
		send(2, strings.TrimSuffix(auth, "\n")+fmt.Sprintf(", opaque=%q, cnonce=%q\n", mark(), mark()))
	} else {
		t.Fatalf("%d; verdicts %+v", m.Status, b.verdicts)
	}
	bob.ring()
	alice.expect("180")
	time.Sleep(50 * time.Millisecond)
	heard, _ := bob.heard()
	for i, m := range markers {
		if len(m) < 16 {
			t.Fatalf("marker %d is short", i)
		}
		if strings.Contains(strings.ToLower(string(heard)), m[:16]) {
			t.Errorf("marker %d %s reached the phone", i, m)
		}
	}
	for _, hidden := range []string{alice.addr(), b.service.addr().String(), b.Inside().String(), "Record-Route", "User-Agent", "Authorization"} {
		if strings.Contains(string(heard), hidden) {
			t.Errorf("%s reached the phone", hidden)
		}
	}
	if !strings.Contains(string(heard), "<sip:alice@example.com>") {
		t.Error("the phone is not told who calls")
	}
	inner := b.service.heard()
	for _, hidden := range []string{"User-Agent", "X-Marker", "instance"} {
		if strings.Contains(inner, hidden) {
			t.Errorf("%s reached the service", hidden)
		}
	}
}
