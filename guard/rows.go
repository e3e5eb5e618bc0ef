package guard

// Row is a published bug in the set-up or media of calls, and what answers it here.
type Row struct {
	Number  int
	Bug     string // its published name
	In      string // the program
	Element string // what was abused
	Effect  string
	Rules   []string // that answer it
	Seats   []Seat   // where
	Limit   string   // why it is answered in part only, or not at all; "" when it is
}

const (
	sealed = "the payload is encrypted: a server sees the time, the size and the path of it, not what is wrong with it"
	native = "what an answered call decodes is the decoder's business: it runs apart, on the device"
)

var (
	atServer = []Seat{Server}
	atDevice = []Seat{Device}
	atRelay  = []Seat{Relay}
	inFront  = []Seat{Proxy}
	onTheWay = []Seat{Relay, Proxy}
	bothEnds = []Seat{Server, Device}
)

// Rows are the bugs that the rules were written against, in the order in which the
// research numbers them.
func Rows() []Row { return rows }

var rows = []Row{
	{1, "CVE-2019-3568", "WhatsApp", "a series of RTCP before the answer", "code execution, used against 1,400 people", []string{"R1", "R5", "R6", "R2"}, []Seat{Server, Relay, Proxy}, ""},
	{2, "the complaint of 2019", "WhatsApp", "call settings made to look like the server's", "delivery of the attack", []string{"R23", "R3", "R2"}, bothEnds, ""},
	{3, "CVE-2018-6344", "WhatsApp", "RTP of an established call", "heap corruption", []string{"R10", "R22", "R24"}, []Seat{Relay, Proxy, Device}, sealed},
	{4, "CVE-2018-6350", "WhatsApp", "header extension of RTP", "read beyond memory", []string{"R6", "R19"}, onTheWay, "in SRTP the header extension's length is seen, not its elements' when they are encrypted (RFC 9335)"},
	{5, "CVE-2018-6339", "WhatsApp on Android", "data on receiving a call", "stack overflow", []string{"R2", "R5"}, atServer, ""},
	{6, "CVE-2018-20655", "WhatsApp on iOS", "a packet without a size check, on receiving a call", "stack overflow", []string{"R1", "R5"}, onTheWay, ""},
	{7, "CVE-2020-1886", "WhatsApp on Android", "video after the answer", "write beyond memory", []string{"R24", "R15"}, bothEnds, native},
	{8, "CVE-2020-1891", "WhatsApp", "a parameter of a video call", "write beyond memory", []string{"R7", "R3"}, []Seat{Server, Device, Proxy}, ""},
	{9, "CVE-2021-24026", "WhatsApp", "decoding of sound", "write beyond memory", []string{"R24"}, atDevice, native},
	{10, "CVE-2021-24042", "WhatsApp", "the answer of who is called", "write beyond memory", []string{"R3"}, []Seat{Device, Proxy}, ""},
	{11, "CVE-2021-24043", "WhatsApp", "a flag of RTCP", "read beyond memory", []string{"R6"}, onTheWay, sealed},
	{12, "CVE-2022-36934", "WhatsApp", "video of an established call", "code execution", []string{"R24", "R5"}, atDevice, native},
	{13, "CVE-2022-27492", "WhatsApp", "a video file", "code execution", nil, nil, "a file in a message, not a call; the messenger shows no pictures that others sent"},
	{14, "CVE-2025-55177", "WhatsApp", "a message between linked devices from somebody else", "a forced request to an address", []string{"R20", "R23"}, bothEnds, ""},
	{15, "CVE-2019-6223", "Group FaceTime", "adding oneself to a ringing call", "answered by nobody", []string{"R4"}, []Seat{Server, Proxy}, ""},
	{16, "CVE-2018-4384", "FaceTime", "video", "code execution", []string{"R1", "R24"}, []Seat{Relay, Proxy, Device}, ""},
	{17, "CVE-2019-17191", "Signal on Android", "the caller says that the callee has answered", "answered by the caller", []string{"R4", "R20"}, []Seat{Server, Device, Proxy}, ""},
	{18, "CVE-2020-5753", "Signal", "candidates before the answer", "tells where somebody is", []string{"R21", "R1"}, []Seat{Server, Relay, Proxy}, ""},
	{19, "Facebook Messenger, 2020", "Facebook Messenger on Android", "a message while it rings", "sound before the answer", []string{"R4", "R1"}, []Seat{Server, Relay, Proxy}, ""},
	{20, "Google Duo, 2020", "Google Duo", "a race when setting up", "video before the answer", []string{"R1"}, onTheWay, ""},
	{21, "JioChat, 2020", "JioChat", "candidates in the offer", "sound before the answer", []string{"R4", "R7"}, []Seat{Server, Proxy}, ""},
	{22, "Mocha, 2020", "Mocha", "the same", "sound and video before the answer", []string{"R4", "R1"}, []Seat{Server, Relay, Proxy}, ""},
	{23, "CVE-2022-22784", "Zoom", "XML that two parsers read differently", "forged messages of the server", []string{"R18", "R23"}, []Seat{Server, Device, Proxy}, "an XMPP proxy is not there yet; wire/jingle reads single stanzas"},
	{24, "CVE-2022-22787", "Zoom", "a request to use another server", "a machine in the middle", []string{"R23"}, bothEnds, ""},
	{25, "CVE-2021-34423", "Zoom", "a buffer of the media path", "overflow, leak", []string{"R5", "R22"}, onTheWay, ""},
	{26, "CVE-2026-22844", "Zoom Node", "a command in a participant's data", "code execution on the relay", []string{"R22"}, atRelay, "relays should run on machines of their own"},
	{27, "CVE-2023-24033", "Samsung Exynos modems", "the accept-types attribute of a session description", "code execution by a telephone number", []string{"R3", "R7"}, inFront, "of calls that go through the guard: a telephone network has others"},
	{28, "CVE-2025-21483", "modems", "putting pictures together from RTP", "memory corruption", []string{"R13", "R1"}, onTheWay, sealed},
	{29, "CVE-2025-54957", "Dolby decoder on Android", "a field of the stream", "integer overflow", []string{"R24"}, atDevice, native},
	{30, "CVE-2020-6514", "libwebrtc, usrsctp", "SCTP inside DTLS", "leak, heap corruption", []string{"R19", "R1", "R16"}, []Seat{Relay, Proxy}, ""},
	{31, "CVE-2022-2294", "libwebrtc", "session descriptions and media", "code execution, used in attacks", []string{"R3", "R19", "R22"}, []Seat{Device, Proxy}, "what is left of it after the answer is the browser's"},
	{32, "CVE-2023-5217", "libvpx", "encoding of VP8", "code execution, used by a vendor of spyware", []string{"R7", "R24"}, []Seat{Device, Proxy}, native},
	{33, "CVE-2015-6360", "libsrtp", "lengths of CSRC and header extension", "denial of service", []string{"R6"}, onTheWay, ""},
	{34, "libsrtp, in FreeSWITCH", "libsrtp", "SRTCP shorter than its trailer", "read beyond memory", []string{"R6"}, onTheWay, ""},
	{35, "CVE-2021-43804", "PJSIP", "reason of an RTCP BYE", "read beyond memory", []string{"R6"}, inFront, sealed},
	{36, "CVE-2021-43845", "PJSIP", "blocks of an RTCP XR", "read beyond memory", []string{"R6", "R19"}, inFront, sealed},
	{37, "CVE-2022-21722", "PJSIP", "RTP and RTCP", "read beyond memory", []string{"R6"}, onTheWay, ""},
	{38, "CVE-2022-24786", "PJSIP", "reference picture selection in RTCP", "read and write beyond memory", []string{"R19", "R6"}, inFront, sealed},
	{39, "CVE-2021-37706", "PJSIP", "ERROR-CODE of STUN shorter than its fixed part", "overflow", []string{"R6", "R3"}, onTheWay, ""},
	{40, "CVE-2022-21723", "PJSIP", "a SIP body of several parts", "read beyond memory", []string{"R17", "R19"}, inFront, ""},
	{41, "CVE-2022-24764", "PJSIP", "writing and reading a session description", "stack overflow", []string{"R5", "R3"}, inFront, ""},
	{42, "CVE-2022-39269", "PJSIP", "starting SRTP again", "media without encryption", []string{"R16"}, []Seat{Relay, Device, Proxy}, ""},
	{43, "CVE-2026-41416", "PJSIP", "packet times that differ", "integer overflow", []string{"R7"}, inFront, ""},
	{44, "AST-2018-002, AST-2018-003", "Asterisk", "format and fmtp of a session description", "crash", []string{"R7", "R3"}, inFront, ""},
	{45, "CVE-2018-7284", "Asterisk", "SUBSCRIBE with many Accept fields", "stack corruption", []string{"R5"}, inFront, ""},
	{46, "ES2017-01, ES2017-02", "Asterisk, PJSIP", "a CSeq that overflows; several parts", "heap corruption", []string{"R5", "R19", "R17"}, inFront, ""},
	{47, "CVE-2021-26906", "Asterisk", "a session description in a response", "crash", []string{"R4", "R7"}, inFront, ""},
	{48, "AST-2017-012, AST-2016-003", "Asterisk", "compound RTCP with several reports; fax after a re-INVITE", "crash", []string{"R6", "R19"}, inFront, ""},
	{49, "CVE-2017-14099", "Asterisk", "learning where media comes from", "eavesdropping", []string{"R9", "R6"}, onTheWay, ""},
	{50, "CVE-2025-53399", "rtpengine", "learning, and SRTP tags that nobody checks", "eavesdropping, injection", []string{"R9", "R10"}, onTheWay, "where the guard holds no keys it binds the path; it cannot check the tag"},
	{51, "CVE-2023-49786, CVE-2023-51443, CVE-2023-51275", "Asterisk, FreeSWITCH, rtpengine", "a foreign ClientHello", "calls denied", []string{"R8"}, onTheWay, ""},
	{52, "CVE-2021-41105", "FreeSWITCH", "a hundred bad SRTP packets", "the call ends", []string{"R10"}, onTheWay, ""},
	{53, "CVE-2023-40018", "FreeSWITCH", "a component of ICE that there is not", "write beyond memory", []string{"R7"}, []Seat{Device, Proxy}, ""},
	{54, "CVE-2023-40019", "FreeSWITCH", "one codec twice, in a re-INVITE", "denial of service", []string{"R7"}, inFront, ""},
	{55, "CVE-2021-37624, CVE-2021-41157, CVE-2021-41158, CVE-2021-41145", "FreeSWITCH", "requests that nobody authenticates; floods", "forgery, leak, denial of service", []string{"R13"}, inFront, "who may send what is decided by the service behind; the guard has budgets and keeps credentials from phones"},
	{56, "CVE-2018-8828, CVE-2018-16657", "Kamailio", "a long branch or tag; a broken Via", "crash", []string{"R5", "R17"}, inFront, ""},
	{57, "CVE-2020-28361", "Kamailio", "space before a colon", "smuggled header fields", []string{"R17", "R3"}, inFront, ""},
	{58, "CVE-2020-13898, CVE-2020-13901", "Janus", "session descriptions", "crash, stack overflow", []string{"R3"}, inFront, ""},
	{59, "CVE-2018-4058, CVE-2020-26262, CVE-2026-27624", "TURN servers", "a peer that is the relay itself, in another spelling", "access to what is behind the relay", []string{"R12"}, onTheWay, ""},
	{60, "CVE-2026-40613", "coturn", "attributes that are not aligned; OAuth; tickets that belong to nobody", "crash, overflow, hijacking", []string{"R6", "R19", "R20", "R3"}, onTheWay, ""},
	{61, "CVE-2014-0195, CVE-2014-0221, CVE-2022-0778, CVE-2025-49140", "DTLS, pion", "fragments, certificates, padding of RTP", "code execution, denial of service", []string{"R6", "R8", "R16"}, []Seat{Relay, Device, Proxy}, "certificates are encrypted in DTLS 1.3, and are the two ends' business"},
}
