package sdp

import (
	"bytes"
	_ "embed"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	pion "github.com/pion/sdp/v3"

	"github.com/ringfence/ringfence/wire"
)

// An offer as Chromium 156 makes it, with sound, pictures and a data channel.
//
//go:embed testdata/chromium-offer.sdp
var chromium []byte

func description(lines string) []byte {
	return []byte(strings.ReplaceAll(strings.TrimLeft(lines, "\n"), "\n", "\r\n"))
}

const plain = `
v=0
o=alice 2890844526 2890844527 IN IP4 192.0.2.1
s=Call
c=IN IP4 192.0.2.1
t=0 0
m=audio 49170 RTP/AVP 0 8 97 101
a=rtpmap:97 opus/48000/2
a=fmtp:97 minptime=10;useinbandfec=1
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
a=ptime:20
a=sendrecv
m=video 51372 RTP/AVP 99
a=rtpmap:99 H264/90000
a=fmtp:99 profile-level-id=42e01f; packetization-mode=1; sprop-parameter-sets=Z0IACpZTBYmI,aMljiA==
a=rtcp-fb:* nack pli
`

func refusal(err error) *wire.Refusal {
	var r *wire.Refusal
	errors.As(err, &r)
	return r
}

func TestDescription(t *testing.T) {
	s, err := Parse(description(plain))
	if err != nil {
		t.Fatal(err)
	}
	want := string(description(`
v=0
o=- 2890844526 2890844527 IN IP4 192.0.2.1
s=-
t=0 0
m=audio 49170 RTP/AVP 0 8 97 101
c=IN IP4 192.0.2.1
a=sendrecv
a=ptime:20
a=rtpmap:0 PCMU/8000
a=rtpmap:8 PCMA/8000
a=rtpmap:97 opus/48000/2
a=fmtp:97 minptime=10;useinbandfec=1
a=rtpmap:101 telephone-event/8000
a=fmtp:101 0-15
m=video 51372 RTP/AVP 99
c=IN IP4 192.0.2.1
a=rtpmap:99 H264/90000
a=fmtp:99 profile-level-id=42e01f;packetization-mode=1
a=rtcp-fb:99 nack pli
`))
	if got := string(s.AppendTo(nil)); got != want {
		t.Errorf("written:\n%s\nwant:\n%s", got, want)
	}
}

// What a browser offers passes, without the parts that a call does not need: names
// of the network at home, header extensions, forward error correction, data
// channels.
func TestChromium(t *testing.T) {
	s, err := Parse(chromium)
	if err != nil {
		t.Fatal(err)
	}
	out := string(s.AppendTo(nil))
	for _, gone := range []string{".local", "extmap", "red/", "ulpfec", "flexfec", "msid", "ssrc", "cname", "sctp-port"} {
		if strings.Contains(out, gone) {
			t.Errorf("%s is written:\n%s", gone, out)
		}
	}
	for _, kept := range []string{"a=group:BUNDLE 0 1\r\n", "opus/48000/2", "VP8/90000", "a=rtcp-mux", "a=fingerprint:sha-256", "a=setup:actpass", "m=application 0 UDP/DTLS/SCTP webrtc-datachannel"} {
		if !strings.Contains(out, kept) {
			t.Errorf("%s is not written:\n%s", kept, out)
		}
	}
	fixedPoint(t, chromium)
}

