package sdp

import (
	"strings"
	"testing"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

func parameters(leg call.Leg, media wire.Media) call.Parameters {
	p := call.Parameters{Call: wire.ID{1}, Leg: leg, Media: media, Ufrag: [4]byte([]byte("aB1+")), Password: [24]byte([]byte("abcdefghijklmnopqrstuv/+"))}
	for i := range p.Fingerprint {
		p.Fingerprint[i] = byte(i + 0xA0)
	}
	return p
}

// What is written can be read back, and only the three values vary.
func TestRemoteHasOneShape(t *testing.T) {
	for _, media := range []wire.Media{wire.Sound, wire.Video} {
		p := parameters(call.Callee, media)
		s, err := Remote(p, Offer)
		if err != nil {
			t.Fatal(err)
		}
		u, w, f, err := LocalParameters(s)
		if err != nil || u != p.Ufrag || w != p.Password || f != p.Fingerprint {
			t.Fatalf("%q %q %x %v", u, w, f, err)
		}
		q := p
		q.Ufrag, q.Password, q.Fingerprint[0] = [4]byte([]byte("ZZZZ")), [24]byte([]byte("ZZZZZZZZZZZZZZZZZZZZZZZZ")), 9
		other, err := Remote(q, Offer)
		if err != nil || len(other) != len(s) {
			t.Fatalf("length depends on the other end: %d, %d, %v", len(s), len(other), err)
		}
	}
}

func TestRemoteLeavesOut(t *testing.T) {
	s, err := Remote(parameters(call.Caller, wire.Video), Answer)
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"extmap", "rtx", "red/", "ulpfec", "flexfec", "sctp", "rsize", "useinbandfec=1", "a=ssrc", "a=crypto"} {
		if strings.Contains(s, never) {
			t.Errorf("%q in\n%s", never, s)
		}
	}
	for _, always := range []string{"a=setup:active", "192.0.2.2 49152 typ relay", "a=rtcp-mux", "a=group:BUNDLE 0 1", "a=rtpmap:96 VP8/90000", "a=rtpmap:111 opus/48000/2"} {
		if !strings.Contains(s, always) {
			t.Errorf("no %q in\n%s", always, s)
		}
	}
}

func TestRemoteRefuses(t *testing.T) {
	p := parameters(call.Callee, wire.Video)
	p.Ufrag[1] = '\n'
	if _, err := Remote(p, Offer); err == nil {
		t.Error("a line break in the ufrag was written")
	}
	p = parameters(call.Callee, wire.Video)
	p.Fingerprint = [32]byte{}
	if _, err := Remote(p, Offer); err == nil {
		t.Error("a missing fingerprint was written")
	}
	if _, err := Remote(parameters(call.Callee, wire.Video), "rollback"); err == nil {
		t.Error("another kind was written")
	}
}

func TestLocalParametersRefuses(t *testing.T) {
	good, _ := Remote(parameters(call.Callee, wire.Video), Offer)
	for name, bad := range map[string]string{
		"empty":             "",
		"too long":          good + strings.Repeat("a", MaxLocal),
		"two ufrags":        good + "a=ice-ufrag:XXXX\r\n",
		"sha-1":             strings.ReplaceAll(good, "sha-256", "sha-1"),
		"short password":    strings.ReplaceAll(good, "uv/+", ""),
		"long ufrag":        strings.ReplaceAll(good, "aB1+", "aB1+aB1+"),
		"fingerprint short": strings.ReplaceAll(good, "A0:", ""),
	} {
		if _, _, _, err := LocalParameters(bad); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func FuzzLocalParameters(f *testing.F) {
	good, _ := Remote(parameters(call.Callee, wire.Video), Offer)
	f.Add(good)
	f.Add("a=ice-ufrag:\r\na=fingerprint:sha-256 ::\n")
	f.Fuzz(func(t *testing.T, s string) {
		u, p, fp, err := LocalParameters(s)
		if err != nil {
			return
		}
		q := parameters(call.Callee, wire.Sound)
		q.Ufrag, q.Password, q.Fingerprint = u, p, fp
		if out, err := Remote(q, Offer); err == nil {
			if u2, p2, f2, err := LocalParameters(out); err != nil || u2 != u || p2 != p || f2 != fp {
				t.Fatalf("%q came back as %q", u, u2)
			}
		}
	})
}
