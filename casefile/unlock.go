package casefile

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"

	"filippo.io/age"

	"github.com/ringfence/ringfence/store/ledger"
)

// UnlockSalt is what a passkey's pseudo-random function is asked about: what it
// answers opens the evidence key that belongs to the passkey (Web Authentication
// Level 3, §10.1.4).
var UnlockSalt = func() []byte { s := sha256.Sum256([]byte("ringfence evidence key")); return s[:] }()

// Unlock gives the hand of a session the evidence key that belongs to its passkey, and
// makes one the first time. secret is what the passkey's pseudo-random function
// answered; it is not kept. A key that was just made opens the cases that are begun,
// or that the person is admitted to, from then on.
func (r *Room) Unlock(ctx context.Context, h *Hand, credential, secret []byte) error {
	if len(secret) != sha256.Size {
		return fmt.Errorf("the passkey answered %d bytes, want %d", len(secret), sha256.Size)
	}
	p, err := r.Person(ctx, h.Name)
	if err != nil {
		return err
	}
	seal, err := sealer(secret, credential)
	if err != nil {
		return err
	}
	for _, k := range p.Passkeys {
		if string(k.Credential) == string(credential) && len(k.wrapped) > 0 {
			if h.identity, err = openIdentity(seal, k.wrapped); err != nil {
				return fmt.Errorf("%s: the evidence key of this passkey: %w", h.Name, err)
			}
			return nil
		}
	}
	id, err := age.GenerateHybridIdentity()
	if err != nil {
		return err
	}
	nonce := make([]byte, seal.NonceSize())
	rand.Read(nonce) // never fails
	wrapped := seal.Seal(nonce, nonce, []byte(id.String()), nil)
	err = r.append(ctx, func(*ledger.Tx) ([]Fields, error) {
		return []Fields{{"action": "evidence key", "name": h.Name, "credential": base64.StdEncoding.EncodeToString(credential), "recipient": id.Recipient().String(),
			"body": base64.StdEncoding.EncodeToString(wrapped), "at": instant(r.now())}}, nil
	})
	if err == nil {
		h.identity = id
	}
	return err
}

// sealer is the cipher under which the evidence key of a passkey is kept.
func sealer(secret, credential []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, secret, credential, "ringfence evidence key", 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func openIdentity(seal cipher.AEAD, wrapped []byte) (*age.HybridIdentity, error) {
	if len(wrapped) < seal.NonceSize() {
		return nil, errors.New("it is not whole")
	}
	b, err := seal.Open(nil, wrapped[:seal.NonceSize()], wrapped[seal.NonceSize():], nil)
	if err != nil {
		return nil, errors.New("it was not made by this passkey")
	}
	return age.ParseHybridIdentity(string(b))
}

// Unlocked tells whether the hand can open evidence.
func (h *Hand) Unlocked() bool { return h.identity != nil }

// recipients are the keys to which evidence is wrapped for the person: that of the
// key file, and those of passkeys.
func (p Person) recipients() []string {
	all := []string{p.Recipient}
	for _, k := range p.Passkeys {
		if k.recipient != "" {
			all = append(all, k.recipient)
		}
	}
	return all
}
