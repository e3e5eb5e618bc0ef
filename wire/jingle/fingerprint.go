package jingle

import (
	"encoding/hex"
	"strings"
)

const nsDTLS = "urn:xmpp:jingle:apps:dtls:0" // XEP-0320

const maxFingerprints = 4

// Setup says who opens the handshake, RFC 4145 §4.
type Setup string

// The roles. XEP-0320 has no holdconn.
const (
	Active  Setup = "active"
	ActPass Setup = "actpass"
	Passive Setup = "passive"
)

// Fingerprint is the hash of a certificate that DTLS is to show, XEP-0320.
type Fingerprint struct {
	Hash  string // sha-256, sha-384, sha-512
	Setup Setup
	Value []byte
}

var (
	setups = []Setup{Active, ActPass, Passive}

	// hashes are the functions of RFC 8122 §5 with the bytes of what they
	// yield. Those without any are a downgrade.
	hashes = map[string]int{
		"sha-256": 32, "sha-384": 48, "sha-512": 64,
		"md2": 0, "md5": 0, "sha-1": 0, "sha-224": 0,
	}

	// hexadecimal is a value of RFC 8122 §5: pairs of upper-case digits with
	// colons between them.
	hexadecimal = alphabet{least: 2, most: 3*64 - 1, strict: true, has: func(r rune) bool {
		return r >= '0' && r <= ':' || r >= 'A' && r <= 'F'
	}}
)

func init() {
	specifications[nsDTLS] = "XEP-0320"
	iceParts[name{nsDTLS, "fingerprint"}] = func(r *reader, e *element, t *ICE) { readFingerprint(r, e, &t.Fingerprints) }
	rawParts[name{nsDTLS, "fingerprint"}] = func(r *reader, e *element, t *Raw) { readFingerprint(r, e, &t.Fingerprints) }
}

func readFingerprint(r *reader, e *element, into *[]Fingerprint) {
	r.full(e, len(*into), maxFingerprints)
	f := r.fields(e)
	f.must("hash", "setup")
	v := Fingerprint{Setup: enum(f, "setup", setups)}
	a, _ := f.find("hash")
	f.end()
	v.Hash = a.value
	size, known := hashes[a.value]
	switch {
	case !known:
		r.stop(decline("R7", a.at, a.end-a.at, "RFC 8122 §5", "a hash function that we do not know"))
	case size == 0:
		r.stop(decline("R16", a.at, a.end-a.at, "RFC 8122 §5", "a hash function that is too weak"))
	}
	text, at := r.content(e, hexadecimal)
	value, err := hex.DecodeString(strings.ReplaceAll(text, ":", ""))
	switch {
	case err != nil || len(text) != 3*len(value)-1 || strings.Trim(pattern(text), ":") != "":
		r.stop(refuse("R17", at.at, at.end-at.at, "RFC 8122 §5", "not pairs of digits with colons between them"))
	case len(value) != size:
		r.stop(refuse("R6", at.at, at.end-at.at, "RFC 8122 §5", "not of the length that the hash function yields"))
	}
	v.Value = value
	*into = append(*into, v)
}

// pattern returns every third byte, where the colons are.
func pattern(s string) string {
	var b strings.Builder
	for i := 2; i < len(s); i += 3 {
		b.WriteByte(s[i])
	}
	return b.String()
}

// Text returns the value as RFC 8122 §5 writes it.
func (f Fingerprint) Text() string {
	var b strings.Builder
	for i, c := range f.Value {
		if i > 0 {
			b.WriteByte(':')
		}
		b.WriteString(strings.ToUpper(hex.EncodeToString([]byte{c})))
	}
	return b.String()
}

func (f Fingerprint) write(w *writer) {
	w.start(nsDTLS, "fingerprint")
	w.attribute("hash", f.Hash)
	w.attribute("setup", string(f.Setup))
	w.text(f.Text())
	w.end()
}
