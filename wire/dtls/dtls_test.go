package dtls

import (
	"errors"
	"testing"

	"github.com/ringfence/ringfence/wire"
)

func recordOf(kind byte, version uint16, epoch byte, body ...byte) []byte {
	b := []byte{kind, byte(version >> 8), byte(version), 0, epoch, 0, 0, 0, 0, 0, 1, byte(len(body) >> 8), byte(len(body))}
	return append(b, body...)
}

// message is one fragment of a handshake message.
func message(kind byte, whole, offset int, body ...byte) []byte {
	b := []byte{kind, byte(whole >> 16), byte(whole >> 8), byte(whole), 0, 0, byte(offset >> 16), byte(offset >> 8), byte(offset), 0, byte(len(body) >> 8), byte(len(body))}
	return append(b, body...)
}

func hello12(suite uint16) []byte {
	body := append([]byte{0xfe, 0xfd}, make([]byte, 33)...)
	body[34] = 2 // a session id of two bytes
	return append(body, 9, 9, byte(suite>>8), byte(suite), 0)
}

func join(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestCheck(t *testing.T) {
	h := hello12(0xc02b)
	for name, c := range map[string]struct {
		b    []byte
		rule string
	}{
		"client hello, first record 1.0": {recordOf(22, 0xfeff, 0, message(1, len(h), 0, h...)...), ""},
		"server hello":                   {recordOf(22, 0xfefd, 0, message(2, len(h), 0, h...)...), ""},
		"two fragments":                  {join(recordOf(22, 0xfefd, 0, message(11, 4, 0, 1, 2)...), recordOf(22, 0xfefd, 0, message(11, 4, 2, 3, 4)...)), ""},
		"end of a handshake":             {join(recordOf(20, 0xfefd, 0, 1), recordOf(22, 0xfefd, 1, make([]byte, 40)...)), ""},
		"alert":                          {recordOf(21, 0xfefd, 0, 1, 0), ""},
		"1.3, two records":               {join(append([]byte{0x2e, 0, 1, 0, 16}, make([]byte, 16)...), append([]byte{0x22, 0}, make([]byte, 16)...)), ""},
		"NULL cipher":                    {recordOf(22, 0xfefd, 0, message(2, len(h), 0, hello12(0x0002)...)...), "R16"},
		"RSA without forward secrecy":    {recordOf(22, 0xfefd, 0, message(2, len(h), 0, hello12(0x002f)...)...), "R16"},
		"hello of 1.0":                   {recordOf(22, 0xfefd, 0, message(1, len(h), 0, append([]byte{0xfe, 0xff}, h[2:]...)...)...), "R16"},
		"SCTP":                           {recordOf(23, 0xfefd, 1, make([]byte, 40)...), "R16"},
		"1.0 after the handshake":        {recordOf(22, 0xfeff, 1, make([]byte, 40)...), "R16"},
		"heartbeat (row 61)":             {recordOf(24, 0xfefd, 0, 1, 0xff, 0xff), "R3"},
		"connection id":                  {append([]byte{0x3e, 0, 1, 0, 16}, make([]byte, 16)...), "R3"},
		"fragment behind its message":    {recordOf(22, 0xfefd, 0, message(11, 4, 3, 3, 4)...), "R6"},
		"fragment longer than record":    {recordOf(22, 0xfefd, 0, append(message(11, 9, 0, 1)[:11], 9)...), "R6"},
		"a message of a megabyte":        {recordOf(22, 0xfefd, 0, message(11, 1<<20, 0, 1)...), "R5"},
		"record longer than datagram":    {recordOf(22, 0xfefd, 0, 1, 2, 3)[:15], "R6"},
		"empty record":                   {recordOf(21, 0xfefd, 0), "R6"},
		"half a record header":           {join(recordOf(20, 0xfefd, 0, 1), []byte{22, 0xfe}), "R6"},
		"half a handshake header":        {recordOf(22, 0xfefd, 0, 1, 0, 0), "R6"},
		"hello without random":           {recordOf(22, 0xfefd, 0, message(1, 2, 0, 0xfe, 0xfd)...), "R6"},
		"session id longer than hello":   {recordOf(22, 0xfefd, 0, message(2, 35, 0, append([]byte{0xfe, 0xfd}, append(make([]byte, 32), 255)...)...)...), "R6"},
		"1.3 record too short":           {[]byte{0x2e, 0, 1, 0, 3, 1, 2, 3}, "R6"},
		"1.3 record too long":            {append([]byte{0x2e, 0, 1, 0xff, 0xff}, make([]byte, 20)...), "R6"},
		"1.3 without anything":           {[]byte{0x2e}, "R6"},
	} {
		err, rule := Check(c.b), ""
		var r *wire.Refusal
		if errors.As(err, &r) {
			rule = r.Rule
		}
		if rule != c.rule {
			t.Errorf("%s: %v, want %q", name, err, c.rule)
		}
	}
}

func TestProtected(t *testing.T) {
	for name, c := range map[string]struct {
		b    []byte
		want bool
	}{
		"hello":         {recordOf(22, 0xfefd, 0, message(1, 2, 0, 1, 2)...), false},
		"finished":      {join(recordOf(20, 0xfefd, 0, 1), recordOf(22, 0xfefd, 1, make([]byte, 40)...)), true},
		"1.3":           {append([]byte{0x2e, 0, 1, 0, 16}, make([]byte, 16)...), true},
		"cipher change": {recordOf(20, 0xfefd, 0, 1), false},
		"cut short":     {[]byte{22, 0xfe}, false},
	} {
		if got := Protected(c.b); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func FuzzCheck(f *testing.F) {
	h := hello12(0xc02b)
	f.Add(recordOf(22, 0xfefd, 0, message(2, len(h), 0, h...)...))
	f.Add(append([]byte{0x2e, 0, 1, 0, 16}, make([]byte, 16)...))
	f.Fuzz(func(t *testing.T, b []byte) {
		_ = Check(b)
		Protected(b)
	})
}
