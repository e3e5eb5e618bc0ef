package sdp

// The lists of values (R7). The zero of each is: not said, or not on the list.

// Direction of media, RFC 8866 §6.7.
type Direction byte

// The directions.
const (
	SendRecv Direction = iota + 1
	SendOnly
	RecvOnly
	Inactive
)

var directions = [...]string{"", "sendrecv", "sendonly", "recvonly", "inactive"}

// String is the direction as an attribute.
func (d Direction) String() string { return directions[d] }

// Setup says who begins the DTLS handshake, RFC 8842 §5.3.
type Setup byte

// The roles.
const (
	ActPass Setup = iota + 1
	Active
	Passive
	HoldConn
)

var setups = [...]string{"", "actpass", "active", "passive", "holdconn"}

// String is the role in a=setup.
func (s Setup) String() string { return setups[s] }

// Hash of a fingerprint, RFC 8122 §5.
type Hash byte

// The hashes.
const (
	SHA256 Hash = iota + 1
	SHA384
	SHA512
	WeakHash // SHA-1 and what is weaker
)

var hashes = [...]string{"", "sha-256", "sha-384", "sha-512", ""}

var hashSizes = [...]int{0, 32, 48, 64, 0}

// String is the hash in a=fingerprint.
func (h Hash) String() string { return hashes[h] }

// Kind of media, RFC 8866 §5.14.
type Kind byte

// The kinds.
const (
	Audio Kind = iota + 1
	Video
	Application
	Text
	Message
	Image
)

var kinds = [...]string{"", "audio", "video", "application", "text", "message", "image"}

// String is the kind in an m= line.
func (k Kind) String() string { return kinds[k] }

// Protocol carries the media, RFC 8866 §5.14 and the registry of its values.
type Protocol byte

// The protocols.
const (
	AVP Protocol = iota + 1
	AVPF
	SAVP
	SAVPF
	TLSSAVP
	TLSSAVPF
	TCPTLSSAVPF
	DTLSSCTP
	TCPDTLSSCTP
	OldSCTP
	UDPTL
	MSRP
	TLSMSRP
)

var protocols = [...]string{"", "RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF", "UDP/TLS/RTP/SAVP", "UDP/TLS/RTP/SAVPF", "TCP/DTLS/RTP/SAVPF",
	"UDP/DTLS/SCTP", "TCP/DTLS/SCTP", "DTLS/SCTP", "udptl", "TCP/MSRP", "TCP/TLS/MSRP"}

// String is the protocol in an m= line.
func (p Protocol) String() string { return protocols[p] }

// RTP tells whether the formats of the protocol are payload types of RTP.
func (p Protocol) RTP() bool { return p >= AVP && p <= TCPTLSSAVPF }

// Keyed tells whether the media is encrypted under keys of a DTLS handshake.
func (p Protocol) Keyed() bool { return p >= TLSSAVP && p <= OldSCTP }

// listed is the place of a value in a list, 0 when it is not on it.
func listed[T ~byte](v []byte, list []string) T {
	for i := 1; i < len(list); i++ {
		if string(v) == list[i] && len(v) > 0 {
			return T(i)
		}
	}
	return 0
}
