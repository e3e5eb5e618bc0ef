package sdp_test

import (
	"fmt"
	"testing"

	"github.com/emiago/sipgo/sip"

	"github.com/ringfence/ringfence/wire/sdp"
	wiresip "github.com/ringfence/ringfence/wire/sip"
)

const offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n"

func invite() []byte {
	return fmt.Appendf(nil, "INVITE sip:bob@b.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK7;rport\r\nMax-Forwards: 70\r\nFrom: \"Alice\" <sip:alice@a.example>;tag=1\r\nTo: <sip:bob@b.example>\r\nCall-ID: 1@a.example\r\nCSeq: 1 INVITE\r\nContact: <sip:alice@192.0.2.1:5060>\r\nUser-Agent: a phone\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS\r\nSupported: replaces, timer\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", len(offer), offer)
}

// An INVITE with its description, both read and written anew; the peer reads the
// INVITE alone.
func BenchmarkInvite(b *testing.B) {
	in := invite()
	b.Run("read and written anew", func(b *testing.B) {
		m, s := new(wiresip.Message), new(sdp.Session)
		var body, out []byte
		b.ReportAllocs()
		for b.Loop() {
			if err := m.Parse(in); err != nil {
				b.Fatal(err)
			}
			if err := s.Parse(m.Body); err != nil {
				b.Fatal(err)
			}
			body = s.AppendTo(body[:0])
			m.Body = body
			out = m.AppendTo(out[:0])
		}
	})
	b.Run("read by sipgo", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := sip.ParseMessage(in); err != nil {
				b.Fatal(err)
			}
		}
	})
}
