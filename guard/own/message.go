package own

import (
	"errors"
	"strings"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/sdp"
	"github.com/ringfence/ringfence/wire/sip"
)

// Message is what a condition may ask about.
type Message struct {
	Packet Packet
	SIP    SIP
	SDP    SDP
	STUN   STUN

	about protocol
}

// protocol is what a message is of, and a condition about.
type protocol byte

const (
	ofSIP protocol = iota // and of SDP in it
	ofSTUN
)

// Packet is what has carried the message.
type Packet struct {
	Protocol string `cel:"protocol"` // udp, tcp, tls
	From     string `cel:"from"`     // address
	To       string `cel:"to"`
	FromPort int64  `cel:"from_port"`
	ToPort   int64  `cel:"to_port"`
	Size     int64  `cel:"size"` // bytes
}

// SIP is the message itself. Texts are as they were written; of what there is not,
// they are "", and numbers are -1.
type SIP struct {
	Method      string   `cel:"method"` // of a request
	Status      int64    `cel:"status"` // of a response
	Scheme      string   `cel:"scheme"` // of the Request-URI
	User        string   `cel:"user"`
	Host        string   `cel:"host"`
	FromUser    string   `cel:"from_user"`
	FromHost    string   `cel:"from_host"`
	FromName    string   `cel:"from_name"` // display name
	ToUser      string   `cel:"to_user"`
	ToHost      string   `cel:"to_host"`
	CallID      string   `cel:"call_id"`
	UserAgent   string   `cel:"user_agent"`
	ContentType string   `cel:"content_type"`
	ContactHost string   `cel:"contact_host"` // of the first
	Transport   string   `cel:"transport"`    // of the topmost Via
	Branch      string   `cel:"branch"`
	Hops        int64    `cel:"hops"`
	MaxForwards int64    `cel:"max_forwards"`
	Headers     []string `cel:"headers"` // names in lower case, in their order
	Unknown     []string `cel:"unknown"` // of them, those that the guard never writes
	Allow       []string `cel:"allow"`
	Supported   []string `cel:"supported"`
	Body        int64    `cel:"body"`    // bytes
	Refused     string   `cel:"refused"` // the rule by whose policy the guard refuses it
}

// SDP is the session description in its body, or empty.
type SDP struct {
	Present     bool     `cel:"present"`
	Kinds       []string `cel:"kinds"` // of media
	Protocols   []string `cel:"protocols"`
	Codecs      []string `cel:"codecs"` // on the guard's list, in lower case
	Formats     int64    `cel:"formats"`
	Candidates  int64    `cel:"candidates"`
	PTime       int64    `cel:"ptime"` // milliseconds, 0: not said
	Crypto      bool     `cel:"crypto"`
	Fingerprint string   `cel:"fingerprint"` // its hash
	Dropped     []string `cel:"dropped"`     // what the guard does not write
	Refused     string   `cel:"refused"`
}

// Of reads a message of SIP for conditions. What policy refuses can be asked about;
// what breaks the grammar is an error.
func Of(b []byte, p Packet) (*Message, error) {
	var m sip.Message
	refused, err := policy(m.Parse(b))
	if err != nil {
		return nil, err
	}
	out := &Message{Packet: p, SIP: signal(&m)}
	out.SIP.Refused = refused
	if len(m.Body) > 0 && m.ContentType.Is("application", "sdp") {
		var s sdp.Session
		if refused, err = policy(s.Parse(m.Body)); err != nil {
			return nil, err
		}
		out.SDP = description(&s)
		out.SDP.Refused = refused
	}
	return out, nil
}

// policy is the rule of a refusal by policy; another refusal stays an error.
func policy(err error) (rule string, _ error) {
	var r *wire.Refusal
	if errors.As(err, &r) && r.Policy {
		return r.Rule, nil
	}
	return "", err
}

func signal(m *sip.Message) SIP {
	s := SIP{Method: string(m.Method), Status: int64(m.Status), Scheme: m.URI.Scheme.String(), User: string(m.URI.User), Host: string(m.URI.Host),
		FromUser: string(m.From.URI.User), FromHost: string(m.From.URI.Host), FromName: string(m.From.Name), ToUser: string(m.To.URI.User), ToHost: string(m.To.URI.Host),
		CallID: string(m.CallID), Hops: int64(len(m.Via)), MaxForwards: int64(m.MaxForwards), Body: int64(len(m.Body)), Allow: texts(m.Allow), Supported: texts(m.Supported)}
	if m.ContentType.Type != nil {
		s.ContentType = strings.ToLower(string(m.ContentType.Type) + "/" + string(m.ContentType.Subtype))
	}
	if len(m.Contact) > 0 {
		s.ContactHost = string(m.Contact[0].URI.Host)
	}
	if len(m.Via) > 0 {
		branch, _ := m.Via[0].Params.Get("branch")
		s.Transport, s.Branch = string(m.Via[0].Transport), string(branch)
	}
	for _, f := range m.Fields {
		name := strings.ToLower(string(f.Name))
		s.Headers = append(s.Headers, name)
		if !f.Known {
			s.Unknown = append(s.Unknown, name)
		}
		if name == "user-agent" {
			s.UserAgent = string(f.Value)
		}
	}
	return s
}

func texts(all [][]byte) (out []string) {
	for _, t := range all {
		out = append(out, string(t))
	}
	return out
}

func description(s *sdp.Session) SDP {
	out := SDP{Present: true, PTime: int64(s.Level.PTime), Dropped: texts(s.Dropped), Fingerprint: s.Level.Fingerprint.Hash.String()}
	for i := range s.Media {
		m := &s.Media[i]
		out.Kinds, out.Protocols = append(out.Kinds, m.Kind.String()), append(out.Protocols, m.Protocol.String())
		out.Formats, out.Candidates = out.Formats+int64(len(m.Formats)), out.Candidates+int64(len(m.Candidates))
		out.Crypto = out.Crypto || m.Crypto
		out.PTime = max(out.PTime, int64(m.Level.PTime))
		if h := m.Level.Fingerprint.Hash; h != 0 {
			out.Fingerprint = h.String()
		}
		for _, f := range m.Formats {
			if f.Codec != nil {
				out.Codecs = append(out.Codecs, strings.ToLower(f.Codec.Name))
			}
		}
	}
	return out
}
