package relay

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media"

	"github.com/ringfence/ringfence/wire"
)

// peer is one end of a call by the Go implementation of WebRTC.
func peer(t *testing.T, r *Relay, urls []string, user, password string, frames *atomic.Int64) *webrtc.PeerConnection {
	t.Helper()
	var engine webrtc.SettingEngine
	engine.SetRelayAcceptanceMinWait(0) // there is nothing better than a relay to wait for
	p, err := webrtc.NewAPI(webrtc.WithSettingEngine(engine)).NewPeerConnection(webrtc.Configuration{
		ICEServers:         []webrtc.ICEServer{{URLs: urls, Username: user, Credential: password}},
		ICETransportPolicy: webrtc.ICETransportPolicyRelay,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	track, err := webrtc.NewTrackLocalStaticSample(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8}, "video", "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.AddTrack(track); err != nil {
		t.Fatal(err)
	}
	p.OnTrack(func(remote *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
		for {
			if _, _, err := remote.ReadRTP(); err != nil {
				return
			}
			frames.Add(1)
		}
	})
	go func() {
		for p.ConnectionState() != webrtc.PeerConnectionStateClosed {
			_ = track.WriteSample(media.Sample{Data: make([]byte, 600), Duration: 20 * time.Millisecond})
			time.Sleep(20 * time.Millisecond)
		}
	}()
	return p
}

// describe returns a description without its candidates, once they are all
// known.
func describe(t *testing.T, p *webrtc.PeerConnection, d webrtc.SessionDescription) webrtc.SessionDescription {
	t.Helper()
	gathered := webrtc.GatheringCompletePromise(p)
	if err := p.SetLocalDescription(d); err != nil {
		t.Fatal(err)
	}
	<-gathered
	var kept []string
	for _, line := range strings.Split(p.LocalDescription().SDP, "\r\n") {
		if !strings.HasPrefix(line, "a=candidate") {
			kept = append(kept, line)
		}
	}
	return webrtc.SessionDescription{Type: d.Type, SDP: strings.Join(kept, "\r\n")}
}

func TestGoPeersConnectThroughTheRelay(t *testing.T) {
	r, kept := start(t)
	for i, urls := range [][]string{r.URIs()[:1], r.URIs()[1:], r.URIs()} {
		id := wire.ID{8, byte(i)}
		pa, pc := open(t, r, id)
		var atA, atC atomic.Int64
		a, c := peer(t, r, urls, id.String()+"-a", pa, &atA), peer(t, r, urls, id.String()+"-c", pc, &atC)
		offer, err := a.CreateOffer(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.SetRemoteDescription(describe(t, a, offer)); err != nil {
			t.Fatal(err)
		}
		answer, err := c.CreateAnswer(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := a.SetRemoteDescription(describe(t, c, answer)); err != nil {
			t.Fatal(err)
		}
		for p, ip := range map[*webrtc.PeerConnection]string{a: "192.0.2.2", c: "192.0.2.1"} {
			if err := p.AddICECandidate(webrtc.ICECandidateInit{Candidate: "candidate:1 1 udp 1 " + ip + " 49152 typ relay raddr 0.0.0.0 rport 0"}); err != nil {
				t.Fatal(err)
			}
		}
		eventually(t, func() bool { return atA.Load() > 10 && atC.Load() > 10 }, "no media through "+urls[0]+"\n"+kept.String())
		r.Close(id)
		if n := r.Allocations(); n != 0 {
			t.Errorf("%d allocations after the hang-up", n)
		}
		time.Sleep(50 * time.Millisecond)
		seen := atA.Load() + atC.Load()
		time.Sleep(100 * time.Millisecond)
		if now := atA.Load() + atC.Load(); now != seen {
			t.Errorf("%d packets after the hang-up", now-seen)
		}
		a.Close()
		c.Close()
	}
	if kept.String() != "" {
		t.Errorf("verdicts on honest calls:\n%s", kept)
	}
}
