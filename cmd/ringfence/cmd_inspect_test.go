package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// captured writes a capture of datagrams to port 5060.
func captured(t *testing.T, payloads ...string) string {
	t.Helper()
	var out bytes.Buffer
	w := pcapgo.NewWriter(&out)
	if err := w.WriteFileHeader(65536, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	for i, p := range payloads {
		ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: []byte{192, 0, 2, 1}, DstIP: []byte{192, 0, 2, 2}}
		udp := &layers.UDP{SrcPort: 5060, DstPort: 5060}
		_ = udp.SetNetworkLayerForChecksum(ip)
		b := gopacket.NewSerializeBuffer()
		err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, &layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: layers.EthernetTypeIPv4}, ip, udp, gopacket.Payload(p))
		if err == nil {
			err = w.WritePacket(gopacket.CaptureInfo{Timestamp: time.Unix(1_700_000_000+int64(i), 0), CaptureLength: len(b.Bytes()), Length: len(b.Bytes())}, b.Bytes())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return tmpFile(t, "call.pcap", out.String())
}

func tmpFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const aCall = "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP a.example.com;branch=z9hG4bK7\r\nMax-Forwards: 70\r\nTo: <sip:bob@example.com>\r\nFrom: <sip:alice@example.com>;tag=1\r\nCall-ID: a\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n"

func TestInspect(t *testing.T) {
	test := func(name string, want int, says string, args ...string) string {
		t.Helper()
		out, said, code := commandLine(t, append([]string{"inspect"}, args...)...)
		if code != want || !strings.Contains(out+said, says) {
			t.Errorf("%s: exit %d, want %d; %s%s", name, code, want, out, said)
		}
		return out
	}
	smuggled := strings.Replace(aCall, "Max-Forwards:", "Max-Forwards :", 1)
	good, bad := captured(t, aCall), captured(t, aCall, smuggled)
	test("a call", exitDone, "alice@example.com -> bob@example.com", good)
	test("a smuggled header", exitFound, "MEDIUM   R17", bad)
	whole, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	test("half a file", exitIncomplete, "the file is damaged", tmpFile(t, "half.pcap", string(whole[:len(whole)-10])))
	test("no capture", exitFailed, "neither pcap nor pcapng", tmpFile(t, "letter", "a letter, and no capture"))

	page := filepath.Join(t.TempDir(), "page.html")
	test("a page", exitFound, "", bad, "--report", page)
	if b, err := os.ReadFile(page); err != nil || !strings.Contains(string(b), "Max-Forwards") {
		t.Errorf("the page: %v", err)
	}
	test("a page that is there", exitUsage, "--force", bad, "--report", page)

	test("rules that are not right", exitFailed, "ringfence rules --own", good, "--rules", tmpFile(t, "rules.json", `{"rules":[{"id":"R1"}]}`))
	const example = `{"message":"OPTIONS sip:a@a.example SIP/2.0\nVia: SIP/2.0/UDP a.example;branch=z9hG4bK1\nMax-Forwards: 70\nFrom: <sip:FROM@a.example>;tag=1\nTo: <sip:a@a.example>\nCall-ID: 1\nCSeq: 1 OPTIONS\n\n","fires":FIRES}`
	x := func(from, fires string) string {
		return strings.NewReplacer("FROM", from, "FIRES", fires).Replace(example)
	}
	rules := tmpFile(t, "rules.json", `{"rules":[{"id":"X1","title":"Alice calls","when":"sip.from_user == 'alice'","severity":"high","action":"drop","examples":[`+x("alice", "true")+`,`+x("eve", "false")+`]}]}`)
	test("a rule of one's own", exitFound, "HIGH     X1", good, "--rules", rules)
	if out, said, code := commandLine(t, "rules", "--own", rules); code != exitDone || !strings.Contains(out, "2 examples are as they say") {
		t.Errorf("rules --own: exit %d: %s%s", code, out, said)
	}

	var one refusedMessage
	for _, c := range []struct{ proto, text, refusal, rule string }{
		{"sip", aCall, "", ""}, {"sip", smuggled, "policy", "R17"}, {"sip", "INVITE", "syntax", "R17"}, {"sdp", "v=0\r\n", "syntax", "R17"}, {"stun", "\x00\x01", "syntax", "R6"},
		{"turn", "\x40\x00\x00\x09", "syntax", "R6"}, {"rtp", "\x80", "syntax", "R6"}, {"rtcp", "\x80\xc8", "syntax", "R6"}, {"dtls", "\x16\xfe\xfd", "syntax", "R6"}, {"jingle", "<iq>&x;</iq>", "syntax", "R18"},
	} {
		one = refusedMessage{}
		want := exitDone
		if c.refusal != "" {
			want = exitFound
		}
		out := test(c.proto+" "+c.refusal, want, "", "--proto", c.proto, tmpFile(t, "raw", c.text), "--json")
		if err := json.Unmarshal([]byte(out), &one); err != nil || (one.Refusal == nil) != (c.refusal == "") || one.Refusal != nil && *one.Refusal != c.refusal || one.Rule != c.rule {
			t.Errorf("%s %q: %v: %s", c.proto, c.text, err, out)
		}
	}
	test("no protocol", exitUsage, "srtcp", "--proto", "smtp", good)
}
