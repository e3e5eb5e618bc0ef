package client

import (
	"crypto/ed25519"
	"crypto/hpke"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"maunium.net/go/mautrix/crypto/goolm/account"

	"github.com/ringfence/ringfence/wire"
	"github.com/ringfence/ringfence/wire/call"
)

const (
	keyLife       = 7 * 24 * time.Hour // of an envelope key and of the fallback key
	keptEnvelopes = 4                  // the one in use and the three before it
	wantedOneTime = 50                 // one-time keys at the server after a refill
	lowOneTime    = 25                 // refill below this

	publicEnvelopeSize = 1216 // MLKEM768X25519 encapsulation key
)

var b64 = base64.RawURLEncoding

// envelopeKey is one of the device's own HPKE keys.
type envelopeKey struct {
	ID      uint32 `json:"id"`
	Private []byte `json:"private"`
	Made    int64  `json:"made"` // Unix ms
}

// public returns the encapsulation key.
func (k envelopeKey) public() ([]byte, error) {
	p, err := hpke.MLKEM768X25519().NewPrivateKey(k.Private)
	if err != nil {
		return nil, err
	}
	return p.PublicKey().Bytes(), nil
}

func newEnvelopeKey(id uint32, now time.Time) (envelopeKey, error) {
	p, err := hpke.MLKEM768X25519().GenerateKey()
	if err != nil {
		return envelopeKey{}, err
	}
	b, err := p.Bytes()
	return envelopeKey{ID: id, Private: b, Made: now.UnixMilli()}, err
}

// What is signed: docs/protocol.md, Names and keys.

func joined(context string, fields ...[]byte) []byte {
	b := append([]byte(context), 0)
	for _, f := range fields {
		b = append(b, f...)
	}
	return b
}

func deviceText(ed, curve []byte) []byte { return joined("ringfence device v1", ed, curve) }

func envelopeKeyText(acct, device wire.ID, id uint32, public []byte) []byte {
	return joined("ringfence envelope key v1", acct[:], device[:], binary.BigEndian.AppendUint32(nil, id), public)
}

func fallbackText(acct, device wire.ID, public []byte) []byte {
	return joined("ringfence fallback key v1", acct[:], device[:], public)
}

func sessionText(server []byte, acct wire.ID, nonce []byte) []byte {
	return joined("ringfence session v1", server, acct[:], nonce)
}

func offerText(nonce wire.ID, counter uint64, callee wire.ID, media wire.Media) []byte {
	return joined("ringfence offer v1", nonce[:], binary.BigEndian.AppendUint64(nil, counter), callee[:], []byte{byte(media)})
}

func acceptText(c, device wire.ID) []byte { return joined("ringfence accept v1", c[:], device[:]) }

// sign signs with the device's Ed25519 key.
func sign(a *account.Account, text []byte) ([]byte, error) { return a.IdKeys.Ed25519.Sign(text) }

// theirKeys is what the server says of another device, with everything that is
// signed verified.
type theirKeys struct {
	Account, Device     wire.ID
	Ed25519, Curve25519 []byte
	EnvelopeID          uint32
	Envelope            []byte
	Begin               []byte // a one-time key, or the fallback key: to start a session from
}

type keysAnswer struct {
	Account wire.ID `json:"account"`
	Device  struct {
		ID         wire.ID `json:"id"`
		Ed25519    string  `json:"ed25519"`
		Curve25519 string  `json:"curve25519"`
		Signature  string  `json:"signature"`
	} `json:"device"`
	EnvelopeKey envelopeKeyUpload `json:"envelope_key"`
	FallbackKey fallbackUpload    `json:"fallback_key"`
	OneTimeKey  string            `json:"one_time_key"`
}

type envelopeKeyUpload struct {
	ID        uint32 `json:"id"`
	Key       string `json:"key"`
	Signature string `json:"signature"`
}

type fallbackUpload struct {
	Key       string `json:"key"`
	Signature string `json:"signature"`
}

var (
	errKeys      = errors.New("the server gave keys of another length or spelling")
	errSignature = errors.New("the server gave keys that the contact's device did not sign")
)

// verify reads the answer about an account and checks every signature in it.
func (k keysAnswer) verify(acct wire.ID) (theirKeys, error) {
	t := theirKeys{Account: k.Account, Device: k.Device.ID, EnvelopeID: k.EnvelopeKey.ID}
	var signed, envelopeSigned, fallback, fallbackSigned []byte
	fields := []struct {
		to   *[]byte
		text string
		size int
	}{
		{&t.Ed25519, k.Device.Ed25519, 32}, {&t.Curve25519, k.Device.Curve25519, 32}, {&signed, k.Device.Signature, 64},
		{&t.Envelope, k.EnvelopeKey.Key, publicEnvelopeSize}, {&envelopeSigned, k.EnvelopeKey.Signature, 64},
		{&fallback, k.FallbackKey.Key, 32}, {&fallbackSigned, k.FallbackKey.Signature, 64},
	}
	for _, f := range fields {
		b, err := b64.DecodeString(f.text)
		if err != nil || len(b) != f.size {
			return theirKeys{}, errKeys
		}
		*f.to = b
	}
	if t.Account != acct || t.Device.IsZero() {
		return theirKeys{}, errKeys
	}
	key := ed25519.PublicKey(t.Ed25519)
	if !ed25519.Verify(key, deviceText(t.Ed25519, t.Curve25519), signed) ||
		!ed25519.Verify(key, envelopeKeyText(acct, t.Device, t.EnvelopeID, t.Envelope), envelopeSigned) ||
		!ed25519.Verify(key, fallbackText(acct, t.Device, fallback), fallbackSigned) {
		return theirKeys{}, errSignature
	}
	t.Begin = fallback
	if k.OneTimeKey != "" {
		b, err := b64.DecodeString(k.OneTimeKey)
		if err != nil || len(b) != 32 {
			return theirKeys{}, errKeys
		}
		t.Begin = b
	}
	return t, nil
}

// callMessage builds a message that names only a call.
func callMessage(kind byte, id wire.ID) []byte {
	return call.Message{Type: kind, Call: id}.AppendTo(nil)
}
