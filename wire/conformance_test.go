package wire_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/ringfence/ringfence/wire/dtls"
	"github.com/ringfence/ringfence/wire/jingle"
	"github.com/ringfence/ringfence/wire/rtcp"
	"github.com/ringfence/ringfence/wire/rtp"
	"github.com/ringfence/ringfence/wire/sdp"
	"github.com/ringfence/ringfence/wire/sip"
	"github.com/ringfence/ringfence/wire/stun"
)

// parsers read whatever they are given.
var parsers = map[string]func(b []byte){
	"dtls":   func(b []byte) { _ = dtls.Check(b) },
	"jingle": func(b []byte) { _, _ = jingle.Parse(b) },
	"rtcp":   func(b []byte) { _, _ = rtcp.Parse(b) },
	"rtp":    func(b []byte) { _, _ = rtp.Parse(b) },
	"sdp":    func(b []byte) { _, _ = sdp.Parse(b) },
	"sip":    func(b []byte) { _, _ = sip.Parse(b) },
	"stun":   func(b []byte) { _, _ = stun.Parse(b) },
}

// inputs are the files of all corpora that stand beside the project, and what costs
// most in relation to its size: many small things in one message.
func inputs(t *testing.T) map[string][]byte {
	all := map[string][]byte{
		"lines":    repeated("v=0\r\n", "a=x\r\n", 6000),
		"media":    repeated("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n", "m=audio 9 RTP/AVP 0\r\n", 1500),
		"fields":   repeated("OPTIONS sip:a SIP/2.0\r\n", "a:\r\n", 15000),
		"hops":     repeated("OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a", ",SIP/2.0/UDP a", 4000),
		"params":   repeated("OPTIONS sip:a", ";a=b", 15000),
		"elements": repeated("<iq>", "<a/>", 15000),
		"depth":    repeated("", "<a>", 20000),
		"reports":  repeated("", "\x80\xc9\x00\x01\x00\x00\x00\x01", 8000),
		"options":  repeated("\x00\x01\xff\xf8\x21\x12\xa4\x42............", "\x80\x00\x00\x00", 16000),
	}
	files, _ := filepath.Glob("../../shared/data/corpora/*/*")
	more, _ := filepath.Glob("../../shared/data/corpora/*/*/*")
	if len(files) == 0 {
		t.Log("SKIPPED: no corpora stand beside the project")
	}
	for _, f := range append(files, more...) {
		if b, err := os.ReadFile(f); err == nil {
			all[f] = b[:min(len(b), 64<<10)]
		}
	}
	return all
}

func repeated(head, part string, n int) []byte {
	b := []byte(head)
	for range n {
		b = append(b, part...)
	}
	return b[:min(len(b), 64<<10)]
}

// Conformance test 9: no parser panics on any input, and what each allocates is
// bounded by the size of what it reads.
func TestMemoryIsBounded(t *testing.T) {
	const fixed, each = 32 << 10, 16 // bytes in all, and for each byte that is read
	all := inputs(t)
	for name, parse := range parsers {
		for input, b := range all {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			parse(b)
			runtime.ReadMemStats(&after)
			if used := after.TotalAlloc - before.TotalAlloc; used > uint64(fixed+each*len(b)) {
				t.Errorf("%s allocates %d bytes for the %d of %s", name, used, len(b), input)
			}
		}
	}
	t.Logf("%d inputs, %d parsers", len(all), len(parsers))
}
