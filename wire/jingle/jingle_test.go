package jingle

import (
	"crypto/rand"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ringfence/ringfence/wire"
)

func parse(t *testing.T, text string) *Stanza {
	t.Helper()
	s, err := Parse([]byte(text))
	if err != nil {
		t.Fatalf("%s\n%v", text, err)
	}
	return s
}

func TestOffer(t *testing.T) {
	s := parse(t, offer)
	fixedPoint(t, s)
	if len(s.Dropped) > 0 {
		t.Errorf("dropped %q", s.Dropped)
	}
	j := s.Jingle
	if s.From != "asha@example.org/phone" || j.Action != SessionInitiate || j.SID != "s-4711" || len(j.Contents) != 2 {
		t.Fatalf("%+v", s)
	}
	if g := j.Groups; len(g) != 1 || g[0].Semantics != "BUNDLE" || !slices.Equal(g[0].Contents, []string{"0", "1"}) {
		t.Errorf("groups %+v", g)
	}
	sound, picture := j.Contents[0], j.Contents[1]
	d := sound.Description
	if d.Media != Audio || d.SSRC != 0x12345678 || !d.RTCPMux || !d.Mixed || d.Bandwidth.Value != 64 || len(d.PayloadTypes) != 3 {
		t.Errorf("description %+v", d)
	}
	opus := d.PayloadTypes[0]
	if opus.ID != 111 || opus.Channels != 2 || opus.PTime != 20 || len(opus.Parameters) != 2 || len(opus.Feedback.Kinds) != 1 {
		t.Errorf("opus %+v", opus)
	}
	c := sound.ICE.Candidates
	if len(c) != 3 || c[0].IP.String() != "2001:db8::1" || *c[0].Network != 2 || c[1].RelAddr.String() != "0.0.0.0" || c[2].TCPType != "active" {
		t.Errorf("candidates %+v", c)
	}
	if f := sound.ICE.Fingerprints; len(f) != 1 || f[0].Setup != ActPass || len(f[0].Value) != 32 || f[0].Value[1] != 0x11 {
		t.Errorf("fingerprints %+v", f)
	}
	if g := picture.Description.Groups; len(g) != 1 || !slices.Equal(g[0].SSRCs, []uint32{1, 2}) {
		t.Errorf("groups of sources %+v", g)
	}
	if r := picture.Raw.Candidates; len(r) != 2 || r[0].Component != 1 || r[1].Component != 0 {
		t.Errorf("raw candidates %+v", r)
	}
	if *picture.Description.PayloadTypes[0].Feedback.Interval != 0 {
		t.Error("an interval of zero is lost")
	}
}

// What is in its one spelling comes out as it went in.
func TestCanonical(t *testing.T) {
	for _, text := range canonical {
		s := parse(t, text)
		if got := s.String(); got != text {
			t.Errorf("read\n%s\nand written\n%s", text, got)
		}
		if len(s.Dropped) > 0 {
			t.Errorf("%s: dropped %q", text, s.Dropped)
		}
	}
}

// Other spellings of the same come out in the one.
func TestNormalised(t *testing.T) {
	for text, want := range map[string]string{
		"\n <iq type='result'\n id = 'q' ></iq\t>\n": `<iq id="q" type="result"/>`,
		`<c:iq xmlns:c="jabber:client" id="q" type="set"><j:jingle xmlns:j="urn:xmpp:jingle:1" sid="s" action="session-info"/></c:iq>`:                                                              `<iq xmlns="jabber:client" id="q" type="set"><jingle xmlns="urn:xmpp:jingle:1" action="session-info" sid="s"/></iq>`,
		step(`session-terminate`, `<reason><text> a &lt;&amp;&gt;&quot;&apos; b </text><busy/></reason>`):                                                                                           step(`session-terminate`, `<reason><busy/><text>a &lt;&amp;&gt;&quot;' b</text></reason>`),
		chat(`<invite ` + invitesNS + ` audio="1" video="0"><jingle sid="s"/></invite>`):                                                                                                            chat(`<invite ` + invitesNS + `><jingle sid="s"/></invite>`),
		`<iq id="q" type="result"><services ` + servicesNS + `><service expires="2031-02-03T04:05:06.789Z" host="a" restricted="false" type="stun"/><service host="b" type="ftp"/></services></iq>`: `<iq id="q" type="result"><services ` + servicesNS + `><service expires="2031-02-03T04:05:06Z" host="a" type="stun"/></services></iq>`,
	} {
		s := parse(t, text)
		if got := s.String(); got != want {
			t.Errorf("%s\nis written\n%s\nwant\n%s", text, got, want)
		}
		fixedPoint(t, s)
	}
}

