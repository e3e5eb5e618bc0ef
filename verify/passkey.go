package verify

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Assertion is what a passkey signed (Web Authentication Level 3, §7.2).
type Assertion struct {
	AuthenticatorData []byte `json:"authenticator_data"`
	ClientData        []byte `json:"client_data"` // JSON, as the browser made it
	Signature         []byte `json:"signature"`
}

// Bits of the flags of authenticator data (§6.1).
const (
	userPresent  = 1 << 0
	userVerified = 1 << 2
)

// Verify tells whether a passkey, an ECDSA or RSA key as SubjectPublicKeyInfo, signed
// a challenge for a relying party, with the person verified.
func (a Assertion) Verify(spki []byte, party string, challenge []byte) error {
	key, err := x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return fmt.Errorf("the passkey: %w", err)
	}
	var client struct{ Type, Challenge string }
	if err := json.Unmarshal(a.ClientData, &client); err != nil || client.Type != "webauthn.get" {
		return errors.New("the passkey's client data is not that of an assertion")
	}
	if client.Challenge != base64.RawURLEncoding.EncodeToString(challenge) {
		return errors.New("the passkey signed something else")
	}
	want := sha256.Sum256([]byte(party))
	if len(a.AuthenticatorData) < 37 || !bytes.Equal(a.AuthenticatorData[:32], want[:]) {
		return errors.New("the passkey signed for another host")
	}
	if flags := a.AuthenticatorData[32]; flags&userPresent == 0 || flags&userVerified == 0 {
		return errors.New("the passkey did not verify the person")
	}
	data := sha256.Sum256(a.ClientData)
	sum := sha256Of(a.AuthenticatorData, data[:])
	switch public := key.(type) { // ES256 and RS256 (RFC 9053 §2.1, RFC 8812 §2)
	case *ecdsa.PublicKey:
		if ecdsa.VerifyASN1(public, sum[:], a.Signature) {
			return nil
		}
	case *rsa.PublicKey:
		if rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], a.Signature) == nil {
			return nil
		}
	}
	return errors.New("the passkey's signature is wrong")
}

// Delegation is the challenge by which a passkey gives a key of a session the right
// to sign for a person until a time: the hash of
//
//	ringfence session key
//	<the service's log>
//	<verifier key of the session>
//	<until, RFC 3339>
func Delegation(service, key string, until time.Time) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "ringfence session key\n%s\n%s\n%s\n", service, key, until.UTC().Format(time.RFC3339Nano)))
	return sum[:]
}
