package verify

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"testing"
)

// assertion is what an authenticator answers.
func assertion(t *testing.T, key crypto.Signer, party, kind string, challenge []byte, flags byte) (Assertion, []byte) {
	t.Helper()
	host := sha256.Sum256([]byte(party))
	a := Assertion{AuthenticatorData: append(host[:], flags, 0, 0, 0, 1), ClientData: fmt.Appendf(nil, `{"type":%q,"challenge":%q,"origin":"https://x"}`, kind, base64.RawURLEncoding.EncodeToString(challenge))}
	data := sha256.Sum256(a.ClientData)
	sum := sha256Of(a.AuthenticatorData, data[:])
	var err error
	if a.Signature, err = key.Sign(rand.Reader, sum[:], crypto.SHA256); err != nil {
		t.Fatal(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return a, spki
}

func TestAssertion(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	challenge := []byte("what is signed")
	for _, key := range []crypto.Signer{ec, rs} {
		a, spki := assertion(t, key, "console.example", "webauthn.get", challenge, userPresent|userVerified)
		if err := a.Verify(spki, "console.example", challenge); err != nil {
			t.Errorf("%T: %v", key, err)
		}
		if a.Verify(spki, "evil.example", challenge) == nil || a.Verify(spki, "console.example", []byte("something else")) == nil {
			t.Errorf("%T: it passes for another host or another challenge", key)
		}
		a.Signature[len(a.Signature)-1] ^= 1
		if a.Verify(spki, "console.example", challenge) == nil {
			t.Errorf("%T: a wrong signature passes", key)
		}
		for _, flags := range []byte{0, userPresent, userVerified} {
			if a, _ := assertion(t, key, "console.example", "webauthn.get", challenge, flags); a.Verify(spki, "console.example", challenge) == nil {
				t.Errorf("%T: with the flags %d it passes", key, flags)
			}
		}
		if a, _ := assertion(t, key, "console.example", "webauthn.create", challenge, userPresent|userVerified); a.Verify(spki, "console.example", challenge) == nil {
			t.Errorf("%T: a registration passes", key)
		}
	}
}
