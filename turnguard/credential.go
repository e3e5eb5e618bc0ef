package turnguard

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"strings"
	"time"

	"github.com/ringfence/ringfence/wire/stun"
)

// nonceLife is how long a nonce is good, RFC 8656 §5: a stale one costs a client
// one more round trip.
const nonceLife = 10 * time.Minute

// nonceCookie opens every nonce: RFC 8489 §9.2. The three bytes behind it, in
// base64, announce password algorithms (bit 0).
const nonceCookie = "obMatJos2" + "gAAA"

// passwordAlgorithms are those that are offered, the better one first: SHA-256 and
// MD5 without parameters, RFC 8489 §14.11, §18.5.
var passwordAlgorithms = []byte{0, 2, 0, 0, 0, 1, 0, 0}

// nonces are made with a key that lives as long as the process: nothing is kept
// of them.
type nonces struct{ key [32]byte }

// make returns the nonce of a client's address at a time: 4 bytes of time and 8 of
// HMAC-SHA256 over it and the address.
func (n *nonces) make(ip [16]byte, at int64) []byte {
	var b [12]byte
	binary.BigEndian.PutUint32(b[:], uint32(at/int64(time.Second)))
	n.sign(&b, ip)
	return base64.RawURLEncoding.AppendEncode(append(make([]byte, 0, 32), nonceCookie...), b[:])
}

func (n *nonces) sign(b *[12]byte, ip [16]byte) {
	mac := hmac.New(sha256.New, n.key[:])
	mac.Write(b[:4])
	mac.Write(ip[:])
	copy(b[4:], mac.Sum(nil))
}

// good tells whether a nonce is one of ours, for that address, and not stale.
func (n *nonces) good(nonce []byte, ip [16]byte, at int64) bool {
	text, ok := strings.CutPrefix(string(nonce), nonceCookie)
	if !ok || len(text) != 16 {
		return false
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return false
	}
	want := [12]byte(b)
	n.sign(&want, ip)
	age := at/int64(time.Second) - int64(binary.BigEndian.Uint32(b))
	return hmac.Equal(want[:], b) && age >= 0 && age < int64(nonceLife/time.Second)
}

// userOf reads a user name "expiry" or "expiry:user": whose budget it is, and
// whether the time has passed.
func userOf(name string, now time.Time) (user string, ok bool) {
	text, user, _ := strings.Cut(name, ":")
	expiry, err := strconv.ParseInt(text, 10, 64)
	if err != nil || text[0] == '+' || text[0] == '-' || now.Unix() >= expiry {
		return "", false
	}
	if user == "" {
		user = name
	}
	return user, true
}

// key is a long-term key, RFC 8489 §9.2.2 and §18.5.1.
func key(sha bool, name, realm string, secret []byte) []byte {
	mac := hmac.New(sha1.New, secret)
	mac.Write([]byte(name))
	text := name + ":" + realm + ":" + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	if sha {
		sum := sha256.Sum256([]byte(text))
		return sum[:]
	}
	sum := md5.Sum([]byte(text))
	return sum[:]
}

// Password is what belongs to a user name, as whoever gives out credentials makes
// it: base64(HMAC-SHA1(secret, name)), draft-uberti-behave-turn-rest-00 §2.2.
func Password(secret []byte, name string) string {
	mac := hmac.New(sha1.New, secret)
	mac.Write([]byte(name))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// credential is what a request proved.
type credential struct {
	name string // as in USERNAME
	user string // whose budget it is
	key  []byte
	sha  bool // MESSAGE-INTEGRITY-SHA256 was used, and is in the answer too
}

// algorithm says which password algorithm a request uses, RFC 8489 §9.2.4. Both
// attributes are there or neither, and what was offered has not been changed on
// its way: that would be an attempt to have the weaker one used.
func algorithm(m stun.Message) (sha, ok bool) {
	offered, has := m.Get(attrPasswordAlgorithms)
	chosen, chose := m.Get(attrPasswordAlgorithm)
	switch {
	case !has && !chose:
		return false, true
	case has != chose || string(offered) != string(passwordAlgorithms) || len(chosen) != 4 || chosen[2] != 0 || chosen[3] != 0:
		return false, false
	}
	n := binary.BigEndian.Uint16(chosen)
	return n == 2, n == 1 || n == 2
}

// appendIntegrity ends a message with the integrity that the request had.
func appendIntegrity(b []byte, begin int, c *credential) []byte {
	if !c.sha {
		return stun.AppendIntegrity(b, begin, c.key)
	}
	binary.BigEndian.PutUint16(b[begin+2:], uint16(len(b)-begin-stun.HeaderSize+36)) // RFC 8489 §14.6
	mac := hmac.New(sha256.New, c.key)
	mac.Write(b[begin:])
	return stun.Append(b, stun.MessageIntegritySHA256, mac.Sum(nil))
}
