//go:build !js

// Package media is the media engine of the command line: WebRTC by pion,
// through the relay only, sending a test picture (VP8) and a test tone (Opus)
// and counting what comes back. In a browser the browser's own engine takes its
// place.
//
// It sees the other end only as a description that package client/sdp wrote
// from typed parameters.
//
// picture.ivf and tone.ogg are synthetic, made with ffmpeg:
//
//	ffmpeg -f lavfi -i testsrc=size=320x240:rate=15:duration=2 -c:v libvpx -b:v 120k -g 15 \
//	    -keyint_min 15 -deadline best -auto-alt-ref 0 -error-resilient 1 picture.ivf
//	ffmpeg -f lavfi -i sine=frequency=440:duration=1:sample_rate=48000 -ac 1 -c:a libopus \
//	    -b:a 24k -frame_duration 20 -vbr off -page_duration 20000 tone.ogg
package media

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/ice/v4"
	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/nack"
	"github.com/pion/interceptor/pkg/report"
	"github.com/pion/webrtc/v4"

	"github.com/ringfence/ringfence/client"
	"github.com/ringfence/ringfence/client/sdp"
	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

// Session is this end of one call.
type Session struct {
	local       client.Local // as at the answer
	leg         call.Leg
	certificate webrtc.Certificate
	media       wire.Media

	mu      sync.Mutex
	pc      *webrtc.PeerConnection
	sending sync.WaitGroup
	stop    context.CancelFunc
	ctx     context.Context

	sent, received atomic.Int64
	key            atomic.Bool // the picture that is arriving is a whole one
	restart        atomic.Bool // the other end asks for a whole picture
	first          chan struct{}
	firstOnce      sync.Once
	failed         chan struct{}
	failOnce       sync.Once
	path           chan bool // the latest of it: whole, or broken
}

// New makes the keys of this end: what the other end must know of it is in
// Local at once, and nothing is opened on the network.
func New(media wire.Media) (*Session, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	certificate, err := webrtc.GenerateCertificate(key)
	if err != nil {
		return nil, err
	}
	s := &Session{certificate: *certificate, media: media, first: make(chan struct{}), failed: make(chan struct{}), path: make(chan bool, 1)}
	s.ctx, s.stop = context.WithCancel(context.Background())
	copy(s.local.Ufrag[:], letters(4))
	copy(s.local.Password[:], letters(24))
	prints, err := certificate.GetFingerprints()
	if err != nil {
		return nil, err
	}
	for _, f := range prints {
		raw, err := hex.DecodeString(strings.ReplaceAll(f.Value, ":", ""))
		if f.Algorithm == "sha-256" && err == nil && len(raw) == 32 {
			s.local.Fingerprint = [32]byte(raw)
			return s, nil
		}
	}
	return nil, errors.New("the certificate has no SHA-256 fingerprint")
}

// letters makes n random ice-chars (RFC 8839 §5.4), 6 bits each.
func letters(n int) []byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	b := make([]byte, n)
	rand.Read(b)
	for i := range b {
		b[i] = alphabet[b[i]&63]
	}
	return b
}

// Local is what the other end must know of this one.
func (s *Session) Local() client.Local { return s.local }

// Offer opens the callee's leg: it describes its media and allocates at the
// relay. Join follows when the caller's parameters are here.
func (s *Session) Offer(relay client.Relay) error {
	pc, err := s.connection(relay, call.Callee)
	if err != nil {
		return err
	}
	offer, err := pc.CreateOffer(nil)
	if err != nil {
		return err
	}
	return pc.SetLocalDescription(offer)
}

// Join takes the caller's parameters, after Offer.
func (s *Session) Join(remote call.Parameters) error {
	s.mu.Lock()
	pc := s.pc
	s.mu.Unlock()
	if pc == nil {
		return errors.New("no offer was made")
	}
	return s.remote(pc, remote, sdp.Answer)
}

// Answer opens the caller's leg toward the callee's parameters.
func (s *Session) Answer(relay client.Relay, remote call.Parameters) error {
	pc, err := s.connection(relay, call.Caller)
	if err != nil {
		return err
	}
	if err := s.remote(pc, remote, sdp.Offer); err != nil {
		return err
	}
	answer, err := pc.CreateAnswer(nil)
	if err != nil {
		return err
	}
	return pc.SetLocalDescription(answer)
}

func (s *Session) remote(pc *webrtc.PeerConnection, p call.Parameters, kind sdp.Kind) error {
	text, err := sdp.Remote(p, kind)
	if err != nil {
		return err
	}
	return pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.NewSDPType(string(kind)), SDP: text})
}