func TestDropped(t *testing.T) {
	s := parse(t, `<message id="m" type="chat" xml:lang="de" x="1"><body>Hi</body><propose `+jmiNS+` id="p" y="2"><description `+rtpNS+` media="audio"/>`+
		`<extra xmlns="urn:example:0"><deep/></extra></propose><request xmlns="urn:xmpp:receipts"/><request xmlns="urn:xmpp:receipts"/></message>`)
	want := []string{
		"{}message/@{http://www.w3.org/XML/1998/namespace}lang", "{}message/@x", "{}body",
		"{urn:xmpp:jingle-message:0}propose/@y", "{urn:example:0}extra", "{urn:xmpp:receipts}request",
	}
	if !slices.Equal(s.Dropped, want) {
		t.Errorf("dropped %q, want %q", s.Dropped, want)
	}
	if got, want := s.String(), chat(`<propose `+jmiNS+` id="p"><description `+rtpNS+` media="audio"/></propose>`); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

// No byte of the input survives that the model does not have.
func TestMarkerIsGone(t *testing.T) {
	marker := []byte(rand.Text()[:16]) // letters and digits, the first a letter
	marker[0] = 'M'
	m := string(marker)
	for name, text := range map[string]string{
		"attribute of the stanza":        `<iq id="q" type="result" x="` + m + `"/>`,
		"name of an attribute":           `<iq id="q" type="result" ` + m + `="1"/>`,
		"language":                       `<iq id="q" type="result" xml:lang="` + m + `"/>`,
		"prefix and namespace":           `<` + m + `:iq xmlns:` + m + `="jabber:client" xmlns:y="urn:` + m + `" id="q" type="result" y:` + m + `="` + m + `"/>`,
		"body, subject and thread":       chat(`<body>` + m + `</body><subject>` + m + `</subject><thread>` + m + `</thread><proceed ` + jmiNS + ` id="p"/>`),
		"element beside the payload":     chat(`<proceed ` + jmiNS + ` id="p"/><` + m + ` xmlns="urn:` + m + `" a="` + m + `">` + m + `</` + m + `>`),
		"element in the payload":         chat(`<proceed ` + jmiNS + ` id="p"><x xmlns="urn:x">` + m + `</x></proceed>`),
		"link of an invitation":          chat(`<invite ` + invitesNS + `><jingle sid="s"/><external uri="https://` + m + `.example"/></invite>`),
		"what an error answers to":       `<iq id="q" type="error"><jingle ` + jingleNS + ` sid="` + m + `"/><error type="cancel"><conflict ` + stanzasNS + `/></error></iq>`,
		"condition of an application":    step(`session-terminate`, `<reason><busy/><x xmlns="urn:x">`+m+`</x></reason>`),
		"language of a reason":           step(`session-terminate`, `<reason><busy/><text xml:lang="`+m+`">t</text></reason>`),
		"information that is not known":  info(`<` + m + ` xmlns="urn:x"/>`),
		"attribute of a jingle":          strings.Replace(info(``), ` sid=`, ` `+m+`="`+m+`" sid=`, 1),
		"attribute of a candidate":       strings.ReplaceAll(offer, `<candidate `, `<candidate x='`+m+`' `),
		"element in a candidate":         strings.Replace(offer, `protocol='udp' type='host'/>`, `protocol='udp' type='host'><x xmlns='urn:x' a='`+m+`'/></candidate>`, 1),
		"attribute of everything":        regexp.MustCompile(`<[a-z-]+`).ReplaceAllString(offer, `$0 `+m+`='`+m+`' y='`+m+`'`),
		"element in a description":       strings.Replace(offer, `<rtcp-mux/>`, `<rtcp-mux/><zrtp-hash xmlns='urn:xmpp:jingle:apps:rtp:zrtp:1'>`+m+`</zrtp-hash>`, 1),
		"element in a transport":         strings.Replace(offer, `<gathering-complete/>`, `<gathering-complete/><sctpmap xmlns='urn:xmpp:jingle:transports:dtls-sctp:1' protocol='`+m+`'/>`, 1),
		"service that no call has a use": `<iq id="q" type="result"><services ` + servicesNS + `><service host="` + m + `" type="ftp" username="` + m + `"/></services></iq>`,
		"form in a service":              `<iq id="q" type="result"><services ` + servicesNS + `><service host="a" type="turn"><x xmlns="jabber:x:data">` + m + `</x></service></services></iq>`,
		"fraction of a second":           `<iq id="q" type="result"><services ` + servicesNS + `><service expires="2031-02-03T04:05:06.123456789Z" host="a" type="turn" z="` + m + `"/></services></iq>`,
	} {
		if !strings.Contains(text, m) {
			t.Fatalf("%s: no marker in the input", name)
		}
		s, err := Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if out := s.String(); strings.Contains(strings.ToLower(out), strings.ToLower(m)) {
			t.Errorf("%s: the marker is in the output:\n%s", name, out)
		}
		if len(s.Dropped) == 0 {
			t.Errorf("%s: nothing is recorded as dropped", name)
		}
	}
	for name, text := range map[string]string{
		"comment":                `<iq id="q" type="result"><!-- ` + m + ` --></iq>`,
		"comment in front":       `<!-- ` + m + ` --><iq id="q" type="result"/>`,
		"processing instruction": `<?` + m + ` ` + m + `?><iq id="q" type="result"/>`,
		"document type":          `<!DOCTYPE ` + m + `><iq id="q" type="result"/>`,
		"CDATA":                  `<iq id="q" type="result"><![CDATA[` + m + `]]></iq>`,
		"text":                   `<iq id="q" type="result">` + m + `</iq>`,
		"codecs in a proposal":   chat(`<propose ` + jmiNS + ` id="p"><description ` + rtpNS + ` media="audio"><payload-type id="96" name="` + m + `"/></description></propose>`),
		"element of ours":        info(`<` + m + `/>`),
		"where to go instead":    `<iq id="q" type="error"><error type="modify"><redirect ` + stanzasNS + `>xmpp:` + m + `</redirect></error></iq>`,
	} {
		var no *wire.Refusal
		if s, err := Parse([]byte(text)); !errors.As(err, &no) {
			t.Errorf("%s: read as %v", name, s)
		} else if strings.Contains(err.Error(), m) {
			t.Errorf("%s: the marker is in the refusal", name)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	text := []byte(offer)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	var out []byte
	for b.Loop() {
		s, err := Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		out = s.AppendTo(out[:0])
	}
}
