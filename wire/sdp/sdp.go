// Package sdp reads session descriptions strictly and writes them anew.
//
// A session description is where a caller chooses most: codecs and their
// parameters, addresses, extensions, attributes of any name. Modems, phones and
// servers have been taken over through an accept-types attribute
// (CVE-2023-24033), parameters of codecs, packet times, and components of ICE that there are not
// (CVE-2023-40018). So a description is read into a typed model with lists of
// what there is, and written from the model: an attribute, codec, parameter or
// candidate that is on no list is named in Dropped, and goes no further.
//
// What breaks the grammar of RFC 8866 §9 is refused for its syntax; what the
// grammar allows and a call does not need, by policy. The model points into the
// bytes that were read.
package sdp

import (
	"net/netip"
	"sync"

	"github.com/ringfence/ringfence/wire"
)

// What is larger than this is refused by policy (R5).
const (
	MaxDescription = 32 << 10 // bytes
	MaxLine        = 2048     // bytes of a line
	MaxMedia       = 8        // media descriptions
	MaxFormats     = 64       // of a media description
	MaxCandidates  = 64       // of a media description
	MaxParameters  = 16       // of a codec
	MaxFeedback    = 16       // rtcp-fb of a codec
	MaxDropped     = 512      // names that are remembered
)

// Session is a session description, RFC 8866 §5.
type Session struct {
	Origin     Origin
	Connection netip.Addr // of the session; invalid: none
	Bandwidth  Bandwidth
	Level      Level // attributes of the session that stand for each media as well
	Lite       bool  // a=ice-lite, RFC 8839 §5.3
	Bundle     [][]byte
	Media      []Media

	// Dropped names what is not written: attributes, codecs, parameters,
	// candidates.
	Dropped [][]byte

	p parser
}

// Origin is who made the description, RFC 8866 §5.2. Its user name is not kept.
type Origin struct {
	ID, Version uint64
	Address     netip.Addr // invalid: a name
}

// Bandwidth is in kbit/s by its types, RFC 8866 §5.8, RFC 3890; 0: not said.
type Bandwidth struct{ AS, TIAS, RS, RR uint32 }

// Level are attributes that stand for the session or for a media description.
type Level struct {
	Direction   Direction
	Ufrag       []byte // RFC 8839 §5.4
	Password    []byte
	Trickle     bool
	Fingerprint Fingerprint
	Setup       Setup
	PTime       uint16 // milliseconds, RFC 8866 §6.4; 0: not said
	MaxPTime    uint16
}

// Media is a media description, RFC 8866 §5.14.
type Media struct {
	Kind       Kind
	Port       uint16
	Protocol   Protocol
	Formats    []Format
	Connection netip.Addr
	Bandwidth  Bandwidth
	Level      Level
	Mid        []byte // RFC 5888 §4
	RTCP       uint16 // a=rtcp, RFC 3605; 0: not said
	Mux        bool   // a=rtcp-mux, RFC 5761
	Reduced    bool   // a=rtcp-rsize, RFC 5506
	Candidates []Candidate
	Complete   bool // a=end-of-candidates, RFC 8840
	Crypto     bool // a=crypto was there: keys that everybody on the way reads
	Offset     int  // of the line

	place [128]uint8 // of a payload type in Formats, from 1; 0: it is not there
}

// Fingerprint of a certificate, RFC 8122 §5.
type Fingerprint struct {
	Hash  Hash
	Value []byte // as it is written: pairs of digits between colons
}

// Format is a codec under its payload type, RFC 8866 §6.6.
type Format struct {
	Payload  uint8
	Codec    *Codec // nil: not on the list, and not written
	Rate     uint32 // Hz
	Channels uint8
	Params   []Parameter
	Feedback []string // of rtcp-fb, RFC 4585 §4.2
}

// Parameter of a codec: a=fmtp.
type Parameter struct {
	Name  string
	Value []byte
}

// Parse reads the description that b is. Its error is a *wire.Refusal.
func Parse(b []byte) (*Session, error) {
	s := new(Session)
	if err := s.Parse(b); err != nil {
		return nil, err
	}
	return s, nil
}

// Parse reads the description that b is into s, whose memory is used again. Its
// error is a *wire.Refusal; s is of no use then.
func (s *Session) Parse(b []byte) error {
	s.reset(b)
	if len(b) > MaxDescription {
		return &wire.Refusal{Rule: "R5", Offset: MaxDescription, Length: len(b) - MaxDescription, Clause: "RFC 8866 §5", Reason: "a description of more than 32 KiB", Policy: true}
	}
	err := s.p.lines()
	if err == nil {
		err = s.p.whole()
	}
	if err == nil && s.p.policy != nil {
		err = s.p.policy
	}
	return err
}

// reset empties the description for another one.
func (s *Session) reset(b []byte) {
	*s = Session{Bundle: s.Bundle[:0], Media: s.Media[:0], Dropped: s.Dropped[:0]}
	s.p.b, s.p.s = b, s
}

// next is the next media description, with the memory of an old one.
func (s *Session) next() *Media {
	n := len(s.Media)
	if n == cap(s.Media) {
		s.Media = append(s.Media, Media{})
	} else {
		s.Media = s.Media[:n+1]
	}
	m := &s.Media[n]
	*m = Media{Formats: m.Formats[:0], Candidates: m.Candidates[:0]}
	return m
}

// format adds one to the media description, with the memory of an old one.
func (m *Media) format(payload uint8) {
	n := len(m.Formats)
	if n == cap(m.Formats) {
		m.Formats = append(m.Formats, Format{})
	} else {
		m.Formats = m.Formats[:n+1]
	}
	f := &m.Formats[n]
	*f = Format{Payload: payload, Params: f.Params[:0], Feedback: f.Feedback[:0]}
	m.place[payload&127] = uint8(n + 1)
}

// Format returns the codec under a payload type, nil when there is none.
func (m *Media) Format(payload uint8) *Format {
	if payload > 127 || m.place[payload] == 0 {
		return nil
	}
	return &m.Formats[m.place[payload]-1]
}

var spare = sync.Pool{New: func() any { return new(Session) }}

// Check refuses what Parse refuses, and keeps nothing.
func Check(b []byte) error {
	s := spare.Get().(*Session)
	err := s.Parse(b)
	s.reset(nil)
	spare.Put(s)
	return err
}
