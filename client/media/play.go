//go:build !js

package media

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"
	"github.com/pion/webrtc/v4/pkg/media/ivfreader"
	"github.com/pion/webrtc/v4/pkg/media/oggreader"

	"github.com/ringfence/ringfence/client/sdp"
	"github.com/ringfence/ringfence/wire"
)

//go:embed picture.ivf
var picture []byte

//go:embed tone.ogg
var tone []byte

const (
	// packetSize keeps an RTP packet, with SRTP, TURN and IP headers, below
	// what every network carries in one piece.
	packetSize = 1100

	pictureRate = 15 // frames a second, as in picture.ivf
	soundFrame  = 20 * time.Millisecond
)

// pictures and sounds are the frames of the two files.
var (
	pictures = sync.OnceValues(readPictures)
	sounds   = sync.OnceValues(readSounds)
)

func readPictures() (frames [][]byte, err error) {
	r, _, err := ivfreader.NewWith(bytes.NewReader(picture))
	if err != nil {
		return nil, err
	}
	for {
		f, _, err := r.ParseNextFrame()
		if errors.Is(err, io.EOF) {
			return frames, nil
		}
		if err != nil {
			return nil, err
		}
		frames = append(frames, f)
	}
}

// readSounds reads the pages behind the two headers (RFC 7845 §3); each holds
// one packet.
func readSounds() (frames [][]byte, err error) {
	r, _, err := oggreader.NewWith(bytes.NewReader(tone))
	if err != nil {
		return nil, err
	}
	for {
		page, _, err := r.ParseNextPage()
		if errors.Is(err, io.EOF) {
			return frames, nil
		}
		if err != nil {
			return nil, err
		}
		if !bytes.HasPrefix(page, []byte("OpusTags")) {
			frames = append(frames, page)
		}
	}
}

// addTracks adds what this end sends, sound first, as in the descriptions.
func (s *Session) addTracks(pc *webrtc.PeerConnection, connected <-chan struct{}) error {
	frames, err := sounds()
	if err != nil {
		return err
	}
	if err := s.addTrack(pc, connected, webrtc.MimeTypeOpus, "sound", s.play(frames, soundFrame, 960, sdp.Opus, &codecs.OpusPayloader{}, 48000)); err != nil {
		return err
	}
	if s.media != wire.Video {
		return nil
	}
	if frames, err = pictures(); err != nil {
		return err
	}
	return s.addTrack(pc, connected, webrtc.MimeTypeVP8, "picture", s.play(frames, time.Second/pictureRate, 90000/pictureRate, sdp.VP8, &codecs.VP8Payloader{EnablePictureID: true}, 90000))
}

// sender writes a track until its context ends.
type sender func(ctx context.Context, track *webrtc.TrackLocalStaticRTP)

func (s *Session) addTrack(pc *webrtc.PeerConnection, connected <-chan struct{}, mime, id string, send sender) error {
	track, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: mime}, id, "ringfence")
	if err != nil {
		return err
	}
	out, err := pc.AddTrack(track)
	if err != nil {
		return err
	}
	s.sending.Go(func() { s.feedback(out) })
	s.sending.Go(func() {
		select {
		case <-connected:
			send(s.ctx, track)
		case <-s.ctx.Done():
		}
	})
	return nil
}

// feedback reads what the other end says of a track, until the connection is
// closed.
func (s *Session) feedback(out *webrtc.RTPSender) {
	for {
		packets, _, err := out.ReadRTCP()
		if err != nil {
			return
		}
		for _, p := range packets {
			switch p.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				s.restart.Store(true)
			}
		}
	}
}

// play sends frames in a loop, from the first one again when the other end
// asks for a whole picture.
func (s *Session) play(frames [][]byte, every time.Duration, samples uint32, payload uint8, p rtp.Payloader, clock uint32) sender {
	return func(ctx context.Context, track *webrtc.TrackLocalStaticRTP) {
		packets := rtp.NewPacketizer(packetSize, payload, 0, p, rtp.NewRandomSequencer(), clock)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for i := 0; ; i++ {
			if payload == sdp.VP8 && s.restart.Swap(false) {
				i = 0
			}
			for _, packet := range packets.Packetize(frames[i%len(frames)], samples) {
				// What cannot be sent is lost, as on any network: the path is
				// away while ICE restarts.
				s.sent.Add(1) // before the other end can have it
				if track.WriteRTP(packet) != nil {
					s.sent.Add(-1)
				}
			}
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
	}
}

// receive counts the packets of one of the other end's tracks.
func (s *Session) receive(track *webrtc.TrackRemote, _ *webrtc.RTPReceiver) {
	video := track.Kind() == webrtc.RTPCodecTypeVideo
	for {
		packet, _, err := track.ReadRTP()
		if err != nil {
			return
		}
		n := s.received.Add(1)
		if s.whole(packet, video) {
			s.firstOnce.Do(func() { close(s.first) })
		} else if video && n%50 == 1 {
			s.ask(track)
		}
	}
}

// whole tells whether a packet ends the first picture. Sound counts where there
// is no picture.
func (s *Session) whole(packet *rtp.Packet, video bool) bool {
	if !video {
		return s.media == wire.Sound
	}
	var vp8 codecs.VP8Packet
	payload, err := vp8.Unmarshal(packet.Payload)
	if err != nil || len(payload) == 0 {
		return false
	}
	// RFC 7741 §4.3: the first byte of a frame has P=0 in a key frame.
	if vp8.S == 1 && vp8.PID == 0 {
		s.key.Store(payload[0]&1 == 0)
	}
	return packet.Marker && s.key.Load()
}

// ask asks the other end for a whole picture.
func (s *Session) ask(track *webrtc.TrackRemote) {
	select {
	case <-s.first:
		return
	default:
	}
	s.mu.Lock()
	pc := s.pc
	s.mu.Unlock()
	// A request that gets lost is made again.
	_ = pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(track.SSRC())}})
}
