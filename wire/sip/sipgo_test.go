package sip

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	sipgo "github.com/emiago/sipgo/sip"
)

// What is written here is read by another reader in the same way: one that phones
// and servers are built with. Where the two differ, the difference stands in except.
func sameForSipgo(t testing.TB, b []byte) {
	t.Helper()
	m, err := Parse(b)
	if err != nil {
		return
	}
	out := m.AppendTo(nil)
	if except(m) {
		return
	}
	other, err := sipgo.ParseMessage(out)
	if err != nil {
		t.Fatalf("sipgo refuses what was written: %v\n%s", err, out)
	}
	same := func(what, theirs, ours string) {
		t.Helper()
		if theirs != ours {
			t.Fatalf("%s: sipgo reads %q, and here it is %q\n%s", what, theirs, ours, out)
		}
	}
	switch o := other.(type) {
	case *sipgo.Request:
		same("method", string(o.Method), string(m.Method))
		same("host of the URI", host(o.Recipient.Host), host(string(m.URI.Host)))
		same("port of the URI", strconv.Itoa(o.Recipient.Port), strconv.Itoa(int(m.URI.Port)))
	case *sipgo.Response:
		same("status", strconv.Itoa(o.StatusCode), strconv.Itoa(m.Status))
	}
	same("Call-ID", other.CallID().Value(), string(m.CallID))
	same("CSeq", other.CSeq().Value(), fmt.Sprintf("%d %s", m.CSeq.Number, m.CSeq.Method))
	tag, _ := other.From().Params.Get("tag")
	same("tag of From", tag, string(m.From.Tag()))
	tag, _ = other.To().Params.Get("tag")
	same("tag of To", tag, string(m.To.Tag()))
	via := other.Via()
	branch, _ := via.Params.Get("branch")
	ours, _ := m.Via[0].Params.Get("branch")
	same("branch", branch, string(ours))
	same("transport", via.Transport, string(m.Via[0].Transport))
	same("sent-by", host(via.Host), host(string(m.Via[0].Host)))
	same("body", string(other.Body()), string(m.Body))
}

// host is one without its brackets, which sipgo does not keep.
func host(s string) string { return strings.ToLower(strings.Trim(s, "[]")) }

// except tells what the two readers are known to disagree on:
//   - sipgo takes a user of a URI from the first ":" or "@", and knows no tel URI;
//   - a tag or branch that is a quoted string is its text for us, and keeps its
//     quotation marks for sipgo; none of ours is ever one.
//   - a second challenge or warning does not matter to either.
func except(m *Message) bool {
	for _, u := range []*URI{&m.URI, &m.From.URI, &m.To.URI} {
		if u.Scheme == Tel {
			return true
		}
	}
	for _, all := range []Params{m.From.Params, m.To.Params, m.Via[0].Params} {
		for _, p := range all {
			if p.Quoted {
				return true
			}
		}
	}
	return false
}

// seeds are messages of several kinds.
var seeds = [][]byte{
	message(invite),
	message("\nSIP/2.0 180 Ringing\nv: SIP/2.0/TCP [2001:db8::1]:5061;received=192.0.2.1;branch=z9hG4bKa\nf: \"A\" <sips:a%20b@X.example>;tag=1\nt: <sip:b@x.example>;tag=2\ni: 1@a\nCSeq: 7 INVITE\nContact: <sip:b@[::1]:5070;transport=tcp>\nc: text/plain\nl: 3\n", "abc"),
	message("\nREGISTER sip:x.example SIP/2.0\nVia: SIP/2.0/UDP a;branch=z9hG4bKa\nMax-Forwards: 1\nf: <sip:a@x.example>;tag=1\nt: <sip:a@x.example>\ni: 1\nCSeq: 1 REGISTER\nContact: <sip:a@192.0.2.1>;expires=60;+sip.instance=\"<urn:uuid:1>\"\nAuthorization: Digest username=\"a\", realm=\"r\", nonce=\"n\\\"\", uri=\"sip:x\", response=\"0\", qop=auth, nc=00000001, cnonce=\"c\"\n"),
}

func TestSipgoReadsTheSame(t *testing.T) {
	for _, b := range seeds {
		if err := Check(b); err != nil {
			t.Errorf("%v\n%s", err, b)
		}
		sameForSipgo(t, b)
	}
}

func FuzzSipgo(f *testing.F) {
	for _, b := range seeds {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { sameForSipgo(t, b) })
}
