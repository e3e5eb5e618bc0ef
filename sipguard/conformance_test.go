package sipguard

import (
	"bytes"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/wire/rtcp"
	"github.com/ringfence/ringfence/wire/rtp"
)

// hostile are packets that a caller may send at a call: sound, a report, STUN and
// DTLS, each cut anywhere and with each bit of its head turned; and, where they stand
// beside the project, those that fuzzing libwebrtc has found worth keeping.
func hostile(t *testing.T) (all [][]byte) {
	sound := append([]byte{0x80, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4}, "sound of alice"...)
	report := []byte{0x80, 200, 0, 6, 1, 2, 3, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0x81, 203, 0, 2, 1, 2, 3, 4, 3, 'b', 'y', 'e'}
	binding := append([]byte{0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42}, append(make([]byte, 12), 0, 6, 0, 4, 'a', ':', 'b', 'c')...)
	hello := append([]byte{22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12}, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
	for _, b := range [][]byte{sound, report, binding, hello} {
		for n := range b {
			all = append(all, b[:n])
		}
		for bit := range 8 * min(len(b), 32) {
			turned := append([]byte(nil), b...)
			turned[bit/8] ^= 1 << (bit % 8)
			all = append(all, turned)
		}
	}
	files, _ := filepath.Glob("../../shared/data/corpora/libwebrtc/*-corpus/*")
	if len(files) == 0 {
		t.Log("SKIPPED: the packets of libwebrtc's corpora are not beside the project")
	}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			continue // a folder
		}
		all = append(all, b[:min(len(b), 60_000)])
	}
	return all
}

// throw sends packets at a call, and waits until each has been looked at.
func (b *bench) throw(from *phone, k *talk, all [][]byte) {
	looked := func() int64 {
		c := b.Counts()
		return c.Early + c.Elsewhere + c.Bad + c.Flood + c.Packets
	}
	for _, packet := range all {
		before := looked()
		from.sound.WriteToUDPAddrPort(packet, k.media)
		wait(b.t, "the packet is looked at", func() bool { return looked() > before })
	}
}

// Conformance test 6: whatever is sent at a phone that rings, nothing of it arrives.
// Once the call is answered, what arrives is consistent in its lengths and was agreed
// on, and no packet ends the call.
func TestHostilePackets(t *testing.T) {
	all := hostile(t)
	b := newBench(t, func(c *Config) {
		wide := guard.DefaultConfig()
		wide.Limits = *c.Guard.Limits()
		wide.Limits.PacketsPerSecond = 1e6
		if err := c.Guard.Configure(wide); err != nil {
			t.Fatal(err)
		}
	})
	alice, bob := b.two()
	a := alice.call("bob")
	k := bob.ring()
	a.media = b.callerSide(t)
	b.throw(alice, a, all)
	if _, n := bob.heard(); n != 0 {
		t.Fatalf("%d packets reached bob before the answer", n)
	}
	if c := b.Counts(); c.Early != int64(len(all)) {
		t.Errorf("%d of %d packets were counted as early", c.Early, len(all))
	}
	k.pickUp()
	a.connected()
	bob.expect("ACK")
	b.throw(alice, a, all)
	alice.sound.WriteToUDPAddrPort([]byte("\x80\x00\x00\x01\x00\x00\x00\x01\x01\x02\x03\x04the end"), a.media)
	wait(t, "bob hears the last of it", func() bool { all, _ := bob.heard(); return bytes.HasSuffix(all, []byte("the end")) })
	bob.mu.Lock()
	arrived := slices.Clone(bob.each)
	bob.mu.Unlock()
	for _, packet := range arrived {
		if rtcp.Is(packet) {
			if err := rtcp.CheckClear(packet); err != nil {
				t.Errorf("a report arrived that does not add up: %v\n%x", err, packet)
			}
			continue
		}
		p, err := rtp.Parse(packet)
		if err != nil || p.Extended || p.Padded || len(p.CSRC) > 0 || p.PayloadType != 0 && p.PayloadType != 8 {
			t.Errorf("sound arrived that does not add up, or was not agreed on: %v\n%x", err, packet)
		}
	}
	t.Logf("%d packets: %d passed once it was answered", len(all), len(arrived)-1)
	if len(arrived) < 2 {
		t.Errorf("%d packets arrived", len(arrived))
	}
	a.request("BYE", "", "") // it has not ended before
	bob.expect("BYE")
}

// callerSide is where the guard takes the media of the caller of the one call that
// came from outside.
func (b *bench) callerSide(t *testing.T) netip.AddrPort {
	b.Guard.mu.Lock()
	defer b.Guard.mu.Unlock()
	for c := range b.calls {
		if f := c.legs[0].flow; !f.inside && len(c.media.parts) > 0 {
			return netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), c.media.parts[0].face(guard.Caller).port)
		}
	}
	t.Fatal("there is no call")
	return netip.AddrPort{}
}
