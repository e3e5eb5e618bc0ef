package bench

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/ringfence/ringfence/inspect"
	"github.com/ringfence/ringfence/wire/rtcp"
	"github.com/ringfence/ringfence/wire/stun"
)

// traffic writes a capture of packets: of calls 70 % RTP and 10 % each of RTCP,
// STUN, and SIP with a session description; or media alone; or calls that all name one
// address for their media.
func traffic(t testing.TB, kind string, packets int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), kind+".pcap")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	buffered := bufio.NewWriterSize(f, 1<<20)
	w := pcapgo.NewWriter(buffered)
	if err := w.WriteFileHeader(65536, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	out := gopacket.NewSerializeBuffer()
	for i := range packets {
		port, payload := payloadOf(kind, i)
		call := byte(i / 500 % 200)
		ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: []byte{10, 0, 0, call}, DstIP: []byte{10, 0, 1, call}}
		udp := &layers.UDP{SrcPort: layers.UDPPort(port), DstPort: layers.UDPPort(port)}
		_ = udp.SetNetworkLayerForChecksum(ip)
		err := gopacket.SerializeLayers(out, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, &layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: layers.EthernetTypeIPv4}, ip, udp, gopacket.Payload(payload))
		if err == nil {
			b := out.Bytes()
			err = w.WritePacket(gopacket.CaptureInfo{Timestamp: time.Unix(1_700_000_000, int64(i)*20_000), CaptureLength: len(b), Length: len(b)}, b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(buffered.Flush(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// payloadOf is the packet with a number, and its port.
func payloadOf(kind string, i int) (port int, payload []byte) {
	what := i % 10
	if kind == "media" {
		what = i % 8
	}
	hostile := kind == "one-address" || kind == "many-addresses"
	if hostile && what < 7 {
		what = 9
	}
	switch {
	case what < 7:
		b := make([]byte, 172)
		b[0] = 0x80
		binary.BigEndian.PutUint16(b[2:], uint16(i))
		binary.BigEndian.PutUint32(b[8:], uint32(i/500%200)+7)
		return 40000, b
	case what == 7:
		sr := append([]byte{0x80, 200, 0, 6}, make([]byte, 24)...)
		return 40001, append(sr, 0x81, 202, 0, 2, 0, 0, 0, 0, 1, 1, 'a', 0)
	case what == 8:
		b := stun.Begin(nil, stun.Request, stun.Binding, [12]byte{byte(i), byte(i >> 8)})
		return 40000, stun.AppendFingerprint(stun.Append(b, stun.Username, []byte("abcd:efgh")), 0)
	}
	port, media := 5060, 40000
	sdp := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=-\r\nc=IN IP4 10.0.0.%d\r\nt=0 0\r\nm=audio %d RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\na=sendrecv\r\n", i/500%200, media)
	if kind == "many-addresses" {
		media = 1024 + i%60000
	}
	if hostile {
		sdp = fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 10.9.9.9\r\ns=-\r\nc=IN IP4 10.9.9.9\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n", media)
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "INVITE sip:bob@b.example SIP/2.0\r\nVia: SIP/2.0/UDP 10.0.0.1:5060;branch=z9hG4bK%d;rport\r\nMax-Forwards: 70\r\nFrom: \"Alice\" <sip:alice@a.example>;tag=%d\r\nTo: <sip:bob@b.example>\r\nCall-ID: %d@a.example\r\nCSeq: 1 INVITE\r\nContact: <sip:alice@10.0.0.1:5060>\r\nUser-Agent: bench\r\nAllow: INVITE, ACK, BYE, CANCEL\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s", i, i, i/1000, len(sdp), sdp)
	return port, b.Bytes()
}

// BenchmarkInspect is how many packets a second are inspected, beside tshark on the
// same kind of file.
func BenchmarkInspect(b *testing.B) {
	if _, sr := payloadOf("mix", 7); rtcp.CheckClear(sr) != nil {
		b.Fatal("the RTCP of the bench is wrong")
	}
	const packets = 1_000_000
	for _, kind := range []string{"mix", "media", "one-address", "many-addresses"} {
		path := traffic(b, kind, packets)
		few := traffic(b, kind, packets/10)
		b.Run(kind, func(b *testing.B) {
			for b.Loop() {
				if _, err := inspect.Files(context.Background(), []string{path}, inspect.Options{}); err != nil {
					b.Fatal(err)
				}
			}
			ours := float64(packets) * float64(b.N) / b.Elapsed().Seconds()
			b.ReportMetric(ours, "packets/s")
			if _, err := exec.LookPath("tshark"); err != nil {
				b.Log("MISSING: tshark, so there is no peer to compare with")
				return
			}
			begun := time.Now()
			if out, err := exec.Command("tshark", "-n", "-r", few, "-q", "-z", "expert").CombinedOutput(); err != nil {
				b.Fatalf("tshark: %v: %.300s", err, out)
			}
			b.ReportMetric(ours*time.Since(begun).Seconds()/(packets/10), "x-tshark")
		})
	}
}