func TestRefused(t *testing.T) {
	for _, c := range []struct {
		name, old, new string
		rule           string
		policy         bool
		at             string
	}{
		{"another version", "v=0", "v=1", "R17", false, "1"},
		{"no version", "v=0\n", "", "R17", false, "o="},
		{"no time", "t=0 0\n", "", "R17", false, "m="},
		{"lines out of order", "t=0 0\n", "t=0 0\nc=IN IP4 192.0.2.2\n", "R17", false, "c="},
		{"a line twice", "s=Call\n", "s=Call\ns=Again\n", "R17", false, "s=Again"},
		{"an unknown letter", "s=Call\n", "s=Call\nx=1\n", "R17", false, "x="},
		{"a port too large", "49170", "70000", "R17", false, ""},
		{"several ports", "49170", "49170/2", "R7", true, "/2"},
		{"an unknown kind", "m=audio", "m=smell", "R7", true, "smell"},
		{"an unknown protocol", "49170 RTP/AVP", "49170 RTP/XYZ", "R7", true, "RTP/XYZ"},
		{"a payload type too large", "0 8 97", "0 8 128", "R17", false, "128"},
		{"a payload type twice", "0 8 97", "0 0 97", "R17", false, "0 97"},
		{"a codec twice", "a=ptime:20", "a=rtpmap:97 VP8/90000", "R17", false, "97 VP8"},
		{"one codec under two types", "0 8 97 101\n", "0 8 97 101 96\na=rtpmap:96 PCMU/8000\n", "R7", true, "m="},
		{"two media of one kind", "m=video 51372 RTP/AVP 99\na=rtpmap:99 H264/90000", "m=audio 4 RTP/AVP 99\na=rtpmap:99 opus/48000/2", "R7", true, "m="},
		{"an octal address", "c=IN IP4 192.0.2.1", "c=IN IP4 192.0.2.01", "R21", true, "192.0.2.01"},
		{"a name in the place of an address", "c=IN IP4 192.0.2.1", "c=IN IP4 evil.example", "R21", true, "evil"},
		{"a multicast address", "c=IN IP4 192.0.2.1", "c=IN IP4 224.2.1.1/127", "R12", true, "224"},
		{"another network", "c=IN IP4", "c=ATM IP4", "R17", false, "ATM"},
		{"an address of the other family", "c=IN IP4 192.0.2.1", "c=IN IP6 192.0.2.1", "R17", false, "192.0.2.1"},
		{"no address", "c=IN IP4 192.0.2.1\n", "", "R17", false, "m="},
		{"a packet time that overflows", "ptime:20", "ptime:4294967296", "R17", false, ""},
		{"a packet time out of range", "ptime:20", "ptime:100000", "R7", true, "100000"},
		{"keys in clear text", "t=0 0\n", "t=0 0\nk=clear:1\n", "R16", true, "k="},
		{"keys in an attribute", "a=ptime:20", "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz", "R16", true, "m="},
		{"media without a fingerprint", "49170 RTP/AVP", "49170 UDP/TLS/RTP/SAVPF", "R16", true, "m="},
		{"a weak fingerprint", "49170 RTP/AVP 0 8 97 101", "49170 UDP/TLS/RTP/SAVPF 0\na=fingerprint:sha-1 " + strings.Repeat("AA:", 19) + "AA", "R16", true, "m="},
		{"a short fingerprint", "a=ptime:20", "a=fingerprint:sha-256 AA:BB", "R17", false, "sha-256"},
		{"a component that there is not", "a=ptime:20", "a=candidate:1 3 udp 1 192.0.2.1 5 typ host", "R7", true, "3 udp"},
		{"a component of 0", "a=ptime:20", "a=candidate:1 0 udp 1 192.0.2.1 5 typ host", "R17", false, "1 0"},
		{"a foundation too long", "a=ptime:20", "a=candidate:" + strings.Repeat("1", 33) + " 1 udp 1 192.0.2.1 5 typ host", "R17", false, ""},
		{"a short ufrag", "a=ptime:20", "a=ice-ufrag:abc", "R17", false, "abc"},
		{"a port that begins with 0", "49170", "049170", "R17", true, "049170"},
		{"two packet times", "a=ptime:20", "a=ptime:20\na=ptime:30", "R17", true, "30"},
		{"two ports for RTCP", "a=ptime:20", "a=rtcp:5\na=rtcp:6", "R17", true, "6"},
		{"a bandwidth twice", "t=0 0\n", "b=AS:64\nb=AS:65\nt=0 0\n", "R17", true, "AS:65"},
		{"a bandwidth that begins with 0", "t=0 0\n", "b=AS:064\nt=0 0\n", "R17", true, "064"},
		{"two media of one name", "a=ptime:20\n", "a=mid:a\nm=text 0 RTP/AVP 98\nc=IN IP4 192.0.2.1\na=mid:a\n", "R17", true, "m=text"},
		{"a related address twice", "a=ptime:20", "a=candidate:1 1 udp 1 192.0.2.1 5 typ srflx raddr 192.0.2.2 raddr 192.0.2.3 rport 5", "R17", true, "raddr 192.0.2.3"},
		{"a control character", "s=Call", "s=Ca\x00ll", "R17", false, "\x00"},
		{"no UTF-8", "s=Call", "s=Ca\xc0\xafll", "R17", false, ""},
		{"a direction twice", "a=sendrecv", "a=sendrecv\na=inactive", "R17", false, ""},
		{"a long line", "s=Call", "s=" + strings.Repeat("a", 3000), "R5", true, ""},
		{"many media", "m=video", strings.Repeat("m=text 0 RTP/AVP 98\n", 9) + "m=video", "R5", true, ""},
	} {
		lines := strings.Replace(plain, c.old, c.new, 1)
		if lines == plain {
			t.Fatalf("%s changes nothing", c.name)
		}
		b := description(lines)
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
	if r := refusal(Check(bytes.ReplaceAll(description(plain), []byte("\r\n"), []byte("\n")))); r == nil || r.Rule != "R17" || !r.Policy {
		t.Errorf("bare line feeds: %v", r)
	}
}

// A marker in every place that a caller can write into is in nothing that is
// written; bytes for a decoder are not either.
func TestMarker(t *testing.T) {
	const marker = "q7Zk1mWx93LpDvRt"
	b := description(`
v=0
o=` + marker + ` 1 1 IN IP4 192.0.2.1
s=` + marker + `
i=` + marker + `
u=http://` + marker + `.example/
e=` + marker + `@example.com
p=` + marker + `
c=IN IP4 192.0.2.1
b=X-` + marker + `:1
t=0 0
a=` + marker + `
a=tool:` + marker + `
a=accept-types:` + marker + `
a=group:` + marker + ` 0
a=msid-semantic: WMS ` + marker + `
m=audio 9 RTP/AVP 97 98
i=` + marker + `
a=label:` + marker + `
a=ice-options:` + marker + `
a=rtpmap:97 opus/48000/2
a=fmtp:97 minptime=10;` + marker + `=1;stereo=` + marker + `
a=rtpmap:98 ` + marker + `/8000
a=fmtp:98 ` + marker + `
a=rtcp-fb:97 ` + marker + `
a=ssrc:1 cname:` + marker + `
a=extmap:1 http://` + marker + `.example/
a=candidate:1 1 udp 1 ` + marker + `.local 5 typ host
a=candidate:1 1 udp 1 192.0.2.1 5 typ ` + marker + `
a=candidate:1 1 udp 1 192.0.2.1 5 typ host ` + marker + ` ` + marker + `
`)
	s, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if out := string(s.AppendTo(nil)); strings.Contains(out, marker) || strings.Count(out, "a=candidate") != 1 {
		t.Errorf("written:\n%s", out)
	}
}

// fixedPoint parses; what passes is written, read and written again.
func fixedPoint(t testing.TB, b []byte) error {
	t.Helper()
	s, err := Parse(b)
	if err != nil {
		return err
	}
	first := s.AppendTo(nil)
	again, err := Parse(first)
	if err != nil {
		t.Fatalf("what was written is refused: %v\n%s\nfrom\n%s", err, first, b)
	}
	if second := again.AppendTo(nil); !bytes.Equal(first, second) {
		t.Fatalf("written twice:\n%s\n%s", first, second)
	}
	return nil
}

// accepted is what we accept: another reader must read it as well, and see the same
// media.
func accepted(t testing.TB, b []byte) {
	t.Helper()
	if fixedPoint(t, b) != nil {
		return
	}
	s, _ := Parse(b)
	var other pion.SessionDescription
	if err := other.Unmarshal(s.AppendTo(nil)); err != nil {
		t.Fatalf("pion refuses what was written: %v\n%s", err, s.AppendTo(nil))
	}
	if len(other.MediaDescriptions) != len(s.Media) {
		t.Fatalf("pion sees %d media, not %d", len(other.MediaDescriptions), len(s.Media))
	}
	for i, m := range other.MediaDescriptions {
		if want := s.Media[i]; m.MediaName.Media != want.Kind.String() || strings.Join(m.MediaName.Protos, "/") != want.Protocol.String() || want.Carried() && m.MediaName.Port.Value != int(want.Port) {
			t.Fatalf("pion sees %v, not %+v", m.MediaName, want)
		}
	}
}

func TestCorpus(t *testing.T) {
	files, _ := filepath.Glob("../../../shared/data/corpora/libwebrtc/sdp-corpus/*")
	if len(files) == 0 {
		t.Skip("SKIPPED: the corpus is not beside the project")
	}
	n := 0
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		accepted(t, b)
		accepted(t, bytes.ReplaceAll(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n")))
		if err := Check(b); err == nil {
			n++
		} else {
			t.Logf("%-40s %v", filepath.Base(path), err)
		}
	}
	t.Logf("%d of %d pass", n, len(files))
}

func TestNothingAllocated(t *testing.T) {
	s := new(Session)
	for _, b := range [][]byte{chromium, description(plain)} {
		if err := s.Parse(b); err != nil {
			t.Fatal(err)
		}
		if n := testing.AllocsPerRun(100, func() { _ = s.Parse(b) }); n > 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(chromium)
	f.Add(description(plain))
	f.Fuzz(func(t *testing.T, b []byte) {
		accepted(t, b)
		if r := refusal(Check(b)); r != nil && (r.Offset < 0 || r.Length < 0 || r.Offset+r.Length > len(b)+1) {
			t.Fatalf("%v: %d bytes at %d of %d", r, r.Length, r.Offset, len(b))
		}
	})
}

func BenchmarkChromium(b *testing.B) {
	s, out := new(Session), []byte(nil)
	b.SetBytes(int64(len(chromium)))
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Parse(chromium); err != nil {
			b.Fatal(err)
		}
		out = s.AppendTo(out[:0])
	}
}

// The peer parses only; it is the reader that WebRTC in Go uses.
func BenchmarkChromiumPion(b *testing.B) {
	b.SetBytes(int64(len(chromium)))
	b.ReportAllocs()
	for b.Loop() {
		var s pion.SessionDescription
		if err := s.Unmarshal(chromium); err != nil {
			b.Fatal(err)
		}
	}
}