// First is closed when the first whole picture of the other end is here, or its
// first sound in a call without picture.
func (s *Session) First() <-chan struct{} { return s.first }

// found says how the path stands; only the latest counts.
func (s *Session) found(whole bool) {
	for {
		select {
		case s.path <- whole:
			return
		default:
		}
		select {
		case <-s.path:
		default:
		}
	}
}

// Failed is closed when the two ends do not reach each other any more, and Keep
// has given up.
func (s *Session) Failed() <-chan struct{} { return s.failed }

// Packets returns how many RTP packets were sent and received.
func (s *Session) Packets() (sent, received int64) { return s.sent.Load(), s.received.Load() }

// Close ends the media, and gives the relay its allocation back.
func (s *Session) Close() error {
	s.stop()
	s.mu.Lock()
	pc := s.pc
	s.mu.Unlock()
	var err error
	if pc != nil {
		err = pc.Close()
	}
	s.sending.Wait()
	return err
}

// connection makes the peer connection of a leg, with its tracks.
func (s *Session) connection(relay client.Relay, leg call.Leg) (*webrtc.PeerConnection, error) {
	api, err := s.api()
	if err != nil {
		return nil, err
	}
	pc, err := api.NewPeerConnection(webrtc.Configuration{
		ICEServers:         []webrtc.ICEServer{{URLs: relay.URLs, Username: relay.Username, Credential: relay.Credential}},
		ICETransportPolicy: webrtc.ICETransportPolicyRelay,
		Certificates:       []webrtc.Certificate{s.certificate},
		BundlePolicy:       webrtc.BundlePolicyMaxBundle,
	})
	if err != nil {
		return nil, fmt.Errorf("relay %s: %w", strings.Join(relay.URLs, ", "), err)
	}
	s.mu.Lock()
	s.pc, s.leg = pc, leg
	s.mu.Unlock()
	pc.OnTrack(s.receive)
	connected := make(chan struct{})
	var once sync.Once
	pc.OnConnectionStateChange(func(st webrtc.PeerConnectionState) {
		switch st {
		case webrtc.PeerConnectionStateConnected:
			once.Do(func() { close(connected) })
			s.found(true)
		case webrtc.PeerConnectionStateDisconnected, webrtc.PeerConnectionStateFailed:
			s.found(false)
		}
	})
	return pc, s.addTracks(pc, connected)
}

// api leaves out everything that the protocol has no use for.
func (s *Session) api() (*webrtc.API, error) {
	var codecs webrtc.MediaEngine
	feedback := []webrtc.RTCPFeedback{{Type: "goog-remb"}, {Type: "ccm", Parameter: "fir"}, {Type: "nack"}, {Type: "nack", Parameter: "pli"}}
	err := errors.Join(
		codecs.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: 48000, Channels: 2, SDPFmtpLine: "minptime=10;useinbandfec=0"},
			PayloadType:        sdp.Opus,
		}, webrtc.RTPCodecTypeAudio),
		codecs.RegisterCodec(webrtc.RTPCodecParameters{
			RTPCodecCapability: webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: 90000, RTCPFeedback: feedback},
			PayloadType:        sdp.VP8,
		}, webrtc.RTPCodecTypeVideo),
	)
	if err != nil {
		return nil, err
	}
	chain := &interceptor.Registry{}
	responder, err := nack.NewResponderInterceptor()
	if err != nil {
		return nil, err
	}
	receiver, err := report.NewReceiverInterceptor()
	if err != nil {
		return nil, err
	}
	sender, err := report.NewSenderInterceptor()
	if err != nil {
		return nil, err
	}
	chain.Add(responder)
	chain.Add(receiver)
	chain.Add(sender)
	var e webrtc.SettingEngine
	e.SetICECredentials(string(s.local.Ufrag[:]), string(s.local.Password[:]))
	e.SetICEMulticastDNSMode(ice.MulticastDNSModeDisabled)
	e.SetHandleUndeclaredSSRCWithoutAnswer(true)
	e.SetRelayAcceptanceMinWait(0) // there is no other kind of candidate to wait for
	e.SetICETimeouts(5*time.Second, 15*time.Second, 2*time.Second)
	return webrtc.NewAPI(webrtc.WithMediaEngine(&codecs), webrtc.WithInterceptorRegistry(chain), webrtc.WithSettingEngine(e)), nil
}
