package service

import (
	"crypto/ed25519"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/http"
	"time"

	"github.com/ringfence/ringfence/guard"
	"github.com/ringfence/ringfence/store"
	"github.com/ringfence/ringfence/wire"
)

const (
	maxOneTimeKeys  = 100
	envelopeKeySize = 1216
	spareTokens     = 16
)

type signedKey struct {
	ID        uint32 `json:"id,omitempty"`
	Key       string `json:"key"`
	Signature string `json:"signature"`
}

// uploadKeys takes one-time keys, a fallback key and an envelope key. What is
// signed must be signed by this device.
func (r *request) uploadKeys() (any, error) {
	var in struct {
		OneTimeKeys []string   `json:"one_time_keys"`
		Fallback    *signedKey `json:"fallback_key"`
		Envelope    *signedKey `json:"envelope_key"`
	}
	if err := r.body(&in); err != nil {
		return nil, err
	}
	if len(in.OneTimeKeys) > maxOneTimeKeys {
		return nil, r.refused(&wire.Refusal{Rule: "R5", Clause: "docs/protocol.md, HTTP", Reason: "more than 100 one-time keys"}, errMalformed)
	}
	keys := make([][32]byte, len(in.OneTimeKeys))
	for i, k := range in.OneTimeKeys {
		if err := fixed(k, keys[i][:]); err != nil {
			return nil, r.refused(&wire.Refusal{Rule: "R3", Clause: "docs/protocol.md, HTTP", Reason: "a one-time key of another length or spelling"}, errMalformed)
		}
	}
	if in.Envelope != nil {
		if err := r.setEnvelopeKey(in.Envelope); err != nil {
			return nil, err
		}
	}
	if in.Fallback != nil {
		if err := r.setFallbackKey(in.Fallback); err != nil {
			return nil, err
		}
	}
	n, err := r.s.store.AddOneTimeKeys(r.Context(), r.account.Device, keys, maxOneTimeKeys)
	return map[string]int{"one_time_keys": n}, err
}

func (r *request) setEnvelopeKey(in *signedKey) error {
	k := store.EnvelopeKey{ID: in.ID, Key: make([]byte, envelopeKeySize)}
	if fixed(in.Key, k.Key) != nil || fixed(in.Signature, k.Signature[:]) != nil {
		return errMalformed
	}
	signed := r.signedText("ringfence envelope key v1\x00")
	signed = binary.BigEndian.AppendUint32(signed, k.ID)
	if err := r.signedByDevice(append(signed, k.Key...), k.Signature[:]); err != nil {
		return err
	}
	return r.s.store.SetEnvelopeKey(r.Context(), r.account.Device, k)
}

func (r *request) setFallbackKey(in *signedKey) error {
	var k store.FallbackKey
	if fixed(in.Key, k.Key[:]) != nil || fixed(in.Signature, k.Signature[:]) != nil {
		return errMalformed
	}
	if err := r.signedByDevice(append(r.signedText("ringfence fallback key v1\x00"), k.Key[:]...), k.Signature[:]); err != nil {
		return err
	}
	return r.s.store.SetFallbackKey(r.Context(), r.account.Device, k)
}

// signedText begins what the account's device signs of a key.
func (r *request) signedText(context string) []byte {
	b := append([]byte(context), r.account.ID[:]...)
	return append(b, r.account.Device[:]...)
}

func (r *request) signedByDevice(text, signature []byte) error {
	r.event.Authentic = ed25519.Verify(r.account.Ed25519[:], text, signature)
	return r.judge(errForbidden)
}

// showKeys gives a contact's keys, or those of somebody who knocked at us. A
// one-time key is given once, and only to accepted contacts (and to who is
// about to accept); asking for many of them is limited, so that nobody can run
// a person dry.
func (r *request) showKeys() (any, error) {
	other, err := wire.ParseID(r.PathValue("id"))
	if err != nil {
		return nil, errNoSuch
	}
	accepted, knocked, err := r.s.store.Related(r.Context(), r.account.ID, other)
	if err != nil {
		return nil, err
	}
	oneTime := r.URL.Query().Get("one_time") == "1"
	r.event.Target, r.event.Authentic = other, accepted || knocked
	if oneTime {
		r.event.Spends = []guard.Spend{{
			Name: "one-time keys of a contact", Key: r.account.ID.String() + other.String(),
			Limit: r.s.guard.Limits().KeysPerContactDay, Per: 24 * time.Hour,
		}}
	}
	if err := r.judge(errNoSuch); err != nil {
		return nil, err
	}
	return r.bundle(other, oneTime)
}

func (r *request) bundle(other wire.ID, oneTime bool) (any, error) {
	a, err := r.s.store.Account(r.Context(), other)
	if errors.Is(err, store.ErrNotFound) {
		return nil, errNoSuch
	}
	if err != nil {
		return nil, err
	}
	k, err := r.s.store.Keys(r.Context(), a.Device)
	if errors.Is(err, store.ErrNotFound) {
		return nil, &problem{http.StatusConflict, "no_keys", "the contact's device has not uploaded its keys", "try again later"}
	}
	if err != nil {
		return nil, err
	}
	out := map[string]any{
		"account": a.ID,
		"device": map[string]any{
			"id": a.Device, "ed25519": b64.EncodeToString(a.Ed25519[:]),
			"curve25519": b64.EncodeToString(a.Curve25519[:]), "signature": b64.EncodeToString(a.Signature[:]),
		},
		"envelope_key": map[string]any{"id": k.Envelope.ID, "key": b64.EncodeToString(k.Envelope.Key), "signature": b64.EncodeToString(k.Envelope.Signature[:])},
		"fallback_key": map[string]any{"key": b64.EncodeToString(k.Fallback.Key[:]), "signature": b64.EncodeToString(k.Fallback.Signature[:])},
		"one_time_key": "",
	}
	if oneTime {
		key, ok, err := r.s.store.TakeOneTimeKey(r.Context(), a.Device)
		if err != nil {
			return nil, err
		}
		if ok {
			out["one_time_key"] = b64.EncodeToString(key[:])
		} else {
			r.s.config.Log.Warn("an account has run out of one-time keys; its fallback key is given instead", "account", a.ID)
		}
	}
	return out, nil
}

// addToken registers the hash of a delivery token. Which contact it is for the
// server is not told.
func (r *request) addToken() (any, error) {
	var in struct {
		Hash string `json:"hash"`
	}
	if err := r.body(&in); err != nil {
		return nil, err
	}
	hash, err := parseHash(in.Hash)
	if err != nil {
		return nil, err
	}
	err = r.s.store.AddToken(r.Context(), r.account.ID, hash, spareTokens)
	if errors.Is(err, store.ErrTokenTaken) {
		return nil, &problem{http.StatusConflict, "token_taken", "the delivery token belongs to another account", "make another one at random"}
	}
	if errors.Is(err, store.ErrTooMany) {
		return nil, &problem{http.StatusConflict, "too_many_tokens", "one delivery token for each contact and sixteen more", "revoke those that are not in use"}
	}
	return nil, err
}

func (r *request) removeToken() (any, error) {
	hash, err := parseHash(r.PathValue("hash"))
	if err != nil {
		return nil, err
	}
	return nil, r.s.store.RemoveToken(r.Context(), r.account.ID, hash)
}

func parseHash(text string) (hash [32]byte, err error) {
	if len(text) != 64 {
		return hash, errMalformed
	}
	if _, err := hex.Decode(hash[:], []byte(text)); err != nil || hex.EncodeToString(hash[:]) != text {
		return hash, errMalformed
	}
	return hash, nil
}
