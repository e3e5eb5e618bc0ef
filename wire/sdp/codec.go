package sdp

// Codec is one that may be written, with the parameters that it may have.
type Codec struct {
	Name       string // as RFC or registry spells it
	Kind       Kind
	Parameters []shape
}

// shape is what the value of a parameter looks like.
type shape struct {
	name        string // of the parameter; "" has none
	least, most uint32 // of a number
	digits      int    // hexadecimal digits, where it is not 0
	words       []string
}

func number(least, most uint32) shape { return shape{least: least, most: most} }

func word(all ...string) shape { return shape{words: all} }

var flag = number(0, 1)

// codecs are those in use, by name in lower case. Parameters that carry bytes for
// a decoder, like sprop-parameter-sets, are not among them: a stream carries them
// as well, after the answer.
var codecs table[Codec]

func codec(kind Kind, name, lower string, parameters map[string]shape) {
	all := make([]shape, 0, len(parameters))
	for n, s := range parameters {
		s.name = n
		all = append(all, s)
	}
	codecs.put(lower, Codec{name, kind, all})
}

// parameter is the shape of a parameter, whose name is compared without regard to
// case; nil when the codec has none of that name.
func (c *Codec) parameter(name []byte) *shape {
	for i := range c.Parameters {
		if same(name, c.Parameters[i].name) {
			return &c.Parameters[i]
		}
	}
	return nil
}

func init() {
	bits := number(6000, 510000)
	codec(Audio, "opus", "opus", map[string]shape{ // RFC 7587 §6.1
		"minptime": number(3, 120), "ptime": number(3, 120), "maxptime": number(3, 120), "useinbandfec": flag, "usedtx": flag, "stereo": flag, "sprop-stereo": flag, "cbr": flag,
		"maxplaybackrate": number(8000, 48000), "sprop-maxcapturerate": number(8000, 48000), "maxaveragebitrate": bits,
	})
	codec(Audio, "PCMU", "pcmu", nil)
	codec(Audio, "PCMA", "pcma", nil)
	codec(Audio, "G722", "g722", map[string]shape{"bitrate": number(48000, 64000)})
	codec(Audio, "G729", "g729", map[string]shape{"annexb": word("yes", "no")}) // RFC 4856 §2.1.9
	codec(Audio, "GSM", "gsm", nil)
	codec(Audio, "iLBC", "ilbc", map[string]shape{"mode": word("20", "30")}) // RFC 3952 §4
	codec(Audio, "speex", "speex", map[string]shape{"vbr": word("on", "off", "vad"), "mode": number(0, 10)})
	codec(Audio, "L16", "l16", nil)
	codec(Audio, "CN", "cn", nil)
	codec(Audio, "telephone-event", "telephone-event", map[string]shape{"": word("0-15", "0-16", "0-11", "0-15,32-35", "0-15,66,70")}) // RFC 4733 §2.4.1
	amr := map[string]shape{"octet-align": flag, "crc": flag, "robust-sorting": flag, "mode-change-period": number(1, 2), "mode-change-capability": number(1, 2),
		"mode-change-neighbor": flag, "max-red": number(0, 65535)} // RFC 4867 §8.1
	codec(Audio, "AMR", "amr", amr)
	codec(Audio, "AMR-WB", "amr-wb", amr)
	codec(Audio, "EVS", "evs", nil)
	codec(Video, "VP8", "vp8", map[string]shape{"max-fr": number(1, 240), "max-fs": number(1, 1<<20)})                             // RFC 7741 §6.1
	codec(Video, "VP9", "vp9", map[string]shape{"max-fr": number(1, 240), "max-fs": number(1, 1<<20), "profile-id": number(0, 3)}) // RFC 9628 §6.1
	codec(Video, "AV1", "av1", map[string]shape{"profile": number(0, 2), "level-idx": number(0, 31), "tier": flag})
	codec(Video, "H264", "h264", map[string]shape{"profile-level-id": {digits: 6}, "packetization-mode": number(0, 2), "level-asymmetry-allowed": flag}) // RFC 6184 §8.1
	codec(Video, "H265", "h265", map[string]shape{"profile-id": number(0, 31), "tier-flag": flag, "level-id": number(0, 255), "tx-mode": word("SRST")})  // RFC 7798 §7.1
	codec(Video, "rtx", "rtx", map[string]shape{"apt": number(0, 127), "rtx-time": number(0, 60000)})                                                    // RFC 4588 §8.6
}

// static are the codecs of payload types that need no a=rtpmap, RFC 3551 §6.
var static = map[uint8]string{0: "pcmu", 3: "gsm", 8: "pcma", 9: "g722", 10: "l16", 11: "l16", 13: "cn", 18: "g729"}

// feedback is a message that may be asked for, or "", RFC 4585 §4.2, RFC 5104 §7.1,
// and those that browsers use. Reference pictures (rpsi) are not: CVE-2022-24786.
func feedback(v []byte) string {
	switch string(v) {
	case "ccm fir":
		return "ccm fir"
	case "nack":
		return "nack"
	case "nack pli":
		return "nack pli"
	case "goog-remb":
		return "goog-remb"
	case "transport-cc":
		return "transport-cc"
	}
	return ""
}

// fits tells whether a value has the shape.
func (s *shape) fits(v []byte) bool {
	switch {
	case s.words != nil:
		for _, w := range s.words {
			if string(v) == w {
				return true
			}
		}
		return false
	case s.digits > 0:
		for _, c := range v {
			if unhex(c) < 0 {
				return false
			}
		}
		return len(v) == s.digits
	}
	n, ok := decimal(v, uint64(s.most))
	return ok && n >= uint64(s.least)
}

// decimal reads a number in its one spelling.
func decimal(v []byte, most uint64) (n uint64, ok bool) {
	if len(v) == 0 || len(v) > 20 || v[0] == '0' && len(v) > 1 {
		return 0, false
	}
	for _, c := range v {
		if c < '0' || c > '9' || n > (1<<64-1-9)/10 {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, n <= most
}

func unhex(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
