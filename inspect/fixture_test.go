package inspect

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// tape writes a capture.
type tape struct {
	testing.TB
	out  bytes.Buffer
	w    *pcapgo.Writer
	at   time.Time
	seqs map[string]uint32
}

var begun = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newTape(t testing.TB) *tape {
	r := &tape{TB: t, at: begun, seqs: map[string]uint32{}}
	r.w = pcapgo.NewWriter(&r.out)
	if err := r.w.WriteFileHeader(65536, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	return r
}

// frame writes one that has come 20 ms after the one before.
func (r *tape) frame(b []byte) {
	r.Helper()
	r.at = r.at.Add(20 * time.Millisecond)
	if err := r.w.WritePacket(gopacket.CaptureInfo{Timestamp: r.at, CaptureLength: len(b), Length: len(b)}, b); err != nil {
		r.Fatal(err)
	}
}

func (r *tape) serialize(all ...gopacket.SerializableLayer) []byte {
	r.Helper()
	buffer := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		r.Fatal(err)
	}
	return append([]byte(nil), buffer.Bytes()...)
}

func link(v6 bool) *layers.Ethernet {
	e := &layers.Ethernet{SrcMAC: make([]byte, 6), DstMAC: make([]byte, 6), EthernetType: layers.EthernetTypeIPv4}
	if v6 {
		e.EthernetType = layers.EthernetTypeIPv6
	}
	return e
}

func ends2(from, to string) (a, b netip.AddrPort) {
	return netip.MustParseAddrPort(from), netip.MustParseAddrPort(to)
}

// udp is a frame with a datagram.
func (r *tape) udp(from, to string, payload []byte) []byte {
	a, b := ends2(from, to)
	u := &layers.UDP{SrcPort: layers.UDPPort(a.Port()), DstPort: layers.UDPPort(b.Port())}
	if a.Addr().Is6() {
		ip := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolUDP, SrcIP: a.Addr().AsSlice(), DstIP: b.Addr().AsSlice()}
		_ = u.SetNetworkLayerForChecksum(ip)
		return r.serialize(link(true), ip, u, gopacket.Payload(payload))
	}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: a.Addr().AsSlice(), DstIP: b.Addr().AsSlice()}
	_ = u.SetNetworkLayerForChecksum(ip)
	return r.serialize(link(false), ip, u, gopacket.Payload(payload))
}

func (r *tape) send(from, to string, payload []byte) { r.frame(r.udp(from, to, payload)) }

// fragments sends a datagram in two fragments of IPv4.
func (r *tape) fragments(from, to string, payload []byte) {
	whole := r.udp(from, to, payload)[14+20:]
	a, b := ends2(from, to)
	cut := len(whole) / 2 &^ 7
	for i, part := range [][]byte{whole[:cut], whole[cut:]} {
		ip := &layers.IPv4{Version: 4, TTL: 64, Id: 7, Protocol: layers.IPProtocolUDP, SrcIP: a.Addr().AsSlice(), DstIP: b.Addr().AsSlice()}
		if i == 0 {
			ip.Flags = layers.IPv4MoreFragments
		} else {
			ip.FragOffset = uint16(cut / 8)
		}
		r.frame(r.serialize(link(false), ip, gopacket.Payload(part)))
	}
}

// stream sends bytes over TCP, in segments of a size.
func (r *tape) stream(from, to string, payload []byte, size int) {
	a, b := ends2(from, to)
	for len(payload) > 0 {
		n := min(size, len(payload))
		ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: a.Addr().AsSlice(), DstIP: b.Addr().AsSlice()}
		key := from + to
		tcp := &layers.TCP{SrcPort: layers.TCPPort(a.Port()), DstPort: layers.TCPPort(b.Port()), Seq: 1000 + r.seqs[key], ACK: true, Window: 1 << 14}
		_ = tcp.SetNetworkLayerForChecksum(ip)
		r.seqs[key] += uint32(n)
		r.frame(r.serialize(link(false), ip, tcp, gopacket.Payload(payload[:n])))
		payload = payload[n:]
	}
}

// file writes the tape.
func (r *tape) file() string {
	path := filepath.Join(r.TempDir(), "call.pcap")
	if err := os.WriteFile(path, r.out.Bytes(), 0o600); err != nil {
		r.Fatal(err)
	}
	return path
}

// report inspects the tape.
func (r *tape) report() *Report {
	r.Helper()
	report, err := Files(context.Background(), []string{r.file()}, Options{})
	if err != nil {
		r.Fatal(err)
	}
	return report
}

// The two ends of the calls here, their signalling and their media.
const (
	alice, bob           = "192.0.2.1:5060", "192.0.2.9:5060"
	aliceMedia, bobMedia = "192.0.2.1:40000", "192.0.2.9:50000"
)

func lines(s string) []byte {
	return []byte(strings.ReplaceAll(strings.TrimLeft(s, "\n"), "\n", "\r\n"))
}

func described(media string) string {
	a := netip.MustParseAddrPort(media)
	return string(lines(fmt.Sprintf("v=0\no=- 1 1 IN IP4 %s\ns=-\nc=IN IP4 %s\nt=0 0\nm=audio %d RTP/AVP 0\na=rtpmap:0 PCMU/8000\n", a.Addr(), a.Addr(), a.Port())))
}

// sipMessage is a message of Alice's call to Bob.
func sipMessage(start, method, body string) []byte {
	kind := ""
	if body != "" {
		kind = "Content-Type: application/sdp\n"
	}
	return append(lines(fmt.Sprintf("%s\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK%s1\nMax-Forwards: 70\nFrom: <sip:alice@a.example>;tag=1\nTo: <sip:bob@b.example>\nCall-ID: call\nCSeq: 1 %s\n%sContent-Length: %d\n\n",
		start, method, method, kind, len(body))), body...)
}

func invitation() []byte {
	return sipMessage("INVITE sip:bob@b.example SIP/2.0", "INVITE", described(aliceMedia))
}

// sound is a packet of RTP.
func sound(seq int) []byte {
	b := make([]byte, 172)
	b[0] = 0x80
	binary.BigEndian.PutUint16(b[2:], uint16(seq))
	binary.BigEndian.PutUint32(b[8:], 0xabcd)
	return b
}

func addrOf(s string) netip.AddrPort { return netip.MustParseAddrPort(s) }

func frameOf(b []byte, i int) frame {
	return frame{int64(i + 1), begun.Add(time.Duration(i) * time.Millisecond), layers.LinkTypeEthernet, b, true}
}
